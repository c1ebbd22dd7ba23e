package esl

import (
	"net"
	"sync/atomic"
	"time"
)

// A socket is what every event-socket connection has, in either direction: somewhere to write to, and an end.
type socket struct {
	nc   net.Conn
	opts Options
	sink sink

	ended atomic.Pointer[error] // why the connection ended
}

// keepAlive finds a host that has died without a word within half a minute.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

func (s *socket) init(nc net.Conn, o Options) {
	if tcp, ok := nc.(*net.TCPConn); ok {
		// Best effort: a socket that is already gone shows at the first read.
		_ = tcp.SetKeepAliveConfig(keepAlive)
	}
	s.nc, s.opts = nc, o
	s.sink.init(nc, o.WriteTimeout)
}

// end ends the connection with err, unless it has ended before.
func (s *socket) end(err error) {
	s.ended.CompareAndSwap(nil, &err)
	_ = s.nc.Close() // whoever reads sees it and stops; closing twice is harmless
}

// fail ends the connection and returns the error it ended with: err, or an earlier one.
func (s *socket) fail(err error) error {
	s.end(err)
	return s.Err()
}

// Err says why the connection ended: io.EOF when the peer closed it, ErrClosed when Close did, else ErrTimeout,
// ErrSlowConsumer, a *ProtocolError or an error of the network. It is nil while the connection lives.
func (s *socket) Err() error {
	if err := s.ended.Load(); err != nil {
		return *err
	}
	return nil
}

// RemoteAddr is the peer's address.
func (s *socket) RemoteAddr() net.Addr { return s.nc.RemoteAddr() }
