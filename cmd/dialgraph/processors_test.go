package main

import (
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"time"
)

func TestProcessorsLook(t *testing.T) {
	type look struct {
		after time.Duration
		late  bool
		used  float64 // processors, since the look before
		want  int
	}
	for name, looks := range map[string][]look{
		"one does":                      {{time.Second, false, 0.9, 1}, {time.Minute, false, 0.99, 1}},
		"twice as many":                 {{time.Second, true, 1, 1}, {processorsLook, true, 1, 2}, {processorsLook, true, 2, 4}, {processorsLook, true, 4, 6}, {processorsLook, true, 6, 6}},
		"once is nothing":               {{time.Second, true, 1, 1}, {processorsLook, false, 1, 1}, {processorsLook, true, 1, 1}},
		"one less after a calm":         {{0, true, 1, 1}, {0, true, 1, 2}, {processorsCalm, false, 0.5, 1}, {processorsCalm, false, 0, 1}},
		"not before":                    {{0, true, 1, 1}, {0, true, 1, 2}, {processorsCalm - 1, false, 0.5, 2}},
		"not while they are used":       {{0, true, 1, 1}, {0, true, 1, 2}, {processorsCalm, false, 0.7, 2}, {processorsCalm, false, 0.5, 1}},
		"what is late ends a calm":      {{0, true, 1, 1}, {0, true, 1, 2}, {processorsCalm / 2, true, 0, 4}, {processorsCalm / 2, false, 0, 4}, {processorsCalm / 2, false, 0, 3}},
		"once late does not":            {{0, true, 1, 1}, {0, true, 1, 2}, {processorsCalm / 2, false, 0, 2}, {processorsLook, true, 0, 2}, {processorsCalm / 2, false, 0, 1}},
		"more are used, more are meant": {{0, true, 1, 1}, {0, true, 1, 2}, {0, true, 1, 4}, {processorsCalm, false, 1.9, 4}, {processorsCalm, false, 1.7, 3}, {processorsCalm, false, 1.1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			p := processors{most: 6, n: 1, calm: time.Unix(0, 0)}
			now, used := p.calm, time.Duration(0)
			for i, l := range looks {
				now = now.Add(l.after)
				used += time.Duration(l.used * float64(l.after))
				before := p.n
				changed := p.look(l.late, used, now)
				if p.n != l.want || changed != (p.n != before) {
					t.Errorf("look %d: %d processors, changed %t, want %d", i+1, p.n, changed, l.want)
				}
			}
		})
	}
}

// What waits long for one processor is noticed.
func TestLateGoroutinesAreNoticed(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var w waits
	w.late()
	eventually(t, "many who keep one processor busy are late", func() (string, bool) {
		var busy sync.WaitGroup
		for range 40 {
			busy.Go(func() {
				for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end); {
					for start := time.Now(); time.Since(start) < time.Millisecond; {
					}
					runtime.Gosched()
				}
			})
		}
		busy.Wait()
		return "", w.late()
	})
	eventually(t, "nobody is late at rest", func() (string, bool) { return "", !w.late() })
}

func TestFewProcessorsEnds(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	t.Setenv("GOMAXPROCS", "")
	stop := fewProcessors(slog.New(slog.DiscardHandler))
	eventually(t, "it begins with one", func() (string, bool) { return "", runtime.GOMAXPROCS(0) == 1 })
	stop()
	if got := runtime.GOMAXPROCS(0); got != 2 {
		t.Errorf("%d processors are left, want 2", got)
	}
}

func TestProcessorsOfAController(t *testing.T) {
	t.Run("one, at the beginning", func(t *testing.T) {
		newCluster(t, 0, 1, 1).controllers[0].log.wait(t, "msg=processors at_once=1 most=")
	})
	t.Run("as GOMAXPROCS says", func(t *testing.T) {
		t.Setenv("GOMAXPROCS", "3")
		if got := metric(t, newCluster(t, 0, 1, 1).controllers[0], "go_sched_gomaxprocs_threads"); got != "3" {
			t.Errorf("%s processors at once, want 3", got)
		}
	})
}
