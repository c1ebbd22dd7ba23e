package dialplan

import "strings"

// MaxTypeAhead bounds the digits kept for later prompts; what is pressed
// beyond it is dropped.
const MaxTypeAhead = 128

// TypeAhead keeps the digits that callers press before a prompt wants them.
// FreeSWITCH drops such digits; its DTMF events carry them. It belongs to the
// goroutine that runs the call.
type TypeAhead struct{ digits string }

// NewTypeAhead returns a buffer that holds digits saved earlier.
func NewTypeAhead(digits string) *TypeAhead {
	t := &TypeAhead{}
	for i := range len(digits) {
		t.Add(digits[i])
	}
	return t
}

// Add appends one key, 0-9, *, # or A-D. Anything else is ignored.
func (t *TypeAhead) Add(key byte) {
	if IsKey(key) && len(t.digits) < MaxTypeAhead {
		t.digits += string(key)
	}
}

// Len is the number of digits waiting.
func (t *TypeAhead) Len() int { return len(t.digits) }

// String is the digits waiting, oldest first.
func (t *TypeAhead) String() string { return t.digits }

// Clear drops everything: after a wrong entry, what was typed after it was
// meant for another prompt.
func (t *TypeAhead) Clear() { t.digits = "" }

// Take looks whether the digits waiting satisfy the entry, and if so removes
// exactly those that belong to it. An entry is complete at its terminator or
// at its last digit; done is false while more digits could belong to it.
func (t *TypeAhead) Take(c Collect) (got Collected, done bool) {
	for i := range len(t.digits) {
		key := t.digits[i]
		if strings.IndexByte(c.Terminators, key) >= 0 {
			got = Collected{Digits: t.digits[:i], Terminator: string(key)}
			t.digits = t.digits[i+1:]
			return got, true
		}
		if i+1 == c.Max {
			got = Collected{Digits: t.digits[:i+1]}
			t.digits = t.digits[i+1:]
			return got, true
		}
	}
	return Collected{}, false
}

// TakeRest removes everything: the caller stopped typing before the entry
// was complete.
func (t *TypeAhead) TakeRest() Collected {
	got := Collected{Digits: t.digits}
	t.digits = ""
	return got
}

// IsKey tells whether the byte is a DTMF key: 0-9, *, #, A-D.
func IsKey(b byte) bool {
	return b >= '0' && b <= '9' || b == '*' || b == '#' || b >= 'A' && b <= 'D'
}
