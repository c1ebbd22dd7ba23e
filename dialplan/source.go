package dialplan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxDepth is how deep values of a document may be nested; a menu needs eight.
const maxDepth = 16

// parse reads YAML, or JSON, into nodes that know their place.
func parse(data []byte) (*yaml.Node, Problems) {
	switch {
	case len(data) > MaxDocument:
		return nil, oneProblem(1, 1, "the document has %d bytes: a menu may have up to %d", len(data), MaxDocument)
	case !utf8.Valid(data):
		return nil, oneProblem(invalidAt(data), 1, "not UTF-8: save the document in that encoding")
	}
	if start := bytes.TrimLeft(data, " \t\r\n"); len(start) > 0 && start[0] == '{' && json.Valid(start) {
		return parseJSON(data)
	}
	if line := tooDeep(data); line > 0 {
		return nil, oneProblem(line, 1, "nested too deep: at most %d levels", maxDepth)
	}
	return compose(data)
}

// plain reports what YAML has and a menu does not: aliases, which can make a
// small document huge, merges, tags, and values nested without end. On the way it
// moves all nodes so many lines down.
func plain(n *yaml.Node, depth, lines int, ps *Problems) {
	n.Line += lines
	report := func(message string) {
		if len(*ps) < MaxProblems {
			*ps = append(*ps, Problem{Line: n.Line, Col: n.Column, Message: message})
		}
	}
	switch {
	case n.Kind == yaml.AliasNode:
		report("an alias (*name): write the value out")
	case n.Anchor != "":
		report("an anchor (&name): menus have no aliases, remove it")
	case n.Style&yaml.TaggedStyle != 0:
		report("a tag (!name): remove it")
	case n.Tag == "!!merge":
		report("a merge (<<): menus have no aliases, write the values out")
	case depth > maxDepth:
		report(fmt.Sprintf("nested too deep: at most %d levels", maxDepth))
		return
	}
	for _, child := range n.Content {
		plain(child, depth+1, lines, ps)
	}
}

// tooDeep returns the line at which brackets, or block lists on one line, are
// nested deeper than any menu, so that no parser has to follow them; 0 if none.
// Brackets inside of texts are counted too: a text closes what it opens, or
// stays far below the bound.
func tooDeep(data []byte) int {
	const bound = 1000
	line, depth, dashes := 1, 0, 0
	for i, b := range data {
		switch b {
		case '\n':
			line++
			dashes = 0
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(0, depth-1)
		case '-', '?', ':':
			if i+1 < len(data) && data[i+1] == ' ' {
				dashes++
			}
		}
		if depth > bound || dashes > bound {
			return line
		}
	}
	return 0
}

func oneProblem(line, col int, format string, args ...any) Problems {
	return Problems{{Line: line, Col: col, Message: fmt.Sprintf(format, args...)}}
}

// syntaxProblem says what is wrong with a document that is no YAML, and where
// it begins, in words for people who write menus rather than YAML.
func syntaxProblem(data []byte, err error) Problems {
	var at *yaml.LoadError
	if !errors.As(err, &at) {
		return oneProblem(1, 1, "not YAML: %v", err)
	}
	here, begun := at.Mark, at.ContextMark
	switch message := strings.TrimPrefix(at.Message, "yaml: "); {
	case strings.HasPrefix(message, "no documents"):
		return emptyProblem()
	case at.ContextMsg == "while scanning an alias":
		return oneProblem(begun.Line, begun.Column, `not YAML: a * without quotes: write "*"`)
	case at.ContextMsg == "while scanning a quoted scalar":
		return oneProblem(begun.Line, begun.Column, "not YAML: a quotation mark that is never closed")
	case strings.Contains(message, "comment without preceding whitespace"):
		return oneProblem(here.Line, here.Column, `not YAML: a # without quotes: write "#"`)
	case strings.Contains(message, "cannot start any token"):
		return oneProblem(here.Line, here.Column, "not YAML: %s", wrongStart(data, here))
	case strings.Contains(at.ContextMsg, "flow "):
		return oneProblem(here.Line, here.Column, "not YAML: %s %s begun on line %d: is a bracket or a quotation mark missing, or a # not in quotes?",
			message, at.ContextMsg, begun.Line)
	default:
		return oneProblem(max(1, here.Line), max(1, here.Column), "not YAML: %s", strings.TrimSpace(message+" "+at.ContextMsg))
	}
}

func emptyProblem() Problems {
	return oneProblem(1, 1, "the document is empty: it begins with menu: and a name")
}

// wrongStart tells of a character that no value begins with.
func wrongStart(data []byte, at yaml.Mark) string {
	var found []rune
	for line := range bytes.Lines(data) {
		if at.Line--; at.Line == 0 {
			found = []rune(string(line))
		}
	}
	switch column := at.Column - 1; {
	case column < 0 || column >= len(found):
		return "a character that cannot begin a value"
	case found[column] == '\t':
		return "a tab: indent with spaces"
	default:
		return fmt.Sprintf("%q cannot begin a value: put it in quotes", found[column])
	}
}

// invalidAt is the line of the first byte that is not UTF-8.
func invalidAt(data []byte) int {
	line := 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		data = data[size:]
	}
	return line
}

// jsonSource reads valid JSON into the nodes that YAML is read into. (The YAML
// reader would do for most of it, but not for all escapes.)
type jsonSource struct {
	decoder *json.Decoder
	data    []byte
	at      int // bytes counted into line and col
	line    int
	col     int
}

func parseJSON(data []byte) (*yaml.Node, Problems) {
	s := &jsonSource{decoder: json.NewDecoder(bytes.NewReader(data)), data: data, line: 1, col: 1}
	s.decoder.UseNumber()
	return s.value(1)
}

// value reads the next value; nil at the end of a list or an object.
func (s *jsonSource) value(depth int) (*yaml.Node, Problems) {
	s.skip(int(s.decoder.InputOffset()))
	token, err := s.decoder.Token()
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: s.line, Column: s.col}
	switch {
	case err != nil:
		return nil, oneProblem(s.line, s.col, "not JSON: %v", err)
	case depth > maxDepth:
		return nil, oneProblem(s.line, s.col, "nested too deep: at most %d levels", maxDepth)
	}
	switch token := token.(type) {
	case json.Delim:
		return s.container(n, token, depth)
	case string:
		n.Value, n.Style = token, yaml.DoubleQuotedStyle
	case nil:
		n.Tag = "!!null"
	default:
		n.Value = fmt.Sprint(token)
	}
	return n, nil
}

func (s *jsonSource) container(n *yaml.Node, open json.Delim, depth int) (*yaml.Node, Problems) {
	switch open {
	case '{':
		n.Kind = yaml.MappingNode
	case '[':
		n.Kind = yaml.SequenceNode
	default:
		return nil, nil
	}
	for {
		child, ps := s.value(depth + 1)
		if ps != nil {
			return nil, ps
		}
		if child == nil {
			return n, nil
		}
		n.Content = append(n.Content, child)
	}
}

// skip moves over what stands between two tokens and counts lines and columns.
func (s *jsonSource) skip(offset int) {
	for offset < len(s.data) && strings.IndexByte(" \t\r\n,:", s.data[offset]) >= 0 {
		offset++
	}
	for _, r := range string(s.data[s.at:offset]) {
		s.col++
		if r == '\n' {
			s.line, s.col = s.line+1, 1
		}
	}
	s.at = offset
}
