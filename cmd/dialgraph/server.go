package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/dialgraph/dialgraph/api"
	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/controller/tts"
	"github.com/dialgraph/dialgraph/store"
)

const (
	startWithin = 5 * time.Second  // for Redis' first answer
	stopWithin  = 15 * time.Second // beyond the grace of live calls
	tidyEvery   = time.Minute
)

// A server is all of dialgraph in one process.
type server struct {
	log      *slog.Logger
	grace    time.Duration
	esl, web net.Listener

	rdb         redis.UniversalClient
	embedded    *store.Embedded // nil with a real Redis
	store       *store.Store
	live        *store.Live
	cursors     *store.Cursors
	distributor *store.Distributor
	limits      *store.Limits
	controller  *controller.Controller
	http        *http.Server
	health      *health
	prompts     *prompts
	records     *records
	moves       *moves
}

// newServer opens everything that run needs. What it has opened is closed
// again when it fails.
func newServer(ctx context.Context, c *serveCmd, log *slog.Logger) (_ *server, err error) {
	s := &server{log: log, grace: c.Grace}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err = s.listen(c); err != nil {
		return nil, err
	}
	if err = s.open(ctx, c); err != nil {
		return nil, err
	}
	if err = s.control(c); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *server) listen(c *serveCmd) (err error) {
	if s.esl, err = esl.Listen(c.ESL); err != nil {
		return fmt.Errorf("--esl: %w", err)
	}
	if s.web, err = net.Listen("tcp", c.HTTP); err != nil {
		return fmt.Errorf("--http: %w", err)
	}
	return nil
}

var errNoStore = errors.New("say --redis URL, or --data DIR for an embedded Redis")

// open opens the store. A Redis that is away is no reason not to start: calls
// that come get their number's notice until it is back.
func (s *server) open(ctx context.Context, c *serveCmd) (err error) {
	redis.SetLogger(redisLog{s.log})
	switch {
	case c.Redis != "":
		s.rdb, err = store.Open(c.Redis)
	case c.Data != "":
		if s.embedded, err = store.OpenEmbedded(store.EmbeddedOptions{Dir: c.Data, Log: s.log}); err == nil {
			s.rdb = s.embedded.Client()
		}
	default:
		err = errNoStore
	}
	if err != nil {
		return err
	}
	options := store.Options{Log: s.log}
	if s.embedded != nil {
		options.RecordMax = store.EmbeddedRecords
	}
	s.store = store.New(s.rdb, options)
	s.live = s.store.Live()
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	if err := s.live.Refresh(ctx); err != nil {
		s.log.Error("redis does not answer yet", "error", err)
	}
	return nil
}

// control builds the controller and the API.
func (s *server) control(c *serveCmd) error {
	networks, err := c.networks()
	if err != nil {
		return err
	}
	trunks, err := c.trunks()
	if err != nil {
		return err
	}
	address, err := c.address(s.esl)
	if err != nil {
		return err
	}
	engine, err := s.speech(c)
	if err != nil {
		return err
	}
	name := instance()
	s.records = newRecords(s.store.Records(), s.log)
	s.cursors, s.distributor, s.limits = s.store.Cursors(name), s.store.Distributor(), s.store.Limits(name)
	mine := owners{s.store.Owners(name)}
	nodes := make([]controller.NodeConfig, len(c.Node))
	for i, addr := range c.Node {
		nodes[i] = controller.NodeConfig{Addr: addr, Password: c.Password}
	}
	events, lookups := api.NewFeed(), prometheus.NewHistogram(lookupSeconds)
	s.moves = newMoves(agents{s: s.store}.doing, events, s.log)
	s.controller, err = controller.New(controller.Config{
		Instance: name, Address: address,
		Numbers: routes{s.live, new(sync.Map)}, Customers: customers{s.store.Customers()}, Cursors: cursors{s.cursors},
		Records: told{s.records, events, s.log}, Prompts: s.prompts,
		World:  world{s.distributor, s.store.Outages(), s.cursors, s.moves, lookups},
		Owners: mine, Peers: mine, Limits: s.limits, Nodes: nodes,
		Trunks: trunks, DefaultTrunk: controller.Trunk{Trust: controller.Trust(c.Trust)}, AllowedNetworks: networks,
		MaxCalls: c.MaxCalls, LongestCall: c.Longest, Grace: c.Grace, Log: s.log,
	})
	if err != nil {
		return err
	}
	s.health = &health{ping: s.store.Ping, vanished: s.live.Vanished, controller: s.controller, nodes: len(nodes)}
	rest, err := api.New(api.Config{
		Menus: menus{s.store.Menus()}, Numbers: numbersOf(s.store), Sites: sitesOf(s.store), Customers: customersOf(s.store),
		Outages: outages{s.store.Outages()}, OutageImporter: outages{s.store.Outages()},
		Agents: agentsOf(s.store), Queues: queuesOf(s.store), Calls: calls{s.store.Records()}, Keys: keys{s.store.APIKeys()},
		Health: s.health, Events: events, Prompts: engine, Metrics: metrics(s.controller, s.cursors, lookups),
		Translate: translate, Version: version(), Log: s.log,
	})
	if err != nil {
		return err
	}
	s.http = rest.Server()
	return nil
}

