package dialplan

import (
	"context"
)

type tag struct {
	Tags tags `menu:"tags,whole,required" doc:"Names and values that the call is counted under, as in topic: billing."`
	Next ref  `branch:"next" doc:"Where to go afterwards."`
}

// tags is a setting: names and values for the statistics.
type tags []nameValue

type nameValue struct{ name, value string }

// The bounds of tags: they become labels of figures.
const (
	maxTags     = 20  // of one call
	maxTagValue = 100 // bytes
)

func (t *tags) read(l *loader, n *value, _ *field) {
	for _, p := range l.mapping(n, []string{"name: value"}) {
		name, ok := l.name(p.key, "tag")
		if !ok {
			continue
		}
		value, ok := l.scalar(p.value)
		switch {
		case !ok:
		case len(value) > maxTagValue:
			l.fault(p.value, "a value of %d bytes: at most %d", len(value), maxTagValue)
		default:
			*t = append(*t, nameValue{name, value})
		}
	}
}

func (n *tag) check(l *loader) {
	if len(n.Tags) == 0 || len(n.Tags) > maxTags {
		l.faultHere("tags", "%d tags: write 1 to %d", len(n.Tags), maxTags)
	}
}

func (n *tag) run(_ context.Context, c *call, _ *State) (ref, error) {
	if c.Cursor.Tags == nil {
		c.Cursor.Tags = map[string]string{}
	}
	for _, t := range n.Tags {
		if _, known := c.Cursor.Tags[t.name]; known || len(c.Cursor.Tags) < maxTags {
			c.Cursor.Tags[t.name] = t.value
		}
	}
	return n.Next, nil
}
