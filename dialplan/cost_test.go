package dialplan

import (
	"context"
	"testing"

	"github.com/dialgraph/dialgraph/internal/alloctest"
)

// stepsMenu asks, decides and assigns, again and again.
const stepsMenu = `
  start: {menu: ask, keys: {"1": pick}, silent: start}
  pick: {choose: [{when: caller.known and now.hour > 30, next: out}, {when: count < 0, next: out}], else: add}
  add: {set: {count: count + 1}, next: start}
  out: {exit: }
`

// walkSteps walks so many rounds of the menu on a line and in a world that do
// nothing: what is left is the interpreter.
func walkSteps(t testing.TB, m *Menu, rounds int) {
	p := newPhone(t, m)
	q := &quick{p, rounds}
	cursor := NewCursor(m, "c", Caller{Known: true}, Called{}, p.clock)
	walk := Walk{Menu: m, Cursor: cursor, Line: q, World: q}
	if end, err := walk.Run(context.Background()); end != CallerLeft {
		t.Fatalf("Run = %q, %v", end, err)
	}
}

// A step costs the same in a long walk as in a short one, and little.
func TestSteppingCosts(t *testing.T) {
	m := menuOf(t, stepsMenu)
	const rounds, nodes = 1000, 3
	perWalk := func(rounds int) (allocs, bytes float64) {
		return alloctest.PerRun(5, func() { walkSteps(t, m, rounds) })
	}
	begun, begunBytes := perWalk(0)
	allocs, bytes := perWalk(rounds)
	allocs, bytes = (allocs-begun)/(rounds*nodes), (bytes-begunBytes)/(rounds*nodes)
	// The time and the values that conditions and assignments are about, boxed
	// for the expressions; the sounds of a prompt.
	const mostAllocs, mostBytes = 5, 200
	if allocs > mostAllocs || bytes > mostBytes {
		t.Errorf("%.2f allocations and %.0f bytes a node, want at most %d and %d", allocs, bytes, mostAllocs, mostBytes)
	}
}

// Reading a menu takes few pieces of memory, however long it is.
func TestReadingCosts(t *testing.T) {
	const nodes = 5000
	document := bigMenu(nodes)
	allocs, bytes := alloctest.PerRun(3, func() {
		if readYAML(document) == nil {
			t.Fatal("the menu was not read")
		}
	})
	// The text of the document, and 18 values a node, 1,024 of them in a piece.
	const mostAllocs, mostBytes = 120, 1100 * nodes
	if allocs > mostAllocs || bytes > mostBytes {
		t.Errorf("%.0f allocations and %.0f bytes, want at most %d and %d", allocs, bytes, mostAllocs, mostBytes)
	}
}

// Checking a menu costs the same for each node of a long one, and less than
// reading it.
func TestCheckingCosts(t *testing.T) {
	const nodes = 5000
	root, problems := parse(bigMenu(nodes))
	if problems != nil {
		t.Fatal(problems)
	}
	allocs, bytes := alloctest.PerRun(3, func() {
		if _, err := build(root, "", Options{}); err != nil {
			t.Fatal(err)
		}
	})
	allocs, bytes = allocs/nodes, bytes/nodes
	// The menu, its keys and its prompts, a prompt of the document; room for its ways, its name in the index,
	// and what the questions about the graph remember.
	const mostAllocs, mostBytes = 4.5, 600
	if allocs > mostAllocs || bytes > mostBytes {
		t.Errorf("%.2f allocations and %.0f bytes a node, want at most %.1f and %d", allocs, bytes, mostAllocs, mostBytes)
	}
}
