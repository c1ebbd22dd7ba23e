package controller_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/controller/fstest"
	"github.com/dialgraph/dialgraph/dialplan"
)

// A controller's host dies without closing a socket, or its process hangs: its
// lease runs out, and another instance looks after its calls.
func TestTakeover(t *testing.T) {
	agent := func(talk time.Duration) func(sw *fstest.Switch, m *memory) {
		return func(sw *fstest.Switch, m *memory) {
			sw.Agent("1001", fstest.Behaviour{Reaction: fstest.Answers, Talk: talk})
			m.offers <- dialplan.Offer{ID: "o1", Agent: "anna", Contact: "1001", Ring: 10 * time.Second}
		}
	}
	tests := []struct {
		name    string
		agents  func(sw *fstest.Switch, m *memory)
		until   fstest.Script // then the first controller is found dead
		tenant  bool          // the second one listens where the first did
		adopted fstest.Script // and this happens once the second one looks after the call
		path    []string
		fetched uint64
		talks   uint64 // adopted
		hangUp  bool
		ender   string
	}{
		{
			name: "in a menu", until: fstest.Script{fstest.Asks()},
			adopted: fstest.Script{fstest.Await(fstest.Controlled), fstest.Asks(), fstest.Press("1"), fstest.Asks(), fstest.Press("1234#")},
			path:    []string{"hello", "choose", "number", "bye", "end"}, fetched: 1, ender: "dialgraph",
		},
		{
			name: "waiting for an agent", until: fstest.Script{fstest.Asks(), fstest.Press("2"), fstest.Hear("music")},
			adopted: fstest.Script{fstest.Await(fstest.Controlled), fstest.Hear("music"), fstest.Pause(time.Second), fstest.HangUp()},
			path:    []string{"hello", "choose", "agent"}, fetched: 1, ender: "caller",
		},
		{
			name: "in a menu, and its address is another's by now", until: fstest.Script{fstest.Asks()}, tenant: true,
			adopted: fstest.Script{fstest.Await(fstest.Controlled), fstest.Asks(), fstest.Pause(time.Second), fstest.HangUp()},
			path:    []string{"hello", "choose"}, fetched: 1, ender: "caller",
		},
		{
			name: "talking, the agent hangs up", agents: agent(60 * time.Second),
			until:   fstest.Script{fstest.Asks(), fstest.Press("2"), fstest.Await(fstest.Connected)},
			adopted: fstest.Script{fstest.Await(fstest.Parted), fstest.Hear("bye")},
			path:    []string{"hello", "choose", "agent", "bye", "end"}, fetched: 1, talks: 1, ender: "dialgraph",
		},
		{
			name: "talking, the caller hangs up", agents: agent(0),
			until: fstest.Script{fstest.Asks(), fstest.Press("2"), fstest.Await(fstest.Connected)},
			path:  []string{"hello", "choose", "agent"}, talks: 1, ender: "caller", hangUp: true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMemory()
			m.use(t, line)
			l1, l2 := listen(t), listen(t)
			first := start(t, "one", l1, m, nil)
			sw := node(t, l1.Addr().String(), l2.Addr().String())
			if tt.agents != nil {
				tt.agents(sw, m)
			}
			var second *instance
			ready := make(chan struct{})
			call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: append(slices.Clone(tt.until), append(fstest.Script{pass(func() {
				<-ready
				_ = l1.Close() // nobody answers the probe, but the call's socket stays open
				m.mu.Lock()
				peer := controller.Peer{Instance: "one", Address: first.address}
				if tt.tenant {
					peer.Address = second.address
				}
				m.peers["one"] = lease{peer, time.Now()}
				m.mu.Unlock()
			})}, tt.adopted...)...)})
			await(t, "the first to have the call", func() bool { return first.Stats().Calls == 1 })
			second = start(t, "two", l2, m, guarded(m, sw)) // not before: it would put itself first on the list
			close(ready)
			await(t, "the call to be looked after", func() bool {
				s := second.Stats()
				return s.Adopted == tt.talks && (tt.talks > 0 || s.Fetched == 1)
			})
			if tt.hangUp {
				call.Hangup()
			}
			if _, err := call.Wait(soon(t)); err != nil {
				t.Fatal(err)
			}
			r := m.ended(t, call.UUID())
			if !slices.Equal(r.Path, tt.path) || r.Ender != tt.ender {
				t.Errorf("path %q ended by %q, want %q by %q\n%s", r.Path, r.Ender, tt.path, tt.ender, call.Transcript())
			}
			if got := second.Stats().Fetched; got != tt.fetched {
				t.Errorf("%d calls fetched, want %d", got, tt.fetched)
			}
			if slices.Contains(r.Path, "agent") && r.Ender == "caller" && len(m.gone()) == 0 {
				t.Error("the place in the queue was not given back")
			}
		})
	}
}

