package store

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dialgraph/dialgraph/dialplan"
)

// unit is how far time goes at each step. No two terms of the queues differ
// by a multiple of it, so that some milliseconds of real time never matter.
const unit = 700 * time.Millisecond

// site is a real site and its model side by side.
type site struct {
	*floor
	m         *model
	units     time.Duration
	instances []*floor
	names     map[string]string // by ticket: its name in the model
	tickets   map[string]dialplan.Ticket
	last      func() // the last request, for repeating it
	joined    int
}

// TestQueuesAgainstModel lets callers, agents and instances do anything in
// any order on real queues and on the model, and compares the two after each
// step.
func TestQueuesAgainstModel(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			rdb, left := dial(t, b.url(t)), map[string]int{"redis": 1000, "cluster": 30, "embedded": 10}[b.name]
			rapid.Check(t, func(rt *rapid.T) {
				if left--; left < 0 { // the slow ones need not do as many
					return
				}
				x := newSite(t, rt, func(offset func() time.Duration) *Store {
					return New(rdb, Options{
						Prefix: fmt.Sprintf("t%d:", testPrefix.Add(1)), Offset: offset,
						Log: slog.New(slog.DiscardHandler),
					})
				})
				rt.Repeat(map[string]func(*rapid.T){
					"join": x.joins, "report": x.reports, "end": x.ends, "leave": x.leaves, "status": x.sets,
					"wait": x.waits, "again": x.repeats, "crash": x.crashes, "adopt": x.adopts, "": x.compare,
				})
			})
		})
	}
}

func newSite(t testing.TB, rt *rapid.T, open func(func() time.Duration) *Store) *site {
	x := &site{m: newModel(), names: map[string]string{}, tickets: map[string]dialplan.Ticket{}, last: func() {}}
	start := time.Now()
	s := open(func() time.Duration { return x.units*unit - time.Since(start) })
	second := time.Second
	x.floor = newFloor(t, s, nil, func(q *Queue) {
		q.Ring = modelRing * time.Millisecond
		q.Skills, q.SkillsFor, q.Widen = [][]string{{"en"}}, modelSkills*time.Millisecond, []time.Duration{modelWiden * time.Millisecond}
		q.Delays = Delays{NoAnswer: 5 * second, Busy: 5 * second, Rejected: 5 * second, NotRegistered: 5 * second, Unreachable: 5 * second, Longest: 10 * second}
	})
	for _, a := range []*modelAgent{{id: "a", tier: 1, skills: "en"}, {id: "b", tier: 1}, {id: "c", tier: 2, skills: "en"}, {id: "d"}} {
		a.wanted, x.m.agents[a.id] = LoggedOut, a
		x.agent(a.id, func(v *Agent) {
			v.Status, v.Skills = LoggedOut, []string{"fr", a.skills}[:1+len(a.skills)/2]
			v.Queues = nil
			if a.tier > 0 {
				v.Queues = []Membership{{Queue: "support", Tier: a.tier}}
			}
		})
	}
	x.instances = []*floor{{t, s, nil, s.Distributor()}, {t, s, nil, s.Distributor()}}
	x.step()
	return x
}

// step lets one unit of time pass: living instances show that they live, and
// what is due is done.
func (x *site) step() {
	x.last = func() {}
	x.units++
	x.m.now += unit.Milliseconds()
	for _, i := range x.instances {
		if _, err := i.look(x.t.Context(), testSite, nil, nil); err != nil {
			x.t.Fatal(err)
		}
		x.m.beat(i.owner)
	}
	x.sweepNow()
	x.m.sweep()
	x.learn()
}

// learn takes over the ids of offers, by which Redis orders them.
func (x *site) learn() {
	for _, v := range x.views() {
		if o := x.m.offers[v.Agent]; o != nil {
			o.id = v.Offer
		}
	}
}

func (x *site) views() []AgentView {
	views, err := x.s.Agents(testSite).Views(x.t.Context(), slices.Sorted(maps.Keys(x.m.agents))...)
	if err != nil {
		x.t.Fatal(err)
	}
	return views
}

