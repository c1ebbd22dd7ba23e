//go:build freeswitch

package realswitch

import (
	"context"
	"fmt"
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
	changed chan struct{}
	closed  bool
}

// A sound is one thing heard.
type sound struct {
	name       string // of the tone, or voice; "" while only its mark was heard
	begin, end time.Time
	frames     int // without the mark
	marked     time.Time
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
	var last *sound
	if len(h.sounds) > 0 {
		last = &h.sounds[len(h.sounds)-1]
	}
	switch {
	case name == mark && (last == nil || last.marked.IsZero() || now.Sub(last.marked) > markTime):
		h.sounds = append(h.sounds, sound{begin: now, end: now, marked: now})
	case name == mark:
		last.marked, last.end = now, now
	case last != nil && last.frames == 0 && now.Sub(last.end) < toneGap:
		last.name, last.frames, last.end = name, 1, now
	case last != nil && last.name == name && now.Sub(last.end) < last.gap():
		last.frames, last.end = last.frames+1, now
	case last != nil && last.frames < surely && !last.marked.IsZero():
		last.name, last.frames, last.end = name, 1, now // the frame between mark and tone
	default:
		h.sounds = append(h.sounds, sound{name: name, begin: now, end: now, frames: 1})
	}
	close(h.changed)
	h.changed = make(chan struct{})
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

// ended is when the sound before place i ended, so far.
func (h *hearing) ended(i int) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sounds[i-1].end
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
