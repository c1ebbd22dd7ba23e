package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// ownerLife is more than any call lasts; it collects entries of lost nodes.
const ownerLife = 48 * time.Hour

// endedLife is how long the entry of an ended call keeps late writers out.
const endedLife = time.Hour

// ended stands for the instance of a call that is over.
const ended = "-"

// An Owned is a live call and who looks after it.
type Owned struct {
	Call     string    // UUID of the caller's channel
	Node     string    // FreeSWITCH's name
	Core     string    // FreeSWITCH's Core-UUID: new after a restart
	Instance string    // owner; "" while nobody looks after the call
	Token    string    // new with each claim, compared for equality
	Since    time.Time // of the claim, or of the release
	New      bool      // claimed by its first owner: the list of unowned calls does not have it
}

// claimCall makes an instance the owner. A claim made again gives way to one
// that is newer than its first time.
//
// KEYS[1] owner  ARGV[1] instance  ARGV[2] token  ARGV[3] since in ms  ARGV[4] node  ARGV[5] core
// ARGV[6] lifetime in ms  ARGV[7] 1 for a claim made again
// Returns how many were claimed.
var claimCall = redis.NewScript(`
local since = redis.call('HGET', KEYS[1], 'since')
if ARGV[7] == '1' and since and tonumber(since) > tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], 'instance', ARGV[1], 'token', ARGV[2], 'since', ARGV[3],
  'node', ARGV[4], 'core', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return 1
`)

// leaveCall gives a call away, unless another token has it.
//
// KEYS[1] owner  ARGV[1] token  ARGV[2] instance: "" for unowned, "-" for ended  ARGV[3] since in ms  ARGV[4] lifetime in ms
// Returns how many were given away; a repeated call gets the first answer.
var leaveCall = redis.NewScript(`
local o = redis.call('HMGET', KEYS[1], 'token', 'left')
if o[1] ~= ARGV[1] then return o[2] == ARGV[1] and 1 or 0 end
redis.call('HSET', KEYS[1], 'instance', ARGV[2], 'token', '', 'left', ARGV[1], 'since', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
`)

// takeCall claims a call from the instance that is expected to have it.
//
// KEYS[1] owner  ARGV[1] expected instance  ARGV[2] since that or longer, in ms  ARGV[3] taker  ARGV[4] token  ARGV[5] now in ms
// Returns node and core, or nil when somebody else was faster; a
// repeated call gets the first answer.
var takeCall = redis.NewScript(`
local o = redis.call('HMGET', KEYS[1], 'instance', 'since', 'node', 'core', 'token')
if o[5] ~= ARGV[4] then
  if o[1] ~= ARGV[1] or tonumber(o[2]) > tonumber(ARGV[2]) then return false end
  redis.call('HSET', KEYS[1], 'instance', ARGV[3], 'token', ARGV[4], 'since', ARGV[5])
end
return {o[3], o[4]}
`)

// dropUnowned takes a call off the list of unowned ones, unless it was
// released again since.
//
// KEYS[1] unowned  ARGV[1] call  ARGV[2] time in ms
var dropUnowned = redis.NewScript(`
local since = redis.call('ZSCORE', KEYS[1], ARGV[1])
if since and tonumber(since) <= tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 1
`)

// Owners say who looks after a call. One instance's view: it remembers the
// calls it has claimed, and claims them again after Redis was away or lost
// its memory.
type Owners struct {
	s        *Store
	instance string
	mu       sync.Mutex
	mine     map[string]Owned   // by call
	late     map[string]bool    // calls of mine that Redis has not heard of
	unsent   map[string]leaving // by call: what Redis has not heard
	missed   bool               // Redis has missed something since the last renewal
	skew     time.Duration      // Redis's clock minus this machine's
}

// leaving is the end of an ownership.
type leaving struct {
	token, to string        // to: "" for unowned, ended
	at        int64         // ms since 1970
	life      time.Duration // of the entry
	claim     Owned         // to be made first, because Redis has not heard of it; zero for none
}

// Owners returns the calls' owners as one instance sees them.
func (s *Store) Owners(instance string) *Owners {
	return &Owners{s: s, instance: instance, mine: make(map[string]Owned), late: make(map[string]bool), unsent: make(map[string]leaving)}
}

// Claim makes o the owner's entry of the call: the newest claim wins. The
// instance in it is the one that Owners was made for.
func (o *Owners) Claim(ctx context.Context, v Owned) error {
	if err := errors.Join(checkID("call", v.Call), checkID("token", v.Token)); err != nil {
		return err
	}
	v.Instance, v.Since = o.instance, o.now()
	o.mu.Lock()
	o.mine[v.Call] = v
	o.mu.Unlock()
	_, err := o.claim(ctx, v, false)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.late[v.Call], o.missed = true, true
		return fmt.Errorf("claim call %s: %w", v.Call, err)
	}
	delete(o.late, v.Call)
	return nil
}

