package esl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// serve runs a server until the test ends and returns its address.
func serve(t testing.TB, s *Server) string {
	t.Helper()
	l := listen(t)
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	served := async(t, func() (any, error) { return nil, s.Serve(l) })
	t.Cleanup(func() {
		cut, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.Shutdown(cut)
		if _, err := served(); !errors.Is(err, ErrServerClosed) {
			t.Errorf("Serve = %v, want %v", err, ErrServerClosed)
		}
	})
	return l.Addr().String()
}

// knock connects as FreeSWITCH's socket application does.
func knock(t testing.TB, addr string) *peer {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return newPeer(t, nc)
}

// handOver connects and hands a call over.
func handOver(t testing.TB, addr, uuid string) *peer {
	t.Helper()
	fs := knock(t, addr)
	fs.expect("connect")
	fs.send(channelData(uuid))
	return fs
}

// untilEnd is a handler that lives as long as its connection.
func untilEnd(s *Session) {
	for s.Err() == nil {
		_, _ = s.Next(context.Background(), time.Time{})
	}
}

func TestCallIsHandedOver(t *testing.T) {
	failed := make(chan error, 1)
	s := &Server{Handler: func(s *Session) {
		failed <- func() error {
			if s.UUID() != "a" || s.Channel().Var("sip_req_user") != "0800" || s.Channel().Get("Control") != "full" {
				return errors.New("channel data is wrong")
			}
			_, err := s.Pipeline(Linger(30*time.Second), Filter("Unique-ID", s.UUID()), EventPlain("DTMF"))
			if err != nil {
				return err
			}
			e, err := s.Next(t.Context(), time.Time{})
			if err == nil && e.Get("DTMF-Digit") != "5" {
				err = fmt.Errorf("event %q", e.Name())
			}
			return err
		}()
	}}
	fs := handOver(t, serve(t, s), "a")
	fs.expect("linger 30")
	fs.expect("filter Unique-ID a")
	fs.expect("event plain DTMF")
	fs.send(reply("+OK"), reply("+OK"), reply("+OK"), event("DTMF", "DTMF-Digit: 5"))
	if err := <-failed; err != nil {
		t.Error(err)
	}
	if rest := fs.expectEnd(); rest != "" {
		t.Errorf("sent after the handler: %q", rest)
	}
	eventually(t, "the end of the call", func() bool { return s.Stats() == Stats{Accepted: 1} })
}

func TestHowCallsEndIsCounted(t *testing.T) {
	for situation, tt := range map[string]struct {
		frames string
		want   Stats
	}{
		"nonsense":         {"nonsense\n", Stats{Accepted: 1, ProtocolErrors: 1}},
		"body too large":   {"Content-Type: log/data\nContent-Length: 1048577\n\n", Stats{Accepted: 1, ProtocolErrors: 1}},
		"too many events":  {strings.Repeat(event("DTMF"), 5), Stats{Accepted: 1, SlowConsumers: 1}},
		"command unheeded": {event("DTMF"), Stats{Accepted: 1, Timeouts: 1}},
		"reply to nothing": {reply("+OK") + reply("+OK"), Stats{Accepted: 1, ProtocolErrors: 1}},
	} {
		t.Run(situation, func(t *testing.T) {
			s := &Server{Options: Options{EventQueue: 4, CommandTimeout: 50 * time.Millisecond}}
			s.Handler = func(session *Session) {
				_, _ = session.Pipeline(Linger(0))
				untilEnd(session)
			}
			handOver(t, serve(t, s), "a").send(tt.frames)
			eventually(t, "the count", func() bool { return s.Stats() == tt.want })
		})
	}
}

func TestRefusedBeforeAByteIsSent(t *testing.T) {
	elsewhere := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("::1/128")}
	for situation, tt := range map[string]struct {
		server *Server
		calls  int // before the one that is refused
		half   int
		count  func(Stats) uint64
	}{
		"another network":     {&Server{AllowedNetworks: elsewhere}, 0, 0, func(s Stats) uint64 { return s.RefusedNetwork }},
		"too many calls":      {&Server{MaxCalls: 2}, 2, 0, func(s Stats) uint64 { return s.RefusedCalls }},
		"too many half open":  {&Server{MaxHalfOpen: 2}, 3, 2, func(s Stats) uint64 { return s.RefusedHalfOpen }},
		"half open count too": {&Server{MaxCalls: 3}, 1, 2, func(s Stats) uint64 { return s.RefusedCalls }},
	} {
		t.Run(situation, func(t *testing.T) {
			tt.server.Handler = untilEnd
			addr := serve(t, tt.server)
			for i := range tt.calls {
				handOver(t, addr, "a")
				eventually(t, "a call before", func() bool { return tt.server.Stats().Calls == i+1 })
			}
			for range tt.half {
				knock(t, addr).expect("connect")
			}
			if got := knock(t, addr).expectEnd(); got != "" {
				t.Errorf("sent to a refused peer: %q", got)
			}
			stats := tt.server.Stats()
			if tt.count(stats) != 1 || stats.Calls != tt.calls || stats.HalfOpen != tt.half {
				t.Errorf("counted %+v", stats)
			}
		})
	}
}

