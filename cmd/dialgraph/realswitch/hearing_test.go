//go:build freeswitch

package realswitch

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// loud is the mean level above which a frame is sound and not silence.
const loud = 120

// hush is how long it must be quiet before a sound counts as ended: pauses
// between words are shorter.
const hush = 400 * time.Millisecond

// A hearing is what was heard on one leg: sounds with their beginnings and
// ends.
type hearing struct {
	mu      sync.Mutex
	sounds  []sound
	last    time.Time // the last loud frame
	changed chan struct{}
	closed  bool
}

// A sound is a stretch of time without a silence longer than hush.
type sound struct {
	begin, end time.Time
	level      int // mean of its frames
	frames     int
}

func newHearing() *hearing { return &hearing{changed: make(chan struct{})} }

// frame takes 20 ms.
func (h *hearing) frame(now time.Time, level int) {
	if level < loud {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.sounds) == 0 || now.Sub(h.last) > hush {
		h.sounds = append(h.sounds, sound{begin: now})
	}
	s := &h.sounds[len(h.sounds)-1]
	s.level = (s.level*s.frames + level) / (s.frames + 1)
	s.frames++
	s.end, h.last = now, now
	h.wake()
}

func (h *hearing) wake() {
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *hearing) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.wake()
}

// heard is every sound so far.
func (h *hearing) heard() []sound {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]sound(nil), h.sounds...)
}

// waitSound waits for sound after a moment, and returns when it came.
func (h *hearing) waitSound(ctx context.Context, after time.Time) (time.Time, error) {
	for {
		h.mu.Lock()
		changed, closed := h.changed, h.closed
		for _, s := range h.sounds {
			if s.end.After(after) {
				begin := s.begin
				h.mu.Unlock()
				if begin.Before(after) {
					begin = after
				}
				return begin, nil
			}
		}
		h.mu.Unlock()
		if closed {
			return time.Time{}, fmt.Errorf("the call ended without a sound after %s", after.Format(time.TimeOnly))
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("no sound after %s: %w", after.Format(time.TimeOnly), ctx.Err())
		}
	}
}

// waitSilence waits until nothing was heard for as long as quiet.
func (h *hearing) waitSilence(ctx context.Context, quiet time.Duration) error {
	tick := time.NewTicker(frame)
	defer tick.Stop()
	began := time.Now()
	for {
		h.mu.Lock()
		last := h.last
		h.mu.Unlock()
		if last.Before(began) {
			last = began
		}
		if time.Since(last) >= quiet {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("not quiet for %v: %w", quiet, ctx.Err())
		}
	}
}

// loudness is the mean level of PCMU samples (ITU-T G.711), 0 to 32124.
func loudness(ulaw []byte) int {
	if len(ulaw) == 0 {
		return 0
	}
	sum := 0
	for _, b := range ulaw {
		b = ^b
		sum += (int(b&0x0f)<<3+0x84)<<(b>>4&7) - 0x84
	}
	return sum / len(ulaw)
}
