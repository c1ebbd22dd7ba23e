package store

import (
	"container/list"
	"maps"
	"math"
	"strings"
	"time"
)

// turns are ids, the one whose turn is next in front.
type turns struct {
	order list.List
	of    map[string]*list.Element
}

// put adds an id behind all others, unless it is there.
func (t *turns) put(id string) {
	if t.of == nil {
		t.of = make(map[string]*list.Element)
	}
	if t.of[id] == nil {
		t.of[id] = t.order.PushBack(id)
	}
}

func (t *turns) drop(id string) {
	if e := t.of[id]; e != nil {
		t.order.Remove(e)
		delete(t.of, id)
	}
}

// take returns the ids whose turn it is, most of them at most. Theirs comes
// again after all others.
func (t *turns) take(most int) []string {
	ids := make([]string, min(most, t.order.Len()))
	for i := range ids {
		e := t.order.Front()
		t.order.MoveToBack(e)
		ids[i] = e.Value.(string)
	}
	return ids
}

// A roll is what an instance has at one site: tickets of callers who wait, and
// talks, by offer.
type roll struct{ waiting, talks turns }

// rollOf is the roll of a site. The caller has locked d.
func (d *Distributor) rollOf(site string) *roll {
	r := d.rolls[site]
	if r == nil {
		r = new(roll)
		d.rolls[site] = r
	}
	return r
}

const (
	unasked   = 2 * time.Second // a ticket of Join is kept for an Await that does not come: another instance has the call
	servedFor = time.Hour       // a served ticket is kept for a Leave that does not come
)

// startWaiting puts a ticket on the roll. The newest waiter of a ticket is the
// one that counts.
func (d *Distributor) startWaiting(id string) *waiter {
	site, _ := siteOf(id)
	w := new(waiter)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting[id] = w
	d.rollOf(site).waiting.put(id)
	return w
}

// stopWaiting takes a ticket off the roll, unless a newer waiter counts. Nobody
// is told of an answer any more.
func (d *Distributor) stopWaiting(id string, w *waiter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w.found = nil
	if d.waiting[id] == w {
		d.strike(id)
	}
}

// strike takes a ticket off the roll. The caller has locked d.
func (d *Distributor) strike(id string) {
	site, _, _ := strings.Cut(id, "/")
	delete(d.waiting, id)
	d.rollOf(site).waiting.drop(id)
}

// admit keeps what Join got for the Await that follows.
func (d *Distributor) admit(w *waiter, t ticket) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w.ticket, w.since = t, time.Now()
}

// joined is the waiter that Join has left for Await, nil when there is none: it
// has the wake-ups since, and Redis need not be asked.
func (d *Distributor) joined(id string) *waiter {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := d.waiting[id]
	if w == nil || w.since.IsZero() || time.Since(w.since) > unasked {
		return nil
	}
	w.since = time.Time{}
	return w
}

// startTalk and endTalk keep the roll of those who talk.
func (d *Distributor) startTalk(t talk) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.strike(t.offer.Ticket)
	d.talks[t.offer.ID] = t
	d.rollOf(t.offer.Site).talks.put(t.offer.ID)
}

func (d *Distributor) endTalk(site, id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.talks, id)
	d.rollOf(site).talks.drop(id)
}

// serve notes that an answer has ended a ticket.
func (d *Distributor) serve(ticket string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.served[ticket] = time.Now()
}

// left takes a ticket off the roll, and tells whether it was served.
func (d *Distributor) left(ticket string) (served bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.strike(ticket)
	_, served = d.served[ticket]
	delete(d.served, ticket)
	return served
}

// turn is whose turn it is to be looked after at a site, most tickets and talks
// of each at most.
func (d *Distributor) turn(site string, most int) (tickets, talks []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.rollOf(site)
	for _, id := range r.waiting.take(most) {
		switch w := d.waiting[id]; {
		case !w.since.IsZero() && time.Since(w.since) > unasked:
			d.strike(id)
		case w.ticket.id != "":
			tickets = append(tickets, id)
		}
	}
	maps.DeleteFunc(d.served, func(_ string, at time.Time) bool { return time.Since(at) > servedFor })
	return tickets, r.talks.take(most)
}

// all is everything that this instance has at a site.
func (d *Distributor) all(site string) (tickets, talks []string) { return d.turn(site, math.MaxInt) }
