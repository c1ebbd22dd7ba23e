package fstest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestControllerLost is the table of what becomes of a call whose controller's
// socket closes, in every state and with both values of socket_resume.
func TestControllerLost(t *testing.T) {
	tests := []struct {
		name   string
		resume string
		app    string // runs when the socket closes; "" parks
		arg    string
		wait   Kind // closes once this has been noticed
		want   []string
	}{
		{"parked, resume", "true", "", "", Controlled,
			[]string{"lost", "controlled"}},
		{"parked, no resume", "false", "", "", Controlled,
			[]string{"lost", "controlled"}},
		{"prompt, resume", "true", "play_and_get_digits", "1 1 1 2000 # menu.wav silence_stream://1 d \\d 1000", Heard,
			[]string{"lost", "silence menu.wav (cut)", "controlled"}},
		{"prompt, no resume", "false", "playback", "menu.wav", Heard,
			[]string{"lost", "silence menu.wav", "controlled"}},
		{"agent ringing, resume", "true", "bridge", "user/slow", Calling,
			[]string{"lost", "gave slow ORIGINATOR_CANCEL", "controlled"}},
		{"agent ringing, no resume", "false", "bridge", "user/slow", Calling,
			[]string{"lost", "connected slow", "parted slow", "controlled"}},
		{"talking, resume", "true", "bridge", "user/quick", Connected,
			[]string{"lost", "parted quick", "controlled"}},
		{"talking, no resume", "false", "bridge", "user/quick", Connected,
			[]string{"lost", "parted quick", "controlled"}},
		{"talking, flipped by the answer", "true", "bridge", "{api_on_answer='uuid_setvar $uuid socket_resume false'}user/slow", Connected,
			[]string{"lost", "parted slow", "controlled"}},
		{"ringing, to be flipped by the answer", "true", "bridge", "{api_on_answer='uuid_setvar $uuid socket_resume false'}user/slow", Calling,
			[]string{"lost", "gave slow ORIGINATOR_CANCEL", "controlled"}},
		{"talking, flipped before the bridge", "true", "bridge", "user/pre", Connected,
			[]string{"lost", "parted pre", "controlled"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			port := listen(t)
			host := port.Addr().String()
			sw := start(t, Config{Hosts: []string{host}, Speed: 5, Sounds: Files(map[string]time.Duration{"menu.wav": 5 * time.Second})})
			sw.Agent("quick", Behaviour{Reaction: Answers, Talk: 10 * time.Second})
			sw.Agent("pre", Behaviour{Reaction: Answers, Talk: 10 * time.Second})
			sw.Agent("slow", Behaviour{Reaction: Answers, After: 4 * time.Second, Talk: 10 * time.Second})
			call := sw.Call(Caller{Number: "+380671234567", To: "0800"})
			p := accept(t, port)
			p.take()
			p.run("answer", "")
			p.run("multiset", "dialgraph_seen=a continue_on_fail=true socket_resume="+tt.resume)
			if tt.arg == "user/pre" {
				p.run("set", "execute_on_pre_bridge=set socket_resume=false")
			}
			before := len(call.Transcript())
			if tt.app != "" {
				p.start(tt.app, strings.ReplaceAll(tt.arg, "$uuid", call.UUID()))
			}
			if _, err := call.WaitFor(patient(t), func(e Event) bool { return e.Kind == tt.wait }); err != nil {
				t.Fatal(err)
			}
			p.conn.Close()
			second := accept(t, port)
			data := second.take()
			if data["Unique-ID"] != call.UUID() || data["Answer-State"] != "answered" {
				t.Errorf("second connection has %s %s", data["Unique-ID"], data["Answer-State"])
			}
			checkOrder(t, call, call.Transcript()[before:], tt.want)
			talked := at1(call.Transcript(), Parted) - at1(call.Transcript(), Connected)
			if tt.wait == Connected && tt.resume == "true" && tt.arg == "user/quick" && talked > 8*time.Second {
				t.Errorf("the talk went on for %v although socket_resume was true", talked)
			}
			if tt.wait == Connected && (tt.arg != "user/quick" || tt.resume == "false") && talked < 8*time.Second {
				t.Errorf("the talk was cut after %v", talked)
			}
		})
	}
}

