package fstest

import (
	"slices"
	"sync"
	"time"
)

// A channel is what caller and agent legs have in common: a name, a state,
// variables, and events about it.
type channel struct {
	sw        *Switch
	uuid      string
	name      string // sofia/internal/…
	outbound  bool
	created   time.Duration
	network   string
	hidden    bool
	callerNum string
	callerNam string
	context   string

	mu          sync.Mutex
	destination string
	vars        variables
	answer      string // Answer-State: ringing, early, answered, hangup
	callState   string // Channel-Call-State
	phase       string // Channel-State
	answered    time.Duration
	bridged     time.Duration // when the first talk began
	hungupAt    time.Duration
	hungup      bool
	cause       string
	other       []byte // headers about the other leg, from the bridge on
}

// get is a variable's value, "" when it is not set.
func (c *channel) get(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, _ := c.vars.lookup(name)
	return v
}

// set sets variables, given as names and values; "" unsets.
func (c *channel) set(pairs ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.vars.set(pairs...)
}

// truth says whether a variable is set to something that FreeSWITCH takes for
// true (switch_true).
func (c *channel) truth(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.vars.truth(name)
}

// state is the Answer-State: ringing, early, answered or hangup.
func (c *channel) state() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answer
}

// markAnswered moves the channel to answered and tells whoever listens. It
// does nothing when it was answered before or is gone.
func (c *channel) markAnswered() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answer == "answered" || c.hungup {
		return false
	}
	c.answer, c.callState = "answered", "EARLY"
	c.answered = c.sw.clock.now()
	c.vars.set(mediaVariables...)
	c.vars.set("endpoint_disposition", "EARLY MEDIA")
	c.fire("CHANNEL_ANSWER")
	c.callState = "ACTIVE"
	c.vars.set("endpoint_disposition", "ANSWER")
	return true
}

// markHungup moves the channel to hung up and tells whoever listens. How is
// the sip_hangup_disposition. It says whether the channel was up before.
func (c *channel) markHungup(cause, how string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hungup {
		return false
	}
	c.hungup, c.cause, c.answer = true, cause, "hangup"
	c.hungupAt = c.sw.clock.now()
	switch how {
	case "recv_bye":
		c.vars.set("proto_specific_hangup_cause", "sip:200")
		c.fire("CHANNEL_HANGUP")
		c.vars.set("sip_hangup_disposition", how)
	case "recv_cancel":
		c.vars.set("sip_hangup_disposition", how, "sip_invite_failure_status", "487",
			"proto_specific_hangup_cause", "sip:487")
		c.fire("CHANNEL_HANGUP")
	default:
		c.fire("CHANNEL_HANGUP")
	}
	return true
}

// complete is the end of the channel's life.
func (c *channel) complete() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.vars.lookup("sip_hangup_disposition"); !ok {
		how := "send_refuse"
		if c.answered > 0 {
			how = "send_bye"
		}
		c.vars.set("sip_hangup_disposition", how)
	}
	c.callState, c.phase = "HANGUP", "CS_REPORTING"
	c.vars.set("hangup_cause", c.cause)
	c.vars.set(c.reportVariables()...)
	c.fire("CHANNEL_HANGUP_COMPLETE")
}

type variable struct{ name, value string }

// variables are in the order they were set last, as FreeSWITCH keeps them.
type variables []variable

func (v variables) lookup(name string) (string, bool) {
	for i := range v {
		if v[i].name == name {
			return v[i].value, true
		}
	}
	return "", false
}

func (v *variables) set(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := pairs[i], pairs[i+1]
		if at := slices.IndexFunc(*v, func(x variable) bool { return x.name == name }); at >= 0 {
			*v = slices.Delete(*v, at, at+1)
		}
		if value != "" {
			*v = append(*v, variable{name, value})
		}
	}
}

func (v variables) truth(name string) bool {
	value, _ := v.lookup(name)
	switch value {
	case "true", "yes", "on", "enable", "enabled", "active", "allow", "t", "1":
		return true
	}
	return false
}
