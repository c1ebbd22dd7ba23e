package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/store"
	"github.com/dialgraph/dialgraph/store/storetest"
)

// A record that ended while Redis was away is written when it is back.
func TestRecordsOutliveARedisOutage(t *testing.T) {
	redis := storetest.Start(t)
	s := store.New(open(t, redis.URL()), store.Options{})
	r := newRecords(s.Records(), slog.New(slog.DiscardHandler))
	begun := time.Date(2026, 3, 2, 8, 15, 0, 0, time.UTC)
	record := &controller.Record{Call: "c1", Started: begun}
	if err := keep(t.Context(), r, record); err != nil {
		t.Fatal(err)
	}
	redis.Stop()
	record.Ended = begun.Add(time.Minute)
	if err := keep(t.Context(), r, record); err == nil {
		t.Fatal("Put without Redis returned no error")
	}
	r.retry(t.Context())
	if n := len(r.waiting()); n != 1 {
		t.Fatalf("%d records wait while Redis is away, want 1", n)
	}
	redis.Restart()
	r.retry(t.Context())
	got, err := r.Load(t.Context(), "c1")
	if err != nil || !got.Ended.Equal(record.Ended) {
		t.Errorf("Load = %+v, %v, want the end that was written late", got, err)
	}
	if n := len(r.waiting()); n != 0 {
		t.Errorf("%d records wait after Redis is back, want none", n)
	}
}

// What is known of a call is written in its order, and read as known last,
// also when Redis is back before all of it is written.
func TestRecordsWaitBehindOlderOnes(t *testing.T) {
	redis := storetest.Start(t)
	s := store.New(open(t, redis.URL()), store.Options{})
	r := newRecords(s.Records(), slog.New(slog.DiscardHandler))
	record := &controller.Record{Call: "c1", Started: time.Date(2026, 3, 2, 8, 15, 0, 0, time.UTC)}
	redis.Stop()
	if err := keep(t.Context(), r, record); err == nil {
		t.Fatal("Put without Redis returned no error")
	}
	redis.Restart()
	record.Queue = "support"
	if err := keep(t.Context(), r, record); !errors.Is(err, errBehind) {
		t.Errorf("Put = %v while the call's first record waits, want errBehind", err)
	}
	if got, err := r.Load(t.Context(), "c1"); err != nil || got == nil || got.Queue != "support" {
		t.Errorf("Load = %+v, %v, want what waits", got, err)
	}
	r.retry(t.Context())
	if got, err := s.Records().Get(t.Context(), "c1"); err != nil || !strings.Contains(string(got.Document), "support") {
		t.Errorf("stored %s, %v, want the newest", got.Document, err)
	}
	if err := keep(t.Context(), r, record); err != nil {
		t.Errorf("Put = %v with nothing before it", err)
	}
}

// keep writes a record as told does.
func keep(ctx context.Context, r *records, record *controller.Record) error {
	v, err := encoded(record)
	if err != nil {
		return err
	}
	return r.put(ctx, v)
}
