package esl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// dial runs Dial against a peer that plays and returns what Dial returned.
func dial(t *testing.T, password string, o Options, play func(fs *peer)) (*Conn, error) {
	t.Helper()
	l := listen(t)
	result := async(t, func() (*Conn, error) { return Dial(t.Context(), l.Addr().String(), password, o) })
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	play(newPeer(t, nc))
	c, err := result()
	if c != nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

const greeting = "Content-Type: auth/request\n\n"

func TestDial(t *testing.T) {
	var fs *peer
	c, err := dial(t, "secret", Options{}, func(p *peer) {
		fs = p
		fs.send(greeting)
		fs.expect("auth secret")
		fs.send(reply("+OK accepted"))
	})
	if err != nil {
		t.Fatal(err)
	}
	fs.send(event("CHANNEL_HANGUP_COMPLETE", "Unique-ID: a"))
	if e := nextEvent(t, c); e.Name() != "CHANNEL_HANGUP_COMPLETE" || e.Get("Unique-ID") != "a" {
		t.Errorf("event %q", e.head)
	}
}

func TestDialFails(t *testing.T) {
	rejection := "Access Denied, go away.\n"
	for situation, tt := range map[string]struct {
		password string
		play     func(fs *peer)
		want     error
	}{
		"wrong password": {"wrong", func(fs *peer) {
			fs.send(greeting)
			fs.expect("auth wrong")
			fs.send(reply("-ERR invalid"))
		}, ErrAuth},
		"access list": {"secret", func(fs *peer) {
			fs.send(fmt.Sprintf("Content-Type: text/rude-rejection\nContent-Length: %d\n\n%s", len(rejection), rejection))
		}, ErrRejected},
		"silence":             {"secret", func(*peer) {}, context.DeadlineExceeded},
		"silence after auth":  {"secret", func(fs *peer) { fs.send(greeting) }, ErrTimeout},
		"closed":              {"secret", func(fs *peer) { _ = fs.nc.Close() }, nil},
		"another service":     {"secret", func(fs *peer) { fs.send("220 mail.example.net ESMTP\r\n") }, nil},
		"another greeting":    {"secret", func(fs *peer) { fs.send(event("HEARTBEAT")) }, nil},
		"password of 2 lines": {"a\nexit", func(fs *peer) { fs.send(greeting) }, ErrBadCommand},
	} {
		t.Run(situation, func(t *testing.T) {
			var fs *peer
			c, err := dial(t, tt.password, Options{HandshakeTimeout: 50 * time.Millisecond}, func(p *peer) {
				fs = p
				tt.play(p)
			})
			if c != nil || err == nil || (tt.want != nil && !errors.Is(err, tt.want)) {
				t.Errorf("Dial = %v, %v, want %v", c, err, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "wrong")) {
				t.Errorf("error %q tells the password", err)
			}
			fs.expectEnd()
		})
	}
}

func TestDialNobody(t *testing.T) {
	l := listen(t)
	_ = l.Close()
	if c, err := Dial(t.Context(), l.Addr().String(), "secret", Options{}); c != nil || err == nil {
		t.Errorf("Dial = %v, %v", c, err)
	}
}
