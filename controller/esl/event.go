package esl

import (
	"bytes"
	"strings"
)

// Kinds of frames, as Event.ContentType gives them.
const (
	TypeEvent      = "text/event-plain"       // an event, asked for with EventPlain
	TypeReply      = "command/reply"          // reply to a command
	TypeAPI        = "api/response"           // reply to `api`
	TypeAuth       = "auth/request"           // greeting of an inbound connection
	TypeDisconnect = "text/disconnect-notice" // FreeSWITCH closes now, or, with Content-Disposition: linger, later
	TypeRejection  = "text/rude-rejection"    // refusal by an access list
)

// An Event is one frame from FreeSWITCH: an event, a reply or a notice. It does not change once delivered and may be
// read by many goroutines. Nothing is parsed before it is asked for: each look-up scans the frame, so keep what is
// needed often.
type Event struct {
	contentType string
	encoded     bool   // values are percent-encoded
	head        []byte // header lines; for TypeEvent the whole event, its body included
	body        []byte // body of any other frame
}

// ContentType is the kind of frame, one of the Type constants as a rule.
func (e *Event) ContentType() string { return e.contentType }

// isReply tells a reply to a command from what comes by itself.
func (e *Event) isReply() bool { return e.contentType == TypeReply || e.contentType == TypeAPI }

// Name is the Event-Name, such as CHANNEL_ANSWER; "" when the frame is not an event.
func (e *Event) Name() string {
	value, _ := e.find("", "Event-Name")
	switch string(value) { // those of every call, which are asked for again and again: without an allocation
	case "CHANNEL_EXECUTE_COMPLETE":
		return "CHANNEL_EXECUTE_COMPLETE"
	case "CHANNEL_HANGUP_COMPLETE":
		return "CHANNEL_HANGUP_COMPLETE"
	case "CHANNEL_HANGUP":
		return "CHANNEL_HANGUP"
	case "CHANNEL_ANSWER":
		return "CHANNEL_ANSWER"
	case "DTMF":
		return "DTMF"
	}
	return e.decode(value)
}

// Get returns the decoded value of a header, "" when it is absent. The name must be written as FreeSWITCH writes it.
func (e *Event) Get(header string) string {
	value, _ := e.find("", header)
	return e.decode(value)
}

// Has reports whether the header is there, be it empty.
func (e *Event) Has(header string) bool {
	_, ok := e.find("", header)
	return ok
}

// Var returns the value of a channel variable, "" when it is not set.
func (e *Event) Var(name string) string {
	value, _ := e.find("variable_", name)
	return e.decode(value)
}

// HasVar reports whether a channel variable is set, be it empty.
func (e *Event) HasVar(name string) bool {
	_, ok := e.find("variable_", name)
	return ok
}

// ReplyText is the Reply-Text of a reply, or the body of an answer to `api`, without the spaces and line breaks around it.
func (e *Event) ReplyText() string {
	if e.contentType == TypeAPI {
		return string(bytes.TrimSpace(e.body))
	}
	return strings.TrimSpace(e.Get("Reply-Text"))
}

// Body is the body of the frame or, for an event, of the event: the result of a BACKGROUND_JOB, for example. It must
// not be changed.
func (e *Event) Body() []byte {
	if e.contentType != TypeEvent {
		return e.body
	}
	_, body, _ := bytes.Cut(e.head, []byte("\n\n"))
	return body
}

// find returns the raw value of the first header called prefix+name.
func (e *Event) find(prefix, name string) (value []byte, ok bool) {
	n := len(prefix) + len(name)
	for rest := e.head; len(rest) > 0; {
		line := rest
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			line, rest = rest[:end], rest[end+1:]
		} else {
			rest = nil
		}
		if len(line) == 0 { // the body of the event follows
			return nil, false
		}
		if len(line) > n && line[n] == ':' &&
			string(line[len(prefix):n]) == name && string(line[:len(prefix)]) == prefix {
			return bytes.TrimSpace(line[n+1:]), true
		}
	}
	return nil, false
}

// decode undoes the percent encoding of events. A `%` that begins no code stands for itself, as in FreeSWITCH's
// switch_url_decode.
func (e *Event) decode(value []byte) string {
	first := -1
	if e.encoded {
		first = bytes.IndexByte(value, '%')
	}
	if first < 0 {
		return string(value)
	}
	var b strings.Builder
	b.Grow(len(value))
	b.Write(value[:first])
	for i := first; i < len(value); i++ {
		if value[i] == '%' && i+2 < len(value) {
			high, low := unhex(value[i+1]), unhex(value[i+2])
			if high >= 0 && low >= 0 {
				b.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

// unhex returns the value of a hexadecimal digit, -1 for any other byte.
func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
