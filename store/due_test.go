package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/dialplan"
)

func TestOfferThatNobodyReportedRunsOut(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		ticket := f.join()
		first := f.rings(ticket, "a")
		f.pass(24 * time.Second)
		if again := f.rings(ticket, "a"); again.ID != first.ID {
			f.t.Errorf("another offer after 24 s, want the first until 25 s")
		}
		f.pass(2 * time.Second)
		if again := f.rings(ticket, "a"); again.ID == first.ID {
			f.t.Errorf("the same offer after 26 s, want another one")
		}
		f.pass(time.Minute) // three in a row: a ticket without a caller
		f.gone(ticket)
		f.is("a", Idle)
	})
}

func TestPreferredAgentFirstThenAnybody(t *testing.T) {
	prefer := func(agent string) func(*dialplan.Join) {
		return func(j *dialplan.Join) { j.Prefer, j.PreferFor = agent, 15*time.Second }
	}
	onFloors(t, nil, func(f *floor) {
		f.agent("manager", func(a *Agent) { a.Queues = nil })
		f.agent("away", func(a *Agent) { a.Status = LoggedOut })
		busy := f.join(prefer("manager"))
		o := f.rings(busy, "manager")
		f.report(o, dialplan.Answered)

		f.agent("a")
		waits := f.join(prefer("manager"))
		f.rings(waits, "")
		f.is("a", Idle)
		f.rings(f.join(prefer("away")), "a") // nobody waits for who is not there
		f.agent("b")
		f.pass(14 * time.Second)
		f.rings(waits, "")
		f.pass(time.Second)
		f.rings(waits, "b")
	})
}

func TestTiersWidenWithTime(t *testing.T) {
	widen := func(q *Queue) { q.Widen = []time.Duration{10 * time.Second, 20 * time.Second} }
	tier := func(n int) func(*Agent) { return func(a *Agent) { a.Queues[0].Tier = n } }
	onFloors(t, widen, func(f *floor) {
		f.agent("third", tier(9))
		f.agent("second", tier(2))
		first, second := f.join(), f.join()
		f.rings(first, "")
		f.agent("first")
		f.report(f.rings(first, "first"), dialplan.Answered)
		f.pass(10 * time.Second)
		f.report(f.rings(second, "second"), dialplan.Answered)
		third := f.join()
		f.pass(19 * time.Second)
		f.rings(third, "")
		f.pass(time.Second)
		f.rings(third, "third")
	})
}

func TestLowerTierFirstWhenAllAreOpen(t *testing.T) {
	onFloors(t, func(q *Queue) { q.Widen = []time.Duration{0} }, func(f *floor) {
		f.agent("second", func(a *Agent) { a.Queues[0].Tier = 2 })
		f.c.Advance(time.Second)
		f.agent("first")
		f.rings(f.join(), "first")
		f.rings(f.join(), "second")
	})
}

func TestSkills(t *testing.T) {
	sets := func(q *Queue) {
		q.Skills = [][]string{{"en"}, {"uk"}, {"uk", "en"}}
		q.SkillsFor = 30 * time.Second
	}
	skilled := func(s ...string) func(*Agent) { return func(a *Agent) { a.Skills = s } }
	wants := func(s ...string) func(*dialplan.Join) { return func(j *dialplan.Join) { j.Skills = s } }
	onFloors(t, sets, func(f *floor) {
		f.agent("none")
		f.agent("en", skilled("en"))
		both := f.join(wants("en", "uk"))
		f.rings(both, "")
		f.agent("both", skilled("fr", "uk", "en"))
		f.rings(both, "both")
		f.rings(f.join(wants("en", "welding")), "en") // welding is no skill of this queue
		uk := f.join(wants("uk"))
		f.rings(uk, "")
		f.pass(30 * time.Second)
		f.rings(uk, "none") // better somebody than nobody
	})
}

