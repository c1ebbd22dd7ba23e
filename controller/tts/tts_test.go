package tts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newRenderer(t *testing.T, cfg Config) *Renderer {
	t.Helper()
	cfg.Dir = t.TempDir()
	r, err := New(cfg)
	if errors.Is(err, ErrNoEngine) {
		t.Fatalf("New: %v: install the Debian package espeak-ng", err)
	}
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return r
}

func TestRenderInEachLanguage(t *testing.T) {
	r := newRenderer(t, Config{})
	for lang, text := range map[string]string{"uk": "Доброго дня! П'ять гривень.", "en": "Good morning!"} {
		name, err := r.Render(t.Context(), Words{Text: text, Lang: lang})
		if err != nil {
			t.Fatalf("Render(%q): %v", text, err)
		}
		path, err := r.Path(name)
		if err != nil {
			t.Fatalf("Path(%q): %v", name, err)
		}
		sound, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(sound, []byte("RIFF")) || bytes.Count(sound[wavHeader:], []byte{0}) == len(sound)-wavHeader {
			t.Errorf("Render(%q) wrote %d bytes that are not sound", text, len(sound))
		}
	}
}

func TestRenderOnce(t *testing.T) {
	// An engine that leaves a trace of every run.
	dir := t.TempDir()
	engine, trace, sample := filepath.Join(dir, "engine"), filepath.Join(dir, "trace"), filepath.Join(dir, "sample.wav")
	if err := os.WriteFile(sample, wave([]int16{0, 1000, 0}), 0o644); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\necho run >>%s\nfor last; do :; done\ncat >/dev/null\ncp %s $last\n", trace, sample)
	if err := os.WriteFile(engine, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	r := newRenderer(t, Config{Command: engine})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			// Line breaks and runs of blanks do not make other words.
			text := "hello" + strings.Repeat(" \n", i%2+1) + "there"
			if _, err := r.Render(t.Context(), Words{Text: text, Lang: "en"}); err != nil {
				t.Errorf("Render: %v", err)
			}
		})
	}
	wg.Wait()
	runs, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(runs), "run"); got != 1 {
		t.Errorf("the engine ran %d times, want once", got)
	}
}

func TestRenderRefuses(t *testing.T) {
	r := newRenderer(t, Config{})
	tests := []struct {
		situation string
		words     Words
	}{
		{"empty text", Words{Text: " \n", Lang: "en"}},
		{"too long", Words{Text: strings.Repeat("a", MaxText+1), Lang: "en"}},
		{"not UTF-8", Words{Text: "\xff\xfe", Lang: "en"}},
		{"a voice that is an option", Words{Text: "hi", Voice: "-w/etc/passwd"}},
		{"a voice that is a path", Words{Text: "hi", Voice: "../x"}},
		{"no language", Words{Text: "hi"}},
		{"too fast", Words{Text: "hi", Lang: "en", Rate: 1000}},
	}
	for _, tt := range tests {
		t.Run(tt.situation, func(t *testing.T) {
			if name, err := r.Render(t.Context(), tt.words); !errors.Is(err, ErrWords) {
				t.Errorf("Render = %q, %v, want ErrWords", name, err)
			}
		})
	}
}

func TestRenderUnknownVoice(t *testing.T) {
	r := newRenderer(t, Config{})
	if name, err := r.Render(t.Context(), Words{Text: "hi", Voice: "nosuchvoice"}); err == nil {
		t.Errorf("Render with an unknown voice = %q, want an error", name)
	}
	left, err := os.ReadDir(r.cfg.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 0 {
		t.Errorf("a failed rendering left %v behind", left)
	}
}

func TestEngineMissing(t *testing.T) {
	if _, err := New(Config{Dir: t.TempDir(), Command: "no-such-engine"}); !errors.Is(err, ErrNoEngine) {
		t.Errorf("New = %v, want ErrNoEngine", err)
	}
}

func TestEngineHangs(t *testing.T) {
	engine := filepath.Join(t.TempDir(), "engine")
	if err := os.WriteFile(engine, []byte("#!/bin/sh\nexec sleep 60\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := newRenderer(t, Config{Command: engine, Timeout: 50 * time.Millisecond})
	if _, err := r.Render(t.Context(), Words{Text: "hi", Lang: "en"}); err == nil {
		t.Error("Render with a hanging engine returned no error")
	}
}

func TestCloseWaitsForWhatNobodyWaitsFor(t *testing.T) {
	engine, started := filepath.Join(t.TempDir(), "engine"), filepath.Join(t.TempDir(), "started")
	if err := os.WriteFile(engine, []byte("#!/bin/sh\n: >"+started+"\nexec sleep 0.3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := newRenderer(t, Config{Command: engine})
	ctx, hangUp := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(started); err == nil {
				hangUp()
			}
		}
	}()
	if _, err := r.Render(ctx, Words{Text: "hi", Lang: "en"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Render for a caller who hung up = %v, want context.Canceled", err)
	}
	r.Close()
	if left, err := os.ReadDir(r.cfg.Dir); err != nil || len(left) != 0 {
		t.Errorf("after Close the folder holds %v, %v; want nothing of a rendering under way", left, err)
	}
	if _, err := r.Render(t.Context(), Words{Text: "hi", Lang: "en"}); !errors.Is(err, ErrClosed) {
		t.Errorf("Render after Close = %v, want ErrClosed", err)
	}
}

func TestPathRefusesForeignNames(t *testing.T) {
	r := newRenderer(t, Config{})
	for _, name := range []string{"", "../../etc/passwd", "x.wav", strings.Repeat("0", 32) + ".wav", strings.Repeat("0", 32) + ".wav/.."} {
		if path, err := r.Path(name); !errors.Is(err, ErrUnknown) {
			t.Errorf("Path(%q) = %q, %v, want ErrUnknown", name, path, err)
		}
	}
}

func TestPruneRemovesTheOldest(t *testing.T) {
	dir := t.TempDir()
	start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	for i := range 10 {
		path := filepath.Join(dir, fmt.Sprintf("%032x.wav", i))
		if err := os.WriteFile(path, make([]byte, 100), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, start, start.Add(time.Duration(i)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	p := &pruner{dir: dir, max: 500}
	if err := p.prune(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 4 || left[0].Name() != fmt.Sprintf("%032x.wav", 6) {
		t.Errorf("prune left %v, want the four newest", left)
	}
}
