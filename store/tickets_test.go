package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/dialplan"
)

const testSite = "kyiv"

// A floor is one site with its queues, and one instance that serves it.
type floor struct {
	t testing.TB
	s *Store
	c *clock
	*Distributor
}

// newFloor is a site with the queue support (and sales), wrap-up 10 s, and
// delays of 5 s. change may alter the queues.
func newFloor(t testing.TB, s *Store, c *clock, change func(*Queue)) *floor {
	t.Helper()
	f := &floor{t, s, c, s.Distributor()}
	for _, id := range []string{"support", "sales"} {
		five := 5 * time.Second
		q := Queue{
			ID: id, Ring: 20 * time.Second, WrapUp: 10 * time.Second, Within: 20 * time.Second, Streak: 3,
			Delays: Delays{NoAnswer: five, Busy: five, Rejected: five, NotRegistered: five, Unreachable: five, Longest: time.Minute},
		}
		if change != nil {
			change(&q)
		}
		if _, err := s.Queues(testSite).Put(t.Context(), q, nil); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// agent puts an agent of the queue support, available.
func (f *floor) agent(id string, change ...func(*Agent)) {
	f.t.Helper()
	a := Agent{ID: id, Contact: "1" + id, Queues: []Membership{{Queue: "support"}}, Status: Available}
	for _, c := range change {
		c(&a)
	}
	if _, err := f.s.Agents(testSite).Put(f.t.Context(), a, nil); err != nil {
		f.t.Fatal(err)
	}
}

func (f *floor) status(agent string, wanted Status) {
	f.t.Helper()
	if err := f.s.Agents(testSite).SetStatus(f.t.Context(), agent, wanted, ""); err != nil {
		f.t.Fatal(err)
	}
}

var requests atomic.Int64

// join joins the queue support.
func (f *floor) join(change ...func(*dialplan.Join)) dialplan.Ticket {
	f.t.Helper()
	n := requests.Add(1)
	j := dialplan.Join{
		Request: fmt.Sprintf("r%d", n), Call: fmt.Sprintf("call-%d", n), Site: testSite, Queue: "support",
		Number: "+380671234567", Name: "Olena",
	}
	for _, c := range change {
		c(&j)
	}
	ticket, err := f.Join(f.t.Context(), j)
	if err != nil {
		f.t.Fatal(err)
	}
	return ticket
}

// offer is the offer that a ticket has now; the zero one when it has none.
func (f *floor) offer(ticket dialplan.Ticket) dialplan.Offer {
	f.t.Helper()
	o, err := f.Adopt(f.t.Context(), ticket.ID)
	if err != nil {
		f.t.Fatal(err)
	}
	return o
}

// rings fails the test unless agent rings for the ticket.
func (f *floor) rings(ticket dialplan.Ticket, agent string) dialplan.Offer {
	f.t.Helper()
	o := f.offer(ticket)
	if o.Agent != agent {
		f.t.Fatalf("offered %q, want %q", o.Agent, agent)
	}
	return o
}

func (f *floor) report(o dialplan.Offer, outcome dialplan.Outcome) {
	f.t.Helper()
	if err := f.Report(f.t.Context(), o, dialplan.Report{Outcome: outcome}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *floor) ended(o dialplan.Offer) {
	f.t.Helper()
	if err := f.Report(f.t.Context(), o, dialplan.Report{Outcome: dialplan.Answered, Ended: f.now()}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *floor) leave(ticket dialplan.Ticket, why dialplan.LeaveReason) {
	f.t.Helper()
	if err := f.Leave(f.t.Context(), ticket.ID, why); err != nil {
		f.t.Fatal(err)
	}
}

func (f *floor) now() time.Time {
	f.t.Helper()
	now, err := f.s.Now(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return now
}

// pass lets time pass, while this instance lives, and does what is due.
func (f *floor) pass(d time.Duration) {
	f.t.Helper()
	for step := 5 * time.Second; d > 0; d -= step {
		f.c.Advance(min(d, step))
		if _, err := f.look(f.t.Context(), testSite, nil, nil); err != nil {
			f.t.Fatal(err)
		}
		f.sweepNow()
	}
}

func (f *floor) sweepNow() {
	f.t.Helper()
	if err := f.s.Sweep(f.t.Context(), testSite); err != nil {
		f.t.Fatal(err)
	}
}

func (f *floor) state(agent string) AgentState {
	f.t.Helper()
	v, err := f.s.Agents(testSite).View(f.t.Context(), agent)
	if err != nil {
		f.t.Fatal(err)
	}
	return v.State
}

// is fails the test unless the agent is in that state.
func (f *floor) is(agent string, want AgentState) {
	f.t.Helper()
	if got := f.state(agent); got != want {
		f.t.Errorf("agent %s is %s, want %s", agent, got, want)
	}
}

func (f *floor) gone(ticket dialplan.Ticket) {
	f.t.Helper()
	if _, err := f.Adopt(f.t.Context(), ticket.ID); !errors.Is(err, dialplan.ErrNoTicket) {
		f.t.Errorf("Adopt(%q): %v, want ErrNoTicket", ticket.ID, err)
	}
}

// onFloors runs a test on a floor of every kind of Redis.
func onFloors(t *testing.T, change func(*Queue), test func(f *floor)) {
	t.Helper()
	onEach(t, func(t *testing.T, s *Store, c *clock) { test(newFloor(t, s, c, change)) })
}

func TestJoinMatchesTheAgentIdleLongest(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		f.c.Advance(time.Second)
		f.agent("b")
		first, second, third := f.join(), f.join(), f.join()
		o := f.rings(first, "a")
		if o.Contact != "1a" || o.Queue != "support" || o.Site != testSite || o.Ring != 20*time.Second || o.Ticket != first.ID {
			f.t.Errorf("offer is %+v", o)
		}
		f.rings(second, "b")
		f.rings(third, "")
		f.is("a", Ringing)
	})
}

func TestJoinAgainGetsTheFirstAnswer(t *testing.T) {
	same := func(j *dialplan.Join) { j.Request, j.Call = "same", "same" }
	onFloors(t, nil, func(f *floor) {
		first := f.join(same)
		f.pass(time.Second)
		if again := f.join(same); again != first {
			f.t.Errorf("Join again = %v, want %v", again, first)
		}
		f.leave(first, dialplan.LeaveAbandoned)
		if again := f.join(same); again != first {
			f.t.Errorf("Join after Leave = %v, want %v", again, first)
		}
		f.gone(first)
	})
}

func TestJoinRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Queue)
		join   dialplan.Join
		before int // callers already there
		want   error
	}{
		"no such queue":      {join: dialplan.Join{Queue: "nowhere"}, want: dialplan.ErrNoQueue},
		"full":               {change: func(q *Queue) { q.Max = 2 }, before: 2, want: dialplan.ErrQueueFull},
		"nobody logged in":   {change: func(q *Queue) { q.RefuseIfNobody = true }, want: dialplan.ErrUnstaffed},
		"brace in the site":  {join: dialplan.Join{Site: "{x}"}, want: ErrInvalid},
		"no request":         {join: dialplan.Join{Request: "-"}, want: ErrInvalid},
		"skill with a space": {join: dialplan.Join{Skills: []string{"a b"}}, want: ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			onFloors(t, tt.change, func(f *floor) {
				for range tt.before {
					f.join()
				}
				j := tt.join
				switch j.Request {
				case "":
					j.Request = "r"
				case "-":
					j.Request = ""
				}
				if j.Queue == "" {
					j.Queue = "support"
				}
				if j.Site == "" {
					j.Site = testSite
				}
				if _, err := f.Join(f.t.Context(), j); !errors.Is(err, tt.want) {
					f.t.Errorf("Join: %v, want %v", err, tt.want)
				}
			})
		})
	}
}

