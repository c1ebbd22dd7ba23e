package dialplan

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const queueNode = `
  start:
    say: hello
    queue: {name: support, max_wait: 5m, prefer: caller.manager, skills: [b, a]}
    keys: {"1": key}
    next: next
    timeout: timeout
    full: full
    unstaffed: unstaffed
    failed: failed
  key: {exit: key}
  next: {exit: next}
  timeout: {exit: timeout}
  full: {exit: full}
  unstaffed: {exit: unstaffed}
  failed: {exit: failed}
`

const joined = "play hello\njoin support credit 0s prefer \"\" since false\n"

func TestQueue(t *testing.T) {
	runAll(t, []situation{
		{name: "talks to an agent", nodes: queueNode, end: Exited, caller: Caller{Credit: 60, Manager: "bob"},
			want: "play hello\njoin support credit 1m0s prefer \"bob\" since false\nhold\nring ann\nreport o1 answered\n" +
				"report o1 answered over\nleave t1 served\nexit next"},
		{name: "the agent is free as soon as the two have parted", nodes: queueNode, end: Exited,
			prop: func(p *phone) { p.parts = true },
			want: joined + "hold\nring ann\nreport o1 answered\nreport o1 answered over\nparted\nleave t1 served\nexit next"},
		{name: "no answer, then busy, then talks: same place", nodes: queueNode, end: Exited,
			prop: func(p *phone) { p.outcomes = []Outcome{NoAnswer, Busy, Answered} },
			want: joined + "hold\nring ann\nreport o1 no-answer\nhold\nring ann\nreport o2 busy\nhold\nring ann\nreport o3 answered\n" +
				"report o3 answered over\nleave t1 served\nexit next"},
		{name: "hangs up while queued", nodes: queueNode, end: CallerLeft, prop: func(p *phone) { p.hold = []string{"!"} },
			want: joined + "hold\nleave t1 abandoned"},
		{name: "hangs up while the agent rings", nodes: queueNode, end: CallerLeft,
			prop: func(p *phone) { p.outcomes = []Outcome{Gone} },
			want: joined + "hold\nring ann\nreport o1 gone\nleave t1 abandoned"},
		{name: "leaves by a key", nodes: queueNode, end: Exited, prop: func(p *phone) { p.hold = []string{"1"} },
			want: joined + "hold\nleave t1 key\nexit key"},
		{name: "leaves by a key while the agent rings", nodes: queueNode, end: Exited,
			prop: func(p *phone) { p.outcomes = []Outcome{Cancelled} },
			want: joined + "hold\nring ann\nreport o1 cancelled\nleave t1 key\nexit key"},
		{name: "waits for too long", nodes: queueNode, end: Exited,
			prop: func(p *phone) { p.next = []error{errNobody} },
			want: joined + "hold\nleave t1 timeout\nexit timeout"},
		{name: "full", nodes: queueNode, end: Exited, prop: func(p *phone) { p.join = []error{ErrQueueFull} },
			want: "play hello\nexit full"},
		{name: "unstaffed", nodes: queueNode, end: Exited, prop: func(p *phone) { p.join = []error{ErrUnstaffed} },
			want: "play hello\nexit unstaffed"},
		{name: "no such queue", nodes: queueNode, end: Exited, prop: func(p *phone) { p.join = []error{ErrNoQueue} },
			want: "play hello\nexit failed"},
		{name: "the ticket is lost: joins again as of then", nodes: queueNode, end: Exited,
			prop: func(p *phone) { p.next = []error{ErrNoTicket} },
			want: joined + "hold\njoin support credit 0s prefer \"\" since true\nhold\nring ann\nreport o1 answered\n" +
				"report o1 answered over\nleave t2 served\nexit next"},
		{name: "what is missing ends the call", end: HungUp, nodes: "\n  start: {queue: support}\n",
			want: "join support credit 0s prefer \"\" since false\nhold\nring ann\nreport o1 answered\nreport o1 answered over\n" +
				"leave t1 served\nhangup NORMAL_CLEARING"},
	})
}

