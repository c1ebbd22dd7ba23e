package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"
)

// feedSize is how many events a feed remembers for streams that are slow or
// come back.
const feedSize = 4096

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
	epoch string // of this process: numbers of another mean nothing here

	mu   sync.Mutex
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
	return &Feed{epoch: uuid.NewString()[:8], next: 1, news: make(chan struct{})}
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
// last, when this feed has sent it, else at the next event.
func (f *Feed) position(lastID string) (from uint64, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
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

func (f *Feed) id(number uint64) string { return f.epoch + "-" + strconv.FormatUint(number, 10) }
