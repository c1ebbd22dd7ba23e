package dialplan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v4"
)

// comments are not read: to which value one belongs may depend on the cuts.
var comments = cmpopts.IgnoreFields(yaml.Node{}, "HeadComment", "LineComment", "FootComment")

// inPieces tells whether the document was read in pieces, and fails when they
// are not what the whole is.
func inPieces(t *testing.T, data []byte, pieces int) bool {
	t.Helper()
	got := composePieces(cut(data, pieces))
	if got == nil {
		return false
	}
	var want yaml.Node
	if err := yaml.Load(data, &want); err != nil {
		t.Fatalf("read in pieces, but as a whole: %v", err)
	}
	var odd Problems
	if refuse(want.Content[0], 1, 0, &odd); len(odd) > 0 {
		t.Fatalf("read in pieces, but as a whole: %v", odd)
	}
	if diff := cmp.Diff(want.Content[0], got, comments); diff != "" {
		t.Fatalf("as a whole, then in pieces (-whole +pieces):\n%s", diff)
	}
	return true
}

func TestPiecesAreTheWhole(t *testing.T) {
	const top = "menu: x\nprompts:\n  p: {file: p.wav}\nnodes:\n"
	for _, tt := range []struct {
		name, document string
		want           bool
	}{
		{"nodes", top + "  a: {exit: }\n  b:\n    exit: \n  c: {exit: }\n", true},
		{"comments and empty lines", top + "# all\n\n  # first\n  a: {exit: }\n# second\n  b: {exit: }\n\n", true},
		{"no line feed at the end", top + "  a: {exit: }\n  b: {exit: }", true},
		{"lists and texts of several lines", top + "  a:\n  - x\n  - y\n  b: |\n    b: x\n\n    c: y\n  c: x\n    y\n  d: >-\n    z\n", true},
		{"brackets over lines", top + "  a: {play: [p,\n    p]}\n  b: {exit: }\n", true},
		{"a line in brackets that looks like a node", top + "  a: {play: [p,\n  b: p]}\n  c: {exit: }\n", false},
		{"a line in quotes that looks like a node", top + "  a: {play: \"p\n  b: p\"}\n", false},
		{"nodes inside of a text", "text: |\n  x\n\nnodes:\n  a: 1\n  b: 2\nmore: x\n", false},
		{"nodes in quotes", "text: \"\nnodes:\n  a: 1\n  b: 2\"\n", false},
		{"a section after the nodes", top + "  a: {exit: }\n  b: {exit: }\nstart: a\n", false},
		{"nodes that stand apart", top + "    a: {exit: }\n    b: {exit: }\n  c: {exit: }\n", false},
		{"two documents", top + "  a: {exit: }\n---\n  b: {exit: }\n", false},
		{"the end of a document", top + "  a: {exit: }\n...\n  b: {exit: }\n", false},
		{"no names", top + "  a\n  b\n", false},
		{"a name of two lines", top + "  a: {exit: }\n  b\n  c: {exit: }\n", false},
		{"a tag", top + "  a: {exit: }\n  b: !x {exit: }\n", false},
		{"an alias", top + "  a: &x {exit: }\n  b: *x\n", false},
		{"other line ends", top + "  a: {exit: }\r\n  b: {exit: }\r\n", false},
		{"rare line ends", top + "  a: x\u0085  b: {exit: }\n  c: {exit: }\n", false},
		{"nodes in brackets", "menu: x\nnodes:\n  {a: {exit: },\n  b: {exit: }}\n", false},
		{"no nodes", "menu: x\nnodes:\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const pieces = 1000 // a cut wherever there can be one
			if got := inPieces(t, []byte(tt.document), pieces); got != tt.want {
				t.Errorf("read in pieces: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestLongMenusAreReadInPieces(t *testing.T) {
	if !inPieces(t, bigMenu(1000), 3) {
		t.Error("a menu of 1,000 nodes was not read in pieces")
	}
}

func FuzzPieces(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, 3)
	}
	f.Add([]byte(head+everyVerb), 5)
	f.Add(bigMenu(5), 5)
	f.Add([]byte(strings.ReplaceAll(string(bigMenu(5)), "\n", "\n# x\n")), 10)
	f.Fuzz(func(t *testing.T, data []byte, pieces int) {
		if problem := tooDeep(data); problem == 0 {
			inPieces(t, data, pieces%100)
		}
	})
}
