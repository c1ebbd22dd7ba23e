package fstest

import (
	"strings"
)

// A destination is where a call is sent: an extension of the dialplan, or a
// list of actions written out (dialplan "inline").
type destination struct {
	extension string
	dialplan  string
	context   string
}

// parseDestination reads "extension [dialplan [context]]".
func parseDestination(arg string) destination {
	words := splitArgs(arg)
	words = append(words, "", "", "")
	return destination{words[0], words[1], words[2]}
}

// route runs the dialplan for a destination.
func (c *Call) route(to destination) {
	if to.dialplan == "inline" {
		c.perform(parseInline(to.extension))
		return
	}
	c.mu.Lock()
	c.destination = to.extension
	if to.context != "" {
		c.context = to.context
	}
	c.mu.Unlock()
	if plan := c.sw.config.Dialplan; plan != nil {
		c.perform(plan(to.extension))
		return
	}
	c.entry()
}

// perform runs actions until one takes the call away.
func (c *Call) perform(actions []Action) {
	for _, a := range actions {
		if !c.up() {
			return
		}
		c.runApp(a.App, a.Data, "")
	}
}

// entry is the extension that hands a call to the controllers: again and again
// while they come and go, until one says that it is done with the call or too
// many in a row could not be reached. Every controller leaves a fresh token in
// dialgraph_seen: without one, the connect has failed.
func (c *Call) entry() {
	for failures := 0; c.up(); {
		if c.truth("dialgraph_done") || failures >= c.sw.config.Failures {
			c.fallback()
			return
		}
		before := c.get("dialgraph_seen")
		c.perform([]Action{
			{"set", "socket_resume=true"},
			{"socket", "${global_getvar(dialgraph_hosts)} async full"},
		})
		if failures++; c.get("dialgraph_seen") != before {
			failures = 0
		}
	}
}

// fallback is where a call goes that leaves the controllers.
func (c *Call) fallback() {
	to := c.get("dialgraph_fallback")
	c.mu.Lock()
	if to == "" && c.destination != c.caller.To {
		to = c.destination
	}
	c.mu.Unlock()
	if to == "" {
		to = "notice"
	}
	c.log(Left, to)
	c.hangup("NORMAL_CLEARING", "")
}

// parseInline reads the actions of the inline dialplan: app:arg,app:arg with
// '…' around what holds commas, or m:^:app:arg^app:arg.
func parseInline(s string) []Action {
	parts := splitOutside(s, ',')
	if rest, ok := strings.CutPrefix(s, "m:"); ok && len(rest) > 2 {
		parts = strings.Split(rest[2:], rest[:1])
	}
	var actions []Action
	for _, p := range parts {
		app, data, _ := strings.Cut(p, ":")
		if len(data) > 1 && data[0] == '\'' && data[len(data)-1] == '\'' {
			data = data[1 : len(data)-1]
		}
		actions = append(actions, Action{strings.TrimSpace(app), data})
	}
	return actions
}
