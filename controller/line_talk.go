package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/dialplan"
)

// ringing is the ringing tone of most of Europe (ITU-T E.180).
const ringing = "tone_stream://%(1000,4000,425);loops=-1"

// Bridge rings the legs and lets the two talk.
func (l *line) Bridge(ctx context.Context, b dialplan.Bridge) (dialplan.Bridged, error) {
	if err := l.drain(ctx); err != nil {
		return dialplan.Bridged{Outcome: dialplan.Gone}, err
	}
	d, fault := l.site.dial(b)
	if len(d.legs) == 0 {
		if d.refused > 0 {
			return dialplan.Bridged{Outcome: dialplan.Refused, Cause: "OUTGOING_CALL_BARRED"}, nil
		}
		l.log.Warn("nothing to dial", "error", fault)
		return dialplan.Bridged{Outcome: dialplan.Unreachable, Cause: "INVALID_NUMBER_FORMAT"}, nil
	}
	if fault != nil {
		l.log.Warn("leg left out", "error", fault)
	}
	l.stats.bridges.Add(1)
	l.notes.add(func(n *notes) { n.offered = l.cfg.Clock() })
	id, err := l.start(ctx, "bridge", d.String(l.legVariables(ctx, b), b.Together), l.beforeBridge(ctx, b)...)
	if err != nil {
		return dialplan.Bridged{Outcome: dialplan.Gone}, err
	}
	l.keep()
	t := talk{line: l, bridge: b, uuids: d.uuids}
	if b.CancelKey != "" {
		l.silenced = b.CancelKey[0]
	}
	e, err := l.finish(ctx, id, func(e *esl.Event) error { return t.event(ctx, e) })
	l.silenced = 0
	return t.end(ctx, e, err)
}

// beforeBridge sets what `bridge` reads from the caller's channel.
func (l *line) beforeBridge(ctx context.Context, b dialplan.Bridge) []esl.Command {
	return append(l.beforeAnswer(), []esl.Command{
		{Line: "api uuid_setvar_multi " + l.uuid + " continue_on_fail=true;hangup_after_bridge=false;socket_resume=true;" +
			"originate_disposition=;bridge_uuid=;last_bridge_to=;bridge_hangup_cause=;origination_cancel_key=" + keys(b.CancelKey)},
		l.set("ringback", l.ringback(ctx, b)),
	}...)
}

// ringback is what the caller hears while it rings: whoever waits for an agent
// goes on hearing music, whoever is put through hears it ring.
func (l *line) ringback(ctx context.Context, b dialplan.Bridge) string {
	named := b.Ringback.File != "" || b.Ringback.Text != "" || b.Ringback.Tone != ""
	if !named && b.Legs[0].Target.Contact == "" {
		return ringing
	}
	return l.music(ctx, b.Ringback)
}

// legVariables are what all legs have in common. The controller may be lost
// while it rings, then the call resumes; from the answer on the talk goes on
// without it: FreeSWITCH itself flips socket_resume when a leg answers.
func (l *line) legVariables(ctx context.Context, b dialplan.Bridge) []string {
	variables := []string{
		"ignore_early_media=true",
		fmt.Sprintf("originate_timeout=%d", originateSeconds(b)),
		"api_on_answer='uuid_setvar " + l.uuid + " socket_resume false'",
		"playback_delimiter=" + between,
		"playback_sleep_val=0",
	}
	if passes(b.Presented, wordSigns) {
		variables = append(variables, "origination_caller_id_number="+b.Presented)
	}
	whisper := l.playable(ctx, b.Whisper)
	switch {
	case keys(b.AcceptKey) != "":
		file := quiet
		if whisper != "" {
			file = whisper
		}
		variables = append(variables, "group_confirm_key="+keys(b.AcceptKey)[:1], "group_confirm_file='"+file+"'")
	case whisper != "":
		variables = append(variables, "group_confirm_key=exec", "group_confirm_file='playback "+whisper+"'")
	}
	return variables
}

// originateSeconds bounds one attempt as a whole.
func originateSeconds(b dialplan.Bridge) int {
	longest := 0
	for _, leg := range b.Legs {
		longest = max(longest, ringSeconds(leg.Timeout))
	}
	return longest + 1
}

// A talk is a bridge from the first ring to its end.
type talk struct {
	line      *line
	bridge    dialplan.Bridge
	uuids     []string
	bridged   dialplan.Bridged
	cancelled bool
}

// event looks at what happens while it rings and while the two talk.
func (t *talk) event(ctx context.Context, e *esl.Event) error {
	switch e.Name() {
	case "DTMF":
		if t.bridged.Answered.IsZero() && t.bridge.CancelKey != "" &&
			e.Get("DTMF-Digit") == t.bridge.CancelKey[:1] && e.Get("DTMF-Source") != "APP" {
			t.cancelled = true
		}
	case "CHANNEL_BRIDGE":
		if !t.bridged.Answered.IsZero() {
			return nil
		}
		if err := t.line.stillOurs(ctx); err != nil {
			return err // what was read after a standstill may be long over, and a talk told of would never end
		}
		t.answered(e)
		return t.tell(ctx)
	case "CHANNEL_UNBRIDGE":
		parted := !t.bridged.Answered.IsZero() && t.bridged.Ended.IsZero()
		t.bridged.Ended = eventTime(e)
		if parted && t.bridge.Ended != nil {
			t.bridge.Ended(t.bridged)
		}
	}
	return nil
}

