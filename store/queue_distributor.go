package store

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/dialplan"
)

// A Distributor brings waiting callers of one instance and agents together.
// There is no central one: Redis holds the truth and scripts decide; the
// distributor tells them what happens on this instance's calls and hears what
// was decided. It implements dialplan.Queue.
type Distributor struct {
	s     *Store
	owner string // token of this instance, and the channel that wakes it up

	mu      sync.Mutex
	waiting map[string]*waiter   // by ticket
	talks   map[string]talk      // by offer
	rolls   map[string]*roll     // by site: the ids of both
	served  map[string]time.Time // tickets that an answer has ended, until they are left
	unsent  []promise            // what Redis has not heard yet, in order
}

var _ dialplan.Queue = (*Distributor)(nil)

// A waiter is a ticket for which an offer is wanted: from its Join, or from its
// Await, until that is stopped.
type waiter struct {
	ticket ticket                       // zero until Redis has told
	since  time.Time                    // that it waits for Await; zero once that has come
	found  func(*dialplan.Offer, error) // of Await; nil before it
	answer *answer                      // the first; what comes after it is not told
}

// An answer is what ends a wait.
type answer struct {
	offer *dialplan.Offer
	err   error
}

// A talk is what is told again when Redis lost it.
type talk struct {
	offer  dialplan.Offer
	report dialplan.Report
}

// A promise is a change that was accepted and must reach Redis.
type promise func(context.Context) error

// errAway says that a promise could not be kept because others wait already.
var errAway = errors.New("redis is away")

const (
	maxUnsent = 50_000
	nextRetry = time.Second // between attempts while Redis is away
)

// Distributor returns one for this instance, with a token of its own. Await
// needs its Run.
func (s *Store) Distributor() *Distributor {
	return &Distributor{
		s: s, owner: s.keys.wake(short(uuid.New())),
		waiting: make(map[string]*waiter), talks: make(map[string]talk),
		rolls: make(map[string]*roll), served: make(map[string]time.Time),
	}
}

// Owner is the token by which this instance owns tickets and offers.
func (d *Distributor) Owner() string { return d.owner }

var (
	//go:embed tickets_next.lua
	ticketsNextLua string
)

// Await implements dialplan.Queue. A ticket of another instance is adopted, with
// its place. found is told under the lock of all tickets.
func (d *Distributor) Await(id string, found func(*dialplan.Offer, error)) (stop func()) {
	if _, ok := siteOf(id); !ok {
		found(nil, dialplan.ErrNoTicket)
		return func() {}
	}
	w := d.joined(id)
	if w != nil {
		d.attend(w, found)
		return func() { d.stopWaiting(id, w) }
	}
	w = d.startWaiting(id)
	d.attend(w, found)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.adopt(ctx, id, w)
	}()
	return func() {
		cancel()
		<-ended
		d.stopWaiting(id, w)
	}
}

// adopt adopts a ticket, however long Redis is away.
func (d *Distributor) adopt(ctx context.Context, id string, w *waiter) {
	for {
		o, err := d.Adopt(ctx, id)
		switch {
		case errors.Is(err, dialplan.ErrNoTicket):
			d.tell(w, answer{err: err})
			return
		case err == nil && o.ID != "":
			d.tell(w, answer{offer: &o})
			return
		case err == nil:
			return
		}
		select {
		case <-time.After(nextRetry + rand.N(nextRetry)):
		case <-ctx.Done():
			return
		}
	}
}

// Next waits for an offer: Await for whoever has a goroutine for it.
func (d *Distributor) Next(ctx context.Context, id string) (dialplan.Offer, error) {
	told := make(chan answer, 1)
	stop := d.Await(id, func(o *dialplan.Offer, err error) { told <- answer{o, err} })
	defer stop()
	select {
	case a := <-told:
		if a.err != nil {
			return dialplan.Offer{}, a.err
		}
		return *a.offer, nil
	case <-ctx.Done():
		return dialplan.Offer{}, ctx.Err()
	}
}

// Adopt makes this instance the owner of a ticket, which keeps its place. It
// returns the offer the ticket has at the moment, if any. ErrNoTicket of
// package dialplan when there is no such ticket.
func (d *Distributor) Adopt(ctx context.Context, id string) (dialplan.Offer, error) {
	site, ok := siteOf(id)
	if !ok {
		return dialplan.Offer{}, dialplan.ErrNoTicket
	}
	r := readReply(d.s.askQueue(ctx, site, askNext, id, d.owner))
	record, offer := r.text(), r.text()
	if r.err != nil {
		return dialplan.Offer{}, fmt.Errorf("adopt ticket %q: %w", id, r.err)
	}
	if record == "" {
		return dialplan.Offer{}, dialplan.ErrNoTicket
	}
	t, err := readTicket(id, record)
	if err != nil {
		return dialplan.Offer{}, err
	}
	d.mu.Lock()
	if w := d.waiting[id]; w != nil {
		w.ticket = t
	}
	d.mu.Unlock()
	if offer == "" {
		return dialplan.Offer{}, nil
	}
	return readOffer(offer)
}

// attend tells found of the answer, now or once it comes.
func (d *Distributor) attend(w *waiter, found func(*dialplan.Offer, error)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w.answer != nil {
		found(w.answer.offer, w.answer.err)
		return
	}
	w.found = found
}

// tell gives a waiter its answer; the first one counts.
func (d *Distributor) tell(w *waiter, a answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w == nil || w.answer != nil {
		return
	}
	w.answer = &a
	if w.found != nil {
		w.found(a.offer, a.err)
	}
}

// waiterOf is who waits with the ticket, nil for nobody.
func (d *Distributor) waiterOf(ticket string) *waiter {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.waiting[ticket]
}

// offered tells the caller's wait of an offer as scripts write it.
func (d *Distributor) offered(text string) {
	o, err := readOffer(text)
	if err != nil {
		d.s.log.Error("offer cannot be read", "error", err)
		return
	}
	d.tell(d.waiterOf(o.Ticket), answer{offer: &o})
}

// deliver keeps a promise now, or later when Redis is away: a lost report
// would leave an agent talking for ever. It comes after those that wait, and
// does not make the caller wait for Redis again.
func (d *Distributor) deliver(ctx context.Context, p promise) error {
	d.mu.Lock()
	away := len(d.unsent) > 0
	d.mu.Unlock()
	err := errAway
	if !away {
		err = p(ctx)
	}
	if err == nil || hopeless(err) {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.unsent) >= maxUnsent {
		return err
	}
	d.unsent = append(d.unsent, p)
	return nil
}

// flush keeps the promises made while Redis was away, in order, until one
// fails.
func (d *Distributor) flush(ctx context.Context) error {
	for {
		d.mu.Lock()
		if len(d.unsent) == 0 {
			d.mu.Unlock()
			return nil
		}
		p := d.unsent[0]
		d.mu.Unlock()
		if err := p(ctx); hopeless(err) {
			d.s.log.Error("queue report refused", "error", err)
		} else if err != nil {
			return err
		}
		d.mu.Lock()
		d.unsent = d.unsent[1:]
		d.mu.Unlock()
	}
}

// hopeless is true when Redis ran a script and the script failed by itself: it
// would fail again (failure in queue_sets.lua).
func hopeless(err error) bool { return redis.HasErrorPrefix(err, "FAULT") }
