package fstest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// captured is one line of a condensed capture.
type captured struct {
	at      time.Duration
	sent    string // by the controller; "" when FreeSWITCH sent the line
	size    int
	kind    string
	headers map[string]string
}

func readCapture(t testing.TB, name string) []captured {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "captures", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []captured
	for s := bufio.NewScanner(f); s.Scan(); {
		stamp, rest, _ := strings.Cut(s.Text(), " ")
		ms, err := strconv.Atoi(stamp)
		if err != nil {
			t.Fatalf("%s: %q: %v", name, s.Text(), err)
		}
		l := captured{at: millis(ms)}
		if sent, ok := strings.CutPrefix(rest, "> "); ok {
			l.sent = sent
		} else {
			size, text, _ := strings.Cut(strings.TrimPrefix(rest, "< "), " ")
			l.size, _ = strconv.Atoi(size)
			l.kind, l.headers = fields(text)
		}
		lines = append(lines, l)
	}
	return lines
}

// fields reads a kind and key=value pairs, values quoted when they hold a space.
func fields(text string) (kind string, pairs map[string]string) {
	kind, text, _ = strings.Cut(text, " ")
	pairs = map[string]string{}
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		key, rest, _ := strings.Cut(text, "=")
		if strings.HasPrefix(rest, `"`) {
			d := json.NewDecoder(strings.NewReader(rest))
			var value string
			if err := d.Decode(&value); err != nil {
				return kind, pairs
			}
			pairs[key], text = value, rest[d.InputOffset():]
			continue
		}
		pairs[key], text, _ = strings.Cut(rest, " ")
	}
	return kind, pairs
}

// An actor plays the controller's side of a capture.
type actor struct {
	peer  *peer
	call  string // UUID of the call
	leg   string // UUID of the agent's leg, from the first bridge on
	host  string // replaces the controller's address in commands
	names *strings.Replacer
	speed float64
}

func (a *actor) idle(d time.Duration) { <-time.After(time.Duration(float64(d) / a.speed)) }

func (a *actor) play(lines []captured) {
	var before time.Duration
	var want, got int // linger notices, which have no fixed place
	for _, l := range lines {
		switch {
		case l.sent != "":
			if gap := l.at - before; gap > 50*time.Millisecond {
				a.idle(gap)
			}
			a.command(l.sent)
		case l.headers["Content-Disposition"] == "linger":
			want++
		default:
			got += a.compare(l)
		}
		before = l.at
	}
	if len(lines) > 0 && lines[len(lines)-1].headers["Content-Disposition"] == "disconnect" {
		if f, err := a.peer.next(); !errors.Is(err, io.EOF) {
			a.peer.t.Errorf("after the last frame: %v, %v, want EOF", f, err)
		}
	}
	if want != got {
		a.peer.t.Errorf("%d linger notices, want %d", got, want)
	}
}

func (a *actor) command(text string) {
	text = strings.NewReplacer("<call>", a.call, "<leg>", a.leg, " | ", "\n").Replace(text)
	if a.host != "" {
		text = strings.ReplaceAll(text, "127.0.0.1:8084", a.host)
	}
	a.peer.send(text)
}

// compare reads the next frame that is no linger notice, and compares it. It
// returns how many linger notices came before it.
func (a *actor) compare(want captured) (notices int) {
	t := a.peer.t
	f, err := a.peer.next()
	for err == nil && f["Content-Disposition"] == "linger" {
		notices++
		f, err = a.peer.next()
	}
	if err != nil {
		t.Fatalf("%v: %v, want %s %v", want.at, err, want.kind, want.headers)
	}
	if f["Bridge-B-Unique-ID"] != "" {
		a.leg = f["Bridge-B-Unique-ID"]
	}
	kind, got := a.condense(f)
	if kind != want.kind || !maps.Equal(got, want.headers) {
		t.Fatalf("%v:\n got %s %v\nwant %s %v", want.at, kind, got, want.kind, want.headers)
	}
	if size, _ := strconv.Atoi(f["size"]); strings.HasPrefix(kind, "CHANNEL_") && (size < want.size*3/4 || size > want.size*5/4) {
		t.Errorf("%v: %s of %d bytes, the real one has %d", want.at, kind, size, want.size)
	}
	return notices
}

var decisiveHeaders = strings.Fields(`Application Application-Data Application-Response Answer-State Channel-Call-State
Hangup-Cause DTMF-Digit DTMF-Source Bridge-A-Unique-ID Bridge-B-Unique-ID Job-Command`)

var decisiveVariables = strings.Fields(`read_result read_terminator_used playback_terminator_used originate_disposition
DIALSTATUS originate_failed_cause bridge_hangup_cause last_bridge_hangup_cause hangup_cause socket_resume
current_application endpoint_disposition proto_specific_hangup_cause sip_hangup_disposition choice choice_invalid
choice2 account account_invalid pin pin_invalid rating rating_invalid`)

// condense leaves of a frame what the captures keep.
func (a *actor) condense(f frameRead) (kind string, headers map[string]string) {
	headers = map[string]string{}
	keep := func(names []string, prefix string) {
		for _, n := range names {
			if v, ok := f[prefix+n]; ok {
				headers[n] = a.clean(v)
			}
		}
	}
	switch name := f["Event-Name"]; name {
	case "":
		kind = f["Content-Type"]
		keep([]string{"Reply-Text", "Content-Disposition", "Linger-Time"}, "")
	case "CHANNEL_DATA":
		kind = name
		keep([]string{"Answer-State", "Channel-Call-State"}, "")
		keep(decisiveVariables, "variable_")
	default:
		kind = name
		keep(decisiveHeaders, "")
		keep(decisiveVariables, "variable_")
	}
	if body := strings.TrimSpace(f["body"]); body != "" && kind != "text/disconnect-notice" {
		if strings.HasPrefix(body, "UP ") {
			body = "UP"
		}
		headers["body"] = a.clean(body)
	}
	return kind, headers
}

func (a *actor) clean(v string) string {
	v = a.names.Replace(v)
	if a.leg != "" {
		v = strings.ReplaceAll(v, a.leg, "<leg>")
	}
	return v
}

// attempt runs a part of a test and returns how it failed, instead of failing
// the test.
func attempt(t *testing.T, part func(testing.TB)) []string {
	try := &trial{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		part(try)
	}()
	<-done
	try.mu.Lock()
	defer try.mu.Unlock()
	return try.faults
}

// A trial keeps what would have failed the test.
type trial struct {
	testing.TB
	mu     sync.Mutex
	faults []string
}

func (t *trial) fault(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, text)
}

func (t *trial) Error(args ...any)                 { t.fault(fmt.Sprintln(args...)) }
func (t *trial) Errorf(format string, args ...any) { t.fault(fmt.Sprintf(format, args...)) }

func (t *trial) Fatal(args ...any) {
	t.fault(fmt.Sprintln(args...))
	runtime.Goexit()
}

func (t *trial) Fatalf(format string, args ...any) {
	t.fault(fmt.Sprintf(format, args...))
	runtime.Goexit()
}
