package dialplan

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A situation is a menu, a caller, and what happens.
type situation struct {
	name   string
	nodes  string
	caller Caller
	prop   func(*phone) // what else is scripted
	keys   []string
	want   string // the phone's log, one line each
	end    End
	check  func(*testing.T, *phone, *Cursor)
}

func (s situation) run(t *testing.T) {
	p := newPhone(t, menuOf(t, s.nodes))
	p.keys = s.keys
	if s.prop != nil {
		s.prop(p)
	}
	end, cursor, err := p.dial(s.caller)
	if end != s.end || (err != nil) != (end == Faulted) {
		t.Errorf("the walk ended with %q (%v), want %q", end, err, s.end)
	}
	want := strings.Split(strings.TrimSpace(s.want), "\n")
	for i := range want {
		want[i] = strings.TrimSpace(want[i])
	}
	if diff := cmp.Diff(want, p.log); diff != "" {
		t.Errorf("what happened (-want +got):\n%s", diff)
	}
	if len(p.keys) > 0 {
		t.Errorf("keys never asked for: %q", p.keys)
	}
	if s.check != nil {
		s.check(t, p, cursor)
	}
}

func runAll(t *testing.T, all []situation) {
	for _, s := range all {
		t.Run(s.name, s.run)
	}
}

const askNode = `
  start:
    menu: {prompt: ask, tries: 2, say_silent: quiet, say_invalid: wrong}
    keys: {"1": one, "#": hash}
    silent: nokey
    invalid: badkey
  one: {exit: one}
  hash: {exit: hash}
  nokey: {exit: nokey}
  badkey: {exit: badkey}
`

func TestMenu(t *testing.T) {
	runAll(t, []situation{
		{name: "right key", nodes: askNode, keys: []string{"1"}, end: Exited, want: "ask ask\nkey 1\nexit one"},
		{name: "hash is a key", nodes: askNode, keys: []string{"#"}, end: Exited, want: "ask ask\nkey #\nexit hash"},
		{name: "silent, then right", nodes: askNode, keys: []string{"", "1"}, end: Exited,
			want: "ask ask\nsilence\nask quiet ask\nkey 1\nexit one"},
		{name: "silent twice", nodes: askNode, keys: []string{"", ""}, end: Exited,
			want: "ask ask\nsilence\nask quiet ask\nsilence\nexit nokey"},
		{name: "wrong key twice", nodes: askNode, keys: []string{"5", "6"}, end: Exited,
			want: "ask ask\nkey 5\nask wrong ask\nkey 6\nexit badkey"},
		{name: "what is typed after a wrong key is dropped", nodes: askNode, keys: []string{"51", "1"}, end: Exited,
			want: "ask ask\nkey 5\nask wrong ask\nkey 1\nexit one"},
		{name: "hangs up", nodes: askNode, keys: []string{"!"}, end: CallerLeft, want: "ask ask"},
		{name: "typed ahead through two menus", keys: []string{"12"}, end: Exited,
			nodes: `
  start: {menu: ask, keys: {"1": second}, silent: start}
  second: {menu: again, keys: {"2": out}, silent: start}
  out: {exit: }
`, want: "ask ask\nkey 1\ntyped 2\nexit"},
	})
}

const collectNode = `
  start:
    collect: {prompt: ask, into: contract, min: 4, max: 8, pattern: "[1-9].*", say_silent: quiet, say_invalid: wrong, confirm: {before: hello, prompt: again}}
    keys: {"*": star}
    next: done
    silent: nokey
    invalid: bad
  done: {exit: done}
  star: {exit: star}
  nokey: {exit: nokey}
  bad: {exit: bad}
`

func entered(want string) func(*testing.T, *phone, *Cursor) {
	return func(t *testing.T, p *phone, c *Cursor) {
		if got := c.Vars["contract"]; got != want {
			t.Errorf("contract = %v, want %q", got, want)
		}
		if p.musts == 0 {
			t.Error("no save waited for the store after a confirmed entry")
		}
	}
}

