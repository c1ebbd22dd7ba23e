package esl

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"strings"
	"sync"
	"time"
)

// A Conn is a connection to the event socket of a node. Its methods may be called by many goroutines.
//
// One goroutine per connection reads: it hands each reply to the oldest command without one and queues everything else
// for Events.
type Conn struct {
	socket
	events chan *Event
	done   chan struct{}

	writing sync.Mutex // held while a command takes its place among the waiting and is written

	mu     sync.Mutex
	oldest *exchange // commands that wait for replies, in the order in which they were sent; guarded by mu
	newest *exchange
}

// An exchange is the commands of one write and their replies.
type exchange struct {
	missing int
	replies []*Event // to be read after done
	done    chan struct{}
	next    *exchange
}

func newConn(nc net.Conn, o Options) *Conn {
	c := &Conn{events: make(chan *Event, o.EventQueue), done: make(chan struct{})}
	c.init(nc, o)
	return c
}

// read delivers frames until the connection ends; it is the connection's one goroutine.
func (c *Conn) read() {
	defer close(c.done)
	defer close(c.events)
	for r := newReader(c.nc, c.opts); ; {
		e, err := r.next()
		if err != nil {
			c.end(err)
			return
		}
		if e.isReply() {
			if !c.reply(e) {
				c.end(errNoCommand)
				return
			}
			continue
		}
		select {
		case c.events <- e:
		default:
			c.end(ErrSlowConsumer)
			return
		}
	}
}

// reply gives a reply to the oldest command without one; false when none waits.
func (c *Conn) reply(e *Event) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.oldest
	if x == nil {
		return false
	}
	x.replies = append(x.replies, e)
	if x.missing--; x.missing == 0 {
		if c.oldest = x.next; c.oldest == nil {
			c.newest = nil // an idle connection holds no replies
		}
		close(x.done)
	}
	return true
}

// Command sends one command and waits for its reply. The error is a *ReplyError, beside the reply, when FreeSWITCH
// refuses it; ErrBadCommand, with nothing sent, when a part of it holds a line break.
//
// A command without a reply in time, be it Options.CommandTimeout or the deadline of ctx, closes the connection with
// ErrTimeout. When ctx is cancelled the reply is dropped as it comes and the connection lives on.
//
// Do not use `getvar`: its reply holds the value as it is, line breaks included; `api uuid_getvar` counts its bytes.
func (c *Conn) Command(ctx context.Context, line string, headers ...Header) (*Event, error) {
	replies, err := c.Pipeline(ctx, Command{Line: line, Headers: headers})
	if len(replies) == 0 {
		return nil, err
	}
	return replies[0], err
}

// Pipeline sends several commands in one write and waits for all their replies: one round trip. FreeSWITCH runs them
// in order, and runs the later ones though it refuses an earlier one; the error is then the first refusal, beside all
// the replies. Otherwise it is as Command.
func (c *Conn) Pipeline(ctx context.Context, commands ...Command) ([]*Event, error) {
	if err := c.over(ctx); err != nil || len(commands) == 0 {
		return nil, err
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	b, err := appendAll((*buf)[:0], commands)
	if err != nil {
		return nil, err
	}
	*buf = b
	x := &exchange{missing: len(commands), replies: make([]*Event, 0, len(commands)), done: make(chan struct{})}
	if err := c.send(x, b); err != nil {
		return nil, fmt.Errorf("send %s: %w", commands[0].verb(), err)
	}
	if err := c.await(ctx, x); err != nil {
		return nil, fmt.Errorf("await reply to %s: %w", commands[0].verb(), err)
	}
	return x.replies, refusal(commands, x.replies)
}

// send writes b, the commands of x. The order of the waiting is the order of the wire.
func (c *Conn) send(x *exchange, b []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	if c.oldest == nil {
		c.oldest = x
	} else {
		c.newest.next = x
	}
	c.newest = x
	c.mu.Unlock()

	if err := c.sink.write(b); err != nil {
		return c.fail(err) // half a command may be on the wire
	}
	return nil
}

// await waits for the replies of x.
func (c *Conn) await(ctx context.Context, x *exchange) error {
	timeout := time.NewTimer(c.opts.CommandTimeout)
	defer timeout.Stop()
	select {
	case <-x.done:
	case <-c.done:
	case <-ctx.Done():
	case <-timeout.C:
	}
	select {
	case <-x.done: // replies that came win over an end that came with them
		return nil
	default:
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return c.over(ctx)
	}
	return c.fail(ErrTimeout) // or what ended the connection before
}

// over says why no reply can come: the end of the connection first, because the context of a session ends with it.
func (c *Conn) over(ctx context.Context) error {
	if err := c.Err(); err != nil {
		return err
	}
	return ctx.Err()
}

// API runs a command such as `uuid_exists <uuid>` and returns its result without the spaces and line breaks around it.
// A result that begins with -ERR or -USAGE is a *ReplyError. FreeSWITCH reads nothing else from this connection while
// the command runs: use BgAPI for one that takes long, such as `originate`.
func (c *Conn) API(ctx context.Context, command string) (string, error) {
	reply, err := c.Command(ctx, "api "+command)
	if err != nil {
		return "", err
	}
	return reply.ReplyText(), nil
}

// BgAPI starts a command and returns the Job-UUID that its BACKGROUND_JOB event will carry. To know it beforehand send
// `bgapi` with Command and a Job-UUID header of your own.
func (c *Conn) BgAPI(ctx context.Context, command string) (jobUUID string, err error) {
	reply, err := c.Command(ctx, "bgapi "+command)
	if err != nil {
		return "", err
	}
	jobUUID = strings.TrimSpace(reply.Get("Job-UUID"))
	if jobUUID == "" {
		return "", c.fail(&ProtocolError{Reason: "no Job-UUID in the reply to bgapi"})
	}
	return jobUUID, nil
}

// Events are the events in order, until the connection ends, or ctx, and what has come by then. At most
// Options.EventQueue events wait; when one more comes the connection is closed with ErrSlowConsumer, because waiting
// would hold back the replies.
func (c *Conn) Events(ctx context.Context) iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		for {
			select {
			case e, ok := <-c.events:
				if !ok || !yield(e) {
					return
				}
				continue
			default:
			}
			select {
			case e, ok := <-c.events:
				if !ok || !yield(e) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Close ends the connection and waits for its reader. It may be called more than once.
func (c *Conn) Close() error {
	c.end(ErrClosed)
	<-c.done
	return nil
}
