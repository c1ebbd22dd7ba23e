package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/store"
)

var errNoRedis = errors.New("no redis-server on this machine: install the Debian package redis-server, or say --redis URL")

// startRedis starts a redis-server on a free port, with the persistence that
// docs/operations.md asks for, or takes the one that the configuration names, which
// must be empty: the bench empties it between scenarios.
func (b *bench) startRedis(ctx context.Context) error {
	b.url = b.cfg.Redis
	if b.url == "" {
		path, err := exec.LookPath("redis-server")
		if err != nil {
			return errNoRedis
		}
		port, err := freePort()
		if err != nil {
			return err
		}
		b.redis, err = b.startGuarded(ctx, "redis", path, "--bind", loopback, "--port", port, "--dir", b.dir,
			"--save", "", "--appendonly", "yes", "--appendfsync", "everysec",
			"--auto-aof-rewrite-min-size", "512mb", "--logfile", "redis.log")
		if err != nil {
			return err
		}
		b.url = "redis://" + net.JoinHostPort(loopback, port)
		err = eventually(ctx, "redis listens", func() error { return reachable(net.JoinHostPort(loopback, port)) })
		if err != nil {
			return err
		}
	}
	var err error
	if b.rdb, err = store.Open(b.url); err != nil {
		return err
	}
	n, err := b.rdb.DBSize(ctx).Result()
	if err != nil {
		return fmt.Errorf("ask redis: %w", err)
	}
	if n > 0 {
		return fmt.Errorf("redis holds %d keys: want an empty one, because the bench empties it", n)
	}
	if b.redis == nil {
		b.borrowed = true
		b.redis, err = foreign(ctx, b.rdb)
	}
	return err
}

// foreign stands for a redis-server that the bench did not start, whose
// processor time is known because it runs here.
func foreign(ctx context.Context, rdb redis.UniversalClient) (*child, error) {
	info, err := rdb.InfoMap(ctx, "server").Result()
	if err != nil {
		return nil, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(info["Server"]["process_id"]))
	if err != nil {
		return nil, fmt.Errorf("redis does not tell its process id: %w", err)
	}
	if _, err := cpu(pid); err != nil {
		return nil, fmt.Errorf("redis must run on this machine: %w", err)
	}
	return &child{name: "redis", pid: pid}, nil
}

const loopback = "127.0.0.1"

// freePort is a port that nobody listens on at the moment, for programs that
// cannot be given a listener and do not tell which port they took.
func freePort() (string, error) {
	l, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// reachable is nil when somebody listens.
func reachable(addr string) error {
	nc, err := net.Dial("tcp", addr)
	if err == nil {
		err = nc.Close()
	}
	return err
}

// eventually polls until ok returns nil, and says why it never did.
func eventually(ctx context.Context, what string, ok func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := ok()
		if err == nil {
			return nil
		}
		if pause(ctx, 5*time.Millisecond) != nil {
			return fmt.Errorf("%s: not within %v: %w", what, patience, err)
		}
	}
}
