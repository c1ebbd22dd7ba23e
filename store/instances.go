package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/redis/go-redis/v9"
)

// An Instance is a controller that shares this Redis.
type Instance struct {
	Instance string
	Address  string // host:port under which FreeSWITCH reaches it
}

// ErrAlive says that an instance's lease has not run out.
var ErrAlive = errors.New("instance is alive")

// renewLease renews an instance's lease, or ends it at once.
//
// KEYS[1] leases  KEYS[2] addresses
// ARGV[1] instance  ARGV[2] address  ARGV[3] lease in ms, 0 to end it  ARGV[4] offset in ms
// Returns 1 when the lease before had not run out, the time in ms, then instance and address of all that are alive.
var renewLease = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[4]
local was = redis.call('ZSCORE', KEYS[1], ARGV[1])
local reply = {(was and tonumber(was) > now) and 1 or 0, now}
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
for _, instance in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf')) do
  reply[#reply + 1] = instance
  reply[#reply + 1] = redis.call('HGET', KEYS[2], instance) or ''
end
return reply
`)

// forgetInstance forgets an instance whose lease has run out.
//
// KEYS[1] leases  KEYS[2] addresses  ARGV[1] instance  ARGV[2] offset in ms
var forgetInstance = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[2]
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if lease and tonumber(lease) > now then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return 1
`)

// Renew renews this instance's lease, or ends it at once when lease is zero,
// and returns all that are alive, in no certain order. When Redis has missed
// something since the last time (it was away, or has lost its memory, or the
// lease had run out) it is told what it missed: the calls that have left this
// instance, and those that it has, unless somebody else has taken them meanwhile.
func (o *Owners) Renew(ctx context.Context, address string, lease time.Duration) (alive []Instance, err error) {
	k := o.s.keys
	r := readReply(renewLease.Run(ctx, o.s.rdb, []string{k.instances(), k.addresses()},
		o.instance, address, lease.Milliseconds(), o.s.offset().Milliseconds()))
	kept, now := r.number() == 1, r.when()
	for len(r.fields) > 0 {
		alive = append(alive, Instance{r.text(), r.text()})
	}
	if r.err != nil {
		o.miss()
		return nil, fmt.Errorf("renew lease: %w", r.err)
	}
	o.mu.Lock()
	o.skew = now.Sub(o.s.localNow())
	o.mu.Unlock()
	if lease > 0 {
		err = o.reclaim(ctx, kept)
	}
	return alive, err
}

// reclaim claims this instance's calls again, under their own tokens and
// times, when Redis may not know of them.
func (o *Owners) reclaim(ctx context.Context, kept bool) error {
	o.mu.Lock()
	due := o.missed || !kept
	o.missed = false
	unsent := maps.Clone(o.unsent)
	o.mu.Unlock()
	if !due {
		return nil
	}
	for call, l := range unsent {
		if _, err := o.leave(ctx, call, l); err != nil {
			return fmt.Errorf("leave call %s: %w", call, err)
		}
	}
	for _, v := range o.Mine() {
		won, err := o.claim(ctx, v, true)
		if err != nil {
			o.miss()
			return fmt.Errorf("claim call %s again: %w", v.Call, err)
		}
		if !won {
			o.s.log.Info("call was taken meanwhile", "call", v.Call)
		}
		o.mu.Lock()
		if o.mine[v.Call].Token == v.Token {
			delete(o.late, v.Call)
			if !won {
				delete(o.mine, v.Call)
			}
		}
		o.mu.Unlock()
		if !won {
			if err := o.unlist(ctx, v.Call); err != nil {
				return fmt.Errorf("claim call %s again: %w", v.Call, err)
			}
		}
	}
	return nil
}

// Expired returns the instances whose lease has run out and that still have
// calls. Those without are forgotten.
func (o *Owners) Expired(ctx context.Context) ([]Instance, error) {
	now, err := o.s.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("expired instances: %w", err)
	}
	k := o.s.keys
	names, err := o.s.rdb.ZRangeByScore(ctx, k.instances(), &redis.ZRangeBy{Min: "-inf", Max: fmt.Sprint(now.UnixMilli())}).Result()
	if err != nil {
		return nil, fmt.Errorf("expired instances: %w", err)
	}
	var dead []Instance
	for _, name := range names {
		calls, err := o.s.rdb.SCard(ctx, k.instanceCalls(name)).Result()
		if err == nil && calls == 0 {
			err = forgetInstance.Run(ctx, o.s.rdb, []string{k.instances(), k.addresses()}, name, o.s.offset().Milliseconds()).Err()
		} else if err == nil {
			var address string
			if address, err = o.s.rdb.HGet(ctx, k.addresses(), name).Result(); errors.Is(err, redis.Nil) {
				err = nil
			}
			dead = append(dead, Instance{name, address})
		}
		if err != nil {
			return nil, fmt.Errorf("expired instances: %w", err)
		}
	}
	return dead, nil
}

// expired is nil when the instance's lease has run out.
func (o *Owners) expired(ctx context.Context, instance string, now time.Time) error {
	lease, err := o.s.rdb.ZScore(ctx, o.s.keys.instances(), instance).Result()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	if err == nil && int64(lease) > now.UnixMilli() {
		err = fmt.Errorf("%s: %w", instance, ErrAlive)
	}
	return err
}
