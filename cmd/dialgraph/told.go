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
