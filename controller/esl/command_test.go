package esl

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/percipia/eslgo/command"
	"github.com/percipia/eslgo/command/call"
)

func TestCommandsOnTheWire(t *testing.T) {
	for _, tt := range []struct {
		situation string
		command   Command
		want      string
	}{
		{"linger until closed", Linger(0), "linger\n\n"},
		{"linger for part of a second", Linger(1500 * time.Millisecond), "linger 2\n\n"},
		{"filter", Filter("Unique-ID", "a"), "filter Unique-ID a\n\n"},
		{"events", EventPlain("DTMF", "CHANNEL_ANSWER"), "event plain DTMF CHANNEL_ANSWER\n\n"},
		{"application without arguments", Execute("answer", "", ExecuteOptions{}),
			"sendmsg\ncall-command: execute\nexecute-app-name: answer\n\n"},
		{"application with everything", Execute("playback", "a b.wav", ExecuteOptions{UUID: "u", Lock: true, Loops: 3}),
			"sendmsg\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: a b.wav\n" +
				"event-lock: true\nEvent-UUID: u\nloops: 3\n\n"},
	} {
		t.Run(tt.situation, func(t *testing.T) {
			got, err := tt.command.append(nil)
			if err != nil || string(got) != tt.want {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestCommandsThatAreNoSingleMessageAreRefused(t *testing.T) {
	for situation, c := range map[string]Command{
		"line feed in the line":     {Line: "filter Unique-ID a\nevent plain ALL"},
		"carriage return":           {Line: "filter Unique-ID a\r"},
		"NUL":                       {Line: "filter Unique-ID a\x00"},
		"empty line":                {Line: ""},
		"blank line":                {Line: "  "},
		"line feed in an argument":  Execute("playback", "x\nexecute-app-name: system", ExecuteOptions{}),
		"message in an argument":    Execute("playback", "x\n\nexit", ExecuteOptions{}),
		"line feed in the UUID":     Execute("playback", "x", ExecuteOptions{UUID: "u\nloops: 9"}),
		"line feed in the app":      Execute("play\rback", "x", ExecuteOptions{}),
		"line feed in a name":       {Line: "sendmsg", Headers: []Header{{"a\nb", "x"}}},
		"colon in a name":           {Line: "sendmsg", Headers: []Header{{"a: b", "x"}}},
		"header without a name":     {Line: "sendmsg", Headers: []Header{{"", "x"}}},
		"line feed in an API":       {Line: "api uuid_exists a\nb"},
		"line feed in an event":     EventPlain("DTMF\n"),
		"line feed in a filter":     Filter("Unique-ID", "a\n"),
		"line feed in the password": {Line: "auth x\ny"},
	} {
		t.Run(situation, func(t *testing.T) {
			if b, err := c.append(nil); !errors.Is(err, ErrBadCommand) {
				t.Errorf("%q, error %v, want %v", b, err, ErrBadCommand)
			}
		})
	}
}

func TestErrorsNameACommandWithoutItsArguments(t *testing.T) {
	for want, c := range map[string]Command{
		"auth":             {Line: "auth secret"},
		"api uuid_kill":    {Line: "api uuid_kill a"},
		"bgapi originate":  {Line: "bgapi originate user/1001 &park"},
		"sendmsg playback": Execute("playback", "a.wav", ExecuteOptions{}),
		"sendmsg":          {Line: "sendmsg", Headers: []Header{{"call-command", "hangup"}}},
		"":                 {},
	} {
		if got := c.verb(); got != want {
			t.Errorf("verb of %q = %q, want %q", c.Line, got, want)
		}
	}
}

// The words of our commands are those of eslgo's builders, apart from order, letter case of header names and line ends.
func TestCommandsSayWhatEslgoSays(t *testing.T) {
	for want, ours := range map[string]Command{
		command.Linger{Enabled: true, Seconds: 30}.BuildMessage():                                   Linger(30 * time.Second),
		command.Filter{EventHeader: "Unique-ID", FilterValue: "a"}.BuildMessage():                   Filter("Unique-ID", "a"),
		command.Event{Format: "plain", Listen: []string{"DTMF", "CHANNEL_ANSWER"}}.BuildMessage():   EventPlain("DTMF", "CHANNEL_ANSWER"),
		command.API{Command: "uuid_exists", Arguments: "a"}.BuildMessage():                          {Line: "api uuid_exists a"},
		(&call.Execute{AppName: "playback", AppArgs: "a", AppUUID: "u", Sync: true}).BuildMessage(): Execute("playback", "a", ExecuteOptions{UUID: "u", Lock: true, Loops: 1}),
	} {
		got, err := ours.append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(words(want), words(string(got))); diff != "" {
			t.Errorf("eslgo -, ours +:\n%s", diff)
		}
	}
}

// words are the lines of a message in one order and one letter case.
func words(message string) []string {
	lines := strings.Split(strings.ToLower(strings.ReplaceAll(message, "\r", "")), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	lines = slices.DeleteFunc(lines, func(l string) bool { return l == "" })
	slices.Sort(lines)
	return lines
}
