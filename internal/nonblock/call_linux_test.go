//go:build amd64 || arm64

package nonblock

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestConnectionsHaveTheOptionsOfTheirListener(t *testing.T) {
	accepted, _ := connect(t, listen(t, loopback))
	for _, want := range []struct {
		name          string
		level, option int
		value         int
	}{
		{"TCP_NODELAY", syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1},
		{"SO_KEEPALIVE", syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1},
		{"TCP_KEEPIDLE", syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, 17},
		{"TCP_KEEPINTVL", syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, 5},
		{"TCP_KEEPCNT", syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, 3},
	} {
		var got int
		var fault error
		err := accepted.(*conn).raw.Control(func(fd uintptr) { got, fault = syscall.GetsockoptInt(int(fd), want.level, want.option) })
		if err != nil || fault != nil || got != want.value {
			t.Errorf("%s is %d, %v, %v, want %d", want.name, got, err, fault, want.value)
		}
	}
}

// Whoever has a connection in a pool looks at it only when there is something to
// see, and not when it was used just now.
func TestLookAtAConnectionThatRests(t *testing.T) {
	accepted, dialled := connect(t, listen(t, loopback))
	c := Conn(dialled).(*dialed)
	looks := func(used time.Duration) (looked bool) {
		c.used.Store(int64(time.Since(begin) + used))
		raw, err := c.SyscallConn()
		if err == nil {
			err = raw.Read(func(uintptr) bool {
				looked = true
				return true
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		return looked
	}
	seen := func(what string) {
		t.Helper()
		for end := time.Now().Add(patience); !looks(-time.Hour); { // it is on its way
			if time.Now().After(end) {
				t.Fatalf("%s is not seen", what)
			}
		}
		if looks(time.Hour) {
			t.Errorf("%s is looked at though the connection was used just now", what)
		}
	}
	if looks(-time.Hour) {
		t.Error("it was looked at while nothing had come")
	}
	if _, err := accepted.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	seen("what has come")
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	_ = accepted.Close()
	seen("its end")
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("Read = %d, %v, want %v", n, err, io.EOF)
	}
}

// A pipe takes a page, or says that it does not.
func TestTakes(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	fd := w.Fd() // which blocks now
	line := make([]byte, page)
	n := 0
	for ; takes(fd); n++ { // would block for ever when it were wrong
		if _, err := Write(fd, line); err != nil {
			t.Fatal(err)
		}
	}
	if n == 0 {
		t.Error("an empty pipe takes nothing")
	}
	if _, err := r.Read(line); err != nil {
		t.Fatal(err)
	}
	if !takes(fd) {
		t.Error("a pipe that was read from takes nothing")
	}
}
