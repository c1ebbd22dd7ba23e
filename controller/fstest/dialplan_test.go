package fstest

import (
	"slices"
	"testing"
)

func TestFallbackAfterFailedConnects(t *testing.T) {
	sw := start(t, Config{Hosts: []string{refusing(t), refusing(t)}, Failures: 2})
	call := sw.Call(Caller{To: "0800"})
	if _, err := call.Wait(patient(t)); err != nil {
		t.Fatal(err)
	}
	got := call.Transcript().Only(Refused, Left, Controlled)
	if len(got) != 5 || got[4].String() != "left notice" {
		t.Errorf("transcript is\n%s", call.Transcript())
	}
}

func TestSecondHostTakesTheCall(t *testing.T) {
	port := listen(t)
	sw := start(t, Config{Hosts: []string{refusing(t), port.Addr().String()}})
	call := sw.Call(Caller{To: "0800"})
	data := accept(t, port).take()
	if data["Caller-Destination-Number"] != "0800" || data["variable_socket_resume"] != "true" {
		t.Errorf("channel data: to %q, socket_resume %q", data["Caller-Destination-Number"], data["variable_socket_resume"])
	}
	if got := call.Transcript().Only(Refused, Controlled); len(got) != 2 || got[1].Text != port.Addr().String() {
		t.Errorf("transcript is\n%s", call.Transcript())
	}
}

// A controller that was reached and lost starts the count again; one that
// never showed itself counts as a failed connect.
func TestFailedConnectsAreCountedByToken(t *testing.T) {
	port := listen(t)
	sw := start(t, Config{Hosts: []string{port.Addr().String()}, Failures: 2})
	call := sw.Call(Caller{To: "0800"})
	for i, token := range []string{"", "a", "", "b", "", ""} {
		p := accept(t, port)
		p.take()
		if token != "" {
			p.run("set", "dialgraph_seen="+token)
		}
		p.conn.Close()
		if _, err := call.WaitFor(patient(t), nth(Lost, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := call.Wait(patient(t)); err != nil {
		t.Fatal(err)
	}
	if got := call.Transcript().Only(Left).Lines(); !slices.Equal(got, []string{"left notice"}) {
		t.Errorf("left: %q", got)
	}
}

// nth is ok with the n-th event of a kind.
func nth(k Kind, n int) func(Event) bool {
	return func(e Event) bool {
		if e.Kind == k {
			n--
		}
		return n == 0
	}
}

func TestLeavingOnPurpose(t *testing.T) {
	port := listen(t)
	sw := start(t, Config{Hosts: []string{port.Addr().String()}})
	call := sw.Call(Caller{To: "0800"})
	p := accept(t, port)
	p.take()
	p.run("multiset", "dialgraph_seen=a dialgraph_done=true dialgraph_fallback=operator")
	p.start("transfer", "0800 XML dialgraph")
	if cause, err := call.Wait(patient(t)); err != nil || cause != "NORMAL_CLEARING" {
		t.Fatalf("ended with %q, %v", cause, err)
	}
	if got := call.Transcript().Only(Left).Lines(); !slices.Equal(got, []string{"left operator"}) {
		t.Errorf("left: %q", got)
	}
}

func TestParseInline(t *testing.T) {
	tests := []struct {
		in   string
		want []Action
	}{
		{"socket:127.0.0.1:8084 async full", []Action{{"socket", "127.0.0.1:8084 async full"}}},
		{"set:a=b,answer,playback:'x,y'", []Action{{"set", "a=b"}, {"answer", ""}, {"playback", "x,y"}}},
		{"m:^:set:a=1,2^hangup:USER_BUSY", []Action{{"set", "a=1,2"}, {"hangup", "USER_BUSY"}}},
	}
	for _, tt := range tests {
		if got := parseInline(tt.in); !slices.Equal(got, tt.want) {
			t.Errorf("parseInline(%q) = %v, want %v", tt.in, got, tt.want)
		}
	}
}
