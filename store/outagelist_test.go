package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"
)

func TestOutagesListInPages(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		o := s.Outages()
		setOutages(t, o, "kyiv", "probe", "kyiv/a")
		setOutages(t, o, "kyiv", "crm", "kyiv/c", "kyiv/b", "kyiv", "kyiv/b/1", "kyiv-2/a")
		want := []string{"crm:kyiv", "crm:kyiv/b", "crm:kyiv/c", "crm:kyiv-2/a", "crm:kyiv/b/1", "probe:kyiv/a"}
		for limit := 1; limit <= len(want)+1; limit++ {
			if got := listed(t, o, "kyiv", limit); !slices.Equal(got, want) {
				t.Errorf("pages of %d = %q, want %q", limit, got, want)
			}
		}
	})
}

// listed are the sources and addresses of all flags of a site, read in pages.
func listed(t testing.TB, o *Outages, site string, limit int) (all []string) {
	t.Helper()
	for after := (OutagePlace{}); ; {
		page, err := o.List(t.Context(), site, after, limit)
		if err != nil || len(page) > limit {
			t.Fatalf("List(after %v) = %d flags, %v, want at most %d", after, len(page), err, limit)
		}
		for _, v := range page {
			after = OutagePlace{v.Source, v.Address}
			all = append(all, v.Source+":"+v.Address)
		}
		if len(page) < limit {
			return all
		}
	}
}

// A place that Redis gives in slices, in an order of its own.
func TestListOfALargePlace(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		const flags = 2500
		o := s.Outages()
		i, err := o.Import(t.Context(), "kyiv", "crm")
		if err != nil {
			t.Fatal(err)
		}
		want := make([]string, 0, flags)
		for _, n := range rand.Perm(flags) {
			address := fmt.Sprintf("kyiv/%d", n)
			if err := i.Add(t.Context(), Outage{Address: address}); err != nil {
				t.Fatal(err)
			}
			want = append(want, "crm:"+address)
		}
		if err := i.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		slices.Sort(want)
		for _, limit := range []int{100, 999, flags} {
			if got := listed(t, o, "kyiv", limit); !slices.Equal(got, want) {
				t.Errorf("pages of %d have %d flags, want each of %d once and in order", limit, len(got), flags)
			}
		}
	})
}

// A listedModel is flags without places, slices and generations.
type listedModel struct {
	t     *rapid.T
	o     *Outages
	c     *clock
	site  string
	flags map[string]map[string]time.Time // source -> address -> when it expires
}

// Most flags are in one place, which Redis gives in slices when there are many of
// them, or long messages.
var (
	modelPlaces  = rapid.SampledFrom([]string{"a", "a", "a", "a", "", "a/b", "a-b", "б/1"})
	modelSources = rapid.SampledFrom([]string{"crm", "crm-2", "probe"})
	modelLives   = rapid.SampledFrom([]time.Duration{time.Hour, outageLife})
)

func (m *listedModel) flag(source string) Outage {
	return Outage{
		Site: m.site, Source: source, Address: joinAddress(modelPlaces.Draw(m.t, "place"), fmt.Sprint(rapid.IntRange(0, 150).Draw(m.t, "name"))),
		Message: strings.Repeat("m", 60*rapid.IntRange(0, 1).Draw(m.t, "long")),
		Expires: m.o.s.localNow().Add(modelLives.Draw(m.t, "life")),
	}
}

func (m *listedModel) note(v Outage) {
	if m.flags[v.Source] == nil {
		m.flags[v.Source] = map[string]time.Time{}
	}
	m.flags[v.Source][v.Address] = v.Expires
}

func (m *listedModel) act(t *testing.T) error {
	ctx, source := t.Context(), modelSources.Draw(m.t, "source")
	switch rapid.SampledFrom([]string{"set", "clear", "import", "wait", "tidy"}).Draw(m.t, "action") {
	case "set":
		v := m.flag(source)
		m.note(v)
		return m.o.Set(ctx, v)
	case "clear":
		for _, address := range slices.Sorted(maps.Keys(m.flags[source])) {
			if rapid.IntRange(0, 3).Draw(m.t, "cleared") > 0 {
				continue
			}
			err := m.o.Clear(ctx, m.site, source, address)
			expired := !m.o.s.localNow().Before(m.flags[source][address])
			delete(m.flags[source], address)
			if err != nil && (!expired || !errors.Is(err, ErrNotFound)) {
				return err
			}
		}
	case "import":
		return m.replace(t, source, rapid.SampledFrom([]int{0, 1, 20, 300}).Draw(m.t, "flags"))
	case "wait":
		m.c.Advance(90 * time.Minute)
	case "tidy":
		return m.tidy(t)
	}
	return nil
}

