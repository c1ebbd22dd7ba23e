package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/httprate"
)

// A Scope is what a key may be used for.
type Scope = string

// The scopes. Admin includes all others.
const (
	ScopeRead  Scope = "read"  // look at everything but keys
	ScopeCRM   Scope = "crm"   // customers, outages, agents and their statuses; look at everything but keys
	ScopeAgent Scope = "agent" // statuses of agents; look at agents and queues
	ScopeAdmin Scope = "admin" // menus, numbers, sites, queues, keys, and all of the above
)

// Who may do what; admin is added to each when an operation is registered.
var (
	mayRead   = []Scope{ScopeRead, ScopeCRM}
	maySee    = []Scope{ScopeRead, ScopeCRM, ScopeAgent}
	mayServe  = []Scope{ScopeCRM, ScopeAgent}
	mayWrite  = []Scope{ScopeCRM}
	adminOnly = []Scope{}
)

// MaxSecret is the longest key that is looked at, in bytes.
const MaxSecret = 128

// Failed attempts allowed to one address (an IPv6 /64) in a minute. Beyond it
// only keys that have been good before are looked at.
const failuresPerMinute = 30

// keyring decides about bearer keys.
type keyring struct {
	check    func(context.Context, string) ([]Scope, error)
	failures *httprate.RateLimiter
	mu       sync.Mutex
	good     map[[sha256.Size]byte]struct{} // hashes of keys that were good once
}

// maxGood bounds the keys remembered as good; beyond it they are forgotten.
const maxGood = 1024

func newKeyring(check func(context.Context, string) ([]Scope, error)) *keyring {
	return &keyring{
		check:    check,
		failures: httprate.NewRateLimiter(failuresPerMinute, time.Minute),
		good:     map[[sha256.Size]byte]struct{}{},
	}
}

// guard is the middleware of all operations: it lets a request pass that has a
// key with one of the scopes that the operation names. What it answers to a
// wrong key never depends on the key.
func (a *API) guard(ctx huma.Context, next func(huma.Context)) {
	wanted := scopesOf(ctx.Operation())
	if wanted == nil {
		next(ctx)
		return
	}
	req, _ := humachi.Unwrap(ctx)
	has, err := a.ring.scopes(req)
	if err == nil && !slices.ContainsFunc(wanted, func(s Scope) bool { return slices.Contains(has, s) }) {
		err = newProblem(http.StatusForbidden, "the key lacks a scope: one of "+strings.Join(wanted, ", ")+" is needed")
	}
	if err == nil {
		next(ctx)
		return
	}
	p := a.problem(ctx.Context(), err)
	switch p.Status {
	case http.StatusUnauthorized:
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="dialgraph"`)
	case http.StatusForbidden:
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="dialgraph", error="insufficient_scope"`)
	case http.StatusTooManyRequests:
		ctx.SetHeader("Retry-After", "60")
	}
	a.refuse(ctx, p)
}

// scopes returns what the request's key may be used for, or a Problem.
func (k *keyring) scopes(r *http.Request) ([]Scope, error) {
	secret, ok := bearer(r.Header.Get("Authorization"))
	if !ok {
		return nil, newProblem(http.StatusUnauthorized, "a key is needed: Authorization: Bearer KEY")
	}
	address, hash := clientAddress(r), sha256.Sum256([]byte(secret))
	if k.failedTooOften(address) && !k.known(hash) {
		return nil, newProblem(http.StatusTooManyRequests, "too many wrong keys from this address")
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	scopes, err := k.check(ctx, secret)
	switch {
	case err == nil:
		k.remember(hash)
		return scopes, nil
	case errors.Is(err, ErrNotFound):
		k.failures.OnLimit(discard{}, r, address)
		return nil, newProblem(http.StatusUnauthorized, "the key is not known")
	}
	return nil, fmt.Errorf("%w: check key: %w", ErrUnavailable, err)
}

func (k *keyring) failedTooOften(address string) bool {
	_, rate, err := k.failures.Status(address)
	return err != nil || rate >= failuresPerMinute
}

func (k *keyring) known(hash [sha256.Size]byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.good[hash]
	return ok
}

func (k *keyring) remember(hash [sha256.Size]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.good) >= maxGood {
		clear(k.good)
	}
	k.good[hash] = struct{}{}
}

// bearer reads the key from an Authorization header (RFC 6750).
func bearer(header string) (string, bool) {
	scheme, secret, _ := strings.Cut(header, " ")
	ok := strings.EqualFold(scheme, "Bearer") && secret != "" && len(secret) <= MaxSecret
	return secret, ok
}

// clientAddress is where the request came from: the connection's own address,
// since headers that claim another one can be invented.
func clientAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return httprate.CanonicalizeIP(host)
}

// discard takes the headers that the rate limiter would add to an answer.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// Security of an operation in the OpenAPI document: one alternative for each
// scope that suffices.
func security(scopes []Scope) []map[string][]string {
	var all []map[string][]string
	for _, s := range append(slices.Clone(scopes), ScopeAdmin) {
		all = append(all, map[string][]string{"key": {s}})
	}
	return all
}

// scopesOf are the scopes of which one is needed; nil when anybody may.
func scopesOf(op *huma.Operation) []Scope {
	var scopes []Scope
	for _, alternative := range op.Security {
		scopes = append(scopes, alternative["key"]...)
	}
	return scopes
}

// KeyChecker knows the keys.
type KeyChecker interface {
	// Check returns the scopes of a key; ErrNotFound when there is no such
	// key, or not any more. It takes the same time for any unknown key.
	Check(ctx context.Context, secret string) ([]Scope, error)
}
