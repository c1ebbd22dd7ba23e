package esl

import (
	"errors"
	"net"
	"sync/atomic"
)

// Stats are a server's counters since its start and its present load. Refused ones were closed before a byte was sent.
type Stats struct {
	Accepted          uint64 // connections, refused ones included
	RefusedNetwork    uint64 // peer not in AllowedNetworks
	RefusedCalls      uint64 // MaxCalls reached
	RefusedHalfOpen   uint64 // MaxHalfOpen reached
	RefusedDraining   uint64 // accepted while Shutdown began
	AcceptErrors      uint64 // out of files or memory
	HandshakeFailures uint64 // no call came out of `connect`
	ProtocolErrors    uint64 // connections ended by bytes that are no frame within the bounds
	SlowConsumers     uint64 // connections ended because their events were not taken
	Timeouts          uint64 // connections ended by a command without a reply in time
	Panics            uint64 // handlers that panicked
	Calls             int    // handlers that run now
	HalfOpen          int    // connections before the reply to `connect`, now
}

type counters struct {
	accepted, refusedNetwork, refusedCalls, refusedHalfOpen, refusedDraining, acceptErrors,
	handshakeFailures, protocolErrors, slowConsumers, timeouts, panics atomic.Uint64
}

// ended counts why a connection ended, where that is worth a look.
func (c *counters) ended(err error) {
	var protocol *ProtocolError
	switch {
	case errors.As(err, &protocol):
		c.protocolErrors.Add(1)
	case errors.Is(err, ErrSlowConsumer):
		c.slowConsumers.Add(1)
	case errors.Is(err, ErrTimeout):
		c.timeouts.Add(1)
	}
}

// Stats returns the counters.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	half, all := s.halfOpen, len(s.conns)
	s.mu.Unlock()
	c := &s.counters
	return Stats{
		Accepted:          c.accepted.Load(),
		RefusedNetwork:    c.refusedNetwork.Load(),
		RefusedCalls:      c.refusedCalls.Load(),
		RefusedHalfOpen:   c.refusedHalfOpen.Load(),
		RefusedDraining:   c.refusedDraining.Load(),
		AcceptErrors:      c.acceptErrors.Load(),
		HandshakeFailures: c.handshakeFailures.Load(),
		ProtocolErrors:    c.protocolErrors.Load(),
		SlowConsumers:     c.slowConsumers.Load(),
		Timeouts:          c.timeouts.Load(),
		Panics:            c.panics.Load(),
		Calls:             all - half,
		HalfOpen:          half,
	}
}

// enter registers a connection, or returns the counter of the reason why not.
func (s *Server) enter(c *Session) (refused *atomic.Uint64) {
	if !s.allowed(c.RemoteAddr()) {
		return &s.counters.refusedNetwork
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return &s.counters.refusedDraining
	case len(s.conns) >= limit(s.MaxCalls, DefaultMaxCalls):
		return &s.counters.refusedCalls
	case s.halfOpen >= limit(s.MaxHalfOpen, DefaultMaxHalfOpen):
		return &s.counters.refusedHalfOpen
	}
	if s.conns == nil {
		s.conns = make(map[*Session]phase)
	}
	s.conns[c] = halfOpen
	s.halfOpen++
	s.wg.Add(1)
	return nil
}

// promote makes a half-open connection a call; false when the server closes and cut it.
func (s *Server) promote(c *Session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conns[c] = talking
	s.halfOpen--
	return true
}

// leave forgets a connection that has ended.
func (s *Server) leave(c *Session) {
	s.counters.ended(c.Err())
	s.mu.Lock()
	if s.conns[c] == halfOpen {
		s.halfOpen--
	}
	delete(s.conns, c)
	s.mu.Unlock()
	s.wg.Done()
}

// allowed reports whether a peer may connect.
func (s *Server) allowed(remote net.Addr) bool {
	tcp, ok := remote.(*net.TCPAddr)
	if !ok {
		return false
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	if len(s.AllowedNetworks) == 0 {
		return ip.IsLoopback()
	}
	for _, network := range s.AllowedNetworks {
		if network.Contains(ip) {
			return true
		}
	}
	return false
}

func limit(value, otherwise int) int {
	if value > 0 {
		return value
	}
	return otherwise
}

// listen registers a listener; false when the server is closed.
func (s *Server) listen(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.listeners == nil {
		s.listeners = make(map[net.Listener]struct{})
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) unlisten(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}