func TestQueueOutOfReach(t *testing.T) {
	down := errors.New("connection refused")
	for _, s := range []situation{
		{name: "comes back", nodes: queueNode, end: Exited, prop: func(p *phone) { p.join = []error{down, down, nil} },
			want: "play hello\nhold\njoin support credit 0s prefer \"\" since false\nhold\nring ann\nreport o1 answered\n" +
				"report o1 answered over\nleave t1 served\nexit next"},
		{name: "stays away", nodes: queueNode, end: Exited, prop: func(p *phone) {
			for range 1000 {
				p.join = append(p.join, down)
			}
		}, want: "play hello\nhold\nexit failed"},
	} {
		t.Run(s.name, func(t *testing.T) { synctest.Test(t, s.run) })
	}
}

const dialNode = `
  start:
    say: hello
    dial: {to: [101, "+380441234567", {contact: "a@b", timeout: 5s}]}
    next: next
    busy: busy
    no_answer: noanswer
  next: {exit: next}
  busy: {exit: busy}
  noanswer: {exit: noanswer}
`

func TestDial(t *testing.T) {
	runAll(t, []situation{
		{name: "the second answers", nodes: dialNode, end: Exited, prop: func(p *phone) { p.outcomes = []Outcome{Busy, Answered} },
			want: "play hello\nring 101\nring +380441234567\nexit next"},
		{name: "the last is busy", nodes: dialNode, end: Exited, prop: func(p *phone) { p.outcomes = []Outcome{NoAnswer, Refused, Busy} },
			want: "play hello\nring 101\nring +380441234567\nring a@b\nexit busy"},
		{name: "nobody answers", nodes: dialNode, end: Exited, prop: func(p *phone) { p.outcomes = []Outcome{NoAnswer, NoAnswer, NoAnswer} },
			want: "play hello\nring 101\nring +380441234567\nring a@b\nexit noanswer"},
		{name: "unreachable leads to the fallback", nodes: dialNode, end: Exited,
			prop: func(p *phone) { p.outcomes = []Outcome{Busy, Busy, Unreachable} },
			want: "play hello\nring 101\nring +380441234567\nring a@b\nexit"},
		{name: "all at once", end: HungUp, nodes: "\n  start: {dial: {to: [101, 102], together: yes}}\n",
			want: "ring 101\nring 102\nhangup NORMAL_CLEARING"},
		{name: "keys pressed before the talk are not for the survey", end: Exited, nodes: `
  start: {menu: ask, keys: {"1": people}, silent: out}
  people: {dial: 101, next: rate}
  rate: {menu: again, keys: {"5": out}, silent: out}
  out: {exit: }
`, keys: []string{"155", "", ""}, want: "ask ask\nkey 1\nring 101\nask again\nsilence\nask again\nsilence\nexit"},
		{name: "hangs up while it rings", nodes: dialNode, end: CallerLeft, prop: func(p *phone) { p.outcomes = []Outcome{Gone} },
			want: "play hello\nring 101"},
	})
}

func TestWaitIsBoundedAcrossAResume(t *testing.T) {
	p := newPhone(t, menuOf(t, queueNode))
	p.killAt = map[int]bool{2: true} // the hold
	p.next = []error{errNobody}
	begun := p.clock
	end, _, err := p.dial(Caller{})
	if end != Exited || err != nil {
		t.Fatalf("dial = %q, %v, want exit", end, err)
	}
	if waited := p.clock.Sub(begun) - listening; waited != 5*time.Minute {
		t.Errorf("waited %v, want max_wait", waited)
	}
}

// gone is a phone whose caller hangs up while no controller has the call.
type gone struct{ *phone }

func (g gone) Bridged(_ context.Context, id string) (Bridged, bool, error) {
	got, ok := g.talked[id]
	return got, ok, ErrHangup
}

