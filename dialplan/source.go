package dialplan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// maxDepth is how deep values of a document may be nested; a menu needs eight.
const maxDepth = 16

// parse reads YAML, or JSON, into values that know their place.
func parse(data []byte) (*value, Problems) {
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
	if root := readYAML(data); root != nil {
		return root, nil
	}
	return compose(data)
}

// nests has the bytes that tooDeep looks at, to pass over all others at once.
var nests = [256]bool{'\n': true, '[': true, ']': true, '{': true, '}': true, '-': true, '?': true, ':': true}

// tooDeep returns the line at which brackets, or block lists on one line, are
// nested deeper than any menu, so that no parser has to follow them; 0 if none.
// Brackets inside of texts are counted too: a text closes what it opens, or
// stays far below the bound.
func tooDeep(data []byte) int {
	const bound = 1000
	line, depth, dashes := 1, 0, 0
	for i, b := range data {
		if !nests[b] {
			continue
		}
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