func (x *site) anyTicket(t *rapid.T, ok func(*modelTicket) bool) *modelTicket {
	var ids []string
	for id, ticket := range x.m.tickets {
		if ok(ticket) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		t.Skip("nobody there")
	}
	slices.Sort(ids)
	return x.m.tickets[rapid.SampledFrom(ids).Draw(t, "ticket")]
}

func (x *site) anyOffer(t *rapid.T, talking bool) (*modelOffer, dialplan.Offer) {
	var ids []string
	for id, o := range x.m.offers {
		if o.talking == talking {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		t.Skip("no such offer")
	}
	slices.Sort(ids)
	o := x.m.offers[rapid.SampledFrom(ids).Draw(t, "agent")]
	return o, dialplan.Offer{ID: o.id, Ticket: x.tickets[o.ticket].ID, Site: testSite, Queue: "support", Agent: o.agent.id}
}

func (x *site) instance(t *rapid.T) *floor {
	return x.instances[rapid.IntRange(0, len(x.instances)-1).Draw(t, "instance")]
}

// do runs a request and keeps it for repeating.
func (x *site) do(request func() error) {
	x.last = func() {
		if err := request(); err != nil {
			x.t.Fatal(err)
		}
	}
	x.last()
	x.learn()
}

func (x *site) joins(t *rapid.T) {
	x.step()
	i := x.instance(t)
	x.joined++
	name := fmt.Sprintf("%04d", x.joined)
	j := dialplan.Join{
		Request: name, Call: "call-" + name, Site: testSite, Queue: "support",
		Credit: rapid.SampledFrom([]time.Duration{0, 0, 30 * time.Second}).Draw(t, "credit"),
		Skills: rapid.SampledFrom([][]string{nil, {"en"}, {"en", "de"}, {"de"}}).Draw(t, "skills"),
		Prefer: rapid.SampledFrom([]string{"", "", "a", "d", "nobody"}).Draw(t, "prefer"), PreferFor: 15 * time.Second,
	}
	wants := ""
	if len(j.Skills) > 0 && j.Skills[0] == "en" {
		wants = "en"
	}
	x.m.join(name, i.owner, wants, j.Prefer, j.Credit.Milliseconds(), j.PreferFor.Milliseconds())
	x.do(func() error {
		ticket, err := i.Join(x.t.Context(), j)
		x.tickets[name] = ticket
		return err
	})
}

func (x *site) reports(t *rapid.T) {
	x.step()
	o, real := x.anyOffer(t, false)
	i := x.instance(t)
	outcome := rapid.SampledFrom([]dialplan.Outcome{
		dialplan.Answered, dialplan.Answered, dialplan.Answered, dialplan.NoAnswer, dialplan.Busy, dialplan.Rejected,
		dialplan.NotRegistered, dialplan.Unreachable, dialplan.Refused, dialplan.Gone, dialplan.Cancelled, dialplan.Lost,
	}).Draw(t, "outcome")
	switch outcome {
	case dialplan.Answered:
		x.m.answered(o, i.owner)
	case dialplan.Gone, dialplan.Cancelled, dialplan.Lost:
		x.m.fails(o, false, outcome == dialplan.Gone)
	default:
		x.m.fails(o, true, false)
	}
	x.do(func() error { return i.Report(x.t.Context(), real, dialplan.Report{Outcome: outcome}) })
}

func (x *site) ends(t *rapid.T) {
	x.step()
	o, real := x.anyOffer(t, true)
	i, now := x.instance(t), x.now()
	x.m.ends(o)
	x.do(func() error {
		return i.Report(x.t.Context(), real, dialplan.Report{Outcome: dialplan.Answered, Answered: now, Ended: now})
	})
}

func (x *site) leaves(t *rapid.T) {
	x.step()
	ticket := x.anyTicket(t, func(*modelTicket) bool { return true })
	i := x.instance(t)
	x.m.leave(ticket)
	x.do(func() error { return i.Leave(x.t.Context(), x.tickets[ticket.id].ID, dialplan.LeaveAbandoned) })
}

func (x *site) sets(t *rapid.T) {
	x.step()
	a := x.m.agents[rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "agent")]
	wanted := rapid.SampledFrom([]Status{Available, Available, Available, OnBreak, LoggedOut}).Draw(t, "status")
	x.m.status(a, wanted)
	x.do(func() error { return x.s.Agents(testSite).SetStatus(x.t.Context(), a.id, wanted, "") })
}

