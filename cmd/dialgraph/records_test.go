package main

import (
	"log/slog"
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
	if err := r.Put(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	redis.Stop()
	record.Ended = begun.Add(time.Minute)
	if err := r.Put(t.Context(), record); err == nil {
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
