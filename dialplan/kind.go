package dialplan

import (
	"context"
	"reflect"
)

// A kind is what a node does: its settings, as its tags say, and how a call
// goes through it.
type kind interface {
	// run goes on from where the state stands: phaseStart on entry, or the
	// phase that the kind has set before a waiting verb. It returns the node
	// to go to.
	run(ctx context.Context, c *call, s *State) (ref, error)
}

// A checker is a kind that may be wrong although each setting is right.
type checker interface {
	check(l *loader)
}

// A kindType is a kind as the document and the reference know it.
type kindType struct {
	name string
	zero kind   // its type; never run
	doc  string // one sentence for the reference
	plan *plan  // its fields, from their tags
}

// kinds are all the kinds of node. A new one is a line here and a file of its
// own, with its type, what may be wrong with it, and its run.
var kinds = register(
	kindType{name: "play", zero: &play{}, doc: "Plays one or more prompts, always the same or by the time of day."},
	kindType{name: "menu", zero: &menu{}, doc: "Plays a prompt and goes where the key that the caller presses leads to."},
	kindType{name: "collect", zero: &collect{}, doc: "Gathers a row of digits, such as a contract number, and may read it back."},
	kindType{name: "say", zero: &say{}, doc: "Speaks a value: a number, digits, a date, a time, an amount of money or free text."},
	kindType{name: "choose", zero: &choose{}, doc: "Goes where the first condition that is true leads to."},
	kindType{name: "hours", zero: &hours{}, doc: "Goes one way in opening hours and another outside of them."},
	kindType{name: "outage", zero: &outage{}, doc: "Asks whether there is an outage at the caller's address."},
	kindType{name: "set", zero: &set{}, doc: "Changes variables."},
	kindType{name: "queue", zero: &queue{}, doc: "Lets the caller wait for an agent and talk to one."},
	kindType{name: "dial", zero: &dial{}, doc: "Calls an extension or an outside number, or several, for the caller."},
	kindType{name: "call", zero: &callNode{}, doc: "Goes through a nested menu and comes back."},
	kindType{name: "return", zero: &returnNode{}, doc: "Ends a nested menu: goes on where it was called from."},
	kindType{name: "language", zero: &language{}, doc: "Changes the language of the call, or lets the caller choose it."},
	kindType{name: "tag", zero: &tag{}, doc: "Marks the call for the statistics."},
	kindType{name: "exit", zero: &exit{}, doc: "Leaves the menu: the number's own fallback takes the call."},
	kindType{name: "hangup", zero: &hangup{}, doc: "Ends the call."},
)

func register(types ...kindType) map[string]*kindType {
	known := make(map[string]*kindType, len(types))
	for i := range types {
		t := &types[i]
		t.plan = planOf(reflect.TypeOf(t.zero).Elem())
		known[t.name] = t
	}
	return known
}

// make returns a kind of this type, to be filled from a document.
func (t *kindType) make() kind {
	return reflect.New(reflect.TypeOf(t.zero).Elem()).Interface().(kind)
}
