package esl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// patience bounds every wait of the tests; it is reached only when they fail.
const patience = 10 * time.Second

// A peer is FreeSWITCH's end of a connection, played by a test.
type peer struct {
	t  testing.TB
	nc net.Conn
	br *bufio.Reader
}

func newPeer(t testing.TB, nc net.Conn) *peer {
	t.Cleanup(func() { _ = nc.Close() })
	return &peer{t: t, nc: nc, br: bufio.NewReader(nc)}
}

// command reads one command, without the blank line that ends it.
func (p *peer) command() string {
	p.t.Helper()
	_ = p.nc.SetReadDeadline(time.Now().Add(patience))
	var lines []string
	for {
		line, err := p.br.ReadString('\n')
		if err != nil {
			p.t.Fatalf("read command after %q: %v", lines, err)
		}
		if line == "\n" {
			return strings.Join(lines, "\n")
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
}

// expect reads one command and compares it.
func (p *peer) expect(want string) {
	p.t.Helper()
	if got := p.command(); got != want {
		p.t.Fatalf("command %q, want %q", got, want)
	}
}

// send writes frames as they are.
func (p *peer) send(frames ...string) {
	p.t.Helper()
	_ = p.nc.SetWriteDeadline(time.Now().Add(patience))
	if _, err := p.nc.Write([]byte(strings.Join(frames, ""))); err != nil {
		p.t.Fatalf("write frames: %v", err)
	}
}

// expectEnd reads until the other side closes and returns what came before.
func (p *peer) expectEnd() string {
	p.t.Helper()
	_ = p.nc.SetReadDeadline(time.Now().Add(patience))
	var got strings.Builder
	if _, err := p.br.WriteTo(&got); errors.Is(err, os.ErrDeadlineExceeded) {
		p.t.Fatalf("connection still open after %q", got.String())
	}
	return got.String()
}

// reply is FreeSWITCH's reply to a command.
func reply(text string) string { return "Content-Type: command/reply\nReply-Text: " + text + "\n\n" }

// apiResult is FreeSWITCH's answer to `api`.
func apiResult(body string) string {
	return fmt.Sprintf("Content-Type: api/response\nContent-Length: %d\n\n%s", len(body), body)
}

// event is an event whose values are encoded already.
func event(name string, headers ...string) string {
	body := "Event-Name: " + name + "\n" + strings.Join(append(headers, "", ""), "\n")
	return fmt.Sprintf("Content-Length: %d\nContent-Type: text/event-plain\n\n%s", len(body), body)
}

// channelData is FreeSWITCH's reply to `connect`.
func channelData(uuid string) string {
	return "Event-Name: CHANNEL_DATA\nUnique-ID: " + uuid +
		"\nCaller-Caller-ID-Name: Anna%20Koval\nvariable_sip_req_user: 0800\nvariable_empty: \n" +
		"Content-Type: command/reply\nReply-Text: %2BOK%0A\nSocket-Mode: async\nControl: full\n\n"
}

// start runs a connection on one end of a loopback TCP connection; the test plays the other.
func start(t testing.TB, o Options) (*Conn, *peer) {
	t.Helper()
	nc, fs := connected(t)
	return run(t, nc, o), fs
}

// connected is a loopback TCP connection: one end, and who plays FreeSWITCH at the other.
func connected(t testing.TB) (net.Conn, *peer) {
	t.Helper()
	l := listen(t)
	dialled, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return accepted, newPeer(t, dialled)
}

// run runs a connection on nc until the test ends.
func run(t testing.TB, nc net.Conn, o Options) *Conn {
	c := newConn(nc, o.withDefaults())
	go c.read()
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// async starts f and returns a function that waits for its results, while the test plays the peer.
func async[T any](t testing.TB, f func() (T, error)) func() (T, error) {
	var (
		value T
		err   error
		done  = make(chan struct{})
	)
	go func() {
		defer close(done)
		value, err = f()
	}()
	return func() (T, error) {
		t.Helper()
		await(t, "the end of a call", done)
		return value, err
	}
}

// nextEvent takes the next event.
func nextEvent(t testing.TB, c *Conn) *Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for e := range c.Events(ctx) {
		return e
	}
	t.Fatalf("no event: %v", c.Err())
	return nil
}

// await waits for a channel to be closed.
func await(t testing.TB, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s did not happen", what)
	}
}

// eventually polls until ok holds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-poll.C:
		case <-ctx.Done():
			t.Fatalf("%s did not happen", what)
		}
	}
}
