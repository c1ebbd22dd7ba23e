//go:build freeswitch

package realswitch

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// report collects what the tests find, for docs/freeswitch-tested.md.
var report findings

type findings struct {
	mu        sync.Mutex
	begun     time.Time
	scenarios []*outcome
	names     []string // of figures, in order
	figures   map[string][]time.Duration
}

const passedResult = "passed"

type outcome struct {
	name   string
	result string
	took   time.Duration
}

// scenario has the result of a test written down.
func (f *findings) scenario(t *testing.T) {
	o := &outcome{name: situation(t.Name()), result: "not finished"}
	begin := time.Now()
	f.mu.Lock()
	f.scenarios = append(f.scenarios, o)
	if f.begun.IsZero() {
		f.begun = begin
	}
	f.mu.Unlock()
	t.Cleanup(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		o.took, o.result = time.Since(begin), passedResult
		if t.Failed() {
			o.result = "**failed**"
		}
	})
}

// figure writes down one measurement.
func (f *findings) figure(t testing.TB, name string, d time.Duration) {
	t.Helper()
	t.Logf("%s: %v", name, d.Round(time.Millisecond))
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.figures == nil {
		f.figures = make(map[string][]time.Duration)
	}
	if _, known := f.figures[name]; !known {
		f.names = append(f.names, name)
	}
	f.figures[name] = append(f.figures[name], d)
}

var capital = regexp.MustCompile(`([A-Z])`)

// situation is a test's name as a sentence.
func situation(name string) string {
	group, rest, _ := strings.Cut(strings.TrimPrefix(name, "Test"), "/")
	group = strings.TrimSpace(capital.ReplaceAllString(group, " $1"))
	group = group[:1] + strings.ToLower(group[1:])
	if rest == "" {
		return group
	}
	return group + ": " + strings.ReplaceAll(rest, "_", " ")
}

// write writes the document.
func (f *findings) write(path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p("# Calls on a real FreeSWITCH\n\nWritten by `make test-freeswitch`; [freeswitch-testing.md](freeswitch-testing.md) says how.\n\n")
	p("Commit: %s  \n", commit(ctx))
	p("Date: %s  \n", f.begun.UTC().Format("2006-01-02 15:04 UTC"))
	for i, n := range settings.nodes {
		p("Node %d: %s  \n", i+1, n.version(ctx))
	}
	p("Machine: %s, %d processors, shared by the FreeSWITCH, Redis, the controllers and the telephones\n\n", runtime.GOARCH, runtime.NumCPU())
	p("## What callers and agents notice\n\nMeasured on RTP and SIP, at the telephones.\n\n")
	p("| | measured | median | worst |\n|---|--:|--:|--:|\n")
	for _, name := range f.names {
		all := slices.Sorted(slices.Values(f.figures[name]))
		p("| %s | %d | %s | %s |\n", name, len(all), milliseconds(all[len(all)/2]), milliseconds(all[len(all)-1]))
	}
	passed := 0
	for _, o := range f.scenarios {
		if o.result == passedResult {
			passed++
		}
	}
	p("\n## Scenarios\n\n%d of %d passed.\n\n| situation | result | took |\n|---|---|--:|\n", passed, len(f.scenarios))
	for _, o := range f.scenarios {
		p("| %s | %s | %.1f s |\n", o.name, o.result, o.took.Seconds())
	}
	return os.WriteFile(path, b.Bytes(), 0o644) // a document
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// commit is what was tested, as .ci/tested-since reads it.
func commit(ctx context.Context) string {
	hash, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	text := "`" + strings.TrimSpace(string(hash)) + "`"
	changed, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--untracked-files=no", "../../..", ":!*_test.go", ":!../../../docs").Output()
	if err != nil || len(bytes.TrimSpace(changed)) > 0 {
		text += " and changes that were not committed"
	}
	return text
}
