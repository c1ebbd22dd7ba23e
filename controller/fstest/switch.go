package fstest

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// A Switch is a fake FreeSWITCH node.
type Switch struct {
	config   Config
	uuid     string
	clock    clock
	inbound  net.Listener
	exchange exchange
	sequence atomic.Uint64
	sessions atomic.Int64
	tasks    sync.WaitGroup // goroutines of the node
	ctx      context.Context
	cancel   context.CancelFunc

	mu          sync.Mutex
	closed      bool
	globals     map[string]string
	faults      []string
	calls       map[string]*Call
	legs        map[string]*leg
	connections map[*listener]struct{}
}

// New starts a node. Close ends it.
func New(config Config) (*Switch, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("fake FreeSWITCH: %w", err)
	}
	config = config.withDefaults()
	inbound, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return nil, fmt.Errorf("fake FreeSWITCH: %w", err)
	}
	s := &Switch{
		config: config, uuid: uuid.NewString(), clock: newClock(config.Speed), inbound: inbound,
		globals: map[string]string{"dialgraph_hosts": strings.Join(config.Hosts, "|")},
		calls:   map[string]*Call{}, legs: map[string]*leg{}, connections: map[*listener]struct{}{},
	}
	maps.Copy(s.globals, config.Globals)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.tasks.Add(1)
	go s.accept()
	return s, nil
}

// Addr is the address of the inbound event socket, "host:port".
func (s *Switch) Addr() string { return s.inbound.Addr().String() }

// Now is the time by the node's clock: that of the events it sends.
func (s *Switch) Now() time.Time { return s.clock.date(s.clock.now()) }

// Phones are the telephones that the node can call.
func (s *Switch) Phones() *Phones { return s.config.Phones }

// Agent is Phones().Agent.
func (s *Switch) Agent(contact string, b Behaviour) *Agent {
	return s.config.Phones.Agent(contact, b)
}

// Global is a global variable, "" when it is not set.
func (s *Switch) Global(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.globals[name]
}

// SetGlobal sets a global variable.
func (s *Switch) SetGlobal(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.globals[name] = value
}

// Call places a call. It returns at once. On a node that is closed the call
// has ended with SYSTEM_SHUTDOWN.
func (s *Switch) Call(caller Caller) *Call {
	c := s.newCall(caller)
	c.log(Placed, caller.To)
	if !s.begin(c, nil) {
		c.set("hangup_cause", "SYSTEM_SHUTDOWN")
		c.log(Ended, "SYSTEM_SHUTDOWN")
		close(c.done)
	}
	return c
}

func (s *Switch) newCall(caller Caller) *Call {
	if caller.UUID == "" {
		caller.UUID = uuid.NewString()
	}
	if caller.Network == "" {
		caller.Network = "127.0.0.1"
	}
	if caller.KeyGap == 0 {
		caller.KeyGap = 200 * time.Millisecond
	}
	c := &Call{caller: caller, placed: s.clock.now(), done: make(chan struct{})}
	c.wake = make(chan struct{}, 1)
	c.channel = channel{
		sw: s, uuid: caller.UUID, name: "sofia/internal/" + caller.Number + "@" + caller.Network + ":5070",
		created: c.placed, network: caller.Network, hidden: caller.Hidden, context: "public",
		callerNum: caller.Number, callerNam: caller.Name, destination: caller.To,
		answer: "ringing", callState: "RINGING", phase: "CS_EXECUTE",
	}
	c.vars.set(c.callVariables()...)
	return c
}

// begin lets a call live. It returns false on a closed node.
func (s *Switch) begin(c *Call, first []Action) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.calls[c.uuid] = c
	s.sessions.Add(1)
	c.start(s.ctx, first)
	return true
}

// Calls are the live calls of the node, in no order.
func (s *Switch) Calls() []*Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.calls))
}

// Faults are the things that must not happen and did: arguments that would
// have run code on the switch, headers injected by a line break, two
// telephones ringing for one caller in two bridges.
func (s *Switch) Faults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.faults)
}

// Close hangs up all calls, ends the node and waits until nothing of it runs.
// Whoever listens is told of everything before.
func (s *Switch) Close() error {
	err := s.shut()
	for _, c := range s.Calls() {
		c.hangup("SYSTEM_SHUTDOWN", "")
	}
	for _, c := range s.Calls() {
		<-c.done
	}
	s.disconnect((*listener).finish)
	s.tasks.Wait()
	return err
}

// Kill ends the node as a power cut does: every socket is closed, nobody is
// told anything before.
func (s *Switch) Kill() {
	_ = s.shut() // a socket that cannot be closed is as dead as the others
	s.disconnect((*listener).close)
	for _, c := range s.Calls() {
		c.hangup("SYSTEM_SHUTDOWN", "")
	}
	s.tasks.Wait()
}

// shut lets nothing new begin.
func (s *Switch) shut() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.cancel()
	return s.inbound.Close()
}

func (s *Switch) disconnect(end func(*listener)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.connections {
		s.exchange.leave(l)
		end(l)
	}
}

// accept serves the inbound event socket.
func (s *Switch) accept() {
	defer s.tasks.Done()
	for {
		conn, err := s.inbound.Accept()
		if err != nil {
			if s.ctx.Err() == nil {
				s.config.Log.Error("accept", "error", err)
			}
			return
		}
		l := newListener(s, conn, nil)
		if !s.admit(l) {
			conn.Close()
			return
		}
		l.write([]byte("Content-Type: auth/request\n\n"))
		go l.serve()
	}
}

// admit counts a connection in, before its goroutine starts.
func (s *Switch) admit(l *listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.connections[l] = struct{}{}
	s.tasks.Add(1)
	return true
}

// after runs f once so much call time has passed, unless the node has ended.
func (s *Switch) after(d time.Duration, f func()) {
	time.AfterFunc(s.clock.wall(d), func() {
		if s.ctx.Err() == nil {
			f()
		}
	})
}

func (s *Switch) find(id string) *Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[id]
}

func (s *Switch) remove(c *Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, c.uuid)
}

func (s *Switch) findLeg(id string) *leg {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.legs[id]
}

func (s *Switch) enter(l *leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.legs[l.uuid] = l
}

func (s *Switch) exit(l *leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.legs, l.uuid)
}
