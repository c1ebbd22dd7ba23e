package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/dialgraph/dialgraph/store/storetest"
)

func setOutages(t testing.TB, o *Outages, site, source string, addresses ...string) {
	t.Helper()
	for _, a := range addresses {
		if err := o.Set(t.Context(), Outage{Site: site, Source: source, Address: a, Message: a}); err != nil {
			t.Fatal(err)
		}
	}
}

// lookedUp is the place where a flag was found, "" for none.
func lookedUp(t testing.TB, o *Outages, site, address string) string {
	t.Helper()
	found, ok, err := o.Lookup(t.Context(), site, address)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return ""
	}
	return found.Source + ":" + found.Address
}

func TestOutageCoversWhatIsInside(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		o := s.Outages()
		setOutages(t, o, "kyiv", "crm", "kyiv/khreshchatyk/10", "kyiv/podil")
		setOutages(t, o, "kyiv", "probe", "kyiv/khreshchatyk")
		for _, tt := range []struct{ name, site, address, want string }{
			{"a flat in the building", "kyiv", "kyiv/khreshchatyk/10/25", "crm:kyiv/khreshchatyk/10"},
			{"the building, spelt otherwise", "kyiv", "Kyiv/Khreshchatyk/10", "crm:kyiv/khreshchatyk/10"},
			{"the house next door", "kyiv", "kyiv/khreshchatyk/100", "probe:kyiv/khreshchatyk"},
			{"a larger place", "kyiv", "kyiv", ""},
			{"a name that begins alike", "kyiv", "kyiv/podilska", ""},
			{"another site", "lviv", "kyiv/podil", ""},
		} {
			t.Run(tt.name, func(t *testing.T) {
				if got := lookedUp(t, o, tt.site, tt.address); got != tt.want {
					t.Errorf("Lookup(%s, %s) = %q, want %q", tt.site, tt.address, got, tt.want)
				}
			})
		}
		if err := o.Clear(t.Context(), "kyiv", "crm", "kyiv/khreshchatyk/10"); err != nil {
			t.Fatal(err)
		}
		if got := lookedUp(t, o, "kyiv", "kyiv/khreshchatyk/10"); got != "probe:kyiv/khreshchatyk" {
			t.Errorf("Lookup after Clear = %q, want the street's flag", got)
		}
		for _, source := range []string{"crm", "nobody"} {
			if err := o.Clear(t.Context(), "kyiv", source, "kyiv/khreshchatyk/10"); !errors.Is(err, ErrNotFound) {
				t.Errorf("Clear of %s where nothing is = %v, want ErrNotFound", source, err)
			}
		}
	})
}

func TestOutageExpires(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		ctx, o := t.Context(), s.Outages()
		until := s.localNow().Add(2 * time.Hour).Truncate(time.Millisecond).UTC()
		if err := o.Set(ctx, Outage{Site: "kyiv", Source: "crm", Address: "kyiv/a", Until: until}); err != nil {
			t.Fatal(err)
		}
		setOutages(t, o, "kyiv", "crm", "kyiv/b")
		if got, _, err := o.Lookup(ctx, "kyiv", "kyiv/a"); !got.Until.Equal(until) || !got.Expires.Equal(until.Add(outageOverrun)) || err != nil {
			t.Errorf("Lookup = %+v, %v, want until %v and an hour more", got, err, until)
		}
		c.Advance(2*time.Hour + outageOverrun)
		if got := lookedUp(t, o, "kyiv", "kyiv/a"); got != "" {
			t.Errorf("Lookup after the expiry = %q, want nothing", got)
		}
		if got := lookedUp(t, o, "kyiv", "kyiv/b"); got == "" {
			t.Error("Lookup of a flag without an end = nothing after three hours, want it")
		}
		if err := o.tidy(ctx); err != nil {
			t.Fatal(err)
		}
		f := flagSet{"kyiv", "crm", o.known("kyiv")["crm"]}
		if left := s.rdb.HKeys(ctx, s.keys.outageFlags(f, "kyiv")).Val(); !slices.Equal(left, []string{"b"}) {
			t.Errorf("kept after tidying: %q, want what has not expired", left)
		}
		c.Advance(outageLife)
		if err := o.tidy(ctx); err != nil {
			t.Fatal(err)
		}
		if left := s.rdb.Exists(ctx, o.keysOf(f, "kyiv")[0]).Val() + s.rdb.Exists(ctx, o.keysOf(f, "kyiv")[1]).Val(); left != 0 {
			t.Errorf("%d keys are still there when all flags have expired and were tidied away", left)
		}
	})
}

