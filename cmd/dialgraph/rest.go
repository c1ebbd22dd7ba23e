package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dialgraph/dialgraph/api"
	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/store"
)

// This file gives the API what it needs of the store: the same things under
// the names and in the units that a CRM sees.

// A documents is a noun of the store.
type documents[S any] interface {
	Get(ctx context.Context, id string) (S, error)
	List(ctx context.Context, after string, limit int) ([]S, error)
	Put(ctx context.Context, v S, check store.Check[S]) (created bool, err error)
	Delete(ctx context.Context, id string, check store.Check[S]) error
}

// A collection shows a noun of the store as a noun of the API.
type collection[A, S any] struct {
	of   func(site string) documents[S]
	site func(A) string
	in   func(A) S
	out  func(S) A
}

// Get implements api.Collection, as the others do.
func (c collection[A, S]) Get(ctx context.Context, r api.Ref) (A, error) {
	v, err := c.of(r.Site).Get(ctx, r.ID)
	return c.out(v), err
}

// List returns one page.
func (c collection[A, S]) List(ctx context.Context, p api.Page) ([]A, error) {
	kept, err := c.of(p.Site).List(ctx, p.After, p.Limit)
	all := make([]A, len(kept))
	for i, v := range kept {
		all[i] = c.out(v)
	}
	return all, err
}

// Put creates or replaces.
func (c collection[A, S]) Put(ctx context.Context, v A, check api.Check[A]) (bool, error) {
	return c.of(c.site(v)).Put(ctx, c.in(v), c.check(check))
}

// Delete forgets.
func (c collection[A, S]) Delete(ctx context.Context, r api.Ref, check api.Check[A]) error {
	return c.of(r.Site).Delete(ctx, r.ID, c.check(check))
}

func (c collection[A, S]) check(check api.Check[A]) store.Check[S] { return checked(check, c.out) }

// checked lets a condition of the API decide about what the store keeps.
func checked[A, S any](check api.Check[A], out func(S) A) store.Check[S] {
	if check == nil {
		return nil
	}
	return func(now *S) error {
		if now == nil {
			return check(nil)
		}
		shown := out(*now)
		return check(&shown)
	}
}

func nowhere[A any](A) string { return "" }

func numbersOf(s *store.Store) api.Collection[api.Number] {
	return collection[api.Number, store.Number]{
		of: func(string) documents[store.Number] { return s.Numbers() }, site: nowhere[api.Number],
		in:  func(v api.Number) store.Number { return store.Number(v) },
		out: func(v store.Number) api.Number { return api.Number(v) },
	}
}

func customersOf(s *store.Store) api.Collection[api.Customer] {
	return collection[api.Customer, store.Customer]{
		of: func(string) documents[store.Customer] { return s.Customers() }, site: nowhere[api.Customer],
		in:  func(v api.Customer) store.Customer { return store.Customer(v) },
		out: func(v store.Customer) api.Customer { return api.Customer(v) },
	}
}

func sitesOf(s *store.Store) api.Collection[api.Site] {
	return collection[api.Site, store.Site]{
		of: func(string) documents[store.Site] { return s.Sites() }, site: nowhere[api.Site],
		in: func(v api.Site) store.Site {
			return store.Site{Site: v.Site, Region: v.Region, Templates: store.Templates(v.Templates), Outside: v.Outside, Presented: v.Presented}
		},
		out: func(v store.Site) api.Site {
			return api.Site{Site: v.Site, Region: v.Region, Templates: api.Templates(v.Templates), Outside: v.Outside, Presented: v.Presented}
		},
	}
}

// menus are api.Menus.
type menus struct{ store.Menus }

// List returns one page.
func (m menus) List(ctx context.Context, after string, limit int) ([]api.MenuState, error) {
	kept, err := m.Menus.List(ctx, after, limit)
	all := make([]api.MenuState, len(kept))
	for i, v := range kept {
		all[i] = api.MenuState(v)
	}
	return all, err
}

// Versions returns what is kept of a menu.
func (m menus) Versions(ctx context.Context, menu string) ([]api.MenuVersion, error) {
	kept, err := m.Menus.Versions(ctx, menu)
	all := make([]api.MenuVersion, len(kept))
	for i, v := range kept {
		all[i] = api.MenuVersion(v)
	}
	return all, err
}

// Put keeps a version.
func (m menus) Put(ctx context.Context, menu string, document []byte) (string, bool, error) {
	return m.Menus.Put(ctx, menu, document, dialplan.Options{})
}

