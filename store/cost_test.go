package store

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/internal/alloctest"
	"github.com/dialgraph/dialgraph/store/storetest"
)

// The cost of the queue's scripts by what does not depend on the machine: the
// commands that Redis runs for them, with a long queue as with a short one, and
// what they allocate here.
func TestScriptCosts(t *testing.T) {
	c := new(clock)
	s := open(t, storetest.Start(t).URL(), c)
	f := newFloor(t, s, c, func(q *Queue) { q.Skills, q.WrapUp = slices.Concat(benchSkills, [][]string{{"de"}}), 0 })
	f.agent("a", func(a *Agent) { a.Skills = []string{"de"} })
	assignmentCommands(t, f) // scripts are known now
	short := assignmentCommands(t, f)
	for range 500 {
		if _, err := f.Join(t.Context(), benchJoin()); err != nil {
			t.Fatal(err)
		}
	}
	long := assignmentCommands(t, f)
	for i, step := range assignmentSteps {
		if short[i] > step.most {
			t.Errorf("%s makes Redis run %d commands, want at most %d", step.name, short[i], step.most)
		}
		if long[i] > short[i]+asksRun {
			t.Errorf("%s makes Redis run %d commands in a long queue, %d in a short one: want no more", step.name, long[i], short[i])
		}
	}
}

// assignmentSteps are what a call asks of its queue, and how many commands each
// may make Redis run: the script, the records of queue, ticket, agent and offer
// that it reads, the sets that they leave and enter, and the day's counters.
var assignmentSteps = []struct {
	name string
	most int
}{
	{"join", 14 + asksRun}, {"next", 5}, {"answer", 12}, {"end", 15 + asksRun}, {"leave", 0},
}

// asksRun is what asking Redis which run it is takes, now and then.
const asksRun = 3

// assignmentCommands takes one caller to the end who wants the skill of the one
// agent, which nobody else wants, and returns the commands that Redis ran at each step.
func assignmentCommands(t *testing.T, f *floor) []int {
	t.Helper()
	var ticket dialplan.Ticket
	var offer dialplan.Offer
	now := time.Now()
	steps := []func(){
		func() { ticket = f.join(func(j *dialplan.Join) { j.Skills = []string{"de"} }) },
		func() { offer = f.offer(ticket) },
		func() { f.report(offer, dialplan.Answered) },
		func() {
			r := dialplan.Report{Outcome: dialplan.Answered, Answered: now, Ended: now}
			if err := f.Report(t.Context(), offer, r); err != nil {
				t.Fatal(err)
			}
		},
		func() { f.leave(ticket, dialplan.LeaveServed) },
	}
	counts := make([]int, len(steps))
	for i, step := range steps {
		before := commandsRun(t, f.s)
		step()
		counts[i] = commandsRun(t, f.s) - before - 1 // INFO itself
	}
	return counts
}

