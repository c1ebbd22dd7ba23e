package esl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/dialgraph/dialgraph/internal/nonblock"
)

// Defaults of Server.
const (
	DefaultMaxCalls    = 20_000
	DefaultMaxHalfOpen = 512
)

const (
	// acceptPause is the wait after an accept that failed for want of files or memory.
	acceptPause = 50 * time.Millisecond
	// cutGrace bounds the wait for handlers after their connections were cut.
	cutGrace = 5 * time.Second
)

// A Server takes the calls that FreeSWITCH's `socket` application hands over. Set the fields before Serve.
//
// What it cannot take it closes before a byte is sent: with socket_resume=true FreeSWITCH then goes on in the dialplan,
// where the next `socket` action finds another controller.
type Server struct {
	// Handler runs one call, on its own goroutine; when it returns the connection is closed. A connection that has
	// ended shows where the session is used next. A panic is logged and ends its call only.
	Handler func(s *Session)
	// AllowedNetworks are the peers that may connect: the event socket knows no password in this direction. Empty
	// means loopback only.
	AllowedNetworks []netip.Prefix
	// MaxCalls bounds the connections, MaxHalfOpen those that have not yet said what call they bring. 0 is the default.
	MaxCalls    int
	MaxHalfOpen int
	// Options bound each connection.
	Options Options
	// Logger, nil for slog.Default.
	Logger *slog.Logger

	counters counters
	wg       sync.WaitGroup // connections

	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]struct{}
	conns     map[*Session]phase
	halfOpen  int
}

// A phase is how far a connection has come.
type phase bool

const (
	halfOpen phase = false // `connect` is not answered yet
	talking  phase = true  // the handler runs
)

// Listen listens for calls on addr, such as ":8084". The listeners of package net serve too, at a higher cost of each
// call.
func Listen(addr string) (net.Listener, error) { return nonblock.Listen(addr, keepAlive) }

// Serve accepts calls from l until Shutdown, then returns ErrServerClosed; any other error is the listener's. It closes
// l. Several listeners may be served at once.
func (s *Server) Serve(l net.Listener) error {
	defer func() { _ = l.Close() }()
	if !s.listen(l) {
		return ErrServerClosed
	}
	defer s.unlisten(l)
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			s.admit(nc)
		case s.isClosed():
			return ErrServerClosed
		case outOfResources(err):
			s.counters.acceptErrors.Add(1)
			time.Sleep(acceptPause)
		default:
			return fmt.Errorf("accept: %w", err)
		}
	}
}

// outOfResources reports whether an accept may succeed later, when other connections have ended.
func outOfResources(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) ||
		errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// admit starts the connection, or refuses it without a word.
func (s *Server) admit(nc net.Conn) {
	s.counters.accepted.Add(1)
	session := newSession(nc, s.Options.withDefaults())
	if refused := s.enter(session); refused != nil {
		refused.Add(1)
		_ = nc.Close()
		s.logger().Debug("event socket connection refused", "remote", nc.RemoteAddr())
		return
	}
	go s.run(session)
}

// run brings one connection from `connect` to its end.
func (s *Server) run(session *Session) {
	defer s.leave(session)
	defer session.close()
	if err := session.connect(); err != nil {
		s.handshakeFailed(session, err)
		return
	}
	if s.promote(session) {
		s.handle(session)
	}
}

func (s *Server) handshakeFailed(session *Session, err error) {
	s.counters.handshakeFailures.Add(1)
	level := slog.LevelWarn
	if errors.Is(err, io.EOF) || errors.Is(err, ErrServerClosed) { // a probe of the port; Shutdown
		level = slog.LevelDebug
	}
	s.logger().Log(context.Background(), level, "event socket handshake failed", "remote", session.RemoteAddr(), "error", err)
}

// handle runs the handler and survives its panic.
func (s *Server) handle(session *Session) {
	defer func() {
		if p := recover(); p != nil {
			s.counters.panics.Add(1)
			s.logger().Error("call handler panicked", "call", session.UUID(), "panic", p, "stack", string(debug.Stack()))
		}
	}()
	s.Handler(session)
}

// Shutdown stops accepting, closes what is still half open, and waits for the handlers. When ctx ends first it cuts
// their connections, gives them cutGrace to return, and says how many it cut.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for l := range s.listeners {
		_ = l.Close()
	}
	s.mu.Unlock()
	s.cut(halfOpen)

	idle := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
	}
	n := s.cut(halfOpen) + s.cut(talking)
	select {
	case <-idle:
	case <-time.After(cutGrace):
		return fmt.Errorf("shut down event socket: handlers still run after %v: %w", cutGrace, ctx.Err())
	}
	return fmt.Errorf("shut down event socket: cut %d connections: %w", n, ctx.Err())
}

// cut ends the connections of a phase and returns how many there were.
func (s *Server) cut(p phase) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for c, at := range s.conns {
		if at == p {
			c.end(ErrServerClosed)
			n++
		}
	}
	return n
}

func (s *Server) logger() *slog.Logger {
	if s.Logger != nil {
		return s.Logger
	}
	return slog.Default()
}
