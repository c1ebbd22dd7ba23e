package controller_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/controller/fstest"
	"github.com/dialgraph/dialgraph/dialplan"
)

// A controller is killed while each verb waits; FreeSWITCH comes to another
// one, and the call goes on at the same step with what was confirmed.
func TestResume(t *testing.T) {
	offer := func(sw *fstest.Switch, m *memory, b fstest.Behaviour) {
		sw.Agent("1001", b)
		m.offers <- dialplan.Offer{ID: "o1", Agent: "anna", Contact: "1001", Ring: 20 * time.Second}
	}
	tests := []struct {
		name   string
		agents func(sw *fstest.Switch, m *memory)
		until  fstest.Script // then the controller is killed
		after  fstest.Script
		again  func(sw *fstest.Switch, m *memory) // once the first one is gone
		next   func(sw *fstest.Switch)            // before that: what telephones do from their next call on
		path   []string
		talks  int
	}{
		{
			name:  "in a prompt",
			until: fstest.Script{fstest.Hear("hello")},
			after: fstest.Script{fstest.Hear("hello"), fstest.Asks(), fstest.Press("1"), fstest.Asks(), fstest.Press("1234#")},
			path:  []string{"hello", "choose", "number", "bye", "end"},
		},
		{
			name:  "in a menu",
			until: fstest.Script{fstest.Asks()},
			after: fstest.Script{fstest.Hear("choose"), fstest.Press("1"), fstest.Asks(), fstest.Press("1234#")},
			path:  []string{"hello", "choose", "number", "bye", "end"},
		},
		{
			name:  "after a confirmed key",
			until: fstest.Script{fstest.Asks(), fstest.Press("1"), fstest.Hear("number")},
			after: fstest.Script{fstest.Hear("number"), fstest.Press("1234#")},
			path:  []string{"hello", "choose", "number", "bye", "end"},
		},
		{
			name:  "waiting for an agent",
			until: fstest.Script{fstest.Asks(), fstest.Press("2"), fstest.Hear("music")},
			after: fstest.Script{fstest.Hear("music"), fstest.Await(fstest.Connected)},
			again: func(sw *fstest.Switch, m *memory) {
				offer(sw, m, fstest.Behaviour{Reaction: fstest.Answers, Talk: 2 * time.Second})
			},
			path: []string{"hello", "choose", "agent", "bye", "end"}, talks: 1,
		},
		{
			name: "an agent's telephone rings",
			agents: func(sw *fstest.Switch, m *memory) {
				offer(sw, m, fstest.Behaviour{Reaction: fstest.Rings})
			},
			until: fstest.Script{fstest.Asks(), fstest.Press("2"), fstest.Await(fstest.Calling)},
			after: fstest.Script{fstest.Await(fstest.Gave), fstest.Await(fstest.Connected)},
			again: func(sw *fstest.Switch, m *memory) {
				offer(sw, m, fstest.Behaviour{Reaction: fstest.Answers, Talk: 2 * time.Second})
			},
			path: []string{"hello", "choose", "agent", "bye", "end"}, talks: 1,
		},
		{
			name: "talking, the agent hangs up later",
			agents: func(sw *fstest.Switch, m *memory) {
				offer(sw, m, fstest.Behaviour{Reaction: fstest.Answers, Talk: 10 * time.Second})
			},
			until: fstest.Script{fstest.Asks(), fstest.Press("2"), fstest.Await(fstest.Connected), fstest.Pause(2 * time.Second)},
			after: fstest.Script{fstest.Await(fstest.Parted), fstest.Hear("bye")},
			path:  []string{"hello", "choose", "agent", "bye", "end"}, talks: 1,
		},
		{
			name:   "a colleague's telephone rings",
			agents: func(sw *fstest.Switch, _ *memory) { sw.Agent("101", fstest.Behaviour{Reaction: fstest.Rings}) },
			until:  fstest.Script{fstest.Asks(), fstest.Press("3"), fstest.Await(fstest.Calling)},
			after:  fstest.Script{fstest.Await(fstest.Connected)},
			next: func(sw *fstest.Switch) {
				sw.Agent("101", fstest.Behaviour{Reaction: fstest.Answers, Talk: time.Second})
			},
			path: []string{"hello", "choose", "colleague", "bye", "end"}, talks: 1,
		},
		{
			name:  "in the last prompt",
			until: fstest.Script{fstest.Asks(), fstest.Press("9"), fstest.Asks(), fstest.Press("9"), fstest.Hear("bye")},
			after: fstest.Script{fstest.Hear("bye")},
			path:  []string{"hello", "choose", "bye", "end"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMemory()
			m.use(t, line)
			l1, l2 := listen(t), listen(t)
			one := start(t, "one", l1, m, nil)
			two := start(t, "two", l2, m, nil)
			sw := node(t, l1.Addr().String(), l2.Addr().String())
			if tt.agents != nil {
				tt.agents(sw, m)
			}
			killed := make(chan struct{})
			script := append(slices.Clone(tt.until), pass(func() {
				if tt.next != nil {
					tt.next(sw)
				}
				one.kill()
				close(killed)
			}))
			call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: append(script, tt.after...)})
			<-killed
			await(t, "the first controller to be gone", func() bool { return one.Stats().Lost == 1 })
			if tt.again != nil {
				tt.again(sw, m)
			}
			if _, err := call.Wait(soon(t)); err != nil {
				t.Fatal(err)
			}
			r := m.ended(t, call.UUID())
			if !slices.Equal(r.Path, tt.path) || r.Resumed != 1 || r.Instance != "two" {
				t.Errorf("path %q, resumed %d times, by %q; want %q, once, by two\n%s", r.Path, r.Resumed, r.Instance, tt.path, call.Transcript())
			}
			if got := two.Stats().Resumed; got != 1 {
				t.Errorf("second controller resumed %d calls, want 1", got)
			}
			if got := len(call.Transcript().Only(fstest.Connected)); got != tt.talks {
				t.Errorf("%d talks, want %d\n%s", got, tt.talks, call.Transcript())
			}
			if talked := r.Talk > 0; talked != (tt.talks > 0) || talked == r.Talked.IsZero() {
				t.Errorf("record says %v s of talking since %v, the call had %d talks", r.Talk, r.Talked, tt.talks)
			}
			if most := call.MostRinging(); most > 1 {
				t.Errorf("%d telephones rang at once", most)
			}
			answered := 0
			for _, o := range m.outcomes() {
				if o == dialplan.Answered {
					answered++
				}
			}
			if tt.talks > 0 && strings.Contains(strings.Join(r.Path, " "), "agent") && answered < 1 {
				t.Errorf("reported %q, want the talk among them", m.outcomes())
			}
		})
	}
}

