package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// What the embedded Redis is good for. It slows down with what it holds.
const (
	EmbeddedValues  = 20_000 // documents, records and what leads to them, at most
	EmbeddedRecords = 2_000  // Options.RecordMax that leaves room for documents
)

const (
	embeddedFlush = 100 * time.Millisecond // changes gather that long before they are written to disk
	embeddedAgain = 5 * time.Second        // after a disk that failed
	embeddedRead  = 10 * time.Second       // for what has changed: keys of thousands of values, read whole
)

// ErrFull says that the embedded Redis holds as much as it can.
var ErrFull = fmt.Errorf("the embedded store is full (%d values): run a Redis and start with --redis", EmbeddedValues)

// EmbeddedOptions of an embedded Redis.
type EmbeddedOptions struct {
	Dir    string // keeps documents and records; "" keeps nothing
	Prefix string // as in Options
	Log    *slog.Logger
}

// Embedded is a Redis inside this process, for trying out and for tests: one
// instance only, some thousand documents, and whatever calls are live is lost
// when the process ends. Documents and records are kept in a folder, as of
// some tenths of a second before the end.
type Embedded struct {
	server *miniredis.Miniredis
	client *redis.Client // for users, watched
	own    *redis.Client // for snapshots
	docs   string
	log    *slog.Logger

	mu      sync.Mutex
	changed map[string]struct{} // keys
	grown   int                 // values that may have been added and are not counted yet
	held    int                 // values at the last flush

	flushing sync.Mutex     // guards what follows
	sizes    map[string]int // values of each key
	snap     *snapshot      // nil without a folder

	wake chan struct{}
	stop chan struct{}
	done chan struct{}
}

// OpenEmbedded starts an embedded Redis with what its folder holds. Close it.
func OpenEmbedded(o EmbeddedOptions) (*Embedded, error) {
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	e := &Embedded{
		docs: keys{prefix: o.Prefix}.docs(), log: o.Log, changed: make(map[string]struct{}),
		sizes: make(map[string]int), wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
		server: miniredis.NewMiniRedis(),
	}
	e.server.ClockTTL(true) // keys expire as time goes by
	if o.Dir != "" {
		snap, corrupt, err := openSnapshot(o.Dir)
		if err != nil {
			return nil, err
		}
		e.snap = snap
		if corrupt > 0 {
			e.log.Warn("data file was damaged, its end is lost", "dir", o.Dir, "bytes", corrupt, "kept_as", snapshotRest)
		}
	}
	if err := e.start(); err != nil {
		if e.snap != nil {
			_ = e.snap.close()
		}
		return nil, fmt.Errorf("embedded redis: %w", err)
	}
	e.log.Warn("embedded redis: for trying out, not for production", "dir", o.Dir, "values", e.held)
	go e.run()
	return e, nil
}

// start opens the server, to this process only, and fills it.
func (e *Embedded) start() error {
	password := rand.Text()
	e.server.RequireAuth(password)
	if err := e.server.Start(); err != nil {
		return err
	}
	options := options([]string{e.server.Addr()}, false)
	options.Password = password
	e.client = redis.NewClient(options.Simple())
	options.ReadTimeout = embeddedRead
	e.own = redis.NewClient(options.Simple())
	e.client.AddHook((*hook)(e))
	if e.snap == nil {
		return nil
	}
	for key, k := range e.snap.held {
		if err := e.restore(key, k); err != nil {
			e.shut()
			return fmt.Errorf("restore %s: %w", key, err)
		}
		e.resize(key, k)
	}
	return nil
}

