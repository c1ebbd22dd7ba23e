package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/dialgraph/dialgraph/dialplan"
)

func versionOf(t testing.TB, document string) string {
	t.Helper()
	m, err := dialplan.Load([]byte(document), dialplan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m.Version()
}

func TestMenuFromFirstVersionToDeletion(t *testing.T) {
	s := newService(t)
	first, second := versionOf(t, menuYAML), versionOf(t, menuYAML+"# edited\n")
	var told strings.Builder
	for _, step := range []step{
		{"GET", "/v1/menus/support-line", ""},
		{"POST", "/v1/menus/support-line/validate", menuYAML},
		{"GET", "/v1/menus", ""},
		{"PUT", "/v1/menus/support-line", menuYAML},
		{"GET", "/v1/menus/support-line", ""},
		{"POST", "/v1/menus/support-line/activate", `{"version":"` + first + `"}`},
		{"PUT", "/v1/menus/support-line", menuYAML},
		{"PUT", "/v1/menus/support-line?activate=true", menuYAML + "# edited\n"},
		{"GET", "/v1/menus", ""},
		{"GET", "/v1/menus/support-line/versions", ""},
		{"PUT", "/v1/menus/support-line", strings.ReplaceAll(menuYAML, "next: end", "next: ende")},
		{"PUT", "/v1/menus/other", menuYAML},
		{"PUT", "/v1/menus/support-line", "menu: [\n"},
		{"PUT", "/v1/menus/support-line", "{}"},
		{"POST", "/v1/menus/support-line/activate", `{"version":"00000000000000000000000000000000"}`},
		{"POST", "/v1/menus/support-line/activate", `{"version":"latest"}`},
		{"GET", "/v1/menus/nothing/versions", ""},
		{"DELETE", "/v1/menus/support-line", ""},
		{"GET", "/v1/menus/support-line", ""},
	} {
		tell(t, &told, step, s.do(step.method, step.path, step.body))
	}
	golden(t, "menus.txt", strings.NewReplacer(first, "FIRST", second, "SECOND").Replace(told.String()))
}

func TestMenuComesBackAsItWasPut(t *testing.T) {
	s := newService(t)
	var plain any
	if err := yaml.Unmarshal([]byte(menuYAML), &plain); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(plain)
	if err != nil {
		t.Fatal(err)
	}
	for situation, c := range map[string]struct{ sent, sentType, wantType string }{
		"yaml":                     {menuYAML, "application/yaml", "application/yaml"},
		"json":                     {string(asJSON), "application/json", "application/json"},
		"yaml as curl -d sends it": {menuYAML, "application/x-www-form-urlencoded", "application/yaml"},
	} {
		t.Run(situation, func(t *testing.T) {
			version := versionOf(t, c.sent)
			s.do("PUT", "/v1/menus/support-line?activate=true", c.sent, "Content-Type", c.sentType)
			x := s.want(200, "GET", "/v1/menus/support-line", "")
			if x.body != c.sent {
				t.Errorf("document came back as %q, want %q", x.body, c.sent)
			}
			if got := x.header.Get("Content-Type"); got != c.wantType {
				t.Errorf("Content-Type = %q, want %q", got, c.wantType)
			}
			if got := x.header.Get("ETag"); got != quote(version) {
				t.Errorf("ETag = %s, want %s", got, quote(version))
			}
			s.want(304, "GET", "/v1/menus/support-line", "", "If-None-Match", quote(version))
			s.want(200, "GET", "/v1/menus/support-line?version="+version, "")
		})
	}
}

func TestMenuIsActivatedOnlyFromTheVersionExpected(t *testing.T) {
	s := newService(t)
	edited := menuYAML + "# edited\n"
	first, second := versionOf(t, menuYAML), versionOf(t, edited)
	s.want(201, "PUT", "/v1/menus/support-line?activate=true", menuYAML)
	s.want(412, "PUT", "/v1/menus/support-line?activate=true", edited, "If-Match", quote(second))
	s.want(200, "PUT", "/v1/menus/support-line?activate=true", edited, "If-Match", quote(first))
	s.want(412, "POST", "/v1/menus/support-line/activate", `{"version":"`+first+`"}`, "If-Match", quote(first))
	s.want(200, "POST", "/v1/menus/support-line/activate", `{"version":"`+first+`"}`, "If-Match", quote(second))
	if got := into[MenuChecked](t, s.want(200, "PUT", "/v1/menus/support-line", menuYAML)); !got.Active {
		t.Errorf("put of the active document says %+v, want active", got)
	}
}

func TestMenuInUseStays(t *testing.T) {
	s := newService(t)
	s.want(201, "PUT", "/v1/menus/support-line", menuYAML)
	s.menus.used = "support-line"
	x := s.want(http.StatusConflict, "DELETE", "/v1/menus/support-line", "")
	if want := `menu \"support-line\": something else still refers to it`; !strings.Contains(x.body, want) {
		t.Errorf("answer %s, want %q in it", x.body, want)
	}
}

func TestMenuOfAnyLengthAllowed(t *testing.T) {
	s := newService(t)
	long := menuYAML + "# " + strings.Repeat("x", 2<<20) + "\n"
	s.want(201, "PUT", "/v1/menus/support-line", long)
	s.want(413, "PUT", "/v1/menus/support-line", menuYAML+"# "+strings.Repeat("x", dialplan.MaxDocument))
}