// Activate makes a version the one that new calls walk.
func (m menus) Activate(ctx context.Context, menu, version string, check api.Check[api.MenuState]) error {
	return m.Menus.Activate(ctx, menu, version, checked(check, func(v store.MenuState) api.MenuState { return api.MenuState(v) }))
}

// outages are api.Outages and api.OutageImporter.
type outages struct{ *store.Outages }

// Lookup returns the flag that a caller at an address is told.
func (o outages) Lookup(ctx context.Context, site, address string) (api.Outage, bool, error) {
	found, ok, err := o.Outages.Lookup(ctx, site, address)
	return outageOut(found), ok, err
}

// List returns one page.
func (o outages) List(ctx context.Context, site string, after api.OutagePlace, limit int) ([]api.Outage, error) {
	kept, err := o.Outages.List(ctx, site, store.OutagePlace(after), limit)
	all := make([]api.Outage, len(kept))
	for i, v := range kept {
		all[i] = outageOut(v)
	}
	return all, err
}

// Set sets a flag.
func (o outages) Set(ctx context.Context, v api.Outage) error { return o.Outages.Set(ctx, outageIn(v)) }

// Import begins a new generation of a source's flags.
func (o outages) Import(ctx context.Context, site, source string) (api.OutageImport, error) {
	next, err := o.Outages.Import(ctx, site, source)
	return outageImport{next}, err
}

type outageImport struct{ *store.OutageImport }

// Add adds a flag to the generation.
func (i outageImport) Add(ctx context.Context, v api.Outage) error {
	return i.OutageImport.Add(ctx, outageIn(v))
}

func outageIn(v api.Outage) store.Outage {
	return store.Outage{Site: v.Site, Source: v.Source, Address: v.Address, Message: v.Message, Until: v.Until, Expires: v.Expires}
}

func outageOut(v store.Outage) api.Outage {
	return api.Outage{Site: v.Site, Source: v.Source, Address: v.Address, Message: v.Message, Until: v.Until, Expires: v.Expires}
}

// calls are api.Calls: records as their writer, the controller, wrote them.
type calls struct{ store.Records }

// List returns one page, the newest call first.
func (c calls) List(ctx context.Context, q api.CallQuery) ([]api.Call, string, error) {
	kept, next, err := c.Records.List(ctx, store.RecordQuery(q))
	if err != nil {
		return nil, "", err
	}
	all := make([]api.Call, len(kept))
	for i, r := range kept {
		if all[i], err = callOut(r); err != nil {
			return nil, "", err
		}
	}
	return all, next, nil
}

// Get returns one call.
func (c calls) Get(ctx context.Context, call string) (api.Call, error) {
	r, err := c.Records.Get(ctx, call)
	if err != nil {
		return api.Call{}, err
	}
	return callOut(r)
}

func callOut(r store.Record) (c api.Call, err error) {
	if err = json.Unmarshal(r.Document, &c); err != nil {
		err = fmt.Errorf("read record of %s: %w", r.Call, err)
	}
	return c, err
}

// translate turns the store's errors into those the API knows.
func translate(err error) error {
	var invalid []api.Fault
	for _, f := range fieldErrors(err) {
		invalid = append(invalid, api.Fault{Location: f.Field, Message: f.Reason})
	}
	switch {
	case err == nil:
		return nil
	case len(invalid) > 0:
		return api.Invalid(invalid)
	case errors.Is(err, store.ErrInvalid), errors.Is(err, store.ErrFull):
		return api.Invalid{{Message: err.Error()}}
	}
	for ours, theirs := range map[error]error{
		store.ErrNotFound: api.ErrNotFound, store.ErrConflict: api.ErrConflict, store.ErrInUse: api.ErrInUse,
	} {
		if errors.Is(err, ours) {
			return fmt.Errorf("%w: %w", theirs, err)
		}
	}
	return err
}

// fieldErrors are all the store's faults of fields in a tree of errors.
func fieldErrors(err error) []*store.FieldError {
	switch e := err.(type) { //nolint:errorlint // the tree is walked node by node
	case nil:
		return nil
	case *store.FieldError:
		return []*store.FieldError{e}
	case interface{ Unwrap() []error }:
		var all []*store.FieldError
		for _, one := range e.Unwrap() {
			all = append(all, fieldErrors(one)...)
		}
		return all
	case interface{ Unwrap() error }:
		return fieldErrors(e.Unwrap())
	}
	return nil
}

// seconds is a duration as the API shows it in figures.
func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
