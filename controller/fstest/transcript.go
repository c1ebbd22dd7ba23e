package fstest

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"
)

// A Kind says what an Event is.
type Kind string

// What a caller notices, in the order of a long call.
const (
	Placed     Kind = "placed"     // Text is the number dialled
	Controlled Kind = "controlled" // a controller took the call; Text is its address. The caller does not notice
	Refused    Kind = "refused"    // a controller could not be reached; Text is its address. The caller does not notice
	Ringing    Kind = "ringing"    // the caller hears the ringing tone of the network
	Early      Kind = "early"      // sound before the answer
	Answered   Kind = "answered"
	Heard      Kind = "heard"     // a sound begins; Text is the file or stream
	Missing    Kind = "missing"   // a sound that does not exist was asked for; Text is the file
	Silence    Kind = "silence"   // the sound has ended; Text is the file, Cut tells whether before its end
	Asked      Kind = "asked"     // digits are wanted from now on (play_and_get_digits); Text is its argument
	Pressed    Kind = "pressed"   // the caller pressed a key; Text is the key
	Calling    Kind = "calling"   // an agent's telephone begins to ring; Text is the contact
	Gave       Kind = "gave"      // an agent's telephone stops ringing without a talk; Text is contact and cause
	Spoke      Kind = "spoke"     // the caller speaks; Text is for how long
	Connected  Kind = "connected" // caller and agent can talk; Text is the contact
	Parted     Kind = "parted"    // the talk is over; Text is the contact
	Lost       Kind = "lost"      // the controller's socket closed; Text is its address. The caller does not notice
	Left       Kind = "left"      // the call left the controllers for the number's fallback; Text is where to
	HungUp     Kind = "hung up"   // the caller hung up
	Ended      Kind = "ended"     // the last event; Text is the hangup cause
)

// An Event is one thing that happened to a call.
type Event struct {
	At   time.Duration // call time since the call was placed
	Kind Kind
	Text string
	Cut  bool // Silence: the sound was cut short
}

// String is the event as a line of a transcript, without its time.
func (e Event) String() string {
	s := string(e.Kind)
	if e.Text != "" {
		s += " " + e.Text
	}
	if e.Cut {
		s += " (cut)"
	}
	return s
}

// A Transcript is what a caller heard and did, in order.
type Transcript []Event

// String has one line an event, with its time in seconds.
func (t Transcript) String() string {
	var b strings.Builder
	for _, e := range t {
		fmt.Fprintf(&b, "%8.2f %s\n", e.At.Seconds(), e)
	}
	return b.String()
}

// Only is the transcript with events of some kinds alone.
func (t Transcript) Only(kinds ...Kind) Transcript {
	var out Transcript
	for _, e := range t {
		for _, k := range kinds {
			if e.Kind == k {
				out = append(out, e)
			}
		}
	}
	return out
}

// Lines is the transcript without times, for comparison.
func (t Transcript) Lines() []string {
	lines := make([]string, len(t))
	for i, e := range t {
		lines[i] = e.String()
	}
	return lines
}

// diary is the growing transcript of a live call, with readers that wait.
type diary struct {
	mu     sync.Mutex
	events Transcript
	more   chan struct{} // closed at the next event; nil when nobody waits
	ended  bool
}

func (d *diary) write(e Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return
	}
	d.events = append(d.events, e)
	d.ended = e.Kind == Ended
	if d.more != nil {
		close(d.more)
		d.more = nil
	}
}

// next returns event number i, waiting until there is one.
func (d *diary) next(ctx context.Context, i int) (Event, error) {
	for {
		d.mu.Lock()
		if i < len(d.events) {
			e := d.events[i]
			d.mu.Unlock()
			return e, nil
		}
		if d.ended {
			d.mu.Unlock()
			return Event{}, ErrEnded
		}
		if d.more == nil {
			d.more = make(chan struct{})
		}
		more := d.more
		d.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

func (d *diary) follow(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for i := 0; ; i++ {
			e, err := d.next(ctx, i)
			if err != nil || !yield(e) {
				return
			}
		}
	}
}

func (d *diary) copy() Transcript {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append(Transcript(nil), d.events...)
}