func (e *Embedded) restore(key string, k *heldKey) (err error) {
	for member, value := range k.members {
		switch k.kind {
		case "string":
			err = e.server.Set(key, value)
		case "hash":
			e.server.HSet(key, member, value)
		case "set":
			_, err = e.server.SAdd(key, member)
		case "zset":
			var score float64
			if score, err = strconv.ParseFloat(value, 64); err == nil {
				_, err = e.server.ZAdd(key, score, member)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Client is what a Store is made with. It ends with the Embedded.
func (e *Embedded) Client() redis.UniversalClient { return e.client }

// Close writes what has changed and ends the server.
func (e *Embedded) Close() error {
	close(e.stop)
	<-e.done
	var err error
	if e.snap != nil {
		err = errors.Join(e.flush(), e.snap.compact(), e.snap.close())
	}
	e.shut()
	return err
}

func (e *Embedded) shut() {
	_ = e.client.Close()
	_ = e.own.Close()
	e.server.Close()
}

// run writes changes, some time after the first of them.
func (e *Embedded) run() {
	defer close(e.done)
	wait := embeddedFlush
	for {
		select {
		case <-e.stop:
			return
		case <-e.wake:
		}
		select {
		case <-e.stop:
			return
		case <-time.After(wait):
		}
		wait = embeddedFlush
		if err := e.flush(); err != nil {
			wait = embeddedAgain
			e.log.Error("changes are not on disk, trying again", "error", err)
		}
	}
}

// flush looks at the keys that may have changed and writes what did.
func (e *Embedded) flush() error {
	e.flushing.Lock()
	defer e.flushing.Unlock()
	e.mu.Lock()
	changed, grown := e.changed, e.grown
	e.changed = make(map[string]struct{})
	e.mu.Unlock()
	if len(changed) == 0 {
		return nil
	}
	now, err := e.read(changed)
	if err == nil && e.snap != nil {
		var batch []entry
		for key, k := range now {
			batch = append(batch, e.snap.changes(key, k)...)
		}
		err = e.snap.append(batch)
	}
	if err != nil {
		for key := range changed {
			e.touch(key, 0)
		}
		return err
	}
	for key, k := range now {
		e.resize(key, k)
	}
	e.mu.Lock()
	e.grown -= grown // counted by now, and not before: the store is never taken for emptier than it is
	e.mu.Unlock()
	return nil
}

// resize counts the values of a key. The members of sets only lead to values
// and are not counted.
func (e *Embedded) resize(key string, k *heldKey) {
	was := e.sizes[key]
	if k.kind == "string" || k.kind == "hash" {
		e.sizes[key] = len(k.members)
	}
	if len(k.members) == 0 {
		delete(e.sizes, key)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held += e.sizes[key] - was
}

// read returns the keys as of one moment.
func (e *Embedded) read(changed map[string]struct{}) (map[string]*heldKey, error) {
	ctx, cancel := context.WithTimeout(context.Background(), embeddedRead)
	defer cancel()
	now := make(map[string]*heldKey, len(changed))
	kinds := make(map[string]*redis.StatusCmd, len(changed))
	if _, err := e.own.Pipelined(ctx, func(p redis.Pipeliner) error {
		for key := range changed {
			kinds[key] = p.Type(ctx, key)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	replies := make(map[string]redis.Cmder, len(changed))
	_, err := e.own.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for key, kind := range kinds {
			switch kind.Val() {
			case "string":
				replies[key] = p.Get(ctx, key)
			case "hash":
				replies[key] = p.HGetAll(ctx, key)
			case "set":
				replies[key] = p.SMembers(ctx, key)
			case "zset":
				replies[key] = p.ZRangeWithScores(ctx, key, 0, -1)
			default:
				now[key] = e.gone(key)
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, err
	}
	for key, reply := range replies {
		now[key] = &heldKey{kind: kinds[key].Val(), members: members(reply)}
	}
	return now, nil
}

// gone is a key without members, of the kind that it was.
func (e *Embedded) gone(key string) *heldKey {
	k := &heldKey{kind: "string"}
	if e.snap != nil && e.snap.held[key] != nil {
		k.kind = e.snap.held[key].kind
	}
	return k
}

// members are a key's members and values, as the snapshot holds them.
func members(reply redis.Cmder) map[string]string {
	all := make(map[string]string)
	switch r := reply.(type) {
	case *redis.StringCmd:
		if r.Err() == nil {
			all[""] = r.Val()
		}
	case *redis.MapStringStringCmd:
		return r.Val()
	case *redis.StringSliceCmd:
		for _, member := range r.Val() {
			all[member] = ""
		}
	case *redis.ZSliceCmd:
		for _, z := range r.Val() {
			all[z.Member.(string)] = strconv.FormatFloat(z.Score, 'g', -1, 64)
		}
	}
	return all
}

// touch says that a key may have changed, by up to so many values more.
func (e *Embedded) touch(key string, grown int) {
	e.mu.Lock()
	e.changed[key] = struct{}{}
	e.grown += grown
	e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default:
	}
}