func (x *site) waits(t *rapid.T) {
	for range rapid.IntRange(1, 20).Draw(t, "units") {
		x.step()
	}
}

// repeats sends the last request again, as a client does whose reply was lost.
func (x *site) repeats(*rapid.T) {
	x.last()
	x.learn()
}

// crashes kills an instance. A new one comes at once.
func (x *site) crashes(t *rapid.T) {
	n := rapid.IntRange(0, len(x.instances)-1).Draw(t, "instance")
	x.instances[n] = &floor{x.t, x.s, nil, x.s.Distributor()}
	x.step()
}

func (x *site) adopts(t *rapid.T) {
	x.step()
	ticket := x.anyTicket(t, func(*modelTicket) bool { return true })
	i := x.instance(t)
	x.m.adopt(ticket, i.owner)
	x.do(func() error {
		_, err := i.Adopt(x.t.Context(), x.tickets[ticket.id].ID)
		return err
	})
}

// compare finds any difference between the queues and the model, and any
// invariant that does not hold.
func (x *site) compare(t *rapid.T) {
	if x.m.vague {
		t.SkipNow()
	}
	if err := x.m.fault(); err != nil {
		t.Fatal(err)
	}
	for _, v := range x.views() {
		a := x.m.agents[v.Agent]
		if want := x.m.state(a); v.State != want {
			t.Fatalf("agent %s is %s, want %s", a.id, v.State, want)
		}
		var call string
		if a.offer != nil {
			call = "call-" + a.offer.ticket
		}
		if v.Call != call {
			t.Fatalf("agent %s has call %q, want %q", a.id, v.Call, call)
		}
	}
	waiting, aside, offers := 0, 0, len(x.m.offers)
	for name, ticket := range x.tickets {
		mine := x.m.tickets[name]
		p, err := x.s.Position(x.t.Context(), ticket.ID)
		if got := !errors.Is(err, dialplan.ErrNoTicket); got != (mine != nil) {
			t.Fatalf("ticket %s exists: %t (%v), want %t", name, got, err, mine != nil)
		}
		if mine == nil {
			continue
		}
		if first, last := x.m.position(mine); p.Position < first || p.Position > last {
			t.Fatalf("ticket %s has position %d, want %d to %d", name, p.Position, first, last)
		}
		if mine.waiting {
			waiting++
		}
		if mine.waiting && mine.tier == 0 || mine.owner == "" {
			aside++
		}
	}
	x.compareView(t)
	held := x.held()
	for _, c := range []struct {
		what string
		kind string
		want int
	}{
		{"waiting", "wait", waiting},
		{"tickets aside", "aside", aside},
		{"offers", "live o", offers},
		{"calls", "live c", len(x.m.tickets)},
	} {
		if held[c.kind] != c.want {
			t.Fatalf("%s: %d, want %d", c.what, held[c.kind], c.want)
		}
	}
}

// compareView compares how many are in line, and how long the first has waited.
func (x *site) compareView(t *rapid.T) {
	v, err := x.s.Queues(testSite).View(x.t.Context(), "support", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	if v.Waiting != len(x.m.tickets) {
		t.Fatalf("%d tickets are in line, want %d", v.Waiting, len(x.m.tickets))
	}
	near := v.Waiting == 0 && v.Longest == 0
	for _, ticket := range x.m.tickets {
		waited := time.Duration(x.m.now-ticket.joined) * time.Millisecond
		first, _ := x.m.position(ticket)
		near = near || first == 1 && (waited-v.Longest).Abs() < unit/2
	}
	if !near {
		t.Fatalf("the first has waited for %v: none of those who may be first", v.Longest)
	}
}

// held counts what Redis holds, by sets and by kinds of records.
func (x *site) held() map[string]int {
	keys := x.s.keys.queue(testSite)
	held := map[string]int{
		"wait":  int(x.s.rdb.ZCard(x.t.Context(), keys[0]).Val()),
		"aside": int(x.s.rdb.ZCard(x.t.Context(), keys[2]).Val()),
	}
	for _, field := range x.s.rdb.HKeys(x.t.Context(), keys[keyLive]).Val() {
		held["live "+field[:1]]++
	}
	return held
}
