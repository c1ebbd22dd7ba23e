package fstest

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// A Caller is somebody who calls the node.
type Caller struct {
	Number string // as the trunk gives it; "" when it gives none
	Name   string
	To     string // the number dialled
	UUID   string // Unique-ID of the channel; "" for a random one
	// Hidden is a caller who asked for privacy: the number is known to the
	// switch and must not be used.
	Hidden bool
	// Network is the address the call comes from; "" is 127.0.0.1.
	Network string
	// Variables are further channel variables, such as sip_h_Diversion.
	Variables map[string]string
	// Script is what the caller does; see Call for what can be done from outside.
	Script Script
	// KeyGap is the time between two keys of one Press; 0 is 200 ms.
	KeyGap time.Duration
}

// A Call is one caller on the line. Its methods are what the caller does and
// notices; all may be used at any time from any goroutine.
type Call struct {
	channel
	caller Caller
	diary  diary
	placed time.Duration
	read   int           // events the script has seen
	done   chan struct{} // closed when the channel is gone
	inbox
	control
	ringing ringCount
}

// UUID is the Unique-ID of the caller's channel.
func (c *Call) UUID() string { return c.uuid }

// Press presses keys (0 to 9, *, #, A to D), KeyGap apart. FreeSWITCH takes
// each of them when what runs on the channel looks for it.
func (c *Call) Press(keys string) {
	c.mu.Lock()
	due := c.sw.clock.now()
	for _, k := range keys {
		if n := len(c.digits); n > 0 {
			due = max(due, c.digits[n-1].due+c.caller.KeyGap)
		}
		c.digits = append(c.digits, digit{byte(k), due, "RTP"})
	}
	c.mu.Unlock()
	c.wakeUp()
}

// Hangup is the caller putting down the telephone: a BYE, or a CANCEL when the
// call was not answered. It does nothing when the call has ended.
func (c *Call) Hangup() {
	cause, how := "NORMAL_CLEARING", "recv_bye"
	if c.state() != "answered" {
		cause, how = "ORIGINATOR_CANCEL", "recv_cancel"
	}
	c.mu.Lock()
	if !c.hungup {
		c.log(HungUp, "")
	}
	c.mu.Unlock()
	c.hangup(cause, how)
}

// Transcript is what happened so far.
func (c *Call) Transcript() Transcript { return c.diary.copy() }

// Follow yields what happened so far and then every event as it comes, until
// the call has ended or ctx is done.
func (c *Call) Follow(ctx context.Context) iter.Seq[Event] { return c.diary.follow(ctx) }

// Done is closed when the call has ended and its channel is gone.
func (c *Call) Done() <-chan struct{} { return c.done }

// Wait waits for the end of the call and returns its hangup cause.
func (c *Call) Wait(ctx context.Context) (cause string, err error) {
	select {
	case <-c.done:
		return c.get("hangup_cause"), nil
	case <-ctx.Done():
		return "", fmt.Errorf("wait for the end of call %s: %w\n%s", c.uuid, ctx.Err(), c.Transcript())
	}
}

// WaitFor waits for an event that has come or will come, looking at the whole
// transcript. It returns ErrEnded when the call ends without it.
func (c *Call) WaitFor(ctx context.Context, ok func(Event) bool) (Event, error) {
	for i := 0; ; i++ {
		e, err := c.diary.next(ctx, i)
		if err != nil {
			return Event{}, fmt.Errorf("%w\n%s", err, c.Transcript())
		}
		if ok(e) {
			return e, nil
		}
	}
}

// Variable is a channel variable, "" when it is not set.
func (c *Call) Variable(name string) string { return c.get(name) }

// MostRinging is the highest number of telephones that rang for this caller at
// the same time.
func (c *Call) MostRinging() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ringing.most
}

// log writes an event into the transcript.
func (c *Call) log(k Kind, text string) {
	c.diary.write(Event{At: c.sw.clock.now() - c.placed, Kind: k, Text: text})
}

// await moves the script's place in the transcript behind the next event that
// is ok.
func (c *Call) await(ctx context.Context, ok func(Event) bool) error {
	for {
		e, err := c.diary.next(ctx, c.read)
		if err != nil {
			return err
		}
		c.read++
		if ok(e) {
			return nil
		}
	}
}

// pause lets call time pass for the script.
func (c *Call) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(c.sw.clock.wall(d))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.done:
		return ErrEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

// play runs the caller's script to its end or that of the call.
func (c *Call) play(ctx context.Context, s Script) {
	for _, step := range s {
		if step(ctx, c) != nil {
			return
		}
	}
}
