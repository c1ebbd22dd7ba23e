package main

import (
	"context"
	"log/slog"

	"github.com/dialgraph/dialgraph/api"
	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/store"
)

// told are controller.Records that are told to whoever watches /v1/events.
type told struct {
	*records
	events *api.Feed
	log    *slog.Logger
}

// Put writes the record, and tells of it when the call has begun or ended. The
// API's view of it is made from the same document.
func (t told) Put(ctx context.Context, r *controller.Record) error {
	v, err := encoded(r)
	if err != nil {
		return err
	}
	err = t.put(ctx, v)
	switch {
	case !r.Ended.IsZero():
		t.tell(ctx, api.CallEnded, v)
	case r.Resumed == 0 && len(r.Path) == 0: // not one step taken
		t.tell(ctx, api.CallStarted, v)
	}
	return err
}

func (t told) tell(ctx context.Context, kind api.EventType, v store.Record) {
	if err := t.events.Publish(api.Event{Type: kind, Data: v.Document}); err != nil {
		t.log.ErrorContext(ctx, "event not told", "call", v.Call, "error", err)
	}
}

// maxMoves is how many moves of agents may wait to be told; beyond it they are
// left out, since a later one says more.
const maxMoves = 1024

// moves tells whoever watches /v1/events what agents do: the caller's number
// and name are on the agent's screen before the telephone is picked up.
type moves struct {
	agents api.Agents
	events *api.Feed
	log    *slog.Logger
	queue  chan api.Ref
}

func newMoves(agents api.Agents, events *api.Feed, log *slog.Logger) *moves {
	return &moves{agents: agents, events: events, log: log, queue: make(chan api.Ref, maxMoves)}
}

// moved notes that an agent does something else now.
func (m *moves) moved(site, agent string) {
	select {
	case m.queue <- api.Ref{Site: site, ID: agent}:
	default:
	}
}

// run tells until ctx ends.
func (m *moves) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case agent := <-m.queue:
			m.tell(ctx, agent)
		}
	}
}

func (m *moves) tell(ctx context.Context, agent api.Ref) {
	ctx, cancel := context.WithTimeout(ctx, pingWithin)
	defer cancel()
	status, err := m.agents.Status(ctx, agent)
	if err == nil {
		err = m.events.Publish(api.Event{Type: api.AgentChange, Data: status})
	}
	if err != nil && ctx.Err() == nil {
		m.log.WarnContext(ctx, "agent's move not told", "agent", agent.ID, "error", err)
	}
}

// keys are api.Keys.
type keys struct{ store.APIKeys }

// Check returns the scopes of a key.
func (k keys) Check(ctx context.Context, secret string) ([]api.Scope, error) {
	key, err := k.APIKeys.Check(ctx, secret)
	return key.Scopes, translate(err)
}

// List returns all keys without their secrets.
func (k keys) List(ctx context.Context) ([]api.Key, error) {
	kept, err := k.APIKeys.List(ctx)
	all := make([]api.Key, len(kept))
	for i, v := range kept {
		all[i] = keyOut(v)
	}
	return all, err
}

// Create makes a key; its secret is told once.
func (k keys) Create(ctx context.Context, name string, scopes []api.Scope) (api.NewKey, error) {
	kept, secret, err := k.APIKeys.Create(ctx, name, scopes)
	return api.NewKey{Key: keyOut(kept), Secret: secret}, err
}

func keyOut(v store.APIKey) api.Key {
	return api.Key{ID: v.ID, Name: v.Name, Scopes: v.Scopes, Created: v.Created}
}
