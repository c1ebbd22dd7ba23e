package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// benchProcess is `dialgraph bench --quick` as a process of its own, with its
// scratch files below dir.
func benchProcess(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], append([]string{"bench", "--quick", "--json", filepath.Join(dir, "bench.json")}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "TMPDIR="+dir)
	return cmd
}

// Every figure that has a target is measured, and is one that can be. How good
// it is depends on the machine, and is no matter of a test.
func TestBench(t *testing.T) {
	dir := t.TempDir()
	out, err := benchProcess(dir).CombinedOutput()
	if err != nil {
		t.Fatalf("dialgraph bench: %v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "bench.json"))
	if err != nil {
		t.Fatal(err)
	}
	var figures map[string]any
	if err := json.Unmarshal(text, &figures); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		key         string
		least, most float64
	}{
		{"a_vs_floor", 0.001, 2},
		{"a_vs_eslgo", 0.01, 1000},
		{"b_calls_per_s", 1, 1e5},
		{"step_p99_ms", 0.001, 1e4},
		{"c_kib_per_call", 1, 2000},
		{"c_idle_cpu_pct", 0, 200},
		{"growth", 0.1, 10},
		{"d_assign_per_s", 10, 1e6},
		{"d_growth", 0.05, 10},
		{"d_p99_ms", 0.01, 1e4},
		{"e_import_per_s", 100, 1e7},
		{"e_lookup_p99_ms", 0.01, 1e4},
		{"f_validate_ms", 0.1, 1e4},
		{"f_activate_ms", 0.1, 2e4},
		{"redis_ping_p99_ms", 0.001, 1e3},
		{"redis_script_per_s", 1, 1e7},
		{"floor_calls_per_s", 10, 1e6},
	}
	for _, tt := range tests {
		got, ok := figures[tt.key].(float64)
		if !ok || math.IsNaN(got) || got < tt.least || got > tt.most {
			t.Errorf("%s = %v, want %v to %v", tt.key, figures[tt.key], tt.least, tt.most)
		}
		if !bytes.Contains(out, []byte(tt.key+" ")) {
			t.Errorf("the table does not show %s", tt.key)
		}
	}
	sameWork(t, figures)
	if left := workingBelow(dir); len(left) > 0 {
		t.Errorf("processes left: %v", left)
	}
}

// sameWork checks that the yardsticks get and send what our controller does.
// Ours asks once for each prompt whether it is there; eslgo says goodbye.
func sameWork(t *testing.T, figures map[string]any) {
	t.Helper()
	for _, figure := range []string{"commands", "command_bytes", "bytes"} {
		ours, _ := figures["a_ours_"+figure].(float64)
		for _, rival := range []string{"floor", "eslgo"} {
			if got, _ := figures["a_"+rival+"_"+figure].(float64); got < 0.9*ours || got > 1.15*ours {
				t.Errorf("%s: %s of %v a call, ours %v: not the same work", rival, figure, got, ours)
			}
		}
	}
}

// However the bench ends, nothing that it started lives on.
func TestBenchEnded(t *testing.T) {
	for _, tt := range []struct {
		situation string
		signal    syscall.Signal
		status    int
	}{
		{"by ctrl-C", syscall.SIGINT, 1},
		{"by kill -9", syscall.SIGKILL, -1},
	} {
		t.Run(tt.situation, func(t *testing.T) {
			dir := t.TempDir()
			cmd := benchProcess(dir, "--scenario", "a")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "load, controller, floor, eslgo and Redis run", func() (string, bool) {
				seen := workingBelow(dir)
				return strings.Join(seen, "\n"), len(seen) >= 5
			})
			if err := cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			started := time.Now()
			_ = cmd.Wait() // ProcessState tells
			if got := cmd.ProcessState.ExitCode(); got != tt.status {
				t.Errorf("exit status %d, want %d", got, tt.status)
			}
			if took := time.Since(started); took > soon {
				t.Errorf("it took %v to end", took)
			}
			eventually(t, "all have ended", func() (string, bool) {
				seen := workingBelow(dir)
				return strings.Join(seen, "\n"), len(seen) == 0
			})
		})
	}
}

// workingBelow are the processes that work in a folder below dir.
func workingBelow(dir string) []string {
	var found []string
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		at, err := os.Readlink(link) // whoever has ended meanwhile has none
		if err == nil && strings.HasPrefix(at, dir+"/") {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "cmdline"))
			found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return found
}
