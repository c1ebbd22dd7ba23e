package controller

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/dialplan"
)

const (
	// takeAtOnce is how many calls are taken over in one step, pacing what
	// comes over one node.
	takeAtOnce = 50
	// nodeLost is how long a node may be out of reach before its calls count
	// as gone.
	nodeLost = 5 * time.Second
	// roundsAtMost is how many rounds a call of a dead instance whose node
	// cannot be asked is kept.
	roundsAtMost = 10
	// beats is how many rounds a lease has: a dead instance is missed one of
	// them after its lease has run out, at most.
	beats = 6
	// probeFor bounds the question to a peer whether it is alive.
	probeFor = time.Second
)

// guard renews the heartbeat, keeps the nodes' lists of controllers, and looks
// after calls that nobody has, until ctx ends.
func (c *Controller) guard(ctx context.Context) {
	if c.cfg.Peers == nil {
		<-ctx.Done()
		return
	}
	w := new(watch)
	defer w.talks.Wait()
	every := time.NewTicker(c.cfg.Lease / beats)
	defer every.Stop()
	for {
		c.round(ctx, w)
		select {
		case <-every.C:
		case <-c.nodes.connects: // a node that was restarted has lost its list
		case <-ctx.Done():
			c.resign(context.WithoutCancel(ctx))
			return
		}
	}
}

// A watch is what the guard looks after.
type watch struct {
	talks sync.WaitGroup // adopted
	later []lost         // calls of dead instances that could not be decided about
}

// A lost call is one that its instance does not look after any more.
type lost struct {
	Owned
	unowned bool // its socket was lost; otherwise its instance is dead
	tries   int  // so many rounds could not decide
}

// round is one beat of the guard.
func (c *Controller) round(ctx context.Context, w *watch) {
	ask, cancel := context.WithTimeout(ctx, c.cfg.Lease/3)
	defer cancel()
	alive, err := c.cfg.Peers.Renew(ask, c.self(), c.cfg.Lease)
	if err != nil {
		c.asked(ctx, "renew heartbeat", err)
		return
	}
	c.publish(ask, alive)
	if c.live.draining() {
		return
	}
	later := w.later
	w.later = nil
	for _, l := range later {
		c.rescue(ctx, l, w)
	}
	expired, err := c.cfg.Peers.Expired(ask)
	if err != nil {
		c.asked(ctx, "look for dead instances", err)
		return
	}
	for _, peer := range expired {
		if succeeded(peer, alive) || !c.probe(ctx, peer) {
			c.take(ctx, peer.Instance, w)
		}
	}
	c.take(ctx, "", w)
}

// self is this instance as the others see it: without an address once it
// drains, and while it takes no more calls, so that they take it off the nodes'
// lists. A node that connects to a full one does not go on to the next.
func (c *Controller) self() Peer {
	if c.live.draining() || c.live.len() >= c.cfg.MaxCalls {
		return Peer{Instance: c.cfg.Instance}
	}
	return Peer{Instance: c.cfg.Instance, Address: c.cfg.Address}
}

// resign gives the lease back.
func (c *Controller) resign(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Settle)
	defer cancel()
	_, err := c.cfg.Peers.Renew(ctx, c.self(), 0)
	c.asked(ctx, "give back heartbeat", err)
}

// asked counts and logs what the store could not do.
func (c *Controller) asked(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		c.stats.storeErrors.Add(1)
		c.cfg.Log.Warn("store failed", "doing", what, "error", err)
	}
}

// publish writes the live controllers to every node, rotated so that each node
// begins with another one and the load spreads.
func (c *Controller) publish(ctx context.Context, alive []Peer) {
	hosts := addresses(alive)
	if len(hosts) == 0 {
		return // a list that is too old is better than none
	}
	for i, node := range c.nodes.all() {
		turned := slices.Concat(hosts[i%len(hosts):], hosts[:i%len(hosts)])
		if err := node.setHosts(ctx, turned); err != nil {
			c.cfg.Log.Warn("list of controllers not written", "node", node.name, "error", err)
		}
	}
}

