package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/store/storetest"
)

func newCursors(t testing.TB, s *Store, instance string) *Cursors {
	t.Helper()
	c := s.Cursors(instance)
	c.within = 10 * time.Second // a busy machine is no fault
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return c
}

func cursorAt(call string, visit int) *dialplan.Cursor {
	return &dialplan.Cursor{
		Schema: dialplan.CursorSchema, Call: call, Menu: "line", Version: "0123456789abcdef0123456789abcdef",
		Node: "main", Visit: visit, State: dialplan.State{Phase: "collect", Digits: "12"},
		Vars: map[string]any{"contract": "12345678", "rating": 4.5, "known": true}, Language: "uk",
		Path: []string{"greeting", "outage", "main"}, Caller: dialplan.Caller{Number: "+380671234567"}, Started: noon,
	}
}

func TestCursorComesBackAsItWas(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ctx, one, two := t.Context(), newCursors(t, s, "one"), newCursors(t, s, "two")
		want := cursorAt("a", 7)
		one.Save(ctx, want, true)()
		got, err := two.Load(ctx, "a")
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("Load on another instance: %v\n%s", err, diff)
		}
		one.Save(ctx, cursorAt("a", 8), false)()
		if err := one.Delete(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		if _, err := one.Load(ctx, "a"); !errors.Is(err, ErrNotFound) {
			t.Errorf("Load after Delete on the same instance = %v, want ErrNotFound", err)
		}
		eventually(t, func() string {
			if _, err := two.Load(ctx, "a"); !errors.Is(err, ErrNotFound) {
				return fmt.Sprintf("Load after Delete on another instance = %v, want ErrNotFound", err)
			}
			return ""
		})
		if st := one.Stats(); st.Saved != 2 || st.Late != 0 || st.Failed != 0 {
			t.Errorf("stats = %+v, want two saved, nothing late and nothing failed", st)
		}
	})
}

func TestCursorLoadSeesWhatIsNotWrittenYet(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		c := newCursors(t, s, "one")
		for visit := range 200 {
			c.Save(t.Context(), cursorAt("a", visit), false)()
			if got, err := c.Load(t.Context(), "a"); err != nil || got.Visit != visit {
				t.Fatalf("Load = %+v, %v, want visit %d", got, err, visit)
			}
		}
	})
}

func TestCursorOfAFormerOwnerIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ctx, former, owner := t.Context(), newCursors(t, s, "one"), newCursors(t, s, "two")
		former.Save(ctx, cursorAt("a", 1), true)()
		owners := s.Owners("two")
		if err := owners.Claim(ctx, Owned{Call: "a", Token: "t"}); err != nil {
			t.Fatal(err)
		}
		owner.Save(ctx, cursorAt("a", 2), true)()
		former.Save(ctx, cursorAt("a", 3), true)()
		if err := former.Delete(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() string {
			if st := former.Stats(); st.Fenced != 2 {
				return fmt.Sprintf("stats = %+v, want 2 fenced", st)
			}
			return ""
		})
		if got, err := owner.Load(ctx, "a"); err != nil || got.Visit != 2 {
			t.Errorf("Load = %+v, %v, want the owner's", got, err)
		}
		if err := owner.Delete(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		if _, err := owners.Forget(ctx, "a", "t"); err != nil {
			t.Fatal(err)
		}
		former.Save(ctx, cursorAt("a", 4), true)()
		if _, err := owner.Load(ctx, "a"); !errors.Is(err, ErrNotFound) {
			t.Errorf("Load = %v: the cursor of an ended call is back", err)
		}
		if st := former.Stats(); st.Fenced != 3 {
			t.Errorf("stats = %+v, want 3 fenced", st)
		}
	})
}

func TestCursorOfAnEndedCallCanBeEnded(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ctx, c, owners := t.Context(), newCursors(t, s, "one"), s.Owners("one")
		if err := owners.Claim(ctx, Owned{Call: "a", Token: "t"}); err != nil {
			t.Fatal(err)
		}
		c.Save(ctx, cursorAt("a", 1), true)()
		if _, err := owners.Forget(ctx, "a", "t"); err != nil {
			t.Fatal(err)
		}
		if err := c.Delete(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Load(ctx, "a"); !errors.Is(err, ErrNotFound) {
			t.Errorf("Load = %+v, %v, want ErrNotFound", got, err)
		}
	})
}

