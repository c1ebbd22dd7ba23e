package store

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
)

// model is a site's queues as one would write them down without caring for
// speed: lists that are looked through. It knows no lanes and no records.
type model struct {
	now     int64 // ms
	tickets map[string]*modelTicket
	agents  map[string]*modelAgent
	offers  map[string]*modelOffer // by agent: one has at most one
	due     []modelDue
	// vague is set where the order depends on what only Redis knows.
	vague bool
}

type modelTicket struct {
	id, wants, prefer    string
	place, joined, alone int64
	owner                string // "" while parked
	parked               int64  // when, for the last time
	losses               int
	waiting              bool
	tier                 int // standing when it was placed; 0: preferred agent only
	skills               string
	offer                *modelOffer
}

type modelAgent struct {
	id, skills      string
	tier            int // 0: in no queue
	wanted          Status
	score, free     int64
	why             AgentState
	streak          int
	blocked, called bool // called: had a talk
	idle            bool
	offer           *modelOffer
}

type modelOffer struct {
	id, owner string
	ticket    string
	agent     *modelAgent
	talking   bool
	until     int64
	due       int64 // when it is looked at: until, or earlier when its instance is dead
}

type modelDue struct {
	at   int64
	what string
	do   func()
}

const (
	modelWiden  = 12_250
	modelSkills = 30_000
	modelRing   = 21_150 // not 20,000: with the slack that is 30 units more than a takeover has
	modelWrap   = 10_000
	modelDelay  = 5_000
	modelMost   = 10_000 // longest delay
	modelStreak = 3
)

func newModel() *model {
	return &model{tickets: map[string]*modelTicket{}, agents: map[string]*modelAgent{}, offers: map[string]*modelOffer{}}
}

func (m *model) at(t int64, what string, do func()) {
	m.due = append(m.due, modelDue{t, what, do})
}

// sweep does what is due, in order.
func (m *model) sweep() {
	for {
		sort.SliceStable(m.due, func(i, j int) bool {
			a, b := m.due[i], m.due[j]
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.what, b.what)) < 0
		})
		if len(m.due) == 0 || m.due[0].at > m.now {
			return
		}
		do := m.due[0].do
		m.due = m.due[1:]
		do()
	}
}

func (m *model) alive(owner string) bool {
	return slices.ContainsFunc(m.due, func(d modelDue) bool { return d.what == "h|"+owner })
}

func (m *model) beat(owner string) {
	m.due = slices.DeleteFunc(m.due, func(d modelDue) bool { return d.what == "h|"+owner })
	m.at(m.now+6000, "h|"+owner, func() { m.dies(owner) })
}

func (m *model) mayServe(a *modelAgent, t *modelTicket, tier int) bool {
	if t.tier == 0 {
		return a.id == t.prefer
	}
	return a.tier > 0 && a.tier <= tier && (t.skills == "" || a.skills == t.skills)
}

// position is where a ticket stands in line: those with the same place stand in any order.
func (m *model) position(t *modelTicket) (first, last int) {
	first = 1
	for _, other := range m.tickets {
		if other.place < t.place {
			first++
		}
		if other.place <= t.place {
			last++
		}
	}
	return first, last
}

func (m *model) join(id, owner, wants, prefer string, credit, alone int64) {
	t := &modelTicket{
		id: id, owner: owner, wants: wants, prefer: prefer,
		joined: m.now, place: m.now - credit, alone: m.now + alone,
	}
	if a := m.agents[prefer]; a == nil || a.wanted == LoggedOut {
		t.prefer = ""
	}
	m.tickets[id] = t
	m.place(t)
}

func (m *model) place(t *modelTicket) {
	change := int64(-1)
	soonest := func(at int64) {
		if change < 0 || at < change {
			change = at
		}
	}
	if t.prefer != "" && m.now < t.alone {
		t.tier, t.skills = 0, ""
		soonest(t.alone)
	} else {
		t.tier, t.skills = 1, t.wants
		if m.now >= t.joined+modelWiden {
			t.tier = 2
		} else {
			soonest(t.joined + modelWiden)
		}
		if m.now >= t.joined+modelSkills {
			t.skills = ""
		} else if t.skills != "" {
			soonest(t.joined + modelSkills)
		}
	}
	var best *modelAgent
	for _, a := range m.agents {
		if a.idle && m.mayServe(a, t, t.tier) && (best == nil || cmp.Or(
			cmp.Compare(a.tier, best.tier), cmp.Compare(a.score, best.score), cmp.Compare(a.id, best.id)) < 0) {
			best = a
		}
	}
	if best != nil {
		m.offer(t, best)
		return
	}
	t.waiting = true
	if change >= 0 {
		m.at(change, "s|"+t.id, func() {
			if m.tickets[t.id] == t && t.waiting {
				t.waiting = false
				m.place(t)
			}
		})
	}
}

func (m *model) ready(a *modelAgent) {
	a.idle = false
	switch {
	case a.offer != nil || a.wanted != Available || a.blocked:
		return
	case a.free > m.now:
		m.at(a.free, "a|"+a.id, func() {
			if a.offer == nil && !a.idle && a.free <= m.now {
				m.ready(a)
			}
		})
		return
	}
	if t := m.first(a); t != nil {
		m.offer(t, a)
		return
	}
	a.idle = true
}

// first is the caller whom a free agent takes.
func (m *model) first(a *modelAgent) *modelTicket {
	var best *modelTicket
	for _, t := range m.tickets {
		if t.waiting && m.mayServe(a, t, t.tier) &&
			(best == nil || cmp.Or(cmp.Compare(t.place, best.place), cmp.Compare(t.id, best.id)) < 0) {
			best = t
		}
	}
	return best
}

