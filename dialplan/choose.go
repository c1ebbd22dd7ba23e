package dialplan

import "context"

type choose struct {
	Cases []chooseCase `menu:"cases,whole,required" max:"100" doc:"Conditions in order, each with the node to go to: the first that is true decides."`
	Else  ref          `branch:"else" doc:"Where to go when no condition is true."`
}

type chooseCase struct {
	When expression `menu:"when,required" wants:"yes or no" doc:"A condition, as in caller.known and now.hour < 12."`
	Next ref        `menu:"next,required" doc:"Where to go when the condition is true."`
}

func (n *choose) run(ctx context.Context, c *call, _ *State) (ref, error) {
	for i := range n.Cases {
		result, err := c.evaluate(&n.Cases[i].When)
		if err != nil {
			c.trouble(ctx, "condition counts as not true", err)
		}
		if result == true {
			return n.Cases[i].Next, nil
		}
	}
	return n.Else, nil
}
