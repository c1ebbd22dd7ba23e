package fstest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestScriptFromText(t *testing.T) {
	script, err := ParseScript("hear welcome; hear-out welcome\nasks; hear menu; press 12#\npause 1s; speak 1s; await silence; hangup")
	if err != nil {
		t.Fatal(err)
	}
	_, call, p := answered(t, Config{}, Caller{Script: script})
	p.run("playback", "welcome.wav")
	done := p.run("play_and_get_digits", `1 5 1 2000 # menu.wav silence_stream://1 d \d+ 1000`)
	if done["variable_d"] != "12" {
		t.Errorf("d = %q", done["variable_d"])
	}
	p.start("playback", "bye.wav")
	if cause, err := call.Wait(patient(t)); err != nil || cause != "NORMAL_CLEARING" {
		t.Errorf("ended with %q, %v", cause, err)
	}
	want := []string{"answered", "heard welcome.wav", "silence welcome.wav", "asked", "heard menu.wav",
		"pressed 1", "pressed 2", "pressed #", "heard bye.wav", "hung up", "ended NORMAL_CLEARING"}
	checkOrder(t, call, call.Transcript(), want)
}

func TestBadScripts(t *testing.T) {
	for _, text := range []string{"dance", "press", "press 1x", "pause soon"} {
		if _, err := ParseScript(text); err == nil {
			t.Errorf("ParseScript(%q) has no error", text)
		}
	}
}

func TestKeys(t *testing.T) {
	_, call, p := answered(t, Config{}, Caller{Script: Keys("2,,12#")})
	var got []string
	for range 3 {
		done := p.run("play_and_get_digits", `1 2 1 1000 # menu.wav silence_stream://1 d \d+ 1000`)
		got = append(got, done["variable_d"])
	}
	if !slices.Equal(got, []string{"2", "", "12"}) {
		t.Errorf("got %q\n%s", got, call.Transcript())
	}
}

func TestFollow(t *testing.T) {
	_, call, p := answered(t, Config{}, Caller{})
	p.start("hangup", "USER_BUSY")
	var last Event
	for e := range call.Follow(patient(t)) {
		last = e
	}
	if last.String() != "ended USER_BUSY" {
		t.Errorf("last event is %q", last)
	}
	if _, err := call.WaitFor(patient(t), nth(Connected, 1)); !errors.Is(err, ErrEnded) {
		t.Errorf("WaitFor after the end: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := call.Wait(ctx); err != nil {
		t.Logf("Wait on a call that is over, with a context that is over: %v", err) // either is right
	}
}

// A call that was never answered and is played to gets early media first.
func TestEarlyMedia(t *testing.T) {
	port := listen(t)
	sw := start(t, Config{Hosts: []string{port.Addr().String()}})
	call := sw.Call(Caller{To: "0800", Script: Script{HearOut("notice"), Pause(time.Second), HangUp()}})
	p := accept(t, port)
	p.take()
	if done := p.run("playback", "notice.wav"); done["Answer-State"] != "early" {
		t.Errorf("Answer-State = %q", done["Answer-State"])
	}
	if cause, err := call.Wait(patient(t)); err != nil || cause != "ORIGINATOR_CANCEL" {
		t.Errorf("ended with %q, %v", cause, err)
	}
}

func TestPlaybackKeys(t *testing.T) {
	tests := []struct {
		name, terminators, key string
		cut                    bool
	}{
		{"star ends it by default", "", "*", true},
		{"another key does not", "", "1", false},
		{"none means none", "none", "*", false},
		{"any key", "any", "7", true},
		{"those that are set", "12", "2", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, call, p := answered(t, Config{}, Caller{Script: Script{Hear("long"), Press(tt.key)}})
			if tt.terminators != "" {
				p.run("set", "playback_terminators="+tt.terminators)
			}
			done := p.run("playback", "long.wav")
			if done["Application-Response"] != "FILE PLAYED" {
				t.Errorf("response %q", done["Application-Response"])
			}
			if ms, err := strconv.Atoi(done["variable_playback_ms"]); err != nil || !tt.cut && ms < 2000 {
				t.Errorf("playback_ms = %q", done["variable_playback_ms"])
			}
			if got := done["variable_playback_terminator_used"]; (got == tt.key) != tt.cut {
				t.Errorf("playback_terminator_used = %q\n%s", got, call.Transcript())
			}
		})
	}
}

// Frames of a bare node are small; of any other as long as real ones, which
// the captures check.
func TestBareFrames(t *testing.T) {
	_, _, p := answered(t, Config{Bare: true}, Caller{})
	if n, err := strconv.Atoi(p.run("set", "a=b")["size"]); err != nil || n > 2500 {
		t.Errorf("a completion of %d bytes, %v", n, err)
	}
}

