package fstest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func millis(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func appSet(c *Call, arg string) {
	name, value, _ := strings.Cut(arg, "=")
	c.set(strings.TrimSpace(name), value)
}

func appExport(c *Call, arg string) {
	arg = strings.TrimPrefix(arg, "nolocal:")
	appSet(c, arg)
}

// appMultiset sets several variables: a=1 b=2, or with ^^: in front a=1:b=2.
func appMultiset(c *Call, arg string) {
	for _, pair := range splitList(arg) {
		appSet(c, pair)
	}
}

func appUnset(c *Call, arg string) { c.set(strings.TrimSpace(arg), "") }

func appMultiunset(c *Call, arg string) {
	for _, name := range splitList(arg) {
		appUnset(c, name)
	}
}

func splitList(arg string) []string {
	if rest, ok := strings.CutPrefix(arg, "^^"); ok && rest != "" {
		return strings.Split(rest[1:], rest[:1])
	}
	return splitArgs(arg)
}

// splitArgs splits an application's argument as switch_separate_string does:
// at spaces, with '…' for what holds some, and \s, \', \\ inside.
func splitArgs(arg string) []string {
	var words []string
	var word strings.Builder
	quoted, begun := false, false
	for i := 0; i < len(arg); i++ {
		switch ch := arg[i]; {
		case ch == '\\' && i+1 < len(arg) && strings.IndexByte("s'q\\", arg[i+1]) >= 0:
			i++
			word.WriteByte(map[byte]byte{'s': ' ', 'q': '\'', '\'': '\'', '\\': '\\'}[arg[i]])
			begun = true
		case ch == '\'':
			quoted, begun = !quoted, true
		case ch == ' ' && !quoted:
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteByte(ch)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words
}

// expand replaces ${variable} once. What would have called an API command is
// not done, but kept as a fault: on a real switch ${system …} runs a program.
func (c *Call) expand(arg string) string {
	if !strings.Contains(arg, "${") {
		return arg
	}
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(arg, "${")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, rest, closed := cutBrace(after)
		if !closed {
			b.WriteString("${")
			arg = after
			continue
		}
		b.WriteString(c.value(name))
		arg = rest
	}
}

// cutBrace cuts at the brace that closes the one before s.
func cutBrace(s string) (inside, rest string, ok bool) {
	depth := 1
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return s[:i], s[i+1:], true
			}
		}
	}
	return "", s, false
}

// value is what ${name} stands for.
func (c *Call) value(name string) string {
	command, arg, call := strings.Cut(strings.TrimSuffix(name, ")"), "(")
	if !call {
		command, arg, call = strings.Cut(name, " ")
	}
	switch {
	case call && command == "global_getvar":
		return c.sw.Global(arg)
	case call || command == "system":
		c.sw.fault("call %s: ${%s} would have run an API command", c.uuid, name)
		return ""
	}
	switch name {
	case "uuid":
		return c.uuid
	case "caller_id_number":
		return c.callerNum
	case "caller_id_name":
		return c.callerNam
	case "destination_number":
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.destination
	}
	return c.seen(name)
}

// seen is a variable of the channel, or else a global one, as FreeSWITCH reads
// them.
func (c *channel) seen(name string) string {
	if v := c.get(name); v != "" {
		return v
	}
	return c.sw.Global(name)
}

// expected are the headers of a sendmsg. Any other was most likely injected by
// a line break in an argument.
var expected = []string{"call-command", "execute-app-name", "execute-app-arg", "event-lock", "event-lock-pri",
	"event-uuid", "event-uuid-name", "hangup-cause", "content-type", "content-length", "loops", "async", "hold-bleg", "lead-frames"}

// inspect keeps what is wrong with a sendmsg as a fault.
func (s *Switch) inspect(c command) {
	seen := make(map[string]bool, len(c.headers))
	for _, h := range c.headers {
		name := strings.ToLower(h.name)
		if seen[name] || !slices.Contains(expected, name) {
			s.fault("sendmsg: unexpected header %q: %q", h.name, h.value)
		}
		seen[name] = true
		s.suspect("sendmsg", h.value)
	}
	s.suspect("sendmsg", c.body)
}

// suspect keeps a value that would run a program on a real switch, now or when
// the variable it goes into is used. A backslash before it does not help.
func (s *Switch) suspect(where, value string) {
	if strings.Contains(value, "${system") {
		s.fault("%s: %q would run a program", where, value)
	}
}

// fault keeps what must not happen.
func (s *Switch) fault(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}