func TestImportReplacesASource(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		ctx, o := t.Context(), s.Outages()
		setOutages(t, o, "kyiv", "crm", "kyiv/old")
		setOutages(t, o, "kyiv", "probe", "kyiv/probed")
		lookedUp(t, o, "kyiv", "kyiv")
		was := flagSet{"kyiv", "crm", o.known("kyiv")["crm"]}

		i, err := o.Import(ctx, "kyiv", "crm")
		if err != nil {
			t.Fatal(err)
		}
		for n := range bulkBatch + 1 {
			if err := i.Add(ctx, Outage{Address: fmt.Sprintf("Kyiv/new/%d", n)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := i.Add(ctx, Outage{Address: "kyiv//"}); !errors.Is(err, ErrInvalid) {
			t.Errorf("Add of a bad address = %v, want ErrInvalid", err)
		}
		if got := lookedUp(t, o, "kyiv", "kyiv/new/7"); got != "" {
			t.Errorf("Lookup before Commit = %q, want nothing yet", got)
		}
		if err := i.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		lastNew := fmt.Sprintf("kyiv/new/%d", bulkBatch)
		for address, want := range map[string]string{
			"kyiv/new/7/1": "crm:kyiv/new/7", lastNew: "crm:" + lastNew, "kyiv/old": "", "kyiv/probed": "probe:kyiv/probed",
		} {
			if got := lookedUp(t, o, "kyiv", address); got != want {
				t.Errorf("Lookup(%s) after Commit = %q, want %q", address, got, want)
			}
		}

		c.Advance(leaverGrace)
		if err := o.tidy(ctx); err != nil {
			t.Fatal(err)
		}
		for _, key := range o.keysOf(was, "kyiv") {
			if n := s.rdb.Exists(ctx, key).Val(); n != 0 {
				t.Errorf("%s is still there after tidying", key)
			}
		}
		if left := s.rdb.HLen(ctx, s.keys.outageLeavers("kyiv")).Val(); left != 0 {
			t.Errorf("%d generations still wait to go", left)
		}
	})
}

func TestAbandonedImportLeavesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		ctx, o := t.Context(), s.Outages()
		i, err := o.Import(ctx, "kyiv", "crm")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(i.Add(ctx, Outage{Address: "kyiv"}), i.flush(ctx)); err != nil {
			t.Fatal(err)
		}
		c.Advance(importLife)
		if err := o.tidy(ctx); err != nil {
			t.Fatal(err)
		}
		if n := s.rdb.Exists(ctx, s.keys.outageFlags(i.f, "")).Val(); n != 0 {
			t.Error("the flags of an abandoned import are still there")
		}
		if err := i.Commit(ctx); !errors.Is(err, ErrNotFound) {
			t.Errorf("Commit of an abandoned import = %v, want ErrNotFound", err)
		}
	})
}

// Nobody would ever remove what an import writes after it was tidied away.
func TestImportThatTakesTooLongEnds(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		ctx, o := t.Context(), s.Outages()
		i, err := o.Import(ctx, "kyiv", "crm")
		if err != nil {
			t.Fatal(err)
		}
		c.Advance(importLife)
		if err := errors.Join(o.tidy(ctx), i.Add(ctx, Outage{Address: "kyiv"})); err != nil {
			t.Fatal(err)
		}
		if err := i.flush(ctx); !errors.Is(err, errTooLate) || errors.Is(err, ErrInvalid) || errors.Is(err, ErrNotFound) {
			t.Errorf("flush = %v, want an error of the whole import", err)
		}
		for _, key := range o.keysOf(i.f, "") {
			if n := s.rdb.Exists(ctx, key).Val(); n != 0 {
				t.Errorf("%s was written", key)
			}
		}
	})
}

