package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	// feedSize is how many events a feed remembers for streams that are slow or
	// come back.
	feedSize = 4096
	// feedFor is how long a feed is filled for streams that come back.
	feedFor = time.Minute
)

// An Event is something that happened, for whoever watches.
type Event struct {
	Type EventType
	Data any // what Type says, or a json.RawMessage of one line that holds it; it is not changed after Publish
}

// An EventType names a kind of event and what comes with it.
type EventType string

// The kinds of events.
const (
	CallStarted EventType = "call.started" // Call
	CallEnded   EventType = "call.ended"   // Call
	AgentChange EventType = "agent.status" // AgentStatus
)

// A Feed is the latest events in a ring. All streams read from the one ring at
// their own pace, so a slow one costs nothing and holds up nobody; what it has
// missed is gone, and it is told so.
type Feed struct {
	mu      sync.Mutex
	epoch   string // of this process, since events were left out: numbers of another mean nothing here
	streams int
	left    time.Time // when the last stream ended
	partial bool      // events were left out since

	ring [feedSize]sent
	next uint64        // number of the next event, from 1
	news chan struct{} // closed by the next Publish
	over bool          // no more events
}

var errFeedClosed = errors.New("no more events")

// sent is an event as it goes to all streams.
type sent struct {
	kind EventType
	data []byte
}

// NewFeed returns an empty feed.
func NewFeed() *Feed {
	return &Feed{epoch: newEpoch(), next: 1, news: make(chan struct{})}
}

func newEpoch() string { return uuid.NewString()[:8] }

// Watched tells whether anybody watches, or did within the last minute and may
// come back. Where nobody does, an event that costs something to know may be
// left out: whoever comes back later is told that events are gone.
func (f *Feed) Watched() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.streams > 0 || time.Since(f.left) < feedFor {
		return true
	}
	if !f.partial {
		f.partial, f.epoch = true, newEpoch()
	}
	return false
}

// watch begins a stream where position says; the stream calls end.
func (f *Feed) watch(lastID string) (from uint64, known bool, end func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.streams++
	f.partial = false
	from, known = f.position(lastID)
	return from, known, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.streams--
		f.left = time.Now()
	}
}

// Publish hands an event to all streams. It never waits for any, and does
// nothing once the API is closed.
func (f *Feed) Publish(e Event) error {
	data, encoded := e.Data.(json.RawMessage)
	if !encoded {
		var err error
		if data, err = json.Marshal(e.Data); err != nil {
			return fmt.Errorf("publish %s: %w", e.Type, err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return nil
	}
	f.ring[f.next%feedSize] = sent{e.Type, data}
	f.next++
	close(f.news)
	f.news = make(chan struct{})
	return nil
}

// close ends all streams.
func (f *Feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.over {
		f.over = true
		close(f.news)
	}
}

// position is where a stream begins: after the event that a client has seen
// last, when this feed has sent it, else at the next event. f.mu is held.
func (f *Feed) position(lastID string) (from uint64, known bool) {
	epoch, number, _ := strings.Cut(lastID, "-")
	n, err := strconv.ParseUint(number, 10, 64)
	if epoch != f.epoch || err != nil || n >= f.next {
		return f.next, false
	}
	return n + 1, true
}

// read returns the event with this number, or the oldest one still there: lost
// is how many are gone. It waits until there is one, or ctx or the feed ends.
func (f *Feed) read(ctx context.Context, number uint64) (e sent, at, lost uint64, err error) {
	for {
		f.mu.Lock()
		if number < f.next {
			defer f.mu.Unlock()
			at = number
			if oldest := max(f.next, feedSize+1) - feedSize; at < oldest {
				at = oldest
			}
			return f.ring[at%feedSize], at, at - number, nil
		}
		news, over := f.news, f.over
		f.mu.Unlock()
		if over {
			return sent{}, 0, 0, errFeedClosed
		}
		select {
		case <-news:
		case <-ctx.Done():
			return sent{}, 0, 0, ctx.Err()
		}
	}
}

func (f *Feed) id(number uint64) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.epoch + "-" + strconv.FormatUint(number, 10)
}
