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
		if status := c.isRefused(); status < 400 {
			t.Errorf("refused with %d", status)
		}
	})
}
