package dialplan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A model is a menu as a call meets it: what can follow at each place, tried
// out one by one.
type model struct {
	nodes []modelNode
	seen  map[string]bool
	after map[string][]modelStep
	stray bool // a return with nothing to return to
	deep  bool // menus nested deeper than the model goes
	met   []bool
}

type modelNode struct {
	kind     string
	to, next int
}

type modelStep struct {
	to    string // "" for an end
	waits bool
}

// depth is how many menus the model nests; deeper ones count as ends.
const depth = 6

func (m *model) explore(at int, stack []int) string {
	place := fmt.Sprint(at, stack)
	if m.seen[place] {
		return place
	}
	m.seen[place], m.met[at] = true, true
	var steps []modelStep
	step := func(to int, stack []int, waits bool) {
		steps = append(steps, modelStep{m.explore(to, stack), waits})
	}
	switch n := m.nodes[at]; n.kind {
	case "play":
		step(n.next, stack, false)
	case "choose":
		step(n.to, stack, false)
		step(n.next, stack, false)
	case "menu":
		step(n.to, stack, true)
		step(n.next, stack, true)
	case "call":
		if len(stack) == depth {
			m.deep = true
			steps = append(steps, modelStep{})
			break
		}
		step(n.to, append(slices.Clone(stack), n.next), false)
	case "return":
		if len(stack) == 0 {
			m.stray = true
			break
		}
		step(stack[len(stack)-1], stack[:len(stack)-1], false)
	case "exit":
		steps = append(steps, modelStep{})
	}
	m.after[place] = steps
	return place
}

// stuck tells a place from which no way leads to an end.
func (m *model) stuck() bool {
	ends := map[string]bool{"": true}
	for changed := true; changed; {
		changed = false
		for place, steps := range m.after {
			if !ends[place] && slices.ContainsFunc(steps, func(s modelStep) bool { return ends[s.to] }) {
				ends[place], changed = true, true
			}
		}
	}
	return len(ends) <= len(m.after)
}

// endless tells a way round without waiting.
func (m *model) endless() bool {
	state := map[string]int{}
	var visit func(place string) bool
	visit = func(place string) bool {
		state[place] = 1
		for _, s := range m.after[place] {
			if s.waits || s.to == "" || state[s.to] == 2 {
				continue
			}
			if state[s.to] == 1 || visit(s.to) {
				return true
			}
		}
		state[place] = 2
		return false
	}
	for place := range m.after {
		if state[place] == 0 && visit(place) {
			return true
		}
	}
	return false
}

// A menu that validates never leaves a call stuck, and what is said of one that
// does not is true.
func TestValidationAgainstTryingOut(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		count := rapid.IntRange(1, 7).Draw(r, "nodes")
		m := &model{seen: map[string]bool{}, after: map[string][]modelStep{}, met: make([]bool, count)}
		var document strings.Builder
		document.WriteString("menu: x\nstart: n0\nprompts: {p: {file: p.wav}}\nnodes:\n")
		for i := range count {
			n := modelNode{
				kind: rapid.SampledFrom([]string{"play", "choose", "menu", "call", "return", "exit"}).Draw(r, "kind"),
				to:   rapid.IntRange(0, count-1).Draw(r, "to"), next: rapid.IntRange(0, count-1).Draw(r, "next"),
			}
			m.nodes = append(m.nodes, n)
			fmt.Fprintf(&document, "  n%d: {%s}\n", i, map[string]string{
				"play":   fmt.Sprintf("play: p, next: n%d", n.next),
				"choose": fmt.Sprintf("choose: [{when: caller.known, next: n%d}], else: n%d", n.to, n.next),
				"menu":   fmt.Sprintf("menu: p, keys: {1: n%d}, silent: n%d", n.to, n.next),
				"call":   fmt.Sprintf("call: n%d, next: n%d", n.to, n.next),
				"return": "return: ",
				"exit":   "exit: ",
			}[n.kind])
		}
		m.explore(0, nil)
		_, err := Load([]byte(document.String()), Options{})
		var problems Problems
		errors.As(err, &problems)
		has := func(text string) bool {
			return slices.ContainsFunc(problems, func(p Problem) bool { return strings.Contains(p.Message, text) })
		}
		for i, met := range m.met {
			if met == has(fmt.Sprintf("comes to node %q:", fmt.Sprint("n", i))) {
				r.Fatalf("a call comes to n%d: %t, but\n%v\n%s", i, met, err, document.String())
			}
		}
		if m.stray != has("without having been called") {
			r.Fatalf("a stray return: %t, but\n%v\n%s", m.stray, err, document.String())
		}
		if err == nil && (m.stuck() || m.endless()) {
			r.Fatalf("valid, but stuck: %t, endless: %t\n%s", m.stuck(), m.endless(), document.String())
		}
		if m.deep || slices.Contains(m.met, false) {
			return // the model has not seen what the faults speak of
		}
		if has("without ever waiting") && !m.endless() || has("no way leads") && !m.stuck() {
			r.Fatalf("stuck: %t, endless: %t, but\n%v\n%s", m.stuck(), m.endless(), err, document.String())
		}
	})
}
