package nonblock

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
)

// A Listener takes connections whose options it has set beforehand: on Linux they inherit them (tcp(7)). A call costs
// one system call where package net needs seven.
type listener struct {
	file   *os.File
	raw    syscall.RawConn
	addr   net.Addr
	closer closer
	closed atomic.Bool
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
	return &listener{file: file, raw: raw, addr: l.Addr()}, nil
}

// Accept waits for a connection. The error is net.ErrClosed after Close, or one of accept(2).
func (l *listener) Accept() (net.Conn, error) {
	var fd uintptr
	var from net.Addr
	var fault error
	err := l.raw.Read(func(listening uintptr) bool {
		for {
			fd, from, fault = accept(listening)
			switch {
			case again(fault):
				return false
			case interrupted(fault), errors.Is(fault, syscall.ECONNABORTED): // the peer has gone already
			default:
				return true
			}
		}
	})
	switch {
	case err != nil:
		err = net.ErrClosed
	case fault != nil:
		err = os.NewSyscallError("accept4", fault)
	default:
		return newConn(fd, l.addr, from, &l.closer)
	}
	return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.addr, Err: err}
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
