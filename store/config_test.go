package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/store/storetest"
)

// document is a menu that is valid; say makes one version differ from another.
func document(menu, say string) []byte {
	return fmt.Appendf(nil, `menu: %s
timezone: Europe/Kyiv
languages: [en]
start: hello
prompts:
  words: {text: {en: %q}}
nodes:
  hello: {play: words, next: bye}
  bye: {hangup: {}}
`, menu, say)
}

// putMenu puts a version and activates it.
func activeMenu(t testing.TB, s *Store, menu, say string) (version string) {
	t.Helper()
	version, _, err := s.Menus().Put(t.Context(), menu, document(menu, say), dialplan.Options{})
	if err == nil {
		err = s.Menus().Activate(t.Context(), menu, version, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return version
}

func TestMenuVersions(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		ctx, menus := t.Context(), s.Menus()
		first, created, err := menus.Put(ctx, "line", document("line", "one"), dialplan.Options{})
		if err != nil || !created {
			t.Fatalf("Put = %v, created %v, want a new version", err, created)
		}
		if active, err := menus.Active(ctx, "line"); active != "" || err != nil {
			t.Errorf("Active = %q, %v before any was activated, want none", active, err)
		}
		if err := menus.Activate(ctx, "line", first, nil); err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Minute)
		second, _, err := menus.Put(ctx, "line", document("line", "two"), dialplan.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if again, created, err := menus.Put(ctx, "line", document("line", "two"), dialplan.Options{}); again != second || created || err != nil {
			t.Errorf("the same Put again = %q, created %v, %v, want %q, not created", again, created, err, second)
		}
		versions, err := menus.Versions(ctx, "line")
		if err != nil || len(versions) != 2 || versions[0].Version != second || !versions[1].Active || versions[0].Active {
			t.Errorf("Versions = %+v, %v, want %s, then the active %s", versions, err, second, first)
		}
		if got, err := menus.Get(ctx, "line", first); string(got) != string(document("line", "one")) || err != nil {
			t.Errorf("Get(first) = %q, %v, want it as it was put", got, err)
		}
		if err := menus.Activate(ctx, "line", "0123", nil); !errors.Is(err, ErrNotFound) {
			t.Errorf("Activate of an unknown version = %v, want ErrNotFound", err)
		}
		stale := func(now *MenuState) error {
			// Somebody else is faster, once.
			if now.Active == first {
				return menus.Activate(ctx, "line", second, nil)
			}
			return ErrConflict
		}
		if err := menus.Activate(ctx, "line", first, stale); !errors.Is(err, ErrConflict) {
			t.Errorf("Activate on a stale check = %v, want ErrConflict", err)
		}
		if active, err := menus.Active(ctx, "line"); active != second || err != nil {
			t.Errorf("Active = %q, %v, want what the other one activated, %q", active, err, second)
		}
	})
}

func TestMenuThatIsNotValidIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		version := activeMenu(t, s, "line", "one")
		_, _, err := s.Menus().Put(t.Context(), "line", []byte("nonsense: true"), dialplan.Options{})
		var problems dialplan.Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Errorf("Put = %v, want the document's problems", err)
		}
		if _, _, err := s.Menus().Put(t.Context(), "other", document("line", "one"), dialplan.Options{}); !errors.Is(err, ErrInvalid) {
			t.Errorf("Put under another name = %v, want ErrInvalid", err)
		}
		if active, err := s.Menus().Active(t.Context(), "line"); active != version || err != nil {
			t.Errorf("Active = %q, %v, want %q as before", active, err, version)
		}
	})
}

