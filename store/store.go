// Package store is dialgraph's memory: it keeps menus, numbers, customers,
// outages, agents, queues and the state of every live call in Redis, so that
// any controller can go on where another one stopped.
//
// Everything is in one of two families of keys (keys.go): documents and
// records, which the embedded mode also keeps on disk, and live state, which
// means something only while calls are running. Changes that must be one are
// Lua scripts under one contract: keys declared and of one hash tag, the time
// from Redis, ownership by opaque token, a repeated request gets the first
// answer.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// What callers decide on.
var (
	// ErrNotFound says that there is nothing of that name.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that an id, a name or a document breaks the rules; the
	// error around it says which.
	ErrInvalid = errors.New("invalid")
	// ErrInUse says that something cannot be deleted while something else
	// refers to it.
	ErrInUse = errors.New("in use")
	// ErrConflict says that somebody else changed it in the meantime.
	ErrConflict = errors.New("changed by somebody else")
	// ErrSchema says that a stored record was written by a version of
	// dialgraph that this one cannot read.
	ErrSchema = errors.New("unknown schema version")
)

// DefaultPrefix begins every key unless Options say otherwise.
const DefaultPrefix = "dg:"

// Options of a Store. The zero value is ready for use.
type Options struct {
	// Prefix begins every key; DefaultPrefix when empty.
	Prefix string
	// Log takes what the store does on its own; slog.Default when nil.
	Log *slog.Logger
	// Offset is added to Redis time. Only tests set it, to let time pass.
	Offset func() time.Duration
	// RecordAge is how long records of calls are kept; 90 days when zero.
	RecordAge time.Duration
	// RecordMax is how many records are kept, the newest; 1,000,000 when zero.
	RecordMax int
}

// A Store is dialgraph's view of one Redis: a single node, a Sentinel group
// or a cluster. It is safe for concurrent use.
type Store struct {
	rdb    redis.UniversalClient
	keys   keys
	log    *slog.Logger
	offset func() time.Duration
	queues sync.Map // site -> *asker, made once

	pipes pipes // all that instances ask and write
	// Not behind what is written:
	lookups   pipes // what a caller waits for to hear of an outage
	decisions pipes // what agents and callers wait for: questions to queues

	recordAge time.Duration
	recordMax int
}

// New returns a store on the client. The caller keeps the client and closes it.
func New(rdb redis.UniversalClient, o Options) *Store {
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Offset == nil {
		o.Offset = func() time.Duration { return 0 }
	}
	if o.RecordAge <= 0 {
		o.RecordAge = 90 * 24 * time.Hour
	}
	if o.RecordMax <= 0 {
		o.RecordMax = 1_000_000
	}
	return &Store{
		rdb:       rdb,
		pipes:     pipes{rdb: rdb},
		lookups:   pipes{rdb: rdb},
		decisions: pipes{rdb: rdb},
		keys:      keys{prefix: o.Prefix},
		log:       o.Log,
		offset:    o.Offset,
		recordAge: o.RecordAge,
		recordMax: o.RecordMax,
	}
}

// Ping tells whether Redis answers. The caller bounds the wait by ctx.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.rdb.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping redis: %w", err)
	}
	return nil
}

// Now is the time that all instances agree on: Redis's own, to the
// millisecond as scripts see it.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	t, err := s.rdb.Time(ctx).Result()
	if err != nil {
		return time.Time{}, fmt.Errorf("ask redis for the time: %w", err)
	}
	return t.Add(s.offset()).Truncate(time.Millisecond), nil
}

// localNow is this machine's time. It serves where some milliseconds more or
// less do not matter and a round trip would.
func (s *Store) localNow() time.Time { return time.Now().Add(s.offset()) }
