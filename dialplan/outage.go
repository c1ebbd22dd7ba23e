package dialplan

import (
	"context"
	"time"
)

type outage struct {
	Address expression `menu:"address,main" default:"caller.address" wants:"text" doc:"The address that is looked up, an expression."`
	Found   ref        `branch:"found" doc:"Where to go when there is an outage; outage.message, outage.until and the like tell of it."`
	None    ref        `branch:"none" doc:"Where to go when there is none, or the address is not known."`
}

// outageWait is how long a call waits for the answer.
const outageWait = 2 * time.Second

func (o *outage) run(ctx context.Context, c *call, _ *State) (ref, error) {
	address, err := c.evaluate(&o.Address)
	if err != nil {
		c.trouble(ctx, "address counts as unknown", err)
	}
	if address == nil || address == "" {
		return o.None, nil
	}
	asking, cancel := context.WithTimeout(ctx, outageWait)
	defer cancel()
	flag, ok, err := c.World.Outage(asking, c.Cursor.Called.Site, address.(string))
	if err != nil && ctx.Err() == nil {
		c.trouble(ctx, "outage cannot be looked up", err)
	}
	if err != nil || !ok {
		return o.None, ctx.Err()
	}
	c.learn(flag)
	return o.Found, nil
}

// outageFacts are what expressions know of the outage found last.
type outageFacts struct {
	Found     bool   `expr:"found"`
	Address   string `expr:"address"`
	Source    string `expr:"source"`
	Message   string `expr:"message"`
	KnownEnd  bool   `expr:"known_end"`  // until and until_date are known
	Until     string `expr:"until"`      // 18:30 in the line's own time zone, "" when unknown
	UntilDate string `expr:"until_date"` // 2026-12-25
}

// learn keeps what is known of an outage in variables, whose names no menu can
// use.
func (c *call) learn(o Outage) {
	vars := c.Cursor.Vars
	vars["outage.address"], vars["outage.source"] = o.Address, o.Source
	vars["outage.message"] = string([]rune(o.Message)[:min(len([]rune(o.Message)), maxFreeText)])
	vars["outage.until"], vars["outage.until_date"] = "", ""
	if !o.Until.IsZero() {
		until := o.Until.In(c.Menu.zone)
		vars["outage.until"], vars["outage.until_date"] = until.Format("15:04"), until.Format(time.DateOnly)
	}
	c.knows("outage", outageOf(vars))
}

func outageOf(vars map[string]any) outageFacts {
	text := func(name string) string {
		value, _ := vars["outage."+name].(string)
		return value
	}
	_, found := vars["outage.address"]
	until := text("until")
	return outageFacts{found, text("address"), text("source"), text("message"), until != "", until, text("until_date")}
}
