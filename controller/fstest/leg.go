package fstest

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// A leg is a call to a telephone. The goroutine that rang it moves it on; what
// the one at the telephone does is left in wish, and the goroutine is woken.
type leg struct {
	channel
	contact string
	agent   *Agent // nil when there is no such telephone
	b       Behaviour
	alert   func()        // wakes the goroutine that rang the leg; the channel's lock guards it
	at      time.Duration // when the telephone does next what it is to do, never for nothing
	keys    string        // of Accept, not pressed yet
	limit   time.Duration // when it stops ringing
	cause   string        // why it failed, "" while it has not

	wish wish // what was done at the telephone from outside; the channel's lock guards it
}

// A wish is what somebody did at a telephone.
type wish struct {
	pickUp bool
	drop   string // hangup cause
	refer  string // blind transfer
	keys   string
}

func (l *leg) rings() bool { return l.state() == "ringing" }

func (l *leg) pickUp()           { l.leave(func(w *wish) { w.pickUp = true }) }
func (l *leg) drop(cause string) { l.leave(func(w *wish) { w.drop = cause }) }
func (l *leg) refer(to string)   { l.leave(func(w *wish) { w.refer = to }) }
func (l *leg) press(k string)    { l.leave(func(w *wish) { w.keys += k }) }

func (l *leg) leave(change func(*wish)) {
	l.mu.Lock()
	change(&l.wish)
	alert := l.alert
	l.mu.Unlock()
	alert()
}

// wished says whether there is something to look at.
func (l *leg) wished() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wish != wish{}
}

// take empties the wish.
func (l *leg) take() wish {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.wish
	l.wish = wish{}
	return w
}

// ring starts a call to a telephone. A leg that fails at once has a cause.
// Shown is the number that the telephone displays.
func (s *Switch) ring(d dial, shown, name string, alert func()) *leg {
	l := &leg{contact: d.contact, alert: alert, at: never}
	l.sw, l.outbound, l.created = s, true, s.clock.now()
	l.uuid, _ = d.vars.lookup("origination_uuid")
	if l.uuid == "" {
		l.uuid = uuid.NewString()
	}
	if v, ok := d.vars.lookup("origination_caller_id_number"); ok {
		shown = v
	}
	if v, ok := d.vars.lookup("origination_caller_id_name"); ok {
		name = v
	}
	l.name, l.network, l.context = "sofia/internal/"+d.contact, "127.0.0.1", "default"
	l.callerNum, l.callerNam, l.destination = shown, name, d.contact
	l.answer, l.callState, l.phase = "ringing", "RINGING", "CS_CONSUME_MEDIA"
	l.vars.set("direction", "outbound", "uuid", l.uuid, "caller_id_number", shown, "caller_id_name", name)
	for _, v := range d.vars {
		l.vars.set(v.name, v.value)
	}
	l.agent = s.config.Phones.lookup(d.contact)
	if l.cause = l.refusal(d); l.cause != "" {
		return l
	}
	l.mu.Lock()
	l.fire("CHANNEL_CREATE")
	l.mu.Unlock()
	s.enter(l)
	if l.cause = l.agent.take(l); l.cause != "" {
		l.end(l.cause)
		return l
	}
	l.keys = l.b.Accept
	if l.b.Reaction == Answers || l.b.Reaction == Rejects {
		l.at = s.clock.now() + l.b.After
	}
	l.mu.Lock()
	l.fire("CHANNEL_PROGRESS")
	l.mu.Unlock()
	return l
}

// refusal is why a telephone cannot even be called.
func (l *leg) refusal(d dial) string {
	switch {
	case d.endpoint == "error":
		return strings.ToUpper(d.contact)
	case d.endpoint == "user" && l.agent == nil:
		return "SUBSCRIBER_ABSENT"
	case d.endpoint != "user" && d.endpoint != "sofia" && d.endpoint != "loopback":
		return "CHAN_NOT_IMPLEMENTED"
	case l.agent == nil:
		return "UNALLOCATED_NUMBER"
	}
	return l.agent.absence()
}

// step moves the leg on to now: what was done at the telephone, and what the
// telephone does by itself. It says whether caller and agent can be connected.
func (l *leg) step(now time.Duration) (ready bool) {
	w := l.take()
	due := l.at <= now
	switch {
	case w.drop != "":
		l.end(w.drop)
		return false
	case l.state() == "ringing" && due && l.b.Reaction == Rejects:
		l.end("CALL_REJECTED")
		return false
	case l.state() == "ringing" && (w.pickUp || due):
		l.pickedUp(now)
	}
	if l.state() != "answered" {
		return false
	}
	return l.accepted(now, w.keys)
}

// pickedUp is the answer at the telephone.
func (l *leg) pickedUp(now time.Duration) {
	l.markAnswered()
	if api := l.get("api_on_answer"); api != "" {
		l.sw.api(api)
	}
	l.at = now + l.whisper()
	if l.acceptKey() != "" {
		l.at = never
	}
	if l.acceptKey() != "" && l.keys != "" {
		l.at = now + l.b.Think
	}
}

// acceptKey is the key that has to be pressed by whoever answers, "" for none.
func (l *leg) acceptKey() string {
	if key := l.get("group_confirm_key"); key != "exec" {
		return key
	}
	return ""
}

// whisper notes what the telephone plays before it is connected, and returns
// how long that takes.
func (l *leg) whisper() time.Duration {
	file := l.get("group_confirm_file")
	if file == "" {
		if app, data, _ := strings.Cut(l.get("execute_on_answer"), " "); app == "playback" {
			file = data
		}
	}
	if file == "" {
		return 0
	}
	file = strings.TrimPrefix(file, "playback ")
	l.agent.hear(file)
	var total time.Duration
	for part := range strings.SplitSeq(strings.TrimPrefix(file, "file_string://"), "!") {
		if d, ok := l.sw.length(part); ok && d != never {
			total += d
		}
	}
	return total
}

// accepted says whether whoever answered has pressed what has to be pressed,
// and has heard what is to be heard.
func (l *leg) accepted(now time.Duration, pressed string) bool {
	if l.at <= now {
		pressed, l.keys, l.at = pressed+l.keys, "", never
		if l.acceptKey() == "" {
			return true
		}
	}
	l.typed(pressed)
	return l.acceptKey() != "" && strings.Contains(pressed, l.acceptKey())
}

// typed tells of keys pressed at the telephone.
func (l *leg) typed(keys string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range keys {
		l.fire("DTMF", "DTMF-Digit", string(k), "DTMF-Duration", "800", "DTMF-Source", "RTP")
	}
}

// end hangs the leg up.
func (l *leg) end(cause string) {
	l.cause = cause
	if !l.markHungup(cause, "") {
		return
	}
	if api := l.get("api_hangup_hook"); api != "" {
		l.sw.api(strings.ReplaceAll(api, "${Caller-Channel-Hangup-Time}", l.sw.stamp(l.hungupAt)))
	}
	l.complete()
	if l.agent != nil {
		l.agent.give(l)
	}
	l.sw.exit(l)
}
