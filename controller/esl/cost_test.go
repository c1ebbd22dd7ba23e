package esl

import (
	"strings"
	"testing"

	"github.com/dialgraph/dialgraph/internal/alloctest"
)

// A frame costs what is kept of it, and nothing for its two hundred headers.
func TestReadingCosts(t *testing.T) {
	tests := []struct {
		name, stream  string
		allocs, bytes float64
		why           string
	}{
		{"event", completion(), 2, 1.2*float64(len(completion())) + 128, "the event, and its body in a block of the next size"},
		{"reply", reply("+OK"), 2, 256, "the event and its header block"},
		{"channel data", channelData("a"), 2, 512, "the event and its header block"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newReader(&endless{data: []byte(tt.stream)}, Options{}.withDefaults())
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
