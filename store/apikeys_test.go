package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAPIKey(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ctx, keys := t.Context(), s.APIKeys()
		want, secret, err := keys.Create(ctx, "the CRM", []string{"read", "crm", "crm"})
		if err != nil {
			t.Fatal(err)
		}
		_, other, err := keys.Create(ctx, "an agent's desk", []string{"agent"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := keys.Check(ctx, secret)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("Check: %v\n%s", err, diff)
		}
		id, _, _ := strings.Cut(strings.TrimPrefix(secret, secretPrefix), "_")
		_, random, _ := strings.Cut(strings.TrimPrefix(other, secretPrefix), "_")
		for name, wrong := range map[string]string{
			"nothing": "", "no key": "secret", "id alone": secretPrefix + id, "id and nothing": secretPrefix + id + "_",
			"another key's secret": secretPrefix + id + "_" + random, "cut short": secret[:len(secret)-1], "longer": secret + "A",
		} {
			if _, err := keys.Check(ctx, wrong); !errors.Is(err, ErrNotFound) {
				t.Errorf("Check of %s = %v, want ErrNotFound", name, err)
			}
		}
		if raw := s.rdb.HGet(ctx, s.keys.apiKeys(), want.ID).Val(); strings.Contains(raw, secret[40:]) {
			t.Errorf("stored key %s holds the secret", raw)
		}
		if list, err := keys.List(ctx); len(list) != 2 || err != nil {
			t.Errorf("List = %v, %v, want two", list, err)
		}
		if err := keys.Revoke(ctx, want.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Check(ctx, secret); !errors.Is(err, ErrNotFound) {
			t.Errorf("Check of a revoked key = %v, want ErrNotFound", err)
		}
		if err := keys.Revoke(ctx, want.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("Revoke again = %v, want ErrNotFound", err)
		}
	})
}

func TestAPIKeyRefuses(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		for _, tt := range []struct {
			name, key string
			scopes    []string
		}{
			{"no name", "", []string{"read"}},
			{"no scope", "x", nil},
			{"unknown scope", "x", []string{"read", "root"}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				if _, _, err := s.APIKeys().Create(t.Context(), tt.key, tt.scopes); !errors.Is(err, ErrInvalid) {
					t.Errorf("Create(%q, %q) = %v, want ErrInvalid", tt.key, tt.scopes, err)
				}
			})
		}
	})
}

func FuzzSecret(f *testing.F) {
	f.Add("dgk_0123456789abcdef0123456789abcdef_x")
	f.Add("dgk__")
	f.Fuzz(func(t *testing.T, secret string) {
		if id := idOf(secret); id != "" && checkID("key", id) != nil {
			t.Errorf("idOf(%q) = %q", secret, id)
		}
	})
}
