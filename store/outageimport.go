package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

const (
	importLife  = time.Hour        // an import that took longer was abandoned
	leaverGrace = 10 * time.Second // a replaced generation stays that long, for lookups under way
	maxExpired  = 50_000           // flags of a source tidied away at once, the rest next time
)

// startImport makes a generation one that goes unless it is taken over.
//
// KEYS[1] leavers  ARGV[1] source and generation  ARGV[2] lifetime in ms  ARGV[3] offset in ms
var startImport = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[3]
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + ARGV[2]))
return 1
`)

// takeImport makes a generation the current one of its source, and the one
// before it one that goes.
//
// KEYS[1] sources  KEYS[2] leavers
// ARGV[1] source  ARGV[2] generation  ARGV[3] grace in ms  ARGV[4] offset in ms  ARGV[5] most sources
// Returns replaced, missing (it was abandoned) or full.
var takeImport = redis.NewScript(`
local name = ARGV[1] .. ' ' .. ARGV[2]
local was = redis.call('HGET', KEYS[1], ARGV[1])
if was == ARGV[2] then return 'replaced' end
if redis.call('HEXISTS', KEYS[2], name) == 0 then return 'missing' end
if not was and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return 'full' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HDEL', KEYS[2], name)
if was then
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[4]
  redis.call('HSET', KEYS[2], ARGV[1] .. ' ' .. was, string.format('%.0f', now + ARGV[3]))
end
return 'replaced'
`)

// dropExpired clears flags that have expired and were not set again.
//
// KEYS[1] flags  KEYS[2] addresses  ARGV[1] offset in ms  ARGV[2…] addresses
// Returns how many were cleared.
var dropExpired = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[1]
local n = 0
for i = 2, #ARGV do
  local flag = redis.call('HGET', KEYS[1], ARGV[i])
  if flag and tonumber(string.match(flag, '^%d+')) <= now then
    redis.call('HDEL', KEYS[1], ARGV[i])
    redis.call('ZREM', KEYS[2], ARGV[i])
    n = n + 1
  end
end
return n
`)

// An OutageImport replaces all flags of a source at once: it fills a new
// generation, and Commit makes that the current one. Until then callers hear
// of the old flags, and an import that is given up leaves nothing behind. It
// yields while Redis serves anybody else (pace, traffic). Add is not safe for
// concurrent use.
type OutageImport struct {
	o       *Outages
	f       flagSet
	flags   []any // the next batch's command: its name and key, then address, flag, …
	members []any // the same: its name and key, then score, address, …
	pace    pace
	traffic traffic
}

// Import begins to replace the flags of a source. ErrInvalid.
func (o *Outages) Import(ctx context.Context, site, source string) (*OutageImport, error) {
	if err := errors.Join(checkID("site", site), checkID("source", source)); err != nil {
		return nil, err
	}
	f := flagSet{site, source, uuid.NewString()}
	err := startImport.Run(ctx, o.s.rdb, []string{o.s.keys.outageLeavers(site)},
		f.source+" "+f.generation, importLife.Milliseconds(), o.s.offset().Milliseconds()).Err()
	if err == nil {
		err = o.s.rdb.SAdd(ctx, o.s.keys.outageSites(), site).Err()
	}
	if err != nil {
		return nil, fmt.Errorf("import outages of %s: %w", source, err)
	}
	i := &OutageImport{
		o: o, f: f,
		flags: []any{"hset", o.s.keys.outages(f)}, members: []any{"zadd", o.s.keys.outageAddresses(f)},
		traffic: traffic{s: o.s, key: o.s.keys.outages(f)},
	}
	i.pace.yields = i.traffic.busy
	return i, nil
}

// Add adds a flag; its site and source are the import's. ErrInvalid concerns
// this flag alone, the import may go on.
func (i *OutageImport) Add(ctx context.Context, v Outage) error {
	v, err := v.normaliseFlag(i.o.s.localNow())
	if err != nil {
		return err
	}
	var address any = v.Address
	i.flags = append(i.flags, address, encodeFlag(v))
	i.members = append(i.members, 0, address)
	if len(i.members) >= 2+2*i.pace.batch() {
		return i.flush(ctx)
	}
	return nil
}

