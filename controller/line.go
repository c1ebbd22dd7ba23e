package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/dialplan"
)

// Why a call is no longer ours though the caller is still there. To the walk
// both are dialplan.ErrTaken.
var (
	errLost   = fmt.Errorf("socket lost: %w", dialplan.ErrTaken)           // whoever finds the call goes on
	errTaken  = fmt.Errorf("another has the call: %w", dialplan.ErrTaken)  // somebody went on with it already
	errHanded = fmt.Errorf("handed to another one: %w", dialplan.ErrTaken) // a drain: FreeSWITCH shall bring it to the next
)

const (
	// probeEvery is how often a verb that hears nothing for twice as long asks
	// whether what it waits for still runs: an application that somebody dropped
	// from FreeSWITCH's queue ends without a word.
	probeEvery = 15 * time.Second
	// settleFor is how long something may take to show that FreeSWITCH does
	// within a frame or two.
	settleFor = 150 * time.Millisecond
	// burst is how long events that belong together may be apart.
	burst = 30 * time.Millisecond
)

// A line is one caller on a FreeSWITCH channel. It belongs to the goroutine
// that runs the call: verbs send an application, take events in order until
// its completion has come, and nothing else reads the session's events.
type line struct {
	sess  *esl.Session
	uuid  string
	token string // ours, as in the channel variable dialgraph_owner
	site  Site
	cfg   *Config
	pulse *pulse
	log   *slog.Logger
	stats *counters
	files *presence // of the node
	notes notebook  // for the record
	keep  func()    // saves the record: something happened that whoever resumes the call must know

	typed    *dialplan.TypeAhead
	silenced byte       // key that is a command to the ringing, not a digit
	over     error      // why the call is no longer ours, nil while it is
	last     *esl.Event // CHANNEL_HANGUP, then CHANNEL_HANGUP_COMPLETE
	answered bool
	left     bool // we sent it elsewhere
	ended    bool // we had it hung up
	apps     int  // applications sent
	injected int  // digits of ours that have not come back as events yet
	played   string
	beats    uint64 // pulse when the call was last known to be ours
}

// Typed is the type-ahead.
func (l *line) Typed() *dialplan.TypeAhead { return l.typed }

// event waits for the next event and does what it means to every verb. It
// returns nil when until has come, unless that is zero.
func (l *line) event(ctx context.Context, until time.Time) (*esl.Event, error) {
	for {
		if l.over != nil {
			return nil, l.over
		}
		e, err := l.got(l.sess.Next(ctx, until))
		if e != nil || err != nil || !until.IsZero() && !time.Now().Before(until) {
			return e, err
		}
	}
}

// hear is event for a wait that may be long. It also returns nil when the
// session was woken.
func (l *line) hear(ctx context.Context, until time.Time) (*esl.Event, error) {
	if l.over != nil {
		return nil, l.over
	}
	return l.got(l.sess.Idle(ctx, until))
}

// got does what an event means, and tells the end of the connection from that
// of the context.
func (l *line) got(e *esl.Event, err error) (*esl.Event, error) {
	switch {
	case e != nil:
		l.take(e)
		return e, l.over
	case err != nil && l.sess.Err() != nil:
		l.over = errLost
		return nil, l.over
	}
	return nil, err
}

// next takes an event that has come, nil for none, and does what it means to
// every verb.
func (l *line) next() *esl.Event {
	e, err := l.sess.Take()
	if err != nil {
		l.over = errLost
	}
	if e != nil {
		l.take(e)
	}
	return e
}

// drain takes the events that have come.
func (l *line) drain(ctx context.Context) error {
	for l.over == nil && l.next() != nil {
	}
	if l.over == nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return l.over
}

// take does what an event means to every verb.
func (l *line) take(e *esl.Event) {
	switch e.Name() {
	case "DTMF":
		l.digit(e)
	case "CHANNEL_ANSWER":
		l.answered = true
		l.notes.add(func(n *notes) { setDefault(&n.answered, eventTime(e)) })
	case "CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE":
		l.over, l.last = dialplan.ErrHangup, e
	case "CHANNEL_EXECUTE_COMPLETE":
		// The end of `socket` itself: somebody transferred the call.
		if e.Get("Application") == "socket" && e.Get("Answer-State") != "hangup" {
			l.over = errTaken
		}
	}
}

// digit adds a key to the type-ahead. The stream of DTMF events is the truth:
// FreeSWITCH sends one whenever something takes a digit from the channel's
// queue, in order, be it a prompt, the music or the parked channel
// (switch_channel.c, switch_channel_dequeue_dtmf).
func (l *line) digit(e *esl.Event) {
	if e.Get("DTMF-Source") == "APP" {
		l.injected = max(0, l.injected-1)
		return
	}
	if key := e.Get("DTMF-Digit"); len(key) == 1 && key[0] != l.silenced {
		l.typed.Add(key[0])
	}
}

// send sends commands in one write and waits for their replies, which come at
// once. A refusal by FreeSWITCH is an *esl.ReplyError beside the replies.
func (l *line) send(ctx context.Context, commands ...esl.Command) ([]*esl.Event, error) {
	if l.over != nil {
		return nil, l.over
	}
	if err := l.stillOurs(ctx); err != nil {
		return nil, err
	}
	replies, err := l.sess.Pipeline(commands...)
	var refusal *esl.ReplyError
	switch {
	case err == nil:
		return replies, nil
	case errors.As(err, &refusal):
		if strings.Contains(refusal.Text, "No such channel") {
			l.over = dialplan.ErrHangup
			return replies, l.over
		}
		return replies, err
	case errors.Is(err, esl.ErrBadCommand):
		return nil, err
	}
	// The connection is gone; what came before may say why.
	for l.over == nil {
		if _, err := l.event(context.Background(), time.Time{}); err != nil {
			break
		}
	}
	return nil, l.over
}

