package esl

import (
	"context"
	"errors"
	"fmt"
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

// ask starts a command.
func ask(t testing.TB, c *Conn, line string) func() (*Event, error) {
	return async(t, func() (*Event, error) { return c.Command(t.Context(), line) })
}

func TestCommandReplies(t *testing.T) {
	c, fs := start(t, Options{})
	for _, tt := range []struct {
		situation, sent, reply, want, refusal string
	}{
		{"taken", "linger", reply("+OK will linger"), "+OK will linger", ""},
		{"a value", "getvar a", reply("some value"), "some value", ""},
		{"refused", "nonsense", reply("-ERR command not found"), "-ERR command not found", "nonsense: -ERR command not found"},
		{"result", "api uuid_exists a", apiResult("true"), "true", ""},
		{"refused result", "api nonsense x", apiResult("-ERR nonsense Command not found!\n"),
			"-ERR nonsense Command not found!", "api nonsense: -ERR nonsense Command not found!"},
		{"usage", "api uuid_kill", apiResult("-USAGE: <uuid> [cause]\n"),
			"-USAGE: <uuid> [cause]", "api uuid_kill: -USAGE: <uuid> [cause]"},
	} {
		t.Run(tt.situation, func(t *testing.T) {
			result := ask(t, c, tt.sent)
			fs.expect(tt.sent)
			fs.send(tt.reply)
			got, err := result()
			if got == nil || got.ReplyText() != tt.want {
				t.Fatalf("reply %v, error %v, want %q", got, err, tt.want)
			}
			var refusal *ReplyError
			if errors.As(err, &refusal) != (tt.refusal != "") || (err != nil && err.Error() != tt.refusal) {
				t.Errorf("error %v, want %q", err, tt.refusal)
			}
		})
	}
}

func TestAPIBgAPIAndExecute(t *testing.T) {
	c, fs := start(t, Options{})
	api := async(t, func() (string, error) { return c.API(t.Context(), "uuid_getvar a b") })
	fs.expect("api uuid_getvar a b")
	fs.send(apiResult("+OK x\n"))
	if got, err := api(); got != "+OK x" || err != nil {
		t.Errorf("API = %q, %v", got, err)
	}
	job := async(t, func() (string, error) { return c.BgAPI(t.Context(), "originate user/1 &park") })
	fs.expect("bgapi originate user/1 &park")
	fs.send("Content-Type: command/reply\nReply-Text: +OK Job-UUID: j1\nJob-UUID: j1\n\n")
	if got, err := job(); got != "j1" || err != nil {
		t.Errorf("BgAPI = %q, %v", got, err)
	}
	execute := async(t, func() ([]*Event, error) {
		return c.Pipeline(t.Context(), Execute("playback", "a.wav", ExecuteOptions{Lock: true}))
	})
	fs.expect("sendmsg\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: a.wav\nevent-lock: true")
	fs.send(reply("-ERR invalid session"))
	if _, err := execute(); err == nil || err.Error() != "sendmsg playback: -ERR invalid session" {
		t.Errorf("Execute = %v, want the refusal", err)
	}
}

func TestPipelineIsOneRoundTrip(t *testing.T) {
	c, fs := start(t, Options{})
	replies := async(t, func() ([]*Event, error) {
		return c.Pipeline(t.Context(), Linger(0), Filter("Unique-ID", "a"), EventPlain("DTMF"))
	})
	fs.expect("linger")
	fs.expect("filter Unique-ID a")
	fs.expect("event plain DTMF")
	fs.send(reply("+OK 1"), event("DTMF"), reply("-ERR 2"), reply("+OK 3"))
	got, err := replies()
	if err == nil || err.Error() != "filter: -ERR 2" {
		t.Errorf("error %v, want the refusal of the filter", err)
	}
	var texts []string
	for _, e := range got {
		texts = append(texts, e.ReplyText())
	}
	if diff := cmp.Diff([]string{"+OK 1", "-ERR 2", "+OK 3"}, texts); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
	if got, err := c.Pipeline(t.Context()); got != nil || err != nil {
		t.Errorf("a pipeline of nothing = %v, %v", got, err)
	}
}

func TestEachCommandGetsItsOwnReply(t *testing.T) {
	c, fs := start(t, Options{EventQueue: 1000})
	const each, all = 25, 1000
	var callers sync.WaitGroup
	for caller := range all / each {
		callers.Go(func() {
			for i := range each {
				want := fmt.Sprintf("%d/%d", caller, i)
				if got, err := c.API(t.Context(), want); got != want {
					t.Errorf("API(%s) = %q, %v", want, got, err)
					return
				}
			}
		})
	}
	for i := range all {
		fs.send(event("DTMF", "DTMF-Digit: "+strconv.Itoa(i)), apiResult(strings.TrimPrefix(fs.command(), "api ")))
	}
	callers.Wait()
	for i := range all {
		if got := nextEvent(t, c).Get("DTMF-Digit"); got != strconv.Itoa(i) {
			t.Fatalf("event %d is %q: not the order of the wire", i, got)
		}
	}
}

func TestRefusedCommandSendsNothing(t *testing.T) {
	c, fs := start(t, Options{})
	_, err := c.Pipeline(t.Context(), Linger(0), Filter("Unique-ID", "a\n\nexit"))
	if !errors.Is(err, ErrBadCommand) {
		t.Errorf("error %v, want %v", err, ErrBadCommand)
	}
	result := ask(t, c, "noevents")
	fs.expect("noevents")
	fs.send(reply("+OK"))
	if _, err := result(); err != nil {
		t.Errorf("the next command: %v", err)
	}
}

func TestLateReplyClosesTheConnection(t *testing.T) {
	for situation, wait := range map[string]struct{ command, caller time.Duration }{
		"command timeout":        {command: time.Minute, caller: time.Hour},
		"deadline of the caller": {command: time.Hour, caller: time.Minute},
	} {
		t.Run(situation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				fs := newPeer(t, there)
				c := run(t, here, Options{CommandTimeout: wait.command})
				began := time.Now()
				late := async(t, func() (*Event, error) {
					ctx, cancel := context.WithTimeout(t.Context(), wait.caller)
					defer cancel()
					return c.Command(ctx, "one")
				})
				fs.expect("one")
				<-c.Done()
				if _, err := late(); !errors.Is(err, ErrTimeout) || time.Since(began) != time.Minute {
					t.Errorf("%v after %v, want %v after a minute", err, time.Since(began), ErrTimeout)
				}
				if _, err := c.Command(t.Context(), "two"); !errors.Is(err, ErrTimeout) {
					t.Errorf("the next command: %v, want %v", err, ErrTimeout)
				}
				if _, err := there.Write([]byte(reply("+OK late"))); !errors.Is(err, io.ErrClosedPipe) {
					t.Errorf("the late reply was taken: %v", err)
				}
			})
		})
	}
}

