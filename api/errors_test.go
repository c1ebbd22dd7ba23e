package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestErrorsBecomeStatuses(t *testing.T) {
	for situation, c := range map[string]struct {
		fail   error
		status int
		detail string
	}{
		"not found":          {fmt.Errorf("get: %w", ErrNotFound), 404, `customer "c-1": there is none`},
		"changed meanwhile":  {fmt.Errorf("put: %w", ErrConflict), 409, `customer "c-1": somebody else changed it at the same moment: get it again and repeat`},
		"referred to":        {fmt.Errorf("delete: %w", ErrInUse), 409, `customer "c-1": something else still refers to it`},
		"store is away":      {fmt.Errorf("%w: %w", ErrUnavailable, errStore), 503, `customer "c-1": the store does not answer: try again`},
		"store is too slow":  {fmt.Errorf("%w: %w", context.DeadlineExceeded, errStore), 503, `customer "c-1": the store does not answer in time: try again`},
		"anything else":      {errStore, 500, `customer "c-1": ` + unexplained},
		"against its rules":  {Invalid{{Location: "numbers[1]", Message: "want E.164"}}, 422, "validation failed"},
		"a problem of ours":  {newProblem(418, "short and stout"), 418, "short and stout"},
		"translated by cmd":  {errTheirs, 404, `customer "c-1": there is none`},
		"joined with others": {errors.Join(errStore, ErrNotFound), 404, `customer "c-1": there is none`},
	} {
		t.Run(situation, func(t *testing.T) {
			s := newService(t)
			s.api.cfg.Translate = func(err error) error {
				if errors.Is(err, errTheirs) {
					return fmt.Errorf("%w: %w", ErrNotFound, err)
				}
				return err
			}
			s.customers.fail = c.fail
			x := s.want(c.status, "GET", "/v1/customers/c-1", "")
			if got := x.header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("Content-Type = %q", got)
			}
			p := into[Problem](t, x)
			if p.Status != c.status || p.Detail != c.detail || p.Title != http.StatusText(c.status) {
				t.Errorf("problem %+v, want status %d and detail %q", p, c.status, c.detail)
			}
			if p.Request == "" || p.Request != x.header.Get("X-Request-Id") {
				t.Errorf("request %q, want %q of the header", p.Request, x.header.Get("X-Request-Id"))
			}
			if strings.Contains(x.body, "10.1.2.3") {
				t.Errorf("the cause reaches the client: %s", x.body)
			}
			if c.status >= 500 && (!strings.Contains(s.log.String(), "10.1.2.3") || !strings.Contains(s.log.String(), p.Request)) {
				t.Errorf("the log lacks the cause or the request's id: %s", s.log)
			}
		})
	}
}

var errTheirs = errors.New("store: no such thing")

func TestBodiesAreBounded(t *testing.T) {
	s := newService(t)
	for situation, c := range map[string]struct {
		body, kind string
		status     int
	}{
		"too large":           {`{"name":"` + strings.Repeat("x", maxBody) + `"}`, "application/json", 413},
		"empty":               {"", "application/json", 400},
		"null":                {"null", "application/json", 422},
		"a list":              {"[]", "application/json", 422},
		"not UTF-8":           {"{\"name\":\"caf\xe9\"}", "application/json", 400},
		"not JSON":            {"name=x", "application/json", 400},
		"xml":                 {"<name/>", "text/xml", 415},
		"deep":                {strings.Repeat("[", 20_000), "application/json", 400},
		"no content type":     {`{"name":"x"}`, "", 200},
		"as curl -d sends it": {`{"name":"x"}`, "application/x-www-form-urlencoded", 200},
		"with charset":        {`{"name":"x"}`, "application/json; charset=utf-8", 200},
	} {
		t.Run(situation, func(t *testing.T) {
			x := s.do("PUT", "/v1/customers/c-1", c.body, "Content-Type", c.kind)
			if x.status != c.status {
				t.Errorf("status %d, want %d: %.300s", x.status, c.status, x.body)
			}
			if len(x.body) > 2000 {
				t.Errorf("the answer to a bad body has %d bytes", len(x.body))
			}
		})
	}
}

func TestPathsCannotLeaveTheirPlace(t *testing.T) {
	s := newService(t)
	for _, path := range []string{
		"/v1/customers/..%2f..%2fetc", "/v1/customers/%00", "/v1/customers/c%20d", "/v1/customers/" + strings.Repeat("c", 65),
		"/v1/queues/q%7Bx%7D", "/v1/numbers/+0", "/v1/agents/a?site=%7Bx%7D", "/v1/menus/%2e%2e", "/v1/outages/" + strings.Repeat("a/", 600),
	} {
		if x := s.do("GET", path, ""); x.status != 422 && x.status != 404 {
			t.Errorf("GET %s: status %d, want 422 or 404: %s", path, x.status, x.body)
		}
	}
}

func TestPanicIsOneProblem(t *testing.T) {
	s := newService(t)
	s.customers.rule = func(Customer) error { panic("out of paper") }
	x := s.want(500, "PUT", "/v1/customers/c-1", `{}`)
	if strings.Contains(x.body, "paper") || !strings.Contains(s.log.String(), "out of paper") {
		t.Errorf("answer %s, log %s: want the cause in the log alone", x.body, s.log)
	}
}

func TestLogHasNoSecrets(t *testing.T) {
	s := newService(t)
	s.want(401, "GET", "/v1/calls?number=0501112233", "", "Authorization", "Bearer my-secret-key", "X-Request-Id", "evil")
	s.want(200, "PUT", "/v1/customers/c-1", `{"name":"Олена Шевченко"}`)
	for _, secret := range []string{"my-secret-key", "0501112233", "Шевченко", "evil", "Bearer"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("log has %q: %s", secret, s.log)
		}
	}
	if want := `method=PUT route=/v1/customers/{customer} status=200`; !strings.Contains(s.log.String(), want) {
		t.Errorf("log lacks %q: %s", want, s.log)
	}
}
