//go:build chaos

package main

import (
	"fmt"
	"time"

	"github.com/dialgraph/dialgraph/controller/fstest"
)

// call places a call on a node that lives.
func (s *storm) call() {
	n := len(s.calls)
	caller := fstest.Caller{Number: fmt.Sprintf("+38067%07d", n), To: "0800", Script: s.script()}
	sw := s.nodes[s.rng.IntN(len(s.nodes))]
	at := time.Now()
	call := sw.Call(caller)
	select {
	case <-call.Done(): // the node is dead
		call = s.nodes[0].Call(caller)
	default:
	}
	s.calls = append(s.calls, &placed{call, at})
}

// chaosKeys are what callers press, right and wrong.
var chaosKeys = []string{"1", "1", "2", "2", "3", "1234", "12#", "7", "0", "*", "31234", "1234567"}

// script is a caller who presses something, or nothing, a few times. One in
// two hangs up at a random moment; the others stay to the end.
func (s *storm) script() fstest.Script {
	var script fstest.Script
	for range s.rng.IntN(4) {
		script = append(script, fstest.Asks(), fstest.Pause(s.within(1, 3*time.Second)))
		if s.rng.IntN(4) > 0 {
			script = append(script, fstest.Press(chaosKeys[s.rng.IntN(len(chaosKeys))]))
		}
	}
	switch s.rng.IntN(4) {
	case 0:
		script = append(script, fstest.Pause(s.within(1, 50*time.Second)), fstest.HangUp())
	case 1:
		script = append(script, fstest.Await(fstest.Connected), fstest.Pause(s.within(1, 30*time.Second)), fstest.HangUp())
	}
	return script
}

// behaviour is what a telephone does from now on. Most answer.
func (s *storm) behaviour() fstest.Behaviour {
	b := fstest.Behaviour{
		Reaction: fstest.Answers, After: s.within(100*time.Millisecond, 11*time.Second),
		Talk: s.within(time.Second, 40*time.Second), Accept: "1", Think: time.Second,
	}
	switch s.rng.IntN(12) {
	case 0:
		b.Reaction = fstest.Busy
	case 1:
		b.Reaction = fstest.Rejects
	case 2:
		b.Reaction = fstest.Rings
	case 3:
		b.Reaction = fstest.NotRegistered
	case 4:
		b.Reaction = fstest.Unavailable
	}
	return b
}
