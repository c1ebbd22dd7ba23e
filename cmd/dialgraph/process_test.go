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

// A cluster is one Redis, one FreeSWITCH node and two controllers, each a
// process of its own.
type cluster struct {
	t           *testing.T
	redis       string
	sw          *fstest.Switch
	store       *store.Store
	controllers []*process
}

// A process is one `dialgraph serve`.
type process struct {
	cmd       *exec.Cmd
	esl, http string
	log       *logged
}

// newCluster starts everything and sets up the example line.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, redis: storetest.Start(t).URL()}
	esl := []string{freeAddr(t), freeAddr(t)}
	sw, err := fstest.New(fstest.Config{Hosts: esl, Speed: 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sw.Close() })
	c.sw = sw
	for _, addr := range esl {
		c.controllers = append(c.controllers, c.serve(addr))
	}
	rdb := open(t, c.redis)
	c.store = store.New(rdb, store.Options{})
	key, err := keys{c.store.APIKeys()}.Create(t.Context(), "test", []api.Scope{api.ScopeAdmin})
	if err != nil {
		t.Fatal(err)
	}
	if err := setUp(t.Context(), "http://"+c.controllers[0].http, key.Secret); err != nil {
		t.Fatal(err)
	}
	for _, p := range c.controllers {
		p.log.wait(t, `configuration|serving`)
	}
	return c
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
	p := &process{esl: esl, http: freeAddr(c.t), log: newLogged()}
	p.cmd = exec.Command(os.Args[0], "serve", "--esl", esl, "--http", p.http, "--redis", c.redis,
		"--freeswitch", c.sw.Addr(), "--freeswitch-password", "ClueCon", "--prompts", c.t.TempDir(), "--grace", "2s", "--log-level", "debug")
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	errOut, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		p.log.read(errOut)
	}()
	c.t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may be dead already
		<-read
		_ = p.cmd.Wait()
		if c.t.Failed() {
			c.t.Logf("log of %s:\n%s", esl, p.log)
		}
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
func (c *cluster) record(call string) api.Call {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), soon)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		r, err := calls{c.store.Records()}.Get(ctx, call)
		if err == nil && !r.Ended.IsZero() {
			return r
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			c.t.Fatalf("record of %s: %+v, %v", call, r, err)
		}
	}
}

// waitState waits until an agent is in a state.
func (c *cluster) waitState(agent string, want store.AgentState) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), soon)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for {
		v, err := c.store.Agents(store.DefaultSite).View(ctx, agent)
		if err == nil && v.State == want {
			return
		}
		if ctx.Err() == nil {
			last = fmt.Sprintf("%+v, %v", v, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			c.t.Fatalf("agent %s is not %s: %s", agent, want, last)
		}
	}
}
