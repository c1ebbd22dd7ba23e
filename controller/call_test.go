package controller_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/controller/fstest"
	"github.com/dialgraph/dialgraph/dialplan"
)

const line = `
menu: line
timezone: Europe/Kyiv
languages: [en]
queues: [services]
start: hello
variables: {contract: ""}
prompts:
  hello: {text: {en: Hello}}
  choose: {text: {en: One or two}}
  number: {text: {en: Your number}}
  bye: {text: {en: Goodbye}}
  music: {file: music.wav}
nodes:
  hello: {play: hello, next: choose}
  choose:
    menu: {prompt: choose, timeout: 5s, tries: 2}
    keys: {"1": number, "2": agent, "3": colleague, "4": out}
    silent: bye
    invalid: bye
  number:
    collect: {prompt: number, min: 4, max: 6, terminators: "#", into: contract}
    next: bye
    silent: bye
  agent:
    queue: {name: services, music: music}
    next: bye
  colleague: {dial: "101", next: bye, failed: bye}
  out: {exit: {}}
  bye: {play: bye, next: end}
  end: {hangup: {}}
`

func TestCall(t *testing.T) {
	hello := []fstest.Step{fstest.Hear("hello")}
	tests := []struct {
		name    string
		caller  fstest.Script
		agents  func(sw *fstest.Switch, m *memory)
		path    []string
		cause   string
		ender   string
		heard   string // of the transcript
		outcome []dialplan.Outcome
	}{
		{
			name:   "keys a number",
			caller: append(hello, fstest.Asks(), fstest.Press("1"), fstest.Asks(), fstest.Press("1234#")),
			path:   []string{"hello", "choose", "number", "bye", "end"}, cause: "NORMAL_CLEARING", ender: "dialgraph", heard: "bye.wav",
		},
		{
			name:   "types ahead",
			caller: append(hello, fstest.Press("11234#")),
			path:   []string{"hello", "choose", "number", "bye", "end"}, cause: "NORMAL_CLEARING", ender: "dialgraph",
		},
		{
			name:   "silent",
			caller: hello,
			path:   []string{"hello", "choose", "bye", "end"}, cause: "NORMAL_CLEARING", ender: "dialgraph",
		},
		{
			name:   "hangs up in the prompt",
			caller: append(hello, fstest.HangUp()),
			path:   []string{"hello"}, cause: "NORMAL_CLEARING", ender: "caller",
		},
		{
			name:   "hangs up while it asks",
			caller: append(hello, fstest.Asks(), fstest.HangUp()),
			path:   []string{"hello", "choose"}, cause: "NORMAL_CLEARING", ender: "caller",
		},
		{
			name:   "leaves for the fallback",
			caller: append(hello, fstest.Asks(), fstest.Press("4"), fstest.Await(fstest.Left)),
			path:   []string{"hello", "choose", "out"}, ender: "exit",
		},
		{
			name:   "talks to an agent who hangs up",
			caller: append(hello, fstest.Asks(), fstest.Press("2"), fstest.Await(fstest.Connected)),
			agents: func(sw *fstest.Switch, m *memory) {
				sw.Agent("1001", fstest.Behaviour{Reaction: fstest.Answers, After: time.Second, Talk: 3 * time.Second})
				m.offers <- dialplan.Offer{ID: "o1", Agent: "anna", Contact: "1001", Ring: 10 * time.Second}
			},
			path: []string{"hello", "choose", "agent", "bye", "end"}, cause: "NORMAL_CLEARING", ender: "dialgraph",
			outcome: []dialplan.Outcome{dialplan.Answered, dialplan.Answered},
		},
		{
			name:   "one agent is busy, the next answers, the caller hangs up",
			caller: append(hello, fstest.Asks(), fstest.Press("2"), fstest.Await(fstest.Connected), fstest.Pause(time.Second), fstest.HangUp()),
			agents: func(sw *fstest.Switch, m *memory) {
				sw.Agent("1003", fstest.Behaviour{Reaction: fstest.Busy})
				sw.Agent("1001", fstest.Behaviour{Reaction: fstest.Answers, After: time.Second})
				m.offers <- dialplan.Offer{ID: "o1", Agent: "boris", Contact: "1003", Ring: 10 * time.Second}
				m.offers <- dialplan.Offer{ID: "o2", Agent: "anna", Contact: "1001", Ring: 10 * time.Second}
			},
			path: []string{"hello", "choose", "agent"}, cause: "NORMAL_CLEARING", ender: "caller",
			outcome: []dialplan.Outcome{dialplan.Busy, dialplan.Answered, dialplan.Answered},
		},
		{
			name:   "hangs up while waiting",
			caller: append(hello, fstest.Asks(), fstest.Press("2"), fstest.Hear("music"), fstest.HangUp()),
			path:   []string{"hello", "choose", "agent"}, cause: "NORMAL_CLEARING", ender: "caller",
		},
		{
			name:   "the colleague does not answer",
			caller: append(hello, fstest.Asks(), fstest.Press("3"), fstest.Await(fstest.Calling)),
			agents: func(sw *fstest.Switch, _ *memory) { sw.Agent("101", fstest.Behaviour{Reaction: fstest.Rings}) },
			path:   []string{"hello", "choose", "colleague", "bye", "end"}, cause: "NORMAL_CLEARING", ender: "dialgraph",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMemory()
			m.use(t, line)
			l := listen(t)
			start(t, "one", l, m, nil)
			sw := node(t, l.Addr().String())
			if tt.agents != nil {
				tt.agents(sw, m)
			}
			call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: tt.caller})
			if tt.cause != "" {
				cause, err := call.Wait(soon(t))
				if err != nil {
					t.Fatal(err)
				}
				if cause != tt.cause {
					t.Errorf("cause %q, want %q", cause, tt.cause)
				}
			}
			r := m.ended(t, call.UUID())
			if !slices.Equal(r.Path, tt.path) {
				t.Errorf("path %q, want %q\n%s", r.Path, tt.path, call.Transcript())
			}
			if r.Ender != tt.ender || r.Caller != "+380671234567" || r.Answered.IsZero() {
				t.Errorf("record %+v, want it ended by %q, from +380671234567, answered", r, tt.ender)
			}
			if !strings.Contains(call.Transcript().String(), tt.heard) {
				t.Errorf("transcript without %q:\n%s", tt.heard, call.Transcript())
			}
			if got := m.outcomes(); !slices.Equal(got, tt.outcome) {
				t.Errorf("reported %q, want %q", got, tt.outcome)
			}
			await(t, "the cursor to go", func() bool { c, _ := m.Load(t.Context(), call.UUID()); return c == nil })
		})
	}
}
