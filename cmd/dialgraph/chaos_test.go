//go:build chaos

package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/controller/fstest"
	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/store"
)

var (
	chaosFor  = flag.Duration("chaos", 8*time.Second, "how long the storm of TestChaos lasts")
	chaosSeed = flag.Uint64("chaos-seed", 0, "seed of TestChaos, 0 for a new one")
)

const (
	chaosSpeed   = 8  // of calls; leases, queues and Redis run in real time
	callsASecond = 13 // placed while the storm lasts
	agentsInAll  = 10
)

// TestChaos lets callers call while controllers are killed, hang and come
// back, Redis goes away, and a FreeSWITCH node dies. What must hold all the
// same is in chaos_invariants_test.go.
func TestChaos(t *testing.T) {
	seed := *chaosSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("go test -tags chaos ./cmd/dialgraph -run TestChaos -chaos %s -chaos-seed %d", *chaosFor, seed)
	s := newStorm(t, seed)
	s.rage(*chaosFor)
	s.calm()
	s.judge()
}

// A storm is a cluster in trouble.
type storm struct {
	*cluster
	rng   *rand.Rand
	began time.Time
	up    []bool      // controllers that run
	since []time.Time // when they were started
	wired bool        // Redis is there
	dark  []span      // when callers may have been told that nobody serves them

	unwired []span            // when Redis was away
	killed  []loss            // of controllers
	hung    map[string][]span // by controller: when it hung
	calls   []*placed
	dead    []*fstest.Switch // nodes that were killed
}

// A placed call is one of the storm's.
type placed struct {
	*fstest.Call
	at time.Time
}

// A span is a time in which something was the case.
type span struct {
	from, to time.Time // to is zero while it lasts
	why      string
}

