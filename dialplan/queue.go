package dialplan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

type queue struct {
	Name      queueName     `menu:"name,main,required" doc:"The queue of the site that the caller waits in."`
	Music     prompts       `menu:"music" doc:"What is heard while waiting and ringing: the name of a prompt; FreeSWITCH's music on hold (local_stream://moh) when missing."`
	MaxWait   time.Duration `menu:"max_wait" default:"1h" min:"0s" max:"24h" doc:"The longest wait for an agent; 0s for as long as the caller stays."`
	Priority  expression    `menu:"priority" default:"caller.credit" wants:"a number" doc:"Counts as so many seconds waited already, 0 to 86400."`
	Skills    []string      `menu:"skills" max:"20" doc:"Skills that the agent must have: a name, or a list of names."`
	Prefer    expression    `menu:"prefer" wants:"text" doc:"The agent to be tried first, an expression such as caller.manager."`
	PreferFor time.Duration `menu:"prefer_for" default:"30s" min:"0s" max:"1h" doc:"How long only the preferred agent is tried; then anybody."`
	Whisper   prompts       `menu:"whisper" doc:"What the agent hears before the two are connected."`
	Keys      keyRefs       `branch:"keys" waits:"yes" missing:"none" doc:"Keys with which the caller leaves the queue, and where they lead to."`
	Next      ref           `branch:"next" waits:"yes" missing:"hangup" doc:"Where to go when the talk is over and the caller is still there."`
	Timeout   ref           `branch:"timeout" waits:"yes" missing:"exit" doc:"Where to go after max_wait."`
	Full      ref           `branch:"full" missing:"exit" doc:"Where to go when the queue takes no more callers."`
	Unstaffed ref           `branch:"unstaffed" missing:"exit" doc:"Where to go when nobody works in the queue."`
	Failed    ref           `branch:"failed" missing:"exit" doc:"Where to go when the queue does not exist or cannot be reached."`
}

// The phases of a queue.
const (
	phaseJoin = "join" // asking for a ticket
	phaseWait = "wait" // for an agent
	phaseRing = "ring" // an agent's telephone rings, or the two talk
)

// How long the queue itself may take.
const (
	joinWait     = 2 * time.Second        // for one answer, before there is music
	joinPatience = 90 * time.Second       // for a ticket, with music
	retryAfter   = 500 * time.Millisecond // when the queue cannot be reached
	reportWait   = 2 * time.Second        // for one report
)

func (q *queue) check(l *loader) {
	if q.Timeout >= 0 && q.MaxWait == 0 {
		l.faultHere("timeout", "timeout is never taken: max_wait is 0s, write the longest wait, or remove timeout")
	}
	for _, skill := range q.Skills {
		if !isName(skill) {
			l.faultHere("skills", "%q is no name for a skill: use up to 64 letters, digits, - and _", clip(skill))
		}
	}
	slices.Sort(q.Skills)
}

func (q *queue) run(ctx context.Context, c *call, s *State) (ref, error) {
	v := &queueVisit{queue: q, call: c, s: s}
	switch s.Phase {
	case phaseStart:
		s.Phase = phaseJoin
		if q.MaxWait > 0 {
			s.Until = c.Now().Add(q.MaxWait)
		}
	case phaseRing:
		if c.held != nil {
			break // an agent was offered in this wait
		}
		if s.Offer == nil {
			return 0, errors.New("resume an offer that the cursor does not have")
		}
		if next, done, err := v.resumed(ctx); err != nil || done {
			return next, err
		}
	}
	for {
		if s.Phase == phaseJoin {
			if next, done, err := v.join(ctx); err != nil || done {
				return next, err
			}
		}
		offer, next, done, err := v.wait(ctx)
		if err != nil || done {
			return next, err
		}
		if offer == nil {
			continue // the ticket was lost
		}
		if next, done, err := v.ring(ctx, offer); err != nil || done {
			return next, err
		}
	}
}

// A queueVisit is one call in one queue.
type queueVisit struct {
	*queue
	call  *call
	s     *State
	kept  func() // waits until the cursor with the offer is kept
	ended string // the offer whose talk has been reported as over
}

