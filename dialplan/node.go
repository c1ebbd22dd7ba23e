package dialplan

import (
	"reflect"
	"slices"
	"strings"
)

// A node is one step of the graph.
type node struct {
	name  string
	kind  *kindType
	say   prompts // played before the kind runs
	step  kind
	place place // of its name
}

// A ref is the node that a branch leads to: its place in Menu.nodes, or one of
// the ends that need no node.
type ref int32

// The ends that a missing branch leads to, and the way back from a nested menu.
const (
	endExit   ref = -1 - iota // leave the menu: the number's fallback
	endHangup                 // end the call
	endReturn                 // back to where the node was called from
)

// A place is where something stands in the document, both from 1.
type place struct{ line, col int32 }

// readNodes names all nodes first, because branches lead forward too.
func (l *loader) readNodes(n *value) {
	pairs := l.mapping(n, nil)
	if len(pairs) > MaxNodes {
		l.fault(n, "%d nodes: a menu may have up to %d", len(pairs), MaxNodes)
		return
	}
	if n.shape == mapping && len(pairs) == 0 {
		l.fault(n, "no nodes: write at least one")
	}
	m := l.menu
	m.nodes, m.index = make([]node, len(pairs)), make(map[string]ref, len(pairs))
	l.edges, l.ends = make([][]edge, len(pairs)), make([]bool, len(pairs))
	l.queueNames = map[string]bool{}
	const few = 4 // ways lead out of most nodes: the room for them is one piece of memory
	ways := make([]edge, few*len(pairs))
	for i, p := range pairs {
		l.name(p.key, "node")
		m.nodes[i] = node{name: p.key.text, place: p.key.place}
		m.index[p.key.text] = ref(i)
	}
	entries := make([]pair, 1024) // of one node at a time
	for i, p := range pairs {
		l.current = ref(i)
		l.edges[i] = ways[few*i : few*i : few*(i+1)]
		l.spare = entries
		l.readNode(&m.nodes[i], p)
	}
}

// readNode reads one node: its kind, a prompt before it, and its branches.
func (l *loader) readNode(target *node, p pair) {
	entries := l.mapping(p.value, []string{"a kind and its branches"})
	value := l.kindOf(target, p, entries)
	if value == nil {
		l.guess(p.value)
		return
	}
	faults := len(l.problems)
	clear(l.places)
	target.step = target.kind.make()
	v := reflect.ValueOf(target.step).Elem()
	l.settings(value, v, target.kind.plan)
	l.branches(target, v, p, entries)
	if k, ok := target.step.(checker); ok && len(l.problems) == faults {
		k.check(l)
	}
}

// kindOf finds the one entry that says what the node does.
func (l *loader) kindOf(target *node, p pair, entries []pair) *value {
	var value *value
	for _, e := range entries {
		t, ok := kinds[e.key.text]
		switch {
		case !ok || isPrefix(e):
		case target.kind != nil:
			l.fault(e.key, "%s beside %s: a node does one thing, put the other into a node of its own", t.name, target.kind.name)
		default:
			target.kind, value = t, e.value
		}
	}
	if target.kind == nil && p.value.shape == mapping {
		l.noKind(p, entries)
	}
	return value
}

// noKind tells what a node without a kind was probably meant to be.
func (l *loader) noKind(p pair, entries []pair) {
	for _, e := range entries {
		if isPrefix(e) {
			l.fault(e.key, "say is a prompt before another kind: to play it on its own write play")
			return
		}
		if kind := l.closest(e.key.text, kindNames()); kind != "" {
			l.fault(e.key, "there is no kind %q: did you mean %s?", clip(e.key.text), kind)
			return
		}
	}
	l.fault(p.key, "node %q does nothing: give it a kind, one of %s", clip(p.key.text), strings.Join(kindNames(), ", "))
}

// isPrefix tells a prompt that is said before the kind (say: welcome) from the
// kind say (say: {number: …}).
func isPrefix(e pair) bool { return e.key.text == "say" && e.value.shape != mapping }

// branches reads what stands beside the kind.
func (l *loader) branches(target *node, v reflect.Value, p pair, entries []pair) {
	fields := target.kind.plan.branches
	meant := map[string]bool{} // branches whose names are misspelt: told once
	for _, e := range entries {
		f := find(fields, e.key.text)
		switch {
		case isPrefix(e):
			target.say.read(l, e.value, &field{name: "say"})
		case f != nil:
			l.places[f.name] = e.key.place
			l.value(e.value, v.Field(f.index), f)
		case kinds[e.key.text] == nil:
			meant[l.unknownBranch(e.key, target.kind)] = true
		}
	}
	for _, f := range fields {
		if !has(entries, f.name) && !meant[f.name] {
			l.missing(v, p, entries, f)
		}
	}
}

// unknownBranch tells of a name that is none, and returns the branch that was
// probably meant.
func (l *loader) unknownBranch(key *value, t *kindType) string {
	switch {
	case find(t.plan.settings, key.text) != nil:
		l.fault(key, "%s is a setting: write it inside, as in %s: {%s: …}", key.text, t.name, key.text)
	case len(t.plan.branches) == 0:
		l.fault(key, "%s has no %q: it is an end and leads nowhere", t.name, clip(key.text))
	default:
		known := append(names(t.plan.branches), "say")
		l.fault(key, "%s has no %q%s", t.name, clip(key.text), l.suggest(key.text, known))
		return l.closest(key.text, known)
	}
	return ""
}

// missing fills a branch that the document leaves out.
func (l *loader) missing(v reflect.Value, p pair, entries []pair, f field) {
	target, isRef := v.Field(f.index).Addr().Interface().(*ref)
	switch {
	case f.missing == "":
		l.fault(p.key, "%s is missing: %s", f.name, phrase(f.doc))
	case !isRef: // keys: none
	case f.missing == "exit":
		*target = endExit
		l.ends[l.current] = true
	case f.missing == "hangup":
		*target = endHangup
		l.ends[l.current] = true
	default:
		other := find(l.menu.nodes[l.current].kind.plan.branches, f.missing)
		if !has(entries, other.name) {
			l.missing(v, p, entries, *other)
		}
		*target = v.Field(other.index).Interface().(ref)
	}
}

// read reads a branch: the name of a node.
func (r *ref) read(l *loader, n *value, f *field) {
	name, ok := l.scalar(n)
	if !ok {
		return
	}
	if *r = l.lookup(n, name); *r >= 0 {
		l.edges[l.current] = append(l.edges[l.current], edge{to: *r, waits: f.waits})
	}
}

// lookup returns the node of that name. When there is none, that is a fault, and
// the node that was probably meant is returned, or endExit.
func (l *loader) lookup(n *value, name string) ref {
	if to, ok := l.menu.index[name]; ok {
		return to
	}
	var known []string
	if len(l.menu.nodes) < l.guesses {
		for i := range l.menu.nodes {
			known = append(known, l.menu.nodes[i].name)
		}
	}
	l.fault(n, "there is no node %q%s", clip(name), l.suggest(name, known))
	if to, ok := l.menu.index[l.closest(name, known)]; ok {
		return to
	}
	return endExit
}

func kindNames() []string {
	all := make([]string, 0, len(kinds))
	for name := range kinds {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
