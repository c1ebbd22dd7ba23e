package controller

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	beatEvery = 200 * time.Millisecond
	// stillFor is how long this process may stand still (SIGSTOP, swap, a
	// frozen virtual machine) before calls may have been taken from it.
	stillFor = time.Second
	// togetherEvery is how far apart the times are at which calls look at what
	// nobody waits for: to wake up takes a process at rest longer than to look.
	togetherEvery = 100 * time.Millisecond
)

// A pulse notices that this process stood still.
type pulse struct {
	origin time.Time
	last   atomic.Int64  // of the newest beat, since origin
	count  atomic.Uint64 // times it stood still
}

func newPulse() *pulse { return &pulse{origin: time.Now()} }

// stalls is how often the process stood still so far. Whoever asks first after
// a standstill finds it, be it before the next beat.
func (p *pulse) stalls() uint64 {
	now := int64(time.Since(p.origin))
	last := p.last.Load()
	if now-last > int64(stillFor) && p.last.CompareAndSwap(last, now) {
		return p.count.Add(1)
	}
	return p.count.Load()
}

// together is the first time in d or later at which other calls look too.
func (p *pulse) together(d time.Duration) time.Time {
	d += time.Since(p.origin) + togetherEvery - 1
	return p.origin.Add(d - d%togetherEvery)
}

// beat runs until ctx ends.
func (p *pulse) beat(ctx context.Context) {
	p.last.Store(int64(time.Since(p.origin)))
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.stalls()
			p.last.Store(int64(time.Since(p.origin)))
		case <-ctx.Done():
			return
		}
	}
}
