package fstest

import "time"

// frame is how long FreeSWITCH takes until it looks at what is new: one frame
// of media.
const frame = 20 * time.Millisecond

// never is a deadline that does not come.
const never = time.Duration(1<<63 - 1)

// A clock runs call time: faster than the wall's by a factor, from zero at the
// start of the node.
type clock struct {
	start time.Time
	speed float64
}

func newClock(speed float64) clock { return clock{start: time.Now(), speed: speed} }

// now is the call time since the start of the node.
func (c clock) now() time.Duration {
	return time.Duration(float64(time.Since(c.start)) * c.speed)
}

// wall is how long a span of call time takes on the wall's clock.
func (c clock) wall(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.speed)
}

// date is the calendar time of a moment of call time.
func (c clock) date(at time.Duration) time.Time { return c.start.Add(at) }
