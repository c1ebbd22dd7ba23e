package dialplan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// jsonSource reads valid JSON into the values that YAML is read into. (The YAML
// reader would do for most of it, but not for all escapes.)
type jsonSource struct {
	shelf

	decoder *json.Decoder
	data    []byte
	at      int // bytes counted into place
	place   place
}

func parseJSON(data []byte) (*value, Problems) {
	s := &jsonSource{decoder: json.NewDecoder(bytes.NewReader(data)), data: data, place: place{1, 1}}
	s.decoder.UseNumber()
	root, ps := s.value(1)
	if ps != nil {
		return nil, ps
	}
	return &root, nil
}

// value reads the next value.
func (s *jsonSource) value(depth int) (value, Problems) {
	s.skip(int(s.decoder.InputOffset()))
	token, err := s.decoder.Token()
	n := value{place: s.place}
	switch {
	case err != nil:
		return n, s.problem("not JSON: %v", err)
	case depth > maxDepth:
		return n, s.problem("nested too deep: at most %d levels", maxDepth)
	}
	switch token := token.(type) {
	case json.Delim:
		n.shape = list
		if token == '{' {
			n.shape = mapping
		}
		return s.container(n, depth)
	case string:
		n.text, n.shape = token, quoted
	case nil:
	default:
		n.text, n.shape = fmt.Sprint(token), plain
	}
	return n, nil
}

// container reads what is in a list or an object.
func (s *jsonSource) container(n value, depth int) (value, Problems) {
	begun := s.begin()
	for s.decoder.More() {
		child, ps := s.value(depth + 1)
		if ps != nil {
			return n, ps
		}
		s.add(child)
	}
	n.content = s.end(begun)
	if _, err := s.decoder.Token(); err != nil {
		return n, s.problem("not JSON: %v", err)
	}
	return n, nil
}

func (s *jsonSource) problem(format string, args ...any) Problems {
	return oneProblem(int(s.place.line), int(s.place.col), format, args...)
}

// skip moves over what stands between two tokens and counts lines and columns.
func (s *jsonSource) skip(offset int) {
	for offset < len(s.data) && strings.IndexByte(" \t\r\n,:", s.data[offset]) >= 0 {
		offset++
	}
	for _, r := range string(s.data[s.at:offset]) {
		s.place.col++
		if r == '\n' {
			s.place = place{s.place.line + 1, 1}
		}
	}
	s.at = offset
}
