// Package esl speaks FreeSWITCH's event socket: it takes the calls that the `socket` application hands over (Server,
// Session) and logs in to the event socket of a FreeSWITCH node (Dial).
//
// The protocol is our own small package rather than eslgo's connections, for reasons seen in eslgo v1.5.2:
//
//   - a frame with "Content-Length: -1" or a huge one, sent by anybody who reaches the port, panics in its reader and
//     ends the whole process; here frames are bounded before anything is allocated, and a bad one ends its connection only;
//   - its listener cannot be stopped, has no limits, takes no net.Listener; here Serve and Shutdown are separate;
//   - it starts a goroutine for each event, so their order is lost; here one reader keeps the order of the wire;
//   - two commands at once can take each other's reply, and a late reply answers the next command; here replies belong
//     to their command by order, and a command that timed out closes the connection;
//   - its builders join values into headers unchecked, so a line break in an argument injects headers; here line breaks
//     are refused;
//   - it parses each event into a map of some two hundred headers, of which a step of a call needs five; here a header
//     is looked for when somebody asks.
//
// The words of the commands are those of eslgo's builders, which the tests compare them with.
// Source of the protocol: FreeSWITCH 1.10, mod_event_socket.c.
package esl

import "time"

// Defaults of Options.
const (
	DefaultHandshakeTimeout = 5 * time.Second
	DefaultCommandTimeout   = 5 * time.Second
	DefaultWriteTimeout     = 5 * time.Second
	DefaultFrameTimeout     = 10 * time.Second
	DefaultMaxHeader        = 64 << 10
	DefaultMaxBody          = 1 << 20
	DefaultEventQueue       = 64
)

// Options bound what a connection may wait for and hold. A field that is zero takes its default.
type Options struct {
	// HandshakeTimeout bounds `connect` on an outbound connection; dialling, the greeting and `auth` together on an
	// inbound one.
	HandshakeTimeout time.Duration
	// CommandTimeout bounds the wait for the replies of one Command or Pipeline; then the connection is closed.
	CommandTimeout time.Duration
	// WriteTimeout bounds one write to the socket; then the connection is closed.
	WriteTimeout time.Duration
	// FrameTimeout bounds the time in which a frame that has begun must be complete. Between frames a peer may be
	// silent for as long as TCP keepalive finds it alive.
	FrameTimeout time.Duration
	// MaxHeader bounds the header block of a frame, in bytes. The first reply of a call holds all its variables.
	MaxHeader int
	// MaxBody bounds the body of a frame, in bytes. An event is the body of its frame.
	MaxBody int
	// EventQueue is how many events may wait to be taken before the connection is closed with ErrSlowConsumer.
	EventQueue int
	// Headers, unless nil, are the only ones that are kept of events and of the channel data: the rest costs neither
	// memory nor time.
	Headers *Selection
}

// withDefaults returns o with every field set.
func (o Options) withDefaults() Options {
	setDefault(&o.HandshakeTimeout, DefaultHandshakeTimeout)
	setDefault(&o.CommandTimeout, DefaultCommandTimeout)
	setDefault(&o.WriteTimeout, DefaultWriteTimeout)
	setDefault(&o.FrameTimeout, DefaultFrameTimeout)
	setDefault(&o.MaxHeader, DefaultMaxHeader)
	setDefault(&o.MaxBody, DefaultMaxBody)
	setDefault(&o.EventQueue, DefaultEventQueue)
	return o
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}
