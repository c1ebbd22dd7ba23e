package store

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/store/storetest"
)

// Redis comes back without anything that lived in it: the instances put back
// what they have before anything is decided.
func TestRedisComesBackEmptyOfCalls(t *testing.T) {
	server := storetest.Start(t)
	c := new(clock)
	s := open(t, server.URL(), c)
	f := newFloor(t, s, c, nil)
	f.agent("talks")
	f.agent("idle", func(a *Agent) { a.Status = LoggedOut })
	talk := f.rings(f.join(), "talks")
	f.report(talk, dialplan.Answered)
	first := f.join()
	f.c.Advance(time.Second)
	second := f.join()
	look := &lookout{d: f.Distributor}
	for _, ticket := range []dialplan.Ticket{first, second} {
		w := f.startWaiting(ticket.ID)
		defer f.stopWaiting(ticket.ID, w)
		f.rings(ticket, "")
	}
	if err := look.lookAt(t.Context(), testSite); err != nil {
		t.Fatal(err)
	}

	for _, key := range s.keys.queue(testSite)[:keysLive] { // what lives; definitions and statuses are documents
		if err := s.rdb.Del(t.Context(), key).Err(); err != nil {
			t.Fatal(err)
		}
	}
	server.Stop()
	server.Restart()

	f.status("idle", Available)
	f.is("idle", Idle) // nobody is offered to him on half a picture
	if err := look.lookAt(t.Context(), testSite); err != nil {
		t.Fatal(err)
	}
	f.is("talks", Talking)
	f.rings(first, "")
	f.pass(5 * time.Second)
	f.rings(first, "")
	f.pass(5 * time.Second)
	f.rings(first, "idle")
	if p, err := s.Position(t.Context(), second.ID); err != nil || p.Position != 2 {
		t.Errorf("position = %d, %v, want the old one, 2", p.Position, err)
	}
	f.ended(talk)
	f.is("talks", WrapUp)
}

// A report made while Redis is away reaches it later, and Next goes on
// waiting meanwhile.
func TestReportWhileRedisIsAway(t *testing.T) {
	server := storetest.Start(t)
	c := new(clock)
	f := newFloor(t, open(t, server.URL(), c), c, nil)
	f.agent("a")
	talk := f.rings(f.join(), "a")
	waiting := f.join()
	f.report(talk, dialplan.Answered)
	server.Stop()
	f.c.Advance(time.Second)
	if err := f.Report(t.Context(), talk, dialplan.Report{Outcome: dialplan.Answered, Ended: time.Now()}); err != nil {
		t.Fatalf("Report without Redis: %v, want it kept", err)
	}
	found := make(chan error, 1)
	stop := f.Await(waiting.ID, func(_ *dialplan.Offer, err error) { found <- err })
	server.Restart()
	if err := f.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.is("a", WrapUp)
	stop()
	select {
	case err := <-found:
		t.Errorf("told of %v, want it to wait until its end", err)
	default:
	}
}

// Three sites and three instances at once, everybody in a hurry: nobody is
// offered twice, and in the end nobody waits while an agent is idle.
func TestInstancesAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		const sites, instances, callers, agents = 3, 3, 20, 5
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for site := range sites {
			prepareSite(t, s, fmt.Sprint("site", site), agents)
		}
		var running, calls sync.WaitGroup
		defer running.Wait()
		defer cancel()
		var talking sync.Map // by site and agent
		for i := range instances {
			d := s.Distributor()
			running.Go(func() {
				if err := d.Run(ctx); err != nil {
					t.Error(err)
				}
			})
			for n := range callers {
				for site := range sites {
					calls.Go(func() {
						name := fmt.Sprintf("c%d-%d", i, n)
						if err := oneCall(ctx, d, fmt.Sprint("site", site), name, &talking); err != nil {
							t.Errorf("call %s: %v", name, err)
						}
					})
				}
			}
		}
		calls.Wait()
		for site := range sites {
			v, err := s.Queues(fmt.Sprint("site", site)).View(t.Context(), "support", time.UTC)
			if err != nil || v.Waiting != 0 || v.Agents[Idle] != agents || v.Today.Answered != instances*callers {
				t.Errorf("site %d: %+v, %v, want all answered and all agents idle", site, v, err)
			}
		}
	})
}

func prepareSite(t *testing.T, s *Store, site string, agents int) {
	t.Helper()
	if _, err := s.Queues(site).Put(t.Context(), Queue{ID: "support"}, nil); err != nil {
		t.Fatal(err)
	}
	for a := range agents {
		v := Agent{ID: fmt.Sprint("a", a), Contact: "x", Queues: []Membership{{Queue: "support"}}, Status: Available}
		if _, err := s.Agents(site).Put(t.Context(), v, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// oneCall waits, rings without an answer the first time, and talks.
func oneCall(ctx context.Context, d *Distributor, site, name string, talking *sync.Map) error {
	ticket, err := d.Join(ctx, dialplan.Join{Request: name, Call: name, Site: site, Queue: "support"})
	if err != nil {
		return err
	}
	for _, outcome := range []dialplan.Outcome{dialplan.Busy, dialplan.Answered} {
		o, err := d.Next(ctx, ticket.ID)
		if err != nil {
			return err
		}
		if other, twice := talking.LoadOrStore(site+"/"+o.Agent, name); twice {
			return fmt.Errorf("agent %s of %s is with %v", o.Agent, site, other)
		}
		r := dialplan.Report{Outcome: outcome}
		if outcome == dialplan.Answered {
			if err := d.Report(ctx, o, r); err != nil {
				return err
			}
			r.Ended = time.Now()
		}
		talking.Delete(site + "/" + o.Agent) // from the next report on he may be another's
		if err := d.Report(ctx, o, r); err != nil {
			return err
		}
	}
	return nil
}
