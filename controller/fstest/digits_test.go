package fstest

import (
	"testing"
	"time"
)

// TestPlayAndGetDigits is the table of freeswitch's answers, beyond what the
// captures show.
func TestPlayAndGetDigits(t *testing.T) {
	tests := []struct {
		name   string
		arg    string
		script Script
		want   map[string]string // "" is unset
	}{
		{"enough digits, then nothing", `1 5 1 2000 # menu.wav silence_stream://1 d \d+ 1000`, Script{Asks(), Press("12")},
			map[string]string{"d": "12", "read_result": "timeout"}},
		{"nothing wanted, nothing pressed", `0 5 1 1000 # menu.wav silence_stream://1 d \d+ 1000`, nil,
			map[string]string{"d": "", "read_result": "timeout"}},
		{"terminator alone", `1 5 1 1000 # menu.wav silence_stream://1 d \d+ 1000`, Script{Asks(), Press("#")},
			map[string]string{"d": "", "read_result": "failure", "read_terminator_used": "#"}},
		{"prompt missing", `1 5 3 1000 # nosuch.wav silence_stream://1 d \d+ 1000`, Script{Asks(), Press("1")},
			map[string]string{"d": "", "read_result": ""}},
		{"one of several prompts missing", `1 1 1 1000 # file_string://nosuch.wav!menu.wav silence_stream://1 d \d 1000`,
			Script{Hear("menu.wav"), Press("4")}, map[string]string{"d": "4", "read_result": "success"}},
		{"quoted pattern", `1 1 1 1000 # menu.wav silence_stream://1 d '[1 2]' 1000`, Script{Asks(), Press("2")},
			map[string]string{"d": "2", "read_result": "success"}},
		{"key while the invalid prompt plays waits for the next try", `1 1 2 3000 # menu.wav invalid.wav d [12] 1000`,
			Script{Asks(), Press("7"), Hear("invalid"), Press("1")}, map[string]string{"d": "1", "d_invalid": "7"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, call, p := answered(t, Config{Sounds: Files(map[string]time.Duration{
				"menu.wav": 3 * time.Second, "invalid.wav": 2 * time.Second})}, Caller{Script: tt.script})
			done := p.run("play_and_get_digits", tt.arg)
			if done["Application-Response"] != "_none_" {
				t.Errorf("Application-Response = %q", done["Application-Response"])
			}
			for name, want := range tt.want {
				if got := done["variable_"+name]; got != want {
					t.Errorf("%s = %q, want %q\n%s", name, got, want, call.Transcript())
				}
			}
		})
	}
}

// With min = 0 a terminator of an earlier prompt ends a later one after its
// first try: the variable is never cleared.
func TestStaleTerminator(t *testing.T) {
	_, call, p := answered(t, Config{}, Caller{Script: Script{Asks(), HearOut(""), Press("1#")}})
	p.run("play_and_get_digits", `0 5 3 2000 # menu.wav silence_stream://1 d \d+ 2000`)
	p.run("play_and_get_digits", `0 5 3 1000 # menu.wav silence_stream://1 d \d+ 1000`)
	if n := len(call.Transcript().Only(Asked)); n != 2 {
		t.Errorf("asked %d times, want 2\n%s", n, call.Transcript())
	}
	p.run("unset", "read_terminator_used")
	p.run("play_and_get_digits", `0 5 3 1000 # menu.wav silence_stream://1 d \d+ 1000`)
	if n := len(call.Transcript().Only(Asked)); n != 5 {
		t.Errorf("asked %d times, want 5\n%s", n, call.Transcript())
	}
}

// In a burst over two prompts that follow each other at once, the digits that
// come between them are lost to the park loop; their events are not.
func TestTypeAheadIsDropped(t *testing.T) {
	_, call, p := answered(t, Config{}, Caller{KeyGap: 10 * time.Millisecond, Script: Script{Asks(), Press("1234")}})
	first := p.start("play_and_get_digits", `1 1 1 2000 # menu.wav silence_stream://1 a \d 2000`)
	p.until(func(f frameRead) bool { return f["Application-UUID"] == first })
	for _, want := range []string{"2", "3", "4"} {
		if f := p.event("DTMF"); f["DTMF-Digit"] != want {
			t.Errorf("digit %q, want %q", f["DTMF-Digit"], want)
		}
	}
	done := p.run("play_and_get_digits", `1 1 1 1000 # menu.wav silence_stream://1 b \d 1000`)
	if done["variable_a"] != "1" || done["variable_b"] != "" {
		t.Errorf("a = %q, b = %q\n%s", done["variable_a"], done["variable_b"], call.Transcript())
	}
}
