package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/store/storetest"
)

// A pipelineSize notes the most that one round trip has asked of Redis.
type pipelineSize struct {
	tripCounter
	most atomic.Int64 // arguments
}

func (c *pipelineSize) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.note(cmd)
		return next(ctx, cmd)
	}
}

func (c *pipelineSize) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.note(cmds...)
		return next(ctx, cmds)
	}
}

func (c *pipelineSize) note(cmds ...redis.Cmder) {
	all := 0
	for _, cmd := range cmds {
		all += len(cmd.Args())
	}
	c.most.Store(max(c.most.Load(), int64(all)))
}

// Whoever asks while flags are imported and tidied away waits for one batch,
// which is small however many flags there are.
func TestBulkWorkIsInSmallPieces(t *testing.T) {
	c := new(clock)
	s := open(t, storetest.Redis(t), c)
	size := new(pipelineSize)
	s.rdb.AddHook(size)
	o := s.Outages()
	for range 2 { // the second one replaces the first
		i, err := o.Import(t.Context(), testSite, "crm")
		for n := range 2000 {
			if err == nil {
				err = i.Add(t.Context(), Outage{Address: fmt.Sprintf("kyiv/%d", n)})
			}
		}
		if err == nil {
			err = i.Commit(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c.Advance(outageLife + leaverGrace) // the flags of the second have expired
	if err := o.tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := o.List(t.Context(), testSite, OutagePlace{}, 1); len(left) > 0 || err != nil {
		t.Errorf("List after tidying = %v, %v, want none", left, err)
	}
	// HSET of 50 addresses and flags, and ZADD of 50 addresses and their scores.
	if got, most := size.most.Load(), int64(204); got > most {
		t.Errorf("one round trip had %d arguments, want at most %d", got, most)
	}
}

// Setting and clearing a flag: what is current, the change, and whether it is current still.
func TestRoundTripsOfAFlag(t *testing.T) {
	s := open(t, storetest.Redis(t), new(clock))
	o := s.Outages()
	v := Outage{Site: testSite, Source: "crm", Address: "kyiv/khreshchatyk/10"}
	set := func() error { return o.Set(t.Context(), v) }
	clearIt := func() error { return o.Clear(t.Context(), v.Site, v.Source, v.Address) }
	for round := range 2 { // the first loads the scripts
		for _, tt := range []struct {
			name string
			ask  func() error
			want int64
		}{{"setting", set, 3}, {"clearing", clearIt, 4}} {
			trips := new(tripCounter)
			s.rdb.AddHook(trips)
			if err := tt.ask(); err != nil {
				t.Fatal(err)
			}
			if got := trips.n.Load(); round > 0 && got != tt.want {
				t.Errorf("%s a flag took %d round trips, want %d", tt.name, got, tt.want)
			}
		}
	}
}
