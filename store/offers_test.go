package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dialgraph/dialgraph/dialplan"
)

// What becomes of agent and caller after each way an offer can end, while a
// second caller waits behind.
func TestOutcomeOfAnOffer(t *testing.T) {
	for name, tt := range map[string]struct {
		report dialplan.Report
		agent  AgentState
		gone   bool // the caller has no ticket any more
		rings  int  // which caller the agent rings for now: 1, 2, 0 for none
	}{
		"answered":       {dialplan.Report{Outcome: dialplan.Answered}, Talking, true, 0},
		"no answer":      {dialplan.Report{Outcome: dialplan.NoAnswer}, Delayed, false, 0},
		"busy":           {dialplan.Report{Outcome: dialplan.Busy}, Delayed, false, 0},
		"rejected":       {dialplan.Report{Outcome: dialplan.Rejected}, Delayed, false, 0},
		"not registered": {dialplan.Report{Outcome: dialplan.NotRegistered}, Delayed, false, 0},
		"unreachable":    {dialplan.Report{Outcome: dialplan.Unreachable}, Delayed, false, 0},
		"not allowed":    {dialplan.Report{Outcome: dialplan.Refused}, Delayed, false, 0},
		"caller left":    {dialplan.Report{Outcome: dialplan.Gone}, Ringing, true, 2},
		"caller's key":   {dialplan.Report{Outcome: dialplan.Cancelled}, Ringing, false, 1},
		"controller lost": {
			dialplan.Report{Outcome: dialplan.Lost}, Ringing, false, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			onFloors(t, nil, func(f *floor) {
				f.agent("a")
				first, second := f.join(), f.join()
				o := f.rings(first, "a")
				for range 2 { // a reply may be lost
					if err := f.Report(f.t.Context(), o, tt.report); err != nil {
						f.t.Fatal(err)
					}
				}
				f.is("a", tt.agent)
				if tt.gone {
					f.gone(first)
				} else if p, err := f.s.Position(f.t.Context(), first.ID); err != nil || p.Position != 1 {
					f.t.Errorf("position %d, %v, want the same place, 1", p.Position, err)
				}
				for i, ticket := range []dialplan.Ticket{first, second} {
					if i == 0 && tt.gone {
						continue
					}
					if got := f.offer(ticket).Agent == "a"; got != (tt.rings == i+1) {
						f.t.Errorf("rings for caller %d: %t, want %t", i+1, got, !got)
					}
				}
			})
		})
	}
}

func TestTalkAndWrapUp(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		first, second := f.join(), f.join()
		o := f.rings(first, "a")
		f.pass(3 * time.Second)
		f.report(o, dialplan.Answered)
		v, err := f.s.Agents(testSite).View(f.t.Context(), "a")
		if err != nil {
			f.t.Fatal(err)
		}
		want := AgentView{
			Agent: "a", State: Talking, Since: v.Since, Wanted: Available, Offer: o.ID,
			Call: v.Call, Queue: "support", Number: "+380671234567", Name: "Olena",
		}
		if diff := cmp.Diff(want, v); diff != "" || v.Call == "" {
			f.t.Errorf("view (-want +got):\n%s", diff)
		}
		f.pass(time.Minute)
		f.is("a", Talking)
		f.ended(o)
		f.ended(o)
		f.is("a", WrapUp)
		f.pass(9 * time.Second)
		f.is("a", WrapUp)
		f.ended(o) // late once more: wrap-up does not begin again
		f.pass(2 * time.Second)
		f.rings(second, "a")
	})
}

func TestDelaysGrowUntilNotAnswering(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		ticket := f.join()
		for _, delay := range []time.Duration{5 * time.Second, 10 * time.Second} {
			f.report(f.rings(ticket, "a"), dialplan.NoAnswer)
			f.pass(delay - time.Second)
			f.is("a", Delayed)
			f.rings(ticket, "")
			f.pass(time.Second)
		}
		f.report(f.rings(ticket, "a"), dialplan.Busy)
		f.is("a", NotAnswering)
		f.pass(time.Hour)
		f.is("a", NotAnswering)
		f.status("a", Available)
		f.report(f.rings(ticket, "a"), dialplan.Answered)
		f.ended(f.talk(ticket, "a"))
	})
}

// talk is the talk that an agent has.
func (f *floor) talk(ticket dialplan.Ticket, agent string) dialplan.Offer {
	f.t.Helper()
	v, err := f.s.Agents(testSite).View(f.t.Context(), agent)
	if err != nil {
		f.t.Fatal(err)
	}
	return dialplan.Offer{ID: v.Offer, Ticket: ticket.ID, Site: testSite, Queue: v.Queue, Agent: agent}
}

func TestCallerWhoLeavesGivesTheOldScoreBack(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		f.c.Advance(time.Second)
		f.agent("b")
		ticket := f.join()
		f.c.Advance(time.Second)
		f.report(f.rings(ticket, "a"), dialplan.Gone)
		f.rings(f.join(), "a")
	})
}

func TestNobodyWaitsBehindARingingTelephone(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		first, second := f.join(), f.join()
		f.rings(first, "a")
		f.agent("b")
		f.rings(second, "b")
	})
}

func TestMissedOfferGoesToTheNextAgentAtOnce(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		f.c.Advance(time.Second)
		f.agent("b")
		ticket := f.join()
		f.report(f.rings(ticket, "a"), dialplan.Busy)
		f.rings(ticket, "b")
	})
}

// An answer is a fact, even of an offer that has run out.
func TestAnswerAfterTheOfferRanOut(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		first := f.join()
		old := f.rings(first, "a")
		second := f.join(func(j *dialplan.Join) { j.Credit = time.Hour })
		f.pass(26 * time.Second)
		f.rings(second, "a") // the clock gave him to another caller
		f.agent("b")
		f.rings(first, "b") // and the caller to another agent
		f.report(old, dialplan.Answered)
		f.is("a", Talking)
		f.gone(first)
		f.rings(second, "b")
		f.ended(old)
		f.is("a", WrapUp)
		f.report(old, dialplan.Answered) // late: old news
		f.is("a", WrapUp)
	})
}

func TestAnswerTheSecondOfTwoAgents(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		ticket := f.join()
		old := f.rings(ticket, "a")
		f.status("a", OnBreak)
		f.pass(26 * time.Second)
		f.is("a", Break)
		f.agent("b")
		later := f.rings(ticket, "b")
		f.report(later, dialplan.Answered)
		f.report(old, dialplan.NoAnswer) // of an offer that is gone
		f.is("a", Break)
		f.is("b", Talking)
	})
}
