package fstest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

func TestReadCommand(t *testing.T) {
	r := bufio.NewReader(strings.NewReader("\n\nsendmsg  x\r\nA: b: c\nContent-Length: 4\n\nbodynext\n\n"))
	c, err := readCommand(r)
	if err != nil || c.line != "sendmsg  x" || c.get("a") != "b: c" || c.body != "body" {
		t.Errorf("first command %+v, %v", c, err)
	}
	if c, err = readCommand(r); err != nil || c.line != "next" {
		t.Errorf("second command %+v, %v", c, err)
	}
	if _, err = readCommand(r); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

func FuzzReadCommand(f *testing.F) {
	for _, s := range []string{"connect\n\n", "sendmsg\ncall-command: hangup\n\n", "a\nContent-Length: 3\n\nxyz", "\r\n\r\n", "x\nContent-Length: -1\n\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := readCommand(bufio.NewReader(strings.NewReader(s)))
		if err == nil && (c.line == "" || len(c.body) > len(s)) {
			t.Errorf("readCommand(%q) = %+v", s, c)
		}
	})
}

func FuzzArguments(f *testing.F) {
	for _, s := range []string{"a 'b c' d", "{a=b,c='d,e'}[f=g]user/1|sofia/x/2,error/busy", "${a${b}}", "m:^:set:a=1^park:", `\`, "'", "{", "${"} {
		f.Add(s)
	}
	sw, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { sw.Close() })
	c := sw.newCall(Caller{})
	f.Fuzz(func(t *testing.T, s string) {
		if got := c.expand(s); !strings.Contains(s, "${") && got != s {
			t.Errorf("expand(%q) = %q", s, got)
		}
		if n := len(splitArgs(s)); n > len(s) {
			t.Errorf("splitArgs(%q) has %d words", s, n)
		}
		for _, g := range parseDialString(s) {
			for _, d := range g {
				if !strings.Contains(s, d.text) {
					t.Errorf("parseDialString(%q) dials %q", s, d.text)
				}
			}
		}
		parseInline(s)
		parsePrompt(s)
		toneLength(s)
	})
}

func BenchmarkEvent(b *testing.B) {
	sw, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	c := sw.newCall(Caller{Number: "+380671234567", To: "0800"})
	near, far := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, far) }() // until near is closed
	b.Cleanup(func() {
		near.Close()
		sw.Close()
	})
	l := newListener(sw, near, c)
	sw.exchange.change(l, func(s *subscription) {
		s.events, s.filters = []string{"CHANNEL_ANSWER"}, []filter{{"Unique-ID", c.uuid}}
	})
	c.vars.set(c.earlyVariables()...)
	b.ReportAllocs()
	for b.Loop() {
		c.mu.Lock()
		c.fire("CHANNEL_ANSWER")
		c.mu.Unlock()
	}
}
