package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// limitLease is how long an instance's share of a count holds without being
// renewed: a crash gives its calls back after that.
const limitLease = 6 * time.Second

// enterLimit counts a call in, unless the limit is reached. Each instance has
// a share: how many calls it has, as of which change, and until when that
// holds. Changes may arrive in another order than they were made.
//
// KEYS[1] shares  ARGV[1] instance  ARGV[2] number of the change  ARGV[3] its calls with this one
// ARGV[4] limit, 0 for none  ARGV[5] lease in ms  ARGV[6] offset in ms
// Returns 1 when the call may come in, else 0.
var enterLimit = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[6]
local total, mine = tonumber(ARGV[3]), 0
local shares = redis.call('HGETALL', KEYS[1])
for i = 1, #shares, 2 do
  local change, calls, till = string.match(shares[i + 1], '^(%d+) (%d+) (%d+)$')
  if shares[i] == ARGV[1] then
    mine = tonumber(change)
  elseif tonumber(till) <= now then
    redis.call('HDEL', KEYS[1], shares[i])
  else
    total = total + tonumber(calls)
  end
end
local limit = tonumber(ARGV[4])
if limit > 0 and total > limit then return 0 end
if tonumber(ARGV[2]) > mine then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. string.format('%.0f', now + ARGV[5]))
  redis.call('PEXPIRE', KEYS[1], 10 * ARGV[5])
end
return 1
`)

// Limits count live calls of a scope (a number, a trunk) over all instances.
// What an instance has itself it knows from memory, so nothing leaks: its
// share is told anew with each change and each renewal, and lapses when the
// instance is gone. Changes that wait for the same pipeline are told as one.
type Limits struct {
	s        *Store
	instance string
	mu       sync.Mutex
	change   int64
	scopes   map[limitScope]int // this instance's live calls
	next     map[limitScope]*telling
}

// A telling is what changes of a scope are told by together.
type telling struct {
	limit   int // the lowest of those that are asked for, 0 for none
	changes int
	told    chan struct{} // closed when Redis has answered
	reply   *redis.Cmd
}

type limitScope struct{ scope, name string }

// Limits returns the counts of live calls as one instance has part in them.
// An instance that starts again needs another name, or its first calls are
// counted only with the next renewal.
func (s *Store) Limits(instance string) *Limits {
	return &Limits{s: s, instance: instance, change: time.Now().UnixMicro(), scopes: make(map[limitScope]int), next: make(map[limitScope]*telling)}
}

// Enter counts a call in; false, and nothing is counted, when limit calls are
// there. A limit of 0 only counts. Without Redis the limit holds for the calls
// of this instance alone, and the error says so.
func (l *Limits) Enter(ctx context.Context, scope, name string, limit int) (bool, error) {
	if err := errors.Join(checkID("scope", scope), checkLimitName(name)); err != nil {
		return false, err
	}
	at := limitScope{scope, name}
	change, calls := l.count(at, 1)
	ok, err := l.tell(ctx, at, change, calls, limit)
	if err != nil {
		ok = limit <= 0 || calls <= limit
		err = fmt.Errorf("limit of %s %s: %w", scope, name, err)
	}
	switch {
	case ok:
		return true, err
	case err != nil:
		l.count(at, -1)
		return false, err
	}
	// A change made meanwhile may have told of the refused call: tell again.
	l.Leave(ctx, scope, name)
	return false, nil
}

// Leave counts a call out. It waits for nothing: when Redis cannot be told, the
// call is counted until the next change or renewal, or until the share runs out.
func (l *Limits) Leave(ctx context.Context, scope, name string) {
	at := limitScope{scope, name}
	l.count(at, -1)
	l.join(ctx, at, 0)
}

// Renew tells every share again. Call it about every 2 s: a share holds for 6.
func (l *Limits) Renew(ctx context.Context) error {
	l.mu.Lock()
	scopes := maps.Clone(l.scopes)
	l.change++
	change := l.change
	l.mu.Unlock()
	for at, calls := range scopes {
		if _, err := l.tellAlone(ctx, at, change, calls, 0); err != nil {
			return fmt.Errorf("renew limits: %w", err)
		}
	}
	return nil
}

// count changes this instance's own count, which never falls below zero.
func (l *Limits) count(at limitScope, by int) (change int64, calls int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.change++
	calls = max(l.scopes[at]+by, 0)
	if l.scopes[at] = calls; calls == 0 {
		delete(l.scopes, at)
	}
	return l.change, calls
}

// tell tells a change with those that go along, as of the newest. Where all are
// refused some may yet be in time: then each is told alone.
func (l *Limits) tell(ctx context.Context, at limitScope, change int64, calls, limit int) (bool, error) {
	t := l.join(ctx, at, limit)
	select {
	case <-t.told:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	n, err := t.reply.Int()
	if err == nil && n != 1 && t.changes > 1 {
		return l.tellAlone(ctx, at, change, calls, limit)
	}
	return n == 1, err
}

// join makes a change part of what is told next of its scope.
func (l *Limits) join(ctx context.Context, at limitScope, limit int) *telling {
	l.mu.Lock()
	t, waits := l.next[at]
	if !waits {
		t = &telling{told: make(chan struct{})}
		l.next[at] = t
	}
	if t.changes++; t.limit == 0 || limit > 0 && limit < t.limit {
		t.limit = limit
	}
	l.mu.Unlock()
	if !waits {
		node := l.s.node(ctx, l.s.keys.limit(at.scope, at.name))
		l.s.pipes.of(node).tell(func() []step { return []step{l.goes(at)} }, func(replies []*redis.Cmd) {
			t.reply = replies[0]
			close(t.told)
		})
	}
	return t
}

// goes ends the joining: the pipeline goes.
func (l *Limits) goes(at limitScope) step {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit := l.next[at].limit
	delete(l.next, at)
	return l.step(at, l.change, l.scopes[at], limit)
}

func (l *Limits) tellAlone(ctx context.Context, at limitScope, change int64, calls, limit int) (bool, error) {
	n, err := l.s.ask(ctx, l.step(at, change, calls, limit))[0].Int()
	return n == 1, err
}

func (l *Limits) step(at limitScope, change int64, calls, limit int) step {
	return scriptStep(enterLimit, []string{l.s.keys.limit(at.scope, at.name)},
		l.instance, change, calls, limit, limitLease.Milliseconds(), l.s.offset().Milliseconds())
}

// checkLimitName is nil for an id or a telephone number.
func checkLimitName(name string) error {
	if checkNumber(name) == nil {
		return nil
	}
	return checkID("name", name)
}
