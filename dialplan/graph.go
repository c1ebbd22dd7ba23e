package dialplan

import (
	"slices"
	"strings"
)

// An edge is a way from one node to another. It waits when it is taken only
// after the caller was listened to, or somebody has talked.
type edge struct {
	to    ref
	waits bool
	call  bool // to a nested menu; the edge beside it is taken on return
}

// A graph is the nodes of a document and the ways between them, for the faults
// that no node has on its own. Every question takes time linear in the edges.
type graph struct {
	out    [][]edge
	into   [][]ref
	callee []ref  // by node: the nested menu that it calls, or -1
	ends   []bool // by node: it can end the walk
	back   []bool // by node: it returns to its caller
}

func (l *loader) checkGraph() {
	count := len(l.menu.nodes)
	g := &graph{
		out: l.edges, into: roomInto(l.edges), callee: make([]ref, count), ends: l.ends, back: make([]bool, count),
	}
	for i := range l.menu.nodes {
		k := l.menu.nodes[i].kind
		g.back[i] = k != nil && k.name == "return"
		g.ends[i] = g.ends[i] || k == nil || len(k.plan.branches) == 0 && !g.back[i]
		g.callee[i] = -1
		for _, e := range g.out[i] {
			g.into[e.to] = append(g.into[e.to], ref(i))
			if e.call {
				g.callee[i] = e.to
			}
		}
	}
	returns := g.leads(g.back, func(n ref, known []bool) bool {
		return g.through(n, known, func(e edge) bool { return known[e.to] })
	})
	l.checkReach(g, returns)
	l.checkEnds(g, returns)
	l.checkLoops(g)
}

// roomInto is the room for the ways into each node, in one piece of memory.
func roomInto(out [][]edge) [][]ref {
	sizes, all := make([]int, len(out)), 0
	for _, edges := range out {
		for _, e := range edges {
			sizes[e.to]++
			all++
		}
	}
	room, into := make([]ref, all), make([][]ref, len(out))
	for i, size := range sizes {
		into[i], room = room[:0:size], room[size:]
	}
	return into
}

// leads returns the goals and all nodes from which a way leads to one: those
// for which step says yes, given the nodes known so far.
func (g *graph) leads(goals []bool, step func(n ref, known []bool) bool) []bool {
	known := slices.Clone(goals)
	var work []ref
	for i, goal := range goals {
		if goal {
			work = append(work, ref(i))
		}
	}
	for len(work) > 0 {
		n := work[len(work)-1]
		work = work[:len(work)-1]
		for _, from := range g.into[n] {
			if !known[from] && step(from, known) {
				known[from] = true
				work = append(work, from)
			}
		}
	}
	return known
}

// through tells whether a way goes on at n: over any of its edges, or, where it
// calls a nested menu, over both of them, there and back.
func (g *graph) through(n ref, known []bool, good func(edge) bool) bool {
	if g.callee[n] < 0 {
		return slices.ContainsFunc(g.out[n], good)
	}
	return !slices.ContainsFunc(g.out[n], func(e edge) bool { return !known[e.to] })
}

// checkReach reports nodes that no call comes to, and a return where nothing
// was called.
func (l *loader) checkReach(g *graph, returns []bool) {
	reach := func(nested bool) []bool {
		seen := make([]bool, len(g.out))
		seen[l.menu.start] = true
		work := []ref{l.menu.start}
		for len(work) > 0 {
			n := work[len(work)-1]
			work = work[:len(work)-1]
			comesBack := g.callee[n] < 0 || returns[g.callee[n]]
			for _, e := range g.out[n] {
				if follow := comesBack && !e.call || nested && e.call; follow && !seen[e.to] {
					seen[e.to] = true
					work = append(work, e.to)
				}
			}
		}
		return seen
	}
	anywhere, top := reach(true), reach(false)
	for i := range l.menu.nodes {
		n := &l.menu.nodes[i]
		switch {
		case !anywhere[i]:
			l.faultAt(n.place, "no call ever comes to node %q: lead a branch to it, or remove it", clip(n.name))
		case top[i] && g.back[i]:
			l.faultAt(n.place, "node %q returns, but a call can come to it without having been called: use exit or hangup", clip(n.name))
		}
	}
}

// checkEnds reports nodes from which no way leads to an end: a call there could
// only hang up by itself.
func (l *loader) checkEnds(g *graph, returns []bool) {
	ends := g.leads(g.ends, func(n ref, known []bool) bool {
		callee := g.callee[n]
		return slices.ContainsFunc(g.out[n], func(e edge) bool {
			return known[e.to] && (callee < 0 || e.call || returns[callee])
		})
	})
	for i := range l.menu.nodes {
		if n := &l.menu.nodes[i]; !ends[i] && !returns[i] {
			l.faultAt(n.place, "no way leads from node %q to an end: lead one to exit, hangup, queue or dial", n.name)
		}
	}
}

// checkLoops reports ways round that never wait for the caller: a call would
// run in them until the guard ends it.
func (l *loader) checkLoops(g *graph) {
	atOnce := g.leads(g.back, func(n ref, known []bool) bool { // returns without having waited
		return g.through(n, known, func(e edge) bool { return known[e.to] && !e.waits })
	})
	const fresh, open, done = 0, 1, 2
	state := make([]int8, len(g.out))
	told := make([]bool, len(g.out))
	var way []ref
	var visit func(n ref)
	visit = func(n ref) {
		state[n] = open
		way = append(way, n)
		for _, e := range g.out[n] {
			callee := g.callee[n]
			switch {
			case e.waits || !e.call && callee >= 0 && !atOnce[callee]:
			case state[e.to] == fresh:
				visit(e.to)
			case state[e.to] == open && !told[e.to]:
				l.loopFault(way[slices.Index(way, e.to):], told)
			}
		}
		way = way[:len(way)-1]
		state[n] = done
	}
	for i := range g.out {
		if state[i] == fresh {
			visit(ref(i))
		}
	}
}

func (l *loader) loopFault(loop []ref, told []bool) {
	const enough = 10
	var shown []string
	for i, n := range loop {
		told[n] = true
		if i < enough {
			shown = append(shown, l.menu.nodes[n].name)
		}
	}
	if len(loop) > enough {
		shown = append(shown, "…")
	}
	first := &l.menu.nodes[loop[0]]
	l.faultAt(first.place, "a call can go round %s → %s without ever waiting for the caller: put a menu or a collect in between",
		strings.Join(shown, " → "), first.name)
}

// guess notes the ways out of a node whose kind is not known: every value that
// is the name of a node. It keeps one fault from causing others.
func (l *loader) guess(n *value) {
	if to, ok := l.menu.index[n.text]; ok && n.single() {
		l.edges[l.current] = append(l.edges[l.current], edge{to: to, waits: true})
	}
	for child := range n.all {
		l.guess(child)
	}
}
