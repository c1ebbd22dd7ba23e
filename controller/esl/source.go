package esl

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// readSize is how much one read takes: most frames whole, and all that came together.
const readSize = 32 << 10

// chunks are lent to connections while bytes are there: one that waits holds none.
var chunks = sync.Pool{New: func() any { return new([readSize]byte) }}

// A source reads from the socket: without a bound between frames, because a call may be silent for hours, and within
// timeout from the first wait inside a frame to its end.
type source struct {
	nc      net.Conn
	raw     syscall.RawConn // nil for a connection without a file, such as net.Pipe
	timeout time.Duration
	inFrame bool
	armed   bool // a read deadline is set

	chunk   *[readSize]byte // what was read lies there, nil while waiting
	n       int
	err     error
	arrived func(fd uintptr) bool // tryRead, made once
}

func newSource(nc net.Conn, timeout time.Duration) *source {
	s := &source{nc: nc, raw: rawConn(nc), timeout: timeout}
	s.arrived = s.tryRead
	return s
}

// rawConn is the file behind a connection, nil when there is none.
func rawConn(nc net.Conn) syscall.RawConn {
	file, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// read waits for bytes. They are valid until the next read, which gives back what they lie in.
func (s *source) read() ([]byte, error) {
	if s.armed != s.inFrame {
		var deadline time.Time
		if s.inFrame {
			deadline = time.Now().Add(s.timeout)
		}
		_ = s.nc.SetReadDeadline(deadline) // fails on a closed connection only, as reading then does
		s.armed = s.inFrame
	}
	if s.raw == nil {
		return s.plain()
	}
	s.release()
	if err := s.raw.Read(s.arrived); err != nil {
		return nil, err
	}
	if s.err != nil {
		s.release()
		return nil, s.err
	}
	return s.chunk[:s.n], nil
}

// tryRead reads what is there; false, holding nothing, when that is nothing.
func (s *source) tryRead(fd uintptr) bool {
	s.take()
	for {
		s.n, s.err = syscall.Read(int(fd), s.chunk[:])
		switch {
		case s.err == nil && s.n > 0:
		case s.err == nil:
			s.err = io.EOF
		case errors.Is(s.err, syscall.EAGAIN):
			s.release()
			return false
		case errors.Is(s.err, syscall.EINTR):
			continue
		default:
			s.err = failed(s.nc, "read", s.err)
		}
		return true
	}
}

// plain reads from a connection without a file.
func (s *source) plain() ([]byte, error) {
	s.take()
	for {
		n, err := s.nc.Read(s.chunk[:])
		if n > 0 || err != nil {
			return s.chunk[:n], err
		}
	}
}

func (s *source) take() {
	if s.chunk == nil {
		s.chunk = chunks.Get().(*[readSize]byte)
	}
}

func (s *source) release() {
	if s.chunk != nil {
		chunks.Put(s.chunk)
		s.chunk = nil
	}
}

// A sink writes to the socket, each time within timeout. A deadline costs more than most writes, and one that stayed
// would end a later write: it is set only while the peer does not take what is written.
type sink struct {
	nc      net.Conn
	raw     syscall.RawConn // nil for a connection without a file
	timeout time.Duration

	left    []byte
	err     error
	blocked bool
	ready   func(fd uintptr) bool // tryWrite, made once
}

func newSink(nc net.Conn, timeout time.Duration) *sink {
	s := &sink{nc: nc, raw: rawConn(nc), timeout: timeout}
	s.ready = s.tryWrite
	return s
}

// write writes all of b.
func (s *sink) write(b []byte) error {
	if s.raw == nil {
		s.bound()
		defer s.unbound()
		_, err := s.nc.Write(b)
		return err
	}
	s.left, s.err = b, nil
	err := s.raw.Write(s.ready)
	s.left = nil
	if s.blocked {
		s.unbound()
	}
	return errors.Join(err, s.err)
}

// tryWrite writes what the socket takes; false when it takes no more for now.
func (s *sink) tryWrite(fd uintptr) bool {
	for len(s.left) > 0 {
		n, err := syscall.Write(int(fd), s.left)
		switch {
		case err == nil:
			s.left = s.left[n:]
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			if !s.blocked {
				s.bound()
			}
			return false
		default:
			s.err = failed(s.nc, "write", err)
			return true
		}
	}
	return true
}

// Deadlines cannot be set on a closed connection only; writing and the reader say so.
func (s *sink) bound() {
	s.blocked = true
	_ = s.nc.SetWriteDeadline(time.Now().Add(s.timeout))
}

func (s *sink) unbound() {
	s.blocked = false
	_ = s.nc.SetWriteDeadline(time.Time{})
}

// failed is a fault of the system as package net words it.
func failed(nc net.Conn, op string, err error) error {
	return &net.OpError{
		Op: op, Net: nc.RemoteAddr().Network(), Source: nc.LocalAddr(), Addr: nc.RemoteAddr(), Err: os.NewSyscallError(op, err),
	}
}
