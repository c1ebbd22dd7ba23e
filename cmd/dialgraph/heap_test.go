package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	gometrics "runtime/metrics"
	"strconv"
	"strings"
	"testing"
)

func TestCollectAt(t *testing.T) {
	for _, tt := range []struct {
		live uint64
		want int
	}{
		{0, 6300}, {1 << 20, 6300}, {8 << 20, 700}, {16 << 20, 300}, {32 << 20, 100}, {33 << 20, 100}, {1 << 30, 100},
	} {
		if got := collectAt(tt.live); got != tt.want {
			t.Errorf("collectAt(%d) = %d, want %d", tt.live, got, tt.want)
		}
		if alive := max(tt.live, 1<<20); alive <= smallHeap/2 {
			if goal := alive + alive*uint64(collectAt(tt.live))/100; goal != smallHeap {
				t.Errorf("with %d alive it is collected at %d, want %d", tt.live, goal, smallHeap)
			}
		}
	}
}

// A small heap has room, a large one is collected as always.
func TestRoomForHeap(t *testing.T) {
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	percent := func() uint64 {
		runtime.GC()
		s := []gometrics.Sample{{Name: "/gc/gogc:percent"}}
		gometrics.Read(s)
		return s[0].Value.Uint64()
	}
	roomForHeap()
	large := make([]byte, smallHeap)
	eventually(t, "a large heap is collected as always", func() (string, bool) {
		got := percent()
		return fmt.Sprint(got, " percent"), got == 100
	})
	runtime.KeepAlive(large)
	eventually(t, "a small heap has room", func() (string, bool) {
		got := percent()
		return fmt.Sprint(got, " percent"), got > 100
	})
}

func TestHeapOfAController(t *testing.T) {
	for _, tt := range []struct{ gogc, want string }{{"77", "77"}, {"", ""}} {
		t.Run("GOGC="+tt.gogc, func(t *testing.T) {
			t.Setenv("GOGC", tt.gogc)
			got := metric(t, newCluster(t, 0, 1, 1).controllers[0], "go_gc_gogc_percent")
			if percent, err := strconv.Atoi(got); err != nil || tt.want == "" && percent <= 100 || tt.want != "" && got != tt.want {
				t.Errorf("it is collected at %q percent", got)
			}
		})
	}
}

// metric is what a controller tells of itself at the moment.
func metric(t *testing.T, p *process, name string) string {
	t.Helper()
	answer, err := http.Get("http://" + p.http + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "\n"+name+" ")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}
