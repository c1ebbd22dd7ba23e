package fstest

import (
	"strings"
	"testing"
)

func TestInjectionsAreFaults(t *testing.T) {
	const touch = "${system(touch /tmp/x)}"
	tests := []struct {
		name   string
		caller Caller
		do     func(p *peer, id string)
		want   string // part of the first fault; "" for none
	}{
		{"plain arguments", Caller{Name: touch}, func(p *peer, _ string) { p.run("set", "a=${caller_id_number}") }, ""},
		{"in an argument", Caller{}, func(p *peer, _ string) { p.run("playback", touch) }, "${system"},
		{"escaped in set", Caller{}, func(p *peer, _ string) { p.run("set", `a=\`+touch) }, "${system"},
		{"from the caller's name, through set's second expansion", Caller{Name: touch},
			func(p *peer, _ string) { p.run("set", "a=${caller_id_name}") }, "API command"},
		{"another command", Caller{}, func(p *peer, _ string) { p.run("set", "a=${uuid_kill(x)}") }, "API command"},
		{"command with a space", Caller{}, func(p *peer, _ string) { p.run("set", "a=${system touch}") }, "${system"},
		{"for later use", Caller{}, func(p *peer, id string) { p.ask("api uuid_setvar " + id + " a " + touch) }, "${system"},
		{"by a line break", Caller{}, func(p *peer, _ string) { p.run("set", "a=b\nexecute-app-name: system") }, "unexpected header"},
		{"global variable", Caller{}, func(p *peer, _ string) { p.run("set", "a=${global_getvar(dialgraph_hosts)}") }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sw, call, p := answered(t, Config{}, tt.caller)
			tt.do(p, call.UUID())
			faults := sw.Faults()
			switch {
			case tt.want == "" && len(faults) > 0:
				t.Errorf("faults: %q", faults)
			case tt.want != "" && (len(faults) == 0 || !strings.Contains(faults[0], tt.want)):
				t.Errorf("faults: %q, want one with %q", faults, tt.want)
			}
		})
	}
}

func TestExpand(t *testing.T) {
	_, call, p := answered(t, Config{Globals: map[string]string{"sound": "x.wav"}}, Caller{Number: "123"})
	p.run("set", "greeting=hello")
	for in, want := range map[string]string{
		"plain":                             "plain",
		"${greeting}, ${caller_id_number}!": "hello, 123!",
		"${nothing}":                        "",
		"${global_getvar(sound)}":           "x.wav",
		"open ${brace":                      "open ${brace",
		"${uuid}":                           call.UUID(),
	} {
		if got := call.expand(in); got != want {
			t.Errorf("expand(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSplitArgs(t *testing.T) {
	for in, want := range map[string]string{
		`a b  c`:         "a|b|c",
		`a 'b c' d`:      "a|b c|d",
		`a\sb ''`:        "a b|",
		`it\'s 'a\'b c'`: "it's|a'b c",
	} {
		if got := strings.Join(splitArgs(in), "|"); got != want {
			t.Errorf("splitArgs(%q) = %q, want %q", in, got, want)
		}
	}
}
