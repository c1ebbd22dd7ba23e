package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// An OutagePlace is where a list of flags goes on.
type OutagePlace struct{ Source, Address string }

// List returns up to limit flags of a site that come after a place, by source,
// then by the place that the flagged one is in, then by its name there. Where one
// place has very many, a list takes as long as reading them all.
func (o *Outages) List(ctx context.Context, site string, after OutagePlace, limit int) ([]Outage, error) {
	sources, err := o.s.rdb.HGetAll(ctx, o.s.keys.outageSources(site)).Result()
	if err != nil {
		return nil, fmt.Errorf("list outages: %w", err)
	}
	var page []Outage
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		if source < after.Source || len(page) >= limit {
			continue
		}
		from := ""
		if source == after.Source {
			from = after.Address
		}
		more, err := o.listSource(ctx, flagSet{site, source, sources[source]}, from, limit-len(page))
		if err != nil {
			return nil, fmt.Errorf("list outages: %w", err)
		}
		page = append(page, more...)
	}
	return page, nil
}

// listSource does that for one source.
func (o *Outages) listSource(ctx context.Context, f flagSet, after string, limit int) ([]Outage, error) {
	first, behind := cutAddress(after)
	l := listing{f: f, now: o.s.localNow(), limit: limit}
	for some, err := range o.walk(ctx, new(pace), f, first) {
		if err != nil {
			return nil, err
		}
		if some.place != first {
			behind = ""
		}
		if err := l.take(some, behind); err != nil {
			return nil, err
		}
		if l.done == limit {
			break
		}
	}
	return l.page, nil
}

// A listing gathers the first flags of a generation, however many there are: those
// of a place come in no order, and perhaps twice.
type listing struct {
	f     flagSet
	now   time.Time
	limit int
	page  []Outage
	done  int    // so many of them are of places that were read to their end
	bound string // what comes behind it cannot be among the first any more; "" when all can
}

// take adds what comes behind a name in its place.
func (l *listing) take(some someFlags, behind string) error {
	for name, raw := range some.each {
		if name <= behind || l.bound != "" && name >= l.bound {
			continue
		}
		v, err := decodeFlag(l.f, joinAddress(some.place, name), raw)
		if err != nil {
			return err
		}
		if l.now.Before(v.Expires) {
			l.page = append(l.page, v)
		}
	}
	if some.last() || len(l.page) >= 2*l.limit {
		l.cut()
	}
	if some.last() {
		l.done, l.bound = len(l.page), ""
	}
	return nil
}

// cut keeps the first of what has come of a place.
func (l *listing) cut() {
	byAddress := func(a, b Outage) int { return strings.Compare(a.Address, b.Address) }
	place := l.page[l.done:]
	slices.SortFunc(place, byAddress)
	place = slices.CompactFunc(place, func(a, b Outage) bool { return a.Address == b.Address })
	l.page = l.page[:min(l.done+len(place), l.limit)]
	if len(l.page) == l.limit {
		_, l.bound = cutAddress(l.page[l.limit-1].Address)
	}
}