// claim enters the call in the instance's list first: an entry too many is
// seen through, one too few would leave the call to nobody.
func (o *Owners) claim(ctx context.Context, v Owned, again bool) (won bool, err error) {
	k := o.s.keys
	steps := append(make([]step, 0, 3),
		commandStep("sadd", k.instanceCalls(o.instance), v.Call),
		scriptStep(claimCall, []string{k.owner(v.Call)},
			v.Instance, v.Token, v.Since.UnixMilli(), v.Node, v.Core, ownerLife.Milliseconds(), flag(again)))
	if again || !v.New {
		steps = append(steps, o.delisted(v.Call, v.Since))
	}
	replies := o.s.ask(ctx, steps...)
	if err := failure(replies); err != nil {
		return false, err
	}
	n, err := replies[1].Int()
	return n > 0, err
}

// Release leaves the call to whoever finds it: unowned since now. Nothing
// happens when another token has it by now. While Redis is away it is kept,
// and done by Renew.
func (o *Owners) Release(ctx context.Context, call, token string) error {
	if _, err := o.leave(ctx, call, leaving{token: token, at: o.now().UnixMilli(), life: ownerLife}); err != nil {
		return fmt.Errorf("release call %s: %w", call, err)
	}
	return nil
}

// Forget ends the entry: the call is over. mine is false, and nothing happens,
// when another token has the call by now. While Redis is away it is kept, and
// done by Renew.
func (o *Owners) Forget(ctx context.Context, call, token string) (mine bool, err error) {
	mine, err = o.leave(ctx, call, leaving{token: token, to: ended, at: o.now().UnixMilli(), life: endedLife})
	if err != nil {
		return false, fmt.Errorf("forget call %s: %w", call, err)
	}
	return mine, nil
}

func (o *Owners) leave(ctx context.Context, call string, l leaving) (bool, error) {
	o.mu.Lock()
	if v := o.mine[call]; v.Token == l.token {
		if o.late[call] {
			l.claim = v
		}
		delete(o.mine, call)
		delete(o.late, call)
	}
	delete(o.unsent, call)
	o.mu.Unlock()
	left, err := o.tellLeaving(ctx, call, l)
	if err != nil {
		o.mu.Lock()
		o.unsent[call], o.missed = l, true
		o.mu.Unlock()
	}
	return left, err
}

func (o *Owners) tellLeaving(ctx context.Context, call string, l leaving) (bool, error) {
	k := o.s.keys
	if l.claim.Call != "" {
		if _, err := o.claim(ctx, l.claim, true); err != nil {
			return false, err
		}
	}
	steps := make([]step, 0, 3)
	if l.to == "" { // as with a claim, the list comes first
		steps = append(steps, commandStep("zadd", k.unowned(), l.at, call))
	}
	list := k.instanceCalls(o.instance)
	steps = append(steps, scriptStep(leaveCall, []string{k.owner(call)}, l.token, l.to, l.at, l.life.Milliseconds()),
		commandStep("srem", list, call))
	replies := o.s.ask(ctx, steps...)
	if err := failure(replies); err != nil {
		return false, err
	}
	n, err := replies[len(replies)-2].Int()
	if err != nil {
		return false, err
	}
	return n > 0, o.relist(ctx, call)
}

// unlist takes a call off this instance's list, unless it has claimed the call
// meanwhile.
func (o *Owners) unlist(ctx context.Context, call string) error {
	if err := o.s.rdb.SRem(ctx, o.s.keys.instanceCalls(o.instance), call).Err(); err != nil {
		return err
	}
	return o.relist(ctx, call)
}

// relist puts a call back that was taken off the list and that this instance
// has claimed meanwhile. It may end while it is put back.
func (o *Owners) relist(ctx context.Context, call string) error {
	list := o.s.keys.instanceCalls(o.instance)
	for o.has(call) {
		if err := o.s.rdb.SAdd(ctx, list, call).Err(); err != nil || o.has(call) {
			return err
		}
		if err := o.s.rdb.SRem(ctx, list, call).Err(); err != nil {
			return err
		}
	}
	return nil
}

// has tells whether this instance has claimed the call.
func (o *Owners) has(call string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, mine := o.mine[call]
	return mine
}

