package api

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// Who may do what, as the documents promise it.
var rights = map[string][]Scope{
	"GET /v1/menus": {ScopeRead, ScopeCRM}, "GET /v1/menus/{menu}": {ScopeRead, ScopeCRM}, "PUT /v1/menus/{menu}": {},
	"DELETE /v1/menus/{menu}": {}, "POST /v1/menus/{menu}/validate": {ScopeRead, ScopeCRM},
	"GET /v1/menus/{menu}/versions": {ScopeRead, ScopeCRM}, "POST /v1/menus/{menu}/activate": {},
	"GET /v1/numbers": {ScopeRead, ScopeCRM}, "GET /v1/numbers/{number}": {ScopeRead, ScopeCRM}, "PUT /v1/numbers/{number}": {}, "DELETE /v1/numbers/{number}": {},
	"GET /v1/sites": {ScopeRead, ScopeCRM}, "GET /v1/sites/{site}": {ScopeRead, ScopeCRM}, "PUT /v1/sites/{site}": {}, "DELETE /v1/sites/{site}": {},
	"GET /v1/customers": {ScopeRead, ScopeCRM}, "GET /v1/customers/{customer}": {ScopeRead, ScopeCRM}, "PUT /v1/customers/{customer}": {ScopeCRM},
	"DELETE /v1/customers/{customer}": {ScopeCRM}, "POST /v1/customers:import": {ScopeCRM},
	"GET /v1/outages": {ScopeRead, ScopeCRM}, "GET /v1/outages/{address}": {ScopeRead, ScopeCRM}, "PUT /v1/outages/{address}": {ScopeCRM},
	"DELETE /v1/outages/{address}": {ScopeCRM}, "POST /v1/outages:import": {ScopeCRM},
	"GET /v1/agents": {ScopeRead, ScopeCRM, ScopeAgent}, "GET /v1/agents/{agent}": {ScopeRead, ScopeCRM, ScopeAgent}, "PUT /v1/agents/{agent}": {ScopeCRM},
	"DELETE /v1/agents/{agent}": {ScopeCRM}, "POST /v1/agents:import": {ScopeCRM},
	"GET /v1/agents/{agent}/status": {ScopeRead, ScopeCRM, ScopeAgent}, "PUT /v1/agents/{agent}/status": {ScopeCRM, ScopeAgent},
	"GET /v1/queues": {ScopeRead, ScopeCRM, ScopeAgent}, "GET /v1/queues/{queue}": {ScopeRead, ScopeCRM, ScopeAgent}, "PUT /v1/queues/{queue}": {},
	"DELETE /v1/queues/{queue}": {}, "GET /v1/queues/{queue}/live": {ScopeRead, ScopeCRM, ScopeAgent},
	"GET /v1/calls": {ScopeRead, ScopeCRM}, "GET /v1/calls/{call}": {ScopeRead, ScopeCRM},
	"GET /v1/events": {ScopeRead, ScopeCRM}, "GET /v1/stats": {ScopeRead, ScopeCRM},
	"GET /v1/keys": {}, "POST /v1/keys": {}, "DELETE /v1/keys/{id}": {},
}

var samples = strings.NewReplacer("{menu}", "m", "{number}", "0800", "{site}", "s", "{customer}", "c", "{address}", "a/b",
	"{agent}", "g", "{queue}", "q", "{call}", "0198f3c2-8f6e-7c1d-b6d0-000000000009", "{id}", "k")

func TestScopes(t *testing.T) {
	s := newService(t)
	for path, item := range s.api.huma.OpenAPI().Paths {
		for method, op := range operations(item) {
			if !strings.HasPrefix(path, "/v1/") {
				continue
			}
			name := method + " " + path
			allowed, ok := rights[name]
			if !ok {
				t.Errorf("%s: nobody has said who may do that", name)
				continue
			}
			if path == "/v1/events" {
				continue // its answer has no end; TestEventsNeedAKey
			}
			t.Run(name, func(t *testing.T) {
				for _, scope := range []Scope{ScopeRead, ScopeCRM, ScopeAgent, ScopeAdmin} {
					x := s.do(method, samples.Replace(path), "", "Authorization", "Bearer "+scope)
					want := scope == ScopeAdmin || slices.Contains(allowed, scope)
					if got := x.status != http.StatusForbidden && x.status != http.StatusUnauthorized; got != want {
						t.Errorf("%s with scope %s: allowed %t, want %t (status %d)", op.OperationID, scope, got, want, x.status)
					}
				}
			})
		}
	}
}

func operations(item *huma.PathItem) map[string]*huma.Operation {
	all := map[string]*huma.Operation{"GET": item.Get, "PUT": item.Put, "POST": item.Post, "DELETE": item.Delete}
	for method, op := range all {
		if op == nil {
			delete(all, method)
		}
	}
	return all
}

func TestAnswersToAWrongKeyAreAllTheSame(t *testing.T) {
	s := newService(t)
	var answers []string
	for _, key := range []string{"x", "dg_0123456789", "ADMIN", strings.Repeat("k", MaxSecret)} {
		x := s.want(401, "GET", "/v1/customers/c-1", "", "Authorization", "Bearer "+key)
		if got := x.header.Get("WWW-Authenticate"); got != `Bearer realm="dialgraph"` {
			t.Errorf("WWW-Authenticate = %q", got)
		}
		answers = append(answers, pretty(t, x.body))
	}
	if all := slices.Compact(answers); len(all) != 1 {
		t.Errorf("answers to wrong keys differ: %q", all)
	}
	for _, header := range []string{"", "Bearer", "Bearer ", "Basic YWRtaW46", "admin", "Bearer " + strings.Repeat("k", MaxSecret+1)} {
		s.want(401, "GET", "/v1/customers/c-1", "", "Authorization", header)
	}
}

func TestGuessingIsSlowedDownAndGoodKeysAreNot(t *testing.T) {
	s := newService(t)
	s.want(200, "GET", "/v1/customers/c-1", "")
	limited := 0
	for range failuresPerMinute + 5 {
		switch x := s.do("GET", "/v1/customers/c-1", "", "Authorization", "Bearer guess"); x.status {
		case 401:
		case 429:
			limited++
			if got := x.header.Get("Retry-After"); got != "60" {
				t.Errorf("Retry-After = %q, want 60", got)
			}
		default:
			t.Fatalf("status %d for a wrong key: %s", x.status, x.body)
		}
	}
	if limited < 4 || limited > 5 { // a new minute may begin meanwhile, which forgives a part of a guess
		t.Errorf("%d guesses were limited, want the last 5", limited)
	}
	asked := s.keys.asks
	s.want(429, "GET", "/v1/customers/c-1", "", "Authorization", "Bearer guess")
	if s.keys.asks != asked {
		t.Error("a key beyond the limit was looked up")
	}
	s.want(200, "GET", "/v1/customers/c-1", "")
}

func TestKeysThatCannotBeCheckedLetNobodyIn(t *testing.T) {
	s := newService(t)
	s.want(200, "GET", "/v1/customers/c-1", "")
	s.keys.fail = errors.New("dial tcp 10.1.2.3:6379: connection refused")
	x := s.want(503, "GET", "/v1/customers/c-1", "")
	if strings.Contains(x.body, "10.1.2.3") {
		t.Errorf("the cause reaches the client: %s", x.body)
	}
}
