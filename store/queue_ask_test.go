package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/store/storetest"
)

// together lets questions come while others are on their way, one after the
// other, and answers them. It returns the round trips that took.
func (f *floor) together(questions ...func()) int64 {
	f.t.Helper()
	a := f.s.asker(testSite)
	eventually(f.t, func() string {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.running {
			return "earlier questions are still under way"
		}
		a.running = true
		return ""
	})
	var asked sync.WaitGroup
	for i, ask := range questions {
		asked.Go(ask)
		eventually(f.t, func() string {
			a.mu.Lock()
			defer a.mu.Unlock()
			if len(a.waiting) != i+1 {
				return fmt.Sprintf("%d questions wait, want %d", len(a.waiting), i+1)
			}
			return ""
		})
	}
	trips := new(tripCounter)
	f.s.rdb.AddHook(trips)
	a.run(f.t.Context())
	asked.Wait()
	return trips.n.Load()
}

// Questions that come together share a run; each gets its own answer, though
// one of them fails, and who asked first came first.
func TestQuestionsShareARun(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		f.leave(f.join(), dialplan.LeaveAbandoned) // the script is known now
		tickets := make([]dialplan.Ticket, 3)
		join := func(i int) func() { return func() { tickets[i] = f.join() } }
		var odd *redis.Cmd
		trips := f.together(join(0), join(1), func() { odd = f.s.askQueue(f.t.Context(), testSite, "odd") }, join(2))
		if trips != 1 {
			f.t.Errorf("%d round trips, want 1", trips)
		}
		if !hopeless(odd.Err()) {
			f.t.Errorf("a question that there is not: %v, want an error that stays", odd.Err())
		}
		f.rings(tickets[0], "a")
		for i, ticket := range tickets {
			p, err := f.s.Position(f.t.Context(), ticket.ID)
			if err != nil || p.Position != i+1 {
				f.t.Errorf("caller %d has position %d, %v, want %d", i, p.Position, err, i+1)
			}
		}
	})
}

// An agent who is free within a run rings for a caller who joined in it, and
// the caller hears of that.
func TestOfferWithinARun(t *testing.T) {
	c := new(clock)
	f := newFloor(t, open(t, storetest.Redis(t), c), c, func(q *Queue) { q.WrapUp = 0 })
	f.agent("a")
	talk := f.rings(f.join(), "a")
	f.report(talk, dialplan.Answered)
	offers := f.s.rdb.Subscribe(t.Context(), f.owner)
	defer offers.Close()
	if _, err := offers.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	var ticket dialplan.Ticket
	f.together(func() { ticket = f.join() }, func() { f.ended(talk) })
	m, err := offers.ReceiveMessage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if o, err := readOffer(m.Payload); err != nil || o.Ticket != ticket.ID || o.Agent != "a" {
		t.Errorf("woken up by %+v, %v, want agent a for %s", o, err, ticket.ID)
	}
}

// Whoever no longer waits for an answer is not asked for.
func TestQuestionOfSomebodyGone(t *testing.T) {
	c := new(clock)
	f := newFloor(t, open(t, storetest.Redis(t), c), c, nil)
	ctx, cancel := context.WithCancel(t.Context())
	trips := f.together(func() {
		cancel()
		j := dialplan.Join{Request: "gone", Call: "gone", Site: testSite, Queue: "support"}
		if _, err := f.Join(ctx, j); err == nil {
			t.Error("Join of somebody gone, want an error")
		}
	})
	if trips != 0 {
		t.Errorf("%d round trips, want none", trips)
	}
}

// What many joins in one run cost Redis each.
func TestCommandsOfQuestionsTogether(t *testing.T) {
	c := new(clock)
	f := newFloor(t, open(t, storetest.Start(t).URL(), c), c, nil)
	f.join()
	joins := slices.Repeat([]func(){func() { f.join() }}, askTogether)
	before := commandsRun(t, f.s)
	f.together(joins...)
	if got := float64(commandsRun(t, f.s)-before-1) / float64(len(joins)); got > 2.5 {
		t.Errorf("a join among %d makes Redis run %.1f commands, want at most 2.5", len(joins), got)
	}
}

func TestTurns(t *testing.T) {
	var turns turns
	for i := range 5 {
		turns.put(fmt.Sprint(i))
	}
	turns.put("1")
	turns.drop("3")
	turns.drop("nobody")
	for _, want := range [][]string{{"0", "1", "2"}, {"4", "0", "1"}} {
		if got := turns.take(3); !slices.Equal(got, want) {
			t.Errorf("take(3) = %v, want %v", got, want)
		}
	}
	if got := turns.take(10); !slices.Equal(got, []string{"2", "4", "0", "1"}) {
		t.Errorf("take(10) = %v, want each once", got)
	}
}
