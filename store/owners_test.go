package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/store/storetest"
)

const lease = 6 * time.Second

func renew(t testing.TB, owners ...*Owners) (alive []string) {
	t.Helper()
	for _, o := range owners {
		all, err := o.Renew(t.Context(), o.instance+":8084", lease)
		if err != nil {
			t.Fatal(err)
		}
		alive = nil
		for _, i := range all {
			alive = append(alive, i.Instance+" "+i.Address)
		}
	}
	slices.Sort(alive)
	return alive
}

func claim(t testing.TB, o *Owners, calls ...string) {
	t.Helper()
	for _, call := range calls {
		if err := o.Claim(t.Context(), Owned{Call: call, Node: "fs1", Core: "core", Token: o.instance + "-" + call}); err != nil {
			t.Fatal(err)
		}
	}
}

// owner is who looks after a call, "" for nobody.
func owner(t testing.TB, o *Owners, call string) string {
	t.Helper()
	v, err := o.Get(t.Context(), call)
	if err != nil && !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	return v.Instance
}

func TestLeaseRunsOut(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		one, two := s.Owners("one"), s.Owners("two")
		if got, want := renew(t, one, two), []string{"one one:8084", "two two:8084"}; !slices.Equal(got, want) {
			t.Errorf("alive = %q, want %q", got, want)
		}
		claim(t, one, "a")
		c.Advance(lease - time.Second)
		renew(t, two)
		if _, err := two.Take(t.Context(), "one", 0, 1); !errors.Is(err, ErrAlive) {
			t.Errorf("Take from a live instance = %v, want ErrAlive", err)
		}
		c.Advance(2 * time.Second)
		if got, want := renew(t, two), []string{"two two:8084"}; !slices.Equal(got, want) {
			t.Errorf("alive = %q, want %q", got, want)
		}
		dead, err := two.Expired(t.Context())
		if err != nil || !slices.Equal(dead, []Instance{{"one", "one:8084"}}) {
			t.Errorf("Expired = %v, %v, want one", dead, err)
		}
		taken, err := two.Take(t.Context(), "one", 0, 10)
		if err != nil || len(taken) != 1 || taken[0].Call != "a" || taken[0].Node != "fs1" || taken[0].Token == "one-a" {
			t.Errorf("Take = %+v, %v, want call a under a new token", taken, err)
		}
		if dead, err := two.Expired(t.Context()); err != nil || len(dead) != 0 {
			t.Errorf("Expired = %v, %v after all was taken, want none", dead, err)
		}
	})
}

func TestEndedLeaseIsFreeAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		one, two := s.Owners("one"), s.Owners("two")
		renew(t, one, two)
		claim(t, one, "a")
		if _, err := one.Renew(t.Context(), "one:8084", 0); err != nil {
			t.Fatal(err)
		}
		if taken, err := two.Take(t.Context(), "one", 0, 1); err != nil || len(taken) != 1 {
			t.Errorf("Take = %v, %v, want the call", taken, err)
		}
	})
}

func TestNewestClaimWins(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		ctx, one, two := t.Context(), s.Owners("one"), s.Owners("two")
		claim(t, one, "a")
		c.Advance(time.Millisecond)
		claim(t, two, "a")
		if got := owner(t, one, "a"); got != "two" {
			t.Fatalf("owner = %q, want two", got)
		}
		if mine, err := one.Forget(ctx, "a", "one-a"); mine || err != nil {
			t.Errorf("Forget by the former owner = %v, %v, want not mine", mine, err)
		}
		if err := one.Release(ctx, "a", "one-a"); err != nil {
			t.Fatal(err)
		}
		if v, err := two.Get(ctx, "a"); v.Instance != "two" || err != nil {
			t.Errorf("Get = %+v, %v, want it untouched by the former owner", v, err)
		}
		for _, when := range []string{"once", "again, as after a lost reply"} {
			if mine, err := two.Forget(ctx, "a", "two-a"); !mine || err != nil {
				t.Errorf("Forget by the owner, %s = %v, %v, want mine", when, mine, err)
			}
		}
		if got := owner(t, one, "a"); got != "" {
			t.Errorf("owner of an ended call = %q, want nobody", got)
		}
	})
}