// In line is who waits, who waits for one agent, and for whom an agent rings: in this
// queue, not in another one.
func TestFullCountsAllInLine(t *testing.T) {
	onFloors(t, func(q *Queue) { q.Max = 3 }, func(f *floor) {
		full := func(want error) {
			f.t.Helper()
			j := dialplan.Join{Request: "r", Queue: "support", Site: testSite}
			if _, err := f.Join(f.t.Context(), j); !errors.Is(err, want) {
				f.t.Fatalf("Join: %v, want %v", err, want)
			}
		}
		if _, err := f.s.Queues(testSite).Put(f.t.Context(), Queue{ID: "sales", Site: testSite}, nil); err != nil {
			f.t.Fatal(err)
		}
		f.agent("a")
		f.agent("b", func(a *Agent) { a.Status = OnBreak })
		f.agent("s", func(a *Agent) { a.Queues = []Membership{{Queue: "sales", Tier: 1}} })
		o := f.rings(f.join(), "a")
		f.rings(f.join(func(j *dialplan.Join) { j.Queue = "sales" }), "s")
		f.join(func(j *dialplan.Join) { j.Prefer, j.PreferFor = "b", time.Hour })
		waits := f.join()
		full(dialplan.ErrQueueFull)
		f.leave(waits, dialplan.LeaveAbandoned)
		waits = f.join()
		full(dialplan.ErrQueueFull)
		f.report(o, dialplan.Answered)
		full(nil)
		f.rings(waits, "")
	})
}

