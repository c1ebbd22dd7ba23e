package dialplan

// block reads the value that begins here, within a mapping or a list in column
// around, and goes on to what follows.
func (s *yamlSource) block(depth, around int) (value, bool) {
	if s.isEntry() {
		return s.list(depth)
	}
	column := s.column()
	n, ok := s.inline(depth, around, false)
	if ok && s.isColon() {
		return s.mapping(n, depth, column)
	}
	return n, ok && s.endLine()
}

// mapping reads one whose first key is in that column and was just read.
func (s *yamlSource) mapping(key value, depth, column int) (value, bool) {
	n := value{shape: mapping, place: key.place}
	begun := s.begin()
	ok := key.single() && depth < maxDepth
	for ok {
		s.at += len(":")
		s.add(key)
		var child value
		if child, ok = s.entry(depth+1, column, true); !ok {
			break
		}
		s.add(child)
		if s.column() != column {
			n.content = s.end(begun)
			return n, s.column() < column
		}
		key, ok = s.scalar(false)
		ok = ok && s.isColon()
	}
	return n, false
}

// list reads one whose first dash is here.
func (s *yamlSource) list(depth int) (value, bool) {
	n := value{shape: list, place: s.place()}
	begun, column := s.begin(), s.column()
	for depth < maxDepth {
		s.at += len("-")
		child, ok := s.entry(depth+1, column, false)
		if !ok {
			break
		}
		s.add(child)
		if s.column() != column || !s.isEntry() {
			n.content = s.end(begun)
			return n, s.column() <= column
		}
	}
	return n, false
}

// entry reads what follows a key's colon, or a dash of a list, in that column.
func (s *yamlSource) entry(depth, column int, ofKey bool) (value, bool) {
	none, line := value{place: s.place()}, s.line
	if !s.next() {
		return none, false
	}
	switch c := s.column(); {
	case c > column && s.isLines():
		return s.lines(column)
	case c > 0 && s.line == line && ofKey:
		n, ok := s.inline(depth, column, false)
		return n, ok && s.endLine()
	case c > column:
		return s.block(depth, column)
	case c == column && ofKey && s.isEntry():
		return s.list(depth)
	default:
		return none, true
	}
}

// inline reads a value in brackets, or a single one.
func (s *yamlSource) inline(depth, around int, inFlow bool) (value, bool) {
	if b := s.text[s.at]; b == '[' || b == '{' {
		return s.flow(depth, around)
	}
	return s.scalar(inFlow)
}

// flow reads a list or a mapping in brackets.
func (s *yamlSource) flow(depth, around int) (value, bool) {
	n, end := value{shape: list, place: s.place()}, byte(']')
	if s.text[s.at] == '{' {
		n.shape, end = mapping, '}'
	}
	begun := s.begin()
	for depth < maxDepth {
		s.at++ // a bracket or a comma
		if !s.next() {
			break
		}
		if s.text[s.at] != end && !s.flowEntry(n.shape, depth+1, around) {
			break
		}
		switch s.text[s.at] {
		case end:
			s.at++
			n.content = s.end(begun)
			return n, true
		case ',':
		default:
			return n, false
		}
	}
	return n, false
}

// flowEntry reads an item, or a key and its value, and goes on to what follows.
func (s *yamlSource) flowEntry(of shape, depth, around int) bool {
	if of == mapping {
		key, ok := s.scalar(true)
		if !ok || int(key.col) <= around {
			return false
		}
		s.add(key)
		s.spaces()
		colon := s.text[s.at] == ':'
		if colon {
			s.at++
		}
		if !s.next() {
			return false
		}
		if b := s.text[s.at]; !colon || b == ',' || b == '}' {
			s.add(value{place: s.place()})
			return true
		}
	}
	child, ok := s.inline(depth, around, true)
	s.add(child)
	return ok && s.next()
}
