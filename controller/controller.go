// Package controller takes control of the calls that FreeSWITCH hands over,
// and walks each caller through the menu of the number that was called.
//
// A call belongs to one goroutine, which runs the walk and its verbs (line*.go)
// on the call's own socket. Redis knows where each call stands and who has it
// (call.go, owner.go): when a controller is lost, FreeSWITCH brings the call to
// another one, or that one fetches it (takeover.go), and the walk goes on.
package controller

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
)

// A Controller is one instance: it serves the calls of many FreeSWITCH nodes
// and looks after calls that other instances have lost.
type Controller struct {
	cfg    Config
	server esl.Server
	live   live
	nodes  *nodes
	pulse  *pulse
	files  presence
	counts tally
	stats  counters

	leaving chan struct{} // closed when a drain has waited long enough
	leave   sync.Once
}

// New returns a controller, or every fault of the configuration.
func New(cfg Config) (*Controller, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	c := &Controller{cfg: cfg, pulse: newPulse(), leaving: make(chan struct{})}
	c.nodes = newNodes(&c.cfg)
	c.live.calls = make(map[string]*call)
	c.server = esl.Server{
		Handler:         c.handle,
		AllowedNetworks: cfg.AllowedNetworks,
		MaxCalls:        cfg.MaxCalls,
		Options:         cfg.ESL,
		Logger:          cfg.Log,
	}
	return c, nil
}

// Serve takes calls from l until Shutdown; then it returns
// esl.ErrServerClosed. It closes l.
func (c *Controller) Serve(l net.Listener) error { return c.server.Serve(l) }

// Run keeps the connections to the nodes and the heartbeat, and looks after
// lost calls, until ctx ends. It runs beside Serve, and ends after Shutdown.
func (c *Controller) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { c.pulse.beat(ctx) })
	wg.Go(func() { c.nodes.run(ctx) })
	wg.Go(func() { c.guard(ctx) })
	wg.Wait()
	return nil
}

// Ready tells whether new calls are taken: not once Shutdown has begun.
func (c *Controller) Ready() bool { return !c.live.draining() }

// Shutdown drains: no new calls are taken, so that FreeSWITCH tries the next
// controller of its list; live calls have Config.Grace to end; the rest are
// handed over, and talks go on without us. It returns when the last call has
// been let go, or has been cut because ctx ended.
func (c *Controller) Shutdown(ctx context.Context) error {
	c.live.drain()
	handOver := time.AfterFunc(c.cfg.Grace, c.handOver)
	defer handOver.Stop()
	return c.server.Shutdown(ctx)
}

// handOver lets go of every call.
func (c *Controller) handOver() {
	c.live.cancelAll(errHanded)
	c.leave.Do(func() { close(c.leaving) })
}

// A LiveCall is a call that this instance controls now.
type LiveCall struct {
	Call    string
	Number  string // called
	Caller  string // E.164, "" when withheld or unknown
	Menu    string
	Started time.Time
}

// Calls are the live calls, in no order.
func (c *Controller) Calls() []LiveCall { return c.live.list() }

// live is the set of calls that this instance controls.
type live struct {
	mu     sync.Mutex
	calls  map[string]*call // by UUID
	closed bool
}

// enter adds a call. An older connection of the same call loses it: the newest
// socket wins. It returns the older call, nil for none.
func (s *live) enter(c *call) (older *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	older = s.calls[c.uuid]
	s.calls[c.uuid] = c
	if older != nil {
		older.cancel(errTaken)
	}
	return older
}

// leave removes the call unless a newer one stands in its place.
func (s *live) leave(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls[c.uuid] == c {
		delete(s.calls, c.uuid)
	}
}

func (s *live) has(uuid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[uuid] != nil
}

func (s *live) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

func (s *live) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

func (s *live) draining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (s *live) cancelAll(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		c.cancel(cause)
	}
}

func (s *live) list() []LiveCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]LiveCall, 0, len(s.calls))
	for _, c := range s.calls {
		all = append(all, *c.shown.Load())
	}
	return all
}
