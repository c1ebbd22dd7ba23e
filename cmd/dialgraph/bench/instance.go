package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/store"
)

// An instance is the queue side of one controller without its sockets: callers
// who wait, each a goroutine as in a real one, and who join again as soon as
// their talk, which takes no time, is over.
type instance struct {
	rdb    redis.UniversalClient
	d      *store.Distributor
	served atomic.Int64
	failed atomic.Pointer[error]
	joined int
}

// An instanceOrder is one thing that an instance is asked to do.
type instanceOrder struct {
	Do      string // open, join, watch, script or ping
	Redis   string // open
	Name    string // open: begins the ids of its calls
	Callers int    // join: so many more
	Agents  int    // join: that may be preferred
	Seconds float64
}

// An instanceReport is what came of it.
type instanceReport struct {
	Served  float64 // watch: per second
	Scripts float64 // script: trivial script calls per second
	PingP99 float64 // ping: ms
}

// benchSkills are wanted by callers in turn; every tenth prefers an agent.
var benchSkills = []string{"en", "uk", "pl"}

// obeyInstance returns the part's work. Everything ends with its context.
func obeyInstance() func(context.Context, instanceOrder) (instanceReport, error) {
	var i *instance
	var name string
	return func(ctx context.Context, o instanceOrder) (r instanceReport, err error) {
		if o.Do == "open" {
			name = o.Name
			i, err = openInstance(ctx, o.Redis)
			return r, err
		}
		if i == nil {
			return r, errors.New("not open")
		}
		switch o.Do {
		case "join":
			err = i.join(ctx, name, o)
		case "watch":
			before, start := i.served.Load(), time.Now()
			err = pause(ctx, seconds(o.Seconds))
			r.Served = float64(i.served.Load()-before) / time.Since(start).Seconds()
		case "script":
			r.Scripts, err = i.scripts(ctx, seconds(o.Seconds))
		case "ping":
			r.PingP99, err = i.pings(ctx, seconds(o.Seconds))
		}
		if fault := i.failed.Load(); fault != nil {
			err = errors.Join(err, *fault)
		}
		return r, err
	}
}

func openInstance(ctx context.Context, url string) (*instance, error) {
	rdb, err := store.Open(url)
	if err != nil {
		return nil, err
	}
	i := &instance{rdb: rdb, d: store.New(rdb, store.Options{Log: quiet}).Distributor()}
	go func() { _ = i.d.Run(ctx) }() // until the process ends
	return i, rdb.Ping(ctx).Err()
}

// join lets more callers in, and returns when all of them wait.
func (i *instance) join(ctx context.Context, name string, o instanceOrder) error {
	gate := make(chan struct{}, ramp)
	var joining sync.WaitGroup
	for range o.Callers {
		i.joined++
		n := i.joined
		gate <- struct{}{}
		joining.Add(1)
		go i.caller(ctx, fmt.Sprintf("%s-%d", name, n), n, o.Agents, sync.OnceFunc(func() {
			<-gate
			joining.Done()
		}))
	}
	joining.Wait()
	return nil
}

// caller is one who waits, talks and calls again, until ctx ends. The five
// questions to the store are those of a real call.
func (i *instance) caller(ctx context.Context, call string, n, agents int, waits func()) {
	j := dialplan.Join{Call: call, Site: store.DefaultSite, Queue: queueName, Skills: []string{benchSkills[n%len(benchSkills)]}}
	if n%10 == 0 {
		j.Prefer, j.PreferFor = agentName(n/10%agents), time.Second
	}
	for visit := 0; ctx.Err() == nil; visit++ {
		j.Request = fmt.Sprintf("%s:%d", call, visit)
		t, err := i.d.Join(ctx, j)
		waits()
		if err == nil {
			err = i.serve(ctx, t)
		}
		if err != nil && ctx.Err() == nil {
			i.failed.CompareAndSwap(nil, &err)
			return
		}
	}
}

func (i *instance) serve(ctx context.Context, t dialplan.Ticket) error {
	o, err := i.d.Next(ctx, t.ID)
	if err != nil {
		return err
	}
	i.served.Add(1)
	now := time.Now()
	err = i.d.Report(ctx, o, dialplan.Report{Outcome: dialplan.Answered, Answered: now})
	if err == nil {
		err = i.d.Report(ctx, o, dialplan.Report{Outcome: dialplan.Answered, Answered: now, Ended: now})
	}
	if err == nil {
		err = i.d.Leave(ctx, t.ID, dialplan.LeaveServed)
	}
	return err
}

// nothing is the script that does nothing: what a round trip costs.
var nothing = redis.NewScript("return {}")

// scripts is the yardstick of the store's figures: how often a script that does
// nothing is run by as many clients as there are agents.
func (i *instance) scripts(ctx context.Context, d time.Duration) (perSecond float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var n atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range assignAgents / 2 { // there are two instances
		wg.Go(func() {
			for ctx.Err() == nil && nothing.Run(ctx, i.rdb, nil).Err() == nil {
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / time.Since(start).Seconds(), nil
}

// pings is the yardstick of delays: a PING each millisecond, on an otherwise
// idle Redis.
func (i *instance) pings(ctx context.Context, d time.Duration) (p99 float64, err error) {
	var all delays
	for end := time.Now().Add(d); time.Now().Before(end); {
		start := time.Now()
		if err := i.rdb.Ping(ctx).Err(); err != nil {
			return 0, err
		}
		all.add(time.Since(start))
		if err := pause(ctx, time.Millisecond); err != nil {
			return 0, err
		}
	}
	_, p99 = all.take()
	return p99, nil
}
