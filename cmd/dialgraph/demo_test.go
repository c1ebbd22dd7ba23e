package main

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"
)

// screen is what a command has printed so far.
type screen struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

func newScreen() *screen { return &screen{changed: make(chan struct{})} }

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// wait waits until the text is on the screen.
func (s *screen) wait(t *testing.T, text string) {
	t.Helper()
	late := time.After(soon)
	for {
		s.mu.Lock()
		changed, found := s.changed, strings.Contains(s.text.String(), text)
		s.mu.Unlock()
		if found {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("no %q on the screen:\n%s", text, s)
		}
	}
}

// The README's first command: without a terminal it plays one call, prints
// its transcript and goes on serving until it is interrupted.
func TestDemoPlaysOneCallAndGoesOnServing(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out, errOut := newScreen(), newScreen()
	status := make(chan int, 1)
	go func() {
		status <- execute(ctx, []string{"demo", "--esl", "127.0.0.1:0", "--http", "127.0.0.1:0", "--data", t.TempDir()},
			strings.NewReader(""), out, errOut)
	}()
	out.wait(t, "still serving")
	for _, line := range []string{
		"API          http://127.0.0.1:", "API key      dgk_", "Вас вітає служба підтримки", "presses  3",
		"З'єдную вас з оператором.", "talks to agent 100", "the call has ended: NORMAL_CLEARING",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("the screen lacks %q:\n%s\n%s", line, out, errOut)
		}
	}
	interrupt()
	select {
	case s := <-status:
		if s != 0 {
			t.Errorf("exit %d, want 0:\n%s", s, errOut)
		}
	case <-time.After(soon):
		t.Error("the demo does not end when it is interrupted")
	}
}