func TestQueueChangesWhileCallersWait(t *testing.T) {
	onFloors(t, func(q *Queue) { q.Skills = [][]string{{"en"}} }, func(f *floor) {
		f.agent("a")
		tickets := make([]dialplan.Ticket, 250) // more than one run moves
		for i := range tickets {
			tickets[i] = f.join(func(j *dialplan.Join) { j.Skills = []string{"en"} })
		}
		f.rings(tickets[0], "")
		q, err := f.s.Queues(testSite).Get(f.t.Context(), "support")
		if err != nil {
			f.t.Fatal(err)
		}
		q.Skills = nil
		if created, err := f.s.Queues(testSite).Put(f.t.Context(), q, nil); err != nil || created {
			f.t.Fatalf("Put = %t, %v, want a change", created, err)
		}
		f.sweepNow()
		f.rings(tickets[0], "a")
		for i := 1; i < len(tickets); i += 83 {
			f.agent(fmt.Sprint("b", i))
		}
		f.rings(tickets[1], "b1")
	})
}

// Whatever they waited for: who came first is served first.
func TestQueueChangesForAllLanes(t *testing.T) {
	const agents, callers = 150, 250 // in the second run that moves them agents become scarce
	wants := []string{"en", "uk", "pl"}
	onFloors(t, func(q *Queue) { q.Skills = [][]string{{"en"}, {"uk"}, {"pl"}} }, func(f *floor) {
		tickets := make([]dialplan.Ticket, callers)
		for i := range tickets {
			tickets[i] = f.join(func(j *dialplan.Join) { j.Skills = []string{wants[i%len(wants)]} })
		}
		for i := range agents {
			f.agent(fmt.Sprint("a", i))
			f.c.Advance(time.Millisecond) // each is idle longer than the next
		}
		f.rings(tickets[0], "")
		q, err := f.s.Queues(testSite).Get(f.t.Context(), "support")
		if err != nil {
			f.t.Fatal(err)
		}
		q.Skills = nil
		if _, err := f.s.Queues(testSite).Put(f.t.Context(), q, nil); err != nil {
			f.t.Fatal(err)
		}
		f.sweepNow()
		for _, i := range []int{0, 1, 2, 99, 100, 101, agents - 1} {
			f.rings(tickets[i], fmt.Sprint("a", i))
		}
		f.rings(tickets[agents], "")
	})
}

func TestQueueIsDeletedWhileCallersWait(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		f.agent("b", func(a *Agent) { a.Status = OnBreak })
		ringing, waiting := f.join(), f.join()
		prefers := f.join(func(j *dialplan.Join) { j.Prefer, j.PreferFor = "b", time.Hour })
		o := f.rings(ringing, "a")
		if err := f.s.Queues(testSite).Delete(f.t.Context(), "support", nil); err != nil {
			f.t.Fatal(err)
		}
		f.sweepNow()
		f.gone(waiting)
		f.gone(prefers)
		f.report(o, dialplan.NoAnswer)
		f.gone(ringing)
		f.pass(time.Minute)
		f.is("a", Idle)
	})
}

// An instance dies in every state of its calls; another one goes on.
func TestInstanceDies(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		dead := &floor{f.t, f.s, f.c, f.s.Distributor()}
		f.agent("talks")
		talking := dead.join()
		o := dead.rings(talking, "talks")
		dead.report(o, dialplan.Answered)
		f.agent("rings")
		ringing, waiting := dead.join(), dead.join()
		dead.rings(ringing, "rings")

		f.pass(7 * time.Second)
		f.is("rings", Ringing) // he may have answered: whoever takes the call over finds out
		f.pass(4 * time.Second)
		f.is("rings", Idle) // nobody rings for nobody
		f.is("talks", Talking)
		f.rings(waiting, "rings") // the place is kept: this instance has the caller now
		f.rings(ringing, "")
		f.report(o, dialplan.Answered) // and hears the talk
		f.pass(time.Minute)
		f.is("talks", Talking)
		f.ended(o)
		f.is("talks", WrapUp)
	})
}

