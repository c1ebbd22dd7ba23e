package dialplan

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// compose reads any YAML with the library.
func compose(data []byte) (*value, Problems) {
	var document yaml.Node
	if err := yaml.Load(data, &document); err != nil {
		return nil, syntaxProblem(data, err)
	}
	if len(document.Content) == 0 {
		return nil, emptyProblem()
	}
	var ps Problems
	if refuse(document.Content[0], 1, &ps); len(ps) > 0 {
		return nil, ps.sorted()
	}
	return new(shelf).fromNode(document.Content[0]), nil
}

// refuse reports what YAML has and a menu does not: aliases, which can make a
// small document huge, merges, tags, and values nested without end.
func refuse(n *yaml.Node, depth int, ps *Problems) {
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
		refuse(child, depth+1, ps)
	}
}

// fromNode is a value as the library has read it.
func (s *shelf) fromNode(n *yaml.Node) *value {
	v := s.put(value{text: n.Value, place: place{int32(n.Line), int32(n.Column)}, shape: shapeOf(n)})
	end := &v.first
	for _, child := range n.Content {
		end = v.add(end, s.fromNode(child))
	}
	return v
}

func shapeOf(n *yaml.Node) shape {
	const quotes = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle
	switch {
	case n.Kind == yaml.MappingNode:
		return mapping
	case n.Kind == yaml.SequenceNode:
		return list
	case n.Style&quotes != 0:
		return quoted
	case n.Style&yaml.LiteralStyle != 0:
		return literal
	case n.Style&yaml.FoldedStyle != 0:
		return folded
	case n.Tag == "!!null":
		return nothing
	default:
		return plain
	}
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
