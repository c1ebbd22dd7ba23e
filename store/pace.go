package store

import (
	"context"
	"time"
)

// A pace keeps work in bulk, such as the import of a million flags, from holding
// up callers. It is done in small batches, one after the other: Redis answers
// everybody else in between. When batches take much longer than they can, Redis
// or this machine has more to do than that: then the work rests, for as long as
// it was kept waiting. Where it must yield, it rests several times as long as it
// works, whether it was kept waiting or not: on a machine with few cores callers
// wait for those, not for Redis. One goroutine has a pace.
type pace struct {
	yields func(context.Context) bool // whether it must yield now; nil for never
	best   time.Duration              // that a batch took
	owed   time.Duration              // rest not yet taken
	since  time.Time                  // preparing the next batch
	yield  bool                       // it yielded at the last batch
}

const (
	// bulkBatch is how many flags one batch writes: Redis does that in some 0.1 ms,
	// or 0.3 ms where addresses come in no order, for which a caller's lookup may have
	// to wait.
	bulkBatch = 100
	// yieldBatch is the same for work that yields. Preparing more than a few at a
	// time keeps a core from callers for longer than their lookup takes.
	yieldBatch = 10
	// A batch may take so many times the best one before the work yields: that
	// one may have found little in Redis, or all of it in the processor's cache.
	paceSlack = 4
	// paceYield is how many times as long as it works work rests that must yield:
	// a million flags are imported in a minute and a half. Preparing a batch is work, too,
	// but counts no longer than that: it may have been a wait for whoever sends them.
	paceYield   = 6
	prepareMost = time.Millisecond
	// restLeast is the shortest rest: the timers of Go's runtime do not keep
	// shorter ones. restMost is the longest, whatever happened to a batch.
	restLeast = time.Millisecond
	restMost  = time.Second
)

// always makes a pace yield at all times: nobody waits for the work.
func always(context.Context) bool { return true }

// batch is how many flags the next batch should be of.
func (p *pace) batch() int {
	if p.yield {
		return yieldBatch
	}
	return bulkBatch
}

// do runs one batch, and rests when enough is owed.
func (p *pace) do(ctx context.Context, batch func() error) error {
	defer func() { p.since = time.Now() }()
	start := time.Now()
	if err := batch(); err != nil {
		return err
	}
	took := time.Since(start)
	if p.best == 0 || took < p.best {
		p.best = took
	}
	owes := max(0, took-paceSlack*p.best)
	if p.yield = p.yields != nil && p.yields(ctx); p.yield {
		owes = paceYield * (took + min(start.Sub(p.since), prepareMost))
	}
	if p.owed = min(restMost, p.owed+owes); p.owed < restLeast {
		return nil
	}
	rest := time.NewTimer(p.owed)
	defer rest.Stop()
	p.owed = 0
	select {
	case <-rest.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