func (i *OutageImport) flush(ctx context.Context) error {
	if len(i.members) == 2 {
		return nil
	}
	i.traffic.own += 2
	err := i.pace.do(ctx, func() error {
		_, err := i.o.s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.Do(ctx, i.flags...)
			p.Do(ctx, i.members...)
			return nil
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("import outages of %s: %w", i.f.source, err)
	}
	i.flags, i.members = i.flags[:2], i.members[:2]
	return nil
}

// Commit makes what was added the flags of the source. Flags set one by one
// since the import began are replaced too.
func (i *OutageImport) Commit(ctx context.Context) error {
	if err := i.flush(ctx); err != nil {
		return err
	}
	k := i.o.s.keys
	reply, err := takeImport.Run(ctx, i.o.s.rdb, []string{k.outageSources(i.f.site), k.outageLeavers(i.f.site)},
		i.f.source, i.f.generation, leaverGrace.Milliseconds(), i.o.s.offset().Milliseconds(), maxSources).Text()
	switch {
	case err != nil:
		return fmt.Errorf("import outages of %s: %w", i.f.source, err)
	case reply == replyMissing:
		return fmt.Errorf("import outages of %s: it took longer than %s: %w", i.f.source, importLife, ErrNotFound)
	case reply == "full":
		return invalid("source", "the site has %d sources already", maxSources)
	}
	return nil
}

// tidy removes generations that were replaced or abandoned, and flags that
// have expired. Neither is ever seen by a caller; only room is won, so it always
// yields.
func (o *Outages) tidy(ctx context.Context) error {
	sites, err := o.s.rdb.SMembers(ctx, o.s.keys.outageSites()).Result()
	if err != nil {
		return fmt.Errorf("tidy outages: %w", err)
	}
	var faults []error
	for _, site := range sites {
		faults = append(faults, o.tidyLeavers(ctx, site), o.tidyExpired(ctx, site))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("tidy outages: %w", err)
	}
	return nil
}

func (o *Outages) tidyLeavers(ctx context.Context, site string) error {
	now, err := o.s.Now(ctx)
	if err != nil {
		return err
	}
	leavers, err := o.s.rdb.HGetAll(ctx, o.s.keys.outageLeavers(site)).Result()
	if err != nil {
		return err
	}
	for name, at := range leavers {
		source, generation, _ := strings.Cut(name, " ")
		if ms, err := strconv.ParseInt(at, 10, 64); err != nil || ms > now.UnixMilli() {
			continue
		}
		f := flagSet{site, source, generation}
		if err := o.unlink(ctx, f); err != nil {
			return err
		}
		if err := o.s.rdb.HDel(ctx, o.s.keys.outageLeavers(site), name).Err(); err != nil {
			return err
		}
	}
	return nil
}

// unlink removes a generation in slices, so that nobody waits behind it.
func (o *Outages) unlink(ctx context.Context, f flagSet) error {
	p := pace{yields: always}
	for left := true; left; {
		err := p.do(ctx, func() error {
			addresses, err := o.s.rdb.ZRange(ctx, o.s.keys.outageAddresses(f), 0, bulkBatch-1).Result()
			if left = len(addresses) > 0; err != nil || !left {
				return err
			}
			members := make([]any, len(addresses))
			for i, a := range addresses {
				members[i] = a
			}
			_, err = o.s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
				p.HDel(ctx, o.s.keys.outages(f), addresses...)
				p.ZRem(ctx, o.s.keys.outageAddresses(f), members...)
				return nil
			})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *Outages) tidyExpired(ctx context.Context, site string) error {
	sources, err := o.s.rdb.HGetAll(ctx, o.s.keys.outageSources(site)).Result()
	if err != nil {
		return err
	}
	for source, generation := range sources {
		f := flagSet{site, source, generation}
		var expired []any
		p := pace{yields: always}
		err := o.walk(ctx, &p, f, "", func(v Outage) bool {
			if !o.s.localNow().Before(v.Expires) {
				expired = append(expired, v.Address)
			}
			return len(expired) < maxExpired
		})
		for len(expired) > 0 && err == nil {
			n := min(len(expired), bulkBatch)
			args := append([]any{o.s.offset().Milliseconds()}, expired[:n]...)
			err = p.do(ctx, func() error { return dropExpired.Run(ctx, o.s.rdb, o.keysOf(f), args...).Err() })
			expired = expired[n:]
		}
		if err != nil {
			return err
		}
	}
	return nil
}
