package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/dialplan"
)

const (
	livePoll    = 500 * time.Millisecond // between looks at the generation, beside the wake-ups
	liveTimeout = 2 * time.Second        // for one look
	liveMenus   = 64                     // versions of menus kept ready besides the active ones
)

// Live is the configuration in memory: numbers, sites and active menus as of
// at most a second ago, and as last seen while Redis is away.
type Live struct {
	s    *Store
	now  atomic.Pointer[configuration]
	mu   sync.Mutex
	past map[menuKey]*dialplan.Menu // versions asked for by calls that began with them
	used []menuKey                  // of past, the least recently used first
	gone atomic.Bool                // Redis answers and holds no configuration any more
}

type menuKey struct{ menu, version string }

// configuration is one state of everything; it never changes.
type configuration struct {
	generation string
	numbers    map[string]Number
	sites      map[string]Site
	menus      map[string]*dialplan.Menu // active versions, by menu
}

// Live returns the configuration in memory, empty until the first Refresh.
func (s *Store) Live() *Live {
	l := &Live{s: s, past: make(map[menuKey]*dialplan.Menu)}
	l.now.Store(&configuration{})
	return l
}

// Number returns what stands behind a number: its own entry, else that of
// DefaultNumber. ErrNotFound.
func (l *Live) Number(number string) (Number, error) {
	c := l.now.Load()
	if v, ok := c.numbers[number]; ok {
		return v, nil
	}
	if v, ok := c.numbers[DefaultNumber]; ok {
		return v, nil
	}
	return Number{}, fmt.Errorf("number %q: %w", number, ErrNotFound)
}

// Site returns a site. ErrNotFound.
func (l *Live) Site(site string) (Site, error) {
	if v, ok := l.now.Load().sites[site]; ok {
		return v, nil
	}
	return Site{}, fmt.Errorf("site %q: %w", site, ErrNotFound)
}

// Active returns the active version of a menu. ErrNotFound.
func (l *Live) Active(menu string) (*dialplan.Menu, error) {
	if m, ok := l.now.Load().menus[menu]; ok {
		return m, nil
	}
	return nil, fmt.Errorf("active version of menu %q: %w", menu, ErrNotFound)
}

// Menus returns the active version of every menu, in no order.
func (l *Live) Menus() []*dialplan.Menu {
	return slices.Collect(maps.Values(l.now.Load().menus))
}

// Menu returns one version of a menu: from memory, or from Redis. ErrNotFound.
func (l *Live) Menu(ctx context.Context, menu, version string) (*dialplan.Menu, error) {
	if m, ok := l.now.Load().menus[menu]; ok && m.Version() == version {
		return m, nil
	}
	key := menuKey{menu, version}
	if m := l.recall(key); m != nil {
		return m, nil
	}
	m, err := l.load(ctx, key)
	if err != nil {
		return nil, err
	}
	l.remember(key, m)
	return m, nil
}

// Run keeps the configuration fresh until ctx ends. A change is seen at once
// by its wake-up, or by the poll when the wake-up was lost.
func (l *Live) Run(ctx context.Context) error {
	wake := l.s.rdb.Subscribe(ctx, l.s.keys.configChannel())
	defer wake.Close()
	changed := wake.Channel()
	poll := time.NewTicker(livePoll)
	defer poll.Stop()
	healthy, gone := true, false
	for {
		err := l.Refresh(ctx)
		if ctx.Err() != nil {
			return nil
		}
		switch {
		case l.Vanished() && !gone:
			l.s.log.Error("configuration: redis has lost it, going on from memory: restore it")
		case err != nil && healthy:
			l.s.log.Warn("configuration: redis is away, going on from memory", "error", err)
		case err == nil && !healthy:
			l.s.log.Info("configuration: fresh again")
		}
		healthy, gone = err == nil, l.Vanished()
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-poll.C:
		}
	}
}

// errVanished says that Redis answers but holds no configuration any more.
var errVanished = errors.New("the configuration is gone from redis")

