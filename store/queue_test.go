package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dialgraph/dialgraph/dialplan"
)

func TestQueueFaultsAreNamedAllAtOnce(t *testing.T) {
	q := Queue{
		ID: "", Site: testSite, Ring: time.Millisecond, WrapUp: 2 * time.Hour, AcceptKey: "12", Max: -1,
		Widen: []time.Duration{time.Minute, time.Second}, Skills: make([][]string, 30),
	}
	_, err := new(Store).Queues(testSite).Put(t.Context(), q, nil)
	for _, want := range []string{"id", "ring", "wrapUp", "accept", "max", "ascending", "93 classes"} {
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("Put: %v, want a word on %s", err, want)
		}
	}
	q = Queue{ID: "q", Site: "elsewhere"}
	if _, err := new(Store).Queues(testSite).Put(t.Context(), q, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("Put of another site's queue: %v, want ErrInvalid", err)
	}
}

func TestQueueView(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		queues := f.s.Queues(testSite)
		if _, err := queues.View(f.t.Context(), "nowhere", time.UTC); !errors.Is(err, ErrNotFound) {
			f.t.Errorf("View: %v, want ErrNotFound", err)
		}
		f.agent("a")
		f.agent("away", func(a *Agent) { a.Status = OnBreak })
		o := f.rings(f.join(), "a")
		f.report(o, dialplan.NoAnswer)
		f.pass(5 * time.Second)
		v, err := f.s.Agents(testSite).View(f.t.Context(), "a")
		if err != nil {
			f.t.Fatal(err)
		}
		o.ID = v.Offer
		f.report(o, dialplan.Answered)
		f.leave(f.join(), dialplan.LeaveAbandoned)
		f.leave(f.join(), dialplan.LeaveKey)
		f.join()
		f.pass(10 * time.Second)
		f.ended(o)

		got, err := queues.View(f.t.Context(), "support", time.UTC)
		if err != nil {
			f.t.Fatal(err)
		}
		near := func(d, want time.Duration) bool { return d >= want && d < want+2*time.Second }
		if !near(got.Longest, 10*time.Second) || !near(got.Today.Waited, 5*time.Second) || !near(got.Today.Talked, 10*time.Second) {
			f.t.Errorf("longest %s, waited %s, talked %s; want some 10s, 5s, 10s", got.Longest, got.Today.Waited, got.Today.Talked)
		}
		got.Longest, got.Today.Waited, got.Today.Talked = 0, 0, 0
		want := QueueView{
			Queue: "support", Waiting: 1, Agents: map[AgentState]int{WrapUp: 1, Break: 1},
			Today: QueueDay{Joined: 4, Answered: 1, Within: 1, Abandoned: 1, Left: 1, Missed: 1},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			f.t.Errorf("view (-want +got):\n%s", diff)
		}
	})
}

func TestEstimatedWait(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		o := f.rings(f.join(), "a")
		f.report(o, dialplan.Answered)
		first, second := f.join(), f.join()
		if p, err := f.s.Position(f.t.Context(), first.ID); err != nil || p != (Position{1, -1}) {
			f.t.Errorf("position %+v, %v, want the first and no estimate before any talk was over", p, err)
		}
		f.pass(50 * time.Second)
		f.ended(o)
		p, err := f.s.Position(f.t.Context(), second.ID)
		if want := 2 * time.Minute; err != nil || p.Position != 2 || p.Wait < want || p.Wait > want+3*time.Second {
			f.t.Errorf("position %+v, %v, want the second, after two turns of a minute", p, err)
		}
	})
}
