package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/store/storetest"
)

// A gate holds pipelines of INCR back, and writes down what each carried.
type gate struct {
	came chan []redis.Cmder // a pipeline that wants to pass
	pass chan error         // lets it pass, or fails it
}

func newGate(s *Store) *gate {
	g := &gate{came: make(chan []redis.Cmder), pass: make(chan error)}
	s.rdb.AddHook(g)
	return g
}

func (g *gate) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (g *gate) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (g *gate) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if cmds[0].Name() != "incr" {
			return next(ctx, cmds) // a connection that opens
		}
		g.came <- slices.Clone(cmds)
		if err := <-g.pass; err != nil {
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
			return err
		}
		return next(ctx, cmds)
	}
}

// queued waits until so many questions wait for the pipeline that is under way.
func queued(t *testing.T, s *Store, n int) {
	t.Helper()
	p := s.pipes.of("")
	eventually(t, func() string {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.waiting) != n {
			return fmt.Sprintf("%d questions wait, want %d", len(p.waiting), n)
		}
		return ""
	})
}

// Whoever asks while a pipeline is under way goes with the next one, together;
// one who has left by then is not asked for.
func TestQuestionsShareThePipeline(t *testing.T) {
	s := open(t, storetest.Redis(t), new(clock))
	g := newGate(s)
	ask := func(ctx context.Context, key string) <-chan error {
		done := make(chan error, 1)
		go func() { done <- failure(s.ask(ctx, commandStep("incr", s.keys.live(key)))) }()
		return done
	}
	first := ask(t.Context(), "first")
	<-g.came
	impatient, leave := context.WithCancel(t.Context())
	left := ask(impatient, "left")
	queued(t, s, 1)
	var rest []<-chan error
	for i := range 5 {
		rest = append(rest, ask(t.Context(), fmt.Sprint("key-", i)))
		queued(t, s, i+2)
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("ask = %v, want the end of its context", err)
	}
	g.pass <- nil
	if err := <-first; err != nil {
		t.Errorf("first ask = %v", err)
	}
	if second := <-g.came; len(second) != 5 {
		t.Errorf("the next pipeline carries %d commands, want those of the 5 who wait", len(second))
	}
	g.pass <- nil
	for _, done := range rest {
		if err := <-done; err != nil {
			t.Errorf("ask = %v", err)
		}
	}
	last := ask(t.Context(), "first")
	<-g.came
	g.pass <- nil
	if err := <-last; err != nil {
		t.Errorf("ask of an empty pipe = %v", err)
	}
}

