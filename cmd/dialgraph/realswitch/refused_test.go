//go:build freeswitch

package realswitch

import (
	"slices"
	"testing"
	"time"
)

// A call that cannot be served gets a notice, and then the number's fallback.
func TestCallThatCannotBeServed(t *testing.T) {
	t.Run("unknown number", func(t *testing.T) {
		l := open(t)
		c := l.caller().mustCall(unknown, calling{early: true})
		c.hears("voice")
		if status := c.isRefused(); status != 503 {
			t.Errorf("refused with %d after the notice, want 503", status)
		}
		l.at.isEmptyOf(t, c.number)
	})
	t.Run("a menu without an active version", func(t *testing.T) {
		l := open(t)
		desk := newAgent(t, l.at, "1005", answers)
		c := l.caller().mustCall(inactive, calling{early: true})
		c.hears("voice")
		c.awaitAnswer()
		talk := desk.talks()
		c.hears("agent", "connecting", "busy", "voice")
		talk.hears("caller")
	})
	t.Run("the menu is left", func(t *testing.T) {
		l := open(t)
		desk := newAgent(t, l.at, "1005", answers)
		c := l.call(fallback)
		c.walks("greeting main key 9")
		talk := desk.talks()
		c.hears("agent", "voice")
		talk.hears("caller")
		if r := l.crm.record(l.owner(c).Call); r.Ender != "exit" {
			t.Errorf("ended by %q, want exit", r.Ender)
		}
	})
	t.Run("the controllers have started without Redis", func(t *testing.T) {
		l := open(t)
		l.redis.Stop()
		l.killAll()
		c := startController(t, l.arguments()...)
		l.controllers = append(l.controllers, c)
		l.at.setHosts(t, c.esl)
		call := l.caller().mustCall(workshop, calling{early: true})
		call.hears("voice")
		if status := call.isRefused(); status != 503 {
			t.Errorf("refused with %d after the notice, want 503", status)
		}
	})
}

// Redis is away: menus run from memory, and who wants an agent waits until it
// is back.
func TestRedisIsAway(t *testing.T) {
	t.Run("at the start of a call", func(t *testing.T) {
		l := open(t)
		l.redis.Stop()
		c := l.callMenu()
		c.walks("key 2 ticket key 4711# voice other key # thanks main key 0 goodbye")
		c.isHungUp()
	})
	t.Run("while a caller goes to the queue", func(t *testing.T) {
		l := open(t)
		a := l.agent("1001", answers, "bench")
		c := l.callMenu()
		l.redis.Stop()
		c.press("1")
		c.hears("connecting")
		c.hears("music")
		l.redis.Restart()
		talk := a.talks()
		c.hears("agent", "music")
		talk.hangup()
		c.hears("afterwards")
	})
	t.Run("while a caller waits", func(t *testing.T) {
		l := open(t)
		c := l.queued()
		l.redis.Stop()
		l.redis.Restart()
		a := l.agent("1001", answers, "bench")
		talk := a.talks()
		c.hears("agent", "music")
		talk.hears("caller")
	})
	t.Run("while two talk", func(t *testing.T) {
		l := open(t)
		a := l.agent("1001", answers, "bench")
		c := l.callMenu()
		c.press("1")
		talk := a.talks()
		c.hears("agent", "music", "connecting")
		l.redis.Stop()
		talk.hears("caller")
		talk.hangup()
		c.hears("afterwards")
		l.redis.Restart()
		l.crm.isState(a.id, "idle")
	})
}

func TestLimits(t *testing.T) {
	t.Run("calls of a number", func(t *testing.T) {
		l := open(t)
		c := l.call(single)
		c.hears("greeting")
		other := l.caller().mustBeRefused(single)
		if other != 503 {
			t.Errorf("the second call is refused with %d, want 503", other)
		}
		c.hangup()
		l.at.isEmptyOf(t, c.number)
		eventually(t, "the number takes a call again", func() bool {
			again, err := l.caller().tryCall(single)
			return err == nil && again.answered.After(c.answered)
		})
	})
	t.Run("calls of a trunk, also when one is resumed", func(t *testing.T) {
		l := open(t, "trunk="+settings.host+"=from:1")
		c := l.callMenu()
		refused := func() {
			t.Helper()
			other := l.caller()
			if status := other.mustBeRefused(ahead); status != 503 {
				t.Errorf("the second call is refused with %d, want 503", status)
			}
			r := l.crm.recordOf(other.user)
			if r.SIP != 503 || r.Cause != "NORMAL_TEMPORARY_FAILURE" || r.Ender != "dialgraph" || !r.Answered.IsZero() {
				t.Errorf("record %+v of the refused call, want 503 by dialgraph, not answered", r)
			}
		}
		refused()
		owner := l.owner(c)
		owner.by.kill()
		l.resumedBy(c, owner)
		refused()
		c.hangup()
		l.at.isEmptyOf(t, c.number)
		eventually(t, "the trunk brings a call again", func() bool {
			again, err := l.caller().tryCall(ahead)
			return err == nil && again.answered.After(c.answered)
		})
	})
	t.Run("calls of a controller: the next one has room", func(t *testing.T) {
		l := open(t, "max-calls=1")
		first := l.callMenu()
		full := l.owner(first).by
		eventually(t, "the full controller is off the list", func() bool { return !slices.Contains(l.at.hosts(t), full.esl) })
		second := l.callMenu()
		if l.owner(second).by == full {
			t.Error("both calls are at the same controller")
		}
		third := l.caller().mustCall(workshop, calling{early: true})
		third.hears("voice")
		if status := third.isRefused(); status != 503 {
			t.Errorf("the third call is refused with %d after the notice, want 503", status)
		}
	})
	t.Run("the longest call", func(t *testing.T) {
		l := open(t, "longest-call=1m")
		c := l.queued()
		call := l.owner(c).Call
		select {
		case <-c.dialog.Context().Done():
		case <-time.After(90 * time.Second):
			t.Fatal("the call goes on after 90 s")
		}
		if r := l.crm.record(call); r.Cause != "ALLOTTED_TIMEOUT" || r.Ender != "dialgraph" {
			t.Errorf("ended by %q with %s, want dialgraph, ALLOTTED_TIMEOUT", r.Ender, r.Cause)
		}
	})
}
