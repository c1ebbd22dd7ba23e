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
}

var (
	full  = sizes{whole: 45 * time.Minute, window: 4, slots: 48}
	quick = sizes{whole: 3 * time.Minute, window: 1, slots: 16}
)

// quiet takes what the store would log in the bench's own process: what
// matters comes back as an error.
var quiet = slog.New(slog.DiscardHandler)
