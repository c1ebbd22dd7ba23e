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
	// Most lines are no candidates by a few of their letters, and are not looked at any further.
	short [256]bool // names of less than far letters, by their beginning
	long  [256]bool // the others, by letters that tell variables apart

	less map[string]*Selection // of events by name
}

// far is how many letters of a line are looked at: those after variable_ and a few more.
const far = 14

// Select selects headers as FreeSWITCH writes them, variable_ before the name of a variable. Event-Name, Unique-ID and
// Reply-Text are always kept.
func Select(headers ...string) *Selection {
	s := &Selection{names: make(map[string]bool)}
	for _, name := range append([]string{"Event-Name", "Unique-ID", "Reply-Text"}, headers...) {
		s.names[name] = true
		if line := []byte(name + ":"); len(name) < far {
			s.short[beginning(line)] = true
		} else {
			s.long[letters(line)] = true
		}
	}
	return s
}

// Less selects fewer headers of one event, such as one that comes often. It returns s.
func (s *Selection) Less(event string, headers ...string) *Selection {
	if s.less == nil {
		s.less = make(map[string]*Selection)
	}
	s.less[event] = Select(headers...)
	return s
}

// of is what is kept of the event whose headers begin b.
func (s *Selection) of(b []byte) *Selection {
	if rest, ok := bytes.CutPrefix(b, eventName); ok && s.less != nil {
		if name, _, ok := bytes.Cut(rest, lineBreak); ok && s.less[string(name)] != nil {
			return s.less[string(name)]
		}
	}
	return s
}

// FreeSWITCH begins every event with its name.
var eventName, lineBreak = []byte("Event-Name: "), []byte("\n")

// Has reports whether the header is kept.
func (s *Selection) Has(header string) bool { return s.names[header] }

// Names are the headers that are kept, in no order.
func (s *Selection) Names() []string { return slices.Collect(maps.Keys(s.names)) }

func beginning(line []byte) byte { return line[0] ^ line[1]<<2 }

func letters(line []byte) byte { return line[0] ^ line[9]<<1 ^ line[11]<<2 ^ line[13]<<3 }

// keep moves the lines that are kept to the front of b, and with them the body that follows the headers.
func (s *Selection) keep(b []byte) []byte {
	s = s.of(b)
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
	if len(line) < 2 || !s.short[beginning(line)] && (len(line) < far || !s.long[letters(line)]) {
		return false
	}
	n := bytes.IndexByte(line, ':')
	return n > 0 && s.names[string(line[:n])]
}