func TestCollect(t *testing.T) {
	runAll(t, []situation{
		{name: "read back and confirmed", nodes: collectNode, keys: []string{"1234#", "#"}, end: Exited,
			want: "ask ask\nkey 1234#\nask hello one two three four again\nkey #\nexit done", check: entered("1234")},
		{name: "corrected", nodes: collectNode, keys: []string{"1234#", "*", "5678#", "#"}, end: Exited,
			want:  "ask ask\nkey 1234#\nask hello one two three four again\nkey *\nask ask\nkey 5678#\nask hello five six seven eight again\nkey #\nexit done",
			check: entered("5678")},
		{name: "too short, then does not match", nodes: collectNode, keys: []string{"12#", "01234#"}, end: Exited,
			want: "ask ask\nkey 12#\nask wrong ask\nkey 01234#\nexit bad"},
		{name: "silent twice", nodes: collectNode, keys: []string{"", ""}, end: Exited,
			want: "ask ask\nsilence\nask quiet ask\nsilence\nexit nokey"},
		{name: "star instead of an entry", nodes: collectNode, keys: []string{"*"}, end: Exited,
			want: "ask ask\nkey *\nexit star"},
		{name: "never confirms", nodes: collectNode, keys: []string{"1234#", "", ""}, end: Exited,
			want: "ask ask\nkey 1234#\nask hello one two three four again\nsilence\nask hello one two three four again\nsilence\nexit nokey"},
		{name: "full entry with a terminator typed at once", nodes: collectNode, keys: []string{"12345678#", "#"}, end: Exited,
			want:  "ask ask\nkey 12345678\nask hello one two three , four five six , seven eight again\nkey #\nexit done",
			check: entered("12345678")},
		{name: "full entry, terminator and confirmation typed at once", nodes: collectNode, keys: []string{"12345678##"}, end: Exited,
			want: "ask ask\nkey 12345678\ntyped #\nexit done", check: entered("12345678")},
		{name: "full entry, terminator a moment later", nodes: collectNode, keys: []string{"12345678", "#", "#"}, end: Exited,
			prop: func(p *phone) { p.early = true },
			want: "ask ask\nkey 12345678\nask hello one two three , four five six , seven eight again\nkey #\n" +
				"ask hello one two three , four five six , seven eight again\nkey #\nexit done"},
		{name: "full entry, confirmed after the prompt", nodes: collectNode, keys: []string{"12345678", "#"}, end: Exited,
			want: "ask ask\nkey 12345678\nask hello one two three , four five six , seven eight again\nkey #\nexit done"},
	})
}

func TestPlayAndSay(t *testing.T) {
	at := func(clock string) func(*phone) {
		return func(p *phone) { p.clock, _ = time.Parse(time.RFC3339, clock) }
	}
	greeting := `
  start: {play: {at: {"05:00": ask, "11:00": wrong, "17:00": quiet}}, next: out}
  out: {exit: }
`
	runAll(t, []situation{
		{name: "a list", end: Exited, nodes: `
  start: {play: [hello, ask], next: out}
  out: {say: again, exit: "200"}
`, want: "play hello ask\nplay again\nexit 200"},
		{name: "morning in the line's own zone", end: Exited, nodes: greeting, prop: at("2026-03-02T03:00:00Z"), want: "play ask\nexit"},
		{name: "noon", end: Exited, nodes: greeting, prop: at("2026-03-02T09:00:00Z"), want: "play wrong\nexit"},
		{name: "past midnight it is still evening", end: Exited, nodes: greeting, prop: at("2026-03-02T00:30:00Z"), want: "play quiet\nexit"},
		{name: "values", end: HungUp, nodes: `
  start: {set: {count: 2 + 0.5, due: '"2026-12-25"'}, next: a}
  a: {say: {number: count}, next: b}
  b: {say: {money: 12.5, currency: UAH}, next: c}
  c: {say: {time: "08:15"}, next: d}
  d: {say: {date: due}, next: e}
  e: {say: {text: caller.name}, next: f}
  f: {say: {number: caller.name}, next: out}
  out: {hangup: USER_BUSY}
`, caller: Caller{Name: "Ann\nLee"}, want: "play two point five\nplay twelve hryvnias fifty kopiykas\nplay eight fifteen a.m.\n" +
			"play December twenty-fifth twenty twenty six\nplay Ann Lee\nhangup USER_BUSY"},
	})
}