// stillOurs asks, after this process has stood still, whether the call is
// still ours: another controller may have taken it meanwhile, and a command on
// the old socket would still reach the channel.
func (l *line) stillOurs(ctx context.Context) error {
	beats := l.pulse.stalls()
	if beats == l.beats {
		return nil
	}
	owner, err := l.sess.API("uuid_getvar " + l.uuid + " dialgraph_owner")
	if err != nil || owner != l.token {
		l.over = errTaken
		if drained := l.sess.Err(); drained != nil {
			l.over = errLost
		}
		return l.over
	}
	l.beats = beats
	return nil
}

// start sends an application, after what has to be set before it, and returns
// the id that its completion will carry.
func (l *line) start(ctx context.Context, app, arg string, before ...esl.Command) (id string, err error) {
	l.apps++
	id = l.token[:8] + "-" + strconv.Itoa(l.apps)
	command := esl.Execute(app, arg, esl.ExecuteOptions{UUID: id, Lock: true})
	_, err = l.send(ctx, append(before, command)...)
	return id, err
}

// finish waits for the completion of an application. Each event before it is
// shown to each, which may be nil.
func (l *line) finish(ctx context.Context, id string, each func(*esl.Event) error) (*esl.Event, error) {
	for silence := 2 * probeEvery; ; {
		e, err := l.event(ctx, time.Now().Add(silence))
		switch {
		case err != nil:
			return e, err
		case e == nil:
			if running, err := l.runs(ctx); err != nil || !running {
				return nil, err
			}
			silence = probeEvery
			continue
		case completes(e, id):
			return e, l.settle(ctx, e)
		}
		silence = 2 * probeEvery
		if each != nil {
			if err := each(e); err != nil {
				return nil, err
			}
		}
	}
}

// settle waits, after an application that did not end by itself, whether
// `socket` ends with it: whoever transfers a call ends both, one right after
// the other, and another command of ours would reach his call.
func (l *line) settle(ctx context.Context, e *esl.Event) error {
	switch e.Get("Application") {
	case "playback":
		if e.Get("Application-Response") == "FILE PLAYED" {
			return nil
		}
	case "play_and_get_digits":
		if e.Var("read_result") == "success" {
			return nil
		}
	case "bridge":
	default:
		return nil
	}
	for until := time.Now().Add(burst); ; {
		if next, err := l.event(ctx, until); err != nil || next == nil {
			return err
		}
	}
}

// run executes an application to its end. The completion is nil when the
// application is no longer there and no completion came.
func (l *line) run(ctx context.Context, app, arg string, before ...esl.Command) (*esl.Event, error) {
	id, err := l.start(ctx, app, arg, before...)
	if err != nil {
		return nil, err
	}
	return l.finish(ctx, id, nil)
}

// runs asks whether an application still runs on the channel.
func (l *line) runs(ctx context.Context) (bool, error) {
	replies, err := l.send(ctx, esl.Command{Line: "api uuid_getvar " + l.uuid + " current_application"})
	if err != nil {
		return false, err
	}
	app := replies[0].ReplyText()
	return app != "socket" && app != "park" && app != unset, nil
}

// stop ends the running application and waits until it has ended. FreeSWITCH
// loses a break that comes while the application is being set up, and drops
// one that has not begun without a completion (switch_core_session.c,
// switch_core_session_exec; mod_commands.c, break_function): so it is repeated,
// with a marker behind it that completes when nothing else does.
func (l *line) stop(ctx context.Context, id string) error {
	for range 20 {
		l.apps++
		marker := l.token[:8] + "-" + strconv.Itoa(l.apps)
		_, err := l.send(ctx,
			esl.Command{Line: "api uuid_break " + l.uuid + " all"},
			esl.Execute("set", "dialgraph_marker="+strconv.Itoa(l.apps), esl.ExecuteOptions{UUID: marker, Lock: true}))
		if err != nil {
			return err
		}
		for until := time.Now().Add(settleFor); ; {
			e, err := l.event(ctx, until)
			if err != nil {
				return err
			}
			if e == nil {
				break
			}
			if completes(e, id) || completes(e, marker) {
				return nil
			}
		}
	}
	return fmt.Errorf("application %s does not end", id)
}

// completes tells whether e is the completion of the application.
func completes(e *esl.Event, id string) bool {
	return e.Name() == "CHANNEL_EXECUTE_COMPLETE" && e.Get("Application-UUID") == id
}

// set sets a channel variable at once; an empty value unsets it. uuid_setvar
// expands nothing, whoever uses the variable later does: the value is checked.
func (l *line) set(name, value string) esl.Command {
	return esl.Command{Line: "api uuid_setvar " + l.uuid + " " + name + " " + value}
}

// eventTime is when FreeSWITCH made the event.
func eventTime(e *esl.Event) time.Time { return microTime(e.Get("Event-Date-Timestamp")) }

// microTime reads microseconds since 1970; zero for none.
func microTime(s string) time.Time {
	us, err := strconv.ParseInt(s, 10, 64)
	if err != nil || us <= 0 {
		return time.Time{}
	}
	return time.UnixMicro(us)
}
