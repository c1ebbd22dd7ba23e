package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/api"
	"github.com/dialgraph/dialgraph/controller/fstest"
	"github.com/dialgraph/dialgraph/store"
	"github.com/dialgraph/dialgraph/store/storetest"
)

// soon bounds every wait for something that should happen at once.
const soon = 20 * time.Second

// A cluster is one Redis, some FreeSWITCH nodes that share their telephones,
// and some controllers, each a process of its own.
type cluster struct {
	t           *testing.T
	redis       *storetest.Server
	nodes       []*fstest.Switch
	rdb         redis.UniversalClient
	store       *store.Store
	controllers []*process
	started     []*process // all controllers that there ever were
}

// A process is one `dialgraph serve`.
type process struct {
	cmd       *exec.Cmd
	esl, http string
	log       *logged
	exited    chan struct{} // closed when it has ended
}

// newCluster starts everything. Calls run at the speed given.
func newCluster(t *testing.T, nodes, controllers int, speed float64) *cluster {
	t.Helper()
	c := &cluster{t: t, redis: storetest.Start(t)}
	esl := make([]string, controllers)
	for i := range esl {
		esl[i] = freeAddr(t)
	}
	phones := fstest.NewPhones()
	for i := range nodes {
		sw, err := fstest.New(fstest.Config{Hosts: esl, Speed: speed, Phones: phones, Hostname: fmt.Sprintf("fs%d", i+1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = sw.Close() })
		c.nodes = append(c.nodes, sw)
	}
	c.rdb = open(t, c.redis.URL())
	c.store = store.New(c.rdb, store.Options{})
	for _, addr := range esl {
		c.controllers = append(c.controllers, c.serve(addr))
	}
	return c
}

// newExampleCluster is one node and two controllers with the example line.
func newExampleCluster(t *testing.T) *cluster {
	t.Helper()
	c := newCluster(t, 1, 2, 10)
	t.Cleanup(func() {
		for _, p := range c.started {
			if t.Failed() {
				t.Logf("log of %s:\n%s", p.esl, p.log)
			}
		}
	})
	key, err := keys{c.store.APIKeys()}.Create(t.Context(), "test", []api.Scope{api.ScopeAdmin})
	if err != nil {
		t.Fatal(err)
	}
	if err := setUp(t.Context(), "http://"+c.controllers[0].http, key.Secret); err != nil {
		t.Fatal(err)
	}
	c.waitListed()
	return c
}

// waitListed waits until every node knows every controller.
func (c *cluster) waitListed() {
	c.t.Helper()
	for _, sw := range c.nodes {
		eventually(c.t, "all controllers are on the node's list", func() (string, bool) {
			hosts := strings.Split(sw.Global("dialgraph_hosts"), "|")
			return strings.Join(hosts, " "), len(hosts) == len(c.controllers)
		})
	}
}

// eventually polls until ok, and says what was seen last when it never is.
func eventually(t *testing.T, what string, ok func() (seen string, ok bool)) {
	t.Helper()
	late := time.After(soon)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		seen, done := ok()
		if done {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not seen within %s: %s; last: %s", soon, what, seen)
		}
	}
}

func open(t *testing.T, url string) redis.UniversalClient {
	t.Helper()
	rdb, err := store.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// serve starts one controller and waits until it serves.
func (c *cluster) serve(esl string) *process {
	c.t.Helper()
	prompts, err := os.MkdirTemp("", "prompts") // a speech engine may outlive its controller, and write
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		eventually(c.t, "the folder for prompts can be removed", func() (string, bool) {
			err := os.RemoveAll(prompts)
			return fmt.Sprint(err), err == nil
		})
	})
	p := &process{esl: esl, http: freeAddr(c.t), log: newLogged(), exited: make(chan struct{})}
	args := []string{"serve", "--esl", esl, "--http", p.http, "--redis", c.redis.URL(), "--freeswitch-password", "ClueCon",
		"--prompts", prompts, "--recordings", "/sounds", "--grace", "2s", "--log-level", "debug"}
	for _, sw := range c.nodes {
		args = append(args, "--freeswitch", sw.Addr())
	}
	p.cmd = exec.Command(os.Args[0], args...)
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	errOut, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		p.log.read(errOut)
		_ = p.cmd.Wait() // ProcessState tells
	}()
	c.started = append(c.started, p)
	c.t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may be dead already
		<-p.exited
	})
	p.log.wait(c.t, "msg=serving")
	return p
}

// kill is kill -9.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// logged is what a process has logged.
type logged struct {
	mu      sync.Mutex
	lines   []string
	changed chan struct{}
}

func newLogged() *logged { return &logged{changed: make(chan struct{})} }

func (l *logged) read(r io.Reader) {
	for s := bufio.NewScanner(r); s.Scan(); {
		l.mu.Lock()
		l.lines = append(l.lines, s.Text())
		close(l.changed)
		l.changed = make(chan struct{})
		l.mu.Unlock()
	}
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// wait waits for a line.
func (l *logged) wait(t *testing.T, pattern string) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	late := time.After(soon)
	for {
		l.mu.Lock()
		changed, found := l.changed, false
		for _, line := range l.lines {
			found = found || re.MatchString(line)
		}
		l.mu.Unlock()
		if found {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("no line %q in the log:\n%s", pattern, l)
		}
	}
}

// owner is the controller that has the call now.
func (c *cluster) owner(call *fstest.Call) *process {
	c.t.Helper()
	last := ""
	for _, e := range call.Transcript() {
		if e.Kind == fstest.Controlled {
			last = e.Text
		}
	}
	for _, p := range c.controllers {
		if p.esl == last {
			return p
		}
	}
	c.t.Fatalf("nobody controls the call:\n%s", call.Transcript())
	return nil
}

// survivor is the other controller.
func (c *cluster) survivor(dead *process) *process {
	if c.controllers[0] == dead {
		return c.controllers[1]
	}
	return c.controllers[0]
}

// until waits for the nth event that fits.
func until(t *testing.T, call *fstest.Call, n int, kind fstest.Kind, part string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	seen := 0
	for e := range call.Follow(ctx) {
		if e.Kind == kind && strings.Contains(e.Text, part) {
			if seen++; seen == n {
				return
			}
		}
	}
	t.Fatalf("%s of %q was not seen %d times:\n%s", kind, part, n, call.Transcript())
}

func ended(t *testing.T, call *fstest.Call) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	cause, err := call.Wait(ctx)
	if err != nil {
		t.Fatalf("the call did not end: %v\n%s", err, call.Transcript())
	}
	return cause
}

// record waits for the record of a call that has ended.
func (c *cluster) record(call string) (r api.Call) {
	c.t.Helper()
	eventually(c.t, "record of "+call, func() (string, bool) {
		var err error
		r, err = calls{c.store.Records()}.Get(c.t.Context(), call)
		return fmt.Sprintf("%+v, %v", r, err), err == nil && !r.Ended.IsZero()
	})
	return r
}

// waitState waits until an agent is in a state.
func (c *cluster) waitState(agent string, want store.AgentState) {
	c.t.Helper()
	eventually(c.t, agent+" is "+string(want), func() (string, bool) {
		v, err := c.store.Agents(store.DefaultSite).View(c.t.Context(), agent)
		return fmt.Sprintf("%+v, %v", v, err), err == nil && v.State == want
	})
}
