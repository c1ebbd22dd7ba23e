//go:build freeswitch

package realswitch

import (
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/google/go-cmp/cmp"

	"github.com/dialgraph/dialgraph/api"
)

// A call with a talk, as its record tells it.
func TestRecordOfACall(t *testing.T) {
	l := open(t)
	a := l.agent("1001", answers, "bench")
	phone := l.caller()
	l.customer(phone, api.Customer{Name: "Olena"})
	c := phone.mustCall(workshop, calling{})
	c.walks("greeting main key 1 connecting")
	talk := a.talks()
	c.hears("agent", "music")
	talk.hears("caller")
	talk.hangup()
	c.walks("afterwards main key 0 goodbye")
	c.isHungUp()
	r := l.crm.record(l.owner(c).Call)

	want := api.Call{
		SIPCall: c.callID(), Dialled: workshop, Number: workshop, CallerRaw: c.number, Caller: international(c.number),
		Customer: "c" + c.number, Menu: "workshop", Cause: "NORMAL_CLEARING", Q850: 16, Ender: "dialgraph",
		Agent: a.id, Queue: "bench", Seen: true,
		Path: []string{"greeting", "outage", "main", "bench", "afterwards", "main", "goodbye", "end"},
	}
	got := api.Call{
		SIPCall: r.SIPCall, Dialled: r.Dialled, Number: r.Number, CallerRaw: r.CallerRaw, Caller: r.Caller,
		Customer: r.Customer, Menu: r.Menu, Cause: r.Cause, Q850: r.Q850, Ender: r.Ender,
		Agent: r.Agent, Queue: r.Queue, Seen: r.Seen, Path: r.Path,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	moments := []time.Time{r.Started, r.Answered, r.Queued, r.Offered, r.Talked, r.Ended}
	for i, m := range moments[1:] {
		if m.Before(moments[i]) {
			t.Errorf("moment %d, %v, is before the one before, %v", i+1, m, moments[i])
		}
	}
	if r.Talk < 0.1 || r.Talk > 5 {
		t.Errorf("talked %v s, want about a second", r.Talk)
	}
	if r.Node == "" || r.Leg == "" || r.Trunk == "" || len(r.Version) != 32 || r.Instance == "" || r.Leg == r.Call {
		t.Errorf("node %q, leg %q, trunk %q, version %q, instance %q: want all of them", r.Node, r.Leg, r.Trunk, r.Version, r.Instance)
	}
	if m := r.Media; m.Codec != "PCMU" || m.Rate != 8000 || m.PacketsIn < 50 || m.PacketsOut < 50 {
		t.Errorf("media %+v, want what FreeSWITCH has measured", m)
	}
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