// join gets a ticket: at once as a rule, else with music until the queue can be
// reached again.
func (v *queueVisit) join(ctx context.Context) (next ref, done bool, err error) {
	request := v.request(ctx)
	v.call.save(ctx, true)
	var ticket Ticket
	try := func(ctx context.Context) (err error) {
		ctx, cancel := context.WithTimeout(ctx, joinWait)
		defer cancel()
		ticket, err = v.call.World.Join(ctx, request)
		return err
	}
	key := ""
	if err = try(ctx); err != nil && !isAnswer(err) && ctx.Err() == nil {
		v.call.trouble(ctx, "queue cannot be joined yet", err)
		key, err = v.hold(ctx, try)
	}
	switch {
	case err == nil && key == "":
		v.s.Phase, v.s.Ticket = phaseWait, ticket.ID
		if v.s.Since.IsZero() {
			v.s.Since = ticket.Joined
		}
		return 0, false, nil
	case errors.Is(err, ErrQueueFull):
		return v.Full, true, nil
	case errors.Is(err, ErrUnstaffed):
		return v.Unstaffed, true, nil
	case errors.Is(err, ErrTaken), ctx.Err() != nil:
		return 0, false, errors.Join(err, ctx.Err())
	}
	// The queue may have let the caller in, and its answer was lost.
	v.s.Ticket = ticket.ID
	switch {
	case errors.Is(err, ErrHangup):
		v.leave(ctx, LeaveAbandoned)
		return 0, false, err
	case key != "":
		return v.left(ctx, key)
	case v.over():
		v.leave(ctx, LeaveTimeout)
		return v.Timeout, true, nil
	default:
		v.leave(ctx, LeaveFault)
		v.call.trouble(ctx, "queue cannot be joined", err)
		return v.Failed, true, nil
	}
}

// request is what the queue is asked for.
func (v *queueVisit) request(ctx context.Context) Join {
	cursor := v.call.Cursor
	j := Join{
		Request: fmt.Sprintf("%s:%d:%d", cursor.Call, cursor.Visit, v.s.Tries), Call: cursor.Call,
		Site: cursor.Called.Site, Queue: string(v.Name), Skills: slices.Clone(v.Skills), Since: v.s.Since,
		Number: cursor.Caller.Number, Name: cursor.Caller.Name,
	}
	if cursor.Caller.Withheld {
		j.Number, j.Name = "", ""
	}
	if credit, err := v.call.evaluate(&v.Priority); err != nil {
		v.call.trouble(ctx, "priority counts as none", err)
	} else {
		const most = 24 * time.Hour
		j.Credit = time.Duration(min(max(credit.(float64), 0), most.Seconds()) * float64(time.Second))
	}
	if v.Prefer.given() {
		agent, err := v.call.evaluate(&v.Prefer)
		if err != nil {
			v.call.trouble(ctx, "nobody is preferred", err)
		} else if agent != "" {
			j.Prefer, j.PreferFor = agent.(string), v.PreferFor
		}
	}
	return j
}

// wait holds the caller until an agent is offered; the offer is nil when the
// ticket has been lost and the caller has to join again.
func (v *queueVisit) wait(ctx context.Context) (offer *Offer, next ref, done bool, err error) {
	h := v.call.held
	if h == nil {
		v.s.Phase = phaseWait
		v.call.held = v.held(ctx)
		return nil, 0, false, errWaits
	}
	v.call.held = nil
	key, err, offer := h.key, h.err, h.offer
	switch {
	case errors.Is(err, ErrHangup):
		v.drop(ctx, offer, Gone)
		v.leave(ctx, LeaveAbandoned)
		return nil, 0, false, err
	case errors.Is(err, ErrTaken), ctx.Err() != nil:
		return nil, 0, false, errors.Join(err, ctx.Err())
	case key != "":
		v.drop(ctx, offer, Cancelled)
		next, done, err = v.left(ctx, key)
		return nil, next, done, err
	case err == nil && offer != nil:
		v.kept = h.kept
		return offer, 0, false, nil
	case errors.Is(err, ErrNoTicket):
		v.s.Phase, v.s.Ticket = phaseJoin, ""
		v.s.Tries++
		return nil, 0, false, nil
	case errors.Is(err, context.DeadlineExceeded):
		v.leave(ctx, LeaveTimeout)
		return nil, v.Timeout, true, nil
	default:
		v.leave(ctx, LeaveFault)
		return nil, 0, false, err
	}
}

// offered begins to keep the offer in the cursor.
func (v *queueVisit) offered(ctx context.Context, offer *Offer) (kept func()) {
	v.s.Phase, v.s.Offer, v.s.Bridge = phaseRing, offer, offer.ID
	return v.call.saving(ctx, true)
}

// ring rings the agent of the offer and lets the two talk.
func (v *queueVisit) ring(ctx context.Context, offer *Offer) (next ref, done bool, err error) {
	lang := v.call.Cursor.Language
	b := Bridge{
		ID: offer.ID, Legs: []Leg{{Target: Target{Contact: offer.Contact}, Timeout: offer.Ring}},
		Ringback: v.Music.one(lang), Whisper: v.Whisper.in(lang), AcceptKey: offer.AcceptKey,
		Answered: func(b Bridged) { v.report(ctx, offer, Report{Outcome: Answered, Answered: b.Answered}) },
		Ended:    func(b Bridged) { v.parted(ctx, offer, b) },
	}
	if len(v.Keys) == 1 { // FreeSWITCH knows one such key
		b.CancelKey = v.Keys.String()
	}
	got, err := v.call.bridge(ctx, b, v.kept)
	switch {
	case errors.Is(err, ErrHangup) && got.Answered.IsZero():
		v.drop(ctx, offer, Gone)
		v.leave(ctx, LeaveAbandoned)
		return 0, false, err
	case errors.Is(err, ErrHangup):
		v.talked(ctx, offer, got)
		return 0, false, err
	case errors.Is(err, ErrTaken), ctx.Err() != nil:
		return 0, false, errors.Join(err, ctx.Err())
	case err != nil:
		v.drop(ctx, offer, Lost)
		v.leave(ctx, LeaveFault)
		return 0, false, err
	}
	return v.rung(ctx, offer, got)
}

