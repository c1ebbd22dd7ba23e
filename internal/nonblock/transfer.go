package nonblock

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// A transfer is one read or write of a connection, with deadlines as they are set.
type transfer struct {
	b    []byte
	n    int
	err  error
	more func(fd uintptr) bool // read or write
}

func reading() *transfer {
	t := new(transfer)
	t.more = t.read
	return t
}

func writing() *transfer {
	t := new(transfer)
	t.more = t.write
	return t
}

// run reads what has come into b, or writes all of it; wait is that of the raw connection. The error is a *net.OpError,
// or io.EOF.
func (t *transfer) run(nc net.Conn, op string, b []byte, wait func(func(fd uintptr) bool) error) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	t.b, t.n, t.err = b, 0, nil
	err := wait(t.more)
	t.b = nil
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return t.n, fault(nc, op, os.ErrDeadlineExceeded)
	case err != nil:
		return t.n, fault(nc, op, net.ErrClosed)
	case t.err == nil || errors.Is(t.err, io.EOF):
		return t.n, t.err
	}
	return t.n, Fault(nc, op, t.err)
}

func (t *transfer) read(fd uintptr) bool {
	for {
		n, err := Read(fd, t.b)
		switch {
		case err == nil && n == 0:
			t.err = io.EOF
		case again(err):
			return false
		case interrupted(err):
			continue
		default:
			t.n, t.err = n, err
		}
		return true
	}
}

func (t *transfer) write(fd uintptr) bool {
	for t.n < len(t.b) {
		n, err := Write(fd, t.b[t.n:])
		switch {
		case err == nil:
			t.n += n
		case again(err):
			return false
		case !interrupted(err):
			t.err = err
			return true
		}
	}
	return true
}

// Fault is a fault of the system as package net words it.
func Fault(nc net.Conn, op string, err error) error {
	return fault(nc, op, os.NewSyscallError(op, err))
}

func fault(nc net.Conn, op string, err error) error {
	return &net.OpError{Op: op, Net: nc.RemoteAddr().Network(), Source: nc.LocalAddr(), Addr: nc.RemoteAddr(), Err: err}
}

// again tells that nothing has come, or that nothing more is taken, for now.
func again(err error) bool { return errors.Is(err, syscall.EAGAIN) }

func interrupted(err error) bool { return errors.Is(err, syscall.EINTR) }
