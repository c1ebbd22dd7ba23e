package controller

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/dialgraph/dialgraph/dialplan"
)

// dangerous are the signs that FreeSWITCH interprets somewhere between a
// command and a running application.
const dangerous = "$\\'\"`{}[]!|^\r\n\x00"

var hostile = []string{
	"${system(touch /tmp/x)}", "$${system(id)}", `\${system(id)}`, `x\\${system(id)}`, "a'b", `a"b`, "a`id`", "a{b}", "[a=b]",
	"a!b", "a|b", "a^b", "a\nExecute-App-Name: system", "a\rb", "a\x00b", "a\x1bb", "\xff\xfe", "a\u202eb", "a\u2028b", "",
	strings.Repeat("a", maxArgument+1),
}

func TestArgumentRefuses(t *testing.T) {
	for _, s := range hostile {
		for _, signs := range []string{fileSigns, dialSigns, wordSigns} {
			if got, err := argument("data", s, signs); err == nil {
				t.Errorf("argument(%q) = %q, want an error", s, got)
			}
		}
	}
}

func TestArgumentAccepts(t *testing.T) {
	for s, signs := range map[string]string{
		"/var/lib/dialgraph/привіт.wav":                       fileSigns,
		"http_cache://http://10.0.0.1:8080/prompts/ab12.wav":  fileSigns,
		"tone_stream://%(300,100,950);loops=3":                fileSigns,
		"say:Your number is 42":                               fileSigns,
		"sip:1001@10.0.0.1:5060;transport=udp;fs_path=sip:a;": dialSigns,
		"+380671234567": wordSigns,
	} {
		if got, err := argument("data", s, signs); err != nil || got != s {
			t.Errorf("argument(%q) = %q, %v, want it as it is", s, got, err)
		}
	}
}

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"Привіт, ${system(id)}!":      "Привіт, system id",
		"it's 'quoted' \"here\"\nnow": "it s quoted here now",
		"***":                         "",
	} {
		if got := words(text); got != want {
			t.Errorf("words(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzArgument(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, signs := range []string{fileSigns, dialSigns, wordSigns} {
			if passes(s, signs) && !tame(s) {
				t.Errorf("%q passes", s)
			}
		}
		if got := words(s); !tame(got) || strings.ContainsAny(got, "()") {
			t.Errorf("words(%q) = %q", s, got)
		}
		if isDestination(s) && !tame(s) {
			t.Errorf("%q is taken for a destination", s)
		}
		site := Site{Outside: []string{"+"}, Templates: map[string]string{
			TemplateAgent: "user/{contact}@example", TemplateExtension: "user/{extension}", TemplateOutside: "sofia/gateway/t/{number}",
		}}
		for _, target := range []dialplan.Target{{Contact: s}, {Extension: s}, {Number: s}} {
			got, err := site.endpoint(target)
			if err == nil && (!tame(got) || strings.ContainsAny(got, ", ") || strings.Contains(got, ":_:")) {
				t.Errorf("endpoint(%q) = %q", target, got)
			}
		}
	})
}

// tame tells whether nothing in s can be taken for anything but itself.
func tame(s string) bool {
	if !utf8.ValidString(s) || strings.ContainsAny(s, dangerous) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) })
}
