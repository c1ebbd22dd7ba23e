package esl

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// frame reads the only frame of a stream.
func frame(t testing.TB, stream string) *Event {
	t.Helper()
	e, err := newReader(&script{data: []byte(stream)}, Options{}.withDefaults()).next()
	if err != nil {
		t.Fatalf("read %q: %v", stream, err)
	}
	return e
}

func TestEventHeaders(t *testing.T) {
	e := frame(t, event("CHANNEL_EXECUTE_COMPLETE",
		"Other-Leg-Unique-ID: b",
		"Unique-ID: a",
		"Caller-Caller-ID-Name: %D0%9E%D0%BB%D1%8F%20%3Cx%3E",
		"Application-Data: 1%201%0Ainjected%3A%20yes",
		"variable_choice: 2",
		"variable_choice_invalid: 9",
		"variable_percent: 100%25%2",
		"variable_broken: %zz%",
		"variable_empty: ",
		"variable_last: 1",
	))
	for _, tt := range []struct {
		situation, header, want string
		has                     bool
	}{
		{"first header", "Event-Name", "CHANNEL_EXECUTE_COMPLETE", true},
		{"end of another name", "Unique-ID", "a", true},
		{"letters outside ASCII", "Caller-Caller-ID-Name", "Оля <x>", true},
		{"encoded line break makes no header", "Application-Data", "1 1\ninjected: yes", true},
		{"header inside a value", "injected", "", false},
		{"beginning of another name", "variable_choice", "2", true},
		{"per cent sign, cut code", "variable_percent", "100%%2", true},
		{"no code at all", "variable_broken", "%zz%", true},
		{"empty", "variable_empty", "", true},
		{"absent", "variable_none", "", false},
		{"other case", "event-name", "", false},
		{"no name", "", "", false},
	} {
		t.Run(tt.situation, func(t *testing.T) {
			if got := e.Get(tt.header); got != tt.want {
				t.Errorf("Get(%q) = %q, want %q", tt.header, got, tt.want)
			}
			if got := e.Has(tt.header); got != tt.has {
				t.Errorf("Has(%q) = %v, want %v", tt.header, got, tt.has)
			}
			name, isVar := strings.CutPrefix(tt.header, "variable_")
			if isVar && (e.Var(name) != tt.want || e.HasVar(name) != tt.has) {
				t.Errorf("Var(%q) = %q, %v, want %q, %v", name, e.Var(name), e.HasVar(name), tt.want, tt.has)
			}
		})
	}
}

func TestEventBody(t *testing.T) {
	e := frame(t, "Content-Length: 84\nContent-Type: text/event-plain\n\n"+
		"Event-Name: BACKGROUND_JOB\nJob-UUID: j1\nContent-Length: 19\n\n-ERR CALL_REJECTED\nEvent")
	if got := string(e.Body()); got != "-ERR CALL_REJECTED\nEvent" {
		t.Errorf("Body() = %q", got)
	}
	if e.Has("-ERR CALL_REJECTED\nEvent") || e.Name() != "BACKGROUND_JOB" || e.Get("Job-UUID") != "j1" {
		t.Errorf("headers of %q are wrong", e.head)
	}
	if got := frame(t, event("DTMF")).Body(); len(got) != 0 {
		t.Errorf("Body() of an event without one = %q", got)
	}
}

func TestRepliesAreNotDecoded(t *testing.T) {
	if got := frame(t, reply("100%25 +OK")).ReplyText(); got != "100%25 +OK" {
		t.Errorf("ReplyText() = %q, want it as sent", got)
	}
	data := frame(t, channelData("a"))
	if data.ReplyText() != "+OK" || data.Get("Caller-Caller-ID-Name") != "Anna Koval" {
		t.Errorf("channel data: reply %q, caller %q", data.ReplyText(), data.Get("Caller-Caller-ID-Name"))
	}
}

// Whatever a caller puts into a header comes out as it went in, and nowhere else.
func TestEventValuesSurviveTheWire(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.String().Draw(rt, "value")
		e := frame(t, event("DTMF", "variable_a: "+urlEncode(value), "variable_b: b"))
		if got := e.Var("a"); got != value {
			rt.Fatalf("Var = %q, want %q", got, value)
		}
		if e.Var("b") != "b" || len(e.Body()) != 0 {
			rt.Fatalf("value %q changed the frame", value)
		}
	})
}

// urlEncode is FreeSWITCH's switch_url_encode.
func urlEncode(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' || strings.IndexByte("\"#%&+:;<=>?@[\\]^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
