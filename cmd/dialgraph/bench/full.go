package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/dialgraph/dialgraph/store"
)

const (
	fullAgents = 400
	fullTalk   = 0.02 // seconds
	fullWrapUp = 100 * time.Millisecond
)

// fullMenu is the whole way of a caller to an agent.
const fullMenu = `
menu: bench
languages: [en]
start: outage
prompts:
  notice: {file: greeting.wav}
  choose: {file: choose.wav}
nodes:
  outage:  {outage: caller.address, found: notice, none: main}
  notice:  {play: notice, next: main}
  main:    {menu: choose, keys: {"1": support}, silent: end}
  support: {queue: {name: support, prefer: caller.manager}, next: end, timeout: end, full: end, unstaffed: end, failed: end}
  end:     {hangup: {}}
`

// whole is scenario b: calls of known customers, some of whom have an outage at
// home, who reach an agent, talk, and leave a record; agents have a wrap-up.
func (b *bench) whole(ctx context.Context) error {
	if err := b.customers(ctx); err != nil {
		return err
	}
	ours, load, err := b.staffed(ctx, fullMenu, fullAgents, fullWrapUp, store.Available)
	if err != nil {
		return err
	}
	o := order{Do: "calls", Addr: ours.esl, Seconds: b.size.window / 2, Slots: 4 * b.size.slots, Talk: fullTalk}
	if err := load.ask(o, &report{}); err != nil { // warm
		return err
	}
	o.Seconds = b.size.window
	for range b.cfg.Runs {
		if err := b.wholeRun(ctx, ours.child, load, o); err != nil {
			return err
		}
	}
	return nil
}

// wholeRun lets calls follow each other as fast as they can.
func (b *bench) wholeRun(ctx context.Context, ours, load *child, o order) error {
	before, err := b.questions(ctx)
	if err != nil {
		return err
	}
	m, err := startMeter(ours, load, b.redis)
	if err != nil {
		return err
	}
	var got report
	if err := load.ask(o, &got); err != nil {
		return err
	}
	used, elapsed, err := m.read()
	if err == nil {
		err = got.fault()
	}
	if err != nil {
		return err
	}
	if got.Talks < got.Calls*9/10 {
		return fmt.Errorf("%d of %d calls reached an agent: the bench is wrong", got.Talks, got.Calls)
	}
	calls := float64(got.Calls)
	b.figures.aim("b_calls_per_s", calls/elapsed)
	b.figures.add("b_cpu_ms", "(b) CPU of the controller per call", "ms", used[0]/calls*1000)
	b.figures.add("b_load_cpu_ms", "(b) CPU of the load per call", "ms", used[1]/calls*1000)
	b.figures.add("b_redis_cpu_ms", "(b) CPU of Redis per call", "ms", used[2]/calls*1000)
	b.figures.add("b_commands", "(b) commands per call", "", float64(got.Commands)/calls)
	return b.asked(ctx, "b", before, calls)
}

// customers are all who call: each at an address, every fourth in a building
// with an outage.
func (b *bench) customers(ctx context.Context) error {
	s := b.store()
	for n := range int64(callers) {
		c := store.Customer{
			Customer: fmt.Sprint("c", n), Numbers: []string{callerNumber(n)}, Contract: fmt.Sprintf("%06d", n),
			Address: fmt.Sprintf("kyiv/street-%d/%d/%d", n/100, n/4%25, n%4),
		}
		if n%10 == 0 {
			c.Manager = agentName(int(n) % fullAgents)
		}
		if _, err := s.Customers().Put(ctx, c, nil); err != nil {
			return err
		}
		if n%16 == 0 {
			o := store.Outage{Site: store.DefaultSite, Source: "crm", Address: fmt.Sprintf("kyiv/street-%d/%d", n/100, n/4%25)}
			if err := s.Outages().Set(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}
