package fstest

import (
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"
)

// A Switch is a fake FreeSWITCH node.
type Switch struct {
	config  Config
	clock   clock
	inbound net.Listener

	mu      sync.Mutex
	globals map[string]string
	faults  []string
}

// New starts a node. Close ends it.
func New(config Config) (*Switch, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("fake FreeSWITCH: %w", err)
	}
	config = config.withDefaults()
	s := &Switch{config: config, clock: newClock(config.Speed), globals: map[string]string{}}
	s.globals["dialgraph_hosts"] = strings.Join(config.Hosts, "|")
	maps.Copy(s.globals, config.Globals)
	return s, nil
}

// Addr is the address of the inbound event socket, "host:port".
func (s *Switch) Addr() string { return s.inbound.Addr().String() }

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

// Call places a call. It returns at once.
func (s *Switch) Call(caller Caller) *Call { return nil }

// Calls are the live calls of the node, in no order.
func (s *Switch) Calls() []*Call { return nil }

// Faults are the things that must not happen and did: arguments that would
// have run code on the switch, headers injected by a line break, two
// telephones ringing for one caller in two bridges.
func (s *Switch) Faults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.faults...)
}

// Close hangs up all calls, ends the node and waits until nothing of it runs.
func (s *Switch) Close() error { return nil }

// Kill ends the node as a power cut does: every socket is reset, no event is sent.
func (s *Switch) Kill() {}
