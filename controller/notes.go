package controller

import (
	"sync"
	"time"
)

// notes are what only the verbs of a call see, for its record.
type notes struct {
	answered, offered, talked time.Time
	talk                      time.Duration
	leg                       string
	missing                   int
}

// A notebook gathers notes until they go into the record. While the caller
// hears music, the walk may join a queue on another goroutine, and tell.
type notebook struct {
	mu sync.Mutex
	notes
}

func (b *notebook) add(what func(*notes)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	what(&b.notes)
}

// take returns the notes since the last time.
func (b *notebook) take() notes {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.notes
	b.notes = notes{}
	return n
}
