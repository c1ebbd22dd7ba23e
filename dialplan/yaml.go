package dialplan

import "strings"

// yamlSource reads the YAML that menus are written in: mappings and lists in
// lines and in brackets, texts of one line, and plain ones of several after | or
// >. It gives up at whatever is wrong or less usual; then the library reads the
// document, which knows all of YAML, tells what is wrong, and takes several
// times as long. What the two read is the same (guarded by tests).
type yamlSource struct {
	shelf

	text    string // of the document, and a zero byte, which it does not have
	at      int    // bytes read
	line    int32  // of the next one
	begun   int    // where that line begins
	counted int    // how far place has looked at it
	narrow  int    // bytes before that which begin no character
}

// readYAML returns the value of a document, or nil when it gives up.
func readYAML(data []byte) *value {
	text := strings.ReplaceAll(string(data)+"\x00", "\r\n", "\n")
	s := &yamlSource{text: text, line: 1}
	if !isUsual(text[:len(text)-1]) || !s.next() {
		return nil
	}
	if s.at == s.begun && strings.HasPrefix(text[s.at:], "---\n") {
		s.at += len("---")
	}
	if !s.next() {
		return nil
	}
	root := s.block(1, 0)
	if s.column() != 0 {
		return nil
	}
	return root
}

// isUsual tells that a document has no control characters, and that its lines
// end with line feeds only.
func isUsual(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' && text[i] != '\n' {
			return false
		}
	}
	for _, rare := range []string{"\u0085", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff"} {
		if strings.Contains(text, rare) {
			return false
		}
	}
	return true
}

// next goes on to what follows, over spaces, line ends and comments. It gives up
// at a comment with nothing before it.
func (s *yamlSource) next() bool {
	for {
		switch s.text[s.at] {
		case ' ':
			s.at++
		case '\n':
			s.lineFeed()
		case '#':
			if s.at > s.begun && s.text[s.at-1] != ' ' {
				return false
			}
			s.comment()
		default:
			return true
		}
	}
}

func (s *yamlSource) lineFeed() {
	s.at++
	s.line++
	s.begun, s.counted, s.narrow = s.at, s.at, 0
}

func (s *yamlSource) comment() {
	length := strings.IndexByte(s.text[s.at:], '\n')
	if length < 0 {
		length = len(s.text) - 1 - s.at
	}
	s.at += length
}

func (s *yamlSource) spaces() {
	for s.text[s.at] == ' ' {
		s.at++
	}
}

// column is that of a byte with only spaces and dashes before it, 0 at the end
// of the document.
func (s *yamlSource) column() int {
	if s.at == len(s.text)-1 {
		return 0
	}
	return s.at - s.begun + 1
}

// place is where the next byte is.
func (s *yamlSource) place() place {
	for ; s.counted < s.at; s.counted++ {
		if s.text[s.counted]&0xC0 == 0x80 {
			s.narrow++
		}
	}
	return place{s.line, int32(s.at - s.begun - s.narrow + 1)}
}

// isEntry tells that a dash of a list is here.
func (s *yamlSource) isEntry() bool { return s.text[s.at] == '-' && isBlank(s.text[s.at+1]) }

// isColon goes on to what follows on this line, and tells that it is the colon
// of a key.
func (s *yamlSource) isColon() bool {
	s.spaces()
	return s.text[s.at] == ':' && isBlank(s.text[s.at+1])
}

func isBlank(b byte) bool { return b == ' ' || b == '\n' || b == 0 }
