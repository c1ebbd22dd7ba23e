package dialplan

import (
	"context"
	"errors"
	"testing"
)

func TestWaitFor(t *testing.T) {
	t.Run("tells the end", func(t *testing.T) {
		away, done := errors.New("away"), make(chan error, 2)
		stop := WaitFor(t.Context(), func(context.Context) error { return away })(func(err error) { done <- err })
		if err := <-done; !errors.Is(err, away) {
			t.Errorf("done(%v), want %v", err, away)
		}
		if stop(); len(done) != 0 {
			t.Error("told twice")
		}
	})
	t.Run("has ended when it is stopped", func(t *testing.T) {
		returned := false
		stop := WaitFor(t.Context(), func(ctx context.Context) error {
			<-ctx.Done()
			returned = true
			return ctx.Err()
		})(func(error) {})
		if stop(); !returned {
			t.Error("still runs")
		}
	})
	t.Run("panics where the call is", func(t *testing.T) {
		done := make(chan error, 1)
		stop := WaitFor(t.Context(), func(context.Context) error { panic("out of range") })(func(err error) { done <- err })
		if err := <-done; err != nil { // or the caller would wait for ever
			t.Error(err)
		}
		defer func() {
			if fault := recover(); fault != "out of range" {
				t.Errorf("stop panicked with %v", fault)
			}
		}()
		stop()
	})
}