// answered notes who answered, and tells.
func (t *talk) answered(e *esl.Event) {
	l := t.line
	leg := e.Get("Bridge-B-Unique-ID")
	if leg == "" || leg == l.uuid {
		leg = e.Get("Other-Leg-Unique-ID")
	}
	t.bridged = dialplan.Bridged{
		Outcome: dialplan.Answered, Leg: leg, Index: max(slices.Index(t.uuids, leg), 0), Answered: eventTime(e),
	}
	l.silenced = 0
	l.stats.answers.Add(1)
	l.notes.add(func(n *notes) {
		n.leg = leg
		setDefault(&n.talked, t.bridged.Answered)
	})
	if t.bridge.Answered != nil {
		t.bridge.Answered(t.bridged)
	}
	l.keep()
}

// tell leaves on the channel since when the two talk, and lets FreeSWITCH leave
// there until when: nobody may be there to see it. FreeSWITCH itself forgets
// the first at the transfer that brings the call to the next owner
// (switch_channel.c, switch_channel_set_caller_profile).
func (t *talk) tell(ctx context.Context) error {
	l, leg := t.line, t.bridged.Leg
	// The leg expands it as it hangs up (switch_core_state_machine.c, api_hook).
	// It may be gone by now; a connection that is lost shows in what follows.
	_, _ = l.sess.API("uuid_setvar " + leg + " api_hangup_hook uuid_setvar " + l.uuid + " " + talkedUntil + " " +
		leg + ":${Caller-Channel-Hangup-Time}")
	_, err := l.send(ctx, l.set(talkingSince, fmt.Sprintf("%s:%d", leg, t.bridged.Answered.UnixMicro())))
	if refusal := (*esl.ReplyError)(nil); errors.As(err, &refusal) {
		return nil
	}
	return err
}

// talkingSince and talkedUntil are the channel variables that say who answered
// and when, and who hung up and when: leg, colon, microseconds since 1970.
const (
	talkingSince = "dialgraph_talking"
	talkedUntil  = "dialgraph_talked"
)

// legTime is the moment in one of those variables, zero when it is another
// leg's.
func legTime(variable, leg string) time.Time {
	at, ok := strings.CutPrefix(variable, leg+":")
	if !ok {
		return time.Time{}
	}
	return microTime(at)
}

// end makes the outcome of the bridge from its completion, or from what ended
// the wait for it.
func (t *talk) end(ctx context.Context, e *esl.Event, err error) (dialplan.Bridged, error) {
	l, b := t.line, &t.bridged
	talked := !b.Answered.IsZero()
	if talked {
		if b.Ended.IsZero() {
			b.Ended = l.cfg.Clock()
		}
	}
	if talked && (err == nil || errors.Is(err, dialplan.ErrHangup)) { // else the next owner counts it: Bridged
		l.notes.add(func(n *notes) { n.talk += b.Ended.Sub(b.Answered) })
	}
	switch {
	case errors.Is(err, dialplan.ErrHangup):
		if !talked {
			b.Outcome = dialplan.Gone
		}
		b.ByCaller = byCaller(l.last)
		b.Cause = hangupCause(l.last)
		return *b, err
	case err != nil:
		if !talked {
			b.Outcome = dialplan.Lost
		}
		return *b, err
	case talked:
		b.Cause = e.Var("bridge_hangup_cause")
	case e == nil:
		b.Outcome = dialplan.Lost
	default:
		b.Cause = e.Var("originate_disposition")
		b.Outcome = outcome(b.Cause)
		if t.cancelled && b.Outcome == dialplan.NoAnswer {
			b.Outcome = dialplan.Cancelled
		}
	}
	_, err = l.send(ctx, l.set("socket_resume", "true"))
	return *b, err
}

// Bridged tells what became of an attempt that a former owner of the call
// began, from the channel as it was handed over.
func (l *line) Bridged(ctx context.Context, id string) (dialplan.Bridged, bool, error) {
	if err := l.drain(ctx); err != nil {
		return dialplan.Bridged{}, false, err
	}
	channel := l.sess.Channel()
	leg := channel.Var("last_bridge_to")
	i := legIndex(id, leg)
	if i < 0 {
		return dialplan.Bridged{}, false, nil
	}
	b := dialplan.Bridged{
		Outcome: dialplan.Answered, Leg: leg, Index: i, Cause: channel.Var("bridge_hangup_cause"),
		Answered: legTime(channel.Var(talkingSince), leg), Ended: legTime(channel.Var(talkedUntil), leg),
	}
	setDefault(&b.Ended, eventTime(channel))
	// The owner may have been lost before it could leave that.
	setDefault(&b.Answered, microTime(channel.Get("Caller-Channel-Bridged-Time")))
	setDefault(&b.Answered, b.Ended) // nobody knows when, but they talked
	l.notes.add(func(n *notes) { n.leg, n.talked, n.talk = leg, b.Answered, b.Ended.Sub(b.Answered) })
	return b, true, nil
}
