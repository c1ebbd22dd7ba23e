package esl

import (
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/dialgraph/dialgraph/internal/nonblock"
)

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

func (s *sink) init(nc net.Conn, timeout time.Duration) {
	s.nc, s.raw, s.timeout = nc, rawConn(nc), timeout
	s.ready = s.tryWrite
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
		n, err := nonblock.Write(fd, s.left)
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
			s.err = nonblock.Fault(s.nc, "write", err)
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
