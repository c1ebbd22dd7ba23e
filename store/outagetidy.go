package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// dropExpired clears flags that have expired and were not set again.
//
// KEYS[1] places  KEYS[1 + i] flags of the place of the i-th
// ARGV[1] offset in ms  ARGV[2 i] its place  ARGV[2 i + 1] its name there
var dropExpired = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[1]
for i = 1, #KEYS - 1 do
  local flags, place, name = KEYS[1 + i], ARGV[2 * i], ARGV[2 * i + 1]
  local flag = redis.call('HGET', flags, name)
  if flag and tonumber(string.match(flag, '^%d+')) <= now then
    redis.call('HDEL', flags, name)
    if redis.call('EXISTS', flags) == 0 then redis.call('ZREM', KEYS[1], place) end
  end
end
return 1
`)

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

// unlink removes a generation in slices, so that nobody waits behind it. The flags
// of a place go at once: where they are many, Redis frees them beside its work.
func (o *Outages) unlink(ctx context.Context, f flagSet) error {
	p := pace{yields: always}
	for left := true; left; {
		err := p.do(ctx, func() error {
			places, err := o.s.rdb.ZRange(ctx, o.s.keys.outagePlaces(f), 0, yieldBatch-1).Result()
			if left = len(places) > 0; err != nil || !left {
				return err
			}
			keys, members := make([]string, len(places)), make([]any, len(places))
			for i, place := range places {
				keys[i], members[i] = o.s.keys.outageFlags(f, place), place
			}
			_, err = o.s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
				p.Unlink(ctx, keys...)
				p.ZRem(ctx, o.s.keys.outagePlaces(f), members...)
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
		if err := o.dropExpired(ctx, flagSet{site, source, generation}); err != nil {
			return err
		}
	}
	return nil
}

func (o *Outages) dropExpired(ctx context.Context, f flagSet) error {
	p := pace{yields: always}
	var expired []string
	for some, err := range o.walk(ctx, &p, f, "") {
		if err != nil {
			return err
		}
		now := o.s.localNow()
		for name, raw := range some.each {
			expires, _, err := flagExpires(raw)
			if err != nil {
				return fmt.Errorf("stored outage of %s at %s: %w", f.source, joinAddress(some.place, name), err)
			}
			if !now.Before(expires) {
				expired = append(expired, joinAddress(some.place, name))
			}
		}
		if len(expired) < yieldBatch {
			continue
		}
		if err := o.drop(ctx, &p, f, expired); err != nil {
			return err
		}
		expired = expired[:0]
	}
	return o.drop(ctx, &p, f, expired)
}

// drop clears flags that have expired.
func (o *Outages) drop(ctx context.Context, p *pace, f flagSet, expired []string) error {
	for batch := range slices.Chunk(expired, yieldBatch) {
		keys, args := []string{o.s.keys.outagePlaces(f)}, []any{o.s.offset().Milliseconds()}
		for _, address := range batch {
			place, name := cutAddress(address)
			keys, args = append(keys, o.s.keys.outageFlags(f, place)), append(args, place, name)
		}
		if err := p.do(ctx, func() error { return dropExpired.Run(ctx, o.s.rdb, keys, args...).Err() }); err != nil {
			return err
		}
	}
	return nil
}
