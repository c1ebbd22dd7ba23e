package main

import (
	"os"
	"runtime"
	"runtime/debug"
	gometrics "runtime/metrics"
)

// smallHeap is what the heap may grow to before it is collected, in bytes. One
// with a few megabytes alive would be collected ten times a second under load,
// and whoever calls or asks meanwhile waits.
const smallHeap = 64 << 20

// roomForHeap gives a small heap room: beyond half of smallHeap alive, and where
// the environment says GOGC, nothing is changed (runtime/debug, SetGCPercent).
func roomForHeap() {
	if os.Getenv("GOGC") == "" {
		(&afterCollection{percent: 100}).adjust()
	}
}

// An afterCollection is found unreachable by each collection, and looks at what
// is alive then.
type afterCollection struct {
	percent int // as it is set
	_       *int
}

func (a *afterCollection) adjust() {
	live := []gometrics.Sample{{Name: "/gc/heap/live:bytes"}}
	gometrics.Read(live)
	percent := collectAt(live[0].Value.Uint64())
	if d := percent - a.percent; d > a.percent/8 || -d > a.percent/8 { // setting it stops everything for a moment
		debug.SetGCPercent(percent)
		a.percent = percent
	}
	runtime.SetFinalizer(a, (*afterCollection).adjust)
}

// collectAt is by how much the heap may grow over what is alive, in percent.
func collectAt(live uint64) int {
	return max(100, int(smallHeap*100/max(live, 1<<20))-100)
}
