package dialplan

import (
	"regexp"
	"regexp/syntax"
	"testing"

	"pgregory.net/rapid"
)

func TestReachOf(t *testing.T) {
	tests := []struct {
		pattern  string
		min, max int
		ok       bool
	}{
		{`\d{4,8}`, 4, 8, true},
		{`[1-9]\d*`, 1, unbounded, true},
		{`(12|345)?#`, 1, 4, true},
		{`[a-z]`, 0, 0, false},
		{`1(x|2)`, 2, 2, true},
		{`x*1`, 1, 1, true},
		{`(x|y)+`, 0, 0, false},
		{`.`, 1, 1, true},
		{`[[:^ascii:]]`, 0, 0, false},
		{``, 0, 0, true},
	}
	for _, tt := range tests {
		parsed, err := syntax.Parse(tt.pattern, syntax.Perl)
		if err != nil {
			t.Fatalf("Parse(%q): %v", tt.pattern, err)
		}
		if got, ok := reachOf(parsed); ok != tt.ok || ok && got != (reach{tt.min, tt.max}) {
			t.Errorf("reachOf(%q) = %+v, %t, want %d to %d, %t", tt.pattern, got, ok, tt.min, tt.max, tt.ok)
		}
	}
}

// An entry that a pattern matches is never longer or shorter than its reach.
func TestReachHoldsEveryMatch(t *testing.T) {
	part := rapid.SampledFrom([]string{"1", "[0-4]", `\d`, "x", ".", "(1|23)", "#", "[^1]", "$", "^"})
	times := rapid.SampledFrom([]string{"", "*", "+", "?", "{2}", "{1,3}", "{2,}"})
	rapid.Check(t, func(r *rapid.T) {
		pattern := ""
		for range rapid.IntRange(0, 4).Draw(r, "parts") {
			one := part.Draw(r, "part")
			if one != "^" && one != "$" {
				one += times.Draw(r, "times")
			}
			pattern += one
		}
		entry := rapid.StringOfN(rapid.SampledFrom([]rune("0123456789*#ABCD")), 0, 8, -1).Draw(r, "entry")
		parsed, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			r.Fatal(err)
		}
		got, ok := reachOf(parsed)
		if regexp.MustCompile("^(?:"+pattern+")$").MatchString(entry) && (!ok || len(entry) < got.min || len(entry) > got.max) {
			r.Fatalf("%q matches %q, its reach is %+v, %t", pattern, entry, got, ok)
		}
	})
}
