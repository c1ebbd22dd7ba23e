//go:build freeswitch

package realswitch

import (
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/api"
)

// The first agent who is offered does not take the call: the caller keeps the
// place, and the next agent gets the caller who has waited longest.
func TestAgentDoesNotTakeTheCall(t *testing.T) {
	for _, s := range []struct {
		situation string
		how       reaction
		absent    bool // has no telephone at all
	}{
		{"busy", isBusy, false},
		{"declines", declines, false},
		{"does not answer", rings, false},
		{"not registered", rings, true},
	} {
		t.Run(s.situation, func(t *testing.T) {
			l := open(t)
			long := api.Duration(time.Minute)
			l.crm.put("/v1/queues/bench", api.Queue{Ring: api.Duration(2 * time.Second), Delays: api.Delays{
				NoAnswer: long, Busy: long, Rejected: long, NotRegistered: long, Unreachable: long,
			}})
			first, second := l.queued(), l.queued()
			if s.absent {
				l.member("agent-1001", "1001", "available", "bench")
			} else {
				l.agent("1001", s.how, "bench").isRung()
			}
			l.crm.isState("agent-1001", "delayed")
			next := l.agent("1002", answers, "bench")
			for i, c := range []*caller{first, second} {
				talk := next.talks()
				if !c.isShownAs(talk.shown) {
					t.Errorf("call %d is that of %s, want %s", i+1, talk.shown, c.number)
				}
				c.hears("agent", "music")
				talk.hangup()
				c.hears("afterwards")
			}
		})
	}
}

// One agent takes callers in the order of their coming; wrap-up lies between.
func TestCallersAreServedInTheirOrder(t *testing.T) {
	l := open(t)
	callers := []*caller{l.queued(), l.queued(), l.queued()}
	a := newAgent(t, l.at, "1001", answers)
	ready := time.Now()
	l.member(a.id, "1001", "available", "bench")
	report.figure(t, agentRings, a.isRung().Sub(ready))
	for i, c := range callers {
		talk := a.talks()
		if !c.isShownAs(talk.shown) {
			t.Errorf("talk %d is with %s, want %s", i+1, talk.shown, c.number)
		}
		c.hears("agent", "music")
		talk.hangup()
		over := time.Now()
		c.hears("afterwards")
		c.hangup()
		if i < len(callers)-1 {
			report.figure(t, rerings, a.isRung().Sub(over)-time.Second)
		}
	}
}

// Callers go to the agent who has been idle longest since the last talk.
func TestLongestIdleAgentIsRung(t *testing.T) {
	l := open(t)
	a, b := l.agent("1001", answers, "bench"), l.agent("1002", answers, "bench")
	for i, want := range []*agent{a, b, a, b} {
		c := l.callMenu()
		c.press("1")
		talk := want.talks()
		c.hears("agent", "connecting", "music")
		talk.hangup()
		c.hears("afterwards")
		c.hangup()
		l.crm.isState(want.id, "idle")
		if i == 0 && len(b.rang) > 0 {
			t.Errorf("%s rang too", b.user)
		}
	}
}

func TestCallerLeavesTheQueue(t *testing.T) {
	t.Run("by a key while waiting", func(t *testing.T) {
		l := open(t)
		c := l.queued()
		c.walks("key * left main key 0 goodbye")
		if n := l.crm.waiting("bench"); n != 0 {
			t.Errorf("%d callers wait, want none", n)
		}
	})
	t.Run("by a key while the telephone rings", func(t *testing.T) {
		l := open(t)
		a := l.agent("1001", rings, "bench")
		c := l.callMenu()
		c.press("1")
		a.isRung()
		c.press("*")
		a.isQuiet()
		c.hears("left", "connecting", "music")
		l.crm.isState(a.id, "idle") // at once: it was not the agent's fault
	})
	t.Run("after the longest wait", func(t *testing.T) {
		l := open(t)
		c := l.callMenu()
		c.walks("key 5 music busy goodbye")
		c.isHungUp()
	})
}

// The agent hears what the call is about before the two are connected.
func TestAgentHearsWhisper(t *testing.T) {
	l := open(t)
	a := l.agent("1001", answers, "till")
	c := l.callMenu()
	c.press("4")
	talk := a.talks()
	talk.walks("whisper caller")
	c.hears("agent", "music", "voice")
}

// The agent has to press a key to take the call.
func TestAgentAcceptsByKey(t *testing.T) {
	l := open(t)
	l.crm.put("/v1/queues/till", api.Queue{Ring: api.Duration(8 * time.Second), AcceptKey: "1"})
	a := l.agent("1001", answers, "till")
	c := l.callMenu()
	c.press("4")
	c.hears("music")
	talk := a.talks()
	talk.hears("whisper")
	talk.press("1")
	talk.hears("caller", "whisper")
	c.hears("agent", "music", "voice")
}

// isShownAs tells whether an agent's telephone shows the caller's number.
func (c *caller) isShownAs(number string) bool {
	return number == c.number || number == international(c.number)
}
