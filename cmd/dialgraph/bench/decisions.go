package bench

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/dialgraph/dialgraph/store"
)

const (
	assignAgents = 64
	// turnsAgents who each talk for turnsTalk seconds get some 300 callers a
	// second.
	turnsAgents = 60
	turnsTalk   = 0.165
)

// decisions is scenario d: how many callers a second the store gives to
// agents, with queues of several lengths and two instances; then, on sockets,
// how long an agent who is free waits for the next caller.
func (b *bench) decisions(ctx context.Context) error {
	if err := b.assignments(ctx); err != nil {
		return err
	}
	if err := b.clear(ctx); err != nil {
		return err
	}
	return b.turns(ctx)
}

func (b *bench) assignments(ctx context.Context) error {
	if err := b.skilledDesk(ctx); err != nil {
		return err
	}
	var instances []*child
	for n := range 2 {
		c, err := b.startPart(ctx, partInstance)
		if err != nil {
			return err
		}
		if err := c.ask(instanceOrder{Do: "open", Redis: b.url, Name: fmt.Sprint("i", n)}, &instanceReport{}); err != nil {
			return err
		}
		instances = append(instances, c)
	}
	rates := make([][]float64, len(b.size.queue)) // by size and run
	scripts := make([]float64, b.cfg.Runs)
	for run := range scripts {
		r, err := b.yardsticks(instances)
		if err != nil {
			return err
		}
		scripts[run] = r
	}
	waiting := 0
	for i, size := range b.size.queue {
		b.say("  %d tickets", size)
		if err := all(instances, instanceOrder{Do: "join", Callers: (size - waiting) / 2, Agents: assignAgents}, nil); err != nil {
			return err
		}
		waiting = size
		for range b.cfg.Runs {
			rate, err := b.assign(ctx, instances, size)
			if err != nil {
				return err
			}
			rates[i] = append(rates[i], rate)
		}
	}
	last := len(rates) - 1
	for run, rate := range rates[last] {
		b.figures.aim("d_assign_per_s", rate)
		b.figures.aim("d_growth", rate/rates[0][run])
		b.figures.add("d_vs_script", "(d) assignments against trivial script calls; a call takes five questions", "x", rate/scripts[run])
	}
	return nil
}

// skilledDesk is a queue with three skills and agents who have one each.
func (b *bench) skilledDesk(ctx context.Context) error {
	s := b.store()
	q := store.Queue{ID: queueName, Site: store.DefaultSite}
	for _, skill := range benchSkills {
		q.Skills = append(q.Skills, []string{skill})
	}
	if _, err := s.Queues(store.DefaultSite).Put(ctx, q, nil); err != nil {
		return err
	}
	for i := range assignAgents {
		a := store.Agent{
			ID: agentName(i), Site: store.DefaultSite, Contact: agentName(i), Skills: []string{benchSkills[i%len(benchSkills)]},
			Queues: []store.Membership{{Queue: queueName, Tier: 1}}, Status: store.OnBreak,
		}
		if _, err := s.Agents(store.DefaultSite).Put(ctx, a, nil); err != nil {
			return err
		}
	}
	return nil
}

// assign lets all agents work for a while and returns the assignments per
// second of both instances.
func (b *bench) assign(ctx context.Context, instances []*child, size int) (rate float64, err error) {
	if err := b.work(ctx, assignAgents, store.Available); err != nil {
		return 0, err
	}
	m, err := startMeter(append([]*child{b.redis}, instances...)...)
	if err != nil {
		return 0, err
	}
	err = all(instances, instanceOrder{Do: "watch", Seconds: b.size.window}, func(r instanceReport) { rate += r.Served })
	if err != nil {
		return 0, err
	}
	used, elapsed, err := m.read()
	if err != nil {
		return 0, err
	}
	b.figures.add(fmt.Sprintf("d_assign_%d_per_s", size), fmt.Sprintf("(d) assignments per second with %d tickets", size), "/s", rate)
	b.figures.add(fmt.Sprintf("d_redis_cpu_%d_pct", size), fmt.Sprintf("(d) CPU of Redis meanwhile, of a core, with %d tickets", size), "%", used[0]/elapsed*100)
	return rate, b.work(ctx, assignAgents, store.OnBreak)
}

// work sets what all agents want.
func (b *bench) work(ctx context.Context, agents int, status store.Status) error {
	s := b.store().Agents(store.DefaultSite)
	for i := range agents {
		if err := s.SetStatus(ctx, agentName(i), status, ""); err != nil {
			return err
		}
	}
	return nil
}

// yardsticks measures what Redis itself can do here.
func (b *bench) yardsticks(instances []*child) (scripts float64, err error) {
	window := b.size.window / 2
	err = all(instances, instanceOrder{Do: "script", Seconds: window}, func(r instanceReport) { scripts += r.Scripts })
	if err != nil {
		return 0, err
	}
	var r instanceReport
	if err := instances[0].ask(instanceOrder{Do: "ping", Seconds: window}, &r); err != nil {
		return 0, err
	}
	b.figures.add("redis_script_per_s", "yardstick: trivial script calls per second, two processes", "/s", scripts)
	b.figures.add("redis_ping_p99_ms", "yardstick: PING of an idle Redis, p99", "ms", r.PingP99)
	return scripts, nil
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

// turnsMenu lets a caller wait again after each talk.
const turnsMenu = `
menu: bench
languages: [en]
start: wait
nodes:
  wait: {queue: {name: support, max_wait: 0s}, next: wait, full: end, unstaffed: end, failed: end}
  end:  {hangup: {}}
`

// turns measures the time from an agent's hangup to the bridge command that
// rings him again.
func (b *bench) turns(ctx context.Context) error {
	if err := b.line(ctx, turnsMenu); err != nil {
		return err
	}
	if err := b.desk(ctx, turnsAgents, 0, store.OnBreak); err != nil {
		return err
	}
	ours, err := b.startController(ctx)
	if err != nil {
		return err
	}
	load, err := b.startPart(ctx, partLoad)
	if err != nil {
		return err
	}
	if err := load.ask(order{Do: "fill", Addr: ours.esl, Slots: b.size.parked, Talk: turnsTalk}, &report{}); err != nil {
		return err
	}
	if err := b.work(ctx, turnsAgents, store.Available); err != nil {
		return err
	}
	for range b.cfg.Runs {
		var got report
		if err := load.ask(order{Do: "watch", Seconds: b.size.window, Talk: turnsTalk}, &got); err != nil {
			return err
		}
		if err := got.fault(); err != nil {
			return err
		}
		rate := float64(got.Talks) / got.Seconds
		b.figures.aim("d_p99_ms", got.FreeP99).Note = fmt.Sprintf("%d parked calls, at %.0f/s, median %.1f ms", b.size.parked, rate, got.FreeP50)
	}
	return load.ask(order{Do: "empty"}, &report{})
}
