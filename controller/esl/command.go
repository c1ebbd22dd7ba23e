package esl

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Header is one header of a command. Neither part may hold a line break or NUL.
type Header struct{ Name, Value string }

// A Command is one message to FreeSWITCH: a line and, after `sendmsg` and `bgapi`, headers.
type Command struct {
	Line    string
	Headers []Header
}

// Linger keeps an outbound socket open after the hangup for d, in whole seconds rounded up, so that the last events
// arrive. Zero lingers until this side closes, and keeps the channel counted that long.
func Linger(d time.Duration) Command {
	if d <= 0 {
		return Command{Line: "linger"}
	}
	seconds := (d + time.Second - 1) / time.Second
	return Command{Line: "linger " + strconv.FormatInt(int64(seconds), 10)}
}

// Filter lets only events pass whose header has the value; several filters are alternatives. Send it before EventPlain,
// or events of other calls slip in.
func Filter(header, value string) Command { return Command{Line: "filter " + header + " " + value} }

// EventPlain subscribes to events by name, such as CHANNEL_ANSWER.
func EventPlain(names ...string) Command {
	return Command{Line: "event plain " + strings.Join(names, " ")}
}

// ExecuteOptions refine the execution of an application.
type ExecuteOptions struct {
	// UUID, when set, comes back as Application-UUID in CHANNEL_EXECUTE_COMPLETE.
	UUID string
	// Lock queues the application behind those sent with a lock before; without it, it runs at once, inside a running one.
	Lock bool
	// Loops runs the application several times; 0 is once.
	Loops int
}

// Execute runs a dialplan application on the channel of an outbound socket.
//
// FreeSWITCH expands ${…} in arg, ${system(…)} included: whoever builds arg keeps the data of others harmless.
func Execute(app, arg string, o ExecuteOptions) Command {
	h := make([]Header, 0, 6)
	h = append(h, Header{"call-command", "execute"}, Header{"execute-app-name", app})
	if arg != "" {
		h = append(h, Header{"execute-app-arg", arg})
	}
	if o.Lock {
		h = append(h, Header{"event-lock", "true"})
	}
	if o.UUID != "" {
		h = append(h, Header{"Event-UUID", o.UUID})
	}
	if o.Loops > 0 {
		h = append(h, Header{"loops", strconv.Itoa(o.Loops)})
	}
	return Command{Line: "sendmsg", Headers: h}
}

// append adds the command as it goes over the wire, or returns ErrBadCommand.
func (c Command) append(b []byte) ([]byte, error) {
	if strings.TrimSpace(c.Line) == "" || !clean(c.Line) {
		return b, fmt.Errorf("%w: line %q", ErrBadCommand, c.verb())
	}
	b = append(append(b, c.Line...), '\n')
	for _, h := range c.Headers {
		if !isName(h.Name) || !clean(h.Value) {
			return b, fmt.Errorf("%w: header %q of %q", ErrBadCommand, h.Name, c.verb())
		}
		b = append(append(b, h.Name...), ": "...)
		b = append(append(b, h.Value...), '\n')
	}
	return append(b, '\n'), nil
}

// clean reports whether s stays within its line. Each of the three is looked for by itself: that is several times as
// fast as looking for any of them.
func clean(s string) bool {
	return strings.IndexByte(s, '\n') < 0 && strings.IndexByte(s, '\r') < 0 && strings.IndexByte(s, 0) < 0
}

// isName reports whether a header may have that name.
func isName(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == ':' {
			return false
		}
	}
	return s != ""
}

// verb names the command without its arguments, which may hold a password or a caller's data.
func (c Command) verb() string {
	fields := strings.Fields(c.Line)
	switch {
	case len(fields) == 0:
		return ""
	case len(fields) > 1 && (fields[0] == "api" || fields[0] == "bgapi"):
		return fields[0] + " " + fields[1]
	case fields[0] == "sendmsg":
		for _, h := range c.Headers {
			if h.Name == "execute-app-name" {
				return "sendmsg " + h.Value
			}
		}
	}
	return fields[0]
}

// refusal returns FreeSWITCH's refusal of the command, nil when reply is none.
func (c Command) refusal(reply *Event) error {
	text := reply.ReplyText()
	if strings.HasPrefix(text, "-ERR") || strings.HasPrefix(text, "-USAGE") {
		return &ReplyError{Command: c.verb(), Text: text}
	}
	return nil
}

// buffers hold commands while they are built and written.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// appendAll adds the commands of one write.
func appendAll(b []byte, commands []Command) ([]byte, error) {
	for _, command := range commands {
		var err error
		if b, err = command.append(b); err != nil {
			return b, err
		}
	}
	return b, nil
}

// refusal returns the first refusal among the replies to commands.
func refusal(commands []Command, replies []*Event) error {
	for i, command := range commands {
		if err := command.refusal(replies[i]); err != nil {
			return err
		}
	}
	return nil
}