func TestCancelledCommandLosesItsReplyOnly(t *testing.T) {
	c, fs := start(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	first := async(t, func() (*Event, error) { return c.Command(ctx, "one") })
	fs.expect("one")
	cancel()
	if _, err := first(); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled command: %v", err)
	}
	second := ask(t, c, "two")
	fs.expect("two")
	fs.send(reply("+OK one"), reply("+OK two"))
	if got, err := second(); err != nil || got.ReplyText() != "+OK two" {
		t.Errorf("second command got %v, %v", got, err)
	}
	if _, err := c.Command(ctx, "three"); !errors.Is(err, context.Canceled) {
		t.Errorf("command of a cancelled caller: %v", err)
	}
}

func TestWriteIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe() // nobody reads
		defer func() { _ = there.Close() }()
		c := run(t, here, Options{WriteTimeout: time.Second})
		began := time.Now()
		_, err := c.Command(t.Context(), "linger")
		if err == nil || time.Since(began) != time.Second {
			t.Errorf("%v after %v, want a time-out after a second", err, time.Since(began))
		}
		<-c.Done()
	})
}

// A deadline that stays after a write would end a connection that was merely idle.
func TestWriteDeadlineDoesNotStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		fs := newPeer(t, there)
		c := run(t, here, Options{WriteTimeout: time.Second})
		for _, pause := range []time.Duration{time.Hour, 0} {
			result := ask(t, c, "linger")
			fs.expect("linger")
			fs.send(reply("+OK"))
			if _, err := result(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(pause)
		}
	})
}

func TestSlowConsumerIsCutOff(t *testing.T) {
	c, fs := start(t, Options{EventQueue: 3})
	fs.send(event("A"), event("B"), event("C"), event("D"))
	await(t, "the end", c.Done())
	if err := c.Err(); !errors.Is(err, ErrSlowConsumer) {
		t.Errorf("ended with %v, want %v", err, ErrSlowConsumer)
	}
	var names string
	for e := range c.Events(t.Context()) {
		names += e.Name()
	}
	if names != "ABC" {
		t.Errorf("events %q, want those that fitted", names)
	}
}

func TestHowConnectionsEnd(t *testing.T) {
	for situation, tt := range map[string]struct {
		end  func(c *Conn, fs *peer)
		want error
	}{
		"peer closes":       {func(_ *Conn, fs *peer) { _ = fs.nc.Close() }, io.EOF},
		"closed inside":     {func(_ *Conn, fs *peer) { fs.send("Content-"); _ = fs.nc.Close() }, io.ErrUnexpectedEOF},
		"we close":          {func(c *Conn, _ *peer) { _ = c.Close(); _ = c.Close() }, ErrClosed},
		"nonsense":          {func(_ *Conn, fs *peer) { fs.send("GET / HTTP/1.1\r\n\r\n") }, new(ProtocolError)},
		"reply beyond asks": {func(_ *Conn, fs *peer) { fs.send(reply("+OK"), reply("+OK")) }, new(ProtocolError)},
	} {
		t.Run(situation, func(t *testing.T) {
			c, fs := start(t, Options{})
			if c.Err() != nil || c.RemoteAddr().String() != fs.nc.LocalAddr().String() {
				t.Fatalf("a living connection: %v, peer %v", c.Err(), c.RemoteAddr())
			}
			waiting := ask(t, c, "noevents")
			fs.expect("noevents")
			tt.end(c, fs)
			await(t, "the end", c.Done())
			for e := range c.Events(t.Context()) {
				t.Errorf("event %q after the end", e.Name())
			}
			var protocol *ProtocolError
			if errors.As(tt.want, &protocol) {
				if !errors.As(c.Err(), &protocol) {
					t.Errorf("ended with %v, want a ProtocolError", c.Err())
				}
				_, _ = waiting()
				return
			}
			if !errors.Is(c.Err(), tt.want) {
				t.Errorf("ended with %v, want %v", c.Err(), tt.want)
			}
			if _, err := waiting(); !errors.Is(err, tt.want) {
				t.Errorf("the waiting command: %v, want %v", err, tt.want)
			}
		})
	}
}
