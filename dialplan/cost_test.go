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
