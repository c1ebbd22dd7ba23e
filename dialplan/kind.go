package dialplan

import (
	"context"
	"reflect"
)

// A kind is what a node does: its settings as read from the document, what may
// be wrong with them, and how a call goes through it.
type kind interface {
	// check reports what is wrong with the settings taken together; each alone
	// has been checked by its tag.
	check(l *loader)
	// run goes on from where the state stands: phaseStart on entry, or the
	// phase that the kind has set before a waiting verb. It returns the node
	// to go to.
	run(ctx context.Context, c *call, s *State) (ref, error)
}

// A kindType is a kind as the document and the reference know it.
type kindType struct {
	name string
	zero kind   // its type; never run
	doc  string // one sentence for the reference
	plan *plan  // its fields, from their tags
}

// kinds are all the kinds of node.
var kinds = register(
	kindType{name: "play", zero: &play{}, doc: "Plays one or more prompts, always the same or by the time of day."},
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
