package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/internal/nonblock"
)

// A serveCmd is `dialgraph serve`.
type serveCmd struct {
	ESL      string        `default:":8084" help:"Where FreeSWITCH hands over calls: host:port to listen on."`
	ESLAllow []string      `help:"Networks (CIDR) that may hand over calls. Default: this machine only."`
	HTTP     string        `default:":8080" help:"Where the CRM finds the API: host:port to listen on."`
	Address  string        `help:"host:port under which FreeSWITCH reaches --esl. Default: this host's name and that port."`
	Redis    string        `help:"redis://…, redis+sentinel://host,host/master or redis+cluster://host,host; rediss for TLS." xor:"redis"`
	Data     string        `help:"Folder for documents and records of an embedded Redis. Not for production." xor:"redis"`
	Node     []string      `name:"freeswitch" help:"Event sockets of the FreeSWITCH nodes, host:port. May be repeated."`
	Password string        `name:"freeswitch-password" help:"Password of these event sockets."`
	Prompts  string        `help:"Folder in which rendered prompts are kept. Default: below --data, or in the user's cache."`
	URL      string        `name:"prompts-url" help:"Base URL of this API as FreeSWITCH reaches it, to fetch rendered prompts. Default: FreeSWITCH reads the folder on this machine."`
	Records  string        `name:"recordings" help:"Folder or URL of recorded prompts, as FreeSWITCH sees it."`
	MaxCalls int           `default:"20000" help:"Calls at once; more are left to the next controller."`
	Longest  time.Duration `name:"longest-call" default:"4h" help:"A call is hung up after that."`
	Grace    time.Duration `default:"30s" help:"When stopping: how long live calls may go on before they are handed over."`
	Trust    string        `default:"from" enum:"from,p-asserted-identity,diversion,nothing" help:"Whose word is taken for the caller's number: ${enum}."`
	Trunk    []string      `sep:"none" help:"What is believed of one trunk, and how many calls it may bring at once: NAME=TRUST or NAME=TRUST:MAX. NAME is its gateway or its address. May be repeated."`
	LogLevel string        `default:"info" enum:"debug,info,warn,error" help:"${enum}."`
	LogJSON  bool          `name:"log-json" help:"Log as JSON."`
}

// flushWithin bounds the writing of the log's last lines.
const flushWithin = time.Second

// Run serves until the context ends, then drains.
func (c *serveCmd) Run(r *run) error {
	lines := nonblock.NewLog(r.errOut)
	defer lines.Flush(flushWithin)
	log := logger(lines, c.LogLevel, c.LogJSON)
	lines.Lost = func(n int) { log.Warn("lines of the log are missing before this one: it was not taken", "lines", n) }
	defer asController(log)()
	s, err := newServer(r.ctx, c, log)
	if err != nil {
		return err
	}
	defer s.close()
	return s.run(r.ctx)
}

// asController sets Go's runtime for a process that serves calls, until it is told to stop.
func asController(log *slog.Logger) (stop func()) {
	roomForHeap()
	return fewProcessors(log)
}

func logger(out io.Writer, level string, asJSON bool) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: l}
	if asJSON {
		return slog.New(slog.NewJSONHandler(out, options))
	}
	return slog.New(slog.NewTextHandler(out, options))
}

// networks reads --esl-allow.
func (c *serveCmd) networks() ([]netip.Prefix, error) {
	var all []netip.Prefix
	var faults []error
	for _, s := range c.ESLAllow {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			faults = append(faults, fmt.Errorf("--esl-allow %q: want a network such as 10.0.0.0/8", s))
		}
		all = append(all, p)
	}
	return all, errors.Join(faults...)
}

// trunks reads --trunk.
func (c *serveCmd) trunks() (map[string]controller.Trunk, error) {
	all := make(map[string]controller.Trunk, len(c.Trunk))
	for _, s := range c.Trunk {
		name, rest, ok := strings.Cut(s, "=")
		trust, limit, limited := strings.Cut(rest, ":")
		t := controller.Trunk{Trust: controller.Trust(trust)}
		var err error
		if limited {
			t.MaxCalls, err = strconv.Atoi(limit)
		}
		if !ok || name == "" || err != nil || t.MaxCalls < 0 {
			return nil, fmt.Errorf("--trunk %q: want NAME=TRUST or NAME=TRUST:MAX, such as 198.51.100.7=p-asserted-identity:30", s)
		}
		all[name] = t
	}
	return all, nil
}

// hostSigns are what may stand in an instance's name.
var hostSigns = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

// instance names this process: no two share a name, not even one and its
// restart, so that the calls of a process that is gone can be told apart.
func instance() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	host = strings.Trim(hostSigns.ReplaceAllString(host, "-"), ".-")
	if host = host[:min(len(host), 40)]; host == "" {
		host = "host"
	}
	var id [4]byte
	_, _ = rand.Read(id[:]) // crypto/rand never fails
	return host + "-" + hex.EncodeToString(id[:])
}

// address is where FreeSWITCH reaches the listener.
func (c *serveCmd) address(l net.Listener) (string, error) {
	if c.Address != "" {
		return c.Address, nil
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "", err
	}
	host, _, err := net.SplitHostPort(c.ESL)
	if err != nil {
		return "", fmt.Errorf("--esl %q: %w", c.ESL, err)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		if host, err = os.Hostname(); err != nil {
			return "", fmt.Errorf("find this host's name (say --address): %w", err)
		}
	}
	return net.JoinHostPort(host, port), nil
}

// promptsFolder is where rendered prompts are kept; FreeSWITCH may have to
// find it, so it is absolute.
func (c *serveCmd) promptsFolder() (string, error) {
	dir := c.Prompts
	switch {
	case dir != "":
	case c.Data != "":
		dir = filepath.Join(c.Data, "prompts")
	default:
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a folder for rendered prompts (say --prompts): %w", err)
		}
		dir = filepath.Join(cache, "dialgraph", "prompts")
	}
	return filepath.Abs(dir)
}