func (m *model) offer(t *modelTicket, a *modelAgent) {
	o := &modelOffer{ticket: t.id, owner: t.owner, agent: a, until: m.now + modelRing + 5000}
	t.waiting, a.idle = false, false
	t.offer, a.offer, m.offers[a.id] = o, o, o
	m.expiresAt(o, o.until)
}

func (m *model) expiresAt(o *modelOffer, at int64) {
	o.due = at
	m.at(at, "o|"+o.id, func() {
		if o.due <= m.now {
			m.expires(o)
		}
	})
}

func (m *model) close(o *modelOffer) {
	delete(m.offers, o.agent.id)
	o.agent.offer = nil
	if t := m.tickets[o.ticket]; t != nil && t.offer == o {
		t.offer = nil
	}
}

func (m *model) open(o *modelOffer) bool { return m.offers[o.agent.id] == o }

func (m *model) withdraw(o *modelOffer) {
	m.close(o)
	if t := m.tickets[o.ticket]; t != nil {
		m.back(t)
	}
	m.ready(o.agent)
}

// back puts a caller back, or parks him when his instance is dead.
func (m *model) back(t *modelTicket) {
	if m.alive(t.owner) {
		m.place(t)
	} else {
		m.park(t)
	}
}

func (m *model) park(t *modelTicket) {
	t.waiting, t.owner, t.parked = false, "", m.now
	m.at(m.now+60_000, "p|"+t.id, func() {
		if m.tickets[t.id] == t && t.owner == "" && t.parked+60_000 <= m.now {
			delete(m.tickets, t.id)
		}
	})
}

func (m *model) expires(o *modelOffer) {
	if !m.open(o) || o.talking {
		return
	}
	if m.alive(o.owner) {
		if m.now < o.until {
			m.expiresAt(o, o.until)
			return
		}
		t := m.tickets[o.ticket]
		if t.losses++; t.losses >= 3 {
			m.leave(t)
			return
		}
	}
	m.withdraw(o)
}

func (m *model) leave(t *modelTicket) {
	delete(m.tickets, t.id)
	if o := t.offer; o != nil {
		m.close(o)
		m.ready(o.agent)
	}
}

func (m *model) fails(o *modelOffer, punished, gone bool) {
	a, t := o.agent, m.tickets[o.ticket]
	m.close(o)
	if punished {
		a.streak++
		a.free, a.why = m.now+min(int64(modelDelay)<<(a.streak-1), modelMost), Delayed
		a.blocked = a.streak >= modelStreak
	}
	t.losses = 0
	if gone {
		delete(m.tickets, t.id)
	} else {
		m.back(t)
	}
	m.ready(a)
}

func (m *model) answered(o *modelOffer, owner string) {
	o.talking, o.owner = true, owner
	o.agent.streak, o.agent.blocked = 0, false
	delete(m.tickets, o.ticket)
}

func (m *model) ends(o *modelOffer) {
	a := o.agent
	m.close(o)
	a.score, a.called, a.free, a.why = m.now, true, m.now+modelWrap, WrapUp
	m.ready(a)
}

func (m *model) status(a *modelAgent, wanted Status) {
	if wanted != a.wanted || a.blocked {
		if wanted == Available {
			if a.why == Delayed {
				a.free = 0
			}
			a.streak, a.blocked = 0, false
		}
		if a.wanted == LoggedOut && !a.called {
			a.score = m.now
		}
	}
	a.wanted = wanted
	m.ready(a)
}

// dies is the end of an instance's lease.
func (m *model) dies(owner string) {
	var offers []*modelOffer
	for _, t := range m.tickets {
		if t.owner == owner && t.offer == nil {
			m.park(t)
		}
	}
	for _, o := range m.offers {
		if o.owner == owner {
			offers = append(offers, o)
		}
	}
	slices.SortFunc(offers, func(a, b *modelOffer) int { return cmp.Compare(a.id, b.id) })
	for _, o := range offers {
		if o.talking {
			m.at(m.now+10_000, "o|"+o.id, func() {
				if m.open(o) && !m.alive(o.owner) {
					m.ends(o)
				}
			})
			continue
		}
		m.vague = m.vague || o.id == "" && len(offers) > 1
		m.expiresAt(o, min(m.now+4000, o.until))
	}
}

func (m *model) adopt(t *modelTicket, owner string) {
	parked := t.owner == ""
	t.owner = owner
	if t.offer != nil {
		t.offer.owner = owner
	}
	if parked {
		m.place(t)
	}
}

func (m *model) state(a *modelAgent) AgentState {
	switch {
	case a.offer != nil && a.offer.talking:
		return Talking
	case a.offer != nil:
		return Ringing
	case a.wanted == OnBreak:
		return Break
	case a.wanted == LoggedOut:
		return Offline
	case a.blocked:
		return NotAnswering
	case a.free > m.now:
		return a.why
	}
	return Idle
}

// fault names an invariant of the design that does not hold.
func (m *model) fault() error {
	ringing := make(map[string]string)
	for _, a := range m.agents {
		if o := a.offer; o != nil && !o.talking {
			if other, twice := ringing[o.ticket]; twice {
				return fmt.Errorf("agents %s and %s ring for one caller", a.id, other)
			}
			ringing[o.ticket] = a.id
		}
		if a.idle != (m.state(a) == Idle) {
			return fmt.Errorf("agent %s: idle is %t in state %s", a.id, a.idle, m.state(a))
		}
		if t := m.first(a); a.idle && t != nil {
			return fmt.Errorf("agent %s is idle while %s waits for him", a.id, t.id)
		}
	}
	for _, t := range m.tickets {
		if t.owner != "" && t.offer == nil && !m.alive(t.owner) {
			return fmt.Errorf("ticket %s belongs to a dead instance", t.id)
		}
	}
	return nil
}