func TestCallerLeftWhileNobodyHadTheCall(t *testing.T) {
	for name, tt := range map[string]struct {
		talked map[string]Bridged
		want   string
	}{
		"while the agent rang": {nil, "report o7 gone\nleave t7 abandoned"},
		"while they talked": {
			map[string]Bridged{"o7": {Outcome: Answered, Answered: time.Unix(1, 0), ByCaller: true}},
			"report o7 answered over\nleave t7 served",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPhone(t, menuOf(t, queueNode))
			p.talked = tt.talked
			cursor := NewCursor(p.menu, "c", Caller{}, Called{}, p.clock)
			cursor.State = State{Phase: phaseRing, Ticket: "t7", Offer: &Offer{ID: "o7", Ticket: "t7"}, Bridge: "o7"}
			end, err := Walk{Menu: p.menu, Cursor: cursor, Line: gone{p}, World: p}.Run(t.Context())
			if got := strings.Join(p.log, "\n"); end != CallerLeft || err != nil || got != tt.want {
				t.Errorf("Run = %q, %v after\n%s\nwant\n%s", end, err, got, tt.want)
			}
		})
	}
}

// broken is a line that fails while it rings.
type broken struct{ *phone }

func (b broken) Bridge(context.Context, Bridge) (Bridged, error) {
	return Bridged{}, errors.New("no such application")
}

func TestQueueIsLeftWhenTheLineFails(t *testing.T) {
	p := newPhone(t, menuOf(t, queueNode))
	cursor := NewCursor(p.menu, "c", Caller{}, Called{}, p.clock)
	end, err := Walk{Menu: p.menu, Cursor: cursor, Line: broken{p}, World: p}.Run(t.Context())
	want := joined + "hold\nreport o1 lost\nleave t1 fault\nexit"
	if got := strings.Join(p.log, "\n"); end != Faulted || err == nil || got != want {
		t.Errorf("Run = %q, %v after\n%s\nwant\n%s", end, err, got, want)
	}
}

// overheard is a phone of which is known what was kept by the end of the wait,
// and how many have waited for that.
type overheard struct {
	*phone
	kept   State
	waited int
}

func (o *overheard) Hold(ctx context.Context, h Hold, wait Wait) (string, error) {
	over := h.Over
	h.Over = func(err error) {
		waited := o.musts
		over(err)
		var cursor Cursor
		if err := json.Unmarshal(o.saved, &cursor); err != nil {
			o.t.Fatal(err)
		}
		o.kept, o.waited = cursor.State, o.musts-waited
	}
	return o.phone.Hold(ctx, h, wait)
}

// The offer is on its way to the store before the music ends, and there before
// the agent is rung.
func TestOfferIsKeptWhileTheMusicEnds(t *testing.T) {
	p := newPhone(t, menuOf(t, queueNode))
	cursor := NewCursor(p.menu, "c", Caller{}, Called{}, p.clock)
	line := &overheard{phone: p}
	musts := 0
	rings := ringing{line, func() { musts = p.musts }}
	if end, err := (Walk{Menu: p.menu, Cursor: cursor, Line: rings, World: p}).Run(t.Context()); err != nil {
		t.Fatalf("Run = %q, %v", end, err)
	}
	if got := line.kept; got.Phase != phaseRing || got.Offer == nil || got.Offer.ID != "o1" || got.Bridge != "o1" {
		t.Errorf("before the music ends %+v is on its way", got)
	}
	if want := 3; line.waited != 0 || musts != want { // for the ticket, the wait and the offer
		t.Errorf("the music waited for %d cursors, the agent for %d, want 0 and %d", line.waited, musts, want)
	}
}

// ringing is a line that tells when somebody is rung.
type ringing struct {
	Line
	rung func()
}

func (r ringing) Bridge(ctx context.Context, b Bridge) (Bridged, error) {
	r.rung()
	return r.Line.Bridge(ctx, b)
}

// stray is a phone that somebody else takes over while the caller waits.
type stray struct{ *phone }

func (s stray) Hold(context.Context, Hold, Wait) (string, error) {
	return "", ErrTaken
}

func TestTakenOverTheTicketIsKept(t *testing.T) {
	p := newPhone(t, menuOf(t, queueNode))
	cursor := NewCursor(p.menu, "c", Caller{}, Called{}, p.clock)
	end, err := Walk{Menu: p.menu, Cursor: cursor, Line: stray{p}, World: p}.Run(t.Context())
	if got := strings.Join(p.log, "\n") + "\n"; end != Taken || err != nil || got != joined {
		t.Errorf("Run = %q, %v after\n%s\nwant\n%s", end, err, got, joined)
	}
}
