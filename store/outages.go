package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

const (
	maxSources     = 32 // of a site: a lookup asks them all
	outageAttempts = 5  // when an import replaces the flags meanwhile
)

// A flagSet is one generation of a source: what its last import brought, and
// what was set and cleared since. The flags that stand directly in one place are
// together: those on the flats of a house, those on the houses of a street.
type flagSet struct{ site, source, generation string }

// newGeneration names one, in few letters: it is in every key of its places.
func newGeneration() string { return short(uuid.New()) }

func (f flagSet) tag() string { return "{o:" + f.site + ":" + f.source + ":" + f.generation + "}" }

// setOutage sets a flag.
//
// KEYS[1] flags of the place  KEYS[2] places  ARGV[1] place  ARGV[2] name  ARGV[3] flag
var setOutage = redis.NewScript(`
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return 1
`)

// clearOutage clears a flag.
//
// KEYS[1] flags of the place  KEYS[2] places  ARGV[1] place  ARGV[2] name
// Returns how many were there.
var clearOutage = redis.NewScript(`
local n = redis.call('HDEL', KEYS[1], ARGV[2])
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[2], ARGV[1]) end
return n
`)

// startSource gives a source its first generation.
//
// KEYS[1] sources  ARGV[1] source  ARGV[2] generation  ARGV[3] most sources
// Returns the generation, the one that was there if any, or nil for too many.
var startSource = redis.NewScript(`
local there = redis.call('HGET', KEYS[1], ARGV[1])
if there then return there end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return false end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return ARGV[2]
`)

// Outages are the flags that the CRM has set on addresses. It remembers the
// sources of each site, so that a lookup is one round trip.
type Outages struct {
	s       *Store
	mu      sync.Mutex
	sources map[string]map[string]string // site -> source -> generation
}

// Outages returns the flags in the store.
func (s *Store) Outages() *Outages {
	return &Outages{s: s, sources: make(map[string]map[string]string)}
}

// Lookup returns the flag on the address, or else on the smallest place around
// it that has one; ok is false when there is none. It takes one round trip,
// two when a source has been imported since the last one.
func (o *Outages) Lookup(ctx context.Context, site, address string) (found Outage, ok bool, err error) {
	if address, err = Address(address); err != nil {
		return Outage{}, false, err
	}
	places := prefixes(address)
	known := o.known(site)
	flags, sources, err := o.ask(ctx, site, known, places)
	if err == nil && !maps.Equal(sources, known) {
		o.learn(site, sources)
		// An import that comes between does no harm: what was current a moment
		// ago is still there (leaverGrace).
		flags, _, err = o.ask(ctx, site, sources, places)
	}
	if err != nil {
		return Outage{}, false, fmt.Errorf("look up outage: %w", err)
	}
	return o.best(site, places, flags)
}

// ask reads, in one round trip, the flags of every known source on the places,
// and what the sources are now. What it reads of a source is in the order of the
// places.
func (o *Outages) ask(ctx context.Context, site string, known map[string]string, places []string) (map[string][]*redis.Cmd, map[string]string, error) {
	steps, asked := make([]step, 0, len(known)*len(places)+1), make([]string, 0, len(known))
	args := make([]any, 0, 3*cap(steps))
	for source, generation := range known {
		f := flagSet{site, source, generation}
		for _, place := range places {
			around, name := cutAddress(place)
			args = append(args, "hget", o.s.keys.outageFlags(f, around), name)
			steps = append(steps, step{args: args[len(args)-3 : len(args) : len(args)]})
		}
		asked = append(asked, source)
	}
	sources := o.s.keys.outageSources(site)
	replies := o.s.lookUp(ctx, append(steps, commandStep("hgetall", sources))...)
	if err := failure(replies); err != nil {
		return nil, nil, err
	}
	flags := make(map[string][]*redis.Cmd, len(asked))
	for i, source := range asked {
		flags[source] = replies[i*len(places) : (i+1)*len(places)]
	}
	now, err := textMap(replies[len(steps)])
	return flags, now, err
}