// Take gives this instance at most n calls that belong to the dead instance,
// or, when dead is empty, calls unowned for longer than unowned. Each call is
// given to one taker, under a new token. Nothing is taken from an instance
// whose lease has not run out.
func (o *Owners) Take(ctx context.Context, dead string, unowned time.Duration, n int) ([]Owned, error) {
	now, err := o.s.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("take calls: %w", err)
	}
	before := now
	var list []string
	k := o.s.keys
	if dead == "" {
		before = now.Add(-unowned)
		list, err = o.s.rdb.ZRangeByScore(ctx, k.unowned(), &redis.ZRangeBy{
			Min: "-inf", Max: strconv.FormatInt(before.UnixMilli(), 10), Count: int64(4 * n),
		}).Result()
	} else if err = o.expired(ctx, dead, now); err == nil {
		list, err = o.s.rdb.SRandMemberN(ctx, k.instanceCalls(dead), int64(4*n)).Result()
	}
	if err != nil {
		return nil, fmt.Errorf("take calls: %w", err)
	}
	var taken []Owned
	for _, call := range list {
		if len(taken) >= n {
			break
		}
		v, won, err := o.take(ctx, call, dead, before, now)
		if err != nil {
			return taken, fmt.Errorf("take call %s: %w", call, err)
		}
		if won {
			taken = append(taken, v)
		}
	}
	return taken, nil
}

// take claims one call if it is still where the list says, and corrects the
// list. A call that has found its way here by itself is not taken from itself:
// Redis was away when it was claimed.
func (o *Owners) take(ctx context.Context, call, from string, before, now time.Time) (v Owned, won bool, err error) {
	o.mu.Lock()
	v, here := o.mine[call]
	o.mu.Unlock()
	if here {
		_, err = o.claim(ctx, v, true)
	} else {
		v, won, err = o.takeFrom(ctx, call, from, before, now)
	}
	switch {
	case err != nil:
		return v, won, err
	case from == "":
		err = failure(o.s.ask(ctx, o.delisted(call, before)))
	default:
		err = o.s.rdb.SRem(ctx, o.s.keys.instanceCalls(from), call).Err()
	}
	if err == nil && !won {
		err = o.unlist(ctx, call)
	}
	return v, won, err
}

func (o *Owners) takeFrom(ctx context.Context, call, from string, before, now time.Time) (Owned, bool, error) {
	k := o.s.keys
	v := Owned{Call: call, Instance: o.instance, Token: uuid.NewString(), Since: now}
	if err := o.s.rdb.SAdd(ctx, k.instanceCalls(o.instance), call).Err(); err != nil {
		return v, false, err
	}
	got, err := takeCall.Run(ctx, o.s.rdb, []string{k.owner(call)},
		from, before.UnixMilli(), v.Instance, v.Token, now.UnixMilli()).StringSlice()
	if errors.Is(err, redis.Nil) {
		return v, false, nil // somebody else was faster
	}
	if err != nil {
		return v, false, err
	}
	v.Node, v.Core = got[0], got[1]
	o.mu.Lock()
	o.mine[call] = v
	o.mu.Unlock()
	return v, true, nil
}

// delisted takes a call off the list of unowned ones if it has been there since
// the time given or longer.
func (o *Owners) delisted(call string, since time.Time) step {
	return scriptStep(dropUnowned, []string{o.s.keys.unowned()}, call, since.UnixMilli())
}

// Get returns who looks after a call. ErrNotFound.
func (o *Owners) Get(ctx context.Context, call string) (Owned, error) {
	got, err := o.s.rdb.HGetAll(ctx, o.s.keys.owner(call)).Result()
	if err != nil {
		return Owned{}, fmt.Errorf("owner of call %s: %w", call, err)
	}
	if len(got) == 0 || got["instance"] == ended {
		return Owned{}, fmt.Errorf("owner of call %s: %w", call, ErrNotFound)
	}
	since, err := strconv.ParseInt(got["since"], 10, 64)
	if err != nil {
		return Owned{}, fmt.Errorf("owner of call %s: %w", call, err)
	}
	return Owned{
		Call: call, Node: got["node"], Core: got["core"], Instance: got["instance"], Token: got["token"],
		Since: fromMillis(since),
	}, nil
}

// Mine returns the calls that this instance has claimed, sorted by call.
func (o *Owners) Mine() []Owned {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]Owned, 0, len(o.mine))
	for _, call := range slices.Sorted(maps.Keys(o.mine)) {
		all = append(all, o.mine[call])
	}
	return all
}

func (o *Owners) miss() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.missed = true
}

// now is Redis's time as well as it is known without asking.
func (o *Owners) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.s.localNow().Add(o.skew)
}

func flag(on bool) string {
	if on {
		return "1"
	}
	return "0"
}
