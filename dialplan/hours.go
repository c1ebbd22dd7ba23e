package dialplan

import (
	"context"
	"maps"
	"slices"
)

type hours struct {
	Table  table `menu:"table,main,required" doc:"The name of a table of opening hours."`
	Open   ref   `branch:"open" doc:"Where to go when it is open."`
	Closed ref   `branch:"closed" doc:"Where to go when it is closed."`
}

func (h *hours) run(_ context.Context, c *call, _ *State) (ref, error) {
	if h.Table.Open(c.local()) {
		return h.Open, nil
	}
	return h.Closed, nil
}

// table is a setting: opening hours by their name.
type table struct{ *Hours }

func (t *table) read(l *loader, n *value, _ *field) {
	name, ok := l.scalar(n)
	if !ok {
		return
	}
	if t.Hours, ok = l.hours[name]; !ok {
		l.fault(n, "there are no hours %q%s", clip(name), l.suggest(name, slices.Sorted(maps.Keys(l.hours))))
	}
}