// A faultyPipeline fails for every third batch of flags, before it is asked or after.
type faultyPipeline struct {
	tripCounter
	asked bool
}

func (f *faultyPipeline) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if cmds[0].Name() == "client" || f.n.Add(1)%3 > 0 { // a connection's first words
			return next(ctx, cmds)
		}
		if f.asked {
			_ = next(ctx, cmds)
		}
		return errBroken
	}
}

func (f *faultyPipeline) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

// What could not be written is written with what comes next, or when Commit is
// repeated: no flag is lost, and none without its place.
func TestImportGoesOnAfterAFault(t *testing.T) {
	for _, asked := range []bool{false, true} {
		for batch, yields := range map[int]func(context.Context) bool{bulkBatch: nil, yieldBatch: always} {
			for rest := range 3 { // one of them lets Commit fail
				t.Run(fmt.Sprintf("asked %v, batches of %d, %d more", asked, batch, rest), func(t *testing.T) {
					s := open(t, storetest.Redis(t), new(clock))
					i, err := s.Outages().Import(t.Context(), "kyiv", "crm")
					if err != nil {
						t.Fatal(err)
					}
					i.pace.yields = yields
					s.rdb.AddHook(&faultyPipeline{asked: asked})
					importThroughFaults(t, i, 9*bulkBatch+rest*batch+7)
				})
			}
		}
	}
}

func importThroughFaults(t *testing.T, i *OutageImport, flags int) {
	t.Helper()
	faults := 0
	gotThrough := func(err error) bool {
		if err != nil && !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		if err != nil {
			faults++
		}
		return err == nil
	}
	for n := range flags {
		gotThrough(i.Add(t.Context(), Outage{Address: fmt.Sprintf("kyiv/%d/%d", n/150, n)}))
	}
	for !gotThrough(i.Commit(t.Context())) {
	}
	if faults < 3 {
		t.Errorf("%d faults, want some", faults)
	}
	s := i.o.s
	known, err := s.rdb.HGetAll(t.Context(), s.keys.outageSources("kyiv")).Result()
	if err != nil {
		t.Fatal(err)
	}
	f, found := flagSet{"kyiv", "crm", known["crm"]}, int64(0)
	for _, place := range s.rdb.ZRange(t.Context(), s.keys.outagePlaces(f), 0, -1).Val() {
		found += s.rdb.HLen(t.Context(), s.keys.outageFlags(f, place)).Val()
	}
	if found != int64(flags) {
		t.Errorf("%d flags are found by their places, want %d", found, flags)
	}
}

// A flag that every import brings again is never missed by a lookup.
func TestLookupDuringImports(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		o := s.Outages()
		setOutages(t, o, "kyiv", "crm", "kyiv/khreshchatyk")
		importing := make(chan error, 1)
		go func() { importing <- importTimes(t.Context(), s.Outages(), 20) }()
		for {
			select {
			case err := <-importing:
				if err != nil {
					t.Error(err)
				}
				return
			default:
				if got := lookedUp(t, o, "kyiv", "kyiv/khreshchatyk/10"); got == "" {
					t.Fatal("the flag was missed")
				}
			}
		}
	})
}

