package dialplan

import "strings"

// scalar reads a single value of one line.
func (s *yamlSource) scalar(inFlow bool) *value {
	n := value{place: s.place()}
	if b := s.text[s.at]; b == '"' || b == '\'' {
		var ok bool
		if n.text, ok = s.quoted(b); !ok {
			return nil
		}
		n.shape = quoted
		return s.put(n)
	}
	if !beginsPlain(s.text[s.at:]) {
		return nil
	}
	switch n.text = s.plain(inFlow); n.text {
	case "<<":
		return nil
	case "~", "null", "Null", "NULL":
	default:
		n.shape = plain
	}
	return s.put(n)
}

// quoted reads a text to its closing quotation mark.
func (s *yamlSource) quoted(mark byte) (string, bool) {
	const escaped, meant = `"\/nt`, "\"\\/\n\t"
	s.at++
	from := s.at
	var before []byte // what stands before from, if that is not what it means
	for {
		switch b := s.text[s.at]; {
		case b == mark && mark == '\'' && s.text[s.at+1] == mark:
			before = append(before, s.text[from:s.at+1]...)
			s.at += 2
			from = s.at
		case b == mark:
			text := s.text[from:s.at]
			s.at++
			if before != nil {
				text = string(append(before, text...))
			}
			return text, true
		case b == '\\' && mark == '"':
			i := strings.IndexByte(escaped, s.text[s.at+1])
			if i < 0 {
				return "", false
			}
			before = append(append(before, s.text[from:s.at]...), meant[i])
			s.at += 2
			from = s.at
		case b == '\n' || b == 0:
			return "", false
		default:
			s.at++
		}
	}
}

// beginsPlain tells that a text without quotation marks begins here. (For the
// library more of them do.)
func beginsPlain(rest string) bool {
	switch rest[0] {
	case '-':
		return isLetter(rest[1]) || rest[1] >= '0' && rest[1] <= '9'
	case '.':
		return !strings.HasPrefix(rest, "...")
	case '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', '\n', ' ', 0:
		return false
	default:
		return true
	}
}

// plain reads a text without quotation marks, and the spaces behind it.
func (s *yamlSource) plain(inFlow bool) string {
	from, to := s.at, s.at
	for ; ; s.at++ {
		switch s.text[s.at] {
		case ' ':
			continue
		case '\n', 0:
			return s.text[from:to]
		case '#':
			if s.text[s.at-1] == ' ' {
				return s.text[from:to]
			}
		case ':':
			if next := s.text[s.at+1]; isBlank(next) || inFlow && (next == ',' || next == ']' || next == '}') {
				return s.text[from:to]
			}
		case ',', '[', ']', '{', '}':
			if inFlow {
				return s.text[from:to]
			}
		}
		to = s.at + 1
	}
}

// isLines tells that a text of several lines begins here.
func (s *yamlSource) isLines() bool { return s.text[s.at] == '|' || s.text[s.at] == '>' }

// lines reads a text of several lines, within a mapping or a list in column
// around, and goes on to what follows. Lines below | stay as they are, those
// below > are joined; a dash takes the end of the last line away.
func (s *yamlSource) lines(around int) *value {
	n := value{shape: literal, place: s.place()}
	if s.text[s.at] == '>' {
		n.shape = folded
	}
	s.at++
	end := "\n"
	if s.text[s.at] == '-' {
		s.at++
		end = ""
	}
	if s.spaces(); s.text[s.at] != '\n' {
		return nil
	}
	s.lineFeed()
	begun := s.at
	s.spaces()
	indent := s.at - begun
	if indent < around || isBlank(s.text[s.at]) {
		return nil
	}
	s.at = begun
	var text strings.Builder
	for empty := 0; ; s.lineFeed() {
		line, _, ended := strings.Cut(s.text[s.at:], "\n")
		content := strings.TrimLeft(line, " ")
		switch inset := len(line) - len(content) - indent; {
		case content != "" && inset < 0:
			n.text = text.String() + end
			if !s.next() {
				return nil
			}
			return s.put(n)
		case !ended || inset > 0 && (content == "" || n.shape == folded):
			return nil
		case content == "":
			empty++
		default:
			if text.Len() > 0 {
				text.WriteString(lineEnds(n.shape, empty))
			}
			text.WriteString(line[indent:])
			empty = 0
		}
		s.at += len(line)
	}
}

// lineEnds are what is between two lines of a text with so many empty ones in
// between.
func lineEnds(of shape, empty int) string {
	switch {
	case of == literal:
		return strings.Repeat("\n", empty+1)
	case empty == 0:
		return " "
	default:
		return strings.Repeat("\n", empty)
	}
}