// best is the flag on the smallest place; of several there, that of the source
// whose name comes first.
func (o *Outages) best(site string, places []string, flags map[string][]*redis.Cmd) (Outage, bool, error) {
	now := o.s.localNow()
	sources := slices.Sorted(maps.Keys(flags))
	for i, place := range places {
		for _, source := range sources {
			raw, err := flags[source][i].Text()
			if err != nil {
				continue // there is none
			}
			found, err := decodeFlag(flagSet{site: site, source: source}, place, raw)
			if err != nil {
				return Outage{}, false, err
			}
			if now.Before(found.Expires) {
				return found, true, nil
			}
		}
	}
	return Outage{}, false, nil
}

// Set sets a flag, or replaces that of the same source on the same address. A
// flag that does not say when it expires lives an hour beyond its expected
// end, or a day. ErrInvalid.
func (o *Outages) Set(ctx context.Context, v Outage) error {
	v, err := v.normalise(o.s.localNow())
	if err != nil {
		return err
	}
	place, name := cutAddress(v.Address)
	return o.write(ctx, v, func(f flagSet) error {
		return setOutage.Run(ctx, o.s.rdb, o.keysOf(f, place), place, name, encodeFlag(v)).Err()
	})
}

// Clear clears a flag of a source. ErrNotFound.
func (o *Outages) Clear(ctx context.Context, site, source, address string) error {
	v, err := Outage{Site: site, Source: source, Address: address}.normalise(o.s.localNow())
	if err != nil {
		return err
	}
	known, err := o.s.rdb.HExists(ctx, o.s.keys.outageSources(v.Site), v.Source).Result()
	if err != nil {
		return fmt.Errorf("clear outage: %w", err)
	}
	if !known {
		return fmt.Errorf("outage of %s at %s: %w", source, v.Address, ErrNotFound)
	}
	place, name := cutAddress(v.Address)
	cleared := false
	err = o.write(ctx, v, func(f flagSet) error {
		n, err := clearOutage.Run(ctx, o.s.rdb, o.keysOf(f, place), place, name).Int()
		cleared = cleared || n > 0
		return err
	})
	if err == nil && !cleared {
		err = fmt.Errorf("outage of %s at %s: %w", source, v.Address, ErrNotFound)
	}
	return err
}

func (o *Outages) keysOf(f flagSet, place string) []string {
	return []string{o.s.keys.outageFlags(f, place), o.s.keys.outagePlaces(f)}
}

// write changes the current generation of a source. The generation is in
// another slot than its table, so write looks again afterwards: what an
// import has replaced meanwhile is changed once more.
func (o *Outages) write(ctx context.Context, v Outage, change func(flagSet) error) error {
	k := o.s.keys
	generation, err := startSource.Run(ctx, o.s.rdb, []string{k.outageSources(v.Site)}, v.Source, newGeneration(), maxSources).Text()
	if errors.Is(err, redis.Nil) {
		return invalid("source", "the site has %d sources already", maxSources)
	}
	for range outageAttempts {
		if err != nil {
			return fmt.Errorf("change outage: %w", err)
		}
		if err = change(flagSet{v.Site, v.Source, generation}); err != nil {
			continue
		}
		var now *redis.StringCmd
		_, err = o.s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
			now = p.HGet(ctx, k.outageSources(v.Site), v.Source)
			p.SAdd(ctx, k.outageSites(), v.Site) // for tidy
			return nil
		})
		if now.Val() == generation && err == nil {
			return nil
		}
		generation = now.Val()
	}
	return fmt.Errorf("change outage: %w", ErrConflict)
}

func (o *Outages) known(site string) map[string]string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sources[site]
}

// maxKnownSites bounds the sites remembered; beyond it they are asked for again.
const maxKnownSites = 1000

func (o *Outages) learn(site string, sources map[string]string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.sources) >= maxKnownSites {
		clear(o.sources)
	}
	o.sources[site] = sources
}
