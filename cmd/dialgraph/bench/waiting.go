package bench

import (
	"context"
	"fmt"
	"syscall"

	"github.com/dialgraph/dialgraph/store"
)

const (
	roomAgents = 50
	roomTalk   = 0.4 // seconds: some 110 callers are served each second
	roomSmall  = 100 // live calls of the small room
	spareFiles = 500 // of a process, beside its calls
)

// roomMenu is one long wait.
const roomMenu = `
menu: bench
languages: [en]
start: wait
nodes:
  wait: {queue: {name: support, max_wait: 0s}, next: end, full: end, unstaffed: end, failed: end}
  end:  {hangup: {}}
`

// waitingRoom is scenario c: what so many waiting calls cost in memory, in
// processor time while nothing happens, and in processor time for each call
// that is served meanwhile.
func (b *bench) waitingRoom(ctx context.Context) error {
	for range b.cfg.Runs {
		if err := b.room(ctx); err != nil {
			return err
		}
		if err := b.clear(ctx); err != nil {
			return err
		}
	}
	return nil
}

// room is one run, with a controller of its own.
func (b *bench) room(ctx context.Context) error {
	// The room that a controller gives to a small heap would be missing in the difference.
	ours, load, err := b.staffed(ctx, roomMenu, roomAgents, 0, store.OnBreak, "GOGC=100")
	if err != nil {
		return err
	}
	calls, err := b.roomSize()
	if err != nil {
		return err
	}
	small, err := b.served(ctx, ours, load, roomSmall)
	if err != nil {
		return err
	}
	before, err := resident(ours.pid)
	if err != nil {
		return err
	}
	b.say("  %d calls", calls)
	if err := load.ask(order{Do: "fill", Addr: ours.esl, Slots: calls - roomSmall, Talk: roomTalk}, &report{}); err != nil {
		return err
	}
	after, err := resident(ours.pid)
	if err != nil {
		return err
	}
	kib := float64(after-before) / 1024 / float64(calls-roomSmall)
	b.figures.aim("c_kib_per_call", kib).Note = fmt.Sprintf("%d calls, resident %d MiB", calls, after>>20)
	if err := b.idle(ours, load); err != nil {
		return err
	}
	large, err := b.served(ctx, ours, load, 0)
	if err != nil {
		return err
	}
	b.figures.aim("growth", large/small).Note = fmt.Sprintf("%d live calls", calls)
	b.figures.add("c_small_cpu_ms", "(c) CPU of the controller per call served, 100 live calls", "ms", small)
	b.figures.add("c_large_cpu_ms", "(c) CPU of the controller per call served, full room", "ms", large)
	return nil // the processes are ended: hanging up takes longer than it is worth
}

// roomSize is how many calls the limit on open files lets wait.
func (b *bench) roomSize() (int, error) {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return 0, err
	}
	calls := b.size.room
	if most := int(min(files.Max, 1<<20)) - spareFiles; most < calls {
		b.say("  the limit on open files (%d) allows %d calls only", files.Max, most)
		calls = most
	}
	return calls, nil
}

// served fills up by so many calls, lets the agents work, and returns the
// controller's processor time in ms for each caller served.
func (b *bench) served(ctx context.Context, ours *server, load *child, more int) (ms float64, err error) {
	if err := load.ask(order{Do: "fill", Addr: ours.esl, Slots: more, Talk: roomTalk}, &report{}); err != nil {
		return 0, err
	}
	if err := b.work(ctx, roomAgents, store.Available); err != nil {
		return 0, err
	}
	watch := func(s float64) (got report, err error) {
		err = load.ask(order{Do: "watch", Seconds: s, Talk: roomTalk}, &got)
		return got, err
	}
	if _, err := watch(2 * roomTalk); err != nil { // until the talks no longer begin and end together
		return 0, err
	}
	m, err := startMeter(ours.child)
	if err != nil {
		return 0, err
	}
	got, err := watch(2 * b.size.window)
	if err == nil {
		err = got.fault()
	}
	if err != nil {
		return 0, err
	}
	used, _, err := m.read()
	if err != nil {
		return 0, err
	}
	if err := b.work(ctx, roomAgents, store.OnBreak); err != nil {
		return 0, err
	}
	b.figures.add("c_served_per_s", "(c) callers served per second", "/s", float64(got.Talks)/got.Seconds)
	_, err = watch(2 * roomTalk) // the last talks end
	return used[0] * 1000 / float64(got.Talks), err
}

// idle measures the processor time of a full room in which nobody is served.
func (b *bench) idle(ours *server, load *child) error {
	m, err := startMeter(ours.child)
	if err != nil {
		return err
	}
	if err := load.ask(order{Do: "watch", Seconds: b.size.idle, Talk: roomTalk}, &report{}); err != nil {
		return err
	}
	used, elapsed, err := m.read()
	if err != nil {
		return err
	}
	b.figures.aim("c_idle_cpu_pct", used[0]/elapsed*100)
	return nil
}
