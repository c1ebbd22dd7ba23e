package dialplan

import (
	"context"
	"fmt"
)

type callNode struct {
	Menu callee `menu:"menu,main,required" doc:"The first node of the nested menu; its return comes back here."`
	Next ref    `branch:"next" doc:"Where to go when the nested menu has returned."`
}

func (n *callNode) run(_ context.Context, c *call, _ *State) (ref, error) {
	if len(c.Cursor.Stack) >= MaxStack {
		return 0, fmt.Errorf("%d menus nested in each other", MaxStack)
	}
	c.Cursor.Stack = append(c.Cursor.Stack, c.Menu.nodes[n.Next].name)
	return n.Menu.to, nil
}

// callee is a setting: the node that a nested menu begins with.
type callee struct{ to ref }

func (c *callee) read(l *loader, n *value, _ *field) {
	name, ok := l.scalar(n)
	if !ok {
		return
	}
	if c.to = l.lookup(n, name); c.to >= 0 {
		l.edges[l.current] = append(l.edges[l.current], edge{to: c.to, call: true})
	}
}

type returnNode struct{}

func (n *returnNode) run(context.Context, *call, *State) (ref, error) { return endReturn, nil }
