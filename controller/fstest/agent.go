package fstest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A Reaction is what a telephone does when it is called.
type Reaction int

// The reactions of a telephone. The words in brackets are what FreeSWITCH
// makes of them (originate_disposition).
const (
	Rings         Reaction = iota // rings until somebody gives up (NO_ANSWER), or Agent.Answer
	Answers                       // answers After that time (SUCCESS)
	Busy                          // 486 (USER_BUSY)
	Rejects                       // 603 (CALL_REJECTED), After that time
	Unavailable                   // 480 (NO_USER_RESPONSE)
	NotFound                      // 404 (UNALLOCATED_NUMBER)
	Unreachable                   // dead host or 503 (NORMAL_TEMPORARY_FAILURE)
	NotRegistered                 // a known user without a telephone (USER_NOT_REGISTERED)
)

// A Behaviour is how a telephone takes its calls. Times are call time.
type Behaviour struct {
	Reaction Reaction
	After    time.Duration // from the first ring to the answer or rejection
	Talk     time.Duration // hangs up after so long a talk; 0 leaves it to the caller
	Accept   string        // keys pressed after the answer, as group_confirm_key wants one
	Think    time.Duration // from the answer to the first key of Accept
	// Script is what whoever answers does on a call that the node originated.
	Script Script
}

// Phones are the telephones that agents and outside numbers are reached at, by
// contact: the last part of a dial string, such as 1001 in user/1001 or in
// sofia/gateway/trunk/1001. Several nodes may share them.
type Phones struct {
	mu     sync.Mutex
	agents map[string]*Agent
}

// NewPhones returns an empty set of telephones.
func NewPhones() *Phones { return &Phones{agents: make(map[string]*Agent)} }

// Agent adds the telephone of an agent, or changes how it behaves from the
// next call on.
func (p *Phones) Agent(contact string, b Behaviour) *Agent {
	p.mu.Lock()
	a := p.agents[contact]
	if a == nil {
		a = &Agent{contact: contact, changed: make(chan struct{})}
		p.agents[contact] = a
	}
	p.mu.Unlock()
	a.Behave(b)
	return a
}

// lookup returns the telephone of a contact, nil for none.
func (p *Phones) lookup(contact string) *Agent {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.agents[contact]
}

// all returns every telephone.
func (p *Phones) all() []*Agent {
	p.mu.Lock()
	defer p.mu.Unlock()
	agents := make([]*Agent, 0, len(p.agents))
	for _, a := range p.agents {
		agents = append(agents, a)
	}
	return agents
}

// An Agent is somebody at a telephone. A telephone in use is busy to a second
// call; that a second one came at all is counted.
type Agent struct {
	contact string

	mu         sync.Mutex
	b          Behaviour
	rings      int
	talks      int
	collisions int
	sounds     []string
	leg        *leg          // the call at this telephone now, nil for none
	changed    chan struct{} // closed and renewed whenever the telephone's state changes
}

// Contact is the telephone's name in dial strings.
func (a *Agent) Contact() string { return a.contact }

// Behave changes what the telephone does from its next call on.
func (a *Agent) Behave(b Behaviour) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.b = b
}

// Rings counts how often the telephone has rung.
func (a *Agent) Rings() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.rings
}

// Talks counts the talks that began.
func (a *Agent) Talks() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.talks
}

// Collisions counts the calls that came while the telephone was in use.
func (a *Agent) Collisions() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.collisions
}

// Heard lists what was played to the telephone before it was connected.
func (a *Agent) Heard() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.sounds...)
}

// WaitRinging waits until the telephone rings and returns the number shown on
// it.
func (a *Agent) WaitRinging(ctx context.Context) (shown string, err error) {
	err = a.await(ctx, func(l *leg) bool {
		if l == nil || !l.rings() {
			return false
		}
		shown = l.get("caller_id_number")
		return true
	})
	if err != nil {
		return "", fmt.Errorf("wait for %s to ring: %w", a.contact, err)
	}
	return shown, nil
}

// WaitIdle waits until there is no call at the telephone.
func (a *Agent) WaitIdle(ctx context.Context) error {
	if err := a.await(ctx, func(l *leg) bool { return l == nil }); err != nil {
		return fmt.Errorf("wait for %s to be idle: %w", a.contact, err)
	}
	return nil
}

// Answer picks up the ringing telephone. It does nothing when it does not ring.
func (a *Agent) Answer() { a.act(func(l *leg) { l.pickUp() }) }

// Hangup ends the call at the telephone, ringing or not.
func (a *Agent) Hangup() { a.act(func(l *leg) { l.drop("NORMAL_CLEARING") }) }

// Press presses keys during a call.
func (a *Agent) Press(keys string) { a.act(func(l *leg) { l.press(keys) }) }

// Transfer sends the caller on to a destination of the dialplan, as a
// telephone's blind transfer (SIP REFER) does.
func (a *Agent) Transfer(destination string) { a.act(func(l *leg) { l.refer(destination) }) }

func (a *Agent) act(do func(*leg)) {
	a.mu.Lock()
	l := a.leg
	a.mu.Unlock()
	if l != nil {
		do(l)
	}
}

func (a *Agent) await(ctx context.Context, ok func(*leg) bool) error {
	for {
		a.mu.Lock()
		done, changed := ok(a.leg), a.changed
		a.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// absence is why the telephone cannot be reached at all, "" when it can.
func (a *Agent) absence() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch a.b.Reaction {
	case NotRegistered:
		return "USER_NOT_REGISTERED"
	case NotFound:
		return "UNALLOCATED_NUMBER"
	case Unreachable:
		return "NORMAL_TEMPORARY_FAILURE"
	}
	return ""
}

// take brings a call to the telephone, or says why not.
func (a *Agent) take(l *leg) (cause string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.leg != nil:
		a.collisions++
		return "USER_BUSY"
	case a.b.Reaction == Busy:
		return "USER_BUSY"
	case a.b.Reaction == Unavailable:
		return "NO_USER_RESPONSE"
	}
	l.b = a.b
	a.leg = l
	a.rings++
	a.notify()
	return ""
}

// give takes the call off the telephone.
func (a *Agent) give(l *leg) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.leg == l {
		a.leg = nil
		a.notify()
	}
}

// talking counts the beginning of a talk.
func (a *Agent) talking() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.talks++
	a.notify()
}

func (a *Agent) hear(file string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sounds = append(a.sounds, file)
}

// notify wakes those who wait for a change. a.mu is held.
func (a *Agent) notify() {
	close(a.changed)
	a.changed = make(chan struct{})
}