func TestReleasedCallIsTakenWhenItsTimeHasCome(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		ctx, one, two := t.Context(), s.Owners("one"), s.Owners("two")
		claim(t, one, "a", "b")
		for _, call := range []string{"a", "b"} {
			if err := one.Release(ctx, call, "one-"+call); err != nil {
				t.Fatal(err)
			}
		}
		claim(t, two, "b") // its socket found its way
		if taken, err := two.Take(ctx, "", time.Second, 10); err != nil || len(taken) != 0 {
			t.Errorf("Take at once = %v, %v, want none yet", taken, err)
		}
		c.Advance(2 * time.Second)
		taken, err := two.Take(ctx, "", time.Second, 10)
		if err != nil || len(taken) != 1 || taken[0].Call != "a" {
			t.Errorf("Take = %+v, %v, want the call a", taken, err)
		}
		if taken, err := one.Take(ctx, "", time.Second, 10); err != nil || len(taken) != 0 {
			t.Errorf("Take by another = %v, %v, want none left", taken, err)
		}
	})
}

func TestEachCallIsTakenByOne(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		const calls = 60
		dead := s.Owners("dead")
		renew(t, dead)
		for i := range calls {
			claim(t, dead, fmt.Sprint("call-", i))
		}
		c.Advance(lease)
		var mu sync.Mutex
		taken := map[string]string{}
		var wg sync.WaitGroup
		for i := range 3 {
			o := s.Owners(fmt.Sprint("taker-", i))
			wg.Go(func() {
				for {
					got, err := o.Take(t.Context(), "dead", 0, 5)
					if err != nil {
						t.Error(err)
						return
					}
					left := s.rdb.SCard(t.Context(), s.keys.instanceCalls("dead")).Val()
					mu.Lock()
					for _, v := range got {
						if by := taken[v.Call]; by != "" {
							t.Errorf("%s was taken by %s and by %s", v.Call, by, o.instance)
						}
						taken[v.Call] = o.instance
					}
					mu.Unlock()
					if left == 0 {
						return
					}
				}
			})
		}
		wg.Wait()
		if len(taken) != calls {
			t.Errorf("%d calls were taken, want %d", len(taken), calls)
		}
		for call, by := range taken {
			if got := owner(t, dead, call); got != by {
				t.Errorf("owner of %s = %q, want %q", call, got, by)
			}
		}
	})
}

// A call that is released again while somebody looks at it stays on the list.
func TestCallReleasedAgainStaysListed(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		ctx, one, two := t.Context(), s.Owners("one"), s.Owners("two")
		claim(t, one, "a")
		if err := one.Release(ctx, "a", "one-a"); err != nil {
			t.Fatal(err)
		}
		looked := one.now()
		c.Advance(time.Second)
		claim(t, one, "a")
		if err := one.Release(ctx, "a", "one-a"); err != nil {
			t.Fatal(err)
		}
		if err := failure(s.ask(ctx, two.delisted("a", looked))); err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Second)
		if taken, err := two.Take(ctx, "", time.Second, 1); err != nil || len(taken) != 1 {
			t.Errorf("Take = %v, %v, want the call", taken, err)
		}
	})
}

// Redis is away while calls come and go, and returns without its memory or with it.
func TestClaimsAreMadeAgain(t *testing.T) {
	for _, tt := range []struct {
		name, keep string
	}{{"redis lost its memory", "no"}, {"redis kept its memory", "yes"}} {
		t.Run(tt.name, func(t *testing.T) {
			server := storetest.Start(t, "--appendonly", tt.keep)
			c := new(clock)
			s := open(t, server.URL(), c)
			ctx, one, two := t.Context(), s.Owners("one"), s.Owners("two")
			renew(t, one, two)
			claim(t, one, "a", "b")
			server.Stop()
			if err := one.Claim(ctx, Owned{Call: "c", Token: "one-c"}); err == nil {
				t.Error("Claim without Redis = nil, want an error")
			}
			if _, err := one.Renew(ctx, "one:8084", lease); err == nil {
				t.Error("Renew without Redis = nil, want an error")
			}
			server.Restart()
			c.Advance(time.Second)
			claim(t, two, "b") // its socket found its way there first
			renew(t, one)
			for call, want := range map[string]string{"a": "one", "b": "two", "c": "one"} {
				if got := owner(t, one, call); got != want {
					t.Errorf("owner of %s = %q, want %q", call, got, want)
				}
			}
			var mine []string
			for _, v := range one.Mine() {
				mine = append(mine, v.Call)
			}
			if !slices.Equal(mine, []string{"a", "c"}) {
				t.Errorf("Mine = %q, want a and c", mine)
			}
			list := s.rdb.SMembers(ctx, s.keys.instanceCalls("one")).Val()
			if slices.Sort(list); !slices.Equal(list, mine) {
				t.Errorf("list of one = %q, want %q", list, mine)
			}
		})
	}
}

