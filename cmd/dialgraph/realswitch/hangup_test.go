//go:build freeswitch

package realswitch

import (
	"testing"

	"github.com/dialgraph/dialgraph/api"
)

// A caller hangs up anywhere: no channel, no agent and no place in a queue is
// left, and the record says who ended the call.
func TestCallerHangsUp(t *testing.T) {
	for _, s := range []struct {
		situation string
		until     func(l *line, a *agent) *caller // brings a call to where it is hung up
		after     func(t *testing.T, c *caller, a *agent, r api.Call)
	}{
		{
			"in the middle of a prompt",
			func(l *line, _ *agent) *caller {
				c := l.call(workshop)
				c.hears("greeting")
				return c
			},
			func(t *testing.T, _ *caller, _ *agent, r api.Call) {
				if len(r.Path) != 1 {
					t.Errorf("path %v, want the greeting alone", r.Path)
				}
			},
		}, {
			"with half a number keyed in",
			func(l *line, _ *agent) *caller {
				c := l.callMenu()
				c.walks("key 2 ticket key 47")
				return c
			},
			nil,
		}, {
			"waiting for an agent",
			func(l *line, a *agent) *caller {
				l.crm.put("/v1/agents/"+a.id+"/status", api.Wish{Status: "break"})
				return l.queued()
			},
			func(t *testing.T, _ *caller, _ *agent, r api.Call) {
				if r.Queue != "bench" || r.Queued.IsZero() || !r.Talked.IsZero() {
					t.Errorf("queue %q since %v, talked %v: want bench, a time, never", r.Queue, r.Queued, r.Talked)
				}
			},
		}, {
			"while the agent's telephone rings",
			func(l *line, a *agent) *caller {
				a.react(rings)
				c := l.callMenu()
				c.press("1")
				a.isRung()
				return c
			},
			func(t *testing.T, c *caller, a *agent, _ api.Call) {
				report.figure(t, cancelled, a.isQuiet().Sub(c.left))
			},
		}, {
			"while talking to the agent",
			func(l *line, a *agent) *caller {
				c := l.callMenu()
				c.press("1")
				a.talks().hears("caller")
				return c
			},
			func(t *testing.T, _ *caller, a *agent, r api.Call) {
				if r.Agent != a.id || r.Talk <= 0 {
					t.Errorf("talked %v s to %q, want some time to %s", r.Talk, r.Agent, a.id)
				}
			},
		},
	} {
		t.Run(s.situation, func(t *testing.T) {
			l := open(t)
			a := l.agent("1001", answers, "bench")
			c := s.until(l, a)
			call := l.owner(c).Call
			c.hangup()
			l.at.isEmptyOf(t, c.number)
			r := l.crm.record(call)
			if r.Ender != "caller" || !r.Seen || r.Cause != "NORMAL_CLEARING" {
				t.Errorf("ended by %q, observed %v, cause %s: want caller, true, NORMAL_CLEARING", r.Ender, r.Seen, r.Cause)
			}
			if s.after != nil {
				s.after(t, c, a, r)
			}
			l.crm.put("/v1/agents/"+a.id+"/status", api.Wish{Status: "available"})
			l.crm.isState(a.id, "idle")
			if n := l.crm.waiting("bench"); n != 0 {
				t.Errorf("%d callers wait in bench, want none", n)
			}
		})
	}
}
