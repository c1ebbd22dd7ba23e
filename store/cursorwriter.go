package store

import (
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// A cursorWriter writes the cursors of one node, one batch at a time. What
// comes while it waits for its pipeline to go still goes with that.
type cursorWriter struct {
	c       *Cursors
	pipe    *pipe // to the node
	mu      sync.Mutex
	waiting map[string]pendingCursor // by call
	flight  map[string]pendingCursor // in the pipeline under way
	calls   []string                 // of flight, in the order of its steps
	running bool
}

// A pendingCursor is the newest cursor of a call that Redis does not have yet.
type pendingCursor struct {
	document []byte          // nil ends the cursor
	acked    []chan struct{} // closed when Redis has answered for this one or a newer one
}

// put replaces what waits of the call, and sees to it that the writer runs.
// The channel closes when Redis has answered; it is nil unless wait asks for
// it. ok is false when too many wait already.
func (w *cursorWriter) put(call string, document []byte, wait bool) (acked chan struct{}, ok bool) {
	w.mu.Lock()
	p, known := w.waiting[call]
	if !known && len(w.waiting) >= maxPending {
		w.mu.Unlock()
		return nil, false
	}
	p.document = document
	if wait {
		acked = make(chan struct{})
		p.acked = append(p.acked, acked)
	}
	w.waiting[call] = p
	rests := !w.running
	if rests {
		w.running = true
		w.c.flushing.Add(1)
	}
	w.mu.Unlock()
	if rests {
		w.pipe.tell(w.batch, w.answered)
	}
	return acked, true
}

// pending returns the newest cursor that Redis may not have yet: waiting is
// false when there is none, document nil when the cursor has ended.
func (w *cursorWriter) pending(call string) (document []byte, waiting bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, waiting := w.waiting[call]
	if !waiting {
		p, waiting = w.flight[call]
	}
	return p.document, waiting
}

// batch moves up to cursorBatch cursors from waiting to flight, and returns
// the steps that write them.
func (w *cursorWriter) batch() []step {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.c.flushes.Add(1)
	if len(w.waiting) <= cursorBatch {
		w.flight, w.waiting = w.waiting, make(map[string]pendingCursor)
	} else {
		w.flight = make(map[string]pendingCursor, cursorBatch)
		for call, p := range w.waiting {
			if len(w.flight) == cursorBatch {
				break
			}
			w.flight[call] = p
			delete(w.waiting, call)
		}
	}
	steps := make([]step, 0, len(w.flight))
	w.calls = w.calls[:0]
	for call, p := range w.flight {
		w.calls = append(w.calls, call)
		steps = append(steps, w.step(call, p))
	}
	return steps
}

func (w *cursorWriter) step(call string, p pendingCursor) step {
	keys := []string{w.c.s.keys.cursor(call), w.c.s.keys.owner(call)}
	if p.document == nil {
		return scriptStep(deleteCursor, keys, w.c.instance)
	}
	return scriptStep(saveCursor, keys, w.c.instance, p.document, cursorLife.Milliseconds())
}

// answered tells those who wait what came of the batch, and goes on with the
// next. Cursors that Redis did not answer for wait again, unless newer ones do
// already.
func (w *cursorWriter) answered(replies []*redis.Cmd) {
	w.mu.Lock()
	failed := false
	for i, call := range w.calls {
		p := w.flight[call]
		switch n, err := replies[i].Int(); {
		case err != nil:
			failed = true
			w.again(call, p)
			continue
		case n == 0:
			w.c.fenced.Add(1)
		default:
			w.c.written.Add(1)
		}
		for _, acked := range p.acked {
			close(acked)
		}
	}
	w.flight = nil
	rests := len(w.waiting) == 0
	w.running = !rests
	w.mu.Unlock()
	switch {
	case rests:
		w.c.flushing.Done()
	case failed:
		w.c.failed.Add(1)
		go w.later()
	default:
		w.pipe.tell(w.batch, w.answered)
	}
}

func (w *cursorWriter) again(call string, p pendingCursor) {
	if newer, ok := w.waiting[call]; ok {
		p.document, p.acked = newer.document, append(newer.acked, p.acked...)
	}
	w.waiting[call] = p
}

// later goes on after a pause, unless the writers are stopped.
func (w *cursorWriter) later() {
	select {
	case <-time.After(flushAgain):
		w.pipe.tell(w.batch, w.answered)
	case <-w.c.done.Done():
		w.c.flushing.Done()
	}
}
