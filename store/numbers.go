package store

import (
	"context"
	"errors"
	"slices"
)

// DefaultNumber is the number that stands for all that are not configured.
const DefaultNumber = "default"

// DefaultSite is the site of whatever names none.
const DefaultSite = "default"

// A Number is a telephone number that callers dial, and what stands behind it.
type Number struct {
	Number   string `json:"number"`              // E.164, or as dialled, or DefaultNumber
	Menu     string `json:"menu"`                // the menu that takes its calls
	Site     string `json:"site"`                // DefaultSite when put without one
	Language string `json:"language,omitempty"`  // of the line; "" for the menu's own
	Fallback string `json:"fallback,omitempty"`  // EXTENSION [XML CONTEXT] that takes the call on leaving
	Answer   string `json:"answer"`              // at-once (when put without one), at-input or by-agent
	MaxCalls int    `json:"max_calls,omitempty"` // live calls at once, 0 to 1,000,000; 0 for no limit
}

// Numbers are the telephone numbers that lead to menus.
type Numbers struct{ d documents[Number] }

// Numbers returns the numbers in the store.
func (s *Store) Numbers() Numbers {
	return Numbers{documents[Number]{
		s: s, noun: "number", hash: s.keys.numbers(),
		with: []string{s.keys.numberMenus(), s.keys.menus(), s.keys.sites()},
	}}
}

// Get returns one number. ErrNotFound.
func (n Numbers) Get(ctx context.Context, number string) (Number, error) {
	return n.d.get(ctx, number)
}

// List returns up to limit numbers after the one given, sorted.
func (n Numbers) List(ctx context.Context, after string, limit int) ([]Number, error) {
	return n.d.list(ctx, after, limit)
}

// Put makes the number what v says; its menu must exist, and its site unless it
// is DefaultSite. ErrInvalid, ErrConflict.
func (n Numbers) Put(ctx context.Context, v Number, check Check[Number]) (created bool, err error) {
	if v.Site == "" {
		v.Site = DefaultSite
	}
	if v.Answer == "" {
		v.Answer = "at-once"
	}
	if err := v.validate(); err != nil {
		return false, err
	}
	site := v.Site
	if site == DefaultSite { // it may be described later
		site = ""
	}
	return n.d.put(ctx, v.Number, v, check, v.Menu, site)
}

// Delete forgets a number. ErrNotFound.
func (n Numbers) Delete(ctx context.Context, number string, check Check[Number]) error {
	return n.d.delete(ctx, number, check)
}

// maxCallsBound is more than any number needs.
const maxCallsBound = 1_000_000

func (v Number) validate() error {
	var faults []error
	if v.Number != DefaultNumber {
		faults = append(faults, checkNumber(v.Number))
	}
	faults = append(faults, checkID("menu", v.Menu), checkID("site", v.Site), checkLanguage(v.Language))
	if !slices.Contains([]string{"at-once", "at-input", "by-agent"}, v.Answer) {
		faults = append(faults, invalid("answer", "%.40q: want at-once, at-input or by-agent", v.Answer))
	}
	if v.Fallback != "" && !fallbackPattern.MatchString(v.Fallback) {
		faults = append(faults, invalid("fallback", "%.80q: want EXTENSION or EXTENSION XML CONTEXT", v.Fallback))
	}
	if v.MaxCalls < 0 || v.MaxCalls > maxCallsBound {
		faults = append(faults, invalid("max_calls", "%d: want 0 (no limit) to %d", v.MaxCalls, maxCallsBound))
	}
	return errors.Join(faults...)
}
