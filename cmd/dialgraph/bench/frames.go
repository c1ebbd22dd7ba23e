package bench

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Sizes and header counts of frames as a FreeSWITCH 1.10.12 sends them, the
// medians of recorded calls. What a frame holds beyond what a controller reads
// is filling.
const (
	sizeChannelData = 5461
	sizeAnswer      = 5893
	sizeCompletion  = 6413 // of an application
	sizeDigit       = 2110
	sizeBridge      = 8257
	sizeUnbridge    = 8725
	sizeBridgeDone  = 8670 // completion of `bridge`
	sizeHangup      = 6274
	sizeSocketDone  = 6463 // completion of `socket`
	sizeGone        = 9331 // CHANNEL_HANGUP_COMPLETE

	bytesPerLine = 40 // of a frame's headers, on average
)

// Values that differ from frame to frame, by the letter that stands for them
// in a template, after a zero byte.
type values struct {
	uuid    string // u: of the channel
	caller  string // c: number
	called  string // d: number
	started string // s: µs since 1970
	app     string // a: id of the application that has ended
	leg     string // l: the other leg, or the digit pressed
}

// A frame is a message with gaps for the values.
type frame struct {
	pieces []string
	gaps   []byte // between the pieces
	fixed  int    // bytes of all pieces
	event  bool   // it is sent as a body behind its length
}

// newFrame fills up to size bytes: the headers that FreeSWITCH sends first,
// filling, and last what belongs to this message.
func newFrame(size int, event bool, filling, first, last string) *frame {
	text := first
	room := size - len(strip(first)) - len(strip(last)) - 36*strings.Count(first+last, "\x00u")
	for i := 0; room > bytesPerLine; i++ {
		line := fmt.Sprintf("%s_%03d: sip%%3A%d%%40", filling, i, i)
		line += strings.Repeat("x", max(0, bytesPerLine-len(line)-1)) + "\n"
		text += line
		room -= len(line)
	}
	text += last
	f := &frame{event: event}
	for i, part := range strings.Split(text, "\x00") {
		if i > 0 {
			f.gaps = append(f.gaps, part[0])
			part = part[1:]
		}
		f.pieces = append(f.pieces, part)
		f.fixed += len(part)
	}
	return f
}

func strip(s string) string { return strings.ReplaceAll(s, "\x00", "") }

// append adds the message with its values.
func (f *frame) append(b []byte, v *values) []byte {
	var now [20]byte
	t := strconv.AppendInt(now[:0], time.Now().UnixMicro(), 10)
	if f.event {
		n := f.fixed
		for _, gap := range f.gaps {
			n += len(v.get(gap))
			if gap == 't' {
				n += len(t)
			}
		}
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(n), 10)
		b = append(b, "\nContent-Type: text/event-plain\n\n"...)
	}
	for i, piece := range f.pieces {
		b = append(b, piece...)
		if i < len(f.gaps) {
			if f.gaps[i] == 't' {
				b = append(b, t...)
			}
			b = append(b, v.get(f.gaps[i])...)
		}
	}
	return b
}

func (v *values) get(gap byte) string {
	switch gap {
	case 'u':
		return v.uuid
	case 'c':
		return v.caller
	case 'd':
		return v.called
	case 's':
		return v.started
	case 'a':
		return v.app
	case 'l':
		return v.leg
	}
	return ""
}

// head are the headers that every event of a channel begins with.
func head(name, state string) string {
	return "Event-Name: " + name + `
Core-UUID: 5f0b6f9e-29a1-4d0c-9a55-0d3f5a3c7a10
FreeSWITCH-Hostname: bench
FreeSWITCH-Switchname: bench
FreeSWITCH-IPv4: 127.0.0.1
FreeSWITCH-IPv6: %3A%3A1
Event-Date-Timestamp: ` + "\x00t" + `
Event-Calling-File: bench.c
Event-Sequence: 4711
Channel-State: CS_EXECUTE
Channel-Call-State: ACTIVE
Channel-Name: sofia/bench/` + "\x00c" + `
Unique-ID: ` + "\x00u" + `
Call-Direction: inbound
Channel-HIT-Dialplan: true
Channel-Call-UUID: ` + "\x00u" + `
Answer-State: ` + state + `
Channel-Read-Codec-Name: PCMU
Channel-Read-Codec-Rate: 8000
Caller-Direction: inbound
Caller-Dialplan: XML
Caller-Caller-ID-Number: ` + "\x00c" + `
Caller-Network-Addr: 127.0.0.1
Caller-Destination-Number: ` + "\x00d" + `
Caller-Unique-ID: ` + "\x00u" + `
Caller-Source: mod_sofia
Caller-Context: public
Caller-Channel-Created-Time: ` + "\x00s" + `
`
}

