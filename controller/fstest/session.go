package fstest

import (
	"context"
	"slices"
	"time"
)

// inbox is what others left for the call's own goroutine. The channel's lock
// guards it; wake tells that something is new.
type inbox struct {
	wake     chan struct{}
	digits   []digit
	noted    int // of the digits, those that stand in the transcript
	messages []message
	broken   bool         // uuid_break
	transfer *destination // the call is wanted elsewhere
	lost     bool         // the controller's socket closed under a running application
}

// A digit is a key that was pressed and not yet looked at.
type digit struct {
	key    byte
	due    time.Duration // when it is pressed
	source string        // RTP, or APP for an injected one
}

// A message is a sendmsg that waits for its turn.
type message struct {
	due          time.Duration
	command      string // call-command
	app, arg, id string
	cause        string
	lock         bool
	loops        int
}

// control says who commands the call. The channel's lock guards it.
type control struct {
	controller *listener     // the connection that socket waits for; nil without
	listeners  []*listener   // every connection that was dialled for this call
	locked     bool          // what runs was sent with event-lock
	spoken     time.Duration // when the caller stops or stopped to speak
}

// ringCount counts telephones that ring for the call.
type ringCount struct {
	now, most int
	hunt      *hunt
}

func (c *Call) wakeUp() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// inject queues keys as uuid_recv_dtmf does.
func (c *Call) inject(keys string) {
	c.mu.Lock()
	at := c.noted // before the keys that are not pressed yet
	for _, k := range keys {
		c.digits = slices.Insert(c.digits, at, digit{byte(k), c.sw.clock.now(), "APP"})
		at++
	}
	c.mu.Unlock()
	c.wakeUp()
}

// run is the life of the channel.
func (c *Call) run(first []Action) {
	defer c.sw.tasks.Done()
	if first != nil {
		c.perform(first)
	} else {
		c.route(destination{extension: c.caller.To})
	}
	for next := c.takeTransfer(); next != nil; next = c.takeTransfer() {
		c.route(*next)
	}
	c.hangup("NORMAL_CLEARING", "")
	c.complete()
	for _, l := range c.dialled() {
		l.hungup()
	}
	c.sw.remove(c)
	c.log(Ended, c.get("hangup_cause"))
	close(c.done)
}

// hangup ends the call from any side. How is the sip_hangup_disposition, ""
// when the node does it.
func (c *Call) hangup(cause, how string) {
	if c.markHungup(cause, how) {
		c.wakeUp()
	}
}

// kill is uuid_kill. The notice to lingering connections comes at once, before
// what ran has completed; after any other hangup it comes last.
func (c *Call) kill(cause string) {
	c.hangup(cause, "")
	for _, l := range c.dialled() {
		if l.lingers.Load() {
			l.hungup()
		}
	}
}

// up says whether the channel is up and belongs to what runs on it now.
func (c *Call) up() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.hungup && c.transfer == nil && !c.leaving()
}

// leaving says whether what runs has to end because the controller was lost.
// c.mu is held.
func (c *Call) leaving() bool {
	return c.lost && c.vars.truth("socket_resume")
}

func (c *Call) takeTransfer() *destination {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := c.transfer
	c.transfer = nil
	if c.hungup {
		return nil
	}
	return next
}

// move sends the call to another destination, as uuid_transfer does.
func (c *Call) move(to destination) {
	c.mu.Lock()
	c.transfer = &to
	c.mu.Unlock()
	c.wakeUp()
}

// breakOff is uuid_break.
func (c *Call) breakOff(all bool) {
	c.mu.Lock()
	c.broken = true
	if all {
		c.messages = nil
	}
	c.mu.Unlock()
	c.wakeUp()
}

func (c *Call) dialled() []*listener {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.listeners)
}

// A stop says why a wait came to an end.
type stop int

const (
	elapsed stop = iota // its time was over
	keyed               // a digit ended it
	changed             // its news ended it
	broken              // uuid_break
	gone                // hangup
	taken               // transfer, or the controller was lost
)

// A watch is what a wait waits for, beside the end of the call.
type watch struct {
	until time.Duration
	key   func(digit) stop // looks at a digit; elapsed goes on. nil leaves digits in the queue
	news  func() bool      // asked after everything that happens; true ends the wait
	deaf  bool             // uuid_break is not for this one
	sleep bool             // no application runs inside
}

// wait lets call time pass. Digits become DTMF events as they are looked at,
// and applications that were sent without event-lock run inside.
func (c *Call) wait(w watch) stop {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if w.news != nil && w.news() {
			return changed
		}
		now := c.sw.clock.now()
		n := c.look(w, now)
		switch {
		case n.stop != elapsed:
			return n.stop
		case n.digit != nil:
			if s := w.key(*n.digit); s != elapsed {
				return s
			}
		case n.message != nil:
			c.execute(*n.message)
		case n.at <= now:
			return elapsed
		default:
			timer.Reset(c.sw.clock.wall(min(n.at-now, 24*time.Hour)))
			select {
			case <-c.wake:
			case <-timer.C:
			}
		}
	}
}

// next is what a wait has to deal with: a stop, a digit, or a message; or
// nothing before a time.
type next struct {
	stop    stop
	digit   *digit
	message *message
	at      time.Duration
}

// look takes out what is due now.
func (c *Call) look(w watch, now time.Duration) next {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.hungup:
		return next{stop: gone}
	case c.transfer != nil || c.leaving():
		return next{stop: taken}
	case c.broken && !w.deaf:
		c.broken = false
		return next{stop: broken}
	}
	at := min(w.until, c.note(now))
	if w.key != nil && c.noted > 0 && c.digits[0].due <= w.until {
		d := c.digits[0]
		c.digits = slices.Delete(c.digits, 0, 1)
		c.noted--
		c.fire("DTMF", "DTMF-Digit", string(d.key), "DTMF-Duration", "800", "DTMF-Source", d.source)
		return next{digit: &d}
	}
	if !c.locked && !w.sleep && len(c.messages) > 0 {
		m := c.messages[0]
		if m.due <= now {
			c.messages = slices.Delete(c.messages, 0, 1)
			return next{message: &m}
		}
		at = min(at, m.due)
	}
	return next{at: at}
}

// note writes the keys that are pressed by now into the transcript and returns
// when the next one will be. c.mu is held.
func (c *Call) note(now time.Duration) (next time.Duration) {
	for ; c.noted < len(c.digits); c.noted++ {
		d := c.digits[c.noted]
		if d.due > now {
			return d.due
		}
		if d.source == "RTP" {
			c.diary.write(Event{At: d.due - c.placed, Kind: Pressed, Text: string(d.key)})
		}
	}
	return never
}

// pass lets call time pass with nothing else to wait for.
func (c *Call) pass(d time.Duration) stop {
	return c.wait(watch{until: c.sw.clock.now() + d, deaf: true, sleep: true})
}

// drop is a digit handler for those who are not interested in digits.
func drop(digit) stop { return elapsed }

// start begins the call: its own goroutine, and the caller's when there is a script.
func (c *Call) start(ctx context.Context, first []Action) {
	c.sw.tasks.Add(1)
	go c.run(first)
	if len(c.caller.Script) > 0 {
		c.sw.tasks.Add(1)
		go func() {
			defer c.sw.tasks.Done()
			c.play(ctx, c.caller.Script)
		}()
	}
}
