package store

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPaceRestsAsLongAsItWorks(t *testing.T) {
	const batches = 1000
	for _, tt := range []struct {
		name            string
		takes, prepares time.Duration
		want            time.Duration // of all batches
	}{
		{"batches at once", 200 * time.Microsecond, 0, batches * 400 * time.Microsecond},
		{"prepared for as long as a batch takes", 200 * time.Microsecond, 200 * time.Microsecond, batches * 400 * time.Microsecond},
		{"prepared for longer", 200 * time.Microsecond, time.Millisecond, batches * 1200 * time.Microsecond},
		{"Redis is slow", 30 * time.Millisecond, 0, batches * 60 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var p pace
				start := time.Now()
				for range batches {
					time.Sleep(tt.prepares)
					if err := p.do(t.Context(), func() error { time.Sleep(tt.takes); return nil }); err != nil {
						t.Fatal(err)
					}
				}
				if took := time.Since(start); took < tt.want-10*restLeast || took > tt.want+10*restLeast {
					t.Errorf("%d batches took %v, want %v", batches, took, tt.want)
				}
			})
		})
	}
}

func TestPaceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		if err := p.do(t.Context(), func() error { time.Sleep(time.Hour); return errBroken }); !errors.Is(err, errBroken) {
			t.Errorf("do = %v, want the batch's fault", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		err := p.do(ctx, func() error { return nil })
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
			t.Errorf("do = %v after %v, want the end of its context after a second", err, took)
		}
	})
}

var errBroken = errors.New("broken")
