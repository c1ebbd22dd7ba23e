//go:build freeswitch

package realswitch

import (
	"testing"
)

// When a call is answered is the number's own decision; until then the caller
// hears early media and pays nothing.
func TestAnswer(t *testing.T) {
	t.Run("at the first key", func(t *testing.T) {
		l := open(t)
		c := l.caller().mustCall(atInput, calling{early: true})
		c.hears("greeting")
		c.press("0")
		c.awaitAnswer()
		c.hears("goodbye", "main")
		c.isHungUp()
	})
	t.Run("when an agent answers", func(t *testing.T) {
		l := open(t)
		a := l.agent("1001", answers, "bench")
		c := l.caller().mustCall(byAgent, calling{early: true})
		c.hears("greeting")
		c.press("1")
		a.isRung()
		c.awaitAnswer()
		talk := a.talks()
		if c.answered.Before(talk.at.Add(-frameTime)) {
			t.Errorf("answered %v before the agent", talk.at.Sub(c.answered))
		}
		c.hears("agent", "main", "connecting", "music")
		talk.hears("caller")
	})
	t.Run("never, the caller listens and is not answered", func(t *testing.T) {
		l := open(t)
		c := l.caller().mustCall(byAgent, calling{early: true})
		c.walks("greeting main main silent goodbye")
		status := c.isRefused()
		if r := l.crm.recordOf(c.number); status < 400 || r.SIP != status || r.Ender != "dialgraph" || !r.Answered.IsZero() {
			t.Errorf("refused with %d, by the record %d, by %q, answered %v: want one code, by dialgraph, never", status, r.SIP, r.Ender, r.Answered)
		}
	})
	t.Run("never, the caller gives up", func(t *testing.T) { // diago says BYE, see RFC 3261, 15.1.2
		l := open(t)
		c := l.caller().mustCall(byAgent, calling{early: true})
		c.hears("greeting")
		c.press("1")
		c.hears("connecting", "main")
		c.hears("music")
		c.hangup()
		r := l.crm.recordOf(c.number)
		if r.SIP != 487 || r.Cause != "NORMAL_CLEARING" || r.Q850 != 16 || r.Ender != "caller" || !r.Answered.IsZero() {
			t.Errorf("record %+v, want 487, NORMAL_CLEARING, 16, by the caller, not answered", r)
		}
	})
}
