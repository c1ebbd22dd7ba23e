package dialplan

// block reads the value that begins here, within a mapping or a list in column
// around, and goes on to what follows.
func (s *yamlSource) block(depth, around int) *value {
	if s.isEntry() {
		return s.list(depth)
	}
	column := s.column()
	n := s.inline(depth, around, false)
	if n != nil && s.isColon() {
		return s.mapping(n, depth, column)
	}
	return s.alone(n)
}

// alone goes on from a value that was read to what follows on another line.
func (s *yamlSource) alone(n *value) *value {
	line := s.line
	if !s.next() || s.line == line && s.column() > 0 {
		return nil
	}
	return n
}

// mapping reads one whose first key is in that column and was just read.
func (s *yamlSource) mapping(key *value, depth, column int) *value {
	n := s.put(value{shape: mapping, place: key.place})
	if !key.single() || depth == maxDepth {
		return nil
	}
	for end := &n.first; key != nil && s.isColon(); key = s.scalar(false) {
		s.at += len(":")
		child := s.entry(depth+1, column, true)
		if child == nil || s.column() > column {
			return nil
		}
		end = n.add(n.add(end, key), child)
		if s.column() < column {
			return n
		}
	}
	return nil
}

// list reads one whose first dash is here.
func (s *yamlSource) list(depth int) *value {
	n, column := s.put(value{shape: list, place: s.place()}), s.column()
	if depth == maxDepth {
		return nil
	}
	for end := &n.first; s.column() == column && s.isEntry(); {
		s.at += len("-")
		child := s.entry(depth+1, column, false)
		if child == nil {
			return nil
		}
		end = n.add(end, child)
	}
	return n
}

// entry reads what follows a key's colon, or a dash of a list, in that column.
func (s *yamlSource) entry(depth, column int, ofKey bool) *value {
	none, line := value{place: s.place()}, s.line
	if !s.next() {
		return nil
	}
	switch c := s.column(); {
	case c > column && s.isLines():
		return s.lines(column)
	case c > column && ofKey && s.line == line:
		return s.alone(s.inline(depth, column, false))
	case c > column:
		return s.block(depth, column)
	case c == column && ofKey && s.isEntry():
		return s.list(depth)
	default:
		return s.put(none)
	}
}

// inline reads a value in brackets, or a single one.
func (s *yamlSource) inline(depth, around int, inFlow bool) *value {
	switch s.text[s.at] {
	case '[':
		return s.flow(list, ']', depth, around)
	case '{':
		return s.flow(mapping, '}', depth, around)
	default:
		return s.scalar(inFlow)
	}
}

// flow reads a list or a mapping in brackets.
func (s *yamlSource) flow(of shape, bracket byte, depth, around int) *value {
	n := s.put(value{shape: of, place: s.place()})
	for end := &n.first; depth < maxDepth; {
		s.at++ // the first bracket, or a comma
		if !s.next() {
			break
		}
		if s.text[s.at] != bracket {
			if end = s.flowEntry(n, end, depth+1, around); end == nil {
				break
			}
		}
		switch s.text[s.at] {
		case bracket:
			s.at++
			return n
		case ',':
		default:
			return nil
		}
	}
	return nil
}

// flowEntry adds an item, or a key and its value, goes on to what follows, and
// returns the new end.
func (s *yamlSource) flowEntry(n *value, end **value, depth, around int) **value {
	if n.shape == mapping {
		key := s.scalar(true)
		if key == nil || int(key.col) <= around {
			return nil
		}
		end = n.add(end, key)
		s.spaces()
		colon := s.text[s.at] == ':'
		if colon {
			s.at++
		}
		if !s.next() {
			return nil
		}
		if b := s.text[s.at]; !colon || b == ',' || b == '}' {
			return n.add(end, s.put(value{place: s.place()}))
		}
	}
	child := s.inline(depth, around, true)
	if child == nil || !s.next() {
		return nil
	}
	return n.add(end, child)
}