// The talk is over when the agent hangs up, however long it takes until
// somebody has the call again.
func TestTalkThatNobodySawEnd(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	l1, l2 := listen(t), listen(t)
	one := start(t, "one", l1, m, nil)
	sw := node(t, l1.Addr().String(), l2.Addr().String())
	agent := sw.Agent("1001", fstest.Behaviour{Reaction: fstest.Answers})
	m.offers <- dialplan.Offer{ID: "o1", Agent: "anna", Contact: "1001", Ring: 20 * time.Second}
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Keys("2")})
	await(t, "the beginning of the talk to be on the channel", func() bool { return call.Variable("dialgraph_talking") != "" })
	one.kill()
	await(t, "the first controller to be gone", func() bool { return one.Stats().Lost == 1 })
	agent.Hangup()
	parted, err := call.WaitFor(soon(t), func(e fstest.Event) bool { return e.Kind == fstest.Parted })
	if err != nil {
		t.Fatal(err)
	}
	over := sw.Now()
	await(t, "some time to pass", func() bool { return sw.Now().Sub(over) > 15*time.Second })
	start(t, "two", l2, m, nil)
	if _, err := call.Wait(soon(t)); err != nil {
		t.Fatal(err)
	}
	talk := parted.At - call.Transcript().Only(fstest.Connected)[0].At
	if r := m.ended(t, call.UUID()); time.Duration(r.Talk*1e9)-talk > 5*time.Second || r.Talk <= 0 {
		t.Errorf("talked %v s, want %v\n%s", r.Talk, talk, call.Transcript())
	}
	if told := m.lastReport(); told.Ended.Sub(told.Answered)-talk > 5*time.Second {
		t.Errorf("reported a talk from %v to %v, want %v", told.Answered, told.Ended, talk)
	}
}
