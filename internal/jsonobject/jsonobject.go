// Package jsonobject writes JSON objects field by field, byte for byte as
// encoding/json writes a struct, and without looking at types: for what is
// written several times in each call.
package jsonobject

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// A Writer writes one object.
type Writer struct {
	text []byte
	err  error
}

// Writers are used again, for the room that their text has taken.
var writers = sync.Pool{New: func() any { return &Writer{text: make([]byte, 0, usual)} }}

// New returns a writer. End it.
func New() *Writer { return writers.Get().(*Writer) }

// Room for the text, in bytes: what a writer begins with, and may keep.
const usual, maxKept = 1 << 10, 16 << 10

// End returns what was written, or the first error: a value that JSON cannot
// express. The writer is not to be used any more.
func (w *Writer) End() ([]byte, error) {
	text, err := bytes.Clone(w.text), w.err
	w.text, w.err = w.text[:0], nil
	if cap(w.text) <= maxKept {
		writers.Put(w)
	}
	return text, err
}

// Open begins an object within the one that is open; the outermost has no name.
func (w *Writer) Open(name string) {
	if len(w.text) > 0 {
		w.name(name)
	}
	w.text = append(w.text, '{')
}

// Close ends the object that was opened last.
func (w *Writer) Close() { w.text = append(w.text, '}') }

// Text writes a string.
func (w *Writer) Text(name, value string) {
	w.name(name)
	w.quoted(value)
}

// SomeText leaves an empty string out, as omitempty does.
func (w *Writer) SomeText(name, value string) {
	if value != "" {
		w.Text(name, value)
	}
}

// Int writes a number.
func (w *Writer) Int(name string, value int64) {
	w.name(name)
	w.text = strconv.AppendInt(w.text, value, 10)
}

// SomeInt leaves 0 out.
func (w *Writer) SomeInt(name string, value int64) {
	if value != 0 {
		w.Int(name, value)
	}
}

// SomeTrue leaves false out.
func (w *Writer) SomeTrue(name string, value bool) {
	if value {
		w.name(name)
		w.text = append(w.text, "true"...)
	}
}

// SomeFloat leaves 0 out.
func (w *Writer) SomeFloat(name string, value float64) {
	if value != 0 {
		w.Any(name, value)
	}
}

// Time writes a time.
func (w *Writer) Time(name string, value time.Time) {
	w.name(name)
	w.text = append(w.text, '"')
	text, err := value.AppendText(w.text)
	if err != nil {
		w.fail(err)
		return
	}
	w.text = text
	w.text = append(w.text, '"')
}

// SomeTime leaves the zero time out, as omitzero does.
func (w *Writer) SomeTime(name string, value time.Time) {
	if !value.IsZero() {
		w.Time(name, value)
	}
}

// SomeTexts leaves an empty list out.
func (w *Writer) SomeTexts(name string, values []string) {
	if len(values) == 0 {
		return
	}
	w.name(name)
	for i, value := range values {
		w.text = append(w.text, "[,"[min(i, 1)])
		w.quoted(value)
	}
	w.text = append(w.text, ']')
}

// SomeTextMap leaves an empty map out.
func (w *Writer) SomeTextMap(name string, values map[string]string) {
	if len(values) == 0 {
		return
	}
	w.Open(name)
	var room [16]string
	for _, key := range sorted(values, room[:0]) {
		w.quotedName(key)
		w.quoted(values[key])
	}
	w.Close()
}

// SomeMap leaves an empty map out.
func (w *Writer) SomeMap(name string, values map[string]any) {
	if len(values) == 0 {
		return
	}
	w.Open(name)
	var room [16]string
	for _, key := range sorted(values, room[:0]) {
		w.quotedName(key)
		w.any(values[key])
	}
	w.Close()
}

// sorted appends the names of a map to those given, in order.
func sorted[V any](values map[string]V, names []string) []string {
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Any writes whatever encoding/json can.
func (w *Writer) Any(name string, value any) {
	w.name(name)
	w.any(value)
}

func (w *Writer) any(value any) {
	switch v := value.(type) {
	case string:
		w.quoted(v)
	case bool:
		w.text = strconv.AppendBool(w.text, v)
	default:
		text, err := json.Marshal(v)
		if err != nil {
			w.fail(err)
		}
		w.text = append(w.text, text...)
	}
}

// name writes the name of a field, which needs no escapes.
func (w *Writer) name(name string) {
	w.comma()
	w.text = append(w.text, '"')
	w.text = append(w.text, name...)
	w.text = append(w.text, '"', ':')
}

func (w *Writer) quotedName(name string) {
	w.comma()
	w.quoted(name)
	w.text = append(w.text, ':')
}

func (w *Writer) comma() {
	if w.text[len(w.text)-1] != '{' {
		w.text = append(w.text, ',')
	}
}

func (w *Writer) quoted(s string) {
	if !isPlain(s) {
		text, _ := json.Marshal(s) // of a string, never fails
		w.text = append(w.text, text...)
		return
	}
	w.text = append(w.text, '"')
	w.text = append(w.text, s...)
	w.text = append(w.text, '"')
}

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// isPlain tells a string that stands in JSON as it is. A few others are said to
// be none: line separators are escaped, and all that begin like them are left to
// encoding/json.
func isPlain(s string) bool {
	all := plain
	for i := range len(s) {
		all |= signs[s[i]]
	}
	return all == plain || all == foreign && utf8.ValidString(s) && !strings.Contains(s, "\u2028"[:2])
}

// What a byte is to JSON.
const plain, foreign, special = byte(0), byte(1), byte(2)

var signs = func() (kinds [256]byte) {
	for b := range kinds {
		switch {
		case b >= utf8.RuneSelf:
			kinds[b] = foreign
		case b < ' ', strings.IndexByte(`"\<>&`, byte(b)) >= 0:
			kinds[b] = special
		}
	}
	return kinds
}()
