package dialplan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A phone is a caller and the world around them, both scripted: what the caller
// keys in at each question, what becomes of each attempt to reach somebody. It
// writes down what happens.
type phone struct {
	t     testing.TB
	menu  *Menu
	clock time.Time
	typed *TypeAhead

	keys     []string  // for each question: keys, "" for silence, "!" to hang up
	outcomes []Outcome // of each attempt; Answered when there are no more
	outage   Outage
	next     []error // of Await, before an agent is offered
	vain     bool    // nobody comes for the caller who waits
	join     []error // of Join, before there is a ticket
	hold     []string
	early    bool // keys are pressed before the prompt is heard
	parts    bool // the end of a talk is told before that of the bridge
	hangsUp  bool // when there is nothing more to key in

	log     []string
	tickets map[string]string // by request
	offers  int
	talked  map[string]Bridged // by bridge

	verbs  int // waiting verbs begun
	killAt map[int]bool
	talkOn bool // a killed bridge had been answered
	kill   context.CancelFunc
	saved  []byte
	musts  int
}

var errKilled = errors.New("killed")

const listening = 3 * time.Second // every prompt, and all patience

func newPhone(t testing.TB, m *Menu) *phone {
	return &phone{
		t: t, menu: m, clock: time.Date(2026, 3, 2, 8, 15, 0, 0, time.UTC), typed: NewTypeAhead(""),
		tickets: map[string]string{}, talked: map[string]Bridged{},
	}
}

// dial walks from the beginning; after each kill another process goes on with
// the cursor that was saved last.
func (p *phone) dial(caller Caller) (End, *Cursor, error) {
	p.t.Helper()
	cursor := NewCursor(p.menu, "call-1", caller, Called{Number: "0800", Site: "kyiv"}, p.clock)
	for {
		ctx, cancel := context.WithCancel(p.t.Context())
		p.kill = cancel
		end, err := Walk{
			Menu: p.menu, Cursor: cursor, Line: p, World: p,
			Now: func() time.Time { return p.clock },
		}.Run(ctx)
		cancel()
		if end != Stopped {
			return end, cursor, err
		}
		p.write("resume")
		if p.saved != nil {
			cursor = &Cursor{}
			if err := json.Unmarshal(p.saved, cursor); err != nil {
				p.t.Fatalf("read saved cursor: %v", err)
			}
		}
		p.typed = NewTypeAhead("")
	}
}

func (p *phone) write(format string, args ...any) {
	p.log = append(p.log, fmt.Sprintf(format, args...))
}

// begin is the start of every waiting verb: the process may be killed there.
func (p *phone) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.verbs++
	if p.killAt[p.verbs] {
		p.kill()
		return errKilled
	}
	return nil
}

func (p *phone) Answer(context.Context) error { return nil }
func (p *phone) Typed() *TypeAhead            { return p.typed }

func (p *phone) Play(ctx context.Context, b Playback) error {
	if err := p.begin(ctx); err != nil {
		return err
	}
	if b.BargeIn && p.typed.Len() > 0 {
		return nil
	}
	p.write("play %s", heard(b.Sounds))
	p.clock = p.clock.Add(listening)
	return nil
}

func (p *phone) Collect(ctx context.Context, c Collect) (Collected, error) {
	if err := p.begin(ctx); err != nil {
		return Collected{}, err
	}
	if got, done := p.typed.Take(c); done {
		p.write("typed %s", got.Digits+got.Terminator)
		return got, nil
	}
	p.write("ask %s", heard(c.Prompt))
	if len(p.keys) == 0 && p.hangsUp {
		return Collected{}, ErrHangup
	}
	if len(p.keys) == 0 {
		p.t.Fatalf("nothing scripted for %s\n%s", heard(c.Prompt), strings.Join(p.log, "\n"))
	}
	keys := p.keys[0]
	p.keys = p.keys[1:]
	if !p.early {
		p.clock = p.clock.Add(listening)
	}
	if keys == "!" {
		return Collected{}, ErrHangup
	}
	for i := range len(keys) {
		p.typed.Add(keys[i])
	}
	got, done := p.typed.Take(c)
	if !done {
		got = p.typed.TakeRest()
	}
	if got == (Collected{}) {
		p.write("silence")
	} else {
		p.write("key %s", got.Digits+got.Terminator)
	}
	return got, nil
}

func (p *phone) Hold(ctx context.Context, h Hold, wait Wait) (string, error) {
	if err := p.begin(ctx); err != nil {
		return "", err
	}
	p.write("hold")
	if len(p.hold) > 0 {
		key := p.hold[0]
		p.hold = p.hold[1:]
		switch {
		case key == "!":
			return "", ErrHangup
		case key != "" && strings.Contains(h.Keys, key):
			return key, nil
		}
	}
	done := make(chan error, 1)
	stop := wait(func(err error) { done <- err })
	defer stop()
	if p.vain {
		p.vain, p.clock = false, p.clock.Add(h.AtMost)
		return "", context.DeadlineExceeded
	}
	err := <-done
	if h.Over != nil {
		h.Over(err)
	}
	return "", err
}

