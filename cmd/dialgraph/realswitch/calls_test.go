//go:build freeswitch

package realswitch

import (
	"testing"

	"github.com/dialgraph/dialgraph/api"
)

// The figures of the report.
const (
	firstSound = "answer to first sound"
	callSound  = "call to first sound"
	silence    = "silence between two prompts"
	agentRings = "agent available to agent's telephone ringing, caller waiting"
	rerings    = "end of a talk to agent's telephone ringing again, less 1 s of wrap-up"
	killed     = "controller killed to next sound"
	hung       = "controller hangs to next sound, at another one"
	cancelled  = "caller hangs up to agent's telephone silent"
)

// A caller's whole way: an outage at the address, the menu, an agent, and on.
func TestCallFromGreetingToGoodbye(t *testing.T) {
	l := open(t)
	agent := l.agent("1001", answers, "bench")
	phone := l.caller()
	l.customer(phone, api.Customer{Name: "Olena", Address: "kyiv/khreshchatyk/10/25"})
	l.crm.put("/v1/outages/kyiv/khreshchatyk/10", api.Outage{Message: "a cable is cut"})

	c := phone.mustCall(workshop, calling{})
	greeting := c.hears("greeting")
	report.figure(t, firstSound, greeting.begin.Sub(c.answered))
	report.figure(t, callSound, greeting.begin.Sub(c.invited))
	outage := c.hears("outage")
	report.figure(t, silence, outage.begin.Sub(c.endOf("greeting")))
	main := c.hears("main")
	report.figure(t, silence, main.begin.Sub(c.endOf("outage")))
	c.press("1")
	c.hears("connecting")
	talk := agent.talks()
	c.hears("agent", "music")
	talk.hears("caller")
	talk.hangup()
	c.hears("afterwards")
	c.hears("main")
	c.press("0")
	c.hears("goodbye")
	c.isHungUp()
}

func TestCallerInTheMenu(t *testing.T) {
	for _, s := range []struct {
		situation string
		way       string // what is heard, and "key K": what is pressed
	}{
		{"is silent", "greeting main main silent goodbye"},
		{"presses a wrong key twice", "greeting main key 8 wrong main key 8 given-up goodbye"},
		{"presses a wrong key and then a right one", "greeting main key 8 wrong main key 0 goodbye"},
		{"presses a key during the greeting", "greeting key 0 goodbye"},
		{"keys in a ticket and confirms it", "greeting main key 2 ticket key 4711# voice other key # thanks main key 0 goodbye"},
		{"keys in a ticket, corrects it and confirms it", "greeting main key 2 ticket key 4712# voice other key * ticket key 4711# voice other key # thanks main key 0 goodbye"},
	} {
		t.Run(s.situation, func(t *testing.T) {
			l := open(t)
			c := l.call(workshop)
			c.walks(s.way)
			c.isHungUp()
			l.at.isEmptyOf(t, c.number)
		})
	}
}
