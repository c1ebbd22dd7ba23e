package controller

import (
	"context"
	"time"

	"github.com/dialgraph/dialgraph/dialplan"
)

// adopt watches a talk that its controller has left: it goes on without
// anybody. When it ends with the caller still there, the call goes on with a
// controller; when the caller hangs up, it is over. The one that left it has
// left its token and the beginning of the talk on the channel.
func (c *Controller) adopt(ctx context.Context, node *node, o Owned, at standing) {
	events, stop, err := node.events(ctx, o.Call)
	if err != nil {
		c.letGo(ctx, o)
		return
	}
	defer stop()
	c.stats.adopted.Add(1)
	c.cfg.Log.Info("talk adopted", "call", o.Call, "from", o.Instance)
	c.talking(ctx, o, at)
	var over time.Time                   // the talk, as far as it was seen
	again := time.NewTicker(c.cfg.Lease) // for what happened before the filter stood
	defer again.Stop()
	parted := time.NewTimer(time.Hour)
	parted.Stop()
	defer parted.Stop()
	for !c.live.has(o.Call) {
		select {
		case e, ok := <-events:
			switch {
			case !ok:
				c.letGo(context.WithoutCancel(ctx), o)
				return
			case e.Name() == "CHANNEL_HANGUP_COMPLETE" && e.Var("dialgraph_owner") == at.owner:
				c.finish(ctx, o, e, over)
				return
			case e.Name() == "CHANNEL_HANGUP_COMPLETE": // it has ended with another controller by now
				c.letGo(ctx, o)
				return
			default: // CHANNEL_UNBRIDGE
				over = eventTime(e)
				if e.Get("Answer-State") != "hangup" { // else the rest follows
					parted.Reset(settleFor)
				}
			}
		case <-parted.C:
			if c.followed(ctx, node, o, at.owner) {
				return
			}
		case <-again.C:
			if c.followed(ctx, node, o, at.owner) {
				return
			}
		case <-ctx.Done():
			c.letGo(context.WithoutCancel(ctx), o)
			return
		}
	}
}

// talking tells that the caller talks, and to whom: the dead instance may not
// have come to that.
func (c *Controller) talking(ctx context.Context, o Owned, at standing) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Settle)
	defer cancel()
	cursor, err := c.cfg.Cursors.Load(ctx, o.Call)
	c.asked(ctx, "load cursor", err)
	if cursor == nil || legIndex(cursor.State.Bridge, at.leg) < 0 {
		return
	}
	since := legTime(at.talking, at.leg)
	setDefault(&since, c.cfg.Clock()) // it was lost as they began
	offer := cursor.State.Offer
	if offer != nil {
		c.asked(ctx, "report offer", c.cfg.World.Report(ctx, *offer, dialplan.Report{Outcome: dialplan.Answered, Answered: since}))
	}
	record, err := c.cfg.Records.Load(ctx, o.Call)
	c.asked(ctx, "load record", err)
	if record != nil && record.Leg != at.leg {
		record.note(notes{leg: at.leg, talked: since}, cursor)
		record.Instance = c.cfg.Instance
		c.asked(ctx, "put record", c.cfg.Records.Put(ctx, record))
	}
}

// followed looks what an adopted call does, and tells whether it needs no more
// watching: it is gone, or its talk is over. Then FreeSWITCH has brought it to
// another controller than the one that left it; unless that one hangs and its
// socket still stands, or nobody answers there: it is fetched.
func (c *Controller) followed(ctx context.Context, node *node, o Owned, left string) bool {
	ask, cancel := context.WithTimeout(ctx, c.cfg.Settle)
	defer cancel()
	now, exists, err := node.look(ask, o.Call)
	switch {
	case err != nil:
		return false
	case !exists:
		c.bury(ctx, o)
	case now.owner == left && (now.bridged || !c.fetch(ctx, node, o)):
		return false
	default:
		c.letGo(ctx, o)
	}
	return true
}
