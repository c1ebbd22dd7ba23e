package main

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/dialgraph/dialgraph/api"
	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/store"
)

// told are records that are told to whoever watches /v1/events.
type told struct {
	records
	events *api.Feed
	log    *slog.Logger
}

// Put writes the record, and tells of it when the call has begun or ended.
func (t told) Put(ctx context.Context, r *controller.Record) error {
	err := t.records.Put(ctx, r)
	kind := api.CallStarted
	if !r.Ended.IsZero() {
		kind = api.CallEnded
	}
	// The API's view of a record is made from the same document.
	document, marshal := json.Marshal(r)
	if marshal == nil {
		marshal = t.events.Publish(api.Event{Type: kind, Data: json.RawMessage(document)})
	}
	if marshal != nil {
		t.log.ErrorContext(ctx, "event not told", "call", r.Call, "error", marshal)
	}
	return err
}

// limits are controller.Limits over all instances. When Redis cannot be asked
// a call is let in: a limit guards against floods, not against single calls.
type limits struct {
	*store.Limits
	log *slog.Logger
}

// Leave counts a call out.
func (l limits) Leave(ctx context.Context, scope, name string) {
	if err := l.Limits.Leave(ctx, scope, name); err != nil {
		l.log.WarnContext(ctx, "limit not told of a call's end", "scope", scope, "name", name, "error", err)
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