// guarded lets an instance look after the calls of others on that switch.
func guarded(m *memory, sw *fstest.Switch) func(*controller.Config) {
	return func(c *controller.Config) {
		c.Peers, c.Lease = m, time.Second
		c.Nodes = []controller.NodeConfig{{Addr: sw.Addr(), Password: "ClueCon"}}
	}
}

// gone are the reasons why places in queues were given back.
func (m *memory) gone() []dialplan.LeaveReason {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.left)
}

// The controller is lost while two talk, then the caller hangs up: nobody is
// told, the call is found ended.
func TestReap(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	l1, l2 := listen(t), listen(t)
	first := start(t, "one", l1, m, nil)
	sw := node(t, l1.Addr().String(), l2.Addr().String())
	sw.Agent("1001", fstest.Behaviour{Reaction: fstest.Answers})
	m.offers <- dialplan.Offer{ID: "o1", Agent: "anna", Contact: "1001", Ring: 10 * time.Second}
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Script{
		fstest.Asks(), fstest.Press("2"),
	}})
	await(t, "the talk to be on record", func() bool {
		r, _ := records{m}.Load(t.Context(), call.UUID())
		return r != nil && !r.Talked.IsZero()
	})
	second := start(t, "two", l2, m, guarded(m, sw)) // not before: it would put itself first on the list
	first.kill()
	await(t, "the first controller to be gone", func() bool { return first.Stats().Lost == 1 })
	call.Hangup()
	r := m.ended(t, call.UUID())
	if r.Seen || r.Ender != "network" || second.Stats().Reaped != 1 {
		t.Errorf("record %+v, %d reaped; want one, not seen", r, second.Stats().Reaped)
	}
	if !slices.Equal(m.gone(), []dialplan.LeaveReason{dialplan.LeaveServed}) {
		t.Errorf("left %q, want the place given back after a talk", m.gone())
	}
	await(t, "the end of the talk to be reported", func() bool {
		last := m.lastReport()
		return last.Outcome == dialplan.Answered && !last.Ended.IsZero()
	})
	if r.Agent != "anna" || r.Talked.IsZero() || r.Menu != "line" {
		t.Errorf("record %+v, want what the first controller knew", r)
	}
	if c, _ := m.Load(t.Context(), call.UUID()); c != nil {
		t.Errorf("cursor %+v left behind", c)
	}
}

// The controller is lost as the agent answers, before it could tell: whoever
// adopts the talk tells, so that the agent is not taken for idle.
func TestAdoptedTalkIsReported(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	l1, l2 := listen(t), listen(t)
	first := start(t, "one", l1, m, func(c *controller.Config) { c.World, c.Records = dying{m}, dying{m} })
	sw := node(t, l1.Addr().String(), l2.Addr().String())
	sw.Agent("1001", fstest.Behaviour{Reaction: fstest.Answers})
	m.offers <- dialplan.Offer{ID: "o1", Agent: "anna", Contact: "1001", Ring: 10 * time.Second}
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Keys("2")})
	if _, err := call.WaitFor(soon(t), func(e fstest.Event) bool { return e.Kind == fstest.Connected }); err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	m.peers["one"] = lease{controller.Peer{Instance: "one", Address: "127.0.0.1:1"}, time.Now()}
	m.mu.Unlock()
	first.kill()
	await(t, "the first controller to have lost the call", func() bool { return first.Stats().Lost == 1 })
	start(t, "two", l2, m, guarded(m, sw))
	await(t, "the talk to be reported", func() bool { return m.lastReport().Outcome == dialplan.Answered })
	call.Hangup()
	r := m.ended(t, call.UUID())
	if r.Agent != "anna" || r.Leg == "" || r.Talked.IsZero() {
		t.Errorf("record %+v, want the talk with anna", r)
	}
	await(t, "the end of the talk to be reported", func() bool {
		last := m.lastReport()
		return last.Outcome == dialplan.Answered && !last.Ended.IsZero()
	})
}