func TestMenuInUseIsNotDeleted(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ctx := t.Context()
		if _, err := s.Numbers().Put(ctx, Number{Number: "0800", Menu: "line"}, nil); !errors.Is(err, ErrInvalid) {
			t.Errorf("Put of a number without its menu = %v, want ErrInvalid", err)
		}
		activeMenu(t, s, "line", "one")
		if _, err := s.Numbers().Put(ctx, Number{Number: "0800", Menu: "line"}, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Menus().Delete(ctx, "line"); !errors.Is(err, ErrInUse) {
			t.Errorf("Delete of a menu in use = %v, want ErrInUse", err)
		}
		elsewhere := Number{Number: "0801", Menu: "line", Site: "kyiv"}
		if _, err := s.Numbers().Put(ctx, elsewhere, nil); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "site") {
			t.Errorf("Put of a number with an unknown site = %v, want ErrInvalid of site", err)
		}
		if _, err := s.Sites().Put(ctx, Site{Site: "kyiv", Region: "UA"}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Numbers().Put(ctx, elsewhere, nil); err != nil {
			t.Errorf("Put of a number with a known site = %v", err)
		}
		if err := s.Numbers().Delete(ctx, "0801", nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Numbers().Delete(ctx, "0800", nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Menus().Delete(ctx, "line"); err != nil {
			t.Errorf("Delete = %v", err)
		}
		if err := s.Menus().Delete(ctx, "line"); !errors.Is(err, ErrNotFound) {
			t.Errorf("Delete again = %v, want ErrNotFound", err)
		}
	})
}

func TestPutIfUnchanged(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ctx, sites := t.Context(), s.Sites()
		refused := errors.New("not as expected")
		absent := func(now *Site) error {
			if now != nil {
				return refused
			}
			return nil
		}
		if created, err := sites.Put(ctx, Site{Site: "kyiv", Region: "UA"}, absent); !created || err != nil {
			t.Fatalf("Put where nothing was = created %v, %v", created, err)
		}
		if _, err := sites.Put(ctx, Site{Site: "kyiv", Region: "PL"}, absent); !errors.Is(err, refused) {
			t.Errorf("Put where something was = %v, want the check's own error", err)
		}
		// Somebody else is faster, once: the check is asked again.
		asked := 0
		_, err := sites.Put(ctx, Site{Site: "kyiv", Region: "DE"}, func(now *Site) error {
			if asked++; asked == 1 {
				_, err := sites.Put(ctx, Site{Site: "kyiv", Region: "FR"}, nil)
				return err
			}
			if now.Region != "FR" {
				t.Errorf("asked again about %q, want FR", now.Region)
			}
			return nil
		})
		if err != nil || asked != 2 {
			t.Errorf("Put = %v after %d checks, want 2", err, asked)
		}
		if got, err := sites.Get(ctx, "kyiv"); got.Region != "DE" || err != nil {
			t.Errorf("Get = %+v, %v, want DE", got, err)
		}
		if err := sites.Delete(ctx, "kyiv", func(*Site) error { return refused }); !errors.Is(err, refused) {
			t.Errorf("Delete = %v, want the check's own error", err)
		}
	})
}

func TestSiteAndNumberRefuse(t *testing.T) {
	site := func(change func(*Site)) error {
		s := Site{Site: "kyiv", Region: "UA", Templates: Templates{
			Agent: "sofia/internal/{contact};fs_path=sip:10.0.0.5:5060", Outside: "sofia/gateway/carrier/{number}",
		}, Outside: []string{"+380"}, Presented: "+380441234567"}
		change(&s)
		return s.validate()
	}
	number := func(change func(*Number)) error {
		n := Number{Number: "+380800123456", Menu: "line", Site: "kyiv", Answer: "at-once", Fallback: "9000 XML default", Language: "uk"}
		change(&n)
		return n.validate()
	}
	for _, tt := range []struct {
		name  string
		err   error
		field string // at fault, "" for none
	}{
		{"good site", site(func(*Site) {}), ""},
		{"expansion", site(func(s *Site) { s.Templates.Agent = "user/${system(id)}{contact}" }), "templates.agent"},
		{"channel variables", site(func(s *Site) { s.Templates.Agent = "{a=b}user/{contact}" }), "templates.agent"},
		{"two legs", site(func(s *Site) { s.Templates.Agent = "user/{contact},user/1" }), "templates.agent"},
		{"enterprise originate", site(func(s *Site) { s.Templates.Agent = "user/{contact}:_:user/1" }), "templates.agent"},
		{"no placeholder", site(func(s *Site) { s.Templates.Outside = "sofia/gateway/carrier" }), "templates.outside"},
		{"another placeholder", site(func(s *Site) { s.Templates.Extension = "user/{contact}" }), "templates.extension"},
		{"placeholder twice", site(func(s *Site) { s.Templates.Agent = "user/{contact}{contact}" }), "templates.agent"},
		{"no endpoint", site(func(s *Site) { s.Templates.Agent = "{contact}" }), "templates.agent"},
		{"line break", site(func(s *Site) { s.Templates.Agent = "user/{contact}\n" }), "templates.agent"},
		{"unknown region", site(func(s *Site) { s.Region = "XX" }), "region"},
		{"prefix with a pattern", site(func(s *Site) { s.Outside = []string{"+380", "*"} }), "outside"},
		{"presented by name", site(func(s *Site) { s.Presented = "support" }), "presented"},
		{"good number", number(func(*Number) {}), ""},
		{"all others", number(func(n *Number) { n.Number = DefaultNumber }), ""},
		{"no number", number(func(n *Number) { n.Number = "" }), "number"},
		{"menu with a brace", number(func(n *Number) { n.Menu = "{x}" }), "menu"},
		{"unknown policy", number(func(n *Number) { n.Answer = "never" }), "answer"},
		{"fallback with an application", number(func(n *Number) { n.Fallback = "system:id inline" }), "fallback"},
		{"language by name", number(func(n *Number) { n.Language = "Ukrainian" }), "language"},
		{"negative limit", number(func(n *Number) { n.MaxCalls = -1 }), "max_calls"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.field == "" {
				if tt.err != nil {
					t.Errorf("refused: %v", tt.err)
				}
				return
			}
			if !errors.Is(tt.err, ErrInvalid) || !strings.HasPrefix(tt.err.Error(), tt.field+": ") {
				t.Errorf("error %v, want one of field %s", tt.err, tt.field)
			}
		})
	}
}

