package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when everything in the fakes happens.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// A service is an API with its fakes, served over HTTP.
type service struct {
	t         testing.TB
	api       *API
	url       string
	log       *journal
	customers *fakeCustomers
	numbers   *fakeNumbers
	sites     *fakeSites
	menus     *fakeMenus
	outages   *fakeOutages
	agents    *fakeAgents
	keys      *fakeKeys
	health    *fakeHealth
}

func newService(t testing.TB, settings ...func(*http.Server)) *service {
	t.Helper()
	s := &service{
		t: t, log: &journal{},
		customers: newShelf[Customer, *Customer](
			Customer{Customer: "c-1", Numbers: []string{"+380671234567"}, Name: "Олена", Address: "kyiv/khreshchatyk/10/25"},
			Customer{Customer: "c-2", Name: "Тарас"},
			Customer{Customer: "c-3"},
		),
		numbers: newShelf[Number, *Number](Number{Number: "+380442300303", Menu: "support-line", Site: "default", Answer: "at-once"}),
		sites:   newShelf[Site, *Site](Site{Site: "default", Region: "UA"}),
		menus:   &fakeMenus{versions: map[string][]MenuVersion{}, document: map[string][]byte{}, active: map[string]string{}},
		outages: &fakeOutages{},
		agents:  &fakeAgents{shelf: newShelf[Agent, *Agent](Agent{Agent: "maria", Site: "default", Contact: "1001"})},
		keys:    &fakeKeys{has: []Key{{ID: "k0", Name: "first", Scopes: []Scope{ScopeAdmin}, Created: noon}}},
		health:  &fakeHealth{},
	}
	calls := fakeCalls{all: []Call{
		{Call: "0198f3c2-8f6e-7c1d-b6d0-000000000003", Dialled: "0800", Started: noon.Add(time.Hour), Caller: "+380671234567"},
		{Call: "0198f3c2-8f6e-7c1d-b6d0-000000000002", Dialled: "0800", Started: noon, Ended: noon.Add(time.Minute), Agent: "maria", Cause: "NORMAL_CLEARING", Q850: 16},
		{Call: "0198f3c2-8f6e-7c1d-b6d0-000000000001", Dialled: "0800", Started: noon.Add(-time.Hour), Ended: noon, Caller: "+380671234567"},
	}}
	cfg := Config{
		Menus: s.menus, Numbers: s.numbers, Sites: s.sites, Customers: s.customers, Outages: s.outages, OutageImporter: s.outages,
		Agents: s.agents, Queues: fakeQueues{newShelf[Queue, *Queue](Queue{Queue: "support", Site: "default"})},
		Calls: calls, Keys: s.keys, Health: s.health, Prompts: newPrompts(t),
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "calls 1\n") }),
		Version: "test", Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	api, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config = api.Server()
	for _, set := range settings {
		set(server.Config)
	}
	server.Start()
	t.Cleanup(func() {
		api.Close()
		server.Close()
	})
	s.api, s.url = api, server.URL
	return s
}

// A journal is a log that may be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// An exchange is a request's answer.
type exchange struct {
	status int
	header http.Header
	body   string
}

// do sends one request with the admin key; headers are name, value, ….
func (s *service) do(method, path, body string, headers ...string) exchange {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+ScopeAdmin)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("%s %s: read answer: %v", method, path, err)
	}
	return exchange{resp.StatusCode, resp.Header, string(got)}
}

// want fails unless a request has the status wanted, and returns the answer.
func (s *service) want(status int, method, path, body string, headers ...string) exchange {
	s.t.Helper()
	x := s.do(method, path, body, headers...)
	if x.status != status {
		s.t.Fatalf("%s %s: status %d, want %d: %s", method, path, x.status, status, x.body)
	}
	return x
}

// into reads the answer as JSON.
func into[T any](t testing.TB, x exchange) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(x.body), &v); err != nil {
		t.Fatalf("answer is not JSON: %v: %s", err, x.body)
	}
	return v
}

var requestIDs = regexp.MustCompile(`"request": "[0-9a-f-]{36}"`)

// golden compares with testdata/NAME, which -update rewrites.
func golden(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got), rewrite with -update:\n%.4000s", path, diff)
	}
}

// pretty is JSON to be read, without what changes from run to run.
func pretty(t testing.TB, body string) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(body), "", "  "); err != nil {
		t.Fatalf("not JSON: %v: %s", err, body)
	}
	return requestIDs.ReplaceAllString(strings.TrimSpace(out.String()), `"request": "…"`) + "\n"
}

const menuYAML = `menu: support-line
timezone: Europe/Kyiv
languages: [uk]
start: hello
prompts:
  hello: {text: {uk: "Доброго дня"}}
nodes:
  hello: {play: hello, next: end}
  end: {hangup: NORMAL_CLEARING}
`
