package main

import (
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/controller/fstest"
	"github.com/dialgraph/dialgraph/store"
)

const olena = "+380671234567"

// The controller of a call is killed in every kind of waiting; the other one
// goes on, and the caller ends up with an agent all the same.
func TestControllerKilled(t *testing.T) {
	tests := []struct {
		situation string
		script    fstest.Script // up to where the controller is killed
		at        func(*testing.T, *fstest.Call)
		after     func(*testing.T, *fstest.Call, *cluster)
	}{
		{
			"in a menu", fstest.Script{},
			func(t *testing.T, call *fstest.Call) { until(t, call, 1, fstest.Asked, "") },
			func(t *testing.T, call *fstest.Call, _ *cluster) {
				until(t, call, 2, fstest.Asked, "") // the question again
				call.Press("3")
				until(t, call, 3, fstest.Asked, "")
				call.Press("1")
			},
		},
		{
			"in the second menu", fstest.Keys("3"),
			func(t *testing.T, call *fstest.Call) { until(t, call, 2, fstest.Asked, "") },
			func(t *testing.T, call *fstest.Call, _ *cluster) {
				until(t, call, 3, fstest.Asked, "")
				call.Press("1")
			},
		},
		{
			"while the agent's telephone rings", fstest.Keys("3,1"),
			func(t *testing.T, call *fstest.Call) { until(t, call, 1, fstest.Calling, "") },
			func(t *testing.T, call *fstest.Call, _ *cluster) { until(t, call, 1, fstest.Gave, "") },
		},
	}
	for _, tt := range tests {
		t.Run(tt.situation, func(t *testing.T) {
			t.Parallel()
			c := newExampleCluster(t)
			for _, contact := range exampleContacts {
				c.nodes[0].Agent(contact, fstest.Behaviour{Reaction: fstest.Answers, After: 10 * time.Second, Talk: 5 * time.Second})
			}
			call := c.nodes[0].Call(fstest.Caller{Number: olena, To: "0800", Script: tt.script})
			tt.at(t, call)
			c.owner(call).kill(t)
			tt.after(t, call, c)
			until(t, call, 1, fstest.Connected, "")
			if cause := ended(t, call); cause != "NORMAL_CLEARING" {
				t.Errorf("the call ended by %s, want NORMAL_CLEARING:\n%s", cause, call.Transcript())
			}
			if n := call.MostRinging(); n != 1 {
				t.Errorf("%d telephones rang at once for the caller, want 1", n)
			}
			if r := c.record(call.UUID()); r.Resumed != 1 || r.Talked.IsZero() || r.Customer != "c-1001" {
				t.Errorf("record = %+v, want one that was resumed once, of customer c-1001, who talked", r)
			}
		})
	}
}

// The talk goes on without its controller, and what follows it happens on the
// other one.
func TestControllerKilledDuringATalk(t *testing.T) {
	t.Parallel()
	c := newExampleCluster(t)
	for _, contact := range exampleContacts {
		c.nodes[0].Agent(contact, fstest.Behaviour{Reaction: fstest.Answers, After: time.Second})
	}
	call := c.nodes[0].Call(fstest.Caller{Number: olena, To: "0800", Script: fstest.Keys("3,1")})
	until(t, call, 1, fstest.Connected, "")
	agent := connected(call)
	name := map[string]string{"1003": "iryna", "1004": "andriy"}[agent]
	c.waitState(name, store.Talking)
	killed := c.owner(call)
	killed.kill(t)
	until(t, call, 1, fstest.Lost, killed.esl)
	c.survivor(killed).log.wait(t, "talk adopted.*"+call.UUID())
	c.waitState(name, store.Talking)
	for _, e := range call.Transcript() {
		if e.Kind == fstest.Parted {
			t.Fatalf("the talk was cut:\n%s", call.Transcript())
		}
	}
	c.nodes[0].Agent(agent, fstest.Behaviour{Reaction: fstest.Answers}).Hangup()
	until(t, call, 1, fstest.Parted, agent)
	if cause := ended(t, call); cause != "NORMAL_CLEARING" {
		t.Errorf("the call ended by %s, want NORMAL_CLEARING:\n%s", cause, call.Transcript())
	}
	c.waitState(name, store.Idle) // after the wrap-up
	if r := c.record(call.UUID()); r.Path[len(r.Path)-1] != "end" || r.Talked.IsZero() {
		t.Errorf("record = %+v, want the path to its end and the talk", r)
	}
}

// connected is the contact of who talks to the caller.
func connected(call *fstest.Call) string {
	last := ""
	for _, e := range call.Transcript() {
		if e.Kind == fstest.Connected {
			last = e.Text
		}
	}
	return last
}

// Nobody is left to go on: the number's fallback has the call, and when there
// is none, a notice.
func TestAllControllersKilled(t *testing.T) {
	t.Parallel()
	c := newExampleCluster(t)
	call := c.nodes[0].Call(fstest.Caller{Number: olena, To: "0800"})
	until(t, call, 1, fstest.Asked, "")
	for _, p := range c.controllers {
		p.kill(t)
	}
	if cause := ended(t, call); cause != "NORMAL_TEMPORARY_FAILURE" {
		t.Errorf("the call ended by %s, want NORMAL_TEMPORARY_FAILURE after the notice:\n%s", cause, call.Transcript())
	}
}