// speech finds the engine that renders prompts, nil for none. Without one
// FreeSWITCH's own engine speaks.
func (s *server) speech(c *serveCmd) (api.Prompts, error) {
	dir, err := c.promptsFolder()
	if err != nil {
		return nil, err
	}
	s.prompts = &prompts{recordings: c.Records, rendered: dir}
	if c.URL != "" {
		s.prompts.rendered = strings.TrimSuffix(c.URL, "/") + "/prompts"
	}
	engine, err := tts.New(tts.Config{Dir: dir, Logger: s.log})
	if errors.Is(err, tts.ErrNoEngine) {
		s.log.Warn("espeak-ng is not installed: FreeSWITCH's own engine speaks, in English only")
		return nil, nil
	}
	s.prompts.engine = engine
	return engine, err
}

// renderAhead renders prompts before a caller waits for them.
func (s *server) renderAhead(ctx context.Context) error {
	return s.prompts.renderAhead(ctx, s.live, s.log)
}

// run serves until ctx ends or a part fails, then drains and stops.
func (s *server) run(ctx context.Context) error {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g, failed := errgroup.WithContext(working)
	for _, part := range []func(context.Context) error{
		s.live.Run, s.distributor.Run, s.controller.Run, s.health.watch, s.renewLimits, s.renderAhead, s.records.run, s.moves.run, s.tidy,
	} {
		g.Go(func() error { return part(failed) })
	}
	g.Go(func() error { return unless(esl.ErrServerClosed, s.controller.Serve(s.esl)) })
	g.Go(func() error { return unless(http.ErrServerClosed, s.http.Serve(s.web)) })
	s.log.Info("serving", "esl", s.esl.Addr().String(), "http", s.web.Addr().String())

	select {
	case <-ctx.Done():
	case <-failed.Done():
	}
	err := s.drain(working)
	stop()
	return errors.Join(g.Wait(), err)
}

// drain lets live calls end, or hands them over, while everything they need
// still runs.
func (s *server) drain(ctx context.Context) error {
	s.log.Info("draining", "calls", len(s.controller.Calls()))
	ctx, cancel := context.WithTimeout(ctx, s.grace+stopWithin)
	defer cancel()
	err := s.controller.Shutdown(ctx)
	return errors.Join(err, s.http.Shutdown(ctx))
}

// close gives back what newServer has opened.
func (s *server) close() {
	for _, l := range []net.Listener{s.esl, s.web} {
		if l != nil {
			_ = l.Close() // served listeners are closed already
		}
	}
	if s.prompts != nil && s.prompts.engine != nil {
		s.prompts.engine.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if s.cursors != nil {
		if err := s.cursors.Close(ctx); err != nil {
			s.log.Error("cursors not written", "error", err)
		}
	}
	if s.embedded != nil {
		if err := s.embedded.Close(); err != nil {
			s.log.Error("embedded redis not saved", "error", err)
		}
	} else if s.rdb != nil {
		_ = s.rdb.Close() // nothing is under way
	}
}

func (s *server) tidy(ctx context.Context) error {
	return every(ctx, tidyEvery, func(ctx context.Context) {
		if err := s.store.Tidy(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("store not tidied", "error", err)
		}
	})
}

func (s *server) renewLimits(ctx context.Context) error {
	return every(ctx, 2*time.Second, func(ctx context.Context) {
		if err := s.limits.Renew(ctx); err != nil && ctx.Err() == nil {
			s.log.Debug("limits not renewed", "error", err)
		}
	})
}

// every does something again and again until ctx ends.
func every(ctx context.Context, pause time.Duration, do func(context.Context)) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			do(ctx)
		}
	}
}

// unless is err, or nil for the error that is expected.
func unless(expected, err error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

// redisLog takes what the client says of its connections.
type redisLog struct{ *slog.Logger }

// Printf implements the client's logger.
func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.DebugContext(ctx, "redis client", "says", fmt.Sprintf(format, v...))
}
