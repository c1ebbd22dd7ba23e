//go:build freeswitch

package realswitch

import (
	"slices"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/dialgraph/dialgraph/api"
)

// A call with a talk, as its record tells it; and the same one, whose controller
// is killed wherever the caller waits for something.
func TestRecordOfACall(t *testing.T) {
	t.Run("that one controller has", func(t *testing.T) {
		l := open(t)
		w := &witness{line: l, lose: time.Now}
		w.call(answers)
		w.check(t)
	})
	t.Run("whose controllers are killed", func(t *testing.T) {
		l := open(t)
		for range 4 {
			l.start() // beside the two: five will be killed
		}
		l.isListed()
		w := &witness{line: l}
		w.lose = func() time.Time {
			w.lost = append(w.lost, l.crm.live(w.uuid).Instance)
			return l.owner(w.caller).by.kill()
		}
		w.call(rings)
		w.check(t)
	})
}

// A witness is what the telephones and the switch know of a call.
type witness struct {
	*line
	lose     func() time.Time // the controller that has the call
	lost     []string         // instances
	caller   *caller
	agent    *agent
	uuid     string
	legs     [2]string // the caller's, and the other one
	instance string    // the last one

	pressed, waits, rang, talks, parts, ends time.Time
}

// call calls, waits, talks to an agent, and goes on in the menu to its end. An
// agent who lets it ring answers the next time, when the controller is lost.
func (w *witness) call(how reaction) {
	p := w.line.caller()
	w.customer(p, api.Customer{Name: "Olena"})
	c := p.mustCall(workshop, calling{})
	w.caller, w.uuid = c, w.owner(c).Call
	c.walks("greeting main")
	c.hearsAfter(w.lose(), "main")
	w.pressed = time.Now()
	c.press("1")
	c.hears("connecting", "main")
	w.waits = c.hears("music").begin
	c.hearsAfter(w.lose(), "music")
	a := w.line.agent("1001", how, "bench")
	w.agent, w.rang = a, a.isRung()
	if how == rings {
		w.lose()
		a.isQuiet()
		a.react(answers)
		w.rang = a.isRung()
	}
	talk := a.talks()
	w.talks = talk.at
	c.hearsAfter(talk.at, "agent")
	talk.hears("caller")
	w.legs = w.at.legs(w.t, c.number)
	c.hearsAfter(w.lose().Add(time.Second), "agent")
	talk.hangup()
	w.parts = time.Now()
	c.hears("afterwards")
	c.hearsAfter(w.lose(), "afterwards")
	c.hears("main", "afterwards")
	c.press("0")
	c.hears("goodbye")
	w.instance = w.crm.live(w.uuid).Instance
	c.isHungUp()
	w.ends = time.Now()
}

// check compares the record.
func (w *witness) check(t *testing.T) {
	if slices.Contains(w.lost, w.instance) {
		t.Errorf("instance %s was killed and has the call", w.instance)
	}
	const soon = 300 * time.Millisecond
	c := w.caller
	checkRecord(t, w.crm.record(w.uuid), map[string]check{
		"Call": is(w.legs[0]), "Leg": is(w.legs[1]), "Node": is(w.at.ask(t, "switchname")), "Instance": is(w.instance),
		"SIPCall": is(c.callID()), "Trunk": is(settings.host),
		"Dialled": is(workshop), "Number": is(workshop), "CallerRaw": is(c.number), "Caller": is(international(c.number)),
		"Withheld": is(false), "Customer": is("c" + c.number),
		"Menu": is("workshop"), "Version": is(w.crm.active("workshop")), "Tags": is(map[string]string{"talked": "to-the-bench"}),
		"Path": is([]string{"greeting", "outage", "main", "bench", "afterwards", "counted", "main", "goodbye", "end"}),

		"Started": near(c.invited, soon), "Answered": near(c.answered, soon),
		"Queued": during(w.pressed, w.waits), "Offered": near(w.rang, soon), "Talked": near(w.talks, soon),
		"Talk": lasts(w.parts.Sub(w.talks), soon), "Ended": near(w.ends, soon),

		"Cause": is("NORMAL_CLEARING"), "Q850": is(16), "SIP": is(0), "Ender": is("dialgraph"), "Seen": is(true),
		"Agent": is(w.agent.id), "Queue": is("bench"), "Resumed": is(len(w.lost)), "Missing": is(0), "Error": is(""),

		"Media.Codec": is("PCMU"), "Media.Rate": is(8000), "Media.LossIn": between(0, 5), "Media.MOS": between(3, 5),
		"Media.PacketsIn": packets(c.sent.Load()), "Media.PacketsOut": packets(c.received.Load()),
	})
}

// A caller who withholds the number is nobody, even where the switch knows it.
func TestCallerWithholdsTheNumber(t *testing.T) {
	l := open(t, "trust=p-asserted-identity")
	phone := l.caller()
	l.customer(phone, api.Customer{Name: "Olena", Address: "kyiv/secret"})
	l.crm.put("/v1/outages/kyiv/secret", api.Outage{Message: "for those who are known"})
	asserted := "<sip:" + phone.user + "@" + settings.host + ">"
	c := phone.mustCall(workshop, calling{name: "Anonymous", headers: []sip.Header{
		sip.NewHeader("P-Asserted-Identity", asserted), sip.NewHeader("Privacy", "id"),
	}})
	c.walks("greeting main key 0 goodbye")
	c.isHungUp()
	var calls struct{ Items []api.Call }
	eventually(t, "the call is on record", func() bool {
		calls.Items = nil
		return l.crm.get("/v1/calls", &calls) && len(calls.Items) == 1 && !calls.Items[0].Ended.IsZero()
	})
	if r := calls.Items[0]; !r.Withheld || r.Caller != "" || r.CallerRaw != "" || r.Customer != "" {
		t.Errorf("withheld %v, caller %q, raw %q, customer %q: want true and nobody", r.Withheld, r.Caller, r.CallerRaw, r.Customer)
	}
}

// Who ends a call at the switch is neither the caller nor the menu.
func TestCallIsEndedAtTheSwitch(t *testing.T) {
	l := open(t)
	c := l.queued()
	call := l.owner(c).Call
	l.at.ask(t, "uuid_kill "+call)
	c.isHungUp()
	if r := l.crm.record(call); r.Ender != "network" || r.Cause != "NORMAL_CLEARING" || !r.Seen {
		t.Errorf("ended by %q with %s, observed %v: want network, NORMAL_CLEARING, true", r.Ender, r.Cause, r.Seen)
	}
	if n := l.crm.waiting("bench"); n != 0 {
		t.Errorf("%d callers wait in bench, want none", n)
	}
}
