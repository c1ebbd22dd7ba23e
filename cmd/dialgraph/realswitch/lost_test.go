//go:build freeswitch

package realswitch

import (
	"math"
	"slices"
	"testing"
	"time"
)

// What a lost controller may cost, as docs/architecture.md promises.
const (
	lostInMenu  = 2 * time.Second
	lostRinging = 5 * time.Second
	lostHanging = lease + grace
	// takenForEnded is longer than a queue believes in a talk that nobody looks
	// after.
	takenForEnded = 20 * time.Second
)

// The controller of a call is killed, as by a power failure.
func TestControllerKilled(t *testing.T) {
	for _, s := range []struct {
		situation string
		run       func(t *testing.T, l *line)
	}{
		{"caller in a menu", func(t *testing.T, l *line) {
			c := l.callMenu()
			owner := l.owner(c)
			at := owner.by.kill()
			heard := c.hears("main").begin.Sub(at)
			report.figure(t, killed+", in a menu", heard)
			inTime(t, "the menu's next sound", heard, lostInMenu)
			l.resumedBy(c, owner)
			c.walks("key 0 goodbye")
			c.isHungUp()
			if r := l.crm.record(owner.Call); r.Resumed != 1 || !r.Seen {
				t.Errorf("resumed %d times, hangup observed %v: want once, true", r.Resumed, r.Seen)
			}
		}},
		{"caller has keyed in a number and is to confirm it", func(t *testing.T, l *line) {
			c := l.callMenu()
			c.walks("key 2 ticket key 4711# voice other")
			at := l.owner(c).by.kill()
			heard := c.hears("voice").begin.Sub(at)
			inTime(t, "reading the number back again", heard, lostInMenu)
			c.walks("other key # thanks")
		}},
		{"caller keys in a number", func(t *testing.T, l *line) {
			c := l.callMenu()
			c.walks("key 2 ticket key 47")
			c.typed()
			at := l.owner(c).by.kill()
			inTime(t, "the next sound", c.hears("ticket").begin.Sub(at), lostInMenu)
			c.walks("key 4711# voice other key # thanks")
		}},
		{"two callers wait", func(t *testing.T, l *line) {
			first := l.queued()
			second := l.queued()
			at := l.owner(first).by.kill()
			first.hearsAfter(at.Add(lostInMenu), "music")
			gap := first.silence(at, at.Add(lostInMenu))
			report.figure(t, "controller killed: silence in the music, waiting", gap)
			second.hearsAfter(at, "music")
			a := l.agent("1001", answers, "bench")
			for i, c := range []*caller{first, second} {
				talk := a.talks()
				if talk.shown != international(c.number) && talk.shown != c.number {
					t.Errorf("talk %d is with %s, want %s", i+1, talk.shown, c.number)
				}
				c.hears("agent", "music")
				talk.hangup()
				c.hears("afterwards")
			}
		}},
		{"agent's telephone rings", func(t *testing.T, l *line) {
			a := l.agent("1001", rings, "bench")
			c := l.callMenu()
			c.press("1")
			a.isRung()
			owner := l.owner(c)
			at := owner.by.kill()
			inTime(t, "silence at the agent's telephone", a.isQuiet().Sub(at), lostRinging)
			a.react(answers)
			talk := a.talks()
			c.hearsAfter(talk.at, "agent")
			gap := c.silence(at, talk.at)
			report.figure(t, "controller killed: silence in the music, ringing", gap)
			inTime(t, "silence", gap, lostInMenu)
			talk.hangup()
			c.hears("afterwards", "music", "agent")
			l.resumedBy(c, owner)
		}},
		{"caller talks, the agent hangs up", func(t *testing.T, l *line) {
			a, c, talk := l.talking()
			owner := l.owner(c)
			at := owner.by.kill()
			c.hearsAfter(at.Add(time.Second), "agent")
			talk.hearsAfter(at.Add(time.Second), "caller")
			if heard := c.String() + talk.String(); !talk.alive() || !c.alive() {
				t.Fatalf("the talk was cut; heard: %s", heard)
			}
			talk.hangup()
			hung := time.Now()
			heard := c.hears("afterwards").begin.Sub(hung)
			report.figure(t, "controller killed while talking: end of the talk to next sound", heard)
			inTime(t, "the next sound after the talk", heard, lostInMenu)
			l.crm.isState(a.id, "idle")
			c.walks("main key 0 goodbye")
			if r := l.crm.record(owner.Call); r.Agent != a.id || r.Talk < 1 || r.Resumed != 1 {
				t.Errorf("talked %v s to %q, resumed %d times: want more than 1 s to %s, once", r.Talk, r.Agent, r.Resumed, a.id)
			}
		}},
		{"caller talks and hangs up", func(t *testing.T, l *line) {
			a, c, talk := l.talking()
			owner := l.owner(c)
			owner.by.kill()
			l.isListed() // the dead one has been missed
			c.hearsAfter(time.Now(), "agent")
			c.hangup()
			talked := c.left.Sub(talk.at).Seconds()
			talk.isHungUp()
			l.crm.isState(a.id, "idle")
			if r := l.crm.record(owner.Call); r.Agent != a.id || r.Ender != "caller" || math.Abs(r.Talk-talked) > 0.3 {
				t.Errorf("ended by %q after a talk of %v s to %q: want caller, %v, %s", r.Ender, r.Talk, r.Agent, talked, a.id)
			}
		}},
	} {
		t.Run(s.situation, func(t *testing.T) { s.run(t, open(t)) })
	}
}

