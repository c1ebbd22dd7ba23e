package store

import (
	"context"
	"time"
)

// A pace keeps work in bulk, such as the import of a million flags, from holding
// up callers. It is done in small batches, one after the other: Redis answers
// everybody else in between, and is free while the next batch is prepared, which
// is more than half of the time. When batches take much longer than they
// can, Redis or this machine has more to do than that: then the work rests, for
// as long as it was kept waiting. One goroutine has a pace.
type pace struct {
	best time.Duration // that a batch took
	owed time.Duration // rest not yet taken
}

const (
	// bulkBatch is how many flags one batch reads, writes or removes: Redis does
	// that in some 0.1 ms, for which a caller's lookup may have to wait.
	bulkBatch = 50
	// A batch may take so many times the best one before the work yields: that
	// one may have found little in Redis, or all of it in the processor's cache.
	paceSlack = 4
	// restLeast is the shortest rest: the timers of Go's runtime do not keep
	// shorter ones. restMost is the longest, whatever happened to a batch.
	restLeast = time.Millisecond
	restMost  = time.Second
)

// do runs one batch, and rests when enough is owed.
func (p *pace) do(ctx context.Context, batch func() error) error {
	start := time.Now()
	if err := batch(); err != nil {
		return err
	}
	took := time.Since(start)
	if p.best == 0 || took < p.best {
		p.best = took
	}
	p.owed = min(restMost, p.owed+max(0, took-paceSlack*p.best))
	if p.owed < restLeast {
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
