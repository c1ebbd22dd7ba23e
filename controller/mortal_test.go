package controller_test

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/dialplan"
)

var errDead = errors.New("this instance is dead")

// A mortal is the store as one instance sees it. Once that is dead nothing of
// what it writes arrives, as after kill -9.
type mortal struct {
	*memory
	dead atomic.Bool
}

func (m *mortal) alive() error {
	if m.dead.Load() {
		return errDead
	}
	return nil
}

func (m *mortal) Save(ctx context.Context, c *dialplan.Cursor, must bool) (kept func()) {
	if m.alive() != nil {
		return func() {}
	}
	return m.memory.Save(ctx, c, must)
}

func (m *mortal) Delete(ctx context.Context, call string) error {
	return m.ifAlive(func() error { return m.memory.Delete(ctx, call) })
}

// Report offers an agent whom a lost controller has rung once more.
func (m *mortal) Report(ctx context.Context, o dialplan.Offer, r dialplan.Report) error {
	return m.ifAlive(func() error {
		if r.Outcome == dialplan.Lost {
			o.ID += "'"
			m.offers <- o
		}
		return m.memory.Report(ctx, o, r)
	})
}

func (m *mortal) Leave(ctx context.Context, ticket string, why dialplan.LeaveReason) error {
	return m.ifAlive(func() error { return m.memory.Leave(ctx, ticket, why) })
}

func (m *mortal) Claim(ctx context.Context, o controller.Owned) error {
	return m.ifAlive(func() error { return m.memory.Claim(ctx, o) })
}

func (m *mortal) Release(ctx context.Context, call, token string) error {
	return m.ifAlive(func() error { return m.memory.Release(ctx, call, token) })
}

func (m *mortal) Forget(ctx context.Context, call, token string) (mine bool, err error) {
	err = m.ifAlive(func() error { mine, err = m.memory.Forget(ctx, call, token); return err })
	return mine, err
}

func (m *mortal) Renew(ctx context.Context, self controller.Peer, d time.Duration) (alive []controller.Peer, err error) {
	err = m.ifAlive(func() error { alive, err = m.memory.Renew(ctx, self, d); return err })
	return alive, err
}

func (m *mortal) Take(ctx context.Context, by, dead string, unowned time.Duration, n int) (taken []controller.Owned, err error) {
	err = m.ifAlive(func() error { taken, err = m.memory.Take(ctx, by, dead, unowned, n); return err })
	return taken, err
}

func (m *mortal) ifAlive(do func() error) error {
	if err := m.alive(); err != nil {
		return err
	}
	return do()
}

// mortalRecords are the records as a mortal sees them.
type mortalRecords struct{ *mortal }

func (m mortalRecords) Load(ctx context.Context, call string) (*controller.Record, error) {
	return records{m.memory}.Load(ctx, call)
}

func (m mortalRecords) Put(ctx context.Context, r *controller.Record) error {
	return m.ifAlive(func() error { return records{m.memory}.Put(ctx, r) })
}
