package controller

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/dialplan"
)

const (
	// quiet is the prompt of play_and_get_digits that plays nothing
	// (switch_ivr_play_say.c, switch_ivr_read).
	quiet = "silence"
	// cutKey ends a running play_and_get_digits: the flash key is among its
	// terminators, and no caller's entry can hold it.
	cutKey = "F"
	// maxGather is how many digits fit into one play_and_get_digits with the
	// zero byte after them (mod_dptools.c, play_and_get_digits_function).
	maxGather = 127
	// longestEntry bounds the applications one entry may take.
	longestEntry = 2 * dialplan.MaxTypeAhead
)

// Answer answers the call.
func (l *line) Answer(ctx context.Context) error {
	if err := l.drain(ctx); err != nil || l.answered {
		return err
	}
	e, err := l.run(ctx, "answer", "", l.beforeAnswer()...)
	if err != nil {
		return err
	}
	if e != nil && e.Get("Answer-State") == "answered" {
		l.answered = true
	}
	return nil
}

// beforeAnswer sets after how long without RTP FreeSWITCH hangs up. It reads
// that when media begin, and again at the answer: a caller who is not answered
// may send nothing (switch_core_media.c, check_media_timeout_params).
func (l *line) beforeAnswer() []esl.Command {
	after := l.sess.Channel().Var("dialgraph_media_timeout")
	if l.answered || number(after) == 0 {
		return nil
	}
	return []esl.Command{l.set("media_timeout", strconv.Itoa(number(after)))}
}

// Play plays sounds in a row.
func (l *line) Play(ctx context.Context, p dialplan.Playback) error {
	if err := l.drain(ctx); err != nil {
		return err
	}
	if p.BargeIn && l.typed.Len() > 0 {
		return nil
	}
	if file := l.playable(ctx, p.Sounds); file != "" {
		return l.playback(ctx, file, p.BargeIn)
	}
	return nil
}

// playback plays a prompt to its end, or to the first digit.
func (l *line) playback(ctx context.Context, file string, bargeIn bool) error {
	id, err := l.start(ctx, "playback", file, l.terminators(bargeIn)...)
	if err != nil {
		return err
	}
	_, err = l.finish(ctx, id, func(*esl.Event) error {
		if bargeIn && l.typed.Len() > 0 {
			return errDigit
		}
		return nil
	})
	if !errors.Is(err, errDigit) {
		return err
	}
	// A digit that the parked channel took just before the playback began does
	// not end it: give it the time to end by itself.
	if done, err := l.within(ctx, id, settleFor); err != nil || done {
		return err
	}
	return l.stop(ctx, id)
}

// errDigit interrupts a wait because a digit has come.
var errDigit = errors.New("digit")

// within waits a short time for an application to end by itself.
func (l *line) within(ctx context.Context, id string, d time.Duration) (done bool, err error) {
	for until := time.Now().Add(d); ; {
		e, err := l.event(ctx, until)
		if err != nil || e == nil {
			return false, err
		}
		if completes(e, id) {
			return true, nil
		}
	}
}

// terminators says whether digits end a playback, where that has changed.
func (l *line) terminators(any bool) []esl.Command {
	keys := "none"
	if any {
		keys = "any"
	}
	if keys == l.played {
		return nil
	}
	l.played = keys
	return []esl.Command{l.set("playback_terminators", keys)}
}

// Collect plays a prompt and gathers digits.
func (l *line) Collect(ctx context.Context, c dialplan.Collect) (dialplan.Collected, error) {
	if err := l.drain(ctx); err != nil {
		return dialplan.Collected{}, err
	}
	prompt, err := l.announce(ctx, c)
	if err != nil {
		return dialplan.Collected{}, err
	}
	for range longestEntry {
		if got, done := l.typed.Take(c); done {
			return got, nil
		}
		more, err := l.gather(ctx, c, prompt)
		if err != nil {
			return dialplan.Collected{}, err
		}
		if got, done := l.typed.Take(c); done || !more {
			if !done {
				got = l.typed.TakeRest()
			}
			return got, nil
		}
		prompt = quiet
	}
	return l.typed.TakeRest(), nil
}

// announce returns the prompt for play_and_get_digits, whose first digit ends
// it; quiet where a digit has come already, or where the prompt must be heard
// to its end and therefore is played here.
func (l *line) announce(ctx context.Context, c dialplan.Collect) (prompt string, err error) {
	if c.BargeIn && l.typed.Len() > 0 {
		return quiet, nil
	}
	file := l.playable(ctx, c.Prompt)
	switch {
	case file == "":
		return quiet, nil
	case c.BargeIn:
		return file, nil
	}
	return quiet, l.playback(ctx, file, false)
}

// peek tells whether the type-ahead satisfies the entry, and takes nothing.
func (l *line) peek(c dialplan.Collect) (dialplan.Collected, bool) {
	return dialplan.NewTypeAhead(l.typed.String()).Take(c)
}

// gather lets FreeSWITCH play the prompt and wait for the digits that are
// missing. What was keyed in is read from the events, not from the
// application's variable: a digit that the channel took before the application
// began is in the events only. more tells that it did not end by a timeout, so
// that an incomplete entry goes on.
func (l *line) gather(ctx context.Context, c dialplan.Collect, prompt string) (more bool, err error) {
	have := l.typed.Len()
	first := c.First
	if have > 0 {
		first = c.InterDigit
	}
	// min max tries timeout terminators file invalid_file variable regexp digit_timeout.
	// An invalid file that is missing would flush digits out of the queue: none.
	arg := fmt.Sprintf("%d %d 1 %d %s%s '%s' '' dialgraph_digits '' %d",
		min(max(c.Min-have, 0), maxGather), min(max(c.Max-have, 1), maxGather),
		millis(first), keys(c.Terminators), cutKey, prompt, millis(c.InterDigit))
	id, err := l.start(ctx, "play_and_get_digits", arg)
	if err != nil {
		return false, err
	}
	cut := false
	started := time.Now()
	e, err := l.finish(ctx, id, func(*esl.Event) error {
		_, done := l.peek(c)
		early := prompt != quiet && l.typed.Len() > have && time.Since(started) < settleFor
		if done || early {
			return errDigit
		}
		return nil
	})
	if errors.Is(err, errDigit) {
		cut = true
		e, err = l.cut(ctx, id)
	}
	if err != nil {
		return false, err
	}
	return cut || e == nil || e.Var("read_result") == "success", nil
}

// cut ends play_and_get_digits, which knows no break while it collects, unless
// it ends by itself. The key of ours must have come back before the next
// application could take it for its own.
func (l *line) cut(ctx context.Context, id string) (*esl.Event, error) {
	if done, err := l.within(ctx, id, settleFor/2); err != nil || done {
		return nil, err
	}
	l.injected++
	if _, err := l.send(ctx, esl.Command{Line: "api uuid_recv_dtmf " + l.uuid + " " + cutKey}); err != nil {
		return nil, err
	}
	e, err := l.finish(ctx, id, nil)
	if err != nil {
		return nil, err
	}
	for until := time.Now().Add(2 * settleFor); l.injected > 0; {
		if next, err := l.event(ctx, until); err != nil || next == nil {
			l.injected = 0
			return e, err
		}
	}
	return e, nil
}

// keys keeps the DTMF keys of s: "", or something that FreeSWITCH's list of
// terminators takes literally.
func keys(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && dialplan.IsKey(byte(r)) {
			return r
		}
		return -1
	}, s)
}

func millis(d time.Duration) int64 { return max(d.Milliseconds(), 1) }
