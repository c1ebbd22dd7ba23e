package store

import (
	"testing"
	"time"
)

func TestTrafficOfOthers(t *testing.T) {
	const key, own, ours = "dg:x", 1000, true
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		now := time.Now()
		x := traffic{s: s, key: key}
		look := func(after time.Duration, commands int, mine bool) bool {
			t.Helper()
			for range commands {
				if err := s.rdb.Get(t.Context(), key).Err(); err != nil && err.Error() != "redis: nil" {
					t.Fatal(err)
				}
				if mine {
					x.own++
				}
			}
			count, rate, err := s.commands(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			now = now.Add(after)
			x.note(count, rate, now)
			return now.Add(trafficLook - 1).Before(x.until)
		}
		x.looked, x.seen = now, baseline(t, s, key)
		for _, tt := range []struct {
			name     string
			after    time.Duration
			commands int
			mine     bool
			want     bool
		}{
			{"alone", trafficLook, own, ours, false},
			{"others ask little", time.Second, trafficLeast / 2, !ours, false},
			{"others ask", time.Second, trafficLeast * 2, !ours, true},
			{"others have asked a moment ago", trafficCalm / 2, own, ours, true},
			{"alone again", trafficCalm, own, ours, false},
		} {
			if got := look(tt.after, tt.commands, tt.mine); got != tt.want {
				t.Errorf("%s: busy = %v, want %v", tt.name, got, tt.want)
			}
		}
	})
}

// baseline is the node's count before the looks, which count from it.
func baseline(t *testing.T, s *Store, key string) int64 {
	t.Helper()
	count, _, err := s.commands(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// The first look has nothing to compare with but the rate that Redis tells.
func TestTrafficAtFirst(t *testing.T) {
	for _, tt := range []struct {
		name        string
		count, rate int64
		want        bool
	}{
		{"calm", 1000, trafficLeast / 2, false},
		{"busy", 1000, trafficLeast * 2, true},
		{"not told", -1, 0, true},
	} {
		var x traffic
		now := time.Now()
		x.note(tt.count, tt.rate, now)
		if got := now.Before(x.until); got != tt.want {
			t.Errorf("%s: busy = %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Where Redis does not tell, because it may not be asked or has restarted, work
// in bulk yields.
func TestTrafficUnknown(t *testing.T) {
	now := time.Now()
	x := traffic{looked: now, seen: 100}
	for _, tt := range []struct {
		name  string
		count int64
		want  bool
	}{
		{"no permission", -1, true},
		{"told again", 100, true},
		{"nothing new", 101, false},
		{"restarted", 5, true},
	} {
		now = now.Add(2 * trafficCalm)
		x.note(tt.count, 0, now)
		if got := now.Before(x.until); got != tt.want {
			t.Errorf("%s: busy = %v, want %v", tt.name, got, tt.want)
		}
	}
}
