package store

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"

	"github.com/dialgraph/dialgraph/dialplan"
)

// lookMax bounds the tickets and talks that one look asks for. More take
// their turns; what a restarted Redis lost is put back at once.
const lookMax = 1000

var (
	//go:embed queue_look.lua
	queueLookLua string
	queueLook    = queueScript(queueLookLua)
)

// A lookout looks after what an instance believes to have: Redis may have lost
// it, or its own wake-ups may have been lost.
type lookout struct {
	d     *Distributor
	sites []string
	runs  map[string]string // by site: the run of Redis last seen
	turn  map[string]int    // by site: looks so far
}

// look asks every site once. What fails now is asked again in a second.
func (w *lookout) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	if sites, err := w.d.s.rdb.SMembers(ctx, w.d.s.keys.queueSites()).Result(); err == nil {
		w.sites = sites
	}
	for _, site := range w.sites {
		if err := w.lookAt(ctx, site); err != nil {
			w.d.s.log.Debug("look at queues failed", "site", site, "error", err)
		}
	}
	if err := w.d.flush(ctx); err != nil {
		w.d.s.log.Debug("queue reports are waiting for redis", "error", err)
	}
}

func (w *lookout) lookAt(ctx context.Context, site string) error {
	tickets, talks := w.d.mine(site)
	if w.runs == nil {
		w.runs, w.turn = make(map[string]string), make(map[string]int)
	}
	n := w.turn[site]
	w.turn[site]++
	seen, err := w.d.look(ctx, site, slice(tickets, n), slice(talks, n))
	if err != nil {
		return err
	}
	lost := seen.lapsed || w.runs[site] != "" && w.runs[site] != seen.run
	w.runs[site] = seen.run
	for _, offer := range seen.offers {
		w.d.offered(offer)
	}
	if lost {
		return w.d.putBack(ctx, tickets, talks)
	}
	w.d.mu.Lock()
	for _, id := range seen.strange {
		delete(w.d.talks, id)
	}
	w.d.mu.Unlock()
	return w.d.putBack(ctx, seen.missing, nil)
}

// slice is the nth part of ids that one look asks for.
func slice(ids []string, n int) []string {
	parts := slices.Collect(slices.Chunk(ids, lookMax/2))
	if len(parts) == 0 {
		return nil
	}
	return parts[n%len(parts)]
}

// mine are the tickets that wait and the talks of this instance at a site,
// sorted.
func (d *Distributor) mine(site string) (tickets, talks []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, w := range d.waiting {
		if s, _ := siteOf(id); s == site && w.ticket.id != "" {
			tickets = append(tickets, id)
		}
	}
	for id, t := range d.talks {
		if t.offer.Site == site {
			talks = append(talks, id)
		}
	}
	slices.Sort(tickets)
	slices.Sort(talks)
	return tickets, talks
}

type looked struct {
	lapsed  bool     // the lease of this instance had run out
	run     string   // of Redis
	offers  []string // for tickets of this instance, not reported yet
	missing []string // tickets that are gone or parked
	strange []string // talks that are over or another instance's
}

func (d *Distributor) look(ctx context.Context, site string, tickets, talks []string) (looked, error) {
	args := make([]any, 0, 2+len(tickets)+len(talks))
	args = append(args, d.owner, len(tickets))
	for _, id := range tickets {
		args = append(args, id)
	}
	for _, id := range talks {
		args = append(args, id)
	}
	r := readReply(d.s.runQueue(ctx, queueLook, site, args...))
	l := looked{
		lapsed: r.number() == 1, run: r.text(),
		offers: r.texts(), missing: r.texts(), strange: r.texts(),
	}
	if r.err != nil {
		return looked{}, fmt.Errorf("look at queues of site %q: %w", site, r.err)
	}
	return l, nil
}

// putBack tells Redis again of tickets and talks that it may have lost, with
// their own places and times. A ticket that is over ends its Next.
func (d *Distributor) putBack(ctx context.Context, tickets, talks []string) error {
	for _, id := range talks {
		d.mu.Lock()
		t, ok := d.talks[id]
		d.mu.Unlock()
		if !ok {
			continue
		}
		if err := d.report(ctx, t.offer, t.report); err != nil {
			return err
		}
	}
	for _, id := range tickets {
		d.mu.Lock()
		w := d.waiting[id]
		d.mu.Unlock()
		if w == nil {
			continue
		}
		_, err := d.join(ctx, w.ticket, true)
		switch {
		case errors.Is(err, dialplan.ErrNoTicket), errors.Is(err, dialplan.ErrNoQueue):
			d.tell(id, next{err: dialplan.ErrNoTicket})
		case err != nil:
			return fmt.Errorf("put ticket %q back: %w", id, err)
		}
	}
	return nil
}