// A controller that stops leaves a talk alone, and another one looks after it:
// the agent is not free while it lasts, and its end is told.
func TestTalkOfAStoppedController(t *testing.T) {
	for _, tt := range []struct {
		name    string
		end     func(*fstest.Call, *fstest.Agent)
		path    []string
		resumed int
		ender   string
	}{
		{"the agent hangs up", func(_ *fstest.Call, a *fstest.Agent) { a.Hangup() }, []string{"hello", "choose", "agent", "bye", "end"}, 1, "dialgraph"},
		{"the caller hangs up", func(c *fstest.Call, _ *fstest.Agent) { c.Hangup() }, []string{"hello", "choose", "agent"}, 0, "caller"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMemory()
			m.use(t, line)
			m.offers <- dialplan.Offer{ID: "o1", Agent: "anna", Contact: "1001", Ring: 10 * time.Second}
			l1, l2 := listen(t), listen(t)
			first := start(t, "one", l1, m, func(c *controller.Config) { c.Grace = time.Millisecond })
			sw := node(t, l1.Addr().String(), l2.Addr().String())
			agent := sw.Agent("1001", fstest.Behaviour{Reaction: fstest.Answers})
			call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Keys("2")})
			await(t, "the talk to be reported", func() bool { return m.lastReport().Outcome == dialplan.Answered })
			second := start(t, "two", l2, m, guarded(m, sw))
			if err := first.Shutdown(soon(t)); err != nil {
				t.Fatalf("Shutdown: %v", err)
			}
			await(t, "the talk to be adopted", func() bool { return second.Stats().Adopted == 1 })
			if told := m.lastReport(); !told.Ended.IsZero() {
				t.Errorf("the talk goes on and was reported as %+v", told)
			}
			tt.end(call, agent)
			if _, err := call.Wait(soon(t)); err != nil {
				t.Fatal(err)
			}
			r := m.ended(t, call.UUID())
			if !slices.Equal(r.Path, tt.path) || r.Ender != tt.ender || r.Resumed != tt.resumed || !r.Seen {
				t.Errorf("path %q ended by %q (seen %v), resumed %d times; want %q by %q, %d times\n%s",
					r.Path, r.Ender, r.Seen, r.Resumed, tt.path, tt.ender, tt.resumed, call.Transcript())
			}
			await(t, "the end of the talk to be reported", func() bool {
				last := m.lastReport()
				return last.Outcome == dialplan.Answered && !last.Ended.IsZero()
			})
			if got := second.Stats().Fetched; got != 0 {
				t.Errorf("%d calls fetched, want FreeSWITCH to bring it", got)
			}
		})
	}
}

// The end of a call could not be written, and its instance is killed before it
// could: the call is found ended.
func TestEndThatWasNotWritten(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	l := listen(t)
	first := start(t, "one", l, m, func(c *controller.Config) { c.Records = endless{records{m}} })
	sw := node(t, l.Addr().String())
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Script{fstest.Asks(), fstest.HangUp()}})
	if _, err := call.Wait(soon(t)); err != nil {
		t.Fatal(err)
	}
	await(t, "the first controller to have seen the end", func() bool { return first.Stats().Ended == 1 && first.Stats().Calls == 0 })
	start(t, "two", listen(t), m, guarded(m, sw))
	if r := m.ended(t, call.UUID()); r.Ender != "network" || r.Seen || r.Caller != "+380671234567" {
		t.Errorf("record %+v, want an end that nobody saw, and who called", r)
	}
}

