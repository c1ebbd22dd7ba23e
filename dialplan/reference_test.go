package dialplan

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The reference is for readers: every kind and every field has a sentence.
func TestReferenceIsComplete(t *testing.T) {
	sentence := regexp.MustCompile(`^[A-Z].*\.$`)
	var check func(where string, fields []FieldDoc)
	check = func(where string, fields []FieldDoc) {
		for _, f := range fields {
			if !sentence.MatchString(f.Doc) {
				t.Errorf("%s %s: %q is no sentence", where, f.Name, f.Doc)
			}
			check(where+" "+f.Name, f.Fields)
		}
	}
	reference := Reference()
	var kinds []string
	for _, k := range reference {
		kinds = append(kinds, k.Name)
		if !sentence.MatchString(k.Doc) {
			t.Errorf("%s: %q is no sentence", k.Name, k.Doc)
		}
		check(k.Name, k.Settings)
		check(k.Name, k.Branches)
	}
	check("prompt", PromptReference())
	want := strings.Fields("call choose collect dial exit hangup hours language menu outage play queue return say set tag")
	if !slices.Equal(kinds, want) {
		t.Errorf("Reference has %v, want %v", kinds, want)
	}
}

// A branch that stands in for a missing one exists.
func TestMissingBranchesLeadSomewhere(t *testing.T) {
	for _, k := range Reference() {
		for _, b := range k.Branches {
			known := []string{"", "exit", "hangup", "none"}
			for _, other := range k.Branches {
				known = append(known, other.Name)
			}
			if !slices.Contains(known, b.Missing) || b.Missing == b.Name {
				t.Errorf("%s: %s follows %q, which it does not have", k.Name, b.Name, b.Missing)
			}
		}
	}
}