// commandsRun is how many commands Redis has run, those of scripts included.
func commandsRun(t *testing.T, s *Store) int {
	t.Helper()
	info, err := s.rdb.Info(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	for line := range strings.Lines(info) {
		if _, rest, ok := strings.Cut(line, ":calls="); ok {
			calls, _, _ := strings.Cut(rest, ",")
			n, err := strconv.Atoi(calls)
			if err != nil {
				t.Fatalf("commandstats: %q", line)
			}
			all += n
		}
	}
	return all
}

// What a question to the queue allocates here. The client of Redis has pools,
// which the race detector empties at random: the bounds leave room for that.
func TestAskingCosts(t *testing.T) {
	c := new(clock)
	f := newFloor(t, open(t, storetest.Redis(t), c), c, nil)
	n := 0
	alloctest.AtMost(t, 140, 6900, "arguments, the request's id, the reply's fields", func() {
		n++
		j := dialplan.Join{Request: fmt.Sprint("cost", n), Call: "cost", Site: testSite, Queue: "support"}
		ticket, err := f.Join(t.Context(), j)
		if err == nil {
			err = f.Leave(t.Context(), ticket.ID, dialplan.LeaveAbandoned)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

// What is asked and told of every call allocates.
func TestACallsPartsCost(t *testing.T) {
	s := open(t, storetest.Redis(t), new(clock))
	owners, limits, cursors := s.Owners("one"), s.Limits("one"), newCursors(t, s, "one")
	record := Record{Call: "a", Started: noon, Document: []byte("{}")}
	over := record
	over.Ended = noon.Add(time.Minute)
	ctx, cursor := t.Context(), cursorAt("a", 1)
	alloctest.AtMost(t, 345, 16500, "steps and their replies, keys, the cursor's document", func() {
		_, entered := limits.Enter(ctx, "trunk", "carrier", 10)
		begun := errors.Join(entered, owners.Claim(ctx, Owned{Call: "a", Token: "t", New: true}), s.Records().Put(ctx, record))
		cursors.Save(ctx, cursor, true)()
		ended := errors.Join(s.Records().Put(ctx, over), cursors.Delete(ctx, "a"))
		_, forgot := owners.Forget(ctx, "a", "t")
		limits.Leave(ctx, "trunk", "carrier")
		if err := errors.Join(begun, ended, forgot); err != nil {
			t.Fatal(err)
		}
	})
}

// What is asked and told of every call takes one round trip each.
func TestRoundTripsOfACallsParts(t *testing.T) {
	s := open(t, storetest.Redis(t), new(clock))
	if _, err := s.Customers().Put(t.Context(), Customer{Customer: "c1", Numbers: []string{"+380671234567"}}, nil); err != nil {
		t.Fatal(err)
	}
	outages, owners, limits := s.Outages(), s.Owners("one"), s.Limits("one")
	if err := outages.Set(t.Context(), Outage{Site: testSite, Source: "crm", Address: "kyiv/khreshchatyk/10"}); err != nil {
		t.Fatal(err)
	}
	record := Record{Call: "a", Started: noon, Document: []byte("{}")}
	over := record
	over.Ended = noon.Add(time.Minute)
	for _, part := range []struct {
		name string
		ask  func() error
	}{
		{"customer", func() error {
			_, err := s.Customers().ByNumber(t.Context(), "+380671234567")
			return err
		}},
		{"outage", func() error {
			_, found, err := outages.Lookup(t.Context(), testSite, "kyiv/khreshchatyk/10/25")
			if err == nil && !found {
				err = ErrNotFound
			}
			return err
		}},
		{"limit", func() error {
			_, err := limits.Enter(t.Context(), "trunk", "carrier", 10)
			return err
		}},
		{"claim", func() error { return owners.Claim(t.Context(), Owned{Call: "a", Token: "t"}) }},
		{"record", func() error { return s.Records().Put(t.Context(), record) }},
		{"record of the end", func() error { return s.Records().Put(t.Context(), over) }},
		{"release", func() error { return owners.Release(t.Context(), "a", "t") }},
		{"end", func() error {
			_, err := owners.Forget(t.Context(), "a", "t")
			return err
		}},
	} {
		if err := part.ask(); err != nil { // scripts and sources are known now
			t.Fatal(err)
		}
		trips := new(tripCounter)
		s.rdb.AddHook(trips)
		if err := part.ask(); err != nil {
			t.Fatal(err)
		}
		if got := trips.n.Load(); got != 1 {
			t.Errorf("%s took %d round trips, want 1", part.name, got)
		}
	}
}

// Each script by itself.
func BenchmarkScripts(b *testing.B) {
	c := new(clock)
	f := newFloor(b, open(b, storetest.Redis(b), c), c, nil)
	join := func() dialplan.Ticket { return f.join() }
	b.Run("join and leave", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.leave(join(), dialplan.LeaveAbandoned)
		}
	})
	waits := join()
	b.Run("next", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.offer(waits)
		}
	})
	b.Run("position", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := f.s.Position(b.Context(), waits.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("report", func(b *testing.B) {
		f.agent("a")
		o := f.rings(waits, "a")
		b.ReportAllocs()
		for b.Loop() {
			f.report(o, dialplan.Answered)
		}
	})
}