// Calls end and are left while Redis is away: it is told once it is back.
func TestEndsAreToldLate(t *testing.T) {
	server := storetest.Start(t)
	c := new(clock)
	s := open(t, server.URL(), c)
	ctx, one, two := t.Context(), s.Owners("one"), s.Owners("two")
	renew(t, one, two)
	claim(t, one, "ended", "left", "stayed")
	claim(t, two, "resumed")
	server.Stop()
	if _, err := one.Forget(ctx, "ended", "one-ended"); err == nil {
		t.Error("Forget without Redis = nil, want an error")
	}
	if err := one.Release(ctx, "left", "one-left"); err == nil {
		t.Error("Release without Redis = nil, want an error")
	}
	for _, call := range []string{"short", "resumed"} {
		if err := one.Claim(ctx, Owned{Call: call, Token: "one-" + call}); err == nil {
			t.Error("Claim without Redis = nil, want an error")
		}
	}
	if _, err := one.Forget(ctx, "short", "one-short"); err == nil {
		t.Error("Forget without Redis = nil, want an error")
	}
	server.Restart()
	if mine, err := one.Forget(ctx, "resumed", "one-resumed"); !mine || err != nil {
		t.Errorf("Forget of a call that was claimed without Redis = %v, %v, want mine", mine, err)
	}
	renew(t, one)
	for call, want := range map[string]string{"ended": "", "left": "", "short": "", "resumed": "", "stayed": "one"} {
		if got := owner(t, one, call); got != want {
			t.Errorf("owner of %s = %q, want %q", call, got, want)
		}
	}
	c.Advance(time.Second)
	if taken, err := two.Take(ctx, "", time.Second, 10); err != nil || len(taken) != 1 || taken[0].Call != "left" {
		t.Errorf("Take = %+v, %v, want the call that was left", taken, err)
	}
}

// A call of a dead instance comes to one that cannot claim it at the moment:
// it is not taken from under the one who has it.
func TestLateClaimIsNotTaken(t *testing.T) {
	server := storetest.Start(t)
	c := new(clock)
	s := open(t, server.URL(), c)
	ctx, dead, one := t.Context(), s.Owners("dead"), s.Owners("one")
	renew(t, dead, one)
	claim(t, dead, "a")
	server.Stop()
	if err := one.Claim(ctx, Owned{Call: "a", Token: "one-a"}); err == nil {
		t.Error("Claim without Redis = nil, want an error")
	}
	server.Restart()
	c.Advance(lease)
	if taken, err := one.Take(ctx, "dead", 0, 10); err != nil || len(taken) != 0 {
		t.Errorf("Take = %+v, %v, want none", taken, err)
	}
	if mine, err := one.Forget(ctx, "a", "one-a"); !mine || err != nil {
		t.Errorf("Forget = %v, %v, want mine", mine, err)
	}
}

// The list of an instance's calls is what others take from when it dies: it
// must not grow while the instance lives.
func TestListHoldsNoCallsOfOthers(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		ctx, one, two := t.Context(), s.Owners("one"), s.Owners("two")
		claim(t, one, "taken", "ended", "kept")
		c.Advance(time.Millisecond)
		claim(t, two, "taken")
		if err := one.Release(ctx, "taken", "one-taken"); err != nil {
			t.Fatal(err)
		}
		if _, won, err := one.take(ctx, "taken", "", one.now(), one.now()); won || err != nil {
			t.Fatalf("take of a call of two: won %v, %v", won, err)
		}
		if _, err := one.Forget(ctx, "ended", "one-ended"); err != nil {
			t.Fatal(err)
		}
		if got := s.rdb.SMembers(ctx, s.keys.instanceCalls("one")).Val(); !slices.Equal(got, []string{"kept"}) {
			t.Errorf("list of one = %q, want the call it has", got)
		}
	})
}

// A call ends while it is put back on the list of its instance: nothing is left.
func TestCallEndsWhileItIsListed(t *testing.T) {
	s := open(t, storetest.Redis(t), new(clock))
	ctx, one := t.Context(), s.Owners("one")
	claim(t, one, "a")
	late := &lateCommand{name: "sadd", came: make(chan struct{}), pass: make(chan struct{})}
	s.rdb.AddHook(late)
	done := make(chan error, 1)
	go func() { done <- one.unlist(ctx, "a") }()
	<-late.came
	if _, err := one.Forget(ctx, "a", "one-a"); err != nil {
		t.Fatal(err)
	}
	close(late.pass)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if left, err := s.rdb.SMembers(ctx, s.keys.instanceCalls("one")).Result(); err != nil || len(left) > 0 {
		t.Errorf("calls on the list: %q, %v, want none", left, err)
	}
}

// A lateCommand is one that reaches Redis when it is told to go.
type lateCommand struct {
	name       string
	came, pass chan struct{}
}

func (l *lateCommand) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *lateCommand) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (l *lateCommand) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == l.name {
			close(l.came)
			<-l.pass
		}
		return next(ctx, cmd)
	}
}