// checkOrder looks for lines of a transcript in that order. A line of one word
// stands for any text.
func checkOrder(t testing.TB, call *Call, events Transcript, want []string) {
	t.Helper()
	i := 0
	for _, e := range events {
		if i < len(want) && (e.String() == want[i] || string(e.Kind) == want[i]) {
			i++
		}
	}
	if i < len(want) {
		t.Errorf("no %q after %q in\n%s", want[i], want[:i], call.Transcript())
	}
}

// at1 is when the first event of a kind was.
func at1(events Transcript, k Kind) time.Duration {
	for _, e := range events {
		if e.Kind == k {
			return e.At
		}
	}
	return 0
}

// A controller that closes before or right after connect leaves a call without
// socket_resume parked for ever; with it the dialplan goes on.
func TestClosedBeforeTheFirstCommand(t *testing.T) {
	for _, tt := range []struct {
		resume  string
		connect bool
	}{{"true", true}, {"true", false}, {"false", true}, {"false", false}} {
		resume := tt.resume
		t.Run(fmt.Sprintf("socket_resume=%s, connect %v", resume, tt.connect), func(t *testing.T) {
			port := listen(t)
			sw := start(t, Config{Dialplan: func(string) []Action {
				return []Action{{"set", "socket_resume=" + resume}, {"socket", port.Addr().String() + " async full"}}
			}})
			call := sw.Call(Caller{To: "0800"})
			p := accept(t, port)
			if tt.connect {
				p.ask("connect")
			}
			p.conn.Close()
			if _, err := call.WaitFor(patient(t), func(e Event) bool { return e.Kind == Lost }); err != nil {
				t.Fatal(err)
			}
			if resume == "false" {
				p := login(t, sw)
				if got := p.ask("api uuid_exists " + call.UUID())["body"]; got != "true" {
					t.Errorf("uuid_exists = %q, want the call parked", got)
				}
				call.Hangup()
			}
			if _, err := call.Wait(patient(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTransferToAnotherController(t *testing.T) {
	first, second := listen(t), listen(t)
	sw := start(t, Config{Hosts: []string{first.Addr().String()}})
	call := sw.Call(Caller{To: "0800"})
	old := accept(t, first)
	old.take()
	old.run("answer", "")
	id := old.start("playback", "local_stream://moh")
	hears(t, call, 1)
	in := login(t, sw)
	target := "'set:dialgraph_owner=b,socket:" + second.Addr().String() + " async full' inline"
	if got := in.ask("api uuid_transfer " + call.UUID() + " " + target)["body"]; got != "+OK\n" {
		t.Fatalf("uuid_transfer = %q", got)
	}
	taker := accept(t, second)
	data := taker.take()
	if data["Unique-ID"] != call.UUID() || data["variable_dialgraph_owner"] != "b" {
		t.Errorf("the taker got %q with owner %q", data["Unique-ID"], data["variable_dialgraph_owner"])
	}
	done := old.event("CHANNEL_EXECUTE_COMPLETE")
	if done["Application-UUID"] != id || done["Application-Response"] != "PLAYBACK ERROR" {
		t.Errorf("first completion is %s %s", done["Application"], done["Application-Response"])
	}
	done = old.event("CHANNEL_EXECUTE_COMPLETE")
	if done["Application"] != "socket" || done["Answer-State"] != "answered" {
		t.Errorf("second completion is %s, %s", done["Application"], done["Answer-State"])
	}
	// The old socket stays open, sees the call, and could still command it.
	id = taker.start("playback", "local_stream://moh")
	hears(t, call, 2)
	old.ask("api uuid_break " + call.UUID() + " all")
	if f := taker.event("CHANNEL_EXECUTE_COMPLETE"); f["Application-UUID"] != id {
		t.Errorf("completion of %s", f["Application"])
	}
	old.until(func(f frameRead) bool { return f["Application-UUID"] == id })
}

// hears waits until the caller has heard n sounds begin.
func hears(t testing.TB, call *Call, n int) {
	t.Helper()
	if _, err := call.WaitFor(patient(t), nth(Heard, n)); err != nil {
		t.Fatal(err)
	}
}

// A controller that accepts and says nothing is given up, and the call goes on
// to the next one.
func TestMuteController(t *testing.T) {
	mute, port := listen(t), listen(t)
	sw := start(t, Config{Hosts: []string{mute.Addr().String()}})
	call := sw.Call(Caller{To: "0800"})
	accept(t, mute)
	sw.SetGlobal("dialgraph_hosts", port.Addr().String())
	if data := accept(t, port).take(); data["Unique-ID"] != call.UUID() {
		t.Errorf("the second controller got %q", data["Unique-ID"])
	}
}