// newStorm sets up the line of testdata/chaos.yaml.
func newStorm(t *testing.T, seed uint64) *storm {
	t.Helper()
	s := &storm{cluster: newCluster(t, 2, 3, chaosSpeed), rng: rand.New(rand.NewPCG(seed, 0)), wired: true, hung: make(map[string][]span)}
	for range s.controllers {
		s.up, s.since = append(s.up, true), append(s.since, time.Time{})
	}
	document, err := os.ReadFile("testdata/chaos.yaml")
	must(t, err)
	version, _, err := s.store.Menus().Put(t.Context(), "chaos", document, dialplan.Options{})
	must(t, err)
	must(t, s.store.Menus().Activate(t.Context(), "chaos", version, nil))
	site := store.Site{Site: store.DefaultSite, Region: "UA", Templates: store.Templates{Agent: "user/{contact}"}}
	_, err = s.store.Sites().Put(t.Context(), site, nil)
	must(t, err)
	_, err = s.store.Numbers().Put(t.Context(), store.Number{Number: store.DefaultNumber, Menu: "chaos"}, nil)
	must(t, err)
	short := store.Delays{NoAnswer: time.Second, Busy: time.Second, Rejected: time.Second, NotRegistered: time.Second, Unreachable: time.Second}
	for queue, accept := range map[string]string{"support": "", "sales": "1"} {
		_, err = s.store.Queues(store.DefaultSite).Put(t.Context(), store.Queue{
			ID: queue, Ring: 12 * time.Second, WrapUp: 300 * time.Millisecond, AcceptKey: accept, Delays: short,
		}, nil)
		must(t, err)
	}
	for i := range agentsInAll {
		s.nodes[0].Agent(contact(i), s.behaviour())
		_, err = s.store.Agents(store.DefaultSite).Put(t.Context(), store.Agent{
			ID: contact(i), Contact: contact(i), Status: store.Available,
			Queues: []store.Membership{{Queue: "support"}, {Queue: "sales"}},
		}, nil)
		must(t, err)
	}
	s.waitListed()
	for _, p := range s.controllers {
		p.log.wait(t, "configuration|serving")
	}
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contact(i int) string { return fmt.Sprintf("agent-%d", i) }

// An event is what happens at one moment of the storm.
type event struct {
	at   time.Duration
	what string
	do   func()
}

// rage plays the storm.
func (s *storm) rage(length time.Duration) {
	s.began = time.Now()
	wait := time.NewTimer(0)
	defer wait.Stop()
	for _, e := range s.plan(length) {
		wait.Reset(time.Until(s.began.Add(e.at)))
		<-wait.C
		if e.what != "" {
			s.t.Logf("%6.2f %s", time.Since(s.began).Seconds(), e.what)
		}
		e.do()
	}
}

// plan is the storm, in order.
func (s *storm) plan(length time.Duration) []event {
	var all []event
	add := func(at time.Duration, what string, do func()) { all = append(all, event{at, what, do}) }
	for range int(length.Seconds() * callsASecond) {
		add(s.within(0, length), "", s.call)
	}
	for range int(length.Seconds() * 2) {
		agent := contact(s.rng.IntN(agentsInAll))
		add(s.within(0, length), "", func() { s.nodes[0].Agent(agent, s.behaviour()) })
	}
	for at := s.within(0, 2*time.Second); at < length; at += s.within(time.Second, 4*time.Second) {
		i := s.rng.IntN(len(s.controllers))
		add(at, fmt.Sprintf("kill controller %d", i), func() { s.kill(i) })
		add(at+s.within(300*time.Millisecond, 1500*time.Millisecond), fmt.Sprintf("start controller %d", i), func() { s.start(i) })
	}
	for at := s.within(0, 4*time.Second); at < length; at += s.within(15*time.Second, 30*time.Second) {
		i := s.rng.IntN(len(s.controllers))
		add(at, fmt.Sprintf("hang controller %d", i), func() { s.signal(i, syscall.SIGSTOP) })
		add(at+s.within(2*time.Second, 12*time.Second), fmt.Sprintf("continue controller %d", i), func() { s.signal(i, syscall.SIGCONT) })
	}
	for at := s.within(2*time.Second, 6*time.Second); at < length; at += s.within(20*time.Second, 60*time.Second) {
		add(at, "stop Redis", func() { s.wire(false) })
		add(at+s.within(time.Second, 4*time.Second), "start Redis", func() { s.wire(true) })
	}
	for at := s.within(2*time.Second, 6*time.Second); at < length; at += s.within(20*time.Second, 60*time.Second) {
		add(at, "kill node 2", func() { s.nodes[1].Kill() })
		add(at+s.within(time.Second, 8*time.Second), "start node 2", s.restartNode)
	}
	slices.SortStableFunc(all, func(a, b event) int { return int(a.at - b.at) })
	return all
}

// within is a random time between two.
func (s *storm) within(least, most time.Duration) time.Duration {
	return least + time.Duration(s.rng.Int64N(int64(most-least)))
}

// A loss is the end of a controller that nobody had asked for.
type loss struct {
	at  time.Time
	esl string
}

// kill is kill -9.
func (s *storm) kill(i int) {
	s.killed = append(s.killed, loss{time.Now(), s.controllers[i].esl})
	if err := s.controllers[i].cmd.Process.Kill(); err == nil {
		<-s.controllers[i].exited
	}
	s.hang(s.controllers[i].esl, false)
	s.change(func() { s.up[i] = false })
}

// start starts a controller that was killed, at its old address.
func (s *storm) start(i int) {
	select {
	case <-s.controllers[i].exited:
		s.controllers[i] = s.serve(s.controllers[i].esl)
		s.change(func() { s.up[i], s.since[i] = true, time.Now() })
	default:
	}
}

func (s *storm) signal(i int, signal syscall.Signal) {
	if err := s.controllers[i].cmd.Process.Signal(signal); err == nil {
		s.hang(s.controllers[i].esl, signal == syscall.SIGSTOP)
		s.change(func() { s.up[i] = signal == syscall.SIGCONT })
	}
}

// hang notes that a controller hangs from now on, or no more.
func (s *storm) hang(esl string, hangs bool) {
	all := s.hung[esl]
	last := len(all) - 1
	switch {
	case hangs:
		s.hung[esl] = append(all, span{from: time.Now(), why: "hangs"})
	case last >= 0 && all[last].to.IsZero():
		all[last].to = time.Now()
	}
}

// restartNode starts the node that was killed, at its old address.
func (s *storm) restartNode() {
	was := s.nodes[1]
	sw, err := fstest.New(fstest.Config{
		Hosts: s.addresses(), Speed: chaosSpeed, Phones: was.Phones(), Hostname: "fs2", Listen: was.Addr(),
	})
	must(s.t, err)
	s.t.Cleanup(func() { _ = sw.Close() })
	s.dead = append(s.dead, was)
	s.nodes[1] = sw
}

func (s *storm) addresses() []string {
	esl := make([]string, len(s.controllers))
	for i, p := range s.controllers {
		esl[i] = p.esl
	}
	return esl
}

// wire takes Redis away or brings it back.
func (s *storm) wire(up bool) {
	if s.wired == up {
		return
	}
	if up {
		s.redis.Restart()
		s.unwired[len(s.unwired)-1].to = time.Now()
	} else {
		s.unwired = append(s.unwired, span{from: time.Now(), why: "no Redis"})
		s.redis.Stop()
	}
	s.change(func() { s.wired = up })
}

// change notes when nobody can serve a caller: the controllers that run are
// none, or Redis does not tell where a call stood.
func (s *storm) change(do func()) {
	do()
	why := ""
	if !slices.Contains(s.up, true) {
		why = "no controller"
	}
	if !s.wired {
		why = "no Redis"
	}
	last := len(s.dark) - 1
	open := last >= 0 && s.dark[last].to.IsZero()
	switch {
	case open && why == "":
		s.dark[last].to = time.Now()
	case !open && why != "":
		s.dark = append(s.dark, span{from: time.Now(), why: why})
	}
}

// calm brings everything back that is to come back.
func (s *storm) calm() {
	s.wire(true)
	for i := range s.controllers {
		s.signal(i, syscall.SIGCONT)
		s.start(i)
	}
	s.t.Logf("%6.2f calm; %d calls", time.Since(s.began).Seconds(), len(s.calls))
}
