package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/dialgraph/dialgraph/api"
	"github.com/dialgraph/dialgraph/controller"
)

const (
	pingEvery  = time.Second
	pingWithin = time.Second
)

// health is api.Health: what is known without asking.
type health struct {
	ping       func(context.Context) error
	vanished   func() bool // Redis has lost the configuration
	controller *controller.Controller
	nodes      int         // FreeSWITCH nodes configured
	away       atomic.Bool // Redis did not answer the last ping
}

// watch pings Redis until ctx ends.
func (h *health) watch(ctx context.Context) error {
	return every(ctx, pingEvery, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, pingWithin)
		defer cancel()
		h.away.Store(h.ping(ctx) != nil && ctx.Err() != context.Canceled)
	})
}

// Troubles implements api.Health.
func (h *health) Troubles(context.Context) []api.Trouble {
	var all []api.Trouble
	if !h.controller.Ready() {
		all = append(all, api.Trouble{Part: "controller", Reason: "is draining and takes no new calls", Fatal: true})
	}
	if h.away.Load() {
		all = append(all, api.Trouble{Part: "redis", Reason: "does not answer: menus run from memory, joins and records are retried"})
	}
	if h.vanished() {
		all = append(all, api.Trouble{Part: "redis", Reason: "has lost menus and numbers: calls are served from memory, restore them"})
	}
	if connected := h.controller.Stats().Nodes; connected < h.nodes {
		all = append(all, api.Trouble{Part: "freeswitch", Reason: fmt.Sprintf("%d of %d event sockets are connected: calls on the others are not taken over", connected, h.nodes)})
	}
	return all
}
