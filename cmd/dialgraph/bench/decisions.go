package bench

import (
	"context"
	"fmt"

	"github.com/dialgraph/dialgraph/store"
)

const (
	assignAgents = 64
	// turnsAgents who each talk for turnsTalk seconds, on average, get some 350
	// callers a second.
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
	instances, err := b.startInstances(ctx)
	if err != nil {
		return err
	}
	rates := make([][]float64, len(b.size.queue)) // by size and run
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
	b.figures.add(fmt.Sprintf("d_instances_cpu_%d_us", size), fmt.Sprintf("(d) CPU of both instances per assignment, with %d tickets", size), "us", (used[1]+used[2])/elapsed/rate*1e6)
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

// turnsMenu lets a caller wait again after each talk.
const turnsMenu = `
menu: bench
languages: [en]
start: wait
nodes:
  wait: {queue: {name: support, max_wait: 0s}, next: wait, full: end, unstaffed: end, failed: end}
  end:  {hangup: {}}
`

// takeTurns lets the agents begin to work, spread over the length of a talk: those
// who begin together are free together, for some talks.
func (b *bench) takeTurns(ctx context.Context) error {
	s := b.store().Agents(store.DefaultSite)
	for i := range turnsAgents {
		if err := s.SetStatus(ctx, agentName(i), store.Available, ""); err != nil {
			return err
		}
		if err := pause(ctx, seconds(turnsTalk/turnsAgents)); err != nil {
			return err
		}
	}
	return nil
}

// turns measures the time from an agent's hangup to the bridge command that
// rings him again.
func (b *bench) turns(ctx context.Context) error {
	ours, load, err := b.staffed(ctx, turnsMenu, turnsAgents, 0, store.OnBreak)
	if err != nil {
		return err
	}
	if err := load.ask(order{Do: "fill", Addr: ours.esl, Slots: b.size.parked, Talk: turnsTalk}, &report{}); err != nil {
		return err
	}
	if err := b.takeTurns(ctx); err != nil {
		return err
	}
	pings, err := b.startInstance(ctx, "pings")
	if err != nil {
		return err
	}
	for range b.cfg.Runs {
		var got report
		watch := func() error { return load.ask(order{Do: "watch", Seconds: b.size.window, Talk: turnsTalk}, &got) }
		ping, err := b.pinged(pings, watch)
		if err == nil {
			err = watch() // by itself
		}
		if err == nil {
			err = got.fault()
		}
		if err != nil {
			return err
		}
		rate := float64(got.Talks) / got.Seconds
		b.figures.aim("d_p99_ms", got.FreeP99).Note = fmt.Sprintf("%d parked calls, at %.0f/s, median %.1f ms", b.size.parked, rate, got.FreeP50)
		b.figures.add("d_ping_p99_ms", "(d) yardstick: PING during the talks, p99", "ms", ping)
	}
	return load.ask(order{Do: "empty"}, &report{})
}
