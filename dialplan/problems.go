package dialplan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// MaxProblems bounds the faults that are told of one document.
const MaxProblems = 1000

// A Problem is one fault of a document and its place.
type Problem struct {
	Line    int    `json:"line"`           // from 1
	Col     int    `json:"col"`            // from 1, in characters
	Path    string `json:"path,omitempty"` // where in the document, as in nodes.main.menu.timeout
	Message string `json:"message"`        // what is wrong and what to do
}

// String is LINE:COL: message.
func (p Problem) String() string { return fmt.Sprintf("%d:%d: %s", p.Line, p.Col, p.Message) }

// Problems are all the faults of a document, in its order. It is the error of
// [Load] for a document that was read but is not valid.
type Problems []Problem

// Error is every fault on a line of its own.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// sorted puts the faults into the document's order and drops repetitions.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return slices.Compact(ps)
}