func TestListPages(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		for _, id := range []string{"lviv", "kyiv", "odesa"} {
			if _, err := s.Sites().Put(t.Context(), Site{Site: id, Region: "UA"}, nil); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Sites().List(t.Context(), "kyiv", 1)
		if err != nil || len(got) != 1 || got[0].Site != "lviv" {
			t.Errorf("List(after kyiv, 1) = %+v, %v, want lviv", got, err)
		}
	})
}

func TestLiveSeesAChangeWithinASecond(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		first := activeMenu(t, s, "line", "one")
		if _, err := s.Numbers().Put(t.Context(), Number{Number: DefaultNumber, Menu: "line"}, nil); err != nil {
			t.Fatal(err)
		}
		live := s.Live()
		if err := live.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		background(t, live.Run)
		if n, err := live.Number("+380441234567"); n.Menu != "line" || err != nil {
			t.Errorf("Number = %+v, %v, want the one for all others", n, err)
		}
		second := activeMenu(t, s, "line", "two")
		eventually(t, func() string {
			if m, err := live.Active("line"); err != nil || m.Version() != second {
				return fmt.Sprintf("Active = %v, %v, want %s", m, err, second)
			}
			return ""
		})
		if m, err := live.Menu(t.Context(), "line", first); err != nil || m.Version() != first {
			t.Errorf("Menu(first) = %v, %v: calls that began with it need it", m, err)
		}
		if _, err := live.Active("other"); !errors.Is(err, ErrNotFound) {
			t.Errorf("Active(other) = %v, want ErrNotFound", err)
		}
	})
}

func TestLiveGoesOnWithoutRedis(t *testing.T) {
	server := storetest.Start(t, "--appendonly", "no")
	s := open(t, server.URL(), new(clock))
	first := activeMenu(t, s, "line", "one")
	second := activeMenu(t, s, "line", "two")
	live := s.Live()
	if err := live.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := live.Menu(t.Context(), "line", first); err != nil {
		t.Fatal(err)
	}
	holds := func(when string) {
		t.Helper()
		if m, err := live.Active("line"); err != nil || m.Version() != second {
			t.Errorf("%s: Active = %v, %v, want %s", when, m, err, second)
		}
		if m, err := live.Menu(t.Context(), "line", first); err != nil || m.Version() != first {
			t.Errorf("%s: Menu(first) = %v, %v", when, m, err)
		}
	}
	server.Stop()
	if err := live.Refresh(t.Context()); err == nil {
		t.Error("Refresh without Redis = nil, want an error")
	}
	holds("redis stopped")
	server.Restart() // it kept nothing
	if err := live.Refresh(t.Context()); !errors.Is(err, errVanished) {
		t.Errorf("Refresh from an empty Redis = %v, want errVanished", err)
	}
	if !live.Vanished() {
		t.Error("Vanished = false of an empty Redis, want true")
	}
	holds("redis empty")
}

// background runs f until the test ends, and waits for it.
func background(t *testing.T, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("in the background: %v", err)
		}
	})
}

// eventually polls until nothing is wrong any more.
func eventually(t testing.TB, wrong func() string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		fault := wrong()
		if fault == "" {
			return
		}
		select {
		case <-deadline:
			t.Fatal(fault)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
