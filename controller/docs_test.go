package controller

import (
	"maps"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dialgraph/dialgraph/dialplan"
)

// docs/records.md lists the causes and the outcomes that are in the code.
func TestRecordsDocument(t *testing.T) {
	text, err := os.ReadFile("../docs/records.md")
	if err != nil {
		t.Fatal(err)
	}
	_, causes, _ := strings.Cut(string(text), "\n## Causes\n")
	causes, results, _ := strings.Cut(causes, "\n## Outcomes\n")

	codes := map[string]int{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| \\d+ \\| (\\d+) \\|$").FindAllStringSubmatch(causes, -1) {
		codes[m[1]], _ = strconv.Atoi(m[2])
	}
	want := maps.Clone(sipCodes)
	want["NORMAL_CLEARING"] = 480 // as all that are not listed
	if diff := cmp.Diff(want, codes); diff != "" {
		t.Errorf("causes (-code +document):\n%s", diff)
	}

	found := map[string]dialplan.Outcome{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*`) \\| ([a-z-]+)").FindAllStringSubmatch(results, -1) {
		for _, cause := range strings.Split(row[1], ", ") {
			found[strings.Trim(cause, "`")] = dialplan.Outcome(row[2])
		}
	}
	if diff := cmp.Diff(outcomes, found); diff != "" {
		t.Errorf("outcomes (-code +document):\n%s", diff)
	}
}