func TestChooseSetAndTheLike(t *testing.T) {
	runAll(t, []situation{
		{name: "the first true condition", end: Exited, caller: Caller{Known: true, Extra: map[string]string{"tariff": "gold"}}, nodes: `
  start:
    choose:
      - {when: not caller.known, next: a}
      - {when: caller.extra.tariff == "gold" and now.hour == 10, next: b}
    else: a
  a: {exit: a}
  b: {exit: b}
`, want: "exit b"},
		{name: "counts to three", end: Exited, nodes: `
  start: {set: {count: count + 1}, next: loop}
  loop: {menu: ask, keys: {"1": more}, silent: out}
  more: {choose: [{when: count >= 3, next: out}], else: start}
  out: {exit: }
`, keys: []string{"1", "1", "1"}, want: "ask ask\nkey 1\nask ask\nkey 1\nask ask\nkey 1\nexit"},
		{name: "a text that grows without end is not kept", end: Exited, nodes: `
  start: {set: {text: '"xxxxxxxxxx"', long: text + text + text + text}, next: b}
  b: {set: {text: long + long + long + long + long + long + long + long + long + long + long + long + long + long + long + long + long + long + long + long + long + long + long + long + long + long}, next: c}
  c: {say: {number: len(text)}, next: out}
  out: {exit: }
`, want: "play ten\nexit"},
		{name: "what is no number is not kept", end: Exited, nodes: `
  start: {set: {big: 2.0 ** 10000, none: 1 / count}, next: b}
  b: {say: {number: big}, next: c}
  c: {say: {number: none}, next: out}
  out: {exit: }
`, want: "play zero\nplay zero\nexit"},
		{name: "open", end: Exited, nodes: "\n  start: {hours: office, open: a, closed: b}\n  a: {exit: a}\n  b: {exit: b}\n", want: "exit a"},
		{name: "an outage around the address", end: Exited, caller: Caller{Address: "kyiv/main/10"}, nodes: `
  start: {outage: , found: a, none: out}
  a: {say: {time: outage.until}, next: b}
  b: {say: {text: outage.message}, next: out}
  out: {exit: }
`, prop: func(p *phone) {
			p.outage = Outage{Address: "kyiv", Message: "A cable is cut.", Until: time.Date(2026, 3, 2, 16, 30, 0, 0, time.UTC)}
		}, want: "play six thirty p.m.\nplay A cable is cut.\nexit"},
		{name: "no address, no outage", end: Exited, nodes: "\n  start: {outage: caller.address, found: a, none: b}\n  a: {exit: a}\n  b: {exit: b}\n",
			prop: func(p *phone) { p.outage = Outage{Address: "kyiv"} }, want: "exit b"},
		{name: "nested menus", end: Exited, nodes: `
  start: {call: outer, next: end}
  end: {exit: end}
  outer: {play: ask, next: inner}
  inner: {call: deep, next: back}
  deep: {play: again, next: back}
  back: {return: }
`, want: "play ask\nplay again\nexit end"},
		{name: "a language by key", end: Exited, nodes: `
  start: {language: {prompt: ask, keys: {"1": en, "2": uk}}, next: a}
  a: {say: {number: 1}, next: b}
  b: {tag: {topic: test}, next: out}
  out: {exit: }
`, keys: []string{"2"}, want: "ask ask\nkey 2\nplay один\nexit", check: func(t *testing.T, _ *phone, c *Cursor) {
			if c.Tags["topic"] != "test" || c.Language != "uk" {
				t.Errorf("tags %v, language %q, want topic: test, uk", c.Tags, c.Language)
			}
		}},
		{name: "the customer's language", end: Exited, caller: Caller{Language: "uk"}, nodes: "\n  start: {say: {number: 2}, next: out}\n  out: {exit: }\n",
			want: "play два\nexit"},
	})
}

const lateNode = `
  start: {collect: {prompt: ask, into: contract, max: 4}, next: told, silent: out}
  told: {play: {prompt: hello, barge_in: %s}, next: confirm}
  confirm: {menu: again, keys: {"#": out}, silent: bad}
  out: {exit: }
  bad: {exit: bad}
`

// presser presses keys while something is played.
type presser struct {
	*phone
	presses []string
	heard   time.Duration // of each prompt, before the key
}

func (p *presser) Play(ctx context.Context, b Playback) error {
	if len(p.presses) > 0 {
		p.write("play %s", heard(b.Sounds))
		p.clock = p.clock.Add(p.heard)
		for _, key := range []byte(p.presses[0]) {
			p.typed.Add(key)
		}
		p.presses = p.presses[1:]
		return nil
	}
	return p.phone.Play(ctx, b)
}

