package controller

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/dialplan"
)

// endless never ends by itself.
func endless(func(error)) (stop func()) { return func() {} }

// holding lets a caller wait. The test plays FreeSWITCH: it gives the
// body of the answer to each question, "|" before an event that follows, and
// what follows the reply to each application. The function returned waits for
// the end.
func holding(t *testing.T, h dialplan.Hold, probe time.Duration, wait dialplan.Wait, answer func(command string) string) (ended func() (string, error)) {
	t.Helper()
	cfg := Config{probe: probe, Log: slog.New(slog.DiscardHandler)}.withDefaults()
	type result struct {
		key string
		err error
	}
	done := make(chan result, 1)
	server := &esl.Server{Logger: cfg.Log, Handler: func(s *esl.Session) {
		l := &line{
			sess: s, uuid: "u", token: "00000000-token", cfg: &cfg, pulse: newPulse(), log: cfg.Log, stats: new(counters),
			files: new(presence), typed: dialplan.NewTypeAhead(""),
		}
		key, err := l.Hold(t.Context(), h, wait)
		done <- result{key, err}
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Shutdown(context.Background()) })
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	go func() {
		for r := bufio.NewReader(nc); ; {
			var lines []string
			for line := ""; line != "\n"; {
				if line, err = r.ReadString('\n'); err != nil {
					return
				}
				lines = append(lines, strings.TrimSpace(line))
			}
			command := strings.Join(lines, " ")
			switch {
			case command == "connect ":
				_, _ = fmt.Fprint(nc, "Event-Name: CHANNEL_DATA\nUnique-ID: u\nContent-Type: command/reply\nReply-Text: +OK\n\n")
			case strings.HasPrefix(command, "sendmsg"):
				_, _ = fmt.Fprint(nc, "Content-Type: command/reply\nReply-Text: +OK\n\n"+answer(command))
			default:
				body, event, _ := strings.Cut(answer(command), "|")
				_, _ = fmt.Fprintf(nc, "Content-Type: api/response\nContent-Length: %d\n\n%s%s", len(body), body, event)
			}
		}
	}()
	return func() (string, error) {
		t.Helper()
		select {
		case r := <-done:
			return r.key, r.err
		case <-time.After(10 * time.Second):
			t.Fatal("the hold does not end")
			return "", nil
		}
	}
}

// pressed is the event of a key.
func pressed(key string) string {
	body := "Event-Name: DTMF\nUnique-ID: u\nDTMF-Digit: " + key + "\n\n"
	return fmt.Sprintf("Content-Length: %d\nContent-Type: text/event-plain\n\n%s", len(body), body)
}

// Nobody waits for a caller who hears music but the call's own goroutine.
func TestWaitingCallHasOneGoroutine(t *testing.T) {
	music := make(chan struct{}, 1)
	holding(t, dialplan.Hold{}, time.Minute, endless, func(command string) string {
		if strings.Contains(command, "playback") {
			music <- struct{}{}
		}
		return "00000000-token"
	})
	<-music
	var stacks string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		buf := make([]byte, 1<<20)
		stacks = string(buf[:runtime.Stack(buf, true)])
		if strings.Count(stacks, "controller/esl.(*Server)") == 4 && // Serve, who created run; run and handle
			strings.Contains(stacks, "controller.(*hold).listen") {
			return
		}
	}
	t.Errorf("want one goroutine:\n%s", stacks)
}

// completed is the event that ends the application of a command.
func completed(command string) string {
	_, id, _ := strings.Cut(command, "Event-UUID: ")
	body := "Event-Name: CHANNEL_EXECUTE_COMPLETE\nUnique-ID: u\nApplication: set\nApplication-UUID: " + strings.TrimSpace(id) + "\n\n"
	return fmt.Sprintf("Content-Length: %d\nContent-Type: text/event-plain\n\n%s", len(body), body)
}

// Music that somebody has dropped ends without a word, and begins again. While
// it plays it is looked after more rarely.
func TestDroppedMusicBeginsAgain(t *testing.T) {
	const probe = 20 * time.Millisecond
	var mu sync.Mutex
	var steps []string
	var at []time.Time
	ended := holding(t, dialplan.Hold{Keys: "#"}, probe, endless, func(command string) string {
		mu.Lock()
		defer mu.Unlock()
		step := func(what string) string {
			steps, at = append(steps, what), append(at, time.Now())
			return what
		}
		switch {
		case strings.Contains(command, "execute-app-name: playback"):
			step("play")
			return ""
		case strings.Contains(command, "current_application") && len(steps) == 5:
			return step("park")
		case strings.Contains(command, "current_application"):
			if step("playback"); len(steps) == 8 {
				return "playback|" + pressed("#")
			}
			return "playback"
		case strings.Contains(command, "dialgraph_marker"):
			return completed(command)
		case strings.Contains(command, "dialgraph_owner"): // the test stood still
			return "00000000-token"
		}
		return "+OK"
	})
	if key, err := ended(); key != "#" || err != nil {
		t.Fatalf("hold ended with key %q, error %v", key, err)
	}
	mu.Lock()
	defer mu.Unlock()
	want := "play playback playback playback playback park play playback"
	if got := strings.Join(steps, " "); got != want {
		t.Errorf("steps\n%s\nwant\n%s", got, want)
	}
	for i, least := range []time.Duration{0, probe, 2 * probe, 2 * probe, 2 * probe} {
		if i > 0 && at[i].Sub(at[i-1]) < least {
			t.Errorf("look %d came after %v, want at least %v", i, at[i].Sub(at[i-1]), least)
		}
	}
}

// A wait ends by itself, or after the longest time, and the music with it. It is
// stopped in any case.
func TestWaitEndsWithItsMusic(t *testing.T) {
	found := errors.New("found")
	for situation, tt := range map[string]struct {
		most time.Duration
		wait func(done func(error))
		want error
	}{
		"at once":            {0, func(done func(error)) { done(found) }, found},
		"while music plays":  {0, func(done func(error)) { time.AfterFunc(3*blip, func() { done(found) }) }, found},
		"after its time":     {3 * blip, func(func(error)) {}, context.DeadlineExceeded},
		"before its time":    {time.Hour, func(done func(error)) { time.AfterFunc(3*blip, func() { done(nil) }) }, nil},
		"before any music":   {blip / 4, func(func(error)) {}, context.DeadlineExceeded},
		"twice is told once": {0, func(done func(error)) { done(found); done(nil) }, found},
	} {
		t.Run(situation, func(t *testing.T) {
			stopped := make(chan struct{})
			wait := func(done func(error)) (stop func()) {
				tt.wait(done)
				return func() { close(stopped) }
			}
			var mu sync.Mutex
			plays := false
			ended := holding(t, dialplan.Hold{AtMost: tt.most}, time.Minute, wait, func(command string) string {
				mu.Lock()
				defer mu.Unlock()
				switch {
				case strings.Contains(command, "execute-app-name: playback"):
					plays = true
					return ""
				case strings.Contains(command, "dialgraph_marker"):
					plays = false
					return completed(command)
				case strings.Contains(command, "dialgraph_owner"): // the test stood still
					return "00000000-token"
				}
				return "+OK"
			})
			if key, err := ended(); key != "" || !errors.Is(err, tt.want) {
				t.Errorf("hold ended with key %q, error %v, want %v", key, err, tt.want)
			}
			select {
			case <-stopped:
			default:
				t.Error("the wait was not stopped")
			}
			mu.Lock()
			defer mu.Unlock()
			if plays {
				t.Error("the music goes on")
			}
		})
	}
}
