package dialplan

import (
	"context"
)

type set struct {
	Values assignments `menu:"values,whole,required" doc:"Variables and the expressions that give their values, in order."`
	Next   ref         `branch:"next" doc:"Where to go afterwards."`
}

// assignments is a setting: variables and their new values.
type assignments []*assignment

type assignment struct {
	variable string
	value    expression
}

func (a *assignments) read(l *loader, n *value, _ *field) {
	for _, p := range l.mapping(n, nil) {
		name, ok := l.variableName(p.key)
		if !ok {
			continue
		}
		one := &assignment{variable: name}
		one.value.read(l, p.value, &field{name: name, wants: wantsAnything})
		if last := len(l.expressions) - 1; last >= 0 && l.expressions[last].target == &one.value {
			l.expressions[last].variable = name
		}
		*a = append(*a, one)
	}
}

func (n *set) check(l *loader) {
	if len(n.Values) == 0 {
		l.faultHere("values", "set changes nothing: write variables and their values")
	}
}

func (n *set) run(ctx context.Context, c *call, _ *State) (ref, error) {
	for _, a := range n.Values {
		value, err := c.evaluate(&a.value)
		if err != nil {
			c.trouble(ctx, "variable keeps its value", err)
			continue
		}
		c.set(a.variable, value)
	}
	return n.Next, nil
}
