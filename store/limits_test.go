package store

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dialgraph/dialgraph/store/storetest"
)

func enter(t testing.TB, l *Limits, limit int, want bool) {
	t.Helper()
	if got, err := l.Enter(t.Context(), "number", "+380441234567", limit); got != want || err != nil {
		t.Errorf("%s: Enter(limit %d) = %v, %v, want %v", l.instance, limit, got, err, want)
	}
}

func leave(t testing.TB, l *Limits) {
	t.Helper()
	l.Leave(t.Context(), "number", "+380441234567")
}

func TestLimitHoldsOverInstances(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		one, two := s.Limits("one"), s.Limits("two")
		enter(t, one, 3, true)
		enter(t, two, 3, true)
		enter(t, one, 3, true)
		enter(t, two, 3, false)
		if ok, err := two.Enter(t.Context(), "trunk", "carrier", 1); !ok || err != nil {
			t.Errorf("Enter of another scope = %v, %v, want it counted apart", ok, err)
		}
		leave(t, one)
		enter(t, two, 3, true)
		enter(t, one, 0, true) // without a limit it is counted all the same
		enter(t, two, 3, false)
	})
}

func TestLimitForgetsACrashedInstance(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		crashed, alive := s.Limits("crashed"), s.Limits("alive")
		enter(t, crashed, 2, true)
		enter(t, alive, 2, true)
		for range 2 {
			c.Advance(limitLease / 2)
			if err := alive.Renew(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		enter(t, alive, 2, true)
		enter(t, alive, 2, false)
	})
}

func TestLimitUnderLoad(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		const limit = 50
		var live, most atomic.Int64
		var wg sync.WaitGroup
		for i := range 4 {
			l := s.Limits(fmt.Sprint("instance-", i))
			for range 20 {
				wg.Go(func() {
					for range 5 {
						ok, err := l.Enter(t.Context(), "trunk", "carrier", limit)
						if err != nil {
							t.Error(err)
							return
						}
						if !ok {
							continue
						}
						for now := live.Add(1); ; {
							seen := most.Load()
							if now <= seen || most.CompareAndSwap(seen, now) {
								break
							}
						}
						live.Add(-1) // first here, so that live is never more than is counted
						l.Leave(t.Context(), "trunk", "carrier")
					}
				})
			}
		}
		wg.Wait()
		if most.Load() > limit {
			t.Errorf("%d calls at once, want at most %d", most.Load(), limit)
		}
		// All have left: the whole limit is free again.
		l := s.Limits("last")
		for n := range limit {
			if ok, err := l.Enter(t.Context(), "trunk", "carrier", limit); !ok || err != nil {
				t.Fatalf("Enter = %v, %v after %d of %d", ok, err, n, limit)
			}
		}
	})
}

// Calls that come together are told of together; where that is too many, those
// who were in time come in.
func TestLimitOfCallsThatComeTogether(t *testing.T) {
	for _, tt := range []struct{ limit, want int }{{0, 5}, {5, 5}, {3, 3}} {
		s := open(t, storetest.Redis(t), new(clock))
		l, g := s.Limits("one"), newGate(s)
		held := make(chan error, 1)
		go func() { held <- failure(s.ask(t.Context(), commandStep("incr", s.keys.live("n")))) }()
		<-g.came
		entered := make(chan bool, 5)
		for range cap(entered) {
			go func() {
				ok, err := l.Enter(t.Context(), "trunk", "carrier", tt.limit)
				entered <- ok && err == nil
			}()
		}
		eventually(t, func() string {
			l.mu.Lock()
			defer l.mu.Unlock()
			if next := l.next[limitScope{"trunk", "carrier"}]; next == nil || next.changes < cap(entered) {
				return fmt.Sprintf("%+v waits, want %d changes", next, cap(entered))
			}
			return ""
		})
		g.pass <- nil
		if err := <-held; err != nil {
			t.Fatal(err)
		}
		got := 0
		for range cap(entered) {
			if <-entered {
				got++
			}
		}
		if got != tt.want {
			t.Errorf("%d of %d calls came in, want %d", got, cap(entered), tt.want)
		}
	}
}

func TestLimitWithoutRedis(t *testing.T) {
	server := storetest.Start(t)
	l := open(t, server.URL(), new(clock)).Limits("one")
	enter(t, l, 2, true)
	server.Stop()
	for n, want := range []bool{true, false} {
		got, err := l.Enter(t.Context(), "number", "+380441234567", 2)
		if got != want || err == nil {
			t.Errorf("Enter %d without Redis = %v, %v, want %v and the reason", n, got, err, want)
		}
	}
}
