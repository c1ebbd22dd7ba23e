//go:build freeswitch

package realswitch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	toneGap  = 200 * time.Millisecond // a tone that pauses for less has not ended
	voiceGap = 700 * time.Millisecond // neither have words
	surely   = 3                      // frames that make a sound: fewer are where one ends and another begins
)

// A hearing is what was heard on one leg: sounds with their beginnings and ends.
type hearing struct {
	mu      sync.Mutex
	sounds  []sound
	marks   []time.Time // frames of a mark, in a row
	loud    []time.Time // all frames that were not silent
	changed chan struct{}
	closed  bool
}

// A sound is one thing heard.
type sound struct {
	name       string // of the tone, or voice; "" while only its mark was heard
	begin, end time.Time
	frames     int  // without the mark
	marked     bool // began with a mark
}

func (s sound) gap() time.Duration {
	if s.name == voice {
		return voiceGap
	}
	return toneGap
}

func newHearing() *hearing { return &hearing{changed: make(chan struct{})} }

// frame takes what 20 ms sounded like.
func (h *hearing) frame(now time.Time, name string) {
	if name == "" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	defer func() {
		close(h.changed)
		h.changed = make(chan struct{})
	}()
	h.loud = append(h.loud, now)
	if name == mark {
		if h.marks = append(h.marks, now); len(h.marks) == surely {
			h.sounds = append(h.sounds, sound{begin: h.marks[0], marked: true})
		}
	} else {
		h.marks = h.marks[:0]
	}
	h.forget(now, name)
	if len(h.sounds) == 0 {
		h.sounds = append(h.sounds, sound{name: name, begin: now, end: now})
	}
	last := &h.sounds[len(h.sounds)-1]
	switch {
	case last.marked && last.frames < surely: // the frame between mark and tone may sound like anything
		if name != mark {
			last.name, last.frames = name, last.frames+1
		}
	case last.name == name && now.Sub(last.end) < last.gap():
		last.frames++
	default:
		h.sounds = append(h.sounds, sound{name: name, begin: now, frames: 1})
		last = &h.sounds[len(h.sounds)-1]
	}
	last.end = now
}

// forget drops the last sound when it was but a frame in the middle of the one
// before: a word may sound like a tone for a moment.
func (h *hearing) forget(now time.Time, name string) {
	n := len(h.sounds)
	if n < 2 || h.sounds[n-1].frames >= surely || h.sounds[n-1].marked {
		return
	}
	if before := h.sounds[n-2]; before.name == name && now.Sub(before.end) < before.gap() {
		h.sounds = h.sounds[:n-1]
	}
}

func (h *hearing) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	close(h.changed)
	h.changed = make(chan struct{})
}

// next waits for the first sound from place i on, and returns the place after
// it.
func (h *hearing) next(ctx context.Context, i int) (sound, int, error) {
	for {
		h.mu.Lock()
		changed, closed := h.changed, h.closed
		for j := i; j < len(h.sounds); j++ {
			if s := h.sounds[j]; s.frames >= surely {
				h.mu.Unlock()
				return s, j + 1, nil
			}
		}
		h.mu.Unlock()
		if closed {
			return sound{}, i, fmt.Errorf("the call ended; heard: %s", h)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return sound{}, i, fmt.Errorf("nothing more is heard; heard: %s", h)
		}
	}
}

// endOf is when a sound was last heard.
func (h *hearing) endOf(name string) (end time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sounds {
		if s.name == name {
			end = s.end
		}
	}
	return end
}

// silence is the longest time in which nothing was heard between two moments.
func (h *hearing) silence(from, to time.Time) (longest time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := from
	for _, heard := range append(slices.Clone(h.loud), to) {
		if heard.After(from) && !heard.After(to) {
			longest, last = max(longest, heard.Sub(last)), heard
		}
	}
	return longest
}

// String is all that was heard.
func (h *hearing) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []string
	for _, s := range h.sounds {
		if s.frames >= surely {
			all = append(all, fmt.Sprintf("%s (at %s for %v)", s.name, s.begin.Format("05.000"), s.end.Sub(s.begin).Round(time.Millisecond)))
		}
	}
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}
