package storetest

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestServerKeepsDataOverARestart(t *testing.T) {
	s := Start(t)
	c := redis.NewClient(&redis.Options{Addr: s.Addr})
	defer c.Close()
	if err := c.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	s.Restart()
	if got, err := c.Get(t.Context(), "k").Result(); got != "v" || err != nil {
		t.Errorf("Get(k) = %q, %v after a restart, want v", got, err)
	}
}

func TestClusterRefusesKeysOfTwoSlots(t *testing.T) {
	nodes := strings.Split(strings.TrimPrefix(Cluster(t), "redis+cluster://"), ",")
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: nodes})
	defer c.Close()
	if err := c.Do(t.Context(), "mset", "{a}", 1, "{b}", 2).Err(); err == nil {
		t.Error("MSET over two slots went through, want CROSSSLOT")
	}
}

func TestEmbeddedAnswers(t *testing.T) {
	o, err := redis.ParseURL(Embedded(t))
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	defer c.Close()
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}
