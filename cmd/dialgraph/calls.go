package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/dialplan/e164"
	"github.com/dialgraph/dialgraph/store"
)

// This file gives the controller what it needs of the store.

// routes are controller.Numbers, from memory.
type routes struct {
	live  *store.Live
	sites *sync.Map // store.Templates -> map[string]string, of the sites seen so far
}

// answerPolicies are store.Number.Answer as menus understand it.
var answerPolicies = map[string]dialplan.AnswerPolicy{
	"at-once": dialplan.AnswerAtOnce, "at-input": dialplan.AnswerAtInput, "by-agent": dialplan.AnswerByAgent,
}

// Route looks a number up as it was dialled, then in its E.164 form.
func (r routes) Route(_ context.Context, dialled string) (controller.Route, error) {
	n, err := r.number(dialled)
	if err != nil {
		return controller.Route{}, err
	}
	route := controller.Route{
		Number: n.Number, Menu: n.Menu, Language: n.Language, Answer: answerPolicies[n.Answer],
		Fallback: n.Fallback, MaxCalls: n.MaxCalls, Site: r.site(n.Site),
	}
	if n.Number == store.DefaultNumber {
		route.Number = dialled
	}
	m, err := r.live.Active(n.Menu)
	if err != nil {
		return route, fmt.Errorf("%w: %w", controller.ErrNoMenu, err)
	}
	route.Version = m.Version()
	return route, nil
}

func (r routes) number(dialled string) (store.Number, error) {
	n, err := r.live.Number(dialled)
	if err == nil && n.Number != store.DefaultNumber {
		return n, nil
	}
	if key := e164.Parse(dialled, r.site(store.DefaultSite).Region).Key(); key != "" {
		n, err = r.live.Number(key)
	}
	if errors.Is(err, store.ErrNotFound) {
		return n, controller.ErrUnknownNumber
	}
	return n, err
}

// site is a site as calls know it; one that was never put has no templates,
// so that nothing can be dialled.
func (r routes) site(name string) controller.Site {
	s, err := r.live.Site(name)
	if err != nil {
		return controller.Site{Name: name}
	}
	return controller.Site{
		Name: s.Site, Region: s.Region, Outside: s.Outside, Presented: s.Presented, Templates: r.templates(s.Templates),
	}
}

// templates are those of a site by their names: one map for all its calls.
func (r routes) templates(t store.Templates) map[string]string {
	if known, ok := r.sites.Load(t); ok {
		return known.(map[string]string)
	}
	known, _ := r.sites.LoadOrStore(t, map[string]string{"agent": t.Agent, "extension": t.Extension, "outside": t.Outside})
	return known.(map[string]string)
}

// Menu returns one version of a menu.
func (r routes) Menu(ctx context.Context, menu, version string) (*dialplan.Menu, error) {
	m, err := r.live.Menu(ctx, menu, version)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", controller.ErrNoMenu, err)
	}
	return m, err
}

// customers are controller.Customers.
type customers struct{ store.Customers }

// Customer completes a caller whose number is known.
func (c customers) Customer(ctx context.Context, caller dialplan.Caller) (dialplan.Caller, error) {
	who, err := c.ByNumber(ctx, caller.Number)
	if errors.Is(err, store.ErrNotFound) {
		return caller, nil
	}
	if err != nil {
		return caller, err
	}
	caller.Known, caller.Customer, caller.Contract = true, who.Customer, who.Contract
	caller.Name, caller.Address, caller.Language = who.Name, who.Address, who.Language
	caller.Credit, caller.Manager, caller.Extra = who.Credit, who.Manager, who.Extra
	return caller, nil
}

// world is the dialplan.World of all calls.
type world struct {
	*store.Distributor
	outages *store.Outages
	cursors *store.Cursors
	moves   *moves
	lookups prometheus.Observer // of outages, in seconds
}

// Await waits for an agent.
func (w world) Await(ticket string, found func(*dialplan.Offer, error)) (stop func()) {
	return w.Distributor.Await(ticket, func(o *dialplan.Offer, err error) {
		if err == nil {
			w.moves.moved(o.Site, o.Agent)
		}
		found(o, err)
	})
}

// Report tells what became of an offer.
func (w world) Report(ctx context.Context, o dialplan.Offer, r dialplan.Report) error {
	err := w.Distributor.Report(ctx, o, r)
	w.moves.moved(o.Site, o.Agent)
	return err
}

// Outage finds the flag on the address or on the smallest place around it.
func (w world) Outage(ctx context.Context, site, address string) (dialplan.Outage, bool, error) {
	start := time.Now()
	o, ok, err := w.outages.Lookup(ctx, site, address)
	w.lookups.Observe(time.Since(start).Seconds())
	return dialplan.Outage{Address: o.Address, Source: o.Source, Message: o.Message, Until: o.Until}, ok, err
}

// Save keeps where a call stands.
func (w world) Save(ctx context.Context, c *dialplan.Cursor, must bool) (kept func()) {
	return w.cursors.Save(ctx, c, must)
}

// cursors are controller.Cursors.
type cursors struct{ *store.Cursors }

// Load returns where a call stands, nil for a call that is new.
func (c cursors) Load(ctx context.Context, call string) (*dialplan.Cursor, error) {
	cursor, err := c.Cursors.Load(ctx, call)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return cursor, err
}

// owners are controller.Owners and controller.Peers.
type owners struct{ *store.Owners }

// Claim makes this instance the owner of a call.
func (o owners) Claim(ctx context.Context, v controller.Owned) error {
	return o.Owners.Claim(ctx, store.Owned{
		Call: v.Call, Node: v.Node, Core: v.Core, Instance: v.Instance, Token: v.Token, Since: v.Since, New: v.New,
	})
}

// Renew keeps this instance alive and returns all that are.
func (o owners) Renew(ctx context.Context, self controller.Peer, lease time.Duration) ([]controller.Peer, error) {
	alive, err := o.Owners.Renew(ctx, self.Address, lease)
	return peers(alive), err
}

// Expired returns dead instances that still have calls.
func (o owners) Expired(ctx context.Context) ([]controller.Peer, error) {
	dead, err := o.Owners.Expired(ctx)
	return peers(dead), err
}

// Take takes over calls of a dead instance, or of nobody.
func (o owners) Take(ctx context.Context, _, dead string, unowned time.Duration, n int) ([]controller.Owned, error) {
	taken, err := o.Owners.Take(ctx, dead, unowned, n)
	all := make([]controller.Owned, len(taken))
	for i, v := range taken {
		all[i] = controller.Owned{Call: v.Call, Node: v.Node, Core: v.Core, Instance: v.Instance, Token: v.Token, Since: v.Since}
	}
	return all, err
}

func peers(instances []store.Instance) []controller.Peer {
	all := make([]controller.Peer, len(instances))
	for i, v := range instances {
		all[i] = controller.Peer{Instance: v.Instance, Address: v.Address}
	}
	slices.SortFunc(all, func(a, b controller.Peer) int { return strings.Compare(a.Instance, b.Instance) })
	return all
}
