package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/store/storetest"
)

// A tripSize notes the most that one round trip has asked of Redis, and how many
// commands were asked in all.
type tripSize struct {
	tripCounter
	most     atomic.Int64 // arguments
	read     atomic.Int64 // flags that one has read of a place
	commands atomic.Int64
}

func (c *tripSize) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		defer c.note(cmd)
		return next(ctx, cmd)
	}
}

func (c *tripSize) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		defer c.note(cmds...)
		return next(ctx, cmds)
	}
}

func (c *tripSize) note(cmds ...redis.Cmder) {
	if name := cmds[0].Name(); name == "hello" || name == "client" {
		return // a connection is opened
	}
	c.n.Add(1)
	all, read := 0, 0
	for _, cmd := range cmds {
		all += len(cmd.Args())
		if scan, ok := cmd.(*redis.ScanCmd); ok {
			flags, _ := scan.Val()
			read += len(flags) / 2
		}
	}
	c.commands.Add(int64(len(cmds)))
	c.most.Store(max(c.most.Load(), int64(all)))
	c.read.Store(max(c.read.Load(), int64(read)))
}

func importAddresses(t *testing.T, o *Outages, flags int, address func(n int) string) {
	t.Helper()
	i, err := o.Import(t.Context(), testSite, "crm")
	for n := range flags {
		if err == nil {
			err = i.Add(t.Context(), Outage{Address: address(n)})
		}
	}
	if err == nil {
		err = i.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Whoever asks while flags are imported, listed and tidied away waits for one batch,
// which is small however many flags there are, and however many in one place.
func TestBulkWorkIsInSmallPieces(t *testing.T) {
	for _, tt := range []struct {
		name       string
		address    func(n int) string
		most, read int64
	}{
		// HSET of 100 names and flags, and ZADD of one place.
		{"in one place", func(n int) string { return fmt.Sprintf("kyiv/%d", n) }, 206, walkPage + 20},
		// Two or three HSET of 100 names and flags in all, and ZADD of the houses.
		{"house after house", func(n int) string { return fmt.Sprintf("kyiv/%d/%d", n/40, n%40) }, 216, walkPlaces * 40},
		// 100 HSET, and ZADD of 100 places.
		{"in as many places", func(n int) string { return fmt.Sprintf("kyiv/%d/1", n) }, 602, walkPlaces},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := new(clock)
			s := open(t, storetest.Redis(t), c)
			size := new(tripSize)
			s.rdb.AddHook(size)
			o := s.Outages()
			for range 2 { // the second one replaces the first
				importAddresses(t, o, 2000, tt.address)
			}
			if all := listed(t, o, testSite, 900); len(all) != 2000 {
				t.Errorf("List = %d flags, want 2000", len(all))
			}
			c.Advance(outageLife + leaverGrace) // the flags of the second have expired
			if err := o.tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
			if left := generationKeys(t, s); len(left) > 0 {
				t.Errorf("%q are left after tidying", left)
			}
			if got := size.most.Load(); got > tt.most {
				t.Errorf("one round trip had %d arguments, want at most %d", got, tt.most)
			}
			if got := size.read.Load(); got > tt.read {
				t.Errorf("one round trip read %d flags, want at most %d", got, tt.read)
			}
		})
	}
}

// The flats of a house that come together are written together, and an import
// knows how many commands it has asked.
func TestCommandsOfAnImport(t *testing.T) {
	const flags, batches = 4000, 4000 / bulkBatch
	for _, tt := range []struct {
		name    string
		address func(n int) string
		most    int64
	}{
		// HSET of each house, once more where a batch ends inside, and ZADD.
		{"house after house", func(n int) string { return fmt.Sprintf("kyiv/%d/%d", n/40, n%40) }, flags/40 + 2*batches},
		{"in one place", func(n int) string { return fmt.Sprintf("kyiv/%d", n) }, batches + 1},
		{"in as many places", func(n int) string { return fmt.Sprintf("kyiv/%d/1", n) }, flags + batches},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, storetest.Redis(t), new(clock))
			i, err := s.Outages().Import(t.Context(), testSite, "crm")
			if err != nil {
				t.Fatal(err)
			}
			i.pace.yields = never
			size := new(tripSize)
			s.rdb.AddHook(size)
			for n := range flags {
				if err := i.Add(t.Context(), Outage{Address: tt.address(n)}); err != nil {
					t.Fatal(err)
				}
			}
			if got := size.n.Load(); got != batches {
				t.Errorf("%d flags took %d round trips, want %d", flags, got, batches)
			}
			if got := size.commands.Load(); got > tt.most || got != i.traffic.own {
				t.Errorf("%d flags took %d commands, of which the import knows %d, want at most %d", flags, got, i.traffic.own, tt.most)
			}
		})
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