// addresses are those of the peers that take calls, sorted, each once.
func addresses(peers []Peer) []string {
	var hosts []string
	for _, p := range peers {
		if hostPort.MatchString(p.Address) {
			hosts = append(hosts, p.Address)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// succeeded tells whether another instance listens where the peer did: it was
// restarted, and whoever answers there is not the peer.
func succeeded(peer Peer, alive []Peer) bool {
	return slices.ContainsFunc(alive, func(p Peer) bool { return p.Address == peer.Address && p.Address != "" && p.Instance != peer.Instance })
}

// probe asks a peer itself whether it is alive: it says `connect` to whoever
// comes, unless it is dead, hung or cannot be reached.
func (c *Controller) probe(ctx context.Context, peer Peer) bool {
	ctx, cancel := context.WithTimeout(ctx, probeFor)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", peer.Address)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	deadline, _ := ctx.Deadline()
	if err := conn.SetReadDeadline(deadline); err != nil {
		return false
	}
	_, err = io.ReadFull(conn, make([]byte, 1))
	return err == nil
}

// take looks after some calls of a dead instance, or, with none named, after
// calls whose socket was lost and that nobody came for.
func (c *Controller) take(ctx context.Context, dead string, w *watch) {
	ask, cancel := context.WithTimeout(ctx, c.cfg.Lease)
	defer cancel()
	calls, err := c.cfg.Peers.Take(ask, c.cfg.Instance, dead, c.cfg.Lease, takeAtOnce)
	if err != nil {
		c.asked(ctx, "take calls", err)
		return
	}
	for _, o := range calls {
		c.rescue(ctx, lost{Owned: o, unowned: dead == ""}, w)
	}
}

// rescue decides about one call. A call whose socket was lost has been brought
// to a controller by FreeSWITCH, or has gone on in the dialplan, and is left
// alone; unless the caller talks to somebody, because then it stays where it is.
func (c *Controller) rescue(ctx context.Context, l lost, w *watch) {
	if c.live.has(l.Call) { // it has found its way here, and is about to be claimed
		c.letGo(ctx, l.Owned)
		return
	}
	node, gone := c.nodes.of(l.Owned, nodeLost)
	if gone {
		c.bury(ctx, l.Owned)
		return
	}
	if node == nil {
		c.postpone(ctx, l, w)
		return
	}
	ask, cancel := context.WithTimeout(ctx, c.cfg.Settle)
	defer cancel()
	now, exists, err := node.look(ask, l.Call)
	switch {
	case err != nil:
		c.postpone(ctx, l, w)
	case !exists:
		c.bury(ctx, l.Owned)
	case now.left:
		c.letGo(ctx, l.Owned)
	case !now.resumes && (now.bridged || !l.unowned): // also a talk that is over and whose controller hangs
		w.talks.Go(func() { c.adopt(ctx, node, l.Owned, now) })
	case l.unowned, !c.fetch(ctx, node, l.Owned):
		c.postpone(ctx, l, w)
	default:
		c.letGo(ctx, l.Owned) // until it arrives; the caller may hang up on the way
	}
}

// postpone puts a call back to be looked at again. A call of a dead instance
// stays here for some rounds, because nothing else has it: its node may be
// about to be connected.
func (c *Controller) postpone(ctx context.Context, l lost, w *watch) {
	if l.unowned || l.tries >= roundsAtMost {
		c.letGo(ctx, l.Owned)
		return
	}
	l.tries++
	w.later = append(w.later, l)
}

// fetch transfers a call to this instance.
func (c *Controller) fetch(ctx context.Context, node *node, o Owned) bool {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Settle)
	defer cancel()
	if err := node.bring(ctx, o.Call, c.cfg.Address); err != nil {
		c.cfg.Log.Warn("call not fetched", "call", o.Call, "error", err)
		return false
	}
	c.stats.fetched.Add(1)
	c.cfg.Log.Info("call fetched", "call", o.Call, "from", o.Instance)
	return true
}

// letGo makes a call unowned.
func (c *Controller) letGo(ctx context.Context, o Owned) {
	c.asked(ctx, "release call", c.cfg.Owners.Release(ctx, o.Call, o.Token))
}

// bury ends a call that has gone with nobody watching.
func (c *Controller) bury(ctx context.Context, o Owned) {
	c.stats.reaped.Add(1)
	c.finish(ctx, o, nil, time.Time{})
}

// finish ends a call that no goroutine of ours runs: its place in a queue, its
// agent, its record, its cursor. Last is its CHANNEL_HANGUP_COMPLETE, nil when
// nobody has seen that; over is when its talk was seen to end before. When the
// store does not tell what there is to end, it is for later.
func (c *Controller) finish(ctx context.Context, o Owned, last *esl.Event, over time.Time) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	record, err := c.cfg.Records.Load(ctx, o.Call)
	cursor, unread := c.cfg.Cursors.Load(ctx, o.Call)
	if err = errors.Join(err, unread); err != nil {
		c.asked(ctx, "load call", err)
		c.letGo(ctx, o)
		return
	}
	if record == nil {
		record = &Record{Call: o.Call, Node: o.Node, Started: o.Since}
	}
	if err := c.conclude(ctx, record, cursor, last, over); err != nil {
		c.asked(ctx, "put record", err)
		c.letGo(ctx, o)
		return
	}
	_, err = c.cfg.Owners.Forget(ctx, o.Call, o.Token) // last: whoever takes over from us does it again
	c.asked(ctx, "forget call", err)
}

// conclude gives back what a call held and writes its end, unless somebody has.
// The cursor is nil for a call that has none. An error says that the end is not
// written yet.
func (c *Controller) conclude(ctx context.Context, record *Record, cursor *dialplan.Cursor, last *esl.Event, over time.Time) error {
	var seen notes
	if cursor != nil {
		seen = c.settle(ctx, record, cursor, last, over)
	}
	if record.Ended.IsZero() {
		record.note(seen, cursor)
		record.Instance = c.cfg.Instance
		record.hungUp(last, false, c.cfg.Clock())
		if err := c.cfg.Records.Put(ctx, record); err != nil {
			return err
		}
		c.cfg.Log.Info("call ended", "call", record.Call, "cause", record.Cause, "by", record.Ender)
	}
	if cursor != nil {
		c.asked(ctx, "delete cursor", c.cfg.Cursors.Delete(ctx, record.Call))
	}
	return nil
}

// settle gives back what a call held where its cursor stands, and returns what
// is to be noted of a talk that it was in. Last is the last that was heard of
// it, nil for nothing.
func (c *Controller) settle(ctx context.Context, record *Record, cursor *dialplan.Cursor, last *esl.Event, over time.Time) (seen notes) {
	since, talked := record.talking(cursor, last)
	c.vacate(ctx, cursor, since, talked)
	if talked && last != nil {
		setDefault(&over, legTime(last.Var(talkedUntil), record.Leg))
		setDefault(&over, microTime(last.Get("Caller-Channel-Hangup-Time")))
		setDefault(&over, eventTime(last))
		seen.talk = max(over.Sub(since), 0)
	}
	return seen
}

// vacate gives back what the call held in a queue. It may have talked, since
// that time, to the agent whom it was offered.
func (c *Controller) vacate(ctx context.Context, cursor *dialplan.Cursor, since time.Time, talked bool) {
	state := cursor.State
	report := dialplan.Report{Outcome: dialplan.Gone}
	why := dialplan.LeaveAbandoned
	if state.Offer != nil {
		if talked {
			report = dialplan.Report{Outcome: dialplan.Answered, Answered: since, Ended: c.cfg.Clock()}
			why = dialplan.LeaveServed
		}
		c.asked(ctx, "report offer", c.cfg.World.Report(ctx, *state.Offer, report))
	}
	if state.Ticket != "" {
		if err := c.cfg.World.Leave(ctx, state.Ticket, why); !errors.Is(err, dialplan.ErrNoTicket) {
			c.asked(ctx, "leave queue", err)
		}
	}
}
