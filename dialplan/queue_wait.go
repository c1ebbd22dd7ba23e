package dialplan

import (
	"context"
	"time"
)

// held is the wait for an offer.
func (v *queueVisit) held(ctx context.Context) *held {
	v.call.waits(ctx)
	h := &held{Hold: v.music()}
	if !v.s.Until.IsZero() {
		h.AtMost = max(v.s.Until.Sub(v.call.Now()), 1)
	}
	ticket, world := v.s.Ticket, v.call.World
	h.wait = func(done func(error)) (stop func()) {
		return world.Await(ticket, func(offer *Offer, err error) {
			h.offer = offer
			done(err)
		})
	}
	h.Over = func(err error) {
		if err == nil { // found ended it, and nothing else writes the offer
			h.kept = v.offered(ctx, h.offer)
		}
	}
	return h
}

// hold plays the music while try is repeated until the queue answers, or the
// longest wait is over.
func (v *queueVisit) hold(ctx context.Context, try func(context.Context) error) (key string, err error) {
	v.call.waits(ctx)
	return v.call.Line.Hold(ctx, v.music(), WaitFor(ctx, func(ctx context.Context) error {
		ctx, cancel := v.atMost(ctx)
		defer cancel()
		return v.retry(ctx, try)
	}))
}

// music is what the caller hears, and the keys that lead out.
func (v *queueVisit) music() Hold {
	return Hold{Music: v.Music.one(v.call.Cursor.Language), Keys: v.Keys.String()}
}

// atMost bounds a wait by what is left of the longest one, and by joinPatience.
func (v *queueVisit) atMost(ctx context.Context) (context.Context, context.CancelFunc) {
	most := joinPatience
	if !v.s.Until.IsZero() {
		most = min(most, v.s.Until.Sub(v.call.Now()))
	}
	return context.WithTimeout(ctx, most)
}

// retry repeats try until the queue answers or the longest wait is over.
func (v *queueVisit) retry(ctx context.Context, try func(context.Context) error) error {
	for {
		err := try(ctx)
		switch {
		case err == nil || isAnswer(err):
			return err
		case v.over():
			return context.DeadlineExceeded
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retryAfter):
		}
	}
}

// over tells that the caller has waited as long as the node allows.
func (v *queueVisit) over() bool { return !v.s.Until.IsZero() && !v.call.Now().Before(v.s.Until) }
