package bench

import (
	"bufio"
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/internal/alloctest"
)

func TestJudge(t *testing.T) {
	tests := []struct {
		key  string
		runs []float64
		want bool
	}{
		{"a_vs_floor", []float64{0.5, 0.6, 0.9}, true},
		{"a_vs_floor", []float64{0.5, 0.59, 0.9}, false},
		{"step_p99_ms", []float64{1, 4.9}, true},
		{"step_p99_ms", []float64{5, 5}, false},
	}
	for _, tt := range tests {
		var f figures
		f.add(yardPing, "", "ms", 2)
		for _, v := range tt.runs {
			f.aim(tt.key, v)
		}
		f.judge()
		got := f.all[1]
		if *got.Met != tt.want {
			t.Errorf("%s of %v is met: %v, want %v", tt.key, tt.runs, *got.Met, tt.want)
		}
		if tt.key == "step_p99_ms" && got.Share != got.Median/2 {
			t.Errorf("%s = %v is %v of a PING of 2 ms", tt.key, got.Median, got.Share)
		}
	}
}

func TestChoose(t *testing.T) {
	all, err := choose(nil)
	if err != nil || len(all) != len(scenarios) {
		t.Errorf("choose() = %d scenarios, %v, want all", len(all), err)
	}
	some, err := choose([]string{"d", "a"})
	if err != nil || len(some) != 2 || some[0].letter != "a" || some[1].letter != "d" {
		t.Errorf("choose(d, a) = %v, %v, want a and d", some, err)
	}
	if _, err := choose([]string{"a", "x"}); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("choose(a, x): %v, want a fault about x", err)
	}
}

// Commands are understood whoever has built them.
func TestReadRequest(t *testing.T) {
	tests := []struct {
		situation, text string
		want            request
	}{
		{"ours", "sendmsg\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: a:b\nEvent-UUID: x-1\n\n",
			request{line: "sendmsg", app: "playback", arg: "a:b", id: "x-1"}},
		{"eslgo", "sendmsg \r\nevent-lock: true\r\nExecute-App-Name: answer\r\nEvent-Uuid: x-2\r\n\r\n",
			request{line: "sendmsg ", app: "answer", id: "x-2"}},
		{"after blank lines", "\n\napi status\n\n", request{line: "api status"}},
	}
	for _, tt := range tests {
		t.Run(tt.situation, func(t *testing.T) {
			got, err := readRequest(bufio.NewReader(strings.NewReader(tt.text)))
			tt.want.size = len(tt.text)
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestDelays(t *testing.T) {
	var d delays
	for i := range 3 * maxDelays {
		d.add(time.Duration(i%1000) * time.Millisecond)
	}
	p50, p99 := d.take()
	if p50 < 450 || p50 > 550 || p99 < 980 || p99 > 999 {
		t.Errorf("median %v ms, p99 %v ms of 0 to 999 ms, want some 500 and 990", p50, p99)
	}
	if p50, p99 = d.take(); p50 != 0 || p99 != 0 {
		t.Errorf("%v and %v after they were taken, want none", p50, p99)
	}
}

// This process has used some time and memory.
func TestProc(t *testing.T) {
	for start := time.Now(); time.Since(start) < 30*time.Millisecond; {
		bytes.Count(make([]byte, 1<<16), []byte{1})
	}
	used, err := cpu(os.Getpid())
	if err != nil || used <= 0 || used > time.Hour {
		t.Errorf("cpu = %v, %v, want some", used, err)
	}
	memory, err := resident(os.Getpid())
	if err != nil || memory < 1<<20 || memory > 1<<34 {
		t.Errorf("resident = %d, %v, want some MiB", memory, err)
	}
}

// The tree has as many nodes as were asked for, and is plain YAML, which takes
// little.
func TestTree(t *testing.T) {
	text := tree(1000, "first")
	if got := strings.Count(text, "\n    menu:") + 2; got != 1000 {
		t.Errorf("%d nodes, want 1000", got)
	}
	allocs, _ := alloctest.PerRun(3, func() {
		if _, err := dialplan.Load([]byte(text), dialplan.Options{}); err != nil {
			t.Fatal(err)
		}
	})
	const most = 10
	if allocs/1000 > most {
		t.Errorf("%.1f allocations a node, want at most %d: was it read by the YAML library?", allocs/1000, most)
	}
}

// docs/performance.md says of every target what is measured, and has its figure.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range targets {
		if n := strings.Count(string(text), "`"+target.key+"`"); n < 2 {
			t.Errorf("docs/performance.md names %s %d times, want its row and its figure", target.key, n)
		}
	}
}
