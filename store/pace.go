package store

import (
	"context"
	"time"
)

// A pace keeps work in bulk from holding up callers: whoever writes a hundred
// thousand flags writes a few at a time (bulkBatch), and leaves Redis alone for
// as long as it has kept it busy. So it takes half of what Redis can do, and
// less when others keep it waiting, because what it waits counts as work. What
// it does between two batches, such as reading the next lines, counts as rest.
// One goroutine has it.
type pace struct {
	idle time.Time // since then Redis was left alone; zero before the first batch
	owed time.Duration
}

const (
	// bulkBatch is how many flags one command reads, writes or removes: Redis
	// does it in some 0.1 ms, for which a caller's lookup may have to wait.
	bulkBatch = 100
	// restLeast is the shortest rest. A shorter one would take as long: the
	// runtime of Go rounds up to a millisecond when a process has nothing else to do.
	restLeast = time.Millisecond
)

// do runs one batch, and rests when enough is owed.
func (p *pace) do(ctx context.Context, batch func() error) error {
	start := time.Now()
	if !p.idle.IsZero() {
		p.owed = max(0, p.owed-start.Sub(p.idle))
	}
	err := batch()
	p.idle = time.Now()
	p.owed += p.idle.Sub(start)
	if err != nil || p.owed < restLeast {
		return err
	}
	rest := time.NewTimer(p.owed)
	defer rest.Stop()
	select {
	case <-rest.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
