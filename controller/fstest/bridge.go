package fstest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A hunt is one bridge application: telephones that ring, and what is known
// of them.
type hunt struct {
	call   *Call
	legs   []*leg // that ring or wait for their key
	tried  []string
	causes []string
	last   string // cause of the last that failed
}

// appBridge rings telephones and connects the caller with the first that answers.
func appBridge(c *Call, arg string) {
	c.set("originate_disposition", "failure", "DIALSTATUS", "INVALIDARGS")
	h := &hunt{call: c, last: "DESTINATION_OUT_OF_ORDER"}
	winner, s := h.ring(parseDialString(arg))
	if winner == nil {
		h.failed(s)
		return
	}
	c.connect(winner, h)
}

// ring rings one group after another and returns the telephone to be connected.
func (h *hunt) ring(groups [][]dial) (*leg, stop) {
	c := h.call
	c.mu.Lock()
	state := c.callState
	if c.answer == "answered" {
		c.callState = "RING_WAIT"
	}
	c.mu.Unlock()
	quiet := c.ringback()
	defer func() {
		quiet()
		c.mu.Lock()
		if !c.hungup {
			c.callState = state
		}
		c.mu.Unlock()
	}()
	for _, group := range groups {
		if winner, s := h.ringGroup(group); winner != nil || s != elapsed {
			return winner, s
		}
	}
	return nil, elapsed
}

// ringGroup rings telephones at once.
func (h *hunt) ringGroup(group []dial) (*leg, stop) {
	c := h.call
	start := c.sw.clock.now()
	for _, d := range group {
		l := c.sw.ring(d, c.callerNum, c.callerNam, c.wakeUp)
		if l.cause != "" {
			h.failing(l)
			continue
		}
		l.limit = ringLimit(d.vars, c.get("call_timeout"), start)
		h.legs = append(h.legs, l)
		c.rings(h, l)
	}
	for len(h.legs) > 0 {
		until := never
		for _, l := range h.legs {
			until = min(until, l.at, l.limit)
		}
		s := c.wait(watch{until: until, key: c.cancelKey(), news: h.news, deaf: true})
		switch s {
		case keyed:
			h.giveUp("NO_ANSWER")
			return nil, s
		case gone, taken:
			h.giveUp("ORIGINATOR_CANCEL")
			return nil, s
		}
		if winner := h.step(c.sw.clock.now()); winner != nil {
			return winner, elapsed
		}
	}
	return nil, elapsed
}

// news says whether something was done at a telephone.
func (h *hunt) news() bool { return slices.ContainsFunc(h.legs, (*leg).wished) }

// step moves every telephone on and returns the one that is ready; the others
// stop ringing then.
func (h *hunt) step(now time.Duration) *leg {
	for _, l := range slices.Clone(h.legs) {
		ready := l.step(now)
		if !ready && l.cause == "" && l.limit <= now {
			l.end("NO_ANSWER")
		}
		switch {
		case l.cause != "":
			h.remove(l)
			h.failing(l)
		case ready:
			h.remove(l)
			h.tried = append(h.tried, l.uuid+";Outbound Call;"+l.contact)
			h.causes = append(h.causes, l.uuid+";NONE")
			h.giveUp("LOSE_RACE")
			return l
		}
	}
	return nil
}

// remove takes a telephone off those that ring.
func (h *hunt) remove(l *leg) {
	h.legs = slices.DeleteFunc(h.legs, func(o *leg) bool { return o == l })
	h.call.mu.Lock()
	h.call.ringing.now--
	h.call.mu.Unlock()
}

// failing notes a telephone that will not be connected.
func (h *hunt) failing(l *leg) {
	h.last = l.cause
	if l.hungup { // there was a leg
		h.tried = append(h.tried, l.uuid+";Outbound Call;"+l.contact)
		h.causes = append(h.causes, l.uuid+";"+l.cause)
		if l.cause != "ORIGINATOR_CANCEL" && l.cause != "LOSE_RACE" {
			h.call.set("last_bridge_hangup_cause", l.cause)
		}
	}
	h.call.log(Gave, l.contact+" "+l.cause)
}

