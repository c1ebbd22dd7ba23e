// Package storetest gives tests a Redis of their own: a real server, a real
// cluster of three nodes, or the embedded one. A missing redis-server fails
// the test; it never skips it.
package storetest

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

const (
	loopback    = "127.0.0.1"
	startWithin = 10 * time.Second // from the start of a server to its first answer
	pollEvery   = 5 * time.Millisecond
)

// A Server is one redis-server process that ends with the test.
type Server struct {
	Addr string // host:port on the loopback

	t       testing.TB
	dir     string
	scratch bool // dir is removed when the server ends
	args    []string
	cmd     *exec.Cmd
	hold    io.Closer // standard input of cmd: closing it ends the server
}

// guard runs a server for as long as its standard input is open, so that no
// server outlives a test binary, however that one ends.
const guard = `"$0" "$@" & read _; kill -9 $!; wait; [ -z "$SCRATCH" ] || rm -rf "$SCRATCH"`

// Start starts a redis-server for this test alone. It keeps what was written
// in an append-only file, so that Stop and Restart lose nothing; args are
// further arguments, such as "--maxmemory", "1mb".
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := newServer(t, t.TempDir(), append([]string{"--appendonly", "yes", "--appendfsync", "always"}, args...)...)
	t.Cleanup(s.Stop)
	s.Restart()
	return s
}

// shared are the servers that all tests of this binary use together. They end
// with the binary.
var shared struct {
	sync.Mutex
	single, cluster string    // URLs
	servers         []*Server // kept, because a server ends when its input is collected
}

// Redis returns the URL of a redis-server that the tests of this binary
// share. Each test should use a key prefix of its own.
func Redis(t testing.TB) string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.single == "" {
		shared.single = startShared(t).URL()
	}
	return shared.single
}

// Cluster returns the URL of a cluster of three masters that the tests of
// this binary share. It is the only set-up that notices keys of another slot.
func Cluster(t testing.TB) string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == "" {
		shared.cluster = newCluster(t)
	}
	return shared.cluster
}

// Sentinel starts a redis-server and a Sentinel that watches it, for this test
// alone, and returns their URL.
func Sentinel(t testing.TB) string {
	t.Helper()
	master := Start(t)
	s := newServer(t, t.TempDir())
	conf := filepath.Join(s.dir, "sentinel.conf") // Sentinel writes to it
	text := fmt.Sprintf("bind %s\nport %s\ndir %s\nlogfile %s\nsentinel monitor main %s %s 1\n",
		loopback, portOf(t, s.Addr), s.dir, s.log(), loopback, portOf(t, master.Addr))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatalf("configure Sentinel: %v", err)
	}
	s.args = []string{conf, "--sentinel"}
	t.Cleanup(s.Stop)
	s.Restart()
	return "redis+sentinel://" + s.Addr + "/main"
}

// Embedded starts the in-process Redis for this test and returns its URL.
func Embedded(t testing.TB) string {
	t.Helper()
	m := miniredis.NewMiniRedis()
	m.ClockTTL(true)
	if err := m.Start(); err != nil {
		t.Fatalf("start the embedded redis: %v", err)
	}
	t.Cleanup(m.Close)
	return "redis://" + m.Addr() + "/0"
}

// newServer prepares a server whose files are in dir.
func newServer(t testing.TB, dir string, args ...string) *Server {
	t.Helper()
	s := &Server{Addr: freeAddr(t), t: t, dir: dir}
	s.args = append([]string{
		"--bind", loopback, "--port", portOf(t, s.Addr), "--dir", dir, "--save", "", "--logfile", s.log(),
	}, args...)
	return s
}

// startShared starts a server that lives as long as the test binary. The
// caller has locked shared.
func startShared(t testing.TB, args ...string) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "storetest") //nolint:usetesting // it outlives this test; the guard removes it
	if err != nil {
		t.Fatalf("folder for redis-server: %v", err)
	}
	s := newServer(t, dir, args...)
	s.scratch = true
	s.Restart()
	shared.servers = append(shared.servers, s)
	return s
}

func (s *Server) log() string { return filepath.Join(s.dir, "log") }

// URL is where a client finds the server.
func (s *Server) URL() string { return "redis://" + s.Addr + "/0" }

// Stop kills the server as a power failure would. Stopping twice does nothing.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.hold.Close()
	_ = s.cmd.Wait() // "killed" is what was asked for
	s.cmd = nil
}

// Restart starts the server again on the same address and waits until it answers.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		s.t.Fatal("no redis-server on this machine: install the Debian package redis-server")
	}
	cmd := exec.Command("sh", append([]string{"-c", guard, path}, s.args...)...)
	if s.scratch {
		cmd.Env = append(os.Environ(), "SCRATCH="+s.dir)
	}
	hold, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.t.Fatalf("start redis-server: %v", err)
	}
	s.cmd, s.hold = cmd, hold
	c := redis.NewClient(&redis.Options{Addr: s.Addr, MaxRetries: -1})
	defer c.Close()
	s.await("redis-server answers", func(ctx context.Context) error { return c.Ping(ctx).Err() })
}

// await polls until ok returns nil, and fails the test with the server's own
// log when it never does.
func (s *Server) await(what string, ok func(context.Context) error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := ok(ctx)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(s.log())
			s.t.Fatalf("%s: not within %s: %v\n%s", what, startWithin, err, log)
		}
	}
}

// newCluster starts three servers and makes them one cluster.
func newCluster(t testing.TB) string {
	t.Helper()
	const nodes, slots = 3, 16384
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	var servers []*Server
	var clients []*redis.Client
	var buses []string // ports of the nodes' own talk
	for i := range nodes {
		bus := portOf(t, freeAddr(t))
		s := startShared(t, "--cluster-enabled", "yes",
			"--cluster-port", bus, "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000")
		c := redis.NewClient(&redis.Options{Addr: s.Addr})
		defer c.Close()
		if err := c.ClusterAddSlotsRange(ctx, i*slots/nodes, (i+1)*slots/nodes-1).Err(); err != nil {
			t.Fatalf("give slots to node %d: %v", i, err)
		}
		if err := c.Do(ctx, "cluster", "set-config-epoch", i+1).Err(); err != nil {
			t.Fatalf("set the epoch of node %d: %v", i, err)
		}
		servers, clients, buses = append(servers, s), append(clients, c), append(buses, bus)
	}
	for i, s := range servers[1:] {
		if err := clients[0].Do(ctx, "cluster", "meet", loopback, portOf(t, s.Addr), buses[i+1]).Err(); err != nil {
			t.Fatalf("introduce %s: %v", s.Addr, err)
		}
	}
	for i, c := range clients {
		servers[i].await("cluster is formed", func(ctx context.Context) error { return formed(ctx, c, nodes) })
	}
	addrs := make([]string, nodes)
	for i, s := range servers {
		addrs[i] = s.Addr
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}

// formed is nil once the node sees the whole cluster.
func formed(ctx context.Context, c *redis.Client, nodes int) error {
	info, err := c.ClusterInfo(ctx).Result()
	if err != nil {
		return err
	}
	for _, want := range []string{"cluster_state:ok", "cluster_slots_ok:16384", fmt.Sprintf("cluster_size:%d", nodes)} {
		if !strings.Contains(info, want) {
			return fmt.Errorf("waiting for %s", want)
		}
	}
	return nil
}

// freeAddr is a loopback address that nobody listens on at the moment.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer l.Close()
	return l.Addr().String()
}

func portOf(t testing.TB, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatalf("port of %q: %v", addr, err)
	}
	return port
}
