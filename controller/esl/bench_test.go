package esl

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// completion is an event of the size that ends an application: some two hundred headers, 8 KB.
func completion() string {
	headers := []string{"Core-UUID: 7e60ab9c-8ef6-4eab-8d3f-3ca551c15155", "Unique-ID: 91da1eda-cc6f-433c-bcb6-3a990015b39a",
		"Answer-State: answered"}
	for i := range 170 {
		headers = append(headers, fmt.Sprintf("variable_sip_header_%d: sip%%3A9000%%40127.0.0.1%%3A%d", i, i))
	}
	return event("CHANNEL_EXECUTE_COMPLETE", append(headers, "variable_choice: 2", "Application: play_and_get_digits",
		"Application-Data: 1%201%203%205000%20%23%20ivr/menu.wav", "Application-UUID: 2a4956d0-07d6-41d6-b9dd-dc212accd589")...)
}

// endless delivers the same bytes for ever, as fast as they are asked for.
type endless struct {
	net.Conn
	data []byte
	at   int
}

func (s *endless) Read(p []byte) (int, error) {
	n := copy(p, s.data[s.at:])
	s.at = (s.at + n) % len(s.data)
	return n, nil
}

func (s *endless) SetReadDeadline(time.Time) error { return nil }

func BenchmarkRead(b *testing.B) {
	some := Options{Headers: Select("Application-UUID", "variable_choice")}
	for name, bench := range map[string]struct {
		stream string
		o      Options
	}{
		"whole event": {completion(), Options{}}, "event": {completion(), some}, "reply": {reply("+OK"), some},
		"channel data": {channelData("a"), some},
	} {
		b.Run(name, func(b *testing.B) {
			r := newReader(&endless{data: []byte(bench.stream)}, bench.o.withDefaults())
			b.SetBytes(int64(len(bench.stream)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReadSocket is BenchmarkRead with a kernel between.
func BenchmarkReadSocket(b *testing.B) {
	s, fs := session(b, Options{})
	stream := completion()
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		fs.send(stream)
		next(b, s)
	}
}

func BenchmarkGet(b *testing.B) {
	e := frame(b, completion())
	for name, header := range map[string]string{"first": "Event-Name", "last": "Application-UUID", "decoded": "Application-Data",
		"absent": "Hangup-Cause"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.Get(header)
			}
		})
	}
	b.Run("variable", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e.Var("choice")
		}
	})
}

func BenchmarkExecute(b *testing.B) {
	arg := "1 1 3 5000 # " + strings.Repeat("ivr/menu.wav!", 4) + " ivr/invalid.wav choice \\d+ 2000"
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		buf, err = Execute("play_and_get_digits", arg, ExecuteOptions{UUID: "2a4956d0-07d6-41d6-b9dd-dc212accd589", Lock: true}).append(buf[:0])
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCommand is a whole round trip over loopback, the peer's work included.
func BenchmarkCommand(b *testing.B) {
	s, fs := session(b, Options{})
	go func() {
		ok := []byte(reply("+OK"))
		for buf := make([]byte, 4096); ; {
			if _, err := fs.nc.Read(buf); err != nil {
				return
			}
			if _, err := fs.nc.Write(ok); err != nil {
				return
			}
		}
	}()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Pipeline(Execute("playback", "ivr/menu.wav", ExecuteOptions{Lock: true})); err != nil {
			b.Fatal(err)
		}
	}
}