// No controller is left.
func TestAllControllersKilled(t *testing.T) {
	t.Run("caller in a menu of a number with a fallback", func(t *testing.T) {
		l := open(t)
		desk := newAgent(t, l.at, "1005", answers)
		c := l.call(fallback)
		c.walks("greeting main")
		l.killAll()
		talk := desk.talks()
		c.hears("agent", "voice", "main")
		talk.hears("caller")
	})
	t.Run("caller in a menu of a number without one", func(t *testing.T) {
		l := open(t)
		c := l.callMenu()
		l.killAll()
		c.hears("voice", "main")
		c.isHungUp()
	})
	t.Run("somebody calls", func(t *testing.T) {
		l := open(t)
		l.killAll()
		c := l.caller().mustCall(workshop, calling{early: true})
		c.hears("voice")
		if status := c.isRefused(); status != 503 {
			t.Errorf("refused with %d after the notice, want 503", status)
		}
	})
}

// A controller hangs, or its network is gone, and no socket is closed.
func TestControllerHangs(t *testing.T) {
	t.Run("caller in a menu", func(t *testing.T) {
		l := open(t)
		c := l.callMenu()
		owner := l.owner(c)
		at := owner.by.freeze()
		heard := c.hears("main").begin.Sub(at)
		report.figure(t, hung, heard)
		inTime(t, "the menu's next sound", heard, lostHanging)
		now := l.resumedBy(c, owner)
		owner.by.thaw()
		eventually(t, "the one that hung is back", owner.by.ready)
		c.walks("key 2 ticket key 4711# voice other key # thanks")
		if last := l.owner(c); last.by != now.by {
			t.Error("the controller that hung took the call back")
		}
	})
	t.Run("caller waits", func(t *testing.T) {
		l := open(t)
		c := l.queued()
		owner := l.owner(c)
		at := owner.by.freeze()
		l.resumedBy(c, owner)
		inTime(t, "the takeover", time.Since(at), lostHanging)
		a := l.agent("1001", answers, "bench")
		talk := a.talks()
		c.hears("agent", "music")
		talk.hangup()
		c.hears("afterwards")
	})
	for _, s := range []struct {
		situation string
		talks     time.Duration // after it has hung
	}{
		{"caller talks until the call is adopted", lostHanging + 2*time.Second},
		{"caller talks, the agent hangs up before", time.Second},
	} {
		t.Run(s.situation, func(t *testing.T) {
			l := open(t)
			a, c, talk := l.talking()
			owner := l.owner(c)
			at := owner.by.freeze()
			c.hearsAfter(at.Add(s.talks), "agent")
			talk.hears("caller")
			talk.hangup()
			talked := time.Since(talk.at).Seconds()
			c.hears("afterwards")
			l.resumedBy(c, owner)
			l.crm.isState(a.id, "idle")
			c.hangup()
			if r := l.crm.record(owner.Call); math.Abs(r.Talk-talked) > 0.3 {
				t.Errorf("talked %v s by the record, want %v", r.Talk, talked)
			}
		})
	}
	t.Run("somebody calls", func(t *testing.T) {
		l := open(t)
		dead := l.controllers[0]
		dead.freeze()
		eventually(t, "the node's list is without the one that hangs", func() bool {
			return !slices.Contains(l.at.hosts(t), dead.esl)
		})
		c := l.callMenu()
		c.walks("key 0 goodbye")
	})
}

// A controller is stopped for an upgrade.
func TestControllerDrains(t *testing.T) {
	t.Run("caller in a menu", func(t *testing.T) {
		l := open(t)
		c := l.callMenu()
		owner := l.owner(c)
		owner.by.terminate()
		c.walks("key 2 ticket")
		l.resumedBy(c, owner)
		await(t, owner.by.died, "the controller ends")
		c.hears("ticket")
		c.walks("key 4711# voice other key # thanks")
	})
	t.Run("caller talks", func(t *testing.T) {
		l := open(t)
		a, c, talk := l.talking()
		owner := l.owner(c)
		owner.by.terminate()
		await(t, owner.by.died, "the controller ends")
		c.hearsAfter(time.Now(), "agent")
		talk.hearsAfter(time.Now(), "caller")
		talk.hangup()
		c.hears("afterwards")
		l.resumedBy(c, owner)
		l.crm.isState(a.id, "idle")
	})
	t.Run("caller talks for long while another one waits", func(t *testing.T) {
		l := open(t)
		a, c, talk := l.talking()
		owner := l.owner(c)
		owner.by.terminate()
		await(t, owner.by.died, "the controller ends")
		other := l.queued()
		c.hearsAfter(time.Now().Add(takenForEnded), "agent")
		l.crm.isState(a.id, "talking")
		talk.hangup()
		c.hears("afterwards")
		l.resumedBy(c, owner)
		next := a.talks()
		other.hears("agent", "music")
		next.hangup()
		other.hears("afterwards")
	})
	t.Run("somebody calls", func(t *testing.T) {
		l := open(t)
		c := l.callMenu()
		owner := l.owner(c)
		owner.by.terminate()
		eventually(t, "it is not ready", func() bool { return !owner.by.ready() })
		other := l.callMenu()
		if l.owner(other).by == owner.by {
			t.Error("a draining controller took a new call")
		}
		other.walks("key 0 goodbye")
	})
}

// talking is a caller who talks to an agent.
func (l *line) talking() (*agent, *caller, *answered) {
	a := l.agent("1001", answers, "bench")
	c := l.callMenu()
	c.press("1")
	t := a.talks()
	c.hears("agent", "music", "connecting")
	return a, c, t
}

// killAll kills every controller.
func (l *line) killAll() {
	for _, c := range l.controllers {
		c.kill()
	}
}
