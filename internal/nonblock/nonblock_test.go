package nonblock

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/nettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const loopback = "127.0.0.1:0"

// patience bounds what should happen at once.
const patience = 20 * time.Second

var keep = net.KeepAliveConfig{Enable: true, Idle: 17 * time.Second, Interval: 5 * time.Second, Count: 3}

func listen(t testing.TB, addr string) net.Listener {
	t.Helper()
	l, err := Listen(addr, keep)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// connect is a connection: the end that was accepted, and the one that dialled.
func connect(t testing.TB, l net.Listener) (accepted, dialled net.Conn) {
	t.Helper()
	dialled, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dialled.Close() })
	if accepted, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = accepted.Close() })
	return accepted, dialled
}

// Both kinds are connections in every respect.
func TestConnections(t *testing.T) {
	for _, kind := range []string{"accepted", "dialled"} {
		t.Run(kind, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				l, err := Listen(loopback, keep)
				if err != nil {
					return nil, nil, nil, err
				}
				defer func() { _ = l.Close() }()
				dialled, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					return nil, nil, nil, err
				}
				accepted, err := l.Accept()
				stop = func() { _, _ = dialled.Close(), accepted.Close() }
				if kind == "accepted" {
					return accepted, dialled, stop, err
				}
				return Conn(dialled), accepted, stop, err
			})
		})
	}
}

func TestListen(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			if host == "::1" && !nettest.SupportsIPv6() {
				t.Skip("this machine has no IPv6")
			}
			accepted, dialled := connect(t, listen(t, net.JoinHostPort(host, "0")))
			if got, want := accepted.RemoteAddr().String(), dialled.LocalAddr().String(); got != want {
				t.Errorf("the peer is %s, want %s", got, want)
			}
			if got, want := accepted.LocalAddr().String(), dialled.RemoteAddr().String(); got != want {
				t.Errorf("it listens on %s, want %s", got, want)
			}
			if got := accepted.RemoteAddr().(*net.TCPAddr).AddrPort().Addr(); got != netip.MustParseAddr(host) {
				t.Errorf("the peer's address is %v, want %s", got, host)
			}
		})
	}
}

func TestListenWhereNobodyCan(t *testing.T) {
	l := listen(t, loopback)
	for _, addr := range []string{l.Addr().String(), "127.0.0.1:x", "127.0.0.1"} {
		if _, err := Listen(addr, keep); err == nil {
			t.Errorf("Listen(%q) succeeded", addr)
		}
	}
}

func TestClosedListener(t *testing.T) {
	l := listen(t, loopback)
	accepted, dialled := connect(t, l)
	result := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		result <- err
	}()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-result:
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept = %v, want %v", err, net.ErrClosed)
		}
	case <-time.After(patience):
		t.Fatal("Accept goes on after Close")
	}
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a second Close = %v, want %v", err, net.ErrClosed)
	}
	if again, err := net.Dial("tcp", l.Addr().String()); err == nil {
		_ = again.Close()
		t.Error("somebody still listens")
	}
	if _, err := accepted.Write([]byte("x")); err != nil {
		t.Errorf("a connection has ended with its listener: %v", err)
	}
	if _, err := io.ReadFull(dialled, make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

// The peer sees the end at once, and what was written before; the file goes with
// many others, or after a while.
func TestClosedConnections(t *testing.T) {
	l := listen(t, loopback)
	files := func() int {
		all, _ := os.ReadDir("/proc/self/fd") // none where the system does not list them
		return len(all)
	}
	before := files()
	for range 3 * closeMost {
		dialled, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := accepted.Write([]byte("bye")); err != nil {
			t.Fatal(err)
		}
		if err := accepted.Close(); err != nil {
			t.Fatal(err)
		}
		_ = dialled.SetReadDeadline(time.Now().Add(patience))
		if said, err := io.ReadAll(dialled); err != nil || string(said) != "bye" {
			t.Fatalf("the peer reads %q, %v", said, err)
		}
		if err := accepted.Close(); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("a second Close = %v, want %v", err, net.ErrClosed)
		}
		_ = dialled.Close()
		if n := files(); n > before+closeMost {
			t.Fatalf("%d files are open, %d when there were no connections", n, before)
		}
	}
	late := time.After(patience)
	tick := time.NewTicker(closeEvery / 20)
	defer tick.Stop()
	for files() > before {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%d files are open, %d when there were no connections", files(), before)
		}
	}
}

func TestWhatIsNoTCPConnectionStaysAsItIs(t *testing.T) {
	a, b := net.Pipe()
	defer func() { _, _ = a.Close(), b.Close() }()
	if got := Conn(a); got != a {
		t.Errorf("Conn(%T) = %T", a, got)
	}
}
