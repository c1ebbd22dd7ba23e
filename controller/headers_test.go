package controller

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A header that is not selected reads as absent: whatever the code asks for is
// on the list, and nothing else.
func TestHeadersAreThoseRead(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]bool{
		"variable_" + talkingSince: true, "variable_" + talkedUntil: true,
		// Those that caller.go looks through.
		"variable_dialgraph_trunk": true, "variable_sip_gateway_name": true, "variable_sip_network_ip": true,
		"variable_sip_P-Asserted-Identity": true, "variable_sip_h_Diversion": true, "variable_sip_from_user": true,
	}
	byName := regexp.MustCompile(`\.(Get|Has|Var|HasVar)\("([^"]+)"\)`)
	otherwise := regexp.MustCompile(`\.(Var|HasVar)\(([^")]+)\)`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range byName.FindAllStringSubmatch(string(text), -1) {
			name := m[2]
			if strings.HasSuffix(m[1], "Var") {
				name = "variable_" + name
			}
			read[name] = true
		}
		for _, m := range otherwise.FindAllStringSubmatch(string(text), -1) {
			if !slices.Contains([]string{"talkingSince", "talkedUntil", "variable"}, m[2]) {
				t.Errorf("%s asks for %s: add what it stands for to this test", file, m[0])
			}
		}
	}
	delete(read, "Unique-ID") // always there
	for name := range read {
		if !selected.Has(name) {
			t.Errorf("header %s is read but not selected", name)
		}
	}
	for _, name := range selected.Names() {
		if !read[name] && name != "Event-Name" && name != "Unique-ID" && name != "Reply-Text" {
			t.Errorf("header %s is selected but not read", name)
		}
	}
}
