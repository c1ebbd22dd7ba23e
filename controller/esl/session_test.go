package esl

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// session runs a call on one end of a loopback TCP connection; the test plays FreeSWITCH and the call's goroutine.
func session(t testing.TB, o Options) (*Session, *peer) {
	t.Helper()
	nc, fs := connected(t)
	s := newSession(nc, o.withDefaults())
	t.Cleanup(s.close)
	return s, fs
}

// next takes the next event within the patience of the tests.
func next(t testing.TB, s *Session) *Event {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); { // a wake-up of before may come late
		e, err := s.Next(t.Context(), end)
		if err != nil {
			t.Fatalf("no event: %v", err)
		}
		if e != nil {
			return e
		}
	}
	t.Fatal("no event")
	return nil
}

func TestEventsAroundRepliesKeepTheirOrder(t *testing.T) {
	s, fs := session(t, Options{})
	fs.send(event("A"), event("B"), reply("+OK 1"), event("C"), apiResult("-ERR 2"), event("D"))
	got, err := s.Pipeline(Linger(0), Command{Line: "api nonsense x"})
	if err == nil || err.Error() != "api nonsense: -ERR 2" || len(got) != 2 || got[0].ReplyText() != "+OK 1" {
		t.Errorf("replies %v, error %v", got, err)
	}
	fs.expect("linger")
	fs.expect("api nonsense x")
	var names []string
	for range 4 {
		names = append(names, next(t, s).Name())
	}
	if diff := cmp.Diff([]string{"A", "B", "C", "D"}, names); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if e, err := s.Take(); e != nil || err != nil {
		t.Errorf("Take = %v, %v where nothing has come", e, err)
	}
	if _, err := s.Pipeline(Filter("Unique-ID", "a\n\nexit")); !errors.Is(err, ErrBadCommand) || s.Err() != nil {
		t.Errorf("a line break: %v, connection %v", err, s.Err())
	}
}

func TestWaitsEnd(t *testing.T) {
	stopped := errors.New("stopped")
	for situation, tt := range map[string]struct {
		wait func(s *Session, ctx context.Context, cancel context.CancelCauseFunc) (*Event, error)
		want error
	}{
		"at the time": {func(s *Session, ctx context.Context, _ context.CancelCauseFunc) (*Event, error) {
			return s.Next(ctx, time.Now().Add(time.Millisecond))
		}, nil},
		"at a time that is over": {func(s *Session, ctx context.Context, _ context.CancelCauseFunc) (*Event, error) {
			return s.Next(ctx, time.Now())
		}, nil},
		"woken before": {func(s *Session, ctx context.Context, _ context.CancelCauseFunc) (*Event, error) {
			s.Wake()
			return s.Next(ctx, time.Time{})
		}, nil},
		"woken meanwhile": {func(s *Session, ctx context.Context, _ context.CancelCauseFunc) (*Event, error) {
			time.AfterFunc(time.Millisecond, s.Wake)
			return s.Next(ctx, time.Time{})
		}, nil},
		"context ended before": {func(s *Session, ctx context.Context, cancel context.CancelCauseFunc) (*Event, error) {
			cancel(stopped)
			return s.Next(ctx, time.Time{})
		}, stopped},
		"context ends meanwhile": {func(s *Session, ctx context.Context, cancel context.CancelCauseFunc) (*Event, error) {
			time.AfterFunc(time.Millisecond, func() { cancel(stopped) })
			return s.Next(ctx, time.Time{})
		}, stopped},
		"another context ends": {func(s *Session, ctx context.Context, cancel context.CancelCauseFunc) (*Event, error) {
			other, end := context.WithCancelCause(context.Background())
			time.AfterFunc(time.Millisecond, s.Wake)
			_, _ = s.Next(other, time.Time{})
			time.AfterFunc(time.Millisecond, func() { end(io.ErrNoProgress); cancel(stopped) })
			return s.Next(ctx, time.Time{})
		}, stopped},
	} {
		t.Run(situation, func(t *testing.T) {
			s, fs := session(t, Options{})
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			if e, err := tt.wait(s, ctx, cancel); e != nil || !errors.Is(err, tt.want) {
				t.Errorf("Next = %v, %v, want %v", e, err, tt.want)
			}
			fs.send(event("A"), event("B")) // the call goes on
			if got := next(t, s).Name(); got != "A" {
				t.Errorf("event %q, want A", got)
			}
		})
	}
}

