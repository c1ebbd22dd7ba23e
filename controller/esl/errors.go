package esl

import (
	"errors"
	"fmt"
)

var (
	// ErrServerClosed is returned by Serve after Shutdown.
	ErrServerClosed = errors.New("event socket server closed")
	// ErrClosed ends a connection that this side closed. A connection that the peer closed ends with io.EOF.
	ErrClosed = errors.New("event socket connection closed")
	// ErrTimeout ends a connection whose peer did not reply to a command in time.
	ErrTimeout = errors.New("no reply to an event socket command in time")
	// ErrSlowConsumer ends a connection whose events were not taken in time.
	ErrSlowConsumer = errors.New("event queue full")
	// ErrBadCommand refuses a command that would not arrive as one message: a line break or NUL in any part of it, an
	// empty line, an empty header name. Nothing was sent.
	ErrBadCommand = errors.New("malformed event socket command")
	// ErrAuth says that FreeSWITCH did not accept the password.
	ErrAuth = errors.New("event socket password refused")
	// ErrRejected says that FreeSWITCH's access list (apply-inbound-acl) does not admit this address.
	ErrRejected = errors.New("rejected by the access list of the event socket")
)

// A ReplyError is FreeSWITCH's refusal of a command.
type ReplyError struct {
	Command string // first words of the command, without its arguments
	Text    string // the refusal: "-ERR …" or "-USAGE: …"
}

func (e *ReplyError) Error() string { return fmt.Sprintf("%s: %s", e.Command, e.Text) }

// A ProtocolError ends a connection whose peer does not speak the event-socket protocol, or exceeds a bound.
type ProtocolError struct{ Reason string }

// errNoCommand ends a connection whose peer replies to what was not asked.
var errNoCommand = &ProtocolError{Reason: "reply to no command"}

func (e *ProtocolError) Error() string { return "event socket protocol: " + e.Reason }
