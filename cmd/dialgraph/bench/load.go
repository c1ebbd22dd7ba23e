package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// patience bounds everything that should happen at once.
const patience = 20 * time.Second

// An order is one thing that the load is asked to do.
type order struct {
	Do      string  // calls, fill, watch or empty
	Addr    string  // of the controller
	Seconds float64 // calls, watch: for so long
	Slots   int     // calls: at once, at most; fill: calls that are kept live
	Rate    float64 // calls: begun per second; 0: the next one when one has ended
	Talk    float64 // seconds that two talk, on average
}

// A report is what the load has seen during an order.
type report struct {
	Calls, Talks, Failed, Strange int64
	Commands, CommandBytes        int64
	Writes, Bytes                 int64 // to the controller
	Seconds                       float64
	StepP50, StepP99              float64 // ms from a completion to the next command
	FreeP50, FreeP99              float64 // ms from an agent's hangup to the bridge that rings him again
	Late                          int64   // calls that could not begin when they were due
	Fault                         string  // of one that failed
}

// A load telephones.
type load struct {
	seed   uint64
	next   atomic.Int64
	tally  tally
	length atomic.Int64 // of a talk on average, ns

	mu     sync.Mutex
	freed  map[string]time.Time // agent -> end of his last talk
	live   map[*telephone]struct{}
	keep   bool // calls that end are replaced
	calls  sync.WaitGroup
	faults []error
}

type tally struct {
	calls, talks, failed, strange atomic.Int64
	commands, commandBytes        atomic.Int64
	writes, bytes, late           atomic.Int64
	steps, frees                  delays
}

func newLoad() *load {
	return &load{seed: rand.Uint64(), freed: make(map[string]time.Time), live: make(map[*telephone]struct{})}
}

// obey is the part's work.
func (l *load) obey(ctx context.Context, o order) (report, error) {
	before := l.snapshot()
	start := time.Now()
	l.length.Store(int64(o.Talk * float64(time.Second)))
	var err error
	switch o.Do {
	case "calls":
		err = l.closedOrOpen(ctx, o)
	case "fill":
		err = l.fill(ctx, o)
	case "watch":
		err = pause(ctx, seconds(o.Seconds))
	case "empty":
		err = l.empty()
	default:
		err = fmt.Errorf("unknown order %q", o.Do)
	}
	r := l.snapshot().since(before)
	r.Seconds = time.Since(start).Seconds()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.faults) > 0 {
		r.Fault = l.faults[0].Error()
		l.faults = nil
	}
	return r, err
}

// closedOrOpen places calls for a while, and waits until the last has ended.
func (l *load) closedOrOpen(ctx context.Context, o order) error {
	ctx, cancel := context.WithTimeout(ctx, seconds(o.Seconds))
	defer cancel()
	var wg sync.WaitGroup
	if o.Rate == 0 {
		for range o.Slots {
			wg.Go(func() {
				for ctx.Err() == nil {
					l.call(o.Addr, nil)
				}
			})
		}
		return ended(&wg)
	}
	slots := make(chan struct{}, o.Slots)
	start := time.Now()
	for i := 0; ; i++ {
		due := start.Add(time.Duration(float64(i) / o.Rate * float64(time.Second)))
		if pause(ctx, time.Until(due)) != nil {
			break
		}
		select {
		case slots <- struct{}{}:
			wg.Go(func() {
				l.call(o.Addr, nil)
				<-slots
			})
		default:
			l.tally.late.Add(1)
		}
	}
	return ended(&wg)
}

// ended waits until the calls have ended, which they do by themselves.
func ended(calls *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() {
		calls.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("calls have not ended %v after the last began", patience)
	}
}

// call is one call from its beginning to its end. begun is told once the
// caller waits.
func (l *load) call(addr string, begun func()) {
	p, err := l.dial(addr, l.next.Add(1))
	if err != nil {
		l.fail(err)
		if begun != nil {
			begun()
		}
		return
	}
	l.mu.Lock()
	l.live[p] = struct{}{}
	l.mu.Unlock()
	if begun != nil {
		go func() {
			<-p.parked
			begun()
		}()
	}
	p.run()
	l.mu.Lock()
	delete(l.live, p)
	l.mu.Unlock()
	if p.err != nil {
		l.fail(p.err)
	}
}

func (l *load) fail(err error) {
	l.tally.failed.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, err)
}

// ramp is how many calls may be on their way into the queue at once while the
// waiting room fills: below what a controller takes half open.
const ramp = 64

// fill keeps so many calls live: one that ends is replaced. It returns when
// all of them wait.
func (l *load) fill(ctx context.Context, o order) error {
	l.mu.Lock()
	l.keep = true
	l.mu.Unlock()
	gate := make(chan struct{}, ramp)
	for range o.Slots {
		select {
		case gate <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		l.calls.Go(func() {
			l.call(o.Addr, func() { <-gate })
			for l.kept() {
				l.call(o.Addr, nil)
			}
		})
	}
	for range ramp { // the last ones have arrived
		select {
		case gate <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if n := l.tally.failed.Load(); n > 0 {
		return fmt.Errorf("%d calls failed while the waiting room was filled", n)
	}
	return nil
}

func (l *load) kept() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keep
}

// empty hangs all calls up.
func (l *load) empty() error {
	l.mu.Lock()
	l.keep = false
	all := make([]*telephone, 0, len(l.live))
	for p := range l.live {
		all = append(all, p)
	}
	l.mu.Unlock()
	for _, p := range all {
		p.mu.Lock()
		p.hangUp()
		p.mu.Unlock()
	}
	return ended(&l.calls)
}

// free notes that an agent has hung up, rung how long it took until he was
// rung again.
func (l *load) free(agent string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.freed[agent] = time.Now()
}

func (l *load) rung(agent string) {
	l.mu.Lock()
	since, ok := l.freed[agent]
	delete(l.freed, agent)
	l.mu.Unlock()
	if ok {
		l.tally.frees.add(time.Since(since))
	}
}

// talk is how long two talk: between half and one and a half times what the order
// says, so that agents who began together are not free together, talk after talk.
func (l *load) talk() time.Duration {
	return time.Duration((0.5 + rand.Float64()) * float64(l.length.Load()))
}

// snapshot reads the counters, and takes the delays out.
func (l *load) snapshot() report {
	t := &l.tally
	r := report{
		Calls: t.calls.Load(), Talks: t.talks.Load(), Failed: t.failed.Load(), Strange: t.strange.Load(),
		Commands: t.commands.Load(), CommandBytes: t.commandBytes.Load(), Writes: t.writes.Load(), Bytes: t.bytes.Load(),
		Late: t.late.Load(),
	}
	r.StepP50, r.StepP99 = t.steps.take()
	r.FreeP50, r.FreeP99 = t.frees.take()
	return r
}

// since is what has been added to an earlier report.
func (r report) since(b report) report {
	r.Calls -= b.Calls
	r.Talks -= b.Talks
	r.Failed -= b.Failed
	r.Strange -= b.Strange
	r.Commands -= b.Commands
	r.CommandBytes -= b.CommandBytes
	r.Writes -= b.Writes
	r.Bytes -= b.Bytes
	r.Late -= b.Late
	return r
}

// fault says what must not happen in a run whose figures count.
func (r report) fault() error {
	if r.Failed+r.Strange > 0 {
		return fmt.Errorf("%d calls failed (%s), %d were asked for something strange", r.Failed, r.Fault, r.Strange)
	}
	if r.Calls+r.Talks == 0 {
		return errors.New("no call came to its end")
	}
	return nil
}

// pause waits; the error says that ctx ended first.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
