package esl

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A script is a connection that delivers prepared bytes, at most step at a time, and then ends.
type script struct {
	net.Conn
	data []byte
	step int
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	if s.step > 0 && len(p) > s.step {
		p = p[:s.step]
	}
	n := copy(p, s.data)
	s.data = s.data[n:]
	return n, nil
}

func (s *script) SetReadDeadline(time.Time) error { return nil }

// readAll reads frames until the stream ends and writes each in one line.
func readAll(nc net.Conn, o Options) (frames []string, err error) {
	r := newReader(nc, o.withDefaults())
	for {
		e, err := r.next()
		if err != nil {
			return frames, err
		}
		frames = append(frames, fmt.Sprintf("%s %s %q %q %q", e.ContentType(), e.Name(), e.Get("Unique-ID"),
			e.ReplyText(), e.Body()))
	}
}

// longText does not fit into one read.
var longText = strings.Repeat("long ", readSize/5+1) + "text"

// conversation has every kind of frame, some larger than one read, and a body without a line break at its end.
var conversation = strings.Join([]string{
	"Content-Type: auth/request\n\n",
	channelData("a"),
	"\n\n" + reply("+OK"),
	reply(longText),
	event("CHANNEL_ANSWER", "Unique-ID: a", "variable_long: "+strings.Repeat("x", 2*readSize)),
	apiResult("true"),
	event("DTMF", "Unique-ID: a"),
	"Content-Type: log/data\r\nContent-Length: 4\r\n\r\nlog\n",
	"Content-Type: text/disconnect-notice\nContent-Disposition: linger\nContent-Length: 0\n\n",
	"Content-Type: text/disconnect-notice\nContent-Length: 23\n\nDisconnected, goodbye.\n",
}, "")

var conversationFrames = []string{
	`auth/request  "" "" ""`,
	`command/reply CHANNEL_DATA "a" "+OK" ""`,
	`command/reply  "" "+OK" ""`,
	`command/reply  "" "` + longText + `" ""`,
	`text/event-plain CHANNEL_ANSWER "a" "" ""`,
	`api/response  "" "true" "true"`,
	`text/event-plain DTMF "a" "" ""`,
	`log/data  "" "" "log\n"`,
	`text/disconnect-notice  "" "" ""`,
	`text/disconnect-notice  "" "" "Disconnected, goodbye.\n"`,
}

func TestReadSplitAnywhere(t *testing.T) {
	for step := range 512 { // 0: as much as fits
		frames, err := readAll(&script{data: []byte(conversation), step: step}, Options{})
		if !errors.Is(err, io.EOF) {
			t.Fatalf("%d bytes at a time: %v", step, err)
		}
		if diff := cmp.Diff(conversationFrames, frames); diff != "" {
			t.Fatalf("%d bytes at a time (-want +got):\n%s", step, diff)
		}
	}
}

func TestReadSplitAtEveryByteOfASocket(t *testing.T) {
	stream := channelData("a") + event("DTMF", "Unique-ID: a") + apiResult("true")
	want := []string{conversationFrames[1], conversationFrames[6], conversationFrames[5]}
	for i := 1; i < len(stream); i++ {
		here, there := net.Pipe()
		go func() {
			_, _ = there.Write([]byte(stream[:i]))
			_, _ = there.Write([]byte(stream[i:]))
			_ = there.Close()
		}()
		frames, err := readAll(here, Options{})
		if diff := cmp.Diff(want, frames); diff != "" || !errors.Is(err, io.EOF) {
			t.Fatalf("split after %d bytes: %v (-want +got):\n%s", i, err, diff)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	o := Options{MaxHeader: 256, MaxBody: 1000}
	length := func(s string) string { return "Content-Type: api/response\nContent-Length: " + s + "\n\nbody" }
	for situation, stream := range map[string]string{
		"negative length":         length("-1"),
		"length with a sign":      length("+4"),
		"length in hexadecimal":   length("0x4"),
		"empty length":            length(""),
		"length beyond any int":   length("99999999999999999999999"),
		"length of two gigabytes": length("2147483648"),
		"body over the bound":     length("1001"),
		"two lengths":             length("4\nContent-Length: 4"),
		"two types":               "Content-Type: command/reply\nContent-Type: text/event-plain\n\n",
		"no type":                 "Content-Length: 4\n\nbody",
		"header over the bound":   "Content-Type: command/reply\nReply-Text: " + strings.Repeat("x", 256) + "\n\n",
		"many short headers":      "Content-Type: command/reply\n" + strings.Repeat("a:\n", 100),
		"line without an end":     strings.Repeat("x", 3*readSize),
		"HTTP":                    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"TLS":                     "\x16\x03\x01\x00\xa5\x01\x00\x00\n\xa1\x03\x03\n",
		"header without a name":   "Content-Type: command/reply\n: x\n\n",
	} {
		t.Run(situation, func(t *testing.T) {
			frames, err := readAll(&script{data: []byte(reply("+OK") + stream)}, o)
			var protocol *ProtocolError
			if !errors.As(err, &protocol) {
				t.Errorf("error %v, want a ProtocolError", err)
			}
			if len(frames) != 1 {
				t.Errorf("frames %q, want only the good one before", frames)
			}
		})
	}
}

func TestReadCutInsideAFrame(t *testing.T) {
	for _, stream := range []string{"Content", "Content-Type: command/reply\n", "\n", event("DTMF")[:60]} {
		if _, err := readAll(&script{data: []byte(stream)}, Options{}); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: error %v, want %v", stream, err, io.ErrUnexpectedEOF)
		}
	}
}

func TestReadLargestBody(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", DefaultMaxBody/16)
	if got := frame(t, apiResult(body)); string(got.Body()) != body {
		t.Errorf("a body of %d bytes came out with %d", len(body), len(got.Body()))
	}
}

func TestAnnouncedBodyCostsNothing(t *testing.T) {
	stream := []byte(fmt.Sprintf("Content-Type: api/response\nContent-Length: %d\n\nshort", DefaultMaxBody))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := readAll(&script{data: stream}, Options{})
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 4*firstChunk || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes allocated for 5 that came, error %v", got, err)
	}
}

func TestReadWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer func() { _ = there.Close() }()
		var writer sync.WaitGroup
		defer writer.Wait()
		writer.Go(func() {
			_, _ = there.Write([]byte(reply("+OK")))
			time.Sleep(3 * time.Hour) // parked in a queue
			_, _ = there.Write([]byte(event("DTMF")[:60]))
			for range 100 { // a trickle does not extend the bound
				time.Sleep(time.Second)
				if _, err := there.Write([]byte("\n")); err != nil {
					return
				}
			}
		})
		began := time.Now()
		frames, err := readAll(here, Options{FrameTimeout: 4 * time.Second, MaxBody: DefaultMaxBody})
		_ = here.Close()
		var protocol *ProtocolError
		if !errors.As(err, &protocol) || len(frames) != 1 {
			t.Errorf("frames %q, error %v, want one frame and a ProtocolError", frames, err)
		}
		if took := time.Since(began); took != 3*time.Hour+4*time.Second {
			t.Errorf("gave up after %v, want 4 s after the frame began", took)
		}
	})
}