// giveUp ends every telephone that still rings.
func (h *hunt) giveUp(cause string) {
	for _, l := range slices.Clone(h.legs) {
		l.end(cause)
		h.remove(l)
		h.failing(l)
	}
}

// failed is the end of a bridge without an answer.
func (h *hunt) failed(s stop) {
	c, cause := h.call, h.last
	switch s {
	case keyed:
		cause = "NO_ANSWER"
	case gone, taken:
		cause = "ORIGINATOR_CANCEL"
	}
	h.report(cause)
	c.set("originate_failed_cause", cause)
	if s == elapsed && !c.continues(cause) {
		c.hangup(cause, "")
	}
}

// report sets what the caller's channel says of the hunt.
func (h *hunt) report(cause string) {
	status, ok := map[string]string{"USER_BUSY": "BUSY", "NO_ANSWER": "NOANSWER",
		"ORIGINATOR_CANCEL": "CANCEL", "CALL_REJECTED": "DONTCALL"}[cause]
	if !ok {
		status = cause
	}
	h.call.set("originated_legs", array(h.tried), "originate_causes", array(h.causes),
		"originate_disposition", cause, "DIALSTATUS", status)
}

// array is how a variable holds several values.
func array(values []string) string {
	if len(values) < 2 {
		return strings.Join(values, "")
	}
	return "ARRAY::" + strings.Join(values, "|:")
}

// continues says whether a failed bridge leaves the caller on the line.
func (c *Call) continues(cause string) bool {
	return c.truth("continue_on_fail") ||
		slices.Contains(strings.Split(strings.ToUpper(c.get("continue_on_fail")), ","), cause)
}

// ringLimit is when a telephone stops ringing that starts now: after
// leg_timeout, or call_timeout, else the default, in seconds. FreeSWITCH counts
// whole seconds of its clock, and so stops up to a second early.
func ringLimit(vars variables, channel string, now time.Duration) time.Duration {
	seconds := 60
	if n, err := strconv.Atoi(channel); err == nil {
		seconds = n
	}
	for _, name := range []string{"originate_timeout", "call_timeout", "leg_timeout"} {
		v, _ := vars.lookup(name)
		if n, err := strconv.Atoi(v); err == nil {
			seconds = n
		}
	}
	return now.Truncate(time.Second) + time.Duration(seconds)*time.Second
}

// cancelKey looks at the caller's keys while telephones ring: for
// origination_cancel_key. Without that they stay where they are.
func (c *Call) cancelKey() func(digit) stop {
	key := c.get("origination_cancel_key")
	if key == "" {
		return nil
	}
	return func(d digit) stop {
		if d.key == key[0] {
			return keyed
		}
		return elapsed
	}
}

// ringback lets the caller hear what is set for the time of ringing, until the
// function returned is called. A relative path is silent.
func (c *Call) ringback() func() {
	tone := c.get("ringback")
	if tone == "" || c.state() == "ringing" ||
		!strings.Contains(tone, "://") && !strings.HasPrefix(tone, "/") && !strings.HasPrefix(tone, "%(") {
		return func() {}
	}
	c.log(Heard, tone)
	return func() {
		c.diary.write(Event{At: c.sw.clock.now() - c.placed, Kind: Silence, Text: tone, Cut: true})
	}
}

// rings counts a telephone that begins to ring for the caller. Two in two
// bridges at the same time must not be.
func (c *Call) rings(h *hunt, l *leg) {
	c.mu.Lock()
	if c.ringing.now > 0 && c.ringing.hunt != h {
		c.sw.fault("call %s: %s rings while another telephone rings for it", c.uuid, l.contact)
	}
	c.ringing.now++
	c.ringing.most = max(c.ringing.most, c.ringing.now)
	c.ringing.hunt = h
	c.mu.Unlock()
	c.log(Calling, l.contact)
}
