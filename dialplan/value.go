package dialplan

import "slices"

// A value is one value of a document, as it is written there.
type value struct {
	text    string  // without quotation marks
	content []value // of a list its values, of a mapping its keys, each before its value
	place
	shape shape
}

// A shape is what a value is, and how it is written.
type shape uint8

const (
	nothing shape = iota // left out, or null
	plain
	quoted
	literal // lines after |
	folded  // lines after >
	list
	mapping
)

// single tells a value from a list and a mapping.
func (n *value) single() bool { return n.shape < list }

// items are those of a list, or the one value.
func items(n *value) []value {
	if n.shape == list {
		return n.content
	}
	return []value{*n}
}

// A shelf is where the values of a document stand that is being read. Those of
// one list or mapping stand side by side, and many of them in one piece of
// memory, because a long menu has nearly twenty values a node.
type shelf struct {
	open []value // in lists and mappings whose end was not read yet
	room []value
}

// add puts a value into the list or mapping that was begun last. The room for
// those of a long one is doubled: what append does takes more on the way.
func (s *shelf) add(n value) {
	if len(s.open) == cap(s.open) {
		s.open = slices.Grow(s.open, max(len(s.open), 128))
	}
	s.open = append(s.open, n)
}

// begin returns what end needs to know of a list or mapping that begins.
func (s *shelf) begin() int { return len(s.open) }

// end returns what was added since.
func (s *shelf) end(begun int) []value {
	const piece = 1024
	added := s.open[begun:]
	if len(added) == 0 {
		return nil
	}
	if len(s.room) < len(added) {
		s.room = make([]value, max(len(added), piece))
	}
	content := s.room[:len(added):len(added)]
	s.room = s.room[len(added):]
	copy(content, added)
	s.open = s.open[:begun]
	return content
}