func TestOrderIsPriorityThenTime(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		early := f.join()
		f.c.Advance(10 * time.Second)
		late := f.join()
		high := f.join(func(j *dialplan.Join) { j.Credit = 5 * time.Second })
		higher := f.join(func(j *dialplan.Join) { j.Credit = time.Minute })
		back := f.join(func(j *dialplan.Join) { j.Since = f.now().Add(-30 * time.Second) })
		for i, ticket := range []dialplan.Ticket{higher, back, early, high, late} {
			p, err := f.s.Position(f.t.Context(), ticket.ID)
			if err != nil || p.Position != i+1 {
				f.t.Errorf("position = %d, %v, want %d", p.Position, err, i+1)
			}
			f.agent(fmt.Sprintf("a%d", i))
			f.rings(ticket, fmt.Sprintf("a%d", i))
		}
	})
}

func TestLeaveWhileAnAgentRings(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		first, second := f.join(), f.join()
		f.rings(first, "a")
		f.leave(first, dialplan.LeaveAbandoned)
		f.leave(first, dialplan.LeaveAbandoned)
		f.rings(second, "a")
		f.gone(first)
		if err := f.Leave(f.t.Context(), "no ticket at all", dialplan.LeaveKey); err != nil {
			f.t.Errorf("Leave of an unknown ticket: %v, want nil", err)
		}
	})
}

func TestOneCallHasOneTicket(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		first := f.join(func(j *dialplan.Join) { j.Call = "x" })
		second := f.join(func(j *dialplan.Join) { j.Call = "x" })
		f.gone(first)
		f.rings(second, "a")
	})
}

func TestNextHearsOfAnOffer(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		ctx, cancel := context.WithCancel(f.t.Context())
		ran := make(chan error, 1)
		go func() { ran <- f.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-ran; err != nil {
				f.t.Errorf("Run: %v", err)
			}
		}()

		ticket := f.join()
		found := make(chan string, 1)
		defer f.Await(ticket.ID, func(o *dialplan.Offer, err error) {
			if err != nil {
				found <- err.Error()
				return
			}
			found <- o.Agent
		})()
		f.agent("a")
		if got := <-found; got != "a" {
			f.t.Fatalf("offered %q, want agent a", got)
		}
	})
}

func TestNextOfNoTicket(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		for _, id := range []string{"", "kyiv", "kyiv/x", "{}/" + ticketID("", "r")[1:], ticketID(testSite, "nobody")} {
			if _, err := f.Next(f.t.Context(), id); !errors.Is(err, dialplan.ErrNoTicket) {
				f.t.Errorf("Next(%q): %v, want ErrNoTicket", id, err)
			}
		}
	})
}

// A join whose answer is lost names its ticket, so that it can be left.
func TestJoinWithoutAnAnswerNamesTheTicket(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		gone, cancel := context.WithCancel(f.t.Context())
		cancel()
		j := dialplan.Join{Request: "lost", Call: "call-lost", Site: testSite, Queue: "support"}
		unsure, err := f.Join(gone, j)
		if err == nil || unsure.ID == "" {
			f.t.Fatalf("Join with its context ended = %+v, %v, want an error beside the ticket's id", unsure, err)
		}
		sure, err := f.Join(f.t.Context(), j)
		if err != nil || sure.ID != unsure.ID {
			f.t.Errorf("the same Join again = %+v, %v, want ticket %s", sure, err, unsure.ID)
		}
	})
}
