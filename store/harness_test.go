package store

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/dialgraph/dialgraph/store/storetest"
)

func TestMain(m *testing.M) {
	redis.SetLogger(quiet{}) // it reports each refused connection, and tests stop servers on purpose
	goleak.VerifyTestMain(m)
}

type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// A clock lets time pass for a store without waiting.
type clock struct{ offset atomic.Int64 }

func (c *clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }

func (c *clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// backends are the kinds of Redis that every contract test runs on.
var backends = []struct {
	name string
	url  func(testing.TB) string
}{
	{"redis", storetest.Redis},
	{"cluster", storetest.Cluster},
	{"embedded", storetest.Embedded},
}

// onEach runs a contract test on every kind of Redis.
func onEach(t *testing.T, test func(t *testing.T, s *Store, c *clock)) {
	t.Helper()
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			c := new(clock)
			test(t, open(t, b.url(t), c), c)
		})
	}
}

var testPrefix atomic.Int64

// open is a store with keys of its own on the Redis at url.
func open(t testing.TB, url string, c *clock) *Store {
	t.Helper()
	return New(dial(t, url), Options{
		Prefix: fmt.Sprintf("t%d:", testPrefix.Add(1)),
		Log:    slog.New(slog.DiscardHandler),
		Offset: c.Offset,
	})
}

// dial is a client that closes with the test.
func dial(t testing.TB, url string) redis.UniversalClient {
	t.Helper()
	rdb, err := Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}
