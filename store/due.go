package store

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	sweepEvery = 100 * time.Millisecond // so late is what is due at most
	lookEvery  = time.Second            // so late is an offer whose wake-up was lost, and an instance's sign of life
	runTimeout = 2 * time.Second        // for one round of sweeps or looks
)

var (
	//go:embed due.lua
	dueLua string
	due    = queueScript(dueLua)
)

// Run does an instance's part of the work until ctx ends: it hears of offers,
// shows that it lives, keeps what it promised while Redis was away, and does
// what is due at every site.
func (d *Distributor) Run(ctx context.Context) error {
	var listening sync.WaitGroup
	listening.Go(func() { d.listen(ctx) })
	defer listening.Wait()

	sweep, look := time.NewTicker(sweepEvery), time.NewTicker(lookEvery)
	defer sweep.Stop()
	defer look.Stop()
	w := &lookout{d: d}
	for {
		w.look(ctx)
	sweeping:
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-look.C:
				break sweeping
			case <-sweep.C:
				d.sweep(ctx, w.sites)
			}
		}
	}
}

// listen takes wake-ups. The client connects again by itself.
func (d *Distributor) listen(ctx context.Context) {
	sub := d.s.rdb.Subscribe(ctx, d.owner)
	defer sub.Close()
	offers := sub.Channel()
	for {
		select {
		case m, ok := <-offers:
			if !ok {
				return
			}
			for offer := range strings.SplitSeq(m.Payload, "\x1e") { // a run of a script tells all of its own at once
				d.offered(offer)
			}
		case <-ctx.Done():
			return
		}
	}
}

// sweep does what is due at the sites, in one round trip where little is.
func (d *Distributor) sweep(ctx context.Context, sites []string) {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	cmds := make([]*redis.Cmd, len(sites))
	_, _ = d.s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error { // each command has its own error
		for i, site := range sites {
			cmds[i] = due.EvalSha(ctx, p, d.s.queueKeys(site), d.s.queueArgs()...)
		}
		return nil
	})
	for i, site := range sites {
		more, err := readSweep(cmds[i])
		if redis.HasErrorPrefix(err, "NOSCRIPT") || more {
			err = d.s.Sweep(ctx, site)
		}
		if err != nil && ctx.Err() == nil {
			d.s.log.Debug("sweep failed", "site", site, "error", err)
		}
	}
}

// Sweep does everything that is due at a site: the ends of wrap-ups and
// delays, the widening of what a caller may get, offers and leases that ran
// out. Any instance may, at any time.
func (s *Store) Sweep(ctx context.Context, site string) error {
	for {
		more, err := readSweep(s.runQueue(ctx, due, site))
		if err != nil {
			return fmt.Errorf("sweep site %q: %w", site, err)
		}
		if !more {
			return nil
		}
	}
}

// readSweep tells whether more is due already.
func readSweep(cmd *redis.Cmd) (more bool, err error) {
	r := readReply(cmd)
	return r.number() == 0, r.err
}
