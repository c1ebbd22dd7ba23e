package dialplan

import (
	"bytes"
	"runtime"
	"sync"

	"go.yaml.in/yaml/v4"
)

// pieceLeast is how many bytes a piece of a document has at least.
const pieceLeast = 32 << 10

// compose reads YAML into nodes. Nearly all of the time that a long menu takes is
// spent here, so one whose last section is its nodes is cut between some of
// them, and the pieces are read at the same time. Whatever is wrong or unusual,
// the document is read as a whole: what comes out never depends on the cuts.
func compose(data []byte) (*value, Problems) {
	pieces := min(runtime.GOMAXPROCS(0), len(data)/pieceLeast)
	if root := composePieces(cut(data, pieces)); root != nil {
		n := valueOfNode(root)
		return &n, nil
	}
	var document yaml.Node
	if err := yaml.Load(data, &document); err != nil {
		return nil, syntaxProblem(data, err)
	}
	if len(document.Content) == 0 {
		return nil, emptyProblem()
	}
	root := document.Content[0]
	var ps Problems
	if refuse(root, 1, 0, &ps); len(ps) > 0 {
		return nil, ps.sorted()
	}
	n := valueOfNode(root)
	return &n, nil
}

// A piece is a part of a document that begins with a node.
type piece struct {
	text   []byte
	line   int // lines before it
	column int // of the nodes' names
}

// cut divides a document into about so many pieces of one size, or returns nil.
// The first one goes from its beginning to behind some node. Others begin on a
// line that has a name just as far to the right as the first node's name.
// A text of several lines may have such a line, too, if it is in quotes or
// brackets; then the piece before it ends without closing them, and is no YAML.
func cut(data []byte, pieces int) []piece {
	const section = "\nnodes:\n"
	at := bytes.Index(data, []byte(section)) + len(section)
	if pieces < 2 || at < len(section) || hasRareBreaks(data) {
		return nil
	}
	all := []piece{{}}
	start, column, line := 0, 0, bytes.Count(data[:at], []byte("\n"))
	for ; at < len(data); line++ {
		text, _, _ := bytes.Cut(data[at:], []byte("\n"))
		found := bytes.TrimLeft(text, " ")
		indent := len(text) - len(found)
		switch {
		case len(found) == 0 || found[0] == '#':
		case column == 0:
			column = indent + 1
		case indent+1 < column: // something follows the nodes
			return nil
		case indent+1 == column && isLetter(found[0]) && at-start >= len(data)/pieces:
			all[len(all)-1].text = data[start:at]
			all = append(all, piece{line: line})
			start = at
		}
		at += len(text) + 1
	}
	all[len(all)-1].text = data[start:]
	for i := range all {
		all[i].column = column
	}
	return all
}

// hasRareBreaks tells that lines may end otherwise than with a line feed.
func hasRareBreaks(data []byte) bool {
	for _, rare := range []string{"\r", "\u0085", "\u2028", "\u2029"} {
		if bytes.Contains(data, []byte(rare)) {
			return true
		}
	}
	return false
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// composePieces reads the pieces and puts them together, or returns nil.
func composePieces(pieces []piece) *yaml.Node {
	if len(pieces) < 2 || pieces[0].column < 2 {
		return nil
	}
	roots := make([]*yaml.Node, len(pieces))
	var wg sync.WaitGroup
	for i, p := range pieces {
		wg.Go(func() { roots[i] = p.compose() })
	}
	wg.Wait()
	nodes := lastSection(roots[0])
	if !isBlock(nodes, pieces[0].column) {
		return nil
	}
	for i, root := range roots[1:] {
		if !isBlock(root, pieces[i+1].column) {
			return nil
		}
		nodes.Content = append(nodes.Content, root.Content...)
	}
	return roots[0]
}

// compose reads one piece, or returns nil. Whatever is wrong, the reader's own
// faults too, is found again where the document is read as a whole, by a
// goroutine that can tell of it.
func (p piece) compose() (root *yaml.Node) {
	defer func() {
		if recover() != nil {
			root = nil
		}
	}()
	var document yaml.Node
	if err := yaml.Load(p.text, &document); err != nil || len(document.Content) != 1 {
		return nil
	}
	depth := 1
	if p.line > 0 {
		depth = 2 // in the nodes
	}
	var ps Problems
	if refuse(document.Content[0], depth, p.line, &ps); len(ps) > 0 {
		return nil
	}
	return document.Content[0]
}

// lastSection returns the nodes of a document, if they are its last section.
func lastSection(root *yaml.Node) *yaml.Node {
	if !isBlock(root, 1) {
		return nil
	}
	last := len(root.Content) - 1
	if key := root.Content[last-1]; key.Kind != yaml.ScalarNode || key.Value != "nodes" {
		return nil
	}
	return root.Content[last]
}

// isBlock tells a mapping of lines, that begins in this column, from one in
// brackets and anything else.
func isBlock(n *yaml.Node, column int) bool {
	return n != nil && n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && n.Column == column && len(n.Content) >= 2
}
