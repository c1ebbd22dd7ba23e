package bench

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// yardsticks measures what this machine and its Redis can do at all, so that
// figures of different machines can be compared. It is part of every bench.
func (b *bench) yardsticks(ctx context.Context) error {
	instances, err := b.startInstances(ctx)
	if err != nil {
		return err
	}
	floor, err := b.startRival(ctx, partFloor)
	if err != nil {
		return err
	}
	load, err := b.startPart(ctx, partLoad)
	if err != nil {
		return err
	}
	window := b.size.window / 2
	for range b.cfg.Runs {
		scripts := 0.0
		err := all(instances, instanceOrder{Do: "script", Seconds: window}, func(r instanceReport) { scripts += r.Scripts })
		if err != nil {
			return err
		}
		var ping instanceReport
		if err := instances[0].ask(instanceOrder{Do: "ping", Seconds: window}, &ping); err != nil {
			return err
		}
		var got report
		if err := load.ask(order{Do: "calls", Addr: floor.addr, Seconds: window, Slots: b.size.slots}, &got); err != nil {
			return err
		}
		if err := got.fault(); err != nil {
			return err
		}
		b.figures.add(yardScript, "yardstick: trivial script calls per second, two processes", "/s", scripts)
		b.figures.add(yardPing, "yardstick: PING of an idle Redis, p99", "ms", ping.PingP99)
		b.figures.add(yardFloor, "yardstick: calls of scenario a per second, floor", "/s", float64(got.Calls)/got.Seconds)
	}
	return nil
}

// Keys of the yardsticks, of which absolute figures are given as shares.
const (
	yardScript = "redis_script_per_s"
	yardPing   = "redis_ping_p99_ms"
	yardFloor  = "floor_calls_per_s"
)

// startInstances starts the two instances of scenario d.
func (b *bench) startInstances(ctx context.Context) ([]*child, error) {
	var instances []*child
	for n := range 2 {
		c, err := b.startInstance(ctx, fmt.Sprint("i", n))
		if err != nil {
			return nil, err
		}
		instances = append(instances, c)
	}
	return instances, nil
}

func (b *bench) startInstance(ctx context.Context, name string) (*child, error) {
	c, err := b.startPart(ctx, PartInstance)
	if err != nil {
		return nil, err
	}
	return c, c.ask(instanceOrder{Do: "open", Redis: b.url, Name: name}, &instanceReport{})
}

// pinged does something, and returns how long a PING takes meanwhile, p99 in ms:
// the machine and Redis as busy as they are then.
func (b *bench) pinged(pings *child, do func() error) (p99 float64, err error) {
	var r instanceReport
	asked := make(chan error, 1)
	go func() { asked <- pings.ask(instanceOrder{Do: "ping", Seconds: b.size.window}, &r) }()
	err = errors.Join(do(), <-asked)
	return r.PingP99, err
}

// all gives the same order to all instances at once.
func all(instances []*child, o instanceOrder, each func(instanceReport)) error {
	reports := make([]instanceReport, len(instances))
	var g errgroup.Group
	for i, c := range instances {
		g.Go(func() error { return c.ask(o, &reports[i]) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, r := range reports {
		if each != nil {
			each(r)
		}
	}
	return nil
}