// rung tells what became of an offer and where that leads: to the end of the
// talk, out by a key, or back to the same place in the queue.
func (v *queueVisit) rung(ctx context.Context, offer *Offer, got Bridged) (next ref, done bool, err error) {
	switch got.Outcome {
	case Answered:
		v.talked(ctx, offer, got)
		return v.Next, true, nil
	case Cancelled:
		v.drop(ctx, offer, Cancelled)
		return v.left(ctx, v.Keys.String())
	}
	v.drop(ctx, offer, got.Outcome)
	v.s.Phase, v.s.Offer, v.s.Bridge = phaseWait, nil, ""
	return 0, false, nil
}

// resumed asks what became of the offer that another process has rung.
func (v *queueVisit) resumed(ctx context.Context) (next ref, done bool, err error) {
	got, ok, err := v.call.Line.Bridged(ctx, v.s.Bridge)
	switch {
	case errors.Is(err, ErrHangup) && (!ok || got.Answered.IsZero()):
		v.drop(ctx, v.s.Offer, Gone)
		v.leave(ctx, LeaveAbandoned)
		return 0, false, err
	case errors.Is(err, ErrHangup):
		v.talked(ctx, v.s.Offer, got)
		return 0, false, err
	case err != nil:
		return 0, false, err
	case !ok:
		got = Bridged{Outcome: Lost}
	}
	return v.rung(ctx, v.s.Offer, got)
}

// parted reports the end of a talk, once: the agent may have the next caller.
func (v *queueVisit) parted(ctx context.Context, offer *Offer, got Bridged) {
	if v.ended == offer.ID {
		return
	}
	v.ended = offer.ID
	v.report(ctx, offer, Report{Outcome: Answered, Answered: got.Answered, Ended: cmp.Or(got.Ended, v.call.Now())})
}

// talked reports the end of a talk and gives the ticket back.
func (v *queueVisit) talked(ctx context.Context, offer *Offer, got Bridged) {
	v.parted(ctx, offer, got)
	v.leave(ctx, LeaveServed)
	v.call.talked()
}

// left leaves the queue by a key of the caller.
func (v *queueVisit) left(ctx context.Context, key string) (next ref, done bool, err error) {
	v.leave(ctx, LeaveKey)
	v.call.Cursor.Walked = 0
	next, ok := v.Keys.find(key)
	if !ok {
		return 0, false, fmt.Errorf("left the queue by key %q, which leads nowhere", key)
	}
	return next, true, nil
}

// drop reports an offer that came to nothing.
func (v *queueVisit) drop(ctx context.Context, offer *Offer, outcome Outcome) {
	if offer != nil {
		v.report(ctx, offer, Report{Outcome: outcome})
	}
}

// report and leave are told even when the call is over: the agent must be free.
func (v *queueVisit) report(ctx context.Context, offer *Offer, r Report) {
	telling, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportWait)
	defer cancel()
	if err := v.call.World.Report(telling, *offer, r); err != nil {
		v.call.trouble(ctx, "offer cannot be reported", err)
	}
}

func (v *queueVisit) leave(ctx context.Context, why LeaveReason) {
	if v.s.Ticket == "" {
		return
	}
	telling, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportWait)
	defer cancel()
	if err := v.call.World.Leave(telling, v.s.Ticket, why); err != nil {
		v.call.trouble(ctx, "queue cannot be left", err)
	}
}

// isAnswer tells an answer of the queue from a queue that cannot be reached.
func isAnswer(err error) bool {
	return errors.Is(err, ErrNoQueue) || errors.Is(err, ErrQueueFull) || errors.Is(err, ErrUnstaffed) ||
		errors.Is(err, ErrNoTicket)
}

// queueName is a setting: the name of a queue.
type queueName string

func (q *queueName) read(l *loader, n *value, _ *field) {
	name, ok := l.name(n, "queue")
	if !ok {
		return
	}
	for _, known := range [][]string{l.queues, l.opts.Queues} {
		if known != nil && !slices.Contains(known, name) {
			l.fault(n, "there is no queue %q%s", name, l.suggest(name, known))
			return
		}
	}
	*q = queueName(name)
	l.queueNames[name] = true
}