func TestTerminatorPressedWhileThePromptAfterIsPlayed(t *testing.T) {
	tests := []struct {
		name, bargeIn string
		press         string
		after         time.Duration
		keys          []string
		want          string
	}{
		{"a moment after the entry: the prompt is played again", "yes", "#", time.Second, []string{"1234", "#"},
			"ask ask\nkey 1234\nplay hello\nplay hello\nask again\nkey #\nexit"},
		{"having listened: it answers", "yes", "#", 5 * time.Second, []string{"1234"},
			"ask ask\nkey 1234\nplay hello\ntyped #\nexit"},
		{"without barge-in it answers nothing", "no", "#", 5 * time.Second, []string{"1234", "#"},
			"ask ask\nkey 1234\nplay hello\nask again\nkey #\nexit"},
		{"another key a moment after is an answer", "yes", "5", time.Second, []string{"1234", "#"},
			"ask ask\nkey 1234\nplay hello\ntyped 5\nask again\nkey #\nexit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &presser{newPhone(t, menuOf(t, fmt.Sprintf(lateNode, tt.bargeIn))), []string{tt.press}, tt.after}
			p.keys = tt.keys
			end, err := Walk{
				Menu: p.menu, Cursor: NewCursor(p.menu, "c", Caller{}, Called{}, p.clock), Line: p, World: p,
				Now: func() time.Time { return p.clock },
			}.Run(t.Context())
			if got := strings.Join(p.log, "\n"); end != Exited || err != nil || got != tt.want {
				t.Errorf("Run = %q, %v after\n%s\nwant\n%s", end, err, got, tt.want)
			}
		})
	}
}

// answering notes when the call is answered.
type answering struct{ *phone }

func (a answering) Answer(context.Context) error {
	a.write("answer")
	return nil
}

func TestAnswerPolicy(t *testing.T) {
	m := menuOf(t, "\n  start: {play: hello, next: ask}\n  ask: {menu: ask, keys: {\"1\": out}, silent: out}\n  out: {exit: }\n")
	for policy, want := range map[AnswerPolicy]string{
		AnswerAtOnce:  "answer, play hello, ask ask, key 1, exit",
		AnswerAtInput: "play hello, answer, ask ask, key 1, exit",
		AnswerByAgent: "play hello, ask ask, key 1, exit",
	} {
		a := answering{newPhone(t, m)}
		a.keys = []string{"1"}
		cursor := NewCursor(m, "c", Caller{}, Called{}, a.clock)
		end, err := Walk{Menu: m, Cursor: cursor, Line: a, World: a, Answer: policy}.Run(t.Context())
		if got := strings.Join(a.log, ", "); end != Exited || err != nil || got != want {
			t.Errorf("policy %q: %q, %v after %q, want %q", policy, end, err, got, want)
		}
	}
}

func TestGuardEndsAnEndlessWalk(t *testing.T) {
	p := newPhone(t, menuOf(t, `
  start: {menu: ask, keys: {"1": out}, silent: start}
  out: {exit: }
`))
	p.keys = make([]string, 3*MaxWalked)
	end, cursor, err := p.dial(Caller{})
	if end != Faulted || err == nil || p.log[len(p.log)-1] != "exit" {
		t.Errorf("ended with %q (%v) and %q, want a fault and the fallback", end, err, p.log[len(p.log)-1])
	}
	if len(cursor.Path) != MaxPath {
		t.Errorf("the path has %d nodes, want %d", len(cursor.Path), MaxPath)
	}
}

func TestCursorOfAnotherVersionIsAFault(t *testing.T) {
	p := newPhone(t, menuOf(t, "  start: {exit: }\n"))
	cursor := NewCursor(p.menu, "c", Caller{}, Called{}, p.clock)
	cursor.Version = "0"
	end, err := Walk{Menu: p.menu, Cursor: cursor, Line: p, World: p}.Run(context.Background())
	if end != Faulted || err == nil || len(p.log) != 1 || p.log[0] != "exit" {
		t.Errorf("Run = %q, %v after %q, want a fault and the fallback", end, err, p.log)
	}
}

// quick is a line and a world that take no time.
type quick struct {
	*phone
	steps int
}

func (q *quick) Collect(context.Context, Collect) (Collected, error) {
	if q.steps--; q.steps < 0 {
		return Collected{}, ErrHangup
	}
	return Collected{Digits: "1"}, nil
}

func (q *quick) Save(context.Context, *Cursor, bool) func() { return func() {} }

// One step is a question, a condition and an assignment.
func BenchmarkStep(b *testing.B) {
	m := menuOf(b, stepsMenu)
	p := newPhone(b, m)
	q := &quick{p, b.N}
	cursor := NewCursor(m, "c", Caller{Known: true}, Called{}, p.clock)
	b.ReportAllocs()
	b.ResetTimer()
	if end, err := (Walk{Menu: m, Cursor: cursor, Line: q, World: q}).Run(b.Context()); end != CallerLeft {
		b.Fatalf("Run = %q, %v", end, err)
	}
}
