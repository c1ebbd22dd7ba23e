package fstest

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestLogin(t *testing.T) {
	sw := start(t, Config{Password: "secret"})
	conn, err := net.Dial("tcp", sw.Addr())
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, conn)
	if got := p.read()["Content-Type"]; got != "auth/request" {
		t.Errorf("greeting is %q", got)
	}
	if got := p.ask("api status")["Reply-Text"]; got != "-ERR command not found" {
		t.Errorf("before the login: %q", got)
	}
	if got := p.ask("auth ClueCon")["Reply-Text"]; got != "-ERR invalid" {
		t.Errorf("wrong password: %q", got)
	}
	p.read() // goodbye
	if f, err := p.next(); !errors.Is(err, io.EOF) {
		t.Errorf("after a wrong password: %v, %v", f, err)
	}
}

func TestAPICommands(t *testing.T) {
	sw, call, _ := answered(t, Config{Hostname: "node-a"}, Caller{})
	p := login(t, sw)
	id := call.UUID()
	for _, tt := range []struct{ command, want string }{
		{"uuid_exists " + id, "true"},
		{"uuid_exists nobody", "false"},
		{"uuid_getvar " + id + " nothing", "_undef_"},
		{"uuid_setvar " + id + " mine two words", "+OK\n"},
		{"uuid_getvar " + id + " mine", "two words"},
		{"uuid_setvar_multi " + id + " a=1;b=2", "+OK\n"},
		{"uuid_getvar " + id + " b", "2"},
		{"uuid_kill nobody", "-ERR No such channel!\n"},
		{"global_setvar color=red", "+OK"},
		{"global_getvar color", "red"},
		{"hostname", "node-a"},
		{"nonsense", "-ERR nonsense Command not found!\n"},
		{"uuid_nonsense " + id, "-ERR uuid_nonsense Command not found!\n"},
		{"uuid_kill " + id + " USER_BUSY", "+OK\n"},
	} {
		if got := p.ask("api " + tt.command)["body"]; got != tt.want {
			t.Errorf("%s = %q, want %q", tt.command, got, tt.want)
		}
	}
	if cause, err := call.Wait(patient(t)); err != nil || cause != "USER_BUSY" {
		t.Errorf("ended with %q, %v", cause, err)
	}
}

func TestShowChannels(t *testing.T) {
	sw, call, _ := answered(t, Config{}, Caller{Number: "123", To: "0800"})
	p := login(t, sw)
	var shown struct {
		Count int                 `json:"row_count"`
		Rows  []map[string]string `json:"rows"`
	}
	if err := json.Unmarshal([]byte(p.ask("api show channels as json")["body"]), &shown); err != nil {
		t.Fatal(err)
	}
	if shown.Count != 1 || len(shown.Rows) != 1 || shown.Rows[0]["uuid"] != call.UUID() || shown.Rows[0]["cid_num"] != "123" {
		t.Errorf("shown: %+v", shown)
	}
	call.Hangup()
	if _, err := call.Wait(patient(t)); err != nil {
		t.Fatal(err)
	}
	if got := p.ask("api show channels as json")["body"]; got != `{"row_count":0}` {
		t.Errorf("without calls: %s", got)
	}
}

// Only events that were asked for and pass a filter arrive.
func TestSubscriptions(t *testing.T) {
	sw, call, own := answered(t, Config{}, Caller{})
	all, mine, other := login(t, sw), login(t, sw), login(t, sw)
	for _, p := range []*peer{all, mine, other} {
		p.ask("event plain DTMF CHANNEL_HANGUP_COMPLETE")
	}
	mine.ask("filter Unique-ID " + call.UUID())
	mine.ask("filter Caller-Destination-Number 9999")
	other.ask("filter Unique-ID nobody")
	all.ask("nixevent DTMF")
	call.Press("1")
	own.event("DTMF")
	call.Hangup()
	if _, err := call.Wait(patient(t)); err != nil {
		t.Fatal(err)
	}
	if f := mine.read(); f["Event-Name"] != "DTMF" {
		t.Errorf("filtered: first %s", f["Event-Name"])
	}
	for _, p := range []*peer{all, mine} {
		if f := p.read(); f["Event-Name"] != "CHANNEL_HANGUP_COMPLETE" || f["variable_hangup_cause"] != "NORMAL_CLEARING" {
			t.Errorf("event %s, cause %s", f["Event-Name"], f["variable_hangup_cause"])
		}
	}
	other.send("api uuid_exists nobody")
	if f := other.read(); f["Content-Type"] != "api/response" {
		t.Errorf("the filter let %s pass", f["Event-Name"])
	}
}

