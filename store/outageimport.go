package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	importLife  = time.Hour        // an import that took longer was abandoned
	leaverGrace = 10 * time.Second // a replaced generation stays that long, for lookups under way
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

// An OutageImport replaces all flags of a source at once: it fills a new
// generation, and Commit makes that the current one. Until then callers hear
// of the old flags, and an import that is given up leaves nothing behind. It
// yields while Redis serves anybody else (pace, traffic). Add is not safe for
// concurrent use.
type OutageImport struct {
	o       *Outages
	f       flagSet
	until   time.Time // when it counts as abandoned, and goes
	batch   flagBatch
	pace    pace
	traffic traffic
}

// errTooLate ends a whole import. Beside ErrNotFound it would count as a fault of one line.
var errTooLate = fmt.Errorf("it took longer than %s", importLife)

// Import begins to replace the flags of a source. ErrInvalid.
func (o *Outages) Import(ctx context.Context, site, source string) (*OutageImport, error) {
	if err := errors.Join(checkID("site", site), checkID("source", source)); err != nil {
		return nil, err
	}
	f, until := flagSet{site, source, newGeneration()}, o.s.localNow().Add(importLife-leaverGrace)
	err := startImport.Run(ctx, o.s.rdb, []string{o.s.keys.outageLeavers(site)},
		f.source+" "+f.generation, importLife.Milliseconds(), o.s.offset().Milliseconds()).Err()
	if err == nil {
		err = o.s.rdb.SAdd(ctx, o.s.keys.outageSites(), site).Err()
	}
	if err != nil {
		return nil, fmt.Errorf("import outages of %s: %w", source, err)
	}
	i := &OutageImport{o: o, f: f, until: until, batch: newFlagBatch(o.s.keys, f), traffic: traffic{s: o.s, key: o.s.keys.outagePlaces(f)}}
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
	i.batch.add(v)
	if i.batch.flags >= i.pace.batch() {
		return i.flush(ctx)
	}
	return nil
}

func (i *OutageImport) flush(ctx context.Context) error {
	if i.batch.flags == 0 {
		return nil
	}
	if i.o.s.localNow().After(i.until) { // nobody would ever remove what is written once it has gone
		return fmt.Errorf("import outages of %s: %w", i.f.source, errTooLate)
	}
	err := i.pace.do(ctx, func() error {
		commands, err := i.batch.write(ctx, i.o.s.rdb)
		i.traffic.own += int64(commands)
		return err
	})
	if err != nil {
		return fmt.Errorf("import outages of %s: %w", i.f.source, err)
	}
	i.batch.written()
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
		return fmt.Errorf("import outages of %s: %w: %w", i.f.source, errTooLate, ErrNotFound)
	case reply == "full":
		return invalid("source", "the site has %d sources already", maxSources)
	}
	return nil
}
