package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dialgraph/dialgraph/store"
)

// A lookupOrder asks for lookups of callers' addresses at a steady rate.
type lookupOrder struct {
	Redis     string
	Seconds   float64
	Rate      float64
	Addresses int
}

// A lookupReport is how long they took, in ms.
type lookupReport struct {
	P50, P99  float64
	PerSecond float64
	Found     float64 // share
}

// lookUp is the part's work: each lookup begins when it is due, whether the one
// before has ended or not.
func lookUp(ctx context.Context, o lookupOrder) (r lookupReport, err error) {
	rdb, err := store.Open(o.Redis)
	if err != nil {
		return r, err
	}
	defer func() { _ = rdb.Close() }()
	outages := store.New(rdb, store.Options{Log: quiet}).Outages()
	if _, _, err := outages.Lookup(ctx, store.DefaultSite, address(0)); err != nil { // learns the sources
		return r, err
	}
	var all delays
	var found atomic.Int64
	var fault atomic.Pointer[error]
	var wg sync.WaitGroup
	runtime.LockOSThread() // it naps
	defer runtime.UnlockOSThread()
	start, n := time.Now(), 0
	for ; ctx.Err() == nil && time.Since(start) < seconds(o.Seconds); n++ {
		due := start.Add(time.Duration(float64(n) / o.Rate * float64(time.Second)))
		for left := time.Until(due); left > 0; left = time.Until(due) {
			nap(left)
		}
		wg.Go(func() {
			_, ok, err := outages.Lookup(ctx, store.DefaultSite, address(rand.IntN(o.Addresses)))
			all.add(time.Since(due)) // what the load itself is late counts, too
			if err != nil {
				fault.CompareAndSwap(nil, &err)
			}
			if ok {
				found.Add(1)
			}
		})
	}
	wg.Wait()
	if err := fault.Load(); err != nil {
		return r, *err
	}
	if n == 0 || ctx.Err() != nil {
		return r, errors.Join(ctx.Err(), errors.New("no lookup"))
	}
	r.P50, r.P99 = all.take()
	r.PerSecond, r.Found = float64(n)/time.Since(start).Seconds(), float64(found.Load())/float64(n)
	return r, nil
}