func TestCursorOfAnotherVersion(t *testing.T) {
	for _, tt := range []struct {
		name   string
		schema int
		want   error
	}{
		{"own", dialplan.CursorSchema, nil},
		{"the one before", dialplan.CursorSchema - 1, nil},
		{"the next", dialplan.CursorSchema + 1, ErrSchema},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := decodeCursor("a", fmt.Appendf(nil, `{"v":%d}`, tt.schema)); !errors.Is(err, tt.want) {
				t.Errorf("decodeCursor = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestCursorsOutliveARestartOfRedis(t *testing.T) {
	server := storetest.Start(t)
	c := newCursors(t, open(t, server.URL(), new(clock)), "one")
	ctx := t.Context()
	c.Save(ctx, cursorAt("a", 1), true)()
	server.Stop()
	c.within = mustWithin
	for visit := 2; visit <= 5; visit++ {
		c.Save(ctx, cursorAt("a", visit), true)()
	}
	if st := c.Stats(); st.Late != 4 {
		t.Errorf("stats = %+v, want 4 late", st)
	}
	server.Restart()
	other := newCursors(t, open(t, server.URL(), new(clock)), "two")
	other.s.keys = c.s.keys
	eventually(t, func() string {
		if got, err := other.Load(ctx, "a"); err != nil || got.Visit != 5 {
			return fmt.Sprintf("Load = %+v, %v, want the newest", got, err)
		}
		return ""
	})
}

// Two writers would not keep the order of a call's cursors: the older one,
// tried again, could be written last.
func TestCursorsStayWithTheirWriterWhenTheNodeChanges(t *testing.T) {
	server := storetest.Start(t)
	c := newCursors(t, open(t, server.URL(), new(clock)), "one")
	server.Stop()
	for visit, node := range []string{"first", "second"} {
		c.node = func(context.Context, string) string { return node }
		c.Save(t.Context(), cursorAt("a", visit), false)()
	}
	waiting := 0
	for _, w := range c.writers {
		if _, ok := w.pending("a"); ok {
			waiting++
		}
	}
	if waiting != 1 {
		t.Errorf("%d writers have a cursor of the call, want one", waiting)
	}
	server.Restart()
}

// Many calls at once: the last cursor of each is what stays.
func TestCursorsOfManyCalls(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		const calls, visits = 100, 30
		c, other := newCursors(t, s, "one"), newCursors(t, s, "two")
		var wg sync.WaitGroup
		for i := range calls {
			wg.Go(func() {
				for visit := range visits {
					c.Save(t.Context(), cursorAt(fmt.Sprint("call-", i), visit), visit == visits-1)()
				}
			})
		}
		wg.Wait()
		eventually(t, func() string {
			for i := range calls {
				if got, err := other.Load(t.Context(), fmt.Sprint("call-", i)); err != nil || got.Visit != visits-1 {
					return fmt.Sprintf("Load(call-%d) = %+v, %v, want visit %d", i, got, err, visits-1)
				}
			}
			return ""
		})
		if st := c.Stats(); st.Saved != calls*visits || st.Flushes >= st.Saved {
			t.Errorf("stats = %+v, want fewer round trips than the %d cursors saved", st, calls*visits)
		}
	})
}

func BenchmarkCursorSave(b *testing.B) {
	for _, must := range []bool{false, true} {
		b.Run(fmt.Sprintf("must=%v", must), func(b *testing.B) {
			c := newCursors(b, open(b, storetest.Redis(b), new(clock)), "one")
			b.ReportAllocs()
			b.SetParallelism(100)
			b.RunParallel(func(pb *testing.PB) {
				cursor := cursorAt(fmt.Sprintf("call-%p", pb), 0)
				for pb.Next() {
					cursor.Visit++
					c.Save(b.Context(), cursor, must)()
				}
			})
			st := c.Stats()
			b.ReportMetric(float64(st.Flushes)/float64(st.Saved), "trips/op")
			b.ReportMetric(float64(st.Late)/float64(st.Saved), "late/op")
		})
	}
}
