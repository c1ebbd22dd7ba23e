package controller

import (
	"testing"
	"time"
)

// Calls that have to look at about the same time look at the same time.
func TestTogether(t *testing.T) {
	p := newPulse()
	times := make(map[time.Time]int)
	for range 1000 {
		before := time.Now()
		at := p.together(time.Minute)
		if d := at.Sub(before); d < time.Minute {
			t.Fatalf("in %v, want a minute at least", d)
		}
		if d := time.Until(at); d > time.Minute+togetherEvery {
			t.Fatalf("in %v, want %v more than a minute at most", d, togetherEvery)
		}
		if off := at.Sub(p.origin) % togetherEvery; off != 0 {
			t.Fatalf("%v beside the time of others", off)
		}
		times[at]++
	}
	if took := int(time.Since(p.origin)/togetherEvery) + 2; len(times) > took {
		t.Errorf("at %d times, want %d at most", len(times), took)
	}
}
