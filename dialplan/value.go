package dialplan

// A value is one value of a document, as it is written there.
type value struct {
	text  string // without quotation marks
	first *value // in a list, or the first key in a mapping, whose value is next
	next  *value // in the list or the mapping around it
	place
	size  int32 // how many are in it, keys too
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

// add puts a value into a list or a mapping, at its end, and returns that.
func (n *value) add(end **value, child *value) **value {
	*end = child
	n.size++
	return &child.next
}

// all goes through what is in a list or a mapping.
func (n *value) all(yield func(*value) bool) {
	for child := n.first; child != nil && yield(child); child = child.next {
	}
}

// items goes through those of a list, or has the one value.
func (n *value) items(yield func(*value) bool) {
	if n.shape == list {
		n.all(yield)
	} else {
		yield(n)
	}
}

// count is how many items there are.
func (n *value) count() int {
	if n.shape == list {
		return int(n.size)
	}
	return 1
}

// A shelf is where the values of a document stand, many in one piece of memory:
// a menu has nearly twenty a node.
type shelf struct{ room []value }

func (s *shelf) put(n value) *value {
	const piece = 1024
	if len(s.room) == 0 {
		s.room = make([]value, piece)
	}
	kept := &s.room[0]
	s.room = s.room[1:]
	*kept = n
	return kept
}
