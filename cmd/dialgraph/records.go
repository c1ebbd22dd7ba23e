package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/store"
)

const (
	retryRecords = time.Second // between attempts to write what could not be written
	maxUnsent    = 50_000      // calls whose record waits for Redis
)

// records keep those of calls. What Redis does not take is kept and written
// when it is back: the newest of each call.
type records struct {
	store.Records
	log *slog.Logger

	mu     sync.Mutex
	unsent map[string]store.Record
}

func newRecords(r store.Records, log *slog.Logger) *records {
	return &records{Records: r, log: log, unsent: make(map[string]store.Record)}
}

// errBehind says that a record waits behind an older one of its call.
var errBehind = errors.New("redis has not taken what came before")

// Load returns the record as it was left, nil for none.
func (r *records) Load(ctx context.Context, call string) (*controller.Record, error) {
	r.mu.Lock()
	kept, waits := r.unsent[call]
	r.mu.Unlock()
	if !waits {
		var err error
		kept, err = r.Get(ctx, call)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	record := new(controller.Record)
	if err := json.Unmarshal(kept.Document, record); err != nil {
		return nil, fmt.Errorf("read record of %s: %w", call, err)
	}
	return record, nil
}

// encoded is the record as the store keeps it.
func encoded(record *controller.Record) (store.Record, error) {
	document, err := record.Encode()
	if err != nil {
		return store.Record{}, fmt.Errorf("write record of %s: %w", record.Call, err)
	}
	return store.Record{
		Call: record.Call, Started: record.Started, Ended: record.Ended, Turn: record.Resumed, Document: document,
	}, nil
}

// put writes the record. An error says that it was not written yet. While an
// older one of the call waits it waits, too: that one may be on its way.
func (r *records) put(ctx context.Context, v store.Record) error {
	if r.queued(v) {
		return fmt.Errorf("write record of %s: %w", v.Call, errBehind)
	}
	err := r.Put(ctx, v)
	if err == nil || errors.Is(err, store.ErrInvalid) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.unsent) >= maxUnsent {
		return fmt.Errorf("%w; and too many records wait already, it is lost", err)
	}
	r.unsent[v.Call] = v
	return err
}

// queued puts the record in the place of one that waits; false for none.
func (r *records) queued(v store.Record) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, waits := r.unsent[v.Call]; !waits {
		return false
	}
	r.unsent[v.Call] = v
	return true
}

// run writes what waits, until ctx ends.
func (r *records) run(ctx context.Context) error {
	return every(ctx, retryRecords, r.retry)
}

func (r *records) retry(ctx context.Context) {
	written := 0
	for _, v := range r.waiting() {
		err := r.Put(ctx, v)
		if err != nil && !errors.Is(err, store.ErrInvalid) {
			return // still away
		}
		if err != nil {
			r.log.Error("record lost", "call", v.Call, "error", err)
		}
		r.sent(v)
		written++
	}
	if written > 0 {
		r.log.Info("records written late", "records", written)
	}
}

func (r *records) waiting() []store.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]store.Record, 0, len(r.unsent))
	for _, v := range r.unsent {
		all = append(all, v)
	}
	return all
}

// sent forgets a record, unless a newer one of its call waits by now.
func (r *records) sent(v store.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now, ok := r.unsent[v.Call]; ok && string(now.Document) == string(v.Document) {
		delete(r.unsent, v.Call)
	}
}
