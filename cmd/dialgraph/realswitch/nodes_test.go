//go:build freeswitch

package realswitch

import (
	"testing"

	"github.com/dialgraph/dialgraph/api"
)

// Callers at two FreeSWITCH nodes wait in one queue, and one agent, whose
// telephone is registered at the first node, serves both in their order.
func TestOneQueueOnTwoNodes(t *testing.T) {
	if len(settings.nodes) < 2 {
		t.Skip("there is no second FreeSWITCH: FREESWITCH_ESL2 and FREESWITCH_SIP2 name it")
	}
	l := open(t)
	near, far := settings.nodes[0], settings.nodes[1]
	l.crm.put("/v1/sites/default", api.Site{
		Region: "UA", Templates: api.Templates{Agent: "sofia/dialgraph/agent-{contact}@" + near.sip},
	})
	l.at = far
	first := l.queued()
	l.at = near
	second := l.queued()
	l.at = far
	third := l.queued()
	l.at = near
	a := l.agent("1001", answers, "bench")
	for i, c := range []*caller{first, second, third} {
		talk := a.talks()
		if !c.isShownAs(talk.shown) {
			t.Errorf("talk %d is with %s, want %s", i+1, talk.shown, c.number)
		}
		c.hears("agent", "music")
		talk.hears("caller")
		talk.hangup()
		c.hears("afterwards")
		c.hangup()
	}
}

// A controller dies with callers at both nodes: both are gone on with.
func TestControllerKilledOnTwoNodes(t *testing.T) {
	if len(settings.nodes) < 2 {
		t.Skip("there is no second FreeSWITCH: FREESWITCH_ESL2 and FREESWITCH_SIP2 name it")
	}
	l := open(t)
	var calls []*caller
	for _, n := range settings.nodes {
		l.at = n
		calls = append(calls, l.callMenu())
	}
	l.controllers[0].kill()
	for _, c := range calls {
		c.press("0")
		c.hears("goodbye", "main")
		c.isHungUp()
	}
}
