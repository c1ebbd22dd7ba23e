package esl

import "sync"

// A queue holds the events that nobody has taken yet, in the order of the wire. It has a bound, and memory only for
// what waits.
type queue struct {
	most    int
	arrived chan struct{} // has something when the queue may have changed; closed when no more events come

	mu     sync.Mutex
	events []*Event
	closed bool
	wake   func() // called once when the queue changes
}

func newQueue(most int) *queue { return &queue{most: most, arrived: make(chan struct{}, 1)} }

// add adds an event; false when the queue is full.
func (q *queue) add(e *Event) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) >= q.most {
		return false
	}
	q.events = append(q.events, e)
	q.changed()
	return true
}

// close says that no more events come.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	close(q.arrived)
	q.changed()
}

// changed tells whoever waits. The lock is held.
func (q *queue) changed() {
	if wake := q.wake; wake != nil {
		q.wake = nil
		go wake()
	}
	if q.closed {
		return
	}
	select {
	case q.arrived <- struct{}{}:
	default: // it is known already
	}
}

// take takes the oldest event, nil when none waits; over when none will come any more.
func (q *queue) take() (e *Event, over bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) == 0 {
		return nil, q.closed
	}
	e = q.events[0]
	q.events[0] = nil
	if q.events = q.events[1:]; len(q.events) == 0 {
		q.events = nil
	}
	return e, false
}

// notify calls wake on a goroutine of its own once there is something to take, now or later; nil calls nobody.
func (q *queue) notify(wake func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if wake != nil && (len(q.events) > 0 || q.closed) {
		q.wake = nil
		go wake()
		return
	}
	q.wake = wake
}
