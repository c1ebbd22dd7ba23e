package esl

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dialgraph/dialgraph/internal/nonblock"
)

// readSize is how much one read takes: most frames whole, and all that came together.
const readSize = 32 << 10

// chunks are lent to connections while bytes are there: one that waits holds none.
var chunks = sync.Pool{New: func() any { return new([readSize]byte) }}

// A source reads from the socket: between frames for as long as is wanted, and within timeout from the first
// wait inside a frame to its end. It belongs to one goroutine; any may wake it.
type source struct {
	nc       net.Conn
	raw      syscall.RawConn // nil for a connection without a file, such as net.Pipe
	timeout  time.Duration
	inFrame  bool
	frameEnd time.Time // when the frame must be complete; zero until it was waited for
	wait     wait

	// A deadline costs more than a read. One that is set stays until it has passed, or an earlier one is wanted: then
	// the wait looks at the time, and goes on.
	armed time.Time // the deadline that is set, zero for none
	spent bool      // it has passed

	waking sync.Mutex // held while a deadline is set
	woken  atomic.Bool

	dry     time.Time       // when all that had come was read
	chunk   *[readSize]byte // what was read lies there, nil while waiting
	n       int
	err     error
	arrived func(fd uintptr) bool // tryRead, made once

	out  []byte                // is written before the wait begins; nil once it was
	asks func(fd uintptr) bool // tryAsk, made once
}

// A wait says how long to wait for the beginning of a frame: for ever, when it is zero.
type wait struct {
	until time.Time // zero for ever
	try   bool      // not at all
	wakes bool      // until wake is called, be it before
	final bool      // not beyond until inside a frame either, which is lost then
	exact bool      // by a deadline of its own
}

func (s *source) init(nc net.Conn, timeout time.Duration) {
	s.nc, s.raw, s.timeout = nc, rawConn(nc), timeout
	s.arrived, s.asks = s.tryRead, s.tryAsk
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

// fresh is how long after everything was read nothing more is looked for. FreeSWITCH works in steps of 10 to 20 ms.
const fresh = time.Millisecond

// read waits for bytes. They are valid until release. The error is os.ErrDeadlineExceeded when the wait, or the time for
// a frame, is over.
func (s *source) read() ([]byte, error) {
	if s.tries() && time.Since(s.dry) < fresh {
		return nil, errNothing
	}
	for {
		if s.arm() {
			return nil, os.ErrDeadlineExceeded
		}
		b, err := s.once()
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return b, err
		}
		s.spent = true
		if bound := s.bound(); !bound.IsZero() && !time.Now().Before(bound) {
			return nil, err
		}
	}
}

// bound is when the wait is over, zero for never.
func (s *source) bound() time.Time {
	if !s.inFrame {
		return s.wait.until
	}
	if s.frameEnd.IsZero() {
		s.frameEnd = time.Now().Add(s.timeout)
	}
	if s.wait.final && s.wait.until.Before(s.frameEnd) {
		return s.wait.until
	}
	return s.frameEnd
}

// arm sets the deadline that the wait needs, unless there is one that does; true when the wait was woken instead.
func (s *source) arm() (woken bool) {
	wakes := s.wait.wakes && !s.inFrame
	bound := s.bound()
	fits := !s.wait.exact || s.inFrame || s.armed.Equal(bound)
	if !s.spent && fits && (bound.IsZero() || !s.armed.IsZero() && !s.armed.After(bound)) {
		return wakes && s.woken.Load() && s.woken.Swap(false)
	}
	s.waking.Lock()
	defer s.waking.Unlock()
	if wakes && s.woken.Swap(false) {
		return true
	}
	_ = s.nc.SetReadDeadline(bound) // fails on a closed connection only, as reading then does
	s.armed, s.spent = bound, false
	return false
}

// wake ends a wait that can be woken: this one, or the next one.
func (s *source) wake() {
	s.waking.Lock()
	defer s.waking.Unlock()
	s.woken.Store(true)
	_ = s.nc.SetReadDeadline(time.Unix(1, 0)) // as in arm
}

// once reads what is there, or waits for it up to the deadline.
func (s *source) once() ([]byte, error) {
	if s.raw == nil {
		return s.plain()
	}
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
		s.n, s.err = nonblock.Read(fd, s.chunk[:])
		switch {
		case s.err == nil && s.n > 0:
			if s.n < readSize {
				s.dry = time.Now()
			}
		case s.err == nil:
			s.err = io.EOF
		case errors.Is(s.err, syscall.EAGAIN):
			s.release()
			if !s.tries() {
				return false
			}
			s.dry, s.err = time.Now(), errNothing
			return true
		case errors.Is(s.err, syscall.EINTR):
			continue
		default:
			s.err = nonblock.Fault(s.nc, "read", s.err)
		}
		return true
	}
}

// ask writes b, and waits until something has come or it is time to look; read tells which. The wait for what answers b
// begins before b is written: nothing need be looked for before. What came earlier shows with the answer, or, be it the
// end of a peer that still listens, at that time.
func (s *source) ask(b []byte, to *sink, look time.Time) error {
	if s.raw == nil || s.chunk != nil {
		return to.write(b)
	}
	s.wait = wait{until: look}
	s.arm()
	s.out = b
	_ = s.raw.Read(s.asks) // what is wrong shows again
	b, s.out = s.out, nil
	if len(b) > 0 {
		return to.write(b)
	}
	return nil
}

// tryAsk writes what is to be written, the first time; false when all of that was taken.
func (s *source) tryAsk(fd uintptr) bool {
	if len(s.out) == 0 {
		return true
	}
	n, err := nonblock.Write(fd, s.out)
	if err == nil {
		s.out = s.out[n:]
	}
	return len(s.out) > 0
}

// tries tells that nothing is waited for.
func (s *source) tries() bool { return s.wait.try && !s.inFrame }

// errNothing says that nothing has come, where nothing was waited for.
var errNothing = errors.New("nothing has come")

// plain reads from a connection without a file, which cannot be tried.
func (s *source) plain() ([]byte, error) {
	if s.tries() {
		return nil, errNothing
	}
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

// release gives back what was lent. A connection without a file keeps it.
func (s *source) release() {
	if s.chunk != nil && s.raw != nil {
		chunks.Put(s.chunk)
		s.chunk = nil
	}
}
