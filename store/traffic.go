package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	trafficLook = 100 * time.Millisecond // between two looks at a node's counter
	trafficCalm = time.Second            // a node counts as busy that long after it was
	// trafficLeast is how many commands a second others must ask for a node to be
	// busy. A call takes a hundred; an instance without calls asks some 16.
	trafficLeast = 200
)

// traffic tells whether a node of Redis serves others beside one piece of work:
// calls of any instance, or whoever else uses it. It compares the node's own
// count of commands with those of the work. One goroutine has it.
type traffic struct {
	s   *Store
	key string // the node is the one that holds it
	own int64  // commands that the work has asked since the last look

	looked time.Time
	seen   int64     // the node's count then
	until  time.Time // busy
}

// busy tells whether there are others. The first look goes by the rate that Redis
// itself has seen in the last seconds. Where Redis does not tell, there are.
func (t *traffic) busy(ctx context.Context) bool {
	now := time.Now()
	if now.Sub(t.looked) >= trafficLook {
		count, rate, err := t.s.commands(ctx, t.key)
		if err != nil {
			count = -1
		}
		t.note(count, rate, now)
	}
	return now.Before(t.until)
}

// note takes what a look has shown: the node's count, -1 when it is not known, and
// its rate in a second.
func (t *traffic) note(count, rate int64, now time.Time) {
	others := count - t.seen - t.own
	least := int64(trafficLeast * now.Sub(t.looked).Seconds())
	switch {
	case t.looked.IsZero() && count >= 0 && rate <= trafficLeast:
	case t.looked.IsZero() || count < t.seen || t.seen < 0 || others > least: // not known, another node, or others
		t.until = now.Add(trafficCalm)
	}
	t.looked, t.seen, t.own = now, count, 1 // this look
}

// commands is how many commands the node that holds a key has run since it
// started, those in scripts included, and how many a second of late.
func (s *Store) commands(ctx context.Context, key string) (count, rate int64, err error) {
	var node interface {
		InfoMap(ctx context.Context, sections ...string) *redis.InfoCmd
	} = s.rdb
	if cluster, ok := s.rdb.(*redis.ClusterClient); ok {
		master, err := cluster.MasterForKey(ctx, key)
		if err != nil {
			return 0, 0, fmt.Errorf("find the node of a key: %w", err)
		}
		node = master
	}
	info, err := node.InfoMap(ctx, "stats").Result()
	if err != nil {
		return 0, 0, fmt.Errorf("ask redis for its counters: %w", err)
	}
	count, err = strconv.ParseInt(info["Stats"]["total_commands_processed"], 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("read redis' counters: %w", err)
	}
	rate, _ = strconv.ParseInt(info["Stats"]["instantaneous_ops_per_sec"], 10, 64) // 0 where it is not told: the next look tells
	return count, rate, nil
}
