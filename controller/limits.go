package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// errFull says that a limit of calls is reached.
var errFull = errors.New("too many calls")

// Scopes of limits.
const (
	ScopeNumber = "number"
	ScopeTrunk  = "trunk"
)

// admit counts a call into the limits of its number and its trunk. One that is
// gone on with is counted, whatever the limits. Where the store cannot be
// asked, the calls of this instance decide.
func (k *call) admit(ctx context.Context) error {
	for _, limit := range k.limits() {
		if k.cursor != nil {
			limit.max = 0
		}
		ok, err := k.ctl.limits().Enter(ctx, limit.scope, limit.name, limit.max)
		k.stored("count call", err)
		if !ok {
			return fmt.Errorf("%s %q: %w: %d", limit.scope, limit.name, errFull, limit.max)
		}
		k.entered = append(k.entered, limit)
	}
	return nil
}

// leaveLimits counts the call out again.
func (k *call) leaveLimits(ctx context.Context) {
	for _, limit := range k.entered {
		k.ctl.limits().Leave(ctx, limit.scope, limit.name)
	}
}

type limit struct {
	scope, name string
	max         int
}

// limits are those that the call is under.
func (k *call) limits() []limit {
	var all []limit
	if k.route.MaxCalls > 0 {
		all = append(all, limit{ScopeNumber, k.route.Number, k.route.MaxCalls})
	}
	if n := k.ctl.cfg.trunk(k.trunk).MaxCalls; n > 0 {
		all = append(all, limit{ScopeTrunk, k.trunk, n})
	}
	return all
}

// limits counts across instances, or within this one.
func (c *Controller) limits() Limits {
	if c.cfg.Limits != nil {
		return c.cfg.Limits
	}
	return &c.counts
}

// A tally counts the live calls of this instance.
type tally struct {
	mu    sync.Mutex
	calls map[string]int // scope and name
}

func (t *tally) Enter(_ context.Context, scope, name string, most int) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.calls == nil {
		t.calls = make(map[string]int)
	}
	key := scope + " " + name
	if most > 0 && t.calls[key] >= most {
		return false, nil
	}
	t.calls[key]++
	return true, nil
}

func (t *tally) Leave(_ context.Context, scope, name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := scope + " " + name
	if t.calls[key]--; t.calls[key] <= 0 {
		delete(t.calls, key)
	}
}