func importTimes(ctx context.Context, o *Outages, times int) error {
	for range times {
		i, err := o.Import(ctx, "kyiv", "crm")
		if err == nil {
			err = errors.Join(i.Add(ctx, Outage{Address: "kyiv/khreshchatyk"}), i.Commit(ctx), o.tidy(ctx))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Lookups agree with a model that knows no prefixes, sources and generations.
func TestLookupAgreesWithModel(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		o, ctx := s.Outages(), t.Context()
		model := map[string]string{} // source:address -> site
		site := rapid.SampledFrom([]string{"kyiv", "lviv", "odesa"})
		source := rapid.SampledFrom([]string{"crm", "probe"})
		address := rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "ab", "б"}), 1, 3).Draw(t, "levels"), "/")
		})
		rapid.Check(t, func(t *rapid.T) {
			at, from, place := site.Draw(t, "site"), source.Draw(t, "source"), address.Draw(t, "address")
			key := at + " " + from + ":" + place
			switch rapid.IntRange(0, 9).Draw(t, "action") {
			case 0, 1, 2, 3:
				if err := o.Set(ctx, Outage{Site: at, Source: from, Address: place}); err != nil {
					t.Fatal(err)
				}
				model[key] = place
			case 4, 5, 6, 7:
				err := o.Clear(ctx, at, from, place)
				if _, there := model[key]; there != (err == nil) {
					t.Fatalf("Clear(%s) = %v, in the model: %v", key, err, there)
				}
				delete(model, key)
			default:
				i, err := s.Outages().Import(ctx, at, from)
				if err == nil {
					err = errors.Join(i.Add(ctx, Outage{Address: place}), i.Commit(ctx))
				}
				if err != nil {
					t.Fatal(err)
				}
				for k := range model {
					if strings.HasPrefix(k, at+" "+from+":") {
						delete(model, k)
					}
				}
				model[key] = place
			}
			asked := address.Draw(t, "asked")
			want := ""
			for k, flagged := range model {
				inside := asked == flagged || strings.HasPrefix(asked, flagged+"/")
				if strings.HasPrefix(k, at+" ") && inside && len(flagged) > len(want) {
					want = flagged
				}
			}
			got, _, err := o.Lookup(ctx, at, asked)
			if got.Address != want || err != nil {
				t.Fatalf("Lookup(%s, %s) = %q, %v, want %q", at, asked, got.Address, err, want)
			}
			list, err := o.List(ctx, at, OutagePlace{}, 1000)
			if err != nil {
				t.Fatal(err)
			}
			var listed, flagged []string
			for _, v := range list {
				listed = append(listed, at+" "+v.Source+":"+v.Address)
			}
			for k := range model {
				if strings.HasPrefix(k, at+" ") {
					flagged = append(flagged, k)
				}
			}
			if slices.Sort(flagged); !slices.Equal(slices.Sorted(slices.Values(listed)), flagged) {
				t.Fatalf("List(%s) = %q, want %q", at, listed, flagged)
			}
		})
	})
}

func BenchmarkOutageLookup(b *testing.B) {
	o := open(b, storetest.Redis(b), new(clock)).Outages()
	importFlags(b, o, 100_000)
	b.ReportAllocs()
	b.ResetTimer()
	took := make([]time.Duration, 0, b.N)
	for n := range b.N {
		start := time.Now()
		if _, ok, err := o.Lookup(b.Context(), "kyiv", fmt.Sprintf("kyiv/street-%d/10/25", n%100_000)); err != nil || !ok {
			b.Fatal(ok, err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

func BenchmarkOutageImport(b *testing.B) {
	o := open(b, storetest.Redis(b), new(clock)).Outages()
	const flags = 150_000
	for b.Loop() {
		importFlags(b, o, flags)
	}
	b.ReportMetric(flags*float64(b.N)/b.Elapsed().Seconds(), "flags/s")
}

func importFlags(b *testing.B, o *Outages, n int) {
	b.Helper()
	i, err := o.Import(b.Context(), "kyiv", "crm")
	if err != nil {
		b.Fatal(err)
	}
	for k := range n {
		if err := i.Add(b.Context(), Outage{Address: fmt.Sprintf("kyiv/street-%d/10", k), Message: "until the evening"}); err != nil {
			b.Fatal(err)
		}
	}
	if err := i.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
}
