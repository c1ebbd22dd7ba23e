package controller

import (
	"context"

	"github.com/dialgraph/dialgraph/dialplan"
)

// A world is the World of one call, which notes for the record what happens in
// the queue.
type world struct {
	dialplan.World
	record *Record
	note   func() // brings record and cursor up to date
	keep   func() // and saves the record
}

// Save keeps the cursor, with what has been counted so far.
func (w *world) Save(ctx context.Context, c *dialplan.Cursor, must bool) (kept func()) {
	w.note()
	return w.World.Save(ctx, c, must)
}

// Join notes the queue.
func (w *world) Join(ctx context.Context, j dialplan.Join) (dialplan.Ticket, error) {
	t, err := w.World.Join(ctx, j)
	if err == nil {
		w.record.Queue = j.Queue
		setDefault(&w.record.Queued, t.Joined)
		w.keep()
	}
	return t, err
}

// Report notes the agent who was offered. It is called by the goroutine of the
// call; Next is not.
func (w *world) Report(ctx context.Context, o dialplan.Offer, r dialplan.Report) error {
	w.record.Agent = o.Agent
	return w.World.Report(ctx, o, r)
}
