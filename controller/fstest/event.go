package fstest

import (
	"strconv"
	"strings"
)

// roomy is more than most events need, in bytes.
const roomy = 8 << 10

// fire sends an event about the channel to whoever asked for it. Extra is
// names and values of the event's own headers. c.mu is held, so that events
// leave in the order in which things happened.
func (c *channel) fire(name string, extra ...string) {
	listeners := c.sw.exchange.interested(name, "Unique-ID", c.uuid)
	if len(listeners) == 0 {
		return
	}
	body := c.sw.eventHead(make([]byte, 0, roomy), name)
	body = c.appendState(body)
	body = c.appendProfile(body, "Caller-")
	body = append(body, c.other...)
	for i := 0; i+1 < len(extra); i += 2 {
		body = appendHeader(body, extra[i], extra[i+1])
	}
	if name != "DTMF" {
		body = c.appendVariables(body)
	}
	c.sw.exchange.deliver(listeners, append(body, '\n'))
}

// channelData is the reply to connect: the channel in one frame without a body.
func (c *channel) channelData() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.sw.eventHead(make([]byte, 0, roomy), "CHANNEL_DATA")
	b = c.appendProfile(b, "Channel-")
	b = c.appendState(b)
	b = c.appendProfile(b, "Caller-")
	b = append(b, c.other...)
	b = c.appendVariables(b)
	return append(b, "Content-Type: command/reply\nReply-Text: %2BOK%0A\nSocket-Mode: async\nControl: full\n\n"...)
}

// eventHead begins an event.
func (s *Switch) eventHead(b []byte, name string) []byte {
	now := s.clock.date(s.clock.now())
	b = appendHeader(b, "Event-Name", name)
	b = appendHeader(b, "Core-UUID", s.uuid)
	b = appendHeader(b, "FreeSWITCH-Hostname", s.config.Hostname)
	b = appendHeader(b, "FreeSWITCH-Switchname", s.config.Hostname)
	b = appendHeader(b, "Event-Date-Timestamp", strconv.FormatInt(now.UnixMicro(), 10))
	b = appendHeader(b, "Event-Sequence", strconv.FormatUint(s.sequence.Add(1), 10))
	if s.config.Bare {
		return b
	}
	b = appendHeader(b, "FreeSWITCH-IPv4", "127.0.0.1")
	b = appendHeader(b, "FreeSWITCH-IPv6", "::1")
	b = appendHeader(b, "Event-Date-Local", now.Format("2006-01-02 15:04:05"))
	b = appendHeader(b, "Event-Date-GMT", now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"))
	b = appendHeader(b, "Event-Calling-File", "switch_channel.c")
	b = appendHeader(b, "Event-Calling-Function", "switch_channel_perform_event")
	return appendHeader(b, "Event-Calling-Line-Number", "3846")
}

func (c *channel) appendState(b []byte) []byte {
	direction := "inbound"
	if c.outbound {
		direction = "outbound"
	}
	b = appendHeader(b, "Channel-State", c.phase)
	b = appendHeader(b, "Channel-Call-State", c.callState)
	b = appendHeader(b, "Channel-Name", c.name)
	b = appendHeader(b, "Unique-ID", c.uuid)
	b = appendHeader(b, "Call-Direction", direction)
	b = appendHeader(b, "Channel-Call-UUID", c.uuid)
	b = appendHeader(b, "Answer-State", c.answer)
	if c.hungup {
		b = appendHeader(b, "Hangup-Cause", c.cause)
	}
	if c.sw.config.Bare {
		return b
	}
	b = appendHeader(b, "Channel-State-Number", "4")
	b = appendHeader(b, "Presence-Call-Direction", direction)
	b = appendHeader(b, "Channel-HIT-Dialplan", "true")
	if c.answer == "ringing" {
		return b
	}
	return append(b, codecHeaders...)
}

// appendProfile adds the caller profile, as it stands under Caller- and, in
// channel data, once more under Channel-.
func (c *channel) appendProfile(b []byte, prefix string) []byte {
	add := func(name, value string) {
		b = append(b, prefix...)
		b = appendHeader(b, name, value)
	}
	add("Direction", "inbound")
	add("Username", c.callerNum)
	add("Dialplan", "XML")
	add("Caller-ID-Name", c.callerNam)
	add("Caller-ID-Number", c.callerNum)
	add("Network-Addr", c.network)
	add("ANI", c.callerNum)
	add("Destination-Number", c.destination)
	add("Unique-ID", c.uuid)
	add("Context", c.context)
	add("Channel-Name", c.name)
	add("Channel-Created-Time", c.sw.stamp(c.created))
	add("Channel-Answered-Time", c.sw.stamp(c.answered))
	add("Channel-Hangup-Time", c.sw.stamp(c.hungupAt))
	add("Privacy-Hide-Name", strconv.FormatBool(c.hidden))
	add("Privacy-Hide-Number", strconv.FormatBool(c.hidden))
	if c.sw.config.Bare {
		return b
	}
	add("Logical-Direction", "inbound")
	add("Orig-Caller-ID-Name", c.callerNam)
	add("Orig-Caller-ID-Number", c.callerNum)
	add("Source", "mod_sofia")
	add("Profile-Index", "1")
	add("Profile-Created-Time", c.sw.stamp(c.created))
	for _, n := range idleTimes {
		add(n, "0")
	}
	return b
}

// asOther is what the events of a bridged channel say of the other leg.
func (c *channel) asOther() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.appendProfile(appendHeader(nil, "Other-Type", "originatee"), "Other-Leg-")
}

func (c *channel) appendVariables(b []byte) []byte {
	for i := range c.vars {
		b = append(b, "variable_"...)
		b = appendHeader(b, c.vars[i].name, c.vars[i].value)
	}
	return b
}

// stamp is a moment in microseconds since 1970, 0 for one that has not come.
func (s *Switch) stamp(at interface{ Nanoseconds() int64 }) string {
	if at.Nanoseconds() == 0 {
		return "0"
	}
	return strconv.FormatInt(s.clock.start.UnixMicro()+at.Nanoseconds()/1000, 10)
}

// unsafe are the bytes that switch_url_encode writes as %XX.
var unsafe = func() (table [256]bool) {
	for ch := range table {
		table[ch] = ch < ' ' || ch > '~' || strings.IndexByte("\" #%&+:;<=>?@[\\]^`{|}", byte(ch)) >= 0
	}
	return table
}()

// appendHeader adds a line of an event, its value encoded as switch_url_encode does.
func appendHeader(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	from := 0
	for i := range len(value) {
		if ch := value[i]; unsafe[ch] {
			b = append(b, value[from:i]...)
			b = append(b, '%', "0123456789ABCDEF"[ch>>4], "0123456789ABCDEF"[ch&15])
			from = i + 1
		}
	}
	b = append(b, value[from:]...)
	return append(b, '\n')
}
