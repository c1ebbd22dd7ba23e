package fstest

import (
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// An application runs on the channel with its argument.
type application struct {
	run   func(c *Call, arg string)
	media bool // needs media: an unanswered channel gets early media first
	twice bool // expands variables in its argument a second time (mod_dptools.c:1668)
}

// applications are those the fake knows. What is not here hangs the call up,
// as it does on a real one.
var applications map[string]application

func init() { // breaks the cycle of execute and socket
	applications = map[string]application{
		"answer":              {run: appAnswer},
		"pre_answer":          {run: appPreAnswer},
		"ring_ready":          {run: appRingReady},
		"hangup":              {run: appHangup},
		"park":                {run: appPark},
		"sleep":               {run: appSleep},
		"transfer":            {run: appTransfer},
		"socket":              {run: appSocket},
		"set":                 {run: appSet, twice: true},
		"export":              {run: appExport, twice: true},
		"multiset":            {run: appMultiset, twice: true},
		"unset":               {run: appUnset},
		"multiunset":          {run: appMultiunset},
		"log":                 {run: func(*Call, string) {}},
		"playback":            {run: appPlayback, media: true},
		"endless_playback":    {run: appEndless, media: true},
		"say":                 {run: appSay, media: true},
		"speak":               {run: appSpeak, media: true},
		"play_and_get_digits": {run: appPlayAndGetDigits, media: true},
		"record":              {run: appRecord, media: true},
		"bridge":              {run: appBridge},
		"flush_dtmf":          {run: appFlushDTMF},
		"sched_hangup":        {run: appSchedHangup},
	}
}

// sendmsg queues what a controller sent for a channel.
func (l *listener) sendmsg(id string, c command) string {
	call := l.call
	if id != "" {
		call = l.sw.find(id)
	}
	if call == nil {
		return "-ERR invalid session id [" + id + "]"
	}
	l.sw.inspect(c)
	m := message{
		due:     l.sw.clock.now() + frame,
		command: c.get("call-command"),
		app:     c.get("execute-app-name"),
		arg:     c.get("execute-app-arg"),
		id:      c.get("Event-UUID"),
		cause:   c.get("hangup-cause"),
		lock:    c.get("event-lock") == "true",
		loops:   1,
	}
	if m.arg == "" {
		m.arg = c.body
	}
	if n, err := strconv.Atoi(c.get("loops")); err == nil {
		m.loops = n
	}
	call.mu.Lock()
	if !call.hungup {
		call.messages = append(call.messages, m)
	}
	call.mu.Unlock()
	call.wakeUp()
	return "+OK"
}

// execute runs a message on the call's own goroutine.
func (c *Call) execute(m message) {
	c.mu.Lock()
	before := c.locked
	c.locked = m.lock
	c.mu.Unlock()
	switch m.command {
	case "hangup":
		if m.cause == "" {
			m.cause = "NORMAL_CLEARING"
		}
		c.hangup(m.cause, "")
	case "execute":
		c.repeat(m)
	}
	c.mu.Lock()
	c.locked = before
	c.mu.Unlock()
}

// repeat runs an application as often as loops says, and no more once it is
// over in less than half a second.
func (c *Call) repeat(m message) {
	for i := 0; (i < m.loops || m.loops < 0) && c.up(); i++ {
		start := c.sw.clock.now()
		c.runApp(m.app, m.arg, m.id)
		if c.sw.clock.now()-start < millis(500) {
			return
		}
	}
}

// runApp runs an application and tells when it is complete.
func (c *Call) runApp(name, arg, id string) {
	app, ok := applications[name]
	if !ok {
		c.hangup("DESTINATION_OUT_OF_ORDER", "")
		return
	}
	if id == "" {
		id = uuid.NewString()
	}
	shown := c.expand(arg)
	run := shown
	if app.twice {
		run = c.expand(shown)
	}
	c.mu.Lock()
	c.broken = false
	c.vars.set("current_application_data", shown, "current_application", name, "current_application_response", "")
	c.fire("CHANNEL_EXECUTE", "Application", name, "Application-Data", shown, "Application-UUID", id)
	c.mu.Unlock()
	if app.media {
		c.early()
	}
	app.run(c, run)
	c.mu.Lock()
	defer c.mu.Unlock()
	response, _ := c.vars.lookup("current_application_response")
	if response == "" {
		response = "_none_"
	}
	extra := []string{"Application", name, "Application-Data", shown,
		"Application-Response", response, "Application-UUID", id}
	if shown == "" {
		extra = append(extra[:2], extra[4:]...)
	}
	c.fire("CHANNEL_EXECUTE_COMPLETE", extra...)
}

// respond sets what the completion of the running application will say.
func (c *Call) respond(text string) { c.set("current_application_response", text) }

// early gives the channel media before the answer.
func (c *Call) early() {
	if c.state() != "ringing" || c.pass(frame) != elapsed {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answer != "ringing" {
		return
	}
	c.answer, c.callState = "early", "EARLY"
	c.vars.set(c.earlyVariables()...)
	c.vars.set("endpoint_disposition", "EARLY MEDIA")
	c.fire("CHANNEL_PROGRESS_MEDIA")
	c.log(Early, "")
}

func appAnswer(c *Call, _ string) {
	if c.state() == "answered" || c.pass(frame) != elapsed {
		return
	}
	c.mu.Lock()
	c.vars.set(c.earlyVariables()...)
	c.mu.Unlock()
	if c.markAnswered() {
		c.log(Answered, "")
	}
}

func appPreAnswer(c *Call, _ string) { c.early() }

func appRingReady(c *Call, _ string) {
	if c.state() == "ringing" {
		c.log(Ringing, "")
	}
}

func appHangup(c *Call, cause string) {
	if cause == "" {
		cause = "NORMAL_CLEARING"
	}
	c.hangup(cause, "")
}

func appPark(c *Call, _ string) { c.wait(watch{until: never, key: drop}) }

func appSleep(c *Call, arg string) {
	ms, err := strconv.Atoi(strings.TrimSpace(arg))
	if err != nil {
		return
	}
	c.wait(watch{until: c.sw.clock.now() + millis(ms), key: drop})
}

func appTransfer(c *Call, arg string) { c.move(parseDestination(arg)) }

func appFlushDTMF(c *Call, _ string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.digits = c.digits[c.noted:]
	c.noted = 0
}

// appSchedHangup is sched_hangup +seconds cause.
func appSchedHangup(c *Call, arg string) {
	after, cause, _ := strings.Cut(strings.TrimPrefix(arg, "+"), " ")
	seconds, err := strconv.Atoi(after)
	if err != nil {
		return
	}
	if cause == "" {
		cause = "ALLOTTED_TIMEOUT"
	}
	c.sw.after(millis(1000*seconds), func() { c.hangup(cause, "") })
}

// cutApp takes apart "app arg" or "app::arg", as execute_on_… variables hold them.
func cutApp(action string) (app, arg string) {
	if app, arg, ok := strings.Cut(action, "::"); ok && !strings.Contains(app, " ") {
		return app, arg
	}
	app, arg, _ = strings.Cut(action, " ")
	return app, arg
}
