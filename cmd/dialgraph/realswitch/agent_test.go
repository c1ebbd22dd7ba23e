//go:build freeswitch

package realswitch

import (
	"context"
	"testing"
	"time"

	"github.com/emiago/diago"
	"github.com/emiago/sipgo/sip"
)

// A reaction is what an agent does with a call.
type reaction int

const (
	answers reaction = iota
	busy
	rejects
	rings // until the caller's side gives up
)

// An agent is somebody at a registered telephone.
type agent struct {
	*phone
	calls chan *answered // every call that was answered
	rang  chan time.Time // every time it began to ring
	quiet chan time.Time // every time it stopped ringing without an answer
}

// An answered call at the agent's telephone.
type answered struct {
	*ear
	dialog *diago.DialogServerSession
	at     time.Time
	from   string // the number shown
}

// newAgent registers a telephone that takes each call in the same way, after
// some time of ringing.
func newAgent(t testing.TB, user string, how reaction, after time.Duration) *agent {
	t.Helper()
	a := &agent{calls: make(chan *answered, 16), rang: make(chan time.Time, 64), quiet: make(chan time.Time, 64)}
	a.phone = newPhone(t, user, func(d *diago.DialogServerSession) { a.take(d, how, after) })
	ctx, cancel := context.WithTimeout(t.Context(), within)
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
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), within)
		defer cancel()
		_ = registration.Unregister(ctx) // the switch may be gone
	})
	return a
}

// take handles one call until it ends.
func (a *agent) take(d *diago.DialogServerSession, how reaction, after time.Duration) {
	begin := time.Now()
	switch how {
	case busy:
		_ = d.Respond(sip.StatusBusyHere, "Busy Here", nil)
		a.rang <- begin
		return
	case rejects:
		_ = d.Respond(sip.StatusGlobalDecline, "Decline", nil)
		a.rang <- begin
		return
	}
	_ = d.Trying()
	_ = d.Ringing()
	a.rang <- begin
	patience := time.NewTimer(after)
	defer patience.Stop()
	if how == rings {
		patience.Stop()
	}
	select {
	case <-d.Context().Done():
		a.quiet <- time.Now()
		return
	case <-patience.C:
	}
	if err := d.Answer(); err != nil {
		a.quiet <- time.Now()
		return
	}
	c := &answered{ear: listen(a.t, &d.DialogMedia, d.Context()), dialog: d, at: time.Now(), from: d.FromUser()}
	defer c.stop()
	a.calls <- c
	<-d.Context().Done()
}

// hangup ends the agent's call.
func (c *answered) hangup() {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	_ = c.dialog.Hangup(ctx)
}

// alive tells whether the call is still there.
func (c *answered) alive() bool { return c.dialog.Context().Err() == nil }