func TestAllowedNetworks(t *testing.T) {
	tcp := func(addr string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr)) }
	networks := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fe80::/10")}
	for _, tt := range []struct {
		situation string
		networks  []netip.Prefix
		remote    net.Addr
		want      bool
	}{
		{"inside", networks, tcp("10.1.2.3:5"), true},
		{"inside, as IPv6 writes it", networks, tcp("[::ffff:10.1.2.3]:5"), true},
		{"inside, with a zone", networks, tcp("[fe80::1%eth0]:5"), true},
		{"outside", networks, tcp("10.2.0.1:5"), false},
		{"loopback where others are named", networks, tcp("127.0.0.1:5"), false},
		{"loopback where none is named", nil, tcp("127.0.0.9:5"), true},
		{"IPv6 loopback where none is named", nil, tcp("[::1]:5"), true},
		{"anybody where none is named", nil, tcp("10.1.2.3:5"), false},
		{"no TCP", []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, &net.UnixAddr{Name: "a"}, false},
	} {
		t.Run(tt.situation, func(t *testing.T) {
			if got := (&Server{AllowedNetworks: tt.networks}).allowed(tt.remote); got != tt.want {
				t.Errorf("allowed(%v) = %v, want %v", tt.remote, got, tt.want)
			}
		})
	}
}

func TestHandshakeThatFails(t *testing.T) {
	for situation, tt := range map[string]struct {
		answer string
		want   Stats
	}{
		"silence":           {"", Stats{Timeouts: 1}},
		"half a reply":      {channelData("a")[:50], Stats{Timeouts: 1}},
		"refusal":           {reply("-ERR no"), Stats{}},
		"reply, no channel": {reply("+OK"), Stats{ProtocolErrors: 1}},
		"nonsense":          {"220 mail.example.net ESMTP\r\n\r\n", Stats{ProtocolErrors: 1}},
		"negative length":   {"Content-Length: -1\n\n", Stats{ProtocolErrors: 1}},
	} {
		t.Run(situation, func(t *testing.T) {
			s := &Server{
				Handler: func(*Session) { t.Error("the handler ran") },
				Options: Options{HandshakeTimeout: 50 * time.Millisecond},
			}
			addr := serve(t, s)
			fs := knock(t, addr)
			fs.expect("connect")
			if tt.answer != "" {
				fs.send(tt.answer)
			}
			fs.expectEnd()
			tt.want.Accepted, tt.want.HandshakeFailures = 1, 1
			eventually(t, "the count", func() bool { return s.Stats() == tt.want })
		})
	}
}

func TestPanicEndsItsCallOnly(t *testing.T) {
	var log bytes.Buffer
	s := &Server{Logger: slog.New(slog.NewTextHandler(&log, nil)), Handler: func(s *Session) {
		if s.UUID() == "bad" {
			panic("out of range")
		}
		untilEnd(s)
	}}
	addr := serve(t, s)
	handOver(t, addr, "good")
	eventually(t, "the good call", func() bool { return s.Stats().Calls == 1 })
	handOver(t, addr, "bad").expectEnd()
	eventually(t, "the end of the bad call", func() bool {
		return s.Stats() == Stats{Accepted: 2, Panics: 1, Calls: 1}
	})
	if got := log.String(); !strings.Contains(got, "call=bad") || !strings.Contains(got, "out of range") {
		t.Errorf("log %q", got)
	}
}

func TestShutdownWaitsForCalls(t *testing.T) {
	s := &Server{Handler: func(s *Session) { _, _ = s.Pipeline(Command{Line: "exit"}) }}
	addr := serve(t, s)
	fs := handOver(t, addr, "a")
	fs.expect("exit")
	half := knock(t, addr)
	half.expect("connect")
	drained := async(t, func() (any, error) { return nil, s.Shutdown(t.Context()) })
	half.expectEnd() // what is half open goes at once
	eventually(t, "the closing of the port", func() bool {
		nc, err := net.Dial("tcp", addr)
		if err == nil {
			_ = nc.Close()
		}
		return err != nil
	})
	if s.Stats().Calls != 1 {
		t.Errorf("a call was cut: %+v", s.Stats())
	}
	fs.send(reply("+OK bye"))
	if _, err := drained(); err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	if err := s.Serve(listen(t)); !errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve after Shutdown = %v", err)
	}
}

func TestShutdownCutsWhatStays(t *testing.T) {
	causes := make(chan error, 2)
	s := &Server{Handler: func(s *Session) {
		_, err := s.Next(t.Context(), time.Time{})
		causes <- err
	}}
	addr := serve(t, s)
	for _, uuid := range []string{"a", "b"} {
		handOver(t, addr, uuid)
	}
	eventually(t, "both calls", func() bool { return s.Stats().Calls == 2 })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := s.Shutdown(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "cut 2 connections") {
		t.Errorf("Shutdown = %v, want two cut", err)
	}
	for range 2 {
		if cause := <-causes; !errors.Is(cause, ErrServerClosed) {
			t.Errorf("a call ended with %v, want %v", cause, ErrServerClosed)
		}
	}
}

func TestServeReportsABrokenListener(t *testing.T) {
	l := listen(t)
	_ = l.Close()
	if err := (&Server{Handler: untilEnd}).Serve(l); err == nil || errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve = %v, want the error of the listener", err)
	}
}
