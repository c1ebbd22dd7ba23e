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
// what was set and cleared since.
type flagSet struct{ site, source, generation string }

func (f flagSet) tag() string { return "{o:" + f.site + ":" + f.source + ":" + f.generation + "}" }

// setOutage sets a flag.
//
// KEYS[1] flags  KEYS[2] addresses  ARGV[1] address  ARGV[2] flag
var setOutage = redis.NewScript(`
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return 1
`)

// clearOutage clears a flag.
//
// KEYS[1] flags  KEYS[2] addresses  ARGV[1] address
// Returns how many were there.
var clearOutage = redis.NewScript(`
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('HDEL', KEYS[1], ARGV[1])
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
// and what the sources are now.
func (o *Outages) ask(ctx context.Context, site string, known map[string]string, places []string) (map[string][]any, map[string]string, error) {
	steps, asked := make([]step, 0, len(known)+1), make([]string, 0, len(known))
	for source, generation := range known {
		args := make([]any, 0, 2+len(places))
		args = append(args, "hmget", o.s.keys.outages(flagSet{site, source, generation}))
		for _, place := range places {
			args = append(args, place)
		}
		steps, asked = append(steps, step{args: args}), append(asked, source)
	}
	sources := o.s.keys.outageSources(site)
	replies := o.s.askAtOnce(ctx, append(steps, commandStep("hgetall", sources))...)
	if err := failure(replies); err != nil {
		return nil, nil, err
	}
	flags := make(map[string][]any, len(asked))
	for i, source := range asked {
		got, err := replies[i].Slice()
		if err != nil {
			return nil, nil, err
		}
		flags[source] = got
	}
	now, err := textMap(replies[len(asked)])
	return flags, now, err
}

// best is the flag on the smallest place; of several there, that of the source
// whose name comes first.
func (o *Outages) best(site string, places []string, flags map[string][]any) (Outage, bool, error) {
	now := o.s.localNow()
	sources := slices.Sorted(maps.Keys(flags))
	for i, place := range places {
		for _, source := range sources {
			raw, there := flags[source][i].(string)
			if !there {
				continue
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
	return o.write(ctx, v, func(f flagSet) error {
		return setOutage.Run(ctx, o.s.rdb, o.keysOf(f), v.Address, encodeFlag(v)).Err()
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
	cleared := false
	err = o.write(ctx, v, func(f flagSet) error {
		n, err := clearOutage.Run(ctx, o.s.rdb, o.keysOf(f), v.Address).Int()
		cleared = cleared || n > 0
		return err
	})
	if err == nil && !cleared {
		err = fmt.Errorf("outage of %s at %s: %w", source, v.Address, ErrNotFound)
	}
	return err
}

func (o *Outages) keysOf(f flagSet) []string {
	return []string{o.s.keys.outages(f), o.s.keys.outageAddresses(f)}
}

// write changes the current generation of a source. The generation is in
// another slot than its table, so write looks again afterwards: what an
// import has replaced meanwhile is changed once more.
func (o *Outages) write(ctx context.Context, v Outage, change func(flagSet) error) error {
	k := o.s.keys
	generation, err := startSource.Run(ctx, o.s.rdb, []string{k.outageSources(v.Site)}, v.Source, uuid.NewString(), maxSources).Text()
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

// An OutagePlace is where a list of flags goes on.
type OutagePlace struct{ Source, Address string }

// List returns up to limit flags of a site that come after a place, by source
// and address.
func (o *Outages) List(ctx context.Context, site string, after OutagePlace, limit int) ([]Outage, error) {
	sources, err := o.s.rdb.HGetAll(ctx, o.s.keys.outageSources(site)).Result()
	if err != nil {
		return nil, fmt.Errorf("list outages: %w", err)
	}
	var page []Outage
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		if source < after.Source || len(page) >= limit {
			continue
		}
		from := ""
		if source == after.Source {
			from = after.Address
		}
		err := o.walk(ctx, new(pace), flagSet{site, source, sources[source]}, from, func(v Outage) bool {
			if o.s.localNow().Before(v.Expires) {
				page = append(page, v)
			}
			return len(page) < limit
		})
		if err != nil {
			return nil, fmt.Errorf("list outages: %w", err)
		}
	}
	return page, nil
}

// walkPage is how many flags, or records, a walk reads at once.
const walkPage = bulkBatch

// walk visits the flags of a generation in the order of addresses.
func (o *Outages) walk(ctx context.Context, p *pace, f flagSet, after string, visit func(Outage) bool) error {
	for {
		var addresses []string
		var flags []any
		err := p.do(ctx, func() (err error) {
			addresses, flags, err = o.page(ctx, f, after)
			return err
		})
		if err != nil || len(addresses) == 0 {
			return err
		}
		for i, address := range addresses {
			raw, ok := flags[i].(string)
			if !ok {
				continue
			}
			v, err := decodeFlag(f, address, raw)
			if err != nil {
				return err
			}
			if !visit(v) {
				return nil
			}
		}
		after = addresses[len(addresses)-1]
	}
}

// page returns the flags of a generation that come next after an address; nil
// stands for one that was cleared a moment ago.
func (o *Outages) page(ctx context.Context, f flagSet, after string) (addresses []string, flags []any, err error) {
	from := "-"
	if after != "" {
		from = "(" + after
	}
	addresses, err = o.s.rdb.ZRangeByLex(ctx, o.s.keys.outageAddresses(f), &redis.ZRangeBy{Min: from, Max: "+", Count: walkPage}).Result()
	if err != nil || len(addresses) == 0 {
		return nil, nil, err
	}
	flags, err = o.s.rdb.HMGet(ctx, o.s.keys.outages(f), addresses...).Result()
	return addresses, flags, err
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
