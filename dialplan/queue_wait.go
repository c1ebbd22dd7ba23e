package dialplan

import (
	"context"
	"time"
)

// held is the wait for an offer.
func (v *queueVisit) held(ctx context.Context) *held {
	v.call.waits(ctx)
	h := &held{Hold: v.music()}
	h.wait = func(ctx context.Context) error {
		ctx, cancel := v.atMost(ctx)
		defer cancel()
		return v.retry(ctx, func(ctx context.Context) error {
			offer, err := v.call.World.Next(ctx, v.s.Ticket)
			if err == nil {
				h.offer = keepOffer(offer)
			}
			return err
		})
	}
	return h
}

// keepOffer is apart, because whoever waits need not have room for another offer.
func keepOffer(o Offer) *Offer { return &o }

// hold plays the music while wait runs, until the longest wait is over.
func (v *queueVisit) hold(ctx context.Context, wait func(context.Context) error) (key string, err error) {
	v.call.waits(ctx)
	return v.call.Line.Hold(ctx, v.music(), func(ctx context.Context) error {
		ctx, cancel := v.atMost(ctx)
		defer cancel()
		return wait(ctx)
	})
}

// music is what the caller hears, and the keys that lead out.
func (v *queueVisit) music() Hold {
	return Hold{Music: v.Music.one(v.call.Cursor.Language), Keys: v.Keys.String()}
}

// atMost bounds a wait by the longest wait.
func (v *queueVisit) atMost(ctx context.Context) (context.Context, context.CancelFunc) {
	if v.s.Until.IsZero() {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, v.s.Until.Sub(v.call.Now()))
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
