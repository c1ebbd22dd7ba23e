package fstest

import "strings"

// A dial is one telephone of a dial string.
type dial struct {
	vars     variables // those in {} before all and [] before this one
	text     string    // as written, without its variables
	endpoint string    // user, sofia, error, …
	contact  string    // the part that names the telephone
}

// parseDialString reads {a=b}[c=d]user/1001,[…]user/1002|user/1003: groups are
// rung one after another, the telephones of a group at once.
func parseDialString(s string) [][]dial {
	global, s := cutVariables(strings.TrimSpace(s), '{', '}')
	var groups [][]dial
	for _, g := range splitOutside(s, '|') {
		var group []dial
		for _, one := range splitOutside(g, ',') {
			local, text := cutVariables(strings.TrimSpace(one), '[', ']')
			if text == "" {
				continue
			}
			d := dial{text: text}
			d.vars = append(d.vars, global...)
			for _, v := range local {
				d.vars.set(v.name, v.value)
			}
			d.endpoint, d.contact = endpointOf(text)
			group = append(group, d)
		}
		groups = append(groups, group)
	}
	return groups
}

// endpointOf is the module of a dial string and whom it names:
// sofia/internal/1001@host;fs_path=sip:… names 1001.
func endpointOf(text string) (endpoint, contact string) {
	endpoint, rest, _ := strings.Cut(text, "/")
	rest, _, _ = strings.Cut(rest, ";")
	if i := strings.LastIndexByte(rest, '/'); i >= 0 {
		rest = rest[i+1:]
	}
	rest, _, _ = strings.Cut(rest, "@")
	return endpoint, strings.TrimPrefix(rest, "sip:")
}

// cutVariables cuts a block of variables off the front.
func cutVariables(s string, open, shut byte) (variables, string) {
	var vars variables
	for s != "" && s[0] == open {
		end := closing(s, shut)
		if end < 0 {
			return vars, s
		}
		block, by := s[1:end], byte(',')
		if len(block) > 2 && strings.HasPrefix(block, "^^") {
			block, by = block[3:], block[2]
		}
		for _, pair := range splitOutside(block, by) {
			name, value, _ := strings.Cut(pair, "=")
			vars.set(strings.TrimSpace(name), unquote(value))
		}
		s = strings.TrimSpace(s[end+1:])
	}
	return vars, s
}

// closing is the place of the sign that ends a block, outside '…' and ${…}.
func closing(s string, shut byte) int {
	depth, quoted := 0, false
	for i := 1; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '\\':
			i++
		case ch == '\'':
			quoted = !quoted
		case quoted:
		case ch == '{' && shut == '}':
			depth++
		case ch == shut && depth > 0:
			depth--
		case ch == shut:
			return i
		}
	}
	return -1
}

// splitOutside splits at a sign outside '…', blocks in brackets and escapes.
func splitOutside(s string, by byte) []string {
	var parts []string
	from, depth, quoted := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '\\':
			i++
		case ch == '\'':
			quoted = !quoted
		case quoted:
		case ch == '{' || ch == '[':
			depth++
		case ch == '}' || ch == ']':
			depth--
		case ch == by && depth == 0:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == '\'' && s[len(s)-1] == '\'' {
		s = s[1 : len(s)-1]
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`\',|]}[{`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
