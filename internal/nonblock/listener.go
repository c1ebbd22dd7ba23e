package nonblock

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

// A listener takes connections whose options it has set beforehand: on Linux they inherit them (tcp(7)). A connection
// costs one system call where package net needs seven.
type listener struct {
	file   *os.File
	raw    syscall.RawConn
	addr   net.Addr
	closer closer
	closed atomic.Bool

	accepting sync.Mutex // what follows is that of one Accept
	fd        uintptr
	from      net.Addr
	fault     error
	take      func(fd uintptr) bool // made once
}

// Listen listens for TCP connections on addr. They have no delay, and keep alive as is said.
func Listen(addr string, keep net.KeepAliveConfig) (net.Listener, error) {
	config := net.ListenConfig{KeepAliveConfig: keep}
	if direct {
		config.Control = func(_, _ string, c syscall.RawConn) (err error) {
			fault := c.Control(func(fd uintptr) { err = setOptions(fd, keep) })
			return errors.Join(fault, err)
		}
	}
	l, err := config.Listen(context.Background(), "tcp", addr)
	if err != nil || !direct {
		return l, err
	}
	defer func() { _ = l.Close() }() // its file lives on in ours
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		return nil, err
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	ours := &listener{file: file, raw: raw, addr: l.Addr()}
	ours.take = ours.tryAccept
	return ours, nil
}

// Accept waits for a connection. The error is net.ErrClosed after Close, or one of accept(2).
func (l *listener) Accept() (net.Conn, error) {
	l.accepting.Lock()
	defer l.accepting.Unlock()
	err := l.raw.Read(l.take)
	switch {
	case err != nil:
		err = net.ErrClosed
	case l.fault != nil:
		err = os.NewSyscallError("accept4", l.fault)
	default:
		return newConn(l.fd, l.addr, l.from, &l.closer)
	}
	return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.addr, Err: err}
}

// tryAccept takes a connection that has come; false when there is none.
func (l *listener) tryAccept(fd uintptr) bool {
	for {
		l.fd, l.from, l.fault = accept(fd)
		switch {
		case again(l.fault):
			return false
		case interrupted(l.fault), errors.Is(l.fault, syscall.ECONNABORTED): // the peer has gone already
		default:
			return true
		}
	}
}

// Close ends Accept. Connections live on.
func (l *listener) Close() error {
	if l.closed.Swap(true) {
		return &net.OpError{Op: "close", Net: "tcp", Addr: l.addr, Err: net.ErrClosed}
	}
	return l.file.Close()
}

// Addr is where it listens.
func (l *listener) Addr() net.Addr { return l.addr }