// Vanished says whether Redis has lost the configuration, so that it is served
// from memory alone until somebody restores it.
func (l *Live) Vanished() bool { return l.gone.Load() }

// Refresh takes over what has changed in Redis.
func (l *Live) Refresh(ctx context.Context) (err error) {
	defer func() { l.gone.Store(errors.Is(err, errVanished)) }()
	ctx, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	was, k := l.now.Load(), l.s.keys
	generation, err := l.s.rdb.Get(ctx, k.configGeneration()).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("refresh configuration: %w", err)
	}
	switch generation {
	case was.generation:
		return nil
	case "":
		return errVanished
	}
	var numbers, sites, active *redis.MapStringStringCmd
	var stamp *redis.StringCmd
	_, err = l.s.rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		stamp = p.Get(ctx, k.configGeneration())
		numbers, sites, active = p.HGetAll(ctx, k.numbers()), p.HGetAll(ctx, k.sites()), p.HGetAll(ctx, k.menus())
		return nil
	})
	if err != nil {
		return fmt.Errorf("refresh configuration: %w", err)
	}
	now := &configuration{generation: stamp.Val(), menus: make(map[string]*dialplan.Menu)}
	if now.numbers, err = decodeAll[Number](numbers.Val()); err != nil {
		return fmt.Errorf("refresh numbers: %w", err)
	}
	if now.sites, err = decodeAll[Site](sites.Val()); err != nil {
		return fmt.Errorf("refresh sites: %w", err)
	}
	if err := l.loadActive(ctx, was, now, active.Val()); err != nil {
		return err
	}
	for menu, m := range was.menus { // calls that have just begun with it
		l.remember(menuKey{menu, m.Version()}, m)
	}
	l.now.Store(now)
	return nil
}

// loadActive makes the active menus ready. One that cannot be used is logged,
// and its last good version stays.
func (l *Live) loadActive(ctx context.Context, was, now *configuration, active map[string]string) error {
	for menu, version := range active {
		if version == "" {
			continue
		}
		m := was.menus[menu]
		if m == nil || m.Version() != version {
			next, err := l.Menu(ctx, menu, version)
			var problems dialplan.Problems
			switch {
			case err == nil:
				m = next
			case errors.As(err, &problems), errors.Is(err, ErrNotFound):
				l.s.log.Error("menu cannot be used, its last good version stays", "menu", menu, "version", version, "error", err)
			default:
				return fmt.Errorf("refresh menu %q: %w", menu, err)
			}
		}
		if m != nil {
			now.menus[menu] = m
		}
	}
	return nil
}

func (l *Live) load(ctx context.Context, key menuKey) (*dialplan.Menu, error) {
	document, err := l.s.Menus().Get(ctx, key.menu, key.version)
	if err != nil {
		return nil, err
	}
	m, err := dialplan.Load(document, dialplan.Options{})
	if err != nil {
		return nil, fmt.Errorf("load menu %q version %q: %w", key.menu, key.version, err)
	}
	return m, nil
}

func (l *Live) recall(key menuKey) *dialplan.Menu {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.past[key]
	if m != nil {
		l.touch(key)
	}
	return m
}

func (l *Live) remember(key menuKey, m *dialplan.Menu) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.past[key] = m
	l.touch(key)
	if len(l.used) > liveMenus {
		delete(l.past, l.used[0])
		l.used = l.used[1:]
	}
}

// touch makes the key the most recently used one.
func (l *Live) touch(key menuKey) {
	for i, k := range l.used {
		if k == key {
			l.used = append(l.used[:i], l.used[i+1:]...)
			break
		}
	}
	l.used = append(l.used, key)
}

func decodeAll[T any](raw map[string]string) (map[string]T, error) {
	all := make(map[string]T, len(raw))
	for id, document := range raw {
		var v T
		if err := json.Unmarshal([]byte(document), &v); err != nil {
			return nil, fmt.Errorf("%q: %w", id, err)
		}
		all[id] = v
	}
	return all, nil
}