// variables are those that a controller looks for.
const variables = `variable_direction: inbound
variable_uuid: ` + "\x00u" + `
variable_sip_from_user: ` + "\x00c" + `
variable_sip_call_id: ` + "\x00u" + `
variable_sip_network_ip: 127.0.0.1
`

// done is the tail of an application's completion.
func done(app, response string) string {
	return "Application: " + app + "\nApplication-Data: bench\nApplication-Response: " + response + "\nApplication-UUID: \x00a\n\n"
}

func event(name, state string, size int, last string) *frame {
	return newFrame(size-len("Content-Length: 0000\nContent-Type: text/event-plain\n\n"), true, "variable_bench", head(name, state)+variables, last)
}

const complete = "CHANNEL_EXECUTE_COMPLETE"

var (
	channelData = newFrame(sizeChannelData, false, "variable_bench", head("CHANNEL_DATA", "ringing")+variables,
		"Content-Type: command/reply\nReply-Text: %2BOK%0A\nSocket-Mode: async\nControl: full\n\n")
	answered   = event("CHANNEL_ANSWER", "answered", sizeAnswer, "\n")
	answerDone = event(complete, "answered", sizeAnswer, done("answer", "_none_"))
	playDone   = event(complete, "answered", sizeCompletion, "variable_playback_ms: 1500\n"+done("playback", "FILE%20PLAYED"))
	setDone    = event(complete, "answered", sizeCompletion, done("set", "_none_"))
	askDone    = event(complete, "answered", sizeCompletion,
		"variable_dialgraph_digits: \x00l\nvariable_read_result: success\n"+done("play_and_get_digits", "_none_"))
	digit = newFrame(sizeDigit-54, true, "Caller-Bench", head("DTMF", "answered"),
		"DTMF-Digit: \x00l\nDTMF-Duration: 800\nDTMF-Source: RTP\n\n")
	bridged    = event("CHANNEL_BRIDGE", "answered", sizeBridge, "Bridge-A-Unique-ID: \x00u\nBridge-B-Unique-ID: \x00l\n\n")
	unbridged  = event("CHANNEL_UNBRIDGE", "answered", sizeUnbridge, "Bridge-A-Unique-ID: \x00u\nBridge-B-Unique-ID: \x00l\n\n")
	bridgeDone = event(complete, "answered", sizeBridgeDone,
		"variable_originate_disposition: SUCCESS\nvariable_bridge_hangup_cause: NORMAL_CLEARING\nvariable_last_bridge_to: \x00l\n"+done("bridge", "_none_"))
	hangup     = event("CHANNEL_HANGUP", "hangup", sizeHangup, "Hangup-Cause: NORMAL_CLEARING\n\n")
	socketDone = event(complete, "hangup", sizeSocketDone, done("socket", "_none_"))
	gone       = event("CHANNEL_HANGUP_COMPLETE", "hangup", sizeGone,
		"Hangup-Cause: NORMAL_CLEARING\nCaller-Channel-Answered-Time: \x00s\nvariable_hangup_cause_q850: 16\n\n")
)

const notice = "Content-Type: text/disconnect-notice\nControlled-Session-UUID: 00000000-0000-0000-0000-000000000000\n" +
	"Content-Disposition: linger\nChannel-Name: sofia/bench/380440000000\nLinger-Time: 5\nContent-Length: 0\n\n"