func (p *phone) Bridge(ctx context.Context, b Bridge) (Bridged, error) {
	for _, leg := range b.Legs {
		p.write("ring %s%s%s", leg.Target.Contact, leg.Target.Extension, leg.Target.Number)
	}
	outcome := Answered
	if len(p.outcomes) > 0 {
		outcome = p.outcomes[0]
	}
	got := Bridged{Outcome: outcome}
	if outcome == Answered {
		got.Answered, got.Ended = p.clock, p.clock.Add(time.Minute)
	}
	err := p.begin(ctx)
	if err != nil && (!p.talkOn || outcome != Answered) {
		p.hold = append([]string{""}, p.hold...) // a queue's caller waits once more than the script says
		return Bridged{}, err
	}
	if len(p.outcomes) > 0 {
		p.outcomes = p.outcomes[1:]
	}
	p.talked[b.ID] = got
	if got.Outcome == Answered && b.Answered != nil {
		b.Answered(got)
	}
	if got.Outcome == Answered && p.parts && b.Ended != nil {
		b.Ended(got)
		p.write("parted")
	}
	if outcome == Gone {
		return got, ErrHangup
	}
	return got, err
}

func (p *phone) Bridged(_ context.Context, id string) (Bridged, bool, error) {
	got, ok := p.talked[id]
	return got, ok && got.Outcome == Answered, nil
}

func (p *phone) Exit(_ context.Context, destination string) error {
	p.write("%s", strings.TrimSpace("exit "+destination))
	return nil
}

func (p *phone) Hangup(_ context.Context, cause string) error {
	p.write("hangup %s", cause)
	return nil
}

func (p *phone) Outage(_ context.Context, _, address string) (Outage, bool, error) {
	found := p.outage.Address != "" && strings.HasPrefix(address+"/", p.outage.Address+"/")
	return p.outage, found, nil
}

func (p *phone) Save(_ context.Context, c *Cursor, must bool) (kept func()) {
	saved, err := json.Marshal(c)
	if err != nil {
		p.t.Fatalf("save cursor: %v", err)
	}
	p.saved = saved
	if !must {
		return func() {}
	}
	return func() { p.musts++ }
}

func (p *phone) Join(ctx context.Context, j Join) (Ticket, error) {
	if len(p.join) > 0 {
		err := p.join[0]
		p.join = p.join[1:]
		if err != nil {
			return Ticket{}, err
		}
	}
	id, known := p.tickets[j.Request]
	if !known {
		id = fmt.Sprintf("t%d", len(p.tickets)+1)
		p.tickets[j.Request] = id
		p.write("join %s credit %s prefer %q since %v", j.Queue, j.Credit, j.Prefer, !j.Since.IsZero())
	}
	return Ticket{ID: id, Joined: p.clock}, ctx.Err()
}

// errNobody among next lets a caller wait in vain.
var errNobody = errors.New("nobody")

func (p *phone) Await(ticket string, found func(*Offer, error)) (stop func()) {
	var err error
	if len(p.next) > 0 {
		err, p.next = p.next[0], p.next[1:]
	}
	switch {
	case errors.Is(err, errNobody):
		p.vain = true
		return func() {}
	case err != nil:
		found(nil, err)
		return func() {}
	}
	p.offers++
	found(&Offer{ID: fmt.Sprintf("o%d", p.offers), Ticket: ticket, Agent: "ann", Contact: "ann", Ring: 15 * time.Second}, nil)
	return func() {}
}

func (p *phone) Report(_ context.Context, o Offer, r Report) error {
	over := ""
	if !r.Ended.IsZero() {
		over = " over"
	}
	p.write("report %s %s%s", o.ID, r.Outcome, over)
	return nil
}

func (p *phone) Leave(_ context.Context, ticket string, why LeaveReason) error {
	p.write("leave %s %s", ticket, why)
	return nil
}

// heard is the names of sounds and the words of values, in a row.
func heard(sounds []Sound) string {
	all := make([]string, len(sounds))
	for i, s := range sounds {
		all[i] = s.Name + s.Text
		if s.Name != "" {
			all[i] = s.Name
		}
	}
	return strings.Join(all, " ")
}

// menuOf loads a menu from its nodes; the first one is the start.
func menuOf(t testing.TB, nodes string) *Menu {
	t.Helper()
	m, err := Load([]byte(head+nodes), Options{})
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return m
}

const head = `menu: test
timezone: Europe/Kyiv
languages: [en, uk]
start: start
hours: {office: {mon-fri: "08:00-20:00"}}
variables: {count: 0}
prompts:
  hello: {text: {en: Hello, uk: Вітаю}}
  ask: {file: ask.wav}
  wrong: {file: wrong.wav}
  quiet: {file: quiet.wav}
  again: {file: again.wav}
nodes:
`