// The result of bgapi on a call's own socket needs the event and a filter for its owner.
func TestBackgroundJobOfACall(t *testing.T) {
	_, call, p := answered(t, Config{}, Caller{})
	p.ask("event plain BACKGROUND_JOB")
	p.ask("filter Job-Owner-UUID " + call.UUID())
	if got := p.ask("bgapi uuid_exists " + call.UUID() + "\nJob-UUID: job-1"); got["Job-UUID"] != "job-1" {
		t.Errorf("reply: %v", got)
	}
	f := p.event("BACKGROUND_JOB")
	if f["Job-UUID"] != "job-1" || f["body"] != "true" || f["Job-Owner-UUID"] != call.UUID() {
		t.Errorf("job: %v", f)
	}
}

func TestOriginate(t *testing.T) {
	port := listen(t)
	sw := start(t, Config{Hosts: []string{port.Addr().String()}})
	sw.Agent("+380671234567", Behaviour{Reaction: Answers, After: time.Second, Script: Script{Hear("offer"), Press("1"), HangUp()}})
	in := login(t, sw)
	id := "0b8f1a52-0000-4000-8000-000000000002"
	in.ask("event plain BACKGROUND_JOB")
	in.send("bgapi originate {origination_uuid=" + id + "}sofia/gateway/trunk/+380671234567 &socket('" + port.Addr().String() + " async full')")
	if f := in.event("BACKGROUND_JOB"); strings.TrimSpace(f["body"]) != "+OK "+id {
		t.Errorf("originate: %q", f["body"])
	}
	p := accept(t, port)
	if data := p.take(); data["Unique-ID"] != id || data["Answer-State"] != "answered" || data["Call-Direction"] != "outbound" {
		t.Errorf("channel data: %s %s %s", data["Unique-ID"], data["Answer-State"], data["Call-Direction"])
	}
	p.start("playback", "offer.wav")
	if f := p.event("CHANNEL_HANGUP_COMPLETE"); f["Unique-ID"] != id {
		t.Errorf("hangup of %s", f["Unique-ID"])
	}
}

func TestNonsenseOnTheSocket(t *testing.T) {
	sw := start(t, Config{})
	for _, junk := range []string{
		"auth ClueCon\nContent-Length: -1\n\n", "auth ClueCon\nContent-Length: 99999999999\n\n",
		strings.Repeat("x", maxCommand+1) + "\n\n", "\x00\xff\n\n", "auth\n\n",
	} {
		conn, err := net.Dial("tcp", sw.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, junk); err != nil {
			t.Errorf("write: %v", err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Logf("close: %v", err) // it was closed by the node before
		}
		if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%.20q: %v", junk, err)
		}
		conn.Close()
	}
	login(t, sw)
}

// A hangup has its order; the linger notice comes once and has no fixed place.
func TestOrderOfAHangup(t *testing.T) {
	const want = "CHANNEL_HANGUP CHANNEL_EXECUTE_COMPLETE CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP_COMPLETE"
	for _, command := range []string{"api uuid_kill $uuid", "the caller hangs up"} {
		_, call, p := answered(t, Config{}, Caller{})
		p.start("playback", "local_stream://moh")
		hears(t, call, 1)
		if strings.HasPrefix(command, "api") {
			p.ask(strings.ReplaceAll(command, "$uuid", call.UUID()))
		} else {
			call.Hangup()
		}
		var got []string
		notices := 0
		for range 5 {
			f := p.read()
			if f["Content-Disposition"] == "linger" {
				notices++
				continue
			}
			got = append(got, f["Event-Name"])
		}
		if s := strings.Join(got, " "); s != want || notices != 1 {
			t.Errorf("%s: %s and %d notices, want %s and 1", command, s, notices, want)
		}
	}
}
