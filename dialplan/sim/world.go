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
func (c *call) Save(_ context.Context, cursor *dialplan.Cursor, _ bool) {
	saved, err := json.Marshal(cursor)
	if err != nil {
		c.err = fmt.Errorf("save cursor: %w", err)
		return
	}
	c.saved = saved
}

func (c *call) Join(_ context.Context, j dialplan.Join) (dialplan.Ticket, error) {
	if c.script.Queue != nil {
		return dialplan.Ticket{}, c.script.Queue
	}
	c.say("  waits", "%s", j.Queue)
	return dialplan.Ticket{ID: j.Queue, Joined: c.clock}, nil
}

// Next offers an agent at once, or makes the caller wait in vain.
func (c *call) Next(ctx context.Context, ticket string) (dialplan.Offer, error) {
	if c.script.Nobody {
		return dialplan.Offer{}, c.inVain(ctx)
	}
	c.offers++
	return dialplan.Offer{
		ID: fmt.Sprintf("offer-%d", c.offers), Ticket: ticket, Queue: ticket,
		Agent: "agent", Contact: "agent", Ring: ring, Until: c.clock.Add(ring),
	}, nil
}

// inVain passes the time until the node gives up, or the caller does.
func (c *call) inVain(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < patience {
		limit := time.Until(deadline).Round(time.Second)
		c.clock = c.clock.Add(limit)
		c.say("  waited", "%s", limit)
		return context.DeadlineExceeded
	}
	c.clock = c.clock.Add(patience)
	c.impatient()
	return ctx.Err()
}

// Report knows nothing to do: nobody else waits for the agent.
func (c *call) Report(context.Context, dialplan.Offer, dialplan.Report) error { return nil }

func (c *call) Leave(_ context.Context, _ string, why dialplan.LeaveReason) error {
	c.say("  leaves", "%s", why)
	return nil
}

var _ dialplan.World = (*call)(nil)
