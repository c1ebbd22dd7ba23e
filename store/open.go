package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/dialgraph/dialgraph/internal/nonblock"
)

// Bounds of every exchange with Redis. A caller waits at the other end, so
// they are short; a context's own deadline may be shorter still.
const (
	dialTimeout = time.Second
	ioTimeout   = time.Second
	poolSize    = 64 // connections to each node
	retries     = 2  // scripts bear repetition, see the script contract
)

// Open returns a client for a URL of one of these forms; rediss:// and so on
// use TLS:
//
//	redis://[user:password@]host[:port][/db]
//	redis+sentinel://[user:password@]host[:port],…/master[?db=0&sentinel_user=…&sentinel_password=…]
//	redis+cluster://[user:password@]host[:port],…
//
// It connects when it is first used, so a Redis that is down is no error here.
// An error never holds the password.
func Open(rawURL string) (redis.UniversalClient, error) {
	o, mode, err := parseURL(rawURL)
	if err != nil {
		return nil, fmt.Errorf("redis url: %w", err)
	}
	switch mode {
	case "sentinel":
		return redis.NewFailoverClient(o.Failover()), nil
	case "cluster":
		return redis.NewClusterClient(o.Cluster()), nil
	}
	return redis.NewClient(o.Simple()), nil
}

// parseURL reads a URL whose host is a list, which net/url does not.
func parseURL(raw string) (o *redis.UniversalOptions, mode string, err error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return nil, "", errors.New("no scheme: want redis://host:port")
	}
	kind, mode, plus := strings.Cut(scheme, "+")
	if kind != "redis" && kind != "rediss" || plus && mode != "sentinel" && mode != "cluster" {
		return nil, "", fmt.Errorf("unknown scheme %q: want redis, rediss, redis+sentinel or redis+cluster", scheme)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	at := strings.LastIndexByte(authority, '@') + 1
	u, err := url.Parse(kind + "://" + authority[:at] + "list" + tail)
	if err != nil {
		return nil, "", errors.New("malformed: percent-encode special characters in the password")
	}
	port := "6379"
	if mode == "sentinel" {
		port = "26379"
	}
	addrs, err := hosts(authority[at:], port)
	if err != nil {
		return nil, "", err
	}
	if mode == "" && len(addrs) > 1 {
		return nil, "", errors.New("several hosts: want redis+sentinel:// or redis+cluster://")
	}
	o = options(addrs, kind == "rediss")
	o.Username = u.User.Username()
	o.Password, _ = u.User.Password()
	return o, mode, target(o, mode, u)
}

// target reads what stands behind the hosts: database and master.
func target(o *redis.UniversalOptions, mode string, u *url.URL) error {
	path, query := strings.Trim(u.Path, "/"), u.Query()
	db := query.Get("db")
	switch mode {
	case "sentinel":
		if path == "" {
			return errors.New("no master: want redis+sentinel://host:port,…/master")
		}
		o.MasterName = path
		o.SentinelUsername, o.SentinelPassword = query.Get("sentinel_user"), query.Get("sentinel_password")
		query.Del("sentinel_user")
		query.Del("sentinel_password")
	case "cluster":
		if path != "" || db != "" {
			return errors.New("a cluster has no databases: want nothing behind the hosts")
		}
	default:
		if path != "" {
			db = path
		}
	}
	query.Del("db")
	for name := range query {
		return fmt.Errorf("unknown parameter %q", name)
	}
	if db == "" {
		return nil
	}
	n, err := strconv.ParseUint(db, 10, 16)
	if err != nil {
		return fmt.Errorf("database %q: want a number", db)
	}
	o.DB = int(n)
	return nil
}

// hosts reads host[:port],… and adds the port where there is none.
func hosts(list, port string) ([]string, error) {
	var addrs []string
	for h := range strings.SplitSeq(list, ",") {
		if h == "" || h[0] == ':' {
			return nil, errors.New("a host is missing: want redis://host:port")
		}
		bare := strings.HasPrefix(h, "[") && strings.HasSuffix(h, "]") // IPv6 without a port
		if bare || !strings.Contains(h, ":") {
			h = net.JoinHostPort(strings.Trim(h, "[]"), port)
		}
		_, p, err := net.SplitHostPort(h)
		if err != nil {
			return nil, fmt.Errorf("host %q: want host:port", h)
		}
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("port of %q: want 1 to 65535", h)
		}
		addrs = append(addrs, h)
	}
	return addrs, nil
}

func options(addrs []string, secure bool) *redis.UniversalOptions {
	o := &redis.UniversalOptions{
		Addrs:                 addrs,
		DialTimeout:           dialTimeout,
		DialerRetries:         1, // a command is repeated as a whole, which is enough
		ReadTimeout:           ioTimeout,
		WriteTimeout:          ioTimeout,
		PoolTimeout:           ioTimeout,
		PoolSize:              poolSize,
		MaxRetries:            retries,
		Protocol:              2, // nothing is pushed, which the client would look for behind every reply
		ContextTimeoutEnabled: true,
		// A managed service's extension; others answer it with an error.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if secure {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	} else {
		o.Dialer = connect
	}
	return o
}

// connect connects to Redis without TLS.
func connect(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout, KeepAliveConfig: keepAlive}
	nc, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return nonblock.Conn(nc), nil
}

// keepAlive is that of the client where it dials itself.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 5 * time.Second, Count: 3}
