package fstest

import (
	"strconv"
	"time"
)

// appRecord is record <path> [<limit s> [<threshold> [<silence s>]]]. It ends
// at a terminator, at the limit, or when the caller was silent for so long. No
// file is written.
func appRecord(c *Call, arg string) {
	w := append(splitArgs(arg), "", "", "")
	limit, _ := strconv.Atoi(w[1])
	hits, _ := strconv.Atoi(w[3])
	start := c.sw.clock.now()
	c.set("playback_terminator_used", "")
	key := c.terminator()
	for s := changed; s == changed; {
		until, spoken := never, c.spokenUntil()
		if limit > 0 {
			until = start + millis(1000*limit)
		}
		if hits > 0 {
			until = min(until, max(start, spoken)+millis(1000*hits))
		}
		s = c.wait(watch{until: until, key: key, news: func() bool { return c.spokenUntil() != spoken }})
	}
	length := c.sw.clock.now() - start
	c.mu.Lock()
	c.vars.set("record_seconds", strconv.Itoa(int(length.Seconds())),
		"record_ms", strconv.FormatInt(length.Milliseconds(), 10),
		"record_samples", strconv.FormatInt(length.Milliseconds()*8, 10))
	c.fire("RECORD_STOP", "Record-File-Path", w[0])
	c.mu.Unlock()
}

// Speak lets the caller speak for so long from now on.
func (c *Call) Speak(d time.Duration) {
	c.mu.Lock()
	c.spoken = c.sw.clock.now() + d
	c.mu.Unlock()
	c.log(Spoke, d.String())
	c.wakeUp()
}

// spokenUntil is when the caller stops or stopped to speak.
func (c *Call) spokenUntil() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spoken
}
