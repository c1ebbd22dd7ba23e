package fstest

// connect lets caller and agent talk until either leaves.
func (c *Call) connect(l *leg, h *hunt) {
	if c.state() != "answered" {
		c.mu.Lock()
		c.vars.set(c.earlyVariables()...)
		c.mu.Unlock()
		if c.markAnswered() {
			c.log(Answered, "")
		}
	}
	h.report("SUCCESS")
	if action := c.get("execute_on_pre_bridge"); action != "" {
		app, arg := cutApp(action)
		c.runApp(app, arg, "")
	}
	other := l.asOther()
	c.mu.Lock()
	c.other = other
	if c.bridged == 0 {
		c.bridged = c.sw.clock.now()
	}
	c.vars.set("current_application", "bridge", "signal_bond", l.uuid)
	c.fire("CHANNEL_BRIDGE", "Bridge-A-Unique-ID", c.uuid, "Bridge-B-Unique-ID", l.uuid)
	c.vars.set("last_bridge_to", l.uuid, "bridge_channel", l.name, "bridge_uuid", l.uuid)
	c.mu.Unlock()
	c.log(Connected, l.contact)
	l.agent.talking()

	cause := c.talk(l)

	if cause != "" {
		c.set("last_bridge_hangup_cause", cause)
	} else {
		cause = "NORMAL_CLEARING"
	}
	l.end(cause)
	c.mu.Lock()
	c.vars.set("bridge_hangup_cause", cause)
	c.fire("CHANNEL_UNBRIDGE", "Bridge-A-Unique-ID", c.uuid, "Bridge-B-Unique-ID", l.uuid)
	c.mu.Unlock()
	c.log(Parted, l.contact)
	if c.truth("hangup_after_bridge") && c.up() {
		c.hangup("NORMAL_CLEARING", "")
	}
}

// talk returns why the agent hung up, "" when it was not the agent who ended it.
func (c *Call) talk(l *leg) (cause string) {
	until := never
	if l.b.Talk > 0 {
		until = c.sw.clock.now() + l.b.Talk
	}
	for {
		switch c.wait(watch{until: until, key: drop, news: l.wished, deaf: true}) {
		case elapsed:
			return "NORMAL_CLEARING"
		case changed:
			w := l.take()
			l.typed(w.keys)
			if w.refer != "" {
				c.move(parseDestination(w.refer))
				return "BLIND_TRANSFER"
			}
			if w.drop != "" {
				return w.drop
			}
		case gone, taken:
			return ""
		}
	}
}
