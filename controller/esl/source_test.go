package esl

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// more is a command that no socket takes at once.
var more = Command{Line: "sendmsg", Headers: []Header{{"execute-app-arg", strings.Repeat("x", 16<<20)}}}

func TestWriteToAPeerThatDoesNotReadIsBounded(t *testing.T) {
	c, _ := start(t, Options{WriteTimeout: 50 * time.Millisecond})
	if _, err := c.Pipeline(t.Context(), more); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v, want a time-out", err)
	}
	await(t, "the end", c.Done())
}

func TestWriteToASlowPeer(t *testing.T) {
	const timeout = 2 * time.Second
	c, fs := start(t, Options{WriteTimeout: timeout})
	result := async(t, func() ([]*Event, error) { return c.Pipeline(t.Context(), more) })
	_ = fs.nc.SetReadDeadline(time.Now().Add(patience))
	if _, err := fs.br.Peek(1); err != nil { // the socket fills up from here on
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, fs.br, int64(len("sendmsg\nexecute-app-arg: \n\n")+len(more.Headers[0].Value))); err != nil {
		t.Fatal(err)
	}
	fs.send(reply("+OK"))
	if _, err := result(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(timeout); time.Now().Before(end); { // and once more when the deadline of that write is over
		next := ask(t, c, "linger")
		fs.expect("linger")
		fs.send(reply("+OK"))
		if _, err := next(); err != nil {
			t.Fatalf("a later write: %v", err)
		}
	}
}

// What the peer sent before it closed arrives, and then the end, however little
// time lies between the two.
func TestLastWordsAndTheEndArrive(t *testing.T) {
	for range 200 {
		c, fs := start(t, Options{})
		fs.send(event("A"))
		_ = fs.nc.Close()
		if got := nextEvent(t, c).Name(); got != "A" {
			t.Fatalf("event %q", got)
		}
		await(t, "the end", c.Done())
		if !errors.Is(c.Err(), io.EOF) {
			t.Fatalf("ended with %v", c.Err())
		}
	}
}
