// Package alloctest lets tests guard what an operation allocates, which does
// not depend on the machine as its time does.
package alloctest

import (
	"runtime"
	"testing"
)

// attempts are made because whatever else runs in the process allocates, too:
// the least that was seen is the operation's own.
const attempts = 5

// PerRun returns the allocations and the bytes allocated by one call of f, on
// average over so many calls.
func PerRun(runs int, f func()) (allocs, bytes float64) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	f() // what is made once is not counted
	for attempt := range attempts {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			f()
		}
		runtime.ReadMemStats(&after)
		a := float64(after.Mallocs-before.Mallocs) / float64(runs)
		b := float64(after.TotalAlloc-before.TotalAlloc) / float64(runs)
		if attempt == 0 || a < allocs {
			allocs = a
		}
		if attempt == 0 || b < bytes {
			bytes = b
		}
	}
	return allocs, bytes
}

// AtMost fails the test when an operation allocates more than it may. why says
// what the allowance is made of.
func AtMost(t *testing.T, allocs, bytes float64, why string, f func()) {
	t.Helper()
	gotAllocs, gotBytes := PerRun(200, f)
	if gotAllocs > allocs || gotBytes > bytes {
		t.Errorf("%.1f allocations and %.0f bytes, want at most %.0f and %.0f: %s", gotAllocs, gotBytes, allocs, bytes, why)
	}
}
