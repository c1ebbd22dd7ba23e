package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/dialgraph/dialgraph/dialplan"
)

// ring is how long a simulated agent's telephone rings.
const ring = 15 * time.Second

// Outage finds the flag on the smallest place around the address.
func (c *call) Outage(_ context.Context, _, address string) (found dialplan.Outage, ok bool, err error) {
	for _, o := range c.script.Outages {
		within := address == o.Address || strings.HasPrefix(address, o.Address+"/")
		if within && len(o.Address) > len(found.Address) {
			found, ok = o, true
		}
	}
	return found, ok, nil
}

// Save keeps the cursor as it would be written, so that a resumed walk sees
// nothing but what was saved.
func (c *call) Save(_ context.Context, cursor *dialplan.Cursor, _ bool) (kept func()) {
	saved, err := json.Marshal(cursor)
	if err != nil {
		c.err = fmt.Errorf("save cursor: %w", err)
	} else {
		c.saved = saved
	}
	return func() {}
}

func (c *call) Join(_ context.Context, j dialplan.Join) (dialplan.Ticket, error) {
	if c.script.Queue != nil {
		return dialplan.Ticket{}, c.script.Queue
	}
	c.say("  waits", "%s", j.Queue)
	return dialplan.Ticket{ID: j.Queue, Joined: c.clock}, nil
}

// Await offers an agent at once, or nobody.
func (c *call) Await(ticket string, found func(*dialplan.Offer, error)) (stop func()) {
	if !c.script.Nobody {
		c.offers++
		found(&dialplan.Offer{
			ID: fmt.Sprintf("offer-%d", c.offers), Ticket: ticket, Queue: ticket,
			Agent: "agent", Contact: "agent", Ring: ring, Until: c.clock.Add(ring),
		}, nil)
	}
	return func() {}
}

// Report knows nothing to do: nobody else waits for the agent.
func (c *call) Report(context.Context, dialplan.Offer, dialplan.Report) error { return nil }

func (c *call) Leave(_ context.Context, _ string, why dialplan.LeaveReason) error {
	c.say("  leaves", "%s", why)
	return nil
}

var _ dialplan.World = (*call)(nil)
