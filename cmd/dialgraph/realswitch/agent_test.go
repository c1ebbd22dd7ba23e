//go:build freeswitch

package realswitch

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/emiago/diago"
	"github.com/emiago/sipgo/sip"
)

// A reaction is what an agent does with a call.
type reaction int

const (
	answers  reaction = iota // after a moment of ringing
	isBusy                   // 486
	declines                 // 603
	rings                    // until the caller's side gives up
)

// ringTime is how long an agent who answers lets it ring.
const ringTime = 300 * time.Millisecond

// An agent is somebody at a registered telephone.
type agent struct {
	*phone
	id    string         // in the CRM
	calls chan *answered // every call that was answered
	rang  chan time.Time // every time it began to ring
	quiet chan time.Time // every time it stopped ringing without an answer
	gone  context.CancelFunc

	mu   sync.Mutex
	how  reaction
	busy int // calls at this moment
}

// An answered call at the agent's telephone.
type answered struct {
	*ear
	dialog *diago.DialogServerSession
	at     time.Time
	shown  string // number of the caller
	name   string // name of the caller
}

// newAgent registers a telephone.
func newAgent(t testing.TB, at *node, user string, how reaction) *agent {
	t.Helper()
	a := &agent{
		id: "agent-" + user, how: how,
		calls: make(chan *answered, 16), rang: make(chan time.Time, 64), quiet: make(chan time.Time, 64),
	}
	a.phone = newPhone(t, at, user, a.take)
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	registrar := a.sw
	registrar.User = user
	registration, err := a.dg.RegisterTransaction(ctx, registrar, diago.RegisterOptions{
		Username: user, Password: settings.agentPassword, Expiry: 10 * time.Minute,
	})
	if err == nil {
		err = registration.Register(ctx)
	}
	if err != nil {
		t.Fatalf("register %s: %v", user, err)
	}
	a.gone = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), within)
		defer cancel()
		_ = registration.Unregister(ctx) // the switch may be gone
	})
	t.Cleanup(a.gone)
	return a
}

// react changes what the agent does with calls.
func (a *agent) react(how reaction) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.how = how
}

// begin notes that a call has come; an agent has one at a time.
func (a *agent) begin() reaction {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy++; a.busy > 1 {
		a.t.Errorf("the telephone of %s has %d calls at once", a.user, a.busy)
	}
	return a.how
}

func (a *agent) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.busy--
}

// take handles one call until it ends.
func (a *agent) take(d *diago.DialogServerSession) {
	how := a.begin()
	defer a.end()
	begin := time.Now()
	switch how {
	case isBusy:
		_ = d.Respond(sip.StatusBusyHere, "Busy Here", nil)
		a.rang <- begin
		return
	case declines:
		_ = d.Respond(sip.StatusGlobalDecline, "Decline", nil)
		a.rang <- begin
		return
	}
	_ = d.Trying()
	_ = d.Ringing()
	a.rang <- begin
	var patience <-chan time.Time
	if how == answers {
		patience = time.After(ringTime)
	}
	select {
	case <-d.Context().Done():
		a.quiet <- time.Now()
		return
	case <-patience:
	}
	if !pickUp(d) {
		a.quiet <- time.Now()
		return
	}
	c := &answered{dialog: d, at: time.Now(), shown: d.FromUser(), name: d.InviteRequest.From().DisplayName}
	c.ear = listen(d.Context(), a.t, &d.DialogMedia, "agent")
	defer c.stop()
	a.calls <- c
	<-d.Context().Done()
}

// pickUp answers a call. diago may miss an ACK that comes at once, and then
// waits for another one: the state of the dialogue tells.
func pickUp(d *diago.DialogServerSession) bool {
	answered := make(chan error, 1)
	go func() { answered <- d.Answer() }()
	tick := time.NewTicker(frameTime)
	defer tick.Stop()
	for {
		select {
		case err := <-answered:
			return err == nil
		case <-d.Context().Done():
			return false
		case <-tick.C:
			if d.LoadState() == sip.DialogStateConfirmed {
				return true
			}
		}
	}
}

// isRung waits until the telephone rings.
func (a *agent) isRung() time.Time { a.t.Helper(); return await(a.t, a.rang, a.user+" rings") }

// isQuiet waits until the telephone stops ringing without an answer.
func (a *agent) isQuiet() time.Time {
	a.t.Helper()
	return await(a.t, a.quiet, a.user+" stops ringing")
}

// talks waits until the agent has answered.
func (a *agent) talks() *answered { a.t.Helper(); return await(a.t, a.calls, a.user+" talks") }

// hangup ends the agent's call.
func (c *answered) hangup() {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	_ = c.dialog.Hangup(ctx)
}

// alive tells whether the call is still there.
func (c *answered) alive() bool { return c.dialog.Context().Err() == nil }

// isHungUp waits until the other side has hung up.
func (c *answered) isHungUp() {
	c.t.Helper()
	await(c.t, c.dialog.Context().Done(), "the agent's call ends")
}

// await waits for something to come.
func await[T any](t testing.TB, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(within):
		t.Fatalf("waited %v in vain: %s", within, what)
		panic("not reached")
	}
}

// eventually polls until ok is true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(within)
	tick := time.NewTicker(frameTime)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited %v in vain: %s", within, what)
		}
	}
}

// inTime fails when something took longer than it may.
func inTime(t testing.TB, what string, took, most time.Duration) {
	t.Helper()
	if took > most {
		t.Errorf("%s took %v, want at most %v", what, took.Round(time.Millisecond), most)
	}
}
