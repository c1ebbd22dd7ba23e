package dialplan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// everyVerb goes through all that can be waited for.
const everyVerb = `
  start: {play: [hello, ask], next: lang}
  lang: {language: {prompt: ask, keys: {"1": en, "2": uk}}, next: main}
  main:
    menu: {prompt: ask, tries: 2, say_invalid: wrong, say_silent: quiet}
    keys: {"1": number, "2": sub, "3": wait, "4": people}
    silent: wait
    invalid: people
  number:
    collect: {prompt: ask, into: contract, min: 2, max: 4, confirm: again, tries: 2}
    next: read
    silent: wait
  read: {say: {digits: contract}, next: sub}
  sub: {call: nested, next: wait}
  nested: {say: hello, tag: {sub: "1"}, next: more}
  more: {set: {count: count + 1}, next: back}
  back: {say: hello, return: }
  wait: {say: hello, queue: support, keys: {"9": people}, next: people, timeout: people, full: people}
  people: {say: again, dial: [101, 102, 103], next: bye, failed: out}
  bye: {say: quiet, hangup: }
  out: {exit: }
`

// outside is what the rest of the world notices of a call: prompts that are
// played again are not part of it.
func outside(log []string) []string {
	var kept []string
	for _, line := range log {
		verb, _, _ := strings.Cut(line, " ")
		switch verb {
		case "exit", "hangup", "join", "leave":
			kept = append(kept, line)
		}
	}
	return kept
}

// A controller may be killed at any waiting step: the call ends as if nothing
// had happened.
func TestKilledAtAnyStepTheWalkEndsTheSame(t *testing.T) {
	m := menuOf(t, everyVerb)
	rapid.Check(t, func(r *rapid.T) {
		keys := rapid.SliceOfN(rapid.SampledFrom([]string{"", "1", "2", "3", "4", "7", "12#", "1234", "1234#", "#", "*", "113"}), 30, 30).Draw(r, "keys")
		outcomes := rapid.SliceOfN(rapid.SampledFrom([]Outcome{Answered, Busy, NoAnswer, Rejected, NotRegistered, Gone, Cancelled}), 0, 6).Draw(r, "outcomes")
		holds := rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "9", "!"}), 0, 3).Draw(r, "holds")
		walk := func(kills map[int]bool, talkOn bool) (*phone, End, *Cursor) {
			p := newPhone(t, m)
			p.keys, p.outcomes, p.hold = keys, outcomes, holds
			p.killAt, p.talkOn = kills, talkOn
			end, cursor, err := p.dial(Caller{})
			if err != nil {
				r.Fatalf("killed at %v: %v\n%s", kills, err, strings.Join(p.log, "\n"))
			}
			return p, end, cursor
		}
		whole, end, cursor := walk(nil, false)
		kills := map[int]bool{}
		for _, k := range rapid.SliceOfNDistinct(rapid.IntRange(1, whole.verbs), 1, 2, rapid.ID).Draw(r, "kills") {
			kills[k] = true
		}
		again, endAgain, cursorAgain := walk(kills, rapid.Bool().Draw(r, "talks on"))
		if end != endAgain {
			r.Fatalf("killed at %v it ended with %q, else with %q\n%s", kills, endAgain, end, strings.Join(again.log, "\n"))
		}
		if diff := cmp.Diff(outside(whole.log), outside(again.log)); diff != "" {
			r.Fatalf("killed at %v (-whole +killed):\n%s\n%s", kills, diff, strings.Join(again.log, "\n"))
		}
		cursor.State, cursorAgain.State = State{}, State{} // the ids of offers and attempts differ
		if diff := cmp.Diff(cursor, cursorAgain, cmpopts.EquateEmpty()); diff != "" {
			r.Fatalf("killed at %v (-whole +killed):\n%s", kills, diff)
		}
	})
}

// A menu is shared by all its calls.
func TestMenuIsSharedByCalls(t *testing.T) {
	m := menuOf(t, everyVerb)
	for range 20 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			p := newPhone(t, m)
			p.keys = []string{"2", "1", "12#", "#"}
			if end, _, err := p.dial(Caller{}); end != HungUp || err != nil {
				t.Errorf("dial = %q, %v, want a hangup", end, err)
			}
		})
	}
}

// Every single verb of one long call.
func TestKilledAtEachStep(t *testing.T) {
	m := menuOf(t, everyVerb)
	walk := func(kill int, talkOn bool) (*phone, End) {
		p := newPhone(t, m)
		p.keys = []string{"", "2", "7", "1", "12#", "5", "#"}
		p.outcomes = []Outcome{NoAnswer, Answered, Busy, Busy, Answered}
		p.killAt, p.talkOn = map[int]bool{kill: true}, talkOn
		end, _, err := p.dial(Caller{})
		if err != nil {
			t.Fatalf("killed at %d: %v", kill, err)
		}
		return p, end
	}
	whole, end := walk(0, false)
	if end != HungUp || whole.verbs < 15 {
		t.Fatalf("ended with %q after %d verbs, want a hangup after many\n%s", end, whole.verbs, strings.Join(whole.log, "\n"))
	}
	for kill := 1; kill <= whole.verbs; kill++ {
		for _, talkOn := range []bool{false, true} {
			p, end := walk(kill, talkOn)
			if diff := cmp.Diff(outside(whole.log), outside(p.log)); end != HungUp || diff != "" {
				t.Errorf("killed at %d: ended with %q (-whole +killed):\n%s", kill, end, diff)
			}
		}
	}
}
