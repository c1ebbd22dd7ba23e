package api

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// errStore is what the fakes answer when they are told to fail: a cause that
// no client may ever see.
var errStore = errors.New("dial tcp 10.1.2.3:6379: password wrong")

// shelf is a Collection in memory.
type shelf[T any, P named[T]] struct {
	mu   sync.Mutex
	has  map[Ref]T
	fail error
	rule func(T) error // what Put refuses
	used map[Ref]bool  // what Delete refuses
}

func newShelf[T any, P named[T]](items ...T) *shelf[T, P] {
	s := &shelf[T, P]{has: map[Ref]T{}, used: map[Ref]bool{}}
	for _, v := range items {
		s.has[s.ref(&v)] = v
	}
	return s
}

func (s *shelf[T, P]) ref(v *T) Ref {
	site, id := P(v).name()
	if site == nil {
		return Ref{ID: *id}
	}
	return Ref{*site, *id}
}

func (s *shelf[T, P]) Get(_ context.Context, r Ref) (T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.has[r]
	switch {
	case s.fail != nil:
		return v, s.fail
	case !ok:
		return v, ErrNotFound
	}
	return v, nil
}

func (s *shelf[T, P]) List(_ context.Context, p Page) ([]T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var page []T
	refs := slices.SortedFunc(maps.Keys(s.has), func(a, b Ref) int { return strings.Compare(a.ID, b.ID) })
	for _, r := range refs {
		if r.Site == p.Site && r.ID > p.After && len(page) < p.Limit {
			page = append(page, s.has[r])
		}
	}
	return page, s.fail
}

func (s *shelf[T, P]) Put(_ context.Context, v T, check Check[T]) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return false, s.fail
	}
	if s.rule != nil {
		if err := s.rule(v); err != nil {
			return false, err
		}
	}
	r := s.ref(&v)
	now, there := s.has[r]
	if err := ask(check, now, there); err != nil {
		return false, err
	}
	s.has[r] = v
	return !there, nil
}

func (s *shelf[T, P]) Delete(_ context.Context, r Ref, check Check[T]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, there := s.has[r]
	switch {
	case s.fail != nil:
		return s.fail
	case !there:
		return ErrNotFound
	case s.used[r]:
		return ErrInUse
	}
	if err := ask(check, now, there); err != nil {
		return err
	}
	delete(s.has, r)
	return nil
}

func ask[T any](check Check[T], now T, there bool) error {
	switch {
	case check == nil:
		return nil
	case there:
		return check(&now)
	}
	return check(nil)
}

type (
	fakeCustomers = shelf[Customer, *Customer]
	fakeNumbers   = shelf[Number, *Number]
	fakeSites     = shelf[Site, *Site]
)

// fakeAgents keeps agents, and what they want.
type fakeAgents struct {
	*shelf[Agent, *Agent]
	wishes sync.Map // Ref -> Wish
}

func (f *fakeAgents) Status(ctx context.Context, r Ref) (AgentStatus, error) {
	if _, err := f.Get(ctx, r); err != nil {
		return AgentStatus{}, err
	}
	w, ok := f.wishes.Load(r)
	if !ok {
		return AgentStatus{Agent: r.ID, Status: "logged-out", State: "offline", Since: noon}, nil
	}
	wish := w.(Wish)
	state := map[string]string{"available": "idle", "break": "break", "logged-out": "offline"}[wish.Status]
	return AgentStatus{Agent: r.ID, Status: wish.Status, Reason: wish.Reason, State: state, Since: noon}, nil
}

func (f *fakeAgents) SetStatus(ctx context.Context, r Ref, w Wish) error {
	if _, err := f.Get(ctx, r); err != nil {
		return err
	}
	f.wishes.Store(r, w)
	return nil
}

type fakeQueues struct{ *shelf[Queue, *Queue] }

func (f fakeQueues) Live(ctx context.Context, r Ref) (QueueLive, error) {
	if _, err := f.Get(ctx, r); err != nil {
		return QueueLive{}, err
	}
	return QueueLive{Queue: r.ID, Waiting: 3, Longest: 41.5, Agents: map[string]int{"talking": 2}}, nil
}

// fakeCalls are records, the newest first. A cursor is the call to go on after.
type fakeCalls struct{ all []Call }

func (f fakeCalls) List(_ context.Context, want CallQuery) (page []Call, next string, err error) {
	rest := f.all
	if want.Cursor != "" {
		i := slices.IndexFunc(rest, func(c Call) bool { return c.Call == want.Cursor })
		if i < 0 {
			return nil, "", Invalid{{Location: "cursor", Message: "want the one that the page before gave"}}
		}
		rest = rest[i+1:]
	}
	for _, c := range rest {
		fits := (!want.Live || c.Ended.IsZero()) && (want.From.IsZero() || !c.Started.Before(want.From)) &&
			(want.To.IsZero() || c.Started.Before(want.To))
		switch {
		case !fits:
		case len(page) == want.Limit:
			return page, page[len(page)-1].Call, nil
		default:
			page = append(page, c)
		}
	}
	return page, "", nil
}

func (f fakeCalls) Get(_ context.Context, call string) (Call, error) {
	for _, c := range f.all {
		if c.Call == call {
			return c, nil
		}
	}
	return Call{}, ErrNotFound
}

// fakeKeys knows one key for each scope, named like it.
type fakeKeys struct {
	mu   sync.Mutex
	has  []Key
	fail error
	asks int
}

func (k *fakeKeys) Check(_ context.Context, secret string) ([]Scope, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asks++
	if k.fail != nil {
		return nil, k.fail
	}
	if slices.Contains([]string{ScopeRead, ScopeCRM, ScopeAgent, ScopeAdmin}, secret) {
		return []Scope{secret}, nil
	}
	return nil, ErrNotFound
}

func (k *fakeKeys) List(context.Context) ([]Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.has), nil
}

func (k *fakeKeys) Create(_ context.Context, name string, scopes []Scope) (NewKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := Key{ID: "k1", Name: name, Scopes: scopes, Created: noon}
	k.has = append(k.has, key)
	return NewKey{key, "dg_the-secret"}, nil
}

func (k *fakeKeys) Revoke(_ context.Context, id string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.IndexFunc(k.has, func(key Key) bool { return key.ID == id })
	if i < 0 {
		return ErrNotFound
	}
	k.has = slices.Delete(k.has, i, i+1)
	return nil
}

type fakeHealth []Trouble

func (f *fakeHealth) Troubles(context.Context) []Trouble { return *f }

// fakePrompts is a folder with one rendered prompt.
type fakePrompts string

const promptHash = "0123456789abcdef0123456789abcdef"

func newPrompts(t testing.TB) fakePrompts {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, promptHash+".wav"), []byte("RIFF sound WAVE"), 0o600); err != nil {
		t.Fatal(err)
	}
	return fakePrompts(dir)
}

func (f fakePrompts) Path(name string) (string, error) {
	path := filepath.Join(string(f), name)
	_, err := os.Stat(path)
	return path, err
}
