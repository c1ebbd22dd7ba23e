package store

import (
	"context"
	"sync"
	"time"
)

// A cursorWriter writes the cursors of one node, one pipeline at a time.
type cursorWriter struct {
	c       *Cursors
	pipe    *pipe // to the node
	mu      sync.Mutex
	waiting map[string]*pendingCursor // by call
	flight  map[string]*pendingCursor // in the pipeline under way
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
	defer w.mu.Unlock()
	p := w.waiting[call]
	if p == nil {
		if len(w.waiting) >= maxPending {
			return nil, false
		}
		p = new(pendingCursor)
		w.waiting[call] = p
	}
	p.document = document
	if wait {
		acked = make(chan struct{})
		p.acked = append(p.acked, acked)
	}
	if !w.running {
		w.running = true
		w.c.flushing.Add(1)
		go w.run()
	}
	return acked, true
}

// pending returns the newest cursor that Redis may not have yet: waiting is
// false when there is none, document nil when the cursor has ended.
func (w *cursorWriter) pending(call string) (document []byte, waiting bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, set := range []map[string]*pendingCursor{w.waiting, w.flight} {
		if p := set[call]; p != nil {
			return p.document, true
		}
	}
	return nil, false
}

// run writes until nothing waits any more.
func (w *cursorWriter) run() {
	defer w.c.flushing.Done()
	for batch := w.take(); batch != nil; batch = w.take() {
		if w.flush(batch) {
			continue
		}
		w.c.failed.Add(1)
		select {
		case <-time.After(flushAgain):
		case <-w.c.done.Done():
			return
		}
	}
}

// take moves up to cursorBatch cursors from waiting to flight; nil, and the
// writer rests, when there are none.
func (w *cursorWriter) take() map[string]*pendingCursor {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flight = nil
	if len(w.waiting) == 0 {
		w.running = false
		return nil
	}
	w.flight = make(map[string]*pendingCursor, min(len(w.waiting), cursorBatch))
	for call, p := range w.waiting {
		if len(w.flight) == cursorBatch {
			break
		}
		w.flight[call] = p
		delete(w.waiting, call)
	}
	return w.flight
}

// flush writes a batch and tells those who wait. Cursors that Redis did not
// answer for wait again, unless newer ones do already; flush is then false.
func (w *cursorWriter) flush(batch map[string]*pendingCursor) bool {
	ctx, cancel := context.WithTimeout(w.c.done, flushTimeout)
	defer cancel()
	w.c.flushes.Add(1)
	left := w.send(ctx, batch)
	w.mu.Lock()
	defer w.mu.Unlock()
	for call, p := range left {
		if newer := w.waiting[call]; newer != nil {
			newer.acked = append(newer.acked, p.acked...)
			continue
		}
		w.waiting[call] = p
	}
	return len(left) == 0
}

// send writes a batch in one pipeline and returns what Redis did not answer for.
func (w *cursorWriter) send(ctx context.Context, batch map[string]*pendingCursor) map[string]*pendingCursor {
	calls, steps := make([]string, 0, len(batch)), make([]step, 0, len(batch))
	for call, pending := range batch {
		keys := []string{w.c.s.keys.cursor(call), w.c.s.keys.owner(call)}
		calls = append(calls, call)
		if pending.document == nil {
			steps = append(steps, scriptStep(deleteCursor, keys, w.c.instance))
		} else {
			steps = append(steps, scriptStep(saveCursor, keys, w.c.instance, pending.document, cursorLife.Milliseconds()))
		}
	}
	var left map[string]*pendingCursor
	for i, reply := range w.pipe.ask(ctx, steps) {
		switch n, err := reply.Int(); {
		case err != nil:
			if left == nil {
				left = make(map[string]*pendingCursor)
			}
			left[calls[i]] = batch[calls[i]]
			continue
		case n == 0:
			w.c.fenced.Add(1)
		default:
			w.c.written.Add(1)
		}
		for _, acked := range batch[calls[i]].acked {
			close(acked)
		}
	}
	return left
}
