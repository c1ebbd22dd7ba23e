package fstest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patient bounds every wait of a test.
func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// start runs a node for the time of the test.
func start(t testing.TB, config Config) *Switch {
	t.Helper()
	if config.Speed == 0 {
		config.Speed = 25
	}
	sw, err := New(config)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() {
		if err := sw.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return sw
}

// listen opens the port of a controller.
func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// A peer is a plain event-socket client: it sends lines and reads frames.
type peer struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
	seq  int
}

func newPeer(t testing.TB, conn net.Conn) *peer {
	t.Cleanup(func() { conn.Close() })
	return &peer{t: t, conn: conn, r: bufio.NewReader(conn)}
}

// accept waits for FreeSWITCH to dial.
func accept(t testing.TB, l net.Listener) *peer {
	t.Helper()
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatalf("deadline: %v", err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatalf("no call came: %v", err)
	}
	return newPeer(t, conn)
}

// login opens the inbound event socket.
func login(t testing.TB, sw *Switch) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", sw.Addr())
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	p := newPeer(t, conn)
	p.read()
	if got := p.ask("auth ClueCon"); got["Reply-Text"] != "+OK accepted" {
		t.Fatalf("auth: %v", got)
	}
	return p
}

// A frame is the headers of a message and, for an event, those of the event.
type frameRead map[string]string

// next reads a frame.
func (p *peer) next() (frameRead, error) {
	if err := p.conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return nil, err
	}
	f, size, err := p.block(p.r)
	if err != nil {
		return nil, err
	}
	if n, err := strconv.Atoi(f["Content-Length"]); err == nil && n > 0 {
		body := make([]byte, n)
		if _, err := io.ReadFull(p.r, body); err != nil {
			return nil, err
		}
		size += n
		if f["Content-Type"] == "text/event-plain" {
			inner := bufio.NewReader(strings.NewReader(string(body)))
			if f, _, err = p.block(inner); err != nil {
				return nil, err
			}
			rest, err := io.ReadAll(inner)
			if err != nil {
				return nil, err
			}
			f["body"] = string(rest)
		} else {
			f["body"] = string(body)
		}
	}
	f["size"] = strconv.Itoa(size)
	return f, nil
}

func (p *peer) block(r *bufio.Reader) (frameRead, int, error) {
	f, size := frameRead{}, 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, size, err
		}
		size += len(line)
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			return f, size, nil
		}
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			return nil, size, fmt.Errorf("line %q has no name", line)
		}
		if f[name], err = url.PathUnescape(value); err != nil {
			return nil, size, fmt.Errorf("line %q: %w", line, err)
		}
	}
}

func (p *peer) read() frameRead {
	p.t.Helper()
	f, err := p.next()
	if err != nil {
		p.t.Fatalf("read a frame: %v", err)
	}
	return f
}

func (p *peer) send(command string) {
	p.t.Helper()
	if _, err := io.WriteString(p.conn, command+"\n\n"); err != nil {
		p.t.Fatalf("send %q: %v", command, err)
	}
}

// ask sends a command and returns its reply; events before it are dropped.
func (p *peer) ask(command string) frameRead {
	p.t.Helper()
	p.send(command)
	for {
		f := p.read()
		if t := f["Content-Type"]; t == "command/reply" || t == "api/response" {
			return f
		}
	}
}

// take takes a call: connect, linger, filter, events. It returns the channel data.
func (p *peer) take() frameRead {
	p.t.Helper()
	data := p.ask("connect")
	p.ask("linger")
	p.ask("filter Unique-ID " + data["Unique-ID"])
	p.ask("event plain CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE DTMF")
	return data
}

// start sends an application with event-lock and returns its Event-UUID.
func (p *peer) start(app, arg string) string {
	p.t.Helper()
	p.seq++
	id := fmt.Sprintf("app-%d", p.seq)
	p.ask("sendmsg\ncall-command: execute\nexecute-app-name: " + app + "\nexecute-app-arg: " + arg +
		"\nevent-lock: true\nEvent-UUID: " + id)
	return id
}

// run sends an application and waits for its completion.
func (p *peer) run(app, arg string) frameRead {
	p.t.Helper()
	id := p.start(app, arg)
	return p.until(func(f frameRead) bool { return f["Application-UUID"] == id })
}

// until reads up to a frame.
func (p *peer) until(ok func(frameRead) bool) frameRead {
	p.t.Helper()
	for {
		if f := p.read(); ok(f) {
			return f
		}
	}
}

// event reads up to an event of that name.
func (p *peer) event(name string) frameRead {
	p.t.Helper()
	return p.until(func(f frameRead) bool { return f["Event-Name"] == name })
}
