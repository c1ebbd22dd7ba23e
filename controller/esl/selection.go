package esl

import (
	"bytes"
	"maps"
	"slices"
)

// A Selection is the headers that are kept of events and of the channel data, where few of some two hundred are ever
// asked for. What was not selected reads as absent.
type Selection struct {
	names map[string]bool
	marks [256]bool // mark of each name: most lines are no candidates
}

// Select selects headers as FreeSWITCH writes them, variable_ before the name of a variable. Event-Name, Unique-ID and
// Reply-Text are always kept.
func Select(headers ...string) *Selection {
	s := &Selection{names: make(map[string]bool)}
	for _, name := range append([]string{"Event-Name", "Unique-ID", "Reply-Text"}, headers...) {
		s.names[name] = true
		s.marks[mark([]byte(name))] = true
	}
	return s
}

// Has reports whether the header is kept.
func (s *Selection) Has(header string) bool { return s.names[header] }

// Names are the headers that are kept, in no order.
func (s *Selection) Names() []string { return slices.Collect(maps.Keys(s.names)) }

// mark tells most names apart, at the cost of reading their ends.
func mark(name []byte) byte {
	n := len(name)
	if n < 3 {
		return 0
	}
	return byte(n) ^ name[n-1]<<1 ^ name[n-2]<<3 ^ name[n-3]<<5
}

// keep moves the lines that are kept to the front of b, and with them the body that follows the headers.
func (s *Selection) keep(b []byte) []byte {
	kept := b[:0]
	for rest := b; len(rest) > 0; {
		n := bytes.IndexByte(rest, '\n') + 1
		switch n {
		case 0: // the last line
			n = len(rest)
		case 1: // the body follows
			return append(kept, rest...)
		}
		if s.wants(rest[:n]) {
			kept = append(kept, rest[:n]...)
		}
		rest = rest[n:]
	}
	return kept
}

func (s *Selection) wants(line []byte) bool {
	n := bytes.IndexByte(line, ':')
	return n > 0 && s.marks[mark(line[:n])] && s.names[string(line[:n])]
}
