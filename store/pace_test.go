package store

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPaceYields(t *testing.T) {
	const batches, best = 1000, 200 * time.Microsecond
	for _, tt := range []struct {
		name     string
		yields   func(context.Context) bool
		prepares time.Duration // before each batch
		takes    time.Duration // each batch but the first
		want     time.Duration // of all of them
	}{
		{"Redis is idle", nil, 0, best, batches * best},
		{"batches vary", nil, 0, paceSlack * best, batches * paceSlack * best},
		{"Redis is busy", nil, 0, 10 * best, batches * (10 + 10 - paceSlack) * best},
		{"Redis stands still", nil, 0, 5 * time.Second, batches * (5*time.Second + restMost)},
		{"it need not yield", never, best, best, batches * 2 * best},
		{"it must yield", always, 0, best, batches * (1 + paceYield) * best},
		{"it must yield and prepares", always, best, best, batches * (1 + paceYield) * 2 * best},
		{"it must yield and waits for lines", always, time.Minute, best, batches * (time.Minute + best + paceYield*(best+prepareMost))},
		{"it must yield and Redis is busy", always, 0, 10 * best, batches * (1 + paceYield) * 10 * best},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pace{yields: tt.yields}
				batch := func(takes time.Duration) {
					if err := p.do(t.Context(), func() error { time.Sleep(takes); return nil }); err != nil {
						t.Fatal(err)
					}
				}
				batch(best)
				p.owed = 0
				start := time.Now()
				for range batches {
					time.Sleep(tt.prepares)
					batch(tt.takes)
				}
				if took := time.Since(start); took < tt.want-restLeast || took > tt.want+restLeast {
					t.Errorf("%d batches took %v, want %v", batches, took, tt.want)
				}
			})
		})
	}
}

func never(context.Context) bool { return false }

func TestPaceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace{best: time.Microsecond}
		if err := p.do(t.Context(), func() error { return errBroken }); !errors.Is(err, errBroken) {
			t.Errorf("do = %v, want the batch's fault", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second+restMost/2)
		defer cancel()
		start := time.Now()
		err := p.do(ctx, func() error { time.Sleep(time.Second); return nil })
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != time.Second+restMost/2 {
			t.Errorf("do = %v after %v, want the end of its context while it rests", err, took)
		}
	})
}

var errBroken = errors.New("broken")
