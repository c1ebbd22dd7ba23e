package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/dialplan"
)

// MaxMenuVersions bounds the versions kept of one menu.
const MaxMenuVersions = 1000

// putMenu adds a version to a menu, which it creates when it is the first.
//
// KEYS[1] menus  KEYS[2] versions of this menu
// ARGV[1] menu  ARGV[2] version  ARGV[3] document  ARGV[4] most versions  ARGV[5] offset in ms
// Returns created, replaced (it was there already) or full.
var putMenu = redis.NewScript(`
redis.call('HSETNX', KEYS[1], ARGV[1], '')
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 then return 'replaced' end
if redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[4]) then return 'full' end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[5]
redis.call('HSET', KEYS[2], ARGV[2], string.format('%.0f', now) .. ' ' .. ARGV[3])
return 'created'
`)

// activateMenu makes a version the one that new calls walk.
//
// KEYS[1] menus  KEYS[2] versions of this menu  KEYS[3] generation
// ARGV[1] menu  ARGV[2] version  ARGV[3] channel  ARGV[4] tag of the active version, "" for any  ARGV[5] next generation
// Returns replaced, missing or changed.
var activateMenu = redis.NewScript(`
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 0 then return 'missing' end
local active = redis.call('HGET', KEYS[1], ARGV[1])
if active == ARGV[2] then return 'replaced' end -- a repeated call, too
if ARGV[4] ~= '' and ARGV[4] ~= redis.sha1hex(active) then return 'changed' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('SET', KEYS[3], ARGV[5])
redis.call('PUBLISH', ARGV[3], '')
return 'replaced'
`)

// deleteMenu forgets a menu that no number uses.
//
// KEYS[1] menus  KEYS[2] versions of this menu  KEYS[3] generation  KEYS[4] number-menus
// ARGV[1] menu  ARGV[2] channel  ARGV[3] next generation
// Returns deleted, missing or in use.
var deleteMenu = redis.NewScript(`
for _, menu in ipairs(redis.call('HVALS', KEYS[4])) do
  if menu == ARGV[1] then return 'in use' end
end
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 'missing' end
redis.call('UNLINK', KEYS[2])
redis.call('SET', KEYS[3], ARGV[3])
redis.call('PUBLISH', ARGV[2], '')
return 'deleted'
`)

// A MenuState is a menu and the version that new calls walk.
type MenuState struct {
	Menu   string `json:"menu"`
	Active string `json:"active,omitempty"` // "" until a version was activated
}

// A MenuVersion is one version of a menu.
type MenuVersion struct {
	Version string    `json:"version"` // dialplan.Menu.Version
	Added   time.Time `json:"added"`
	Active  bool      `json:"active"`
}

// Menus are the menu documents. A version never changes; which one is active
// does.
type Menus struct{ s *Store }

// Menus returns the menus in the store.
func (s *Store) Menus() Menus { return Menus{s} }

// Put checks a document and keeps it as a version of the menu. What is active
// stays active. dialplan.Problems when the document is not valid.
func (m Menus) Put(ctx context.Context, menu string, document []byte, o dialplan.Options) (version string, created bool, err error) {
	if err := checkID("menu", menu); err != nil {
		return "", false, err
	}
	loaded, err := dialplan.Load(document, o)
	if err != nil {
		return "", false, err
	}
	if loaded.ID() != menu {
		return "", false, invalid("menu", "the document is of menu %q, not %q", loaded.ID(), menu)
	}
	k := m.s.keys
	reply, err := putMenu.Run(ctx, m.s.rdb, []string{k.menus(), k.menuVersions(menu)},
		menu, loaded.Version(), document, MaxMenuVersions, m.s.offset().Milliseconds()).Text()
	if err != nil {
		return "", false, fmt.Errorf("put menu %q: %w", menu, err)
	}
	if reply == "full" {
		return "", false, invalid("menu", "%d versions are kept already: delete the menu or use another name", MaxMenuVersions)
	}
	return loaded.Version(), reply == replyCreated, nil
}

