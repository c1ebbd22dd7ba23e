package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// Menus, numbers and sites are the configuration. Every change gives it a new
// generation, a name that never was before, and wakes up the instances that
// keep it in memory (Live).

// putConfig stores a document of the configuration.
//
// KEYS[1] documents  KEYS[2] generation  KEYS[3] number-menus (numbers only)  KEYS[4] menus (numbers only)
// KEYS[5] sites (numbers only)
// ARGV[1] id  ARGV[2] document  ARGV[3] tag  ARGV[4] channel  ARGV[5] next generation  ARGV[6] menu (numbers only)
// ARGV[7] site that must exist, "" for none (numbers only)
// Returns created, replaced, changed, no menu or no site.
var putConfig = redis.NewScript(`
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old == ARGV[2] then return 'replaced' end -- a repeated call, too
if ARGV[3] ~= '' and ARGV[3] ~= (old and redis.sha1hex(old) or '-') then return 'changed' end
if KEYS[3] then
  if redis.call('HEXISTS', KEYS[4], ARGV[6]) == 0 then return 'no menu' end
  if ARGV[7] ~= '' and redis.call('HEXISTS', KEYS[5], ARGV[7]) == 0 then return 'no site' end
  redis.call('HSET', KEYS[3], ARGV[1], ARGV[6])
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('SET', KEYS[2], ARGV[5])
redis.call('PUBLISH', ARGV[4], '')
return old and 'replaced' or 'created'
`)

// deleteConfig deletes a document of the configuration.
//
// KEYS[1] documents  KEYS[2] generation  KEYS[3] number-menus (numbers only)
// ARGV[1] id  ARGV[2] tag  ARGV[3] channel  ARGV[4] next generation
// Returns deleted, missing or changed.
var deleteConfig = redis.NewScript(`
local old = redis.call('HGET', KEYS[1], ARGV[1])
if not old then return 'missing' end
if ARGV[2] ~= '' and ARGV[2] ~= redis.sha1hex(old) then return 'changed' end
for i = 1, #KEYS do
  if i ~= 2 then redis.call('HDEL', KEYS[i], ARGV[1]) end
end
redis.call('SET', KEYS[2], ARGV[4])
redis.call('PUBLISH', ARGV[3], '')
return 'deleted'
`)

// documents are the configuration's documents of one noun in one hash.
type documents[T any] struct {
	s    *Store
	noun string
	hash string
	with []string // further keys of the scripts
}

func (d documents[T]) get(ctx context.Context, id string) (T, error) {
	_, v, err := d.read(ctx, id)
	if errors.Is(err, redis.Nil) {
		return v, fmt.Errorf("%s %q: %w", d.noun, id, ErrNotFound)
	}
	if err != nil {
		return v, fmt.Errorf("get %s %q: %w", d.noun, id, err)
	}
	return v, nil
}

func (d documents[T]) reader(id string) func(context.Context) (string, T, error) {
	return func(ctx context.Context) (string, T, error) { return d.read(ctx, id) }
}

func (d documents[T]) read(ctx context.Context, id string) (raw string, v T, err error) {
	if raw, err = d.s.rdb.HGet(ctx, d.hash, id).Result(); err == nil {
		err = json.Unmarshal([]byte(raw), &v)
	}
	return raw, v, err
}

func (d documents[T]) put(ctx context.Context, id string, v T, check Check[T], args ...any) (created bool, err error) {
	document, err := json.Marshal(v)
	if err != nil {
		return false, fmt.Errorf("put %s %q: %w", d.noun, id, err)
	}
	return change(ctx, check, d.reader(id), func(ctx context.Context, tag string) (string, error) {
		all := append([]any{id, document, tag, d.s.keys.configChannel(), uuid.NewString()}, args...)
		return putConfig.Run(ctx, d.s.rdb, append([]string{d.hash, d.s.keys.configGeneration()}, d.with...), all...).Text()
	})
}

func (d documents[T]) delete(ctx context.Context, id string, check Check[T]) error {
	keys := []string{d.hash, d.s.keys.configGeneration()}
	if len(d.with) > 0 {
		keys = append(keys, d.with[0])
	}
	_, err := change(ctx, check, d.reader(id), func(ctx context.Context, tag string) (string, error) {
		return deleteConfig.Run(ctx, d.s.rdb, keys, id, tag, d.s.keys.configChannel(), uuid.NewString()).Text()
	})
	return err
}

// list returns up to limit documents whose ids come after the one given, in
// the order of ids.
func (d documents[T]) list(ctx context.Context, after string, limit int) ([]T, error) {
	all, err := d.s.rdb.HGetAll(ctx, d.hash).Result()
	if err != nil {
		return nil, fmt.Errorf("list %ss: %w", d.noun, err)
	}
	var page []T
	for _, id := range pageOf(all, after, limit) {
		var v T
		if err := json.Unmarshal([]byte(all[id]), &v); err != nil {
			return nil, fmt.Errorf("list %ss: %q: %w", d.noun, id, err)
		}
		page = append(page, v)
	}
	return page, nil
}

// pageOf returns up to limit keys of m that come after the one given, sorted.
func pageOf[V any](m map[string]V, after string, limit int) []string {
	var ids []string
	for id := range m {
		if id > after {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(len(ids), max(limit, 0))]
}
