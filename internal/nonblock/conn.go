package nonblock

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A conn is a connection that was accepted.
type conn struct {
	polled
	file          *os.File
	raw           syscall.RawConn
	local, remote net.Addr
	closer        *closer
	closed        atomic.Bool
}

// A polled is what a connection has of its file.
type polled interface {
	SetDeadline(t time.Time) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	SyscallConn() (syscall.RawConn, error)
}

func newConn(fd uintptr, local, remote net.Addr, c *closer) (net.Conn, error) {
	file := os.NewFile(fd, "tcp") // it does not block, so that it can be waited for
	raw, err := file.SyscallConn()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &conn{polled: file, file: file, raw: raw, local: local, remote: remote, closer: c}, nil
}

// Read reads what has come.
func (c *conn) Read(b []byte) (int, error) { return c.result("read", reading(), b, c.raw.Read) }

// Write writes all of b.
func (c *conn) Write(b []byte) (int, error) { return c.result("write", writing(), b, c.raw.Write) }

func (c *conn) result(op string, t *transfer, b []byte, wait func(func(fd uintptr) bool) error) (int, error) {
	n, err := t.run(c, op, b, wait)
	if err != nil && c.closed.Load() {
		err = fault(c, op, net.ErrClosed)
	}
	return n, err
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// Close ends the connection at once: the peer sees it, and whoever reads finds the end. The file goes soon after.
func (c *conn) Close() error {
	if c.closed.Swap(true) {
		return fault(c, "close", net.ErrClosed)
	}
	_ = c.raw.Control(shutdown)
	c.closer.close(c.file)
	return nil
}

const (
	closeEvery = time.Second
	closeMost  = 128 // files that wait
)

// A closer closes files together.
type closer struct {
	mu      sync.Mutex
	waiting []*os.File
	timer   *time.Timer // runs while files wait
}

func (c *closer) close(f *os.File) {
	c.mu.Lock()
	c.waiting = append(c.waiting, f)
	if len(c.waiting) == 1 {
		c.timer = time.AfterFunc(closeEvery, c.flush)
	}
	full := len(c.waiting) == closeMost
	c.mu.Unlock()
	if full {
		c.flush()
	}
}

func (c *closer) flush() {
	c.mu.Lock()
	all := c.waiting
	c.waiting = nil
	c.timer.Stop()
	c.mu.Unlock()
	for _, f := range all {
		_ = f.Close()
	}
}