// endless are records that no end is written into.
type endless struct{ records }

func (e endless) Put(ctx context.Context, r *controller.Record) error {
	if !r.Ended.IsZero() {
		return errors.New("the store is away")
	}
	return e.records.Put(ctx, r)
}

// dying is a store that hears nothing of talks.
type dying struct{ *memory }

func (dying) Report(context.Context, dialplan.Offer, dialplan.Report) error { return nil }

func (d dying) Load(ctx context.Context, call string) (*controller.Record, error) {
	return records{d.memory}.Load(ctx, call)
}

func (d dying) Put(ctx context.Context, r *controller.Record) error {
	if r.Leg != "" {
		return nil
	}
	return records{d.memory}.Put(ctx, r)
}

// Each node is told which controllers are alive, each beginning with another.
func TestHosts(t *testing.T) {
	m := newMemory()
	l1, l2 := listen(t), listen(t)
	sw := node(t, "127.0.0.1:1")
	start(t, "one", l1, m, guarded(m, sw))
	second := start(t, "two", l2, m, guarded(m, sw))
	both := []string{l1.Addr().String(), l2.Addr().String()}
	slices.Sort(both)
	await(t, "both in the list", func() bool { return sw.Global("dialgraph_hosts") == both[0]+"|"+both[1] })
	second.end()
	await(t, "the first alone", func() bool { return sw.Global("dialgraph_hosts") == l1.Addr().String() })
}

// A controller with as many calls as it takes is off the list until one ends.
func TestHostsWithoutTheFull(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	l1, l2 := listen(t), listen(t)
	sw := node(t, "127.0.0.1:1")
	few := func(c *controller.Config) {
		guarded(m, sw)(c)
		c.MaxCalls = 1
	}
	start(t, "one", l1, m, few)
	start(t, "two", l2, m, few)
	listed := func(n int) func() bool {
		return func() bool {
			hosts := sw.Global("dialgraph_hosts")
			return hosts != "127.0.0.1:1" && len(strings.Split(hosts, "|")) == n
		}
	}
	await(t, "both in the list", listed(2))
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Script{fstest.Asks()}})
	await(t, "one of them off the list", listed(1))
	call.Hangup()
	await(t, "both in the list again", listed(2))
}

// A node that was restarted is told at once, not with the next heartbeat.
func TestHostsOfARestartedNode(t *testing.T) {
	m := newMemory()
	l := listen(t)
	sw := node(t, "127.0.0.1:1")
	start(t, "one", l, m, func(c *controller.Config) {
		guarded(m, sw)(c)
		c.Lease = time.Minute
	})
	listed := func(sw *fstest.Switch) func() bool {
		return func() bool { return sw.Global("dialgraph_hosts") == l.Addr().String() }
	}
	await(t, "the controller in the list", listed(sw))
	sw.Kill()
	again, err := fstest.New(fstest.Config{Hosts: []string{"127.0.0.1:1"}, Listen: sw.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Close() })
	await(t, "the controller in the new list", listed(again))
}

// A node that goes takes its calls with it; their places and agents are freed.
func TestNodeDies(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	l := listen(t)
	sw := node(t, l.Addr().String())
	i := start(t, "one", l, m, guarded(m, sw))
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Keys("2")})
	if _, err := call.WaitFor(soon(t), heard("music")); err != nil {
		t.Fatal(err)
	}
	await(t, "the node to be watched", func() bool { return i.Stats().Nodes == 1 })
	sw.Kill()
	if r := m.ended(t, call.UUID()); r.Seen || r.Ender != "network" {
		t.Errorf("record %+v, want an end that nobody saw", r)
	}
	if len(m.gone()) != 1 {
		t.Errorf("left %q, want the place given back", m.gone())
	}
}

func (m *memory) lastReport() dialplan.Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.reports) == 0 {
		return dialplan.Report{}
	}
	return m.reports[len(m.reports)-1]
}