func (m *listedModel) tidy(t *testing.T) error {
	return errors.Join(m.o.tidyLeavers(t.Context(), m.site), m.o.tidyExpired(t.Context(), m.site))
}

func (m *listedModel) replace(t *testing.T, source string, flags int) error {
	i, err := m.o.Import(t.Context(), m.site, source)
	m.flags[source] = map[string]time.Time{}
	for range flags {
		if err == nil {
			v := m.flag(source)
			m.note(v)
			err = i.Add(t.Context(), v)
		}
	}
	if err != nil {
		return err
	}
	return i.Commit(t.Context())
}

// want are the sources and addresses that have not expired, in the order of lists.
func (m *listedModel) want() (all []string) {
	for _, source := range slices.Sorted(maps.Keys(m.flags)) {
		addresses := slices.SortedFunc(maps.Keys(m.flags[source]), func(a, b string) int {
			placeA, nameA := cutAddress(a)
			placeB, nameB := cutAddress(b)
			if placeA != placeB {
				return strings.Compare(placeA, placeB)
			}
			return strings.Compare(nameA, nameB)
		})
		for _, address := range addresses {
			if m.o.s.localNow().Before(m.flags[source][address]) {
				all = append(all, source+":"+address)
			}
		}
	}
	return all
}

// hollow are places that are kept although they have no flags.
func (m *listedModel) hollow(t *testing.T) (hollow []string) {
	rdb, k := m.o.s.rdb, m.o.s.keys
	for source, generation := range rdb.HGetAll(t.Context(), k.outageSources(m.site)).Val() {
		f := flagSet{m.site, source, generation}
		for _, place := range rdb.ZRange(t.Context(), k.outagePlaces(f), 0, -1).Val() {
			if rdb.Exists(t.Context(), k.outageFlags(f, place)).Val() == 0 {
				hollow = append(hollow, source+":"+place)
			}
		}
	}
	return hollow
}

// Pages of any length have each flag once and in order, whatever was done before,
// and nothing is left of flags that are gone.
func TestListAgreesWithModel(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		sites := 0
		rapid.Check(t, func(rt *rapid.T) {
			sites++
			m := &listedModel{t: rt, o: s.Outages(), c: c, site: fmt.Sprint("site", sites), flags: map[string]map[string]time.Time{}}
			for range rapid.IntRange(1, 8).Draw(rt, "actions") {
				if err := m.act(t); err != nil {
					rt.Fatal(err)
				}
				limit := rapid.SampledFrom([]int{2, 7, 100, 1000}).Draw(rt, "limit")
				if got, want := listed(t, m.o, m.site, limit), m.want(); !slices.Equal(got, want) {
					rt.Fatalf("pages of %d = %q, want %q", limit, got, want)
				}
				if hollow := m.hollow(t); len(hollow) > 0 {
					rt.Fatalf("places without flags: %q", hollow)
				}
			}
			for source := range m.flags {
				if err := m.replace(t, source, 0); err != nil {
					rt.Fatal(err)
				}
			}
			c.Advance(leaverGrace)
			if err := m.tidy(t); err != nil {
				rt.Fatal(err)
			}
			if left := generationKeys(t, s); len(left) > 0 {
				rt.Fatalf("%q are left of flags that are gone", left)
			}
		})
	})
}

// generationKeys are the keys of all generations that are left.
func generationKeys(t testing.TB, s *Store) (all []string) {
	t.Helper()
	var mu sync.Mutex
	keys := func(ctx context.Context, node *redis.Client) error {
		found, err := node.Keys(ctx, s.keys.docs()+"{o:*:*:*}*").Result()
		mu.Lock()
		defer mu.Unlock()
		all = append(all, found...)
		return err
	}
	var err error
	switch rdb := s.rdb.(type) {
	case *redis.ClusterClient:
		err = rdb.ForEachMaster(t.Context(), keys)
	case *redis.Client:
		err = keys(t.Context(), rdb)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}
