package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/dialplan"
)

const (
	mustWithin  = 50 * time.Millisecond  // a step with an effect outside waits that long for Redis
	cursorLife  = 48 * time.Hour         // no call lasts that long; collects what a lost node left
	cursorBatch = flightMost             // cursors in one pipeline
	flushAgain  = 100 * time.Millisecond // after a pipeline that failed
	maxPending  = 100_000                // calls with a cursor to be written
)

// saveCursor stores a cursor, unless another instance has the call by now.
//
// KEYS[1] cursor  KEYS[2] owner  ARGV[1] instance  ARGV[2] cursor  ARGV[3] lifetime in ms
// Returns how many were stored.
var saveCursor = redis.NewScript(`
local owner = redis.call('HGET', KEYS[2], 'instance')
if owner and owner ~= '' and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`)

// deleteCursor ends a cursor, unless another instance has the call by now.
// Anybody may end the cursor of a call that is over.
//
// KEYS[1] cursor  KEYS[2] owner  ARGV[1] instance
// Returns how many are ended.
var deleteCursor = redis.NewScript(`
local owner = redis.call('HGET', KEYS[2], 'instance')
if owner and owner ~= '' and owner ~= '-' and owner ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
`)

// CursorStats count what became of saved cursors.
type CursorStats struct {
	Saved   uint64 // Save was called
	Written uint64 // cursors written; fewer than Saved where newer ones overtook older ones
	Flushes uint64 // round trips
	Failed  uint64 // round trips that failed and were repeated
	Late    uint64 // must was asked for and Redis did not acknowledge in time
	Fenced  uint64 // refused: another instance has the call
	Dropped uint64 // too many were waiting
}

// Cursors keep where each live call stands. There is one writer for each node
// of Redis: it writes whatever has gathered when the next pipeline to the node
// goes, so that a busy node gets larger pipelines, not more of them. The
// newest cursor of a call replaces those that still wait.
type Cursors struct {
	s        *Store
	instance string
	within   time.Duration                                 // how long Save waits with must
	node     func(ctx context.Context, call string) string // of Redis, that holds the call's keys
	done     context.Context                               // of all writers
	stop     context.CancelFunc
	flushing sync.WaitGroup

	mu      sync.Mutex
	writers map[string]*cursorWriter // by node

	saved, written, flushes, failed, late, fenced, dropped atomic.Uint64
}

// Cursors returns the cursors as one instance writes them. Close it.
func (s *Store) Cursors(instance string) *Cursors {
	done, stop := context.WithCancel(context.Background())
	node := func(context.Context, string) string { return "" }
	if _, several := s.rdb.(*redis.ClusterClient); several {
		node = func(ctx context.Context, call string) string { return s.node(ctx, s.keys.cursor(call)) }
	}
	return &Cursors{
		s: s, instance: instance, within: mustWithin, node: node,
		done: done, stop: stop, writers: make(map[string]*cursorWriter),
	}
}

// Save keeps the cursor. With must, kept waits until Redis has acknowledged it,
// 50 ms at most. A cursor that is not acknowledged is written when Redis can
// be reached again, unless a newer one replaces it.
func (c *Cursors) Save(ctx context.Context, cursor *dialplan.Cursor, must bool) (kept func()) {
	c.saved.Add(1)
	document, err := cursor.Encode()
	if err != nil {
		c.dropped.Add(1)
		c.s.log.Error("cursor cannot be encoded", "call", cursor.Call, "error", err)
		return func() {}
	}
	acked, ok := c.enqueue(ctx, cursor.Call, document, must)
	if !must || !ok {
		return func() {}
	}
	return func() { c.await(ctx, acked) }
}

func (c *Cursors) await(ctx context.Context, acked <-chan struct{}) {
	timer := time.NewTimer(c.within)
	defer timer.Stop()
	select {
	case <-acked:
	case <-timer.C:
		c.late.Add(1)
	case <-ctx.Done():
		c.late.Add(1)
	}
}

// Load returns the cursor of a call as it was saved last. ErrNotFound, ErrSchema.
func (c *Cursors) Load(ctx context.Context, call string) (*dialplan.Cursor, error) {
	raw, waiting := c.writer(ctx, call).pending(call)
	if !waiting {
		var err error
		raw, err = c.s.rdb.Get(ctx, c.s.keys.cursor(call)).Bytes()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, fmt.Errorf("load cursor of %s: %w", call, err)
		}
	}
	if raw == nil {
		return nil, fmt.Errorf("cursor of %s: %w", call, ErrNotFound)
	}
	return decodeCursor(call, raw)
}

// Delete ends the cursor of a call: what was saved before and still waits is
// never written. It waits for nothing; while Redis cannot be reached the cursor
// goes as soon as it can be.
func (c *Cursors) Delete(ctx context.Context, call string) error {
	if _, ok := c.enqueue(ctx, call, nil, false); !ok {
		return fmt.Errorf("delete cursor of %s: too many wait for redis", call)
	}
	return nil
}

// Stats returns the counters.
func (c *Cursors) Stats() CursorStats {
	return CursorStats{
		Saved: c.saved.Load(), Written: c.written.Load(), Flushes: c.flushes.Load(), Failed: c.failed.Load(),
		Late: c.late.Load(), Fenced: c.fenced.Load(), Dropped: c.dropped.Load(),
	}
}

// Close writes what still waits, as long as ctx allows, and stops the writers.
// Nothing may be saved after it.
func (c *Cursors) Close(ctx context.Context) error {
	defer c.stop()
	finished := make(chan struct{})
	go func() {
		c.flushing.Wait()
		close(finished)
	}()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
		c.stop()
		<-finished
		return fmt.Errorf("write cursors: %w", ctx.Err())
	}
}

func decodeCursor(call string, raw []byte) (*dialplan.Cursor, error) {
	cursor := new(dialplan.Cursor)
	if err := json.Unmarshal(raw, cursor); err != nil {
		return nil, fmt.Errorf("cursor of %s: %w", call, err)
	}
	if v := cursor.Schema; v != dialplan.CursorSchema && v != dialplan.CursorSchema-1 {
		return nil, fmt.Errorf("cursor of %s: version %d: %w", call, v, ErrSchema)
	}
	return cursor, nil
}

// enqueue hands a cursor, nil to end it, to the writer of its node.
func (c *Cursors) enqueue(ctx context.Context, call string, document []byte, wait bool) (acked <-chan struct{}, ok bool) {
	if checkID("call", call) == nil {
		acked, ok = c.writer(ctx, call).put(call, document, wait)
	}
	if !ok {
		c.dropped.Add(1)
	}
	return acked, ok
}

// writer is the one of the call's node. When the keys move to another node, as
// in a failover, a call stays with its writer until that has written all.
func (c *Cursors) writer(ctx context.Context, call string) *cursorWriter {
	node := c.node(ctx, call)
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.writers[node]
	if w != nil && len(c.writers) == 1 {
		return w
	}
	for _, w := range c.writers {
		if _, waiting := w.pending(call); waiting {
			return w
		}
	}
	if w == nil {
		w = &cursorWriter{c: c, pipe: c.s.pipes.of(node), waiting: make(map[string]pendingCursor)}
		c.writers[node] = w
	}
	return w
}
