package esl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// A Session is one call that FreeSWITCH handed over: the connection of its `socket` application. It belongs to the one
// goroutine that runs the call, and nobody reads its socket but that goroutine while it waits for something: a call
// that waits needs no other. What FreeSWITCH sends meanwhile stays in the socket. Wake, Err and RemoteAddr are for all.
type Session struct {
	socket
	in      reader
	came    []*Event // before a reply that was waited for
	uuid    string
	channel *Event

	heard  <-chan struct{} // the end of the context that a wait heeds
	unhear func() bool
}

func newSession(nc net.Conn, o Options) *Session {
	s := new(Session)
	s.init(nc, o)
	s.in.init(nc, o)
	return s
}

// Channel is the reply to `connect`: the channel's data and variables as they were when the call was handed over.
func (s *Session) Channel() *Event { return s.channel }

// UUID is the channel's Unique-ID.
func (s *Session) UUID() string { return s.uuid }

// connect takes the call over.
func (s *Session) connect() error {
	replies, err := s.pipeline(s.opts.HandshakeTimeout, Command{Line: "connect"})
	if err != nil {
		return err
	}
	s.channel = replies[0]
	if s.uuid = s.channel.Get("Unique-ID"); s.uuid == "" {
		return s.fail(&ProtocolError{Reason: "no channel data in the reply to connect"})
	}
	return nil
}

// Next waits for the next event or notice, in the order of the wire. It returns nil when until has come, unless that is
// zero, and when Wake was called. The error is the cause of the end of ctx, or Err; what came before is returned first.
func (s *Session) Next(ctx context.Context, until time.Time) (*Event, error) {
	return s.next(ctx, wait{until: until, wakes: true})
}

// Idle is Next for what may take very long: it costs a little more to begin, and nothing until it ends.
func (s *Session) Idle(ctx context.Context, until time.Time) (*Event, error) {
	return s.next(ctx, wait{until: until, wakes: true, exact: true})
}

func (s *Session) next(ctx context.Context, w wait) (*Event, error) {
	if e := s.oldest(); e != nil {
		return e, nil
	}
	s.heed(ctx)
	if ctx.Err() != nil {
		w = wait{try: true}
	}
	e, err := s.event(w)
	if e == nil && err == nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return e, err
}

// Take returns the next event or notice that has come, nil for none; the error is Err, once nothing is left.
func (s *Session) Take() (*Event, error) {
	if e := s.oldest(); e != nil {
		return e, nil
	}
	return s.event(wait{try: true})
}

// oldest takes the first of those that came before a reply.
func (s *Session) oldest() *Event {
	if len(s.came) == 0 {
		return nil
	}
	e := s.came[0]
	s.came[0] = nil
	if s.came = s.came[1:]; len(s.came) == 0 {
		s.came = nil
	}
	return e
}

// event reads an event, nil when the wait is over.
func (s *Session) event(w wait) (*Event, error) {
	e, err := s.read(w)
	if e != nil && e.isReply() {
		return nil, s.fail(errNoCommand)
	}
	return e, err
}

// read reads a frame, nil when the wait is over.
func (s *Session) read(w wait) (*Event, error) {
	if err := s.Err(); err != nil {
		return nil, err
	}
	s.in.wait = w
	e, err := s.in.next()
	switch {
	case err == nil:
		return e, nil
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, errNothing):
		return nil, nil
	}
	return nil, s.fail(err)
}

// heed lets the end of ctx wake the session up. A call has one context, as a rule.
func (s *Session) heed(ctx context.Context) {
	if done := ctx.Done(); done != s.heard {
		s.heedNothing()
		if done != nil {
			s.heard, s.unhear = done, context.AfterFunc(ctx, s.Wake)
		}
	}
}

func (s *Session) heedNothing() {
	if s.unhear != nil {
		s.unhear()
	}
	s.heard, s.unhear = nil, nil
}

// Wake ends a wait in Next: the one that is under way, or the next one. Any goroutine may call it.
func (s *Session) Wake() { s.in.wake() }

// Pipeline sends commands in one write and waits for all their replies: one round trip. FreeSWITCH runs them in order,
// and runs the later ones though it refuses an earlier one; the error is then the first refusal, a *ReplyError, beside
// all the replies. Events that come meanwhile are kept for Next; when they are more than Options.EventQueue the
// connection ends with ErrSlowConsumer. Without all replies within Options.CommandTimeout it ends with ErrTimeout. The
// error is ErrBadCommand, with nothing sent, when a part of a command holds a line break.
func (s *Session) Pipeline(commands ...Command) ([]*Event, error) {
	return s.pipeline(s.opts.CommandTimeout, commands...)
}

func (s *Session) pipeline(timeout time.Duration, commands ...Command) ([]*Event, error) {
	now := time.Now()
	if err := s.write(commands, now.Add(timeout/2)); err != nil {
		return nil, err
	}
	w := wait{until: now.Add(timeout), final: true}
	replies := make([]*Event, 0, len(commands))
	for len(replies) < len(commands) {
		e, err := s.read(w)
		switch {
		case err != nil:
		case e == nil:
			err = s.fail(ErrTimeout)
		case e.isReply():
			replies = append(replies, e)
		case len(s.came) == s.opts.EventQueue:
			err = s.fail(ErrSlowConsumer)
		default:
			s.came = append(s.came, e)
		}
		if err != nil {
			return nil, fmt.Errorf("await reply to %s: %w", commands[0].verb(), err)
		}
	}
	return replies, refusal(commands, replies)
}

// write sends commands, and begins to wait for what answers them; it looks for that at a time that is given.
func (s *Session) write(commands []Command, look time.Time) error {
	if err := s.Err(); err != nil {
		return err
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	b, err := appendAll((*buf)[:0], commands)
	if err != nil {
		return err
	}
	*buf = b
	if s.channel == nil { // a peer of whom nothing is known may have said anything
		err = s.sink.write(b)
	} else {
		err = s.in.ask(b, &s.sink, look)
	}
	if err != nil {
		s.salvage()
		return fmt.Errorf("send %s: %w", commands[0].verb(), s.fail(err)) // half a command may be on the wire
	}
	return nil
}

// salvage reads what the peer sent before it stopped listening: why the call has ended, as a rule.
func (s *Session) salvage() {
	s.in.dry = time.Time{}
	for len(s.came) < s.opts.EventQueue {
		e, err := s.read(wait{try: true})
		if e == nil || err != nil {
			return
		}
		if !e.isReply() {
			s.came = append(s.came, e)
		}
	}
}

// API runs a command such as `uuid_exists <uuid>` and returns its result without the spaces and line breaks around it.
// A result that begins with -ERR or -USAGE is a *ReplyError. FreeSWITCH reads nothing else from this connection while
// the command runs.
func (s *Session) API(command string) (string, error) {
	replies, err := s.Pipeline(Command{Line: "api " + command})
	if err != nil {
		return "", err
	}
	return replies[0].ReplyText(), nil
}

// close ends the connection, once the call has.
func (s *Session) close() {
	s.heedNothing()
	s.end(ErrClosed)
	s.in.release()
}
