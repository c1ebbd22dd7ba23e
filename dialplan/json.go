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
	return s.value(1)
}

// value reads the next value.
func (s *jsonSource) value(depth int) (*value, Problems) {
	s.skip(int(s.decoder.InputOffset()))
	token, err := s.decoder.Token()
	switch {
	case err != nil:
		return nil, s.problem("not JSON: %v", err)
	case depth > maxDepth:
		return nil, s.problem("nested too deep: at most %d levels", maxDepth)
	}
	switch token := token.(type) {
	case json.Delim:
		n := s.put(value{shape: list, place: s.place})
		if token == '{' {
			n.shape = mapping
		}
		return n, s.fill(n, depth)
	case string:
		return s.put(value{text: token, shape: quoted, place: s.place}), nil
	case nil:
		return s.put(value{place: s.place}), nil
	default:
		return s.put(value{text: fmt.Sprint(token), shape: plain, place: s.place}), nil
	}
}

// fill reads what is in a list or an object.
func (s *jsonSource) fill(n *value, depth int) Problems {
	for end := &n.first; s.decoder.More(); {
		child, ps := s.value(depth + 1)
		if ps != nil {
			return ps
		}
		end = n.add(end, child)
	}
	if _, err := s.decoder.Token(); err != nil {
		return s.problem("not JSON: %v", err)
	}
	return nil
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