// Whoever calls because of an outage hears of it, whatever else is on its way.
func TestLookupWaitsForNoOtherPipeline(t *testing.T) {
	s := open(t, storetest.Redis(t), new(clock))
	o := s.Outages()
	setOutages(t, o, "kyiv", "crm", "kyiv/khreshchatyk")
	g, done := newGate(s), make(chan error, 1)
	go func() { done <- failure(s.ask(t.Context(), commandStep("incr", s.keys.live("n")))) }()
	<-g.came
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, found, err := o.Lookup(ctx, "kyiv", "kyiv/khreshchatyk/10"); !found || err != nil {
		t.Errorf("Lookup = %t, %v, want the flag", found, err)
	}
	g.pass <- nil
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A pipeline that fails fails those whom it carries; the next one goes on.
func TestFailedPipelineIsNotTheLast(t *testing.T) {
	s := open(t, storetest.Redis(t), new(clock))
	g := newGate(s)
	broken := errors.New("broken")
	done := make(chan error, 2)
	ask := func() { done <- failure(s.ask(t.Context(), commandStep("incr", s.keys.live("n")))) }
	go ask()
	<-g.came
	go ask()
	queued(t, s, 1)
	g.pass <- broken
	if err := <-done; !errors.Is(err, broken) {
		t.Errorf("ask = %v, want what broke its pipeline", err)
	}
	<-g.came
	g.pass <- nil
	if err := <-done; err != nil {
		t.Errorf("ask that came with the next pipeline = %v", err)
	}
}

// Redis serves nobody else while a pipeline is done: one takes no more questions
// once it has enough commands.
func TestPipelinesAreBounded(t *testing.T) {
	s := open(t, storetest.Redis(t), new(clock))
	g := newGate(s)
	done := make(chan error, 4)
	ask := func(steps int) {
		incr := commandStep("incr", s.keys.live("n"))
		go func() { done <- failure(s.ask(t.Context(), slices.Repeat([]step{incr}, steps)...)) }()
	}
	ask(1)
	<-g.came
	const large = flightMost/2 + 1
	for i := range 3 {
		ask(large)
		queued(t, s, i+1)
	}
	g.pass <- nil
	for _, want := range []int{2 * large, large} {
		if got := len(<-g.came); got != want {
			t.Errorf("a pipeline of %d commands, want %d", got, want)
		}
		g.pass <- nil
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// A Redis that takes connections and says nothing holds nobody up for long: not
// those who name no time, nor, behind them, those who are less patient.
func TestMuteRedis(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := open(t, "redis://"+l.Addr().String(), new(clock))
	patient := make(chan error, 1)
	go func() { patient <- failure(s.ask(context.Background(), commandStep("incr", s.keys.live("n")))) }()
	p := s.pipes.of("")
	eventually(t, func() string {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.flying {
			return "the first question is not under way"
		}
		return ""
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := failure(s.ask(ctx, commandStep("incr", s.keys.live("n")))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("impatient ask = %v, want the end of its time", err)
	}
	if err := <-patient; err == nil {
		t.Error("patient ask succeeded without an answer")
	}
}

var appendTo = redis.NewScript(`return redis.call('RPUSH', KEYS[1], ARGV[1])`)

// The steps of a question are taken in order, also by a node that does not know
// the script yet, and none after one that another node refused.
func TestStepsAreTakenInOrder(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ctx, list := t.Context(), s.keys.live("{one}:list")
		push := func(v string) step { return scriptStep(appendTo, []string{list}, v) }
		for _, v := range []string{"a", "b"} {
			replies := s.ask(ctx, commandStep("rpush", list, v), push(v+"2"), commandStep("llen", list))
			if err := failure(replies); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.rdb.LRange(ctx, list, 0, -1).Result()
		if last := slices.Index(got, "b"); err != nil || last < 0 || !slices.Equal(got[last:], []string{"b", "b2"}) {
			t.Errorf("list = %q, %v, want a, a2, b and b2 in order", got, err)
		}
	})
}

func TestStepsEndWithOneThatFails(t *testing.T) {
	s := open(t, storetest.Cluster(t), new(clock))
	ctx := t.Context()
	text, other := s.keys.live("{text}"), ""
	for i := 0; other == "" || s.node(ctx, other) == s.node(ctx, text); i++ {
		other = s.keys.live(fmt.Sprintf("{other-%d}", i))
	}
	if err := s.rdb.Set(ctx, text, "no list", 0).Err(); err != nil {
		t.Fatal(err)
	}
	replies := s.ask(ctx, commandStep("rpush", text, "a"), commandStep("rpush", other, "a"))
	if len(replies) != 2 || replies[0].Err() == nil || replies[1].Err() == nil {
		t.Errorf("replies = %v, want two errors", replies)
	}
	if n, err := s.rdb.Exists(ctx, other).Result(); err != nil || n > 0 {
		t.Errorf("the step after the failed one was taken: %d, %v", n, err)
	}
}

// Many at once, some of whom do not wait: each reply is its own question's.
func TestRepliesFindWhoAsked(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				for n := range 20 {
					ctx, cancel := context.WithCancel(t.Context())
					if n%5 == 4 {
						cancel()
					}
					want := fmt.Sprintf("%d-%d", i, n)
					key := s.keys.live("{" + want + "}")
					replies := s.ask(ctx, commandStep("set", key, want), commandStep("get", key))
					got, err := replies[1].Text()
					if err == nil && got != want || err != nil && n%5 < 4 {
						t.Errorf("asked for %q: %q, %v", want, got, err)
					}
					cancel()
				}
			})
		}
		wg.Wait()
	})
}
