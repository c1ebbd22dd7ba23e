package store

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

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
	tickets, talks := w.d.turn(site, lookMax/2)
	if w.runs == nil {
		w.runs = make(map[string]string)
	}
	seen, err := w.d.look(ctx, site, tickets, talks)
	if err != nil {
		return err
	}
	lost := seen.lapsed || w.runs[site] != "" && w.runs[site] != seen.run
	w.runs[site] = seen.run
	for _, offer := range seen.offers {
		w.d.offered(offer)
	}
	if lost {
		tickets, talks := w.d.all(site)
		return w.d.putBack(ctx, tickets, talks)
	}
	for _, id := range seen.strange {
		w.d.endTalk(site, id)
	}
	return w.d.putBack(ctx, seen.missing, nil)
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
// their own places and times. A ticket that is over ends its wait.
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
		w := d.waiterOf(id)
		if w == nil {
			continue
		}
		_, err := d.join(ctx, w.ticket, true)
		switch {
		case errors.Is(err, dialplan.ErrNoTicket), errors.Is(err, dialplan.ErrNoQueue):
			d.tell(w, answer{err: dialplan.ErrNoTicket})
		case err != nil:
			return fmt.Errorf("put ticket %q back: %w", id, err)
		}
	}
	return nil
}
