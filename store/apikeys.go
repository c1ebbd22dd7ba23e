package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// apiKeyScopes are what a key may be for.
var apiKeyScopes = []string{"admin", "agent", "crm", "read"}

// maxAPIKeys bounds the keys of an installation.
const maxAPIKeys = 1000

// secretPrefix lets a scanner of leaked secrets recognise a key.
const secretPrefix = "dgk_"

// An APIKey is a key of the REST API without its secret.
type APIKey struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Scopes  []string  `json:"scopes"` // admin, agent, crm, read; sorted
	Created time.Time `json:"created"`
}

// storedKey is a key as it is stored. The hash is a plain SHA-256: the secret
// is 256 random bits, which no list of passwords holds.
type storedKey struct {
	APIKey
	Hash string `json:"hash"`
}

// APIKeys are the keys of the REST API.
type APIKeys struct{ s *Store }

// APIKeys returns the keys in the store.
func (s *Store) APIKeys() APIKeys { return APIKeys{s} }

// Create makes a key. The secret is returned this once and kept nowhere.
// ErrInvalid.
func (k APIKeys) Create(ctx context.Context, name string, scopes []string) (key APIKey, secret string, err error) {
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	faults := []error{checkText("name", name, maxName)}
	if name == "" {
		faults = append(faults, invalid("name", "want one, to know whose key it is"))
	}
	if len(scopes) == 0 || slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(apiKeyScopes, s) }) {
		faults = append(faults, invalid("scopes", "want one or more of %s", strings.Join(apiKeyScopes, ", ")))
	}
	if err := errors.Join(faults...); err != nil {
		return APIKey{}, "", err
	}
	n, err := k.s.rdb.HLen(ctx, k.s.keys.apiKeys()).Result()
	if err != nil {
		return APIKey{}, "", fmt.Errorf("create api key: %w", err)
	}
	if n >= maxAPIKeys {
		return APIKey{}, "", invalid("name", "there are %d keys already: revoke some", n)
	}
	key = APIKey{ID: uuid.NewString(), Name: name, Scopes: scopes, Created: k.s.localNow().UTC().Truncate(time.Second)}
	secret = newSecret(key.ID)
	document, err := json.Marshal(storedKey{key, hashOf(secret)})
	if err == nil {
		err = k.s.rdb.HSet(ctx, k.s.keys.apiKeys(), key.ID, document).Err()
	}
	if err != nil {
		return APIKey{}, "", fmt.Errorf("create api key: %w", err)
	}
	return key, secret, nil
}

// Check returns the key that has this secret. ErrNotFound, after the same
// work whether or not a key of that id exists.
func (k APIKeys) Check(ctx context.Context, secret string) (APIKey, error) {
	raw, err := k.s.rdb.HGet(ctx, k.s.keys.apiKeys(), idOf(secret)).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return APIKey{}, fmt.Errorf("check api key: %w", err)
	}
	var stored storedKey
	if raw != "" {
		if err := json.Unmarshal([]byte(raw), &stored); err != nil {
			return APIKey{}, fmt.Errorf("check api key: %w", err)
		}
	}
	if subtle.ConstantTimeCompare([]byte(stored.Hash), []byte(hashOf(secret))) != 1 {
		return APIKey{}, fmt.Errorf("api key: %w", ErrNotFound)
	}
	return stored.APIKey, nil
}

// List returns all keys, the oldest first.
func (k APIKeys) List(ctx context.Context) ([]APIKey, error) {
	all, err := k.s.rdb.HVals(ctx, k.s.keys.apiKeys()).Result()
	if err != nil {
		return nil, fmt.Errorf("list api keys: %w", err)
	}
	keys := make([]APIKey, len(all))
	for i, raw := range all {
		if err := json.Unmarshal([]byte(raw), &keys[i]); err != nil {
			return nil, fmt.Errorf("list api keys: %w", err)
		}
	}
	slices.SortFunc(keys, func(a, b APIKey) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return keys, nil
}

// Revoke ends a key at once. ErrNotFound.
func (k APIKeys) Revoke(ctx context.Context, id string) error {
	n, err := k.s.rdb.HDel(ctx, k.s.keys.apiKeys(), id).Result()
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("revoke api key %q: %w", id, err)
	}
	return nil
}

// newSecret is dgk_, the id without dashes, _, and 256 random bits.
func newSecret(id string) string {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	return secretPrefix + strings.ReplaceAll(id, "-", "") + "_" + base64.RawURLEncoding.EncodeToString(random[:])
}

// idOf is the id in a secret, "" when it is none of ours.
func idOf(secret string) string {
	rest, ok := strings.CutPrefix(secret, secretPrefix)
	hexID, _, found := strings.Cut(rest, "_")
	id, err := uuid.Parse(hexID)
	if !ok || !found || len(hexID) != 32 || err != nil {
		return ""
	}
	return id.String()
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
