package bench

import (
	"slices"
	"sync"
	"time"
)

// delays gather how long something took, up to a bound: then every second one
// is dropped and every second later one is left out.
type delays struct {
	mu    sync.Mutex
	all   []time.Duration
	skip  int // so many are left out for each that is kept
	since int
}

const maxDelays = 1 << 18

func (d *delays) add(t time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.since++; d.since <= d.skip {
		return
	}
	d.since = 0
	d.all = append(d.all, t)
	if len(d.all) == maxDelays {
		for i := range maxDelays / 2 {
			d.all[i] = d.all[2*i]
		}
		d.all = d.all[:maxDelays/2]
		d.skip = 2*d.skip + 1
	}
}

// take returns the median and the 99th percentile in ms, and forgets them.
func (d *delays) take() (p50, p99 float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p50, p99 = percentile(d.all, 0.5), percentile(d.all, 0.99)
	d.all, d.skip, d.since = nil, 0, 0
	return p50, p99
}

// percentile is in ms, 0 for none.
func percentile(all []time.Duration, p float64) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(int(p*float64(len(all))), len(all)-1)].Seconds() * 1000
}

// median of figures, 0 for none.
func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	all = slices.Sorted(slices.Values(all))
	middle := len(all) / 2
	if len(all)%2 == 1 {
		return all[middle]
	}
	return (all[middle-1] + all[middle]) / 2
}
