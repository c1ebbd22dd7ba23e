package controller

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/dialplan"
)

var site = Site{
	Name: "kyiv", Outside: []string{"+38044", "+38067"},
	Templates: map[string]string{
		TemplateAgent: "sofia/dialgraph/{contact}", TemplateExtension: "user/{extension}@pbx.example",
		TemplateOutside: "sofia/gateway/trunk/{number}",
	},
}

func TestEndpoint(t *testing.T) {
	tests := []struct {
		name   string
		target dialplan.Target
		want   string // "" for an error
	}{
		{"an agent's contact", dialplan.Target{Contact: "1001@10.0.0.1;fs_path=sip:10.0.0.2"}, "sofia/dialgraph/1001@10.0.0.1;fs_path=sip:10.0.0.2"},
		{"an extension", dialplan.Target{Extension: "101"}, "user/101@pbx.example"},
		{"an allowed number", dialplan.Target{Number: "+380441234567"}, "sofia/gateway/trunk/+380441234567"},
		{"an emergency number", dialplan.Target{Number: "112"}, ""},
		{"abroad", dialplan.Target{Number: "+12025550100"}, ""},
		{"national form", dialplan.Target{Number: "0441234567"}, ""},
		{"two contacts in one", dialplan.Target{Contact: "1001,sofia/gateway/premium/900"}, ""},
		{"a second origination", dialplan.Target{Contact: "1001:_:sofia/gateway/premium/900"}, ""},
		{"variables of a leg", dialplan.Target{Contact: "[api_on_answer=system id]1001"}, ""},
		{"nobody", dialplan.Target{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := site.endpoint(tt.target)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("endpoint(%+v) = %q, %v, want %q", tt.target, got, err, tt.want)
			}
		})
	}
}

func TestCheckTemplate(t *testing.T) {
	for template, ok := range map[string]bool{
		"user/{contact}@pbx": true, "sofia/gateway/a/{contact}": true, "sofia/dialgraph/{contact};fs_path=sip:sbc": true,
		"user/1001": false, "user/{contact}/{contact}": false, "{a=b}user/{contact}": false, "[a=b]user/{contact}": false,
		"user/{contact},user/1": false, "${system(id)}{contact}": false, "a|{contact}": false, "": false,
	} {
		if err := CheckTemplate(TemplateAgent, template); (err == nil) != ok {
			t.Errorf("CheckTemplate(%q) = %v, want ok %v", template, err, ok)
		}
	}
}

func TestDial(t *testing.T) {
	b := dialplan.Bridge{ID: "o1", Legs: []dialplan.Leg{
		{Target: dialplan.Target{Contact: "1001"}, Timeout: 9500 * time.Millisecond},
		{Target: dialplan.Target{Number: "+900123456789"}, Timeout: time.Second},
		{Target: dialplan.Target{Extension: "7"}, Timeout: time.Second},
	}}
	d, err := site.dial(b)
	if !errors.Is(err, errRefused) || d.refused != 1 || d.uuids[1] != "" {
		t.Errorf("dial = %+v, %v, want the second leg refused", d, err)
	}
	got := d.String([]string{"ignore_early_media=true"}, false)
	want := "{ignore_early_media=true}[origination_uuid=" + legUUID("o1", 0) + ",leg_timeout=10]sofia/dialgraph/1001" +
		"|[origination_uuid=" + legUUID("o1", 2) + ",leg_timeout=2]user/7@pbx.example"
	if got != want {
		t.Errorf("dial string\n%s\nwant\n%s", got, want)
	}
	if together := d.String(nil, true); !strings.Contains(together, "1001,[") {
		t.Errorf("dial string %s, want the legs at once", together)
	}
}