// What has come is returned before the end of the context.
func TestEventsComeBeforeTheEndOfTheContext(t *testing.T) {
	s, fs := session(t, Options{})
	fs.send(reply("+OK"), event("A"))
	if _, err := s.Pipeline(Linger(0)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if e, err := s.Next(ctx, time.Time{}); err != nil || e.Name() != "A" {
		t.Errorf("Next = %v, %v", e, err)
	}
}

// A Wake is for Next: it does not disturb a command, and is not lost by it. Neither does the time of a wait that is over.
func TestCommandsAreNotWoken(t *testing.T) {
	s, fs := session(t, Options{})
	if e, err := s.Next(t.Context(), time.Now().Add(time.Millisecond)); e != nil || err != nil {
		t.Fatalf("Next = %v, %v", e, err)
	}
	replies := async(t, func() ([]*Event, error) { return s.Pipeline(Linger(0)) })
	fs.expect("linger")
	s.Wake()
	fs.send(reply("+OK"))
	if _, err := replies(); err != nil {
		t.Errorf("Pipeline: %v", err)
	}
	if e, err := s.Next(t.Context(), time.Time{}); e != nil || err != nil {
		t.Errorf("Next = %v, %v, want to be woken", e, err)
	}
}

// A frame that has begun is read to its end, however often its reader is woken or its time is over.
func TestFramesInPiecesSurviveShortWaits(t *testing.T) {
	s, fs := session(t, Options{})
	const events = 20
	var all strings.Builder
	for i := range events {
		all.WriteString(event("DTMF", "DTMF-Digit: "+strconv.Itoa(i)))
	}
	var writer sync.WaitGroup
	defer writer.Wait()
	writer.Go(func() {
		for stream := all.String(); stream != ""; {
			n := min(7, len(stream))
			if _, err := io.WriteString(fs.nc, stream[:n]); err != nil {
				return
			}
			s.Wake()
			stream = stream[n:]
		}
	})
	end := time.Now().Add(patience)
	for i := 0; i < events; {
		e, err := s.Next(t.Context(), time.Now().Add(10*time.Microsecond))
		if err != nil || time.Now().After(end) {
			t.Fatalf("event %d: %v", i, err)
		}
		if e == nil {
			continue
		}
		if got := e.Get("DTMF-Digit"); got != strconv.Itoa(i) {
			t.Fatalf("event %d is %q", i, got)
		}
		i++
	}
}

// Deadlines that were set for shorter waits do not shorten longer ones.
func TestWaitsKeepTheirOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer func() { _ = there.Close() }()
		s := newSession(here, Options{CommandTimeout: time.Second}.withDefaults())
		defer s.close()
		for i, d := range []time.Duration{time.Second, time.Hour, time.Minute, 2 * time.Hour, 3 * time.Hour, time.Millisecond} {
			began, wait := time.Now(), s.Next
			if i%2 == 1 {
				wait = s.Idle
			}
			if e, err := wait(t.Context(), began.Add(d)); e != nil || err != nil || time.Since(began) != d {
				t.Errorf("Next = %v, %v after %v, want nothing after %v", e, err, time.Since(began), d)
			}
		}
		fs := newPeer(t, there)
		began := time.Now()
		late := async(t, func() ([]*Event, error) { return s.Pipeline(Linger(0)) })
		fs.expect("linger")
		if _, err := late(); !errors.Is(err, ErrTimeout) || time.Since(began) != time.Second {
			t.Errorf("%v after %v, want %v after a second", err, time.Since(began), ErrTimeout)
		}
		if _, err := s.Pipeline(Linger(0)); !errors.Is(err, ErrTimeout) {
			t.Errorf("the next command: %v, want %v", err, ErrTimeout)
		}
	})
}

// Why a call has ended is known though the peer closed before a command of ours.
func TestLastWordsBeforeAFailedCommand(t *testing.T) {
	for range 50 {
		s, fs := session(t, Options{})
		fs.send(event("CHANNEL_HANGUP"))
		_ = fs.nc.Close()
		for s.Err() == nil { // the first write may still be taken
			if _, err := s.Pipeline(Linger(0)); err == nil {
				t.Fatal("a command was answered")
			}
		}
		if e, err := s.Next(t.Context(), time.Time{}); err != nil || e.Name() != "CHANNEL_HANGUP" {
			t.Fatalf("Next = %v, %v", e, err)
		}
		if e, err := s.Next(t.Context(), time.Time{}); e != nil || !errors.Is(err, s.Err()) {
			t.Fatalf("Next = %v, %v after the end", e, err)
		}
	}
}

// What had come before a command, unread, shows with its answer.
func TestEventsBeforeACommand(t *testing.T) {
	s, fs := session(t, Options{})
	for range 50 {
		fs.send(event("DTMF"))
		answer := async(t, func() ([]*Event, error) { return s.Pipeline(Linger(0)) })
		fs.expect("linger")
		fs.send(reply("+OK"), event("CHANNEL_ANSWER"))
		if replies, err := answer(); err != nil || len(replies) != 1 {
			t.Fatalf("Pipeline = %v, %v", replies, err)
		}
		for _, want := range []string{"DTMF", "CHANNEL_ANSWER"} {
			if e, err := s.Next(t.Context(), time.Now().Add(patience)); err != nil || e.Name() != want {
				t.Fatalf("Next = %v, %v, want %s", e, err, want)
			}
		}
	}
}

// A command that the socket does not take at once is written to its end.
func TestLargeCommand(t *testing.T) {
	s, fs := session(t, Options{})
	large := Command{Line: "sendmsg", Headers: []Header{{"content", strings.Repeat("x", 16<<20)}}}
	answer := async(t, func() ([]*Event, error) { return s.Pipeline(large, Linger(0)) })
	if got := fs.command(); len(got) < 16<<20 {
		t.Errorf("a command of %d bytes", len(got))
	}
	fs.expect("linger")
	fs.send(reply("+OK"), reply("+OK"))
	if _, err := answer(); err != nil {
		t.Error(err)
	}
}

// An idle session is not woken by the time that a command before it had.
func TestIdleIsLeftAlone(t *testing.T) {
	s, fs := session(t, Options{CommandTimeout: 20 * time.Millisecond})
	answer := async(t, func() ([]*Event, error) { return s.Pipeline(Linger(0)) })
	fs.expect("linger")
	fs.send(reply("+OK"))
	if _, err := answer(); err != nil {
		t.Fatal(err)
	}
	armed := s.in.armed
	if e, err := s.Idle(t.Context(), time.Now().Add(40*time.Millisecond)); e != nil || err != nil {
		t.Fatalf("Idle = %v, %v", e, err)
	}
	if !s.in.armed.After(armed) {
		t.Errorf("the deadline is still that of the command")
	}
}
