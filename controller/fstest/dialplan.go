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

// The contexts of the shipped dialplan that the fake knows.
const (
	controllers = "dialgraph"          // hands calls to the controllers
	notices     = "dialgraph_notice"   // the last resort
	transferred = "dialgraph_transfer" // callers whom an agent's telephone transferred
)

// route runs the dialplan for a destination. Its context is the one named,
// else force_transfer_context, else the one before.
func (c *Call) route(to destination) {
	if to.dialplan == "inline" {
		c.perform(parseInline(to.extension))
		return
	}
	c.mu.Lock()
	c.destination = to.extension
	if forced, _ := c.vars.lookup("force_transfer_context"); to.context == "" && forced != "" {
		to.context = forced
	}
	if to.context != "" {
		c.context = to.context
	}
	context := c.context
	c.mu.Unlock()
	if plan := c.sw.config.Dialplan; plan != nil {
		c.perform(plan(to.extension))
		return
	}
	switch context {
	case "public", controllers:
		c.entry(to.extension)
	case transferred:
		c.set("dialgraph_transfer", to.extension)
		c.move(destination{extension: c.get("dialgraph_number"), context: controllers})
	case notices:
		c.log(Left, to.extension)
		c.hangup("NORMAL_TEMPORARY_FAILURE", "")
	default:
		c.log(Left, to.extension)
		c.hangup("NORMAL_CLEARING", "")
	}
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
// while they come and go, until one says that it is done with the call, too
// many in a row did not show themselves (in dialgraph_seen), or fifty were tried.
func (c *Call) entry(number string) {
	if c.get("dialgraph_seen") != "" {
		c.set("dialgraph_failed", "")
	}
	failed, passes := c.get("dialgraph_failed"), c.get("dialgraph_passes")
	if c.get("dialgraph_done") != "" || len(failed) >= c.sw.config.Failures || len(passes) >= 50 {
		c.leave()
		return
	}
	if failed != "" {
		c.perform([]Action{{"sleep", "1000"}})
	}
	c.perform([]Action{
		{"set", "dialgraph_number=" + number},
		{"set", "dialgraph_passes=${dialgraph_passes}x"},
		{"set", "dialgraph_failed=${dialgraph_failed}x"},
		{"unset", "dialgraph_seen"},
		{"set", "force_transfer_context=" + transferred},
		{"set", "socket_resume=true"},
		{"socket", "${dialgraph_hosts} async full"},
		{"transfer", number + " XML " + controllers},
	})
}

// leave sends a call to its fallback, once, and then to the notice.
func (c *Call) leave() {
	to := parseDestination(c.get("dialgraph_fallback"))
	if to.extension == "" || to.extension == "(taken)" {
		to = destination{extension: "notice", context: notices}
	}
	if to.context == "" {
		to.context = "agents"
	}
	c.set("dialgraph_fallback", "(taken)")
	c.move(to)
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