// One sweep finds more due than it should still do: what comes first may put
// off what comes after it. Here a place is kept anew for a minute, because the
// instance that had taken it over is dead, too.
func TestWhatIsDuePutsOffWhatIsDue(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		first, second := &floor{f.t, f.s, f.c, f.s.Distributor()}, &floor{f.t, f.s, f.c, f.s.Distributor()}
		ticket := first.join()
		f.pass(7 * time.Second) // the first is dead, and the place kept for a minute
		f.c.Advance(53 * time.Second)
		if _, err := second.Adopt(f.t.Context(), ticket.ID); err != nil {
			f.t.Fatal(err)
		}
		f.c.Advance(8 * time.Second)
		f.sweepNow()
		if _, err := f.Adopt(f.t.Context(), ticket.ID); err != nil {
			f.t.Errorf("Adopt = %v just after the second instance has died, want the place", err)
		}
		f.agent("a")
		f.rings(ticket, "a")
	})
}

func TestInstanceDiesAndNobodyTakesOver(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		dead := &floor{f.t, f.s, f.c, f.s.Distributor()}
		f.agent("a")
		dead.report(dead.rings(dead.join(), "a"), dialplan.Answered)
		waiting := make([]dialplan.Ticket, 250)
		for i := range waiting {
			waiting[i] = dead.join()
		}
		now, err := f.s.Now(f.t.Context())
		if err != nil {
			f.t.Fatal(err)
		}
		lease := redis.Z{Score: float64(now.UnixMilli()), Member: "h|" + dead.Owner()} // has run out
		if err := f.s.rdb.ZAddXX(f.t.Context(), f.s.queueKeys(testSite)[keyDue], lease).Err(); err != nil {
			f.t.Fatal(err)
		}
		f.sweepNow()
		f.agent("b")
		f.is("b", Idle)
		f.pass(11 * time.Second)
		f.is("a", WrapUp)
		f.pass(50 * time.Second)
		v, err := f.s.Queues(testSite).View(f.t.Context(), "support", time.UTC)
		if err != nil || v.Waiting != 0 || v.Today.Lost != 250 {
			f.t.Errorf("view = %+v, %v, want all 250 lost", v, err)
		}
	})
}

func TestInstanceComesBackFromAPause(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		paused := &floor{f.t, f.s, f.c, f.s.Distributor()}
		ticket := paused.join()
		w := paused.startWaiting(ticket.ID)
		defer paused.stopWaiting(ticket.ID, w)
		paused.rings(ticket, "")
		f.pass(10 * time.Second)
		f.agent("a")
		f.is("a", Idle)
		watching := &lookout{d: paused.Distributor}
		if err := watching.lookAt(f.t.Context(), testSite); err != nil {
			f.t.Fatal(err)
		}
		f.is("a", Ringing)
	})
}

// A ticket that was served is known as long as the talk lasts and a minute
// more, so that an instance that missed it does not put it back.
func TestServedTicketIsRememberedDuringTheTalk(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		served := f.join()
		talk := f.rings(served, "a")
		f.report(talk, dialplan.Answered)
		missed := ticket{id: served.ID, queue: "support", call: "missed", joined: served.Joined.UnixMicro()}
		f.pass(2 * time.Minute)
		if _, err := f.Distributor.join(f.t.Context(), missed, true); !errors.Is(err, dialplan.ErrNoTicket) {
			f.t.Errorf("put back while the caller talks: %v, want ErrNoTicket", err)
		}
		f.ended(talk)
		f.pass(50 * time.Second)
		record := func() bool {
			known, err := f.s.rdb.HExists(f.t.Context(), f.s.keys.queue(testSite)[keyLive], "t|"+served.ID).Result()
			if err != nil {
				f.t.Fatal(err)
			}
			return known
		}
		if !record() {
			f.t.Error("forgotten 50 s after the talk, want a minute")
		}
		f.pass(15 * time.Second)
		if record() {
			f.t.Error("remembered 65 s after the talk, want a minute")
		}
	})
}

// Who joins again with the request that was served waits, however late the end
// of that talk is told.
func TestServedRequestThatWaitsAgainIsNotForgotten(t *testing.T) {
	same := func(j *dialplan.Join) { j.Request, j.Call = "again", "again" }
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		talk := f.rings(f.join(same), "a")
		f.report(talk, dialplan.Answered)
		waits := f.join(same)
		f.status("a", OnBreak)
		f.ended(talk)
		f.pass(70 * time.Second)
		f.rings(waits, "")
	})
}
