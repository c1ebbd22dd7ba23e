package dialplan

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// unanswered is a queue that lets callers in and whose answers are lost; the
// caller hears music meanwhile and hangs up.
type unanswered struct{ *phone }

func (u unanswered) Join(context.Context, Join) (Ticket, error) {
	return Ticket{ID: "t1"}, errors.New("reply lost")
}

func (u unanswered) Hold(_ context.Context, _ Hold, wait Wait) (string, error) {
	wait(func(error) {})() // whatever it says, the caller has gone
	return "", ErrHangup
}

// A caller who hangs up while the queue does not answer may have a ticket all
// the same: it is given back, or an agent would be rung for nobody.
func TestCallerHangsUpBeforeTheQueueAnswers(t *testing.T) {
	m, err := Load([]byte("menu: line\nlanguages: [en]\nstart: sales\nnodes:\n  sales: {queue: sales}\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := newPhone(t, m)
	end, err := Walk{
		Menu: m, Cursor: NewCursor(m, "call-1", Caller{}, Called{Site: "kyiv"}, p.clock),
		Line: unanswered{p}, World: unanswered{p},
	}.Run(t.Context())
	if end != CallerLeft || err != nil {
		t.Errorf("Run = %s, %v, want %s", end, err, CallerLeft)
	}
	if !slices.Contains(p.log, "leave t1 abandoned") {
		t.Errorf("the ticket was not left: %q", p.log)
	}
}
