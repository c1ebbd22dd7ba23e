package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/store/storetest"
)

// Skills of the callers in benchmarks: 3 skills; every tenth caller prefers
// an agent.
var benchSkills = [][]string{{"en"}, {"uk"}, {"pl"}}

// waitingRoom is a floor with so many callers who wait, and agents who all
// talk.
func waitingRoom(b *testing.B, waiting, agents int) (*floor, []dialplan.Offer) {
	b.Helper()
	c := new(clock)
	f := newFloor(b, open(b, storetest.Redis(b), c), c, func(q *Queue) { q.Skills, q.WrapUp = benchSkills, 0 })
	talks := make([]dialplan.Offer, agents)
	for i := range talks {
		id := fmt.Sprintf("a%d", i)
		f.agent(id, func(a *Agent) { a.Skills = benchSkills[i%len(benchSkills)] })
		talks[i] = f.rings(f.join(), id)
		f.report(talks[i], dialplan.Answered)
	}
	for range waiting {
		if _, err := f.Join(b.Context(), benchJoin()); err != nil {
			b.Fatal(err)
		}
	}
	return f, talks
}

func benchJoin() dialplan.Join {
	n := requests.Add(1)
	j := dialplan.Join{
		Request: fmt.Sprint("r", n), Call: fmt.Sprint("c", n), Site: testSite, Queue: "support",
		Skills: benchSkills[n%3],
	}
	if n%10 == 0 {
		j.Prefer, j.PreferFor = "a0", time.Second
	}
	return j
}

// One cycle: a caller joins, an agent's talk ends, he is given the next
// caller and answers.
func BenchmarkAssign(b *testing.B) {
	for _, waiting := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) {
			const agents = 64
			f, talks := waitingRoom(b, waiting, agents)
			free := make(chan dialplan.Offer, agents)
			offers := f.s.rdb.Subscribe(b.Context(), f.owner)
			defer offers.Close()
			if _, err := offers.Receive(b.Context()); err != nil {
				b.Fatal(err)
			}
			go func() {
				for m := range offers.Channel(redis.WithChannelSize(1000)) {
					o, err := readOffer(m.Payload)
					if err != nil {
						panic(err)
					}
					free <- o
				}
			}()
			for _, o := range talks[:16] {
				f.ended(o)
			}
			trips := new(tripCounter)
			f.s.rdb.AddHook(trips)
			b.SetParallelism(8)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := f.Join(b.Context(), benchJoin()); err != nil {
						b.Error(err)
					}
					o := <-free
					now := time.Now()
					if err := f.Report(b.Context(), o, dialplan.Report{Outcome: dialplan.Answered, Answered: now}); err != nil {
						b.Error(err)
					}
					if err := f.Report(b.Context(), o, dialplan.Report{Outcome: dialplan.Answered, Ended: now}); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "assignments/s")
			b.ReportMetric(float64(trips.n.Load())/float64(b.N), "trips/op")
		})
	}
}

// BenchmarkTrivialScript is the yardstick: as many round trips as an
// assignment takes, to a script that does nothing.
func BenchmarkTrivialScript(b *testing.B) {
	s := open(b, storetest.Redis(b), new(clock))
	nothing := redis.NewScript("return {}")
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			for range 3 {
				if err := s.runQueue(b.Context(), nothing, testSite).Err(); err != nil {
					b.Error(err)
				}
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "cycles/s")
}

// A tripCounter counts round trips to Redis.
type tripCounter struct{ n atomic.Int64 }

func (c *tripCounter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *tripCounter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.n.Add(1)
		return next(ctx, cmd)
	}
}

func (c *tripCounter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.n.Add(1)
		return next(ctx, cmds)
	}
}

// The guard against growing costs: round trips do not depend on the machine.
func TestRoundTripsOfACall(t *testing.T) {
	c := new(clock)
	f := newFloor(t, open(t, storetest.Redis(t), c), c, nil)
	f.agent("a")
	o := f.rings(f.join(), "a")
	f.report(o, dialplan.Answered)
	f.ended(o)
	f.leave(f.join(), dialplan.LeaveKey)
	f.pass(time.Minute) // every script is known now
	trips := new(tripCounter)
	f.s.rdb.AddHook(trips)

	ticket := f.join()
	o, err := f.Next(t.Context(), ticket.ID)
	if err != nil {
		t.Fatal(err)
	}
	f.report(o, dialplan.Answered)
	if err := f.Report(t.Context(), o, dialplan.Report{Outcome: dialplan.Answered, Ended: f.s.localNow()}); err != nil {
		t.Fatal(err)
	}
	f.leave(ticket, dialplan.LeaveServed)
	if got := trips.n.Load(); got != 3 {
		t.Errorf("join, next, answer, end and leave took %d round trips, want 3", got)
	}
	f.sweep(t.Context(), []string{testSite}) // may open a connection
	trips.n.Store(0)
	f.sweep(t.Context(), []string{testSite})
	if got := trips.n.Load(); got != 1 {
		t.Errorf("a sweep took %d round trips, want 1", got)
	}
}
