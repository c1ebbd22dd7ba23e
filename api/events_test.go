package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A watcher is a client of the event stream.
type watcher struct {
	t     testing.TB
	lines *bufio.Scanner
	close func()
}

func (s *service) watch(lastID string) *watcher {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/v1/events", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer read")
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		cancel()
		_ = resp.Body.Close()
	})
	w := &watcher{t: s.t, lines: bufio.NewScanner(resp.Body), close: cancel}
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || got != "text/event-stream" {
		s.t.Fatalf("status %d, Content-Type %q", resp.StatusCode, got)
	}
	w.want("retry: 2000")
	return w
}

// next is the next block of the stream, "" when it has ended.
func (w *watcher) next() string {
	var block []string
	for w.lines.Scan() && w.lines.Text() != "" {
		block = append(block, w.lines.Text())
	}
	return strings.Join(block, "\n")
}

func (w *watcher) want(block string) {
	w.t.Helper()
	if diff := cmp.Diff(block, w.next()); diff != "" {
		w.t.Fatalf("next event (-want +got):\n%s", diff)
	}
}

func (s *service) publish(n int) {
	s.t.Helper()
	if err := s.api.cfg.Events.Publish(Event{AgentChange, AgentStatus{Agent: fmt.Sprint(n), Since: noon}}); err != nil {
		s.t.Fatal(err)
	}
}

// block is the event with this number as a client reads it.
func (s *service) block(n int) string {
	return fmt.Sprintf("id: %s-%d\nevent: agent.status\ndata: ", s.api.cfg.Events.epoch, n) +
		fmt.Sprintf(`{"agent":"%d","status":"","state":"","since":"2026-03-02T12:00:00Z"}`, n)
}

func TestEventsReachWhoWatches(t *testing.T) {
	s := newService(t)
	s.publish(1) // before anybody watches
	one, two := s.watch(""), s.watch("")
	s.publish(2)
	one.want(s.block(2))
	two.want(s.block(2))
	one.close()
	s.publish(3)
	two.want(s.block(3))
}

func TestStatusThatIsSetIsAnEvent(t *testing.T) {
	s := newService(t)
	w := s.watch("")
	x := s.want(200, "PUT", "/v1/agents/maria/status", `{"status":"available"}`)
	w.want("id: " + s.api.cfg.Events.id(1) + "\nevent: agent.status\ndata: " + strings.TrimSpace(x.body))
}

func TestEventsGoOnWhereAClientLeft(t *testing.T) {
	s := newService(t)
	for n := range 5 {
		s.publish(n + 1)
	}
	w := s.watch(s.api.cfg.Events.id(3))
	w.want(s.block(4))
	w.want(s.block(5))
	w = s.watch("another1-3") // from a controller that is gone
	w.want("event: missed\ndata: {\"events\":0}")
	s.publish(6)
	w.want(s.block(6))
}

func TestEventsMissedAreTold(t *testing.T) {
	s := newService(t)
	for n := range feedSize + 10 {
		s.publish(n + 1)
	}
	w := s.watch(s.api.cfg.Events.id(1))
	w.want("event: missed\ndata: {\"events\":9}")
	w.want(s.block(11))
}

// While nobody watches, and nobody may come back, events may be left out; whoever
// comes back all the same is told.
func TestFeedOfNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFeed()
		watched := func(want bool) {
			t.Helper()
			if got := f.Watched(); got != want {
				t.Errorf("Watched = %t, want %t", got, want)
			}
		}
		watched(false)
		_, _, end := f.watch("")
		watched(true)
		if err := f.Publish(Event{Type: AgentChange}); err != nil {
			t.Fatal(err)
		}
		id := f.id(1)
		_, _, other := f.watch("")
		end()
		time.Sleep(feedFor)
		watched(true)
		other()
		time.Sleep(feedFor - 1)
		watched(true)
		if from, known, end := f.watch(id); from != 2 || !known {
			t.Errorf("goes on at %d, %t, want at 2", from, known)
		} else {
			end()
		}
		time.Sleep(feedFor)
		watched(false)
		if from, known, _ := f.watch(id); from != 2 || known {
			t.Errorf("goes on at %d, %t, want at 2 after events that are gone", from, known)
		}
	})
}

// A client that reads nothing fills its socket, and must neither hold up
// Publish nor others, nor stay for ever.
func TestSlowClientHoldsUpNobody(t *testing.T) {
	s := newService(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer read\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	w := s.watch("")
	const events = 20_000
	started := time.Now()
	for range events {
		if err := s.api.cfg.Events.Publish(Event{CallEnded, Call{Path: []string{strings.Repeat("x", 500)}}}); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("publishing took %s", took)
	}
	last := "id: " + s.api.cfg.Events.id(events)
	for {
		block := w.next()
		if block == "" {
			t.Fatal("the stream ended")
		}
		if strings.HasPrefix(block, last) {
			break
		}
	}
}

// hasty is a server whose own timeouts are shorter than a stream or an import.
func hasty(s *http.Server) { s.ReadTimeout, s.WriteTimeout = 30*time.Millisecond, 30*time.Millisecond }

func TestEventStreamsOutliveTheServersTimeouts(t *testing.T) {
	s := newService(t, hasty)
	w := s.watch("")
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n := range 15 {
		<-tick.C
		s.publish(n + 1)
		w.want(s.block(n + 1))
	}
}

func TestEventStreamsEndWithTheServer(t *testing.T) {
	s := newService(t)
	w := s.watch("")
	s.api.Close()
	if block := w.next(); block != "" {
		t.Errorf("after Close came %q", block)
	}
}

func TestEventsNeedAKey(t *testing.T) {
	s := newService(t)
	s.want(401, "GET", "/v1/events", "", "Authorization", "")
	s.want(403, "GET", "/v1/events", "", "Authorization", "Bearer "+ScopeAgent)
}

func TestEventStreamsAreBounded(t *testing.T) {
	s := newService(t)
	for range maxStreams {
		s.watch("")
	}
	x := s.want(503, "GET", "/v1/events", "")
	if got := x.header.Get("Retry-After"); got != "10" {
		t.Errorf("Retry-After = %q, want 10", got)
	}
}

func TestFeedWaitsNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFeed()
		ctx, cancel := context.WithTimeout(t.Context(), heartbeat)
		defer cancel()
		started := time.Now()
		_, _, _, err := f.read(ctx, 1)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != heartbeat {
			t.Errorf("read ended after %s with %v, want the deadline after %s", time.Since(started), err, heartbeat)
		}
	})
}

func TestFeedRefusesWhatIsNoJSON(t *testing.T) {
	if err := NewFeed().Publish(Event{CallEnded, func() {}}); err == nil {
		t.Error("a function was published")
	}
}
