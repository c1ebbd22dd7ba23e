package bench

import (
	"log/slog"
	"time"
)

// sizes say how much of everything a run takes.
type sizes struct {
	whole time.Duration // bound of the command

	window float64 // seconds of one measurement
	slots  int     // calls at once where they follow each other
	queue  []int   // (d) tickets, ascending
	parked int     // (d) calls that wait for a turn
	room   int     // (c) calls that wait
	idle   float64 // (c) seconds in which nothing happens

	addresses int // (e) of one import
	nodes     int // (f) of the menu
}

var (
	full = sizes{
		whole: 45 * time.Minute, window: 4, slots: 48, queue: []int{100, 10_000, 100_000}, parked: 500,
		room: 15_000, idle: 30, // in which each of them is looked after once, more often than later
		addresses: 1_000_000, nodes: 10_000,
	}
	quick = sizes{
		whole: 3 * time.Minute, window: 0.5, slots: 16, queue: []int{100, 1_000}, parked: 100,
		room: 400, idle: 1, addresses: 20_000, nodes: 1_000,
	}
)

// quiet takes what the store would log in the bench's own process: what
// matters comes back as an error.
var quiet = slog.New(slog.DiscardHandler)
