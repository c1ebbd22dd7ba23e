package sim

import (
	"context"
	"strings"

	"github.com/dialgraph/dialgraph/dialplan"
)

// A line is the telephone of a call under one controller.
type line struct {
	*call
	stop context.CancelCauseFunc
}

// begin counts a waiting verb, and stops the controller when the script wants
// it here.
func (l line) begin(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if l.verbs++; l.verbs == l.script.StopAt {
		l.stopped = true
		l.stop(errStopped)
		return errStopped
	}
	return nil
}

func (l line) Answer(context.Context) error { return nil }

func (l line) Typed() *dialplan.TypeAhead { return l.typed }

func (l line) Play(ctx context.Context, p dialplan.Playback) error {
	if err := l.begin(ctx); err != nil {
		return err
	}
	if p.BargeIn && l.typed.Len() > 0 {
		return nil
	}
	l.hear(p.Sounds)
	return nil
}

// Collect presses the caller's next keys, unless those typed ahead suffice.
func (l line) Collect(ctx context.Context, q dialplan.Collect) (dialplan.Collected, error) {
	if err := l.begin(ctx); err != nil {
		return dialplan.Collected{}, err
	}
	if got, done := l.typed.Take(q); done {
		l.say("  typed", "%s", got.Digits+got.Terminator)
		return got, nil
	}
	if l.typed.Len() == 0 || !q.BargeIn {
		l.hear(q.Prompt)
		l.clock = l.clock.Add(listening)
	}
	if l.asked >= len(l.script.Keys) && l.script.HangUp {
		l.say("  hangs", "up")
		return dialplan.Collected{}, dialplan.ErrHangup
	}
	keys := ""
	if l.asked < len(l.script.Keys) {
		keys = l.script.Keys[l.asked]
		l.asked++
	}
	for i := range len(keys) {
		l.typed.Add(keys[i])
	}
	got, done := l.typed.Take(q)
	if !done {
		got = l.typed.TakeRest()
		l.clock = l.clock.Add(q.First)
	}
	if keys == "" && got.Digits == "" && got.Terminator == "" {
		l.say("  keys", "none")
	} else {
		l.say("  keys", "%s", got.Digits+got.Terminator)
	}
	return got, nil
}

// Hold lets the caller wait, or wait in vain until the node gives up, or the
// caller does.
func (l line) Hold(ctx context.Context, h dialplan.Hold, wait dialplan.Wait) (string, error) {
	if err := l.begin(ctx); err != nil {
		return "", err
	}
	if l.script.Nobody && l.asked < len(l.script.Keys) {
		if key := l.script.Keys[l.asked]; len(key) == 1 && strings.Contains(h.Keys, key) {
			l.asked++
			l.say("  keys", "%s", key)
			return key, nil
		}
	}
	over, err := false, error(nil)
	wait(func(e error) { over, err = true, e })()
	switch {
	case over:
		if h.Over != nil {
			h.Over(err)
		}
		return "", err
	case h.AtMost > 0 && h.AtMost < patience:
		l.clock = l.clock.Add(h.AtMost)
		l.say("  waited", "%s", h.AtMost)
		return "", context.DeadlineExceeded
	}
	l.clock = l.clock.Add(patience)
	l.say("  hangs", "up after %s", patience)
	return "", dialplan.ErrHangup
}

// Bridge reaches somebody with the next outcome of the script.
func (l line) Bridge(ctx context.Context, b dialplan.Bridge) (dialplan.Bridged, error) {
	if err := l.begin(ctx); err != nil {
		return dialplan.Bridged{}, err
	}
	var last dialplan.Bridged
	for i, leg := range b.Legs {
		to := leg.Target
		l.say("  rings", "%s", or(to.Contact, or(to.Extension, to.Number)))
		last = dialplan.Bridged{Outcome: l.outcome(), Index: i, Leg: b.ID, Ended: l.clock}
		if last.Outcome == dialplan.Answered {
			return l.talks(b, last), nil
		}
		l.say("  gets", "%s", last.Outcome)
		if last.Outcome == dialplan.Gone {
			return last, dialplan.ErrHangup
		}
		if last.Outcome == dialplan.NoAnswer {
			l.clock = l.clock.Add(leg.Timeout)
		}
	}
	return last, nil
}

func (l line) talks(b dialplan.Bridge, with dialplan.Bridged) dialplan.Bridged {
	with.Answered = l.clock
	if b.Answered != nil {
		b.Answered(with)
	}
	l.say("  talks", "%s", talk)
	l.clock = l.clock.Add(talk)
	with.Ended = l.clock
	if l.bridged == nil {
		l.bridged = make(map[string]dialplan.Bridged)
	}
	l.bridged[b.ID] = with
	return with
}

func (l line) Bridged(_ context.Context, id string) (dialplan.Bridged, bool, error) {
	b, ok := l.bridged[id]
	return b, ok, nil
}

// outcome is that of the next attempt.
func (c *call) outcome() dialplan.Outcome {
	if len(c.script.Reached) == 0 {
		return dialplan.Answered
	}
	i := min(c.tried, len(c.script.Reached)-1)
	c.tried++
	return c.script.Reached[i]
}

func (l line) Exit(_ context.Context, destination string) error {
	l.left = "exit to " + or(destination, "the number's fallback")
	return nil
}

func (l line) Hangup(_ context.Context, cause string) error {
	l.left = "hangup " + cause
	return nil
}

var _ dialplan.Line = line{}
