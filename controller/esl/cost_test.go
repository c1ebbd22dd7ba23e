package esl

import (
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/dialgraph/dialgraph/internal/alloctest"
)

// A frame costs what is kept of it, and nothing for its two hundred headers.
func TestReadingCosts(t *testing.T) {
	some := Options{Headers: Select("Application-UUID", "variable_choice")}
	tests := []struct {
		name, stream  string
		allocs, bytes float64
		why           string
		options       Options
	}{
		{"whole event", completion(), 2, 1.2*float64(len(completion())) + 128, "the event, and its body in a block of the next size", Options{}},
		{"event", completion(), 2, 352, "the event and what was selected of it", some},
		{"reply", reply("+OK"), 2, 192, "the event and its header block", some},
		{"channel data", channelData("a"), 2, 256, "the event and what was selected of it", some},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newReader(&endless{data: []byte(tt.stream)}, tt.options.withDefaults())
			alloctest.AtMost(t, tt.allocs, tt.bytes, tt.why, func() {
				if _, err := r.next(); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// Looking for a header costs the value that is returned.
func TestLookingCosts(t *testing.T) {
	e := frame(t, completion())
	tests := []struct {
		name          string
		look          func()
		allocs, bytes float64
		why           string
	}{
		{"name", func() { e.Name() }, 0, 0, "nothing"},
		{"plain header", func() { e.Get("Application-UUID") }, 1, 48, "the value"},
		{"encoded header", func() { e.Get("Application-Data") }, 1, 48, "the decoded value"},
		{"absent header", func() { e.Get("Hangup-Cause") }, 0, 0, "nothing"},
		{"variable", func() { e.Var("choice") }, 0, 0, "nothing: it is one sign"},
		{"whether a variable is set", func() { e.HasVar("choice") }, 0, 0, "nothing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { alloctest.AtMost(t, tt.allocs, tt.bytes, tt.why, tt.look) })
	}
}

// A command is built into a buffer that is there already.
func TestBuildingCosts(t *testing.T) {
	arg := "1 1 3 5000 # " + strings.Repeat("ivr/menu.wav!", 4) + " ivr/invalid.wav choice \\d+ 2000"
	buf := make([]byte, 0, 1024)
	alloctest.AtMost(t, 1, 192, "the list of headers", func() {
		var err error
		buf, err = Execute("play_and_get_digits", arg, ExecuteOptions{UUID: "2a4956d0-1", Lock: true}).append(buf[:0])
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A call that waits holds no buffer and no place for events that have not come.
func TestIdleCallCosts(t *testing.T) {
	const calls, bytes = 200, 4 << 10
	arrived := make(chan struct{})
	addr := serve(t, &Server{Options: Options{EventQueue: 256, Headers: Select()}, Handler: func(s *Session) {
		arrived <- struct{}{}
		untilEnd(s)
	}})
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC() // twice: what sync.Pool holds goes with the second
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := live()
	for range calls {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = nc.Close() }()
		if _, err := io.CopyN(io.Discard, nc, int64(len("connect\n\n"))); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(nc, channelData("a")); err != nil {
			t.Fatal(err)
		}
		<-arrived
	}
	if got := (live() - before) / calls; got > bytes {
		t.Errorf("%d bytes of heap for both ends of a connection, want at most %d", got, bytes)
	}
}