func TestKill(t *testing.T) {
	sw, call, p := answered(t, Config{}, Caller{})
	sw.Kill()
	for {
		f, err := p.next()
		if err != nil {
			break
		}
		t.Errorf("a dead node said %s", f["Event-Name"])
	}
	select {
	case <-call.Done():
	case <-patient(t).Done():
		t.Error("the call did not end")
	}
	late := sw.Call(Caller{})
	if cause, err := late.Wait(patient(t)); err != nil || cause != "SYSTEM_SHUTDOWN" {
		t.Errorf("a call on a dead node ended with %q, %v", cause, err)
	}
}

// The last event of a call has its moments, durations and cause.
func TestReport(t *testing.T) {
	sw, _, p := answered(t, Config{}, Caller{})
	sw.Agent("1001", Behaviour{Reaction: Answers, After: 2 * time.Second, Talk: 3 * time.Second})
	p.run("bridge", "user/1001")
	p.start("hangup", "USER_BUSY")
	f := p.event("CHANNEL_HANGUP_COMPLETE")
	number := func(name string) int {
		n, err := strconv.Atoi(f["variable_"+name])
		if err != nil {
			t.Errorf("%s = %q", name, f["variable_"+name])
		}
		return n
	}
	if n := number("billmsec"); n < 5000 || n > 60000 {
		t.Errorf("billmsec = %d after a talk of 3 s", n)
	}
	if wait, bill := number("waitmsec"), number("mduration"); wait < 2000 || wait > bill-3000 {
		t.Errorf("waitmsec = %d of %d", wait, bill)
	}
	if q := number("hangup_cause_q850"); q != 17 {
		t.Errorf("hangup_cause_q850 = %d", q)
	}
	if start, answer, bridge, end := number("start_uepoch"), number("answer_uepoch"), number("bridge_uepoch"), number("end_uepoch"); start >= answer || answer >= bridge || bridge >= end {
		t.Errorf("moments: %d, %d, %d, %d", start, answer, bridge, end)
	}
}

// Two nodes share the agents' telephones: one call at a time.
func TestSharedPhones(t *testing.T) {
	phones := NewPhones()
	agent := phones.Agent("1001", Behaviour{})
	_, _, a := answered(t, Config{Phones: phones}, Caller{})
	_, _, b := answered(t, Config{Phones: phones}, Caller{})
	a.start("bridge", "user/1001")
	if _, err := agent.WaitRinging(patient(t)); err != nil {
		t.Fatal(err)
	}
	b.run("set", "continue_on_fail=true")
	if done := b.run("bridge", "user/1001"); done["variable_originate_disposition"] != "USER_BUSY" {
		t.Errorf("second call: %q", done["variable_originate_disposition"])
	}
	if agent.Rings() != 1 || agent.Collisions() != 1 {
		t.Errorf("%d rings, %d collisions", agent.Rings(), agent.Collisions())
	}
}

// Many calls at once, each parked, then asked, then gone.
func TestManyCalls(t *testing.T) {
	const calls = 300
	port := listen(t)
	sw := start(t, Config{Hosts: []string{port.Addr().String()}, Speed: 20})
	var wg sync.WaitGroup
	for range calls {
		call := sw.Call(Caller{Number: "123", To: "0800", Script: Script{Asks(), Press("5")}})
		p := accept(t, port)
		wg.Go(func() {
			p.take()
			p.run("answer", "")
			if done := p.run("play_and_get_digits", `1 1 1 5000 # menu.wav silence_stream://1 d \d 1000`); done["variable_d"] != "5" {
				t.Errorf("d = %q\n%s", done["variable_d"], call.Transcript())
			}
			p.ask("sendmsg\ncall-command: hangup\nhangup-cause: NORMAL_CLEARING")
			if f := p.event("CHANNEL_HANGUP_COMPLETE"); f["Unique-ID"] != call.UUID() || !strings.Contains(f["variable_hangup_cause"], "NORMAL") {
				t.Errorf("hangup of %s", f["Unique-ID"])
			}
		})
	}
	wg.Wait()
}

func TestConfigIsChecked(t *testing.T) {
	for name, c := range map[string]Config{
		"negative speed":    {Speed: -1},
		"host without port": {Hosts: []string{"localhost"}},
		"address in use":    {Listen: listen(t).Addr().String()},
	} {
		if sw, err := New(c); err == nil {
			t.Errorf("%s: no error", name)
			sw.Close()
		}
	}
}

func TestClockRunsFaster(t *testing.T) {
	c := newClock(1000)
	if got := c.wall(time.Second); got != time.Millisecond {
		t.Errorf("a second takes %v", got)
	}
}
