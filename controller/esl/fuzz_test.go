package esl

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// seeds are streams that lie near the edges of the protocol.
func seeds(f *testing.F) {
	for _, s := range []string{
		conversation,
		channelData("a"),
		channelData("a") + reply("+OK") + event("DTMF", "DTMF-Digit: 5"),
		"Content-Type: api/response\nContent-Length: -1\n\n",
		"Content-Type: api/response\nContent-Length: 1048576\n\nx",
		"Content-Type: api/response\nContent-Length: 1\nContent-Length: 2\n\nxx",
		"Content-Type: text/event-plain\nContent-Length: 5\n\na: %f",
		"Content-Type: text/event-plain\nContent-Length: 5\n\n\n\n\n\n\n",
		"\r\n\r\n\n\n: \n\n",
		strings.Repeat("a:b\n", 1000),
	} {
		f.Add([]byte(s))
	}
}

// Whatever bytes come: frames within the bounds, then an error that the reader documents.
func FuzzRead(f *testing.F) {
	seeds(f)
	o := Options{MaxHeader: 4 << 10, MaxBody: 32 << 10}.withDefaults()
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := newReader(&script{data: stream}, o)
		for {
			e, err := r.next()
			var protocol *ProtocolError
			switch {
			case err == nil:
			case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &protocol):
				return
			default:
				t.Fatalf("undocumented error %v", err)
			}
			// append may round a slice up, by less than double.
			if cap(e.head)+cap(e.body) > 2*(o.MaxHeader+o.MaxBody) {
				t.Fatalf("frame of %d and %d bytes held", cap(e.head), cap(e.body))
			}
			if e.ContentType() == "" {
				t.Fatal("frame without a content type")
			}
			read(e)
		}
	})
}

// read asks an event for everything.
func read(e *Event) {
	_, _, _ = e.Name(), e.Body(), e.ReplyText()
	_, _ = e.Var("a"), e.Has("variable_none")
}

// A hostile peer that answers `connect` with anything: its connection ends, the server goes on, nothing is left behind.
func FuzzPeer(f *testing.F) {
	seeds(f)
	s := &Server{
		Logger:  slog.New(slog.DiscardHandler),
		Options: Options{HandshakeTimeout: patience, CommandTimeout: patience / 4, MaxBody: 32 << 10},
		Handler: func(s *Session) {
			for {
				e, err := s.Next(context.Background(), time.Time{})
				if err != nil {
					return
				}
				read(e)
				_, _ = s.Pipeline(Linger(0), Filter("Unique-ID", "a"))
			}
		},
	}
	addr := serve(f, s)
	f.Fuzz(func(t *testing.T, stream []byte) {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = nc.Close() }()
		_ = nc.SetDeadline(time.Now().Add(patience))
		_, _ = nc.Write(stream) // may fail half-way: the server has had enough
		_ = nc.(*net.TCPConn).CloseWrite()
		if _, err := io.Copy(io.Discard, nc); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("the server did not end the connection")
		}
		eventually(t, "the end of the connection", func() bool {
			stats := s.Stats()
			return stats.Calls == 0 && stats.HalfOpen == 0
		})
		if stats := s.Stats(); stats.Panics != 0 || stats.Timeouts != 0 {
			t.Fatalf("%+v", stats)
		}
	})
}
