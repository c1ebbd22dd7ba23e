package bench

import (
	"context"
	"fmt"
)

// steps is scenario a: calls that answer, hear a greeting, choose, enter six
// digits, hear a prompt and are hung up, by our controller, the floor and
// eslgo. What counts is calls per second of processor time.
func (b *bench) steps(ctx context.Context) error {
	if err := b.line(ctx, stepsMenu); err != nil {
		return err
	}
	ours, err := b.startController(ctx)
	if err != nil {
		return err
	}
	rivals := []*rival{{name: "ours", child: ours.child, addr: ours.esl}}
	for _, name := range []string{partFloor, partESLGo} {
		r, err := b.startRival(ctx, name)
		if err != nil {
			return err
		}
		rivals = append(rivals, r)
	}
	load, err := b.startPart(ctx, partLoad)
	if err != nil {
		return err
	}
	for _, r := range rivals { // connections are open, caches warm, pools full
		if err := load.ask(order{Do: "calls", Addr: r.addr, Seconds: b.size.window / 4, Slots: b.size.slots}, &report{}); err != nil {
			return err
		}
	}
	for range b.cfg.Runs {
		for _, r := range rivals {
			if err := b.race(ctx, load, r); err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
		}
		b.compare(rivals)
		if err := b.pace(load, rivals[0]); err != nil {
			return err
		}
	}
	return nil
}

// A rival is a server that takes the calls of scenario a.
type rival struct {
	*child
	name, addr string
	perCPU     float64 // calls per CPU-second of the last run
	perSecond  float64
}

func (b *bench) startRival(ctx context.Context, name string) (*rival, error) {
	c, err := b.startPart(ctx, name)
	if err != nil {
		return nil, err
	}
	var at place
	if err := c.ask(struct{}{}, &at); err != nil {
		return nil, err
	}
	return &rival{child: c, name: name, addr: at.Addr}, nil
}

// race lets calls follow each other as fast as they can.
func (b *bench) race(ctx context.Context, load *child, r *rival) error {
	before, err := b.questions(ctx)
	if err != nil {
		return err
	}
	m, err := startMeter(r.child, load, b.redis)
	if err != nil {
		return err
	}
	var got report
	if err := load.ask(order{Do: "calls", Addr: r.addr, Seconds: b.size.window, Slots: b.size.slots}, &got); err != nil {
		return err
	}
	used, elapsed, err := m.read()
	if err == nil {
		err = got.fault()
	}
	if err != nil {
		return err
	}
	calls := float64(got.Calls)
	r.perCPU, r.perSecond = calls/max(used[0], 0.01), calls/elapsed
	add := func(key, what, unit string, v float64) {
		b.figures.add("a_"+r.name+"_"+key, "(a) "+r.name+": "+what, unit, v)
	}
	add("calls_per_s", "calls per second", "/s", r.perSecond)
	add("calls_per_cpu_s", "calls per CPU-second", "/s", r.perCPU)
	add("cpu_ms", "CPU of the server per call", "ms", used[0]/calls*1000)
	add("load_cpu_ms", "CPU of the load per call", "ms", used[1]/calls*1000)
	add("redis_cpu_ms", "CPU of Redis per call", "ms", used[2]/calls*1000)
	add("commands", "commands per call", "", float64(got.Commands)/calls)
	add("command_bytes", "bytes of commands per call", "B", float64(got.CommandBytes)/calls)
	add("bytes", "bytes to the server per call", "B", float64(got.Bytes)/calls)
	if r.name == "ours" {
		return b.asked(ctx, "a", before, calls)
	}
	return nil
}

// compare holds our figures of this run against the yardsticks.
func (b *bench) compare(rivals []*rival) {
	b.figures.aim("a_vs_floor", rivals[0].perCPU/rivals[1].perCPU)
	b.figures.aim("a_vs_eslgo", rivals[0].perCPU/rivals[2].perCPU)
}

// pace begins calls at half of the rate that the last race reached, and looks at
// how long a step takes: from the completion that the load sends to the next
// command that it reads.
func (b *bench) pace(load *child, r *rival) error {
	var got report
	o := order{Do: "calls", Addr: r.addr, Seconds: b.size.window, Slots: 20 * b.size.slots, Rate: r.perSecond / 2}
	if err := load.ask(o, &got); err != nil {
		return err
	}
	if err := got.fault(); err != nil {
		return err
	}
	b.figures.aim("step_p99_ms", got.StepP99).Note = fmt.Sprintf("at %.0f calls/s, median %.2f ms", o.Rate, got.StepP50)
	b.figures.add("a_late", "(a) calls that could not begin when due, at half rate", "", float64(got.Late))
	return nil
}
