package main

import (
	"context"
	"log/slog"
	"os"
	"runtime"
	gometrics "runtime/metrics"
	"syscall"
	"time"
)

const (
	// processorsLook is how often is looked whether the processors do.
	processorsLook = 250 * time.Millisecond
	// They do not when a hundredth of what could go on, and not once or twice,
	// waited longer than this, at two looks in a row: one may have been this
	// machine that stood still.
	processorsLate  = 5 * time.Millisecond
	processorsSome  = 3
	processorsTwice = 2
	// One less does when for so long no more than this share of it was used.
	processorsCalm  = 10 * time.Second
	processorsShare = 0.6
)

// processors are those that Go's runtime may use at once. Work that comes in
// pieces of some microseconds wakes another one up for each few pieces, which
// then finds little to do: on two processors a call takes a tenth more time than
// on one. So there is one until that is not enough.
type processors struct {
	most int // of this machine, or the container's share of it
	n    int
	late int // looks in a row

	calm time.Time     // when the calm began
	used time.Duration // processor time until then
}

// fewProcessors begins with one, unless the environment says GOMAXPROCS, until it is
// told to stop.
func fewProcessors(log *slog.Logger) (stop func()) {
	p := processors{most: runtime.GOMAXPROCS(0), n: 1}
	if os.Getenv("GOMAXPROCS") != "" || p.most == 1 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.run(ctx, log)
	}()
	return func() {
		cancel()
		<-done
	}
}

func (p *processors) run(ctx context.Context, log *slog.Logger) {
	p.set(log)
	defer runtime.GOMAXPROCS(p.most)
	tick := time.NewTicker(processorsLook)
	defer tick.Stop()
	var w waits
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if p.look(w.late(), processorTime(), time.Now()) {
			p.set(log)
		}
	}
}

// set stops everything for a moment.
func (p *processors) set(log *slog.Logger) {
	runtime.GOMAXPROCS(p.n)
	log.Debug("processors", "at_once", p.n, "most", p.most)
}

// look tells whether n has to change: to twice as many where they are late again, and by one less
// after a calm.
func (p *processors) look(late bool, used time.Duration, now time.Time) (changed bool) {
	n := p.n
	p.late++
	if !late {
		p.late = 0
	}
	switch calm := now.Sub(p.calm); {
	case p.late >= processorsTwice:
		n = min(2*n, p.most)
	case late:
		return false
	case calm < processorsCalm:
		return false
	case (used - p.used).Seconds() < processorsShare*float64(n-1)*calm.Seconds():
		n--
	}
	p.calm, p.used = now, used
	changed, p.n = n != p.n, n
	return changed
}

// waits is how long what could go on has waited for a processor (runtime/metrics,
// which counts some of it).
type waits struct{ seen []uint64 }

// late tells whether too much waited too long since it was asked last.
func (w *waits) late() bool {
	sample := []gometrics.Sample{{Name: "/sched/latencies:seconds"}}
	gometrics.Read(sample)
	all := sample[0].Value.Float64Histogram()
	var some, long uint64
	for i, n := range all.Counts {
		if w.seen != nil {
			n -= w.seen[i]
		}
		some += n
		if all.Buckets[i] >= processorsLate.Seconds() {
			long += n
		}
	}
	w.seen = append(w.seen[:0], all.Counts...)
	return long >= processorsSome && 100*long >= some
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails on a wrong argument only
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
