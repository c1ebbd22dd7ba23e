package fstest

import (
	"strings"
	"time"
)

// originate calls a telephone and, when it answers, hands it to an application
// or to the dialplan. From then on whoever answered is a caller, with the
// script of the telephone's behaviour.
func (s *Switch) originate(arg string) string {
	target, rest := cutTarget(arg)
	if rest == "" {
		return "-USAGE <call url> <exten>|&<application_name>(<app_args>)"
	}
	groups := parseDialString(target)
	if len(groups) != 1 || len(groups[0]) != 1 {
		return "-ERR the fake originates one telephone at a time"
	}
	d := groups[0][0]
	l, cause := s.raise(d)
	if cause != "" {
		return "-ERR " + cause + "\n"
	}
	actions, to := originated(rest)
	c := s.newCall(Caller{Number: d.contact, To: to.extension, UUID: l.uuid, Script: l.b.Script})
	c.outbound, c.context = true, to.context
	c.vars.set("direction", "outbound")
	for _, v := range d.vars {
		c.vars.set(v.name, v.value)
	}
	c.vars.set(c.earlyVariables()...)
	c.vars.set("endpoint_disposition", "ANSWER")
	c.answer, c.callState, c.answered = "answered", "ACTIVE", s.clock.now()
	s.exit(l)
	if !s.begin(c, actions) {
		return "-ERR DESTINATION_OUT_OF_ORDER\n"
	}
	l.hand(c)
	return "+OK " + c.uuid + "\n"
}

// raise rings a telephone until it answers.
func (s *Switch) raise(d dial) (l *leg, cause string) {
	wake := make(chan struct{}, 1)
	number, _ := d.vars.lookup("origination_caller_id_number")
	name, _ := d.vars.lookup("origination_caller_id_name")
	l = s.ring(d, number, name, func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	})
	limit := ringLimit(d.vars, "", s.clock.now())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for l.cause == "" {
		now := s.clock.now()
		if l.step(now) {
			l.agent.talking()
			return l, ""
		}
		if limit <= now {
			l.end("NO_ANSWER")
		}
		timer.Reset(s.clock.wall(min(l.at, limit) - now))
		select {
		case <-wake:
		case <-timer.C:
		case <-s.ctx.Done():
			l.end("SYSTEM_SHUTDOWN")
		}
	}
	return nil, l.cause
}

// hand gives the telephone to the call that it has become.
func (l *leg) hand(c *Call) {
	l.mu.Lock()
	l.alert = func() {
		w := l.take()
		c.Press(w.keys)
		if w.drop != "" {
			c.Hangup()
		}
	}
	l.mu.Unlock()
	if l.b.Talk > 0 {
		l.sw.after(l.b.Talk, c.Hangup)
	}
	l.sw.tasks.Add(1)
	go func() {
		defer l.sw.tasks.Done()
		<-c.done
		l.agent.give(l)
	}()
}

// cutTarget cuts "{…}user/1001 &park()" behind the dial string.
func cutTarget(arg string) (target, rest string) {
	parts := splitOutside(strings.TrimSpace(arg), ' ')
	return parts[0], strings.TrimSpace(strings.Join(parts[1:], " "))
}

// originated reads &application(argument), or an extension of the dialplan.
func originated(rest string) ([]Action, destination) {
	app, ok := strings.CutPrefix(rest, "&")
	if !ok {
		to := parseDestination(rest)
		if to.context == "" {
			to.context = "default"
		}
		return nil, to
	}
	app, data, _ := strings.Cut(app, "(")
	data = strings.TrimSuffix(strings.TrimSpace(data), ")")
	return []Action{{app, unquote(data)}}, destination{context: "default"}
}
