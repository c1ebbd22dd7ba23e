//go:build freeswitch

package realswitch

import (
	"strconv"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/api"
)

// mute is how long a telephone may send no RTP in these tests.
const mute = 2 * time.Second

// A telephone that is cut off sends nothing any more, no BYE either. The switch
// ends its leg, and nothing of it is left behind.
func TestTelephoneIsCutOff(t *testing.T) {
	for _, s := range []struct {
		situation string
		until     func(l *line, a *agent) *caller // brings a call to where it is cut off
		talks     bool
	}{
		{"in the menu", func(l *line, _ *agent) *caller { return l.callMenu() }, false},
		{"waiting", func(l *line, a *agent) *caller {
			l.crm.put("/v1/agents/"+a.id+"/status", api.Wish{Status: "break"})
			return l.queued()
		}, false},
		{"while the agent's telephone rings", func(l *line, a *agent) *caller {
			a.react(rings)
			c := l.callMenu()
			c.press("1")
			a.isRung()
			return c
		}, false},
		{"talking", func(l *line, a *agent) *caller {
			c := l.callMenu()
			c.press("1")
			c.hears("connecting")
			c.hears("agent", "music")
			return c
		}, true},
	} {
		t.Run(s.situation, func(t *testing.T) {
			l := open(t)
			l.at.cutsOff(t, mute)
			a := l.agent("1001", answers, "bench")
			c := s.until(l, a)
			call := l.owner(c).Call
			c.stop()
			at := time.Now()
			c.isHungUp()
			if took := time.Since(at); took < mute-time.Second || took > mute+time.Second {
				t.Errorf("hung up after %v without RTP, want %v", took, mute)
			}
			l.at.isEmptyOf(t, c.number)
			r := l.crm.record(call)
			if r.Cause != "MEDIA_TIMEOUT" || r.Ender != "network" || !r.Seen {
				t.Errorf("ended by %q with %s, observed %v: want network, MEDIA_TIMEOUT, true", r.Ender, r.Cause, r.Seen)
			}
			if s.talks {
				a.talks().isHungUp()
			}
			if talked := r.Talk > mute.Seconds()-1; talked != s.talks {
				t.Errorf("talked %v s, want talked = %v", r.Talk, s.talks)
			}
			if n := l.crm.waiting("bench"); n != 0 {
				t.Errorf("%d callers wait in bench, want none", n)
			}
			l.crm.put("/v1/agents/"+a.id+"/status", api.Wish{Status: "available"})
			l.crm.isState(a.id, "idle")
		})
	}
	t.Run("the agent's, talking", func(t *testing.T) {
		l := open(t)
		l.at.cutsOff(t, mute)
		a := l.agent("1001", answers, "bench")
		c := l.callMenu()
		c.press("1")
		talk := a.talks()
		c.hears("agent", "connecting", "music")
		talk.stop()
		c.walks("afterwards main key 0 goodbye")
		c.isHungUp()
		if r := l.crm.record(l.owner(c).Call); r.Ender != "dialgraph" || r.Cause != "NORMAL_CLEARING" {
			t.Errorf("ended by %q with %s, want dialgraph, NORMAL_CLEARING", r.Ender, r.Cause)
		}
		l.crm.isState(a.id, "idle")
	})
}

// Many telephones and carriers send no RTP before the answer: a caller who
// waits unanswered is not cut off, and is looked after from the answer on.
func TestTelephoneIsSilentUntilTheAnswer(t *testing.T) {
	l := open(t)
	l.at.cutsOff(t, mute)
	c := l.caller().mustCall(byAgent, calling{early: true})
	c.hears("greeting")
	c.press("1")
	c.hears("connecting", "main")
	c.hears("music")
	c.stop()
	c.hearsAfter(time.Now().Add(2*mute), "music")
	a := l.agent("1001", answers, "bench")
	talk := a.talks()
	c.awaitAnswer()
	c.isHungUp()
	inTime(t, "the end of a call that was answered", time.Since(c.answered), mute+time.Second)
	talk.isHungUp()
	if r := l.crm.record(l.owner(c).Call); r.Cause != "MEDIA_TIMEOUT" || r.Answered.IsZero() {
		t.Errorf("ended with %s, answered %v, want MEDIA_TIMEOUT, a time", r.Cause, r.Answered)
	}
}

// cutsOff lets the node end calls that have sent no RTP for so long, until the
// test ends.
func (n *node) cutsOff(t *testing.T, after time.Duration) {
	t.Helper()
	const name = "dialgraph_media_timeout"
	before := n.ask(t, "global_getvar "+name)
	n.ask(t, "global_setvar "+name+"="+strconv.FormatInt(after.Milliseconds(), 10))
	t.Cleanup(func() { n.ask(t, "global_setvar "+name+"="+before) })
}