// Get returns the document of a version as it was put. ErrNotFound.
func (m Menus) Get(ctx context.Context, menu, version string) ([]byte, error) {
	raw, err := m.s.rdb.HGet(ctx, m.s.keys.menuVersions(menu), version).Result()
	if errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("menu %q version %q: %w", menu, version, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("get menu %q: %w", menu, err)
	}
	_, document, _ := strings.Cut(raw, " ")
	return []byte(document), nil
}

// Active returns the version that new calls walk, "" for none. ErrNotFound.
func (m Menus) Active(ctx context.Context, menu string) (string, error) {
	version, err := m.s.rdb.HGet(ctx, m.s.keys.menus(), menu).Result()
	if errors.Is(err, redis.Nil) {
		return "", fmt.Errorf("menu %q: %w", menu, ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("active version of menu %q: %w", menu, err)
	}
	return version, nil
}

// Activate makes a version the one that new calls walk, on every controller
// within a second. Calls that are under way stay on theirs. ErrNotFound,
// ErrConflict.
func (m Menus) Activate(ctx context.Context, menu, version string, check Check[MenuState]) error {
	k := m.s.keys
	_, err := change(ctx, check, func(ctx context.Context) (string, MenuState, error) {
		active, err := m.s.rdb.HGet(ctx, k.menus(), menu).Result()
		return active, MenuState{Menu: menu, Active: active}, err
	}, func(ctx context.Context, tag string) (string, error) {
		return activateMenu.Run(ctx, m.s.rdb, []string{k.menus(), k.menuVersions(menu), k.configGeneration()},
			menu, version, k.configChannel(), tag, uuid.NewString()).Text()
	})
	if err != nil {
		return fmt.Errorf("activate menu %q version %q: %w", menu, version, err)
	}
	return nil
}

// List returns up to limit menus after the one given, sorted.
func (m Menus) List(ctx context.Context, after string, limit int) ([]MenuState, error) {
	all, err := m.s.rdb.HGetAll(ctx, m.s.keys.menus()).Result()
	if err != nil {
		return nil, fmt.Errorf("list menus: %w", err)
	}
	var page []MenuState
	for _, menu := range pageOf(all, after, limit) {
		page = append(page, MenuState{Menu: menu, Active: all[menu]})
	}
	return page, nil
}

// Versions returns what is kept of a menu, the newest first. ErrNotFound.
func (m Menus) Versions(ctx context.Context, menu string) ([]MenuVersion, error) {
	active, err := m.Active(ctx, menu)
	if err != nil {
		return nil, err
	}
	all, err := m.s.rdb.HGetAll(ctx, m.s.keys.menuVersions(menu)).Result()
	if err != nil {
		return nil, fmt.Errorf("versions of menu %q: %w", menu, err)
	}
	var versions []MenuVersion
	for version, raw := range all {
		stamp, _, _ := strings.Cut(raw, " ")
		ms, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("versions of menu %q: %q: %w", menu, version, err)
		}
		versions = append(versions, MenuVersion{Version: version, Added: time.UnixMilli(ms).UTC(), Active: version == active})
	}
	slices.SortFunc(versions, func(a, b MenuVersion) int {
		return cmp.Or(b.Added.Compare(a.Added), cmp.Compare(a.Version, b.Version))
	})
	return versions, nil
}

// Delete forgets a menu and its versions. ErrInUse while a number leads to
// it, ErrNotFound.
func (m Menus) Delete(ctx context.Context, menu string) error {
	k := m.s.keys
	reply, err := deleteMenu.Run(ctx, m.s.rdb,
		[]string{k.menus(), k.menuVersions(menu), k.configGeneration(), k.numberMenus()}, menu, k.configChannel(), uuid.NewString()).Text()
	if err == nil {
		_, err = outcome(reply)
	}
	if err != nil {
		return fmt.Errorf("delete menu %q: %w", menu, err)
	}
	return nil
}
