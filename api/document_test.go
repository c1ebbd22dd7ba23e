package api

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

// What is served but is no operation of the API.
var undocumented = map[string]bool{
	"GET /openapi.json": true, "GET /docs": true, "GET /metrics": true,
	"GET /prompts/{name}.wav": true, "HEAD /prompts/{name}.wav": true,
}

func TestEveryRouteIsDocumented(t *testing.T) {
	s := newService(t)
	paths := s.api.huma.OpenAPI().Paths
	err := chi.Walk(s.api.router, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if route == "/v1/outages/*" {
			route = "/v1/outages/{address}"
		}
		name := method + " " + route
		if item := paths[route]; !undocumented[name] && (item == nil || operations(item)[method] == nil) {
			t.Errorf("%s is served but not documented", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range paths {
		for method, op := range operations(item) {
			if op.Summary == "" || op.Description == "" || len(op.Tags) != 1 {
				t.Errorf("%s %s lacks a summary, a description or a tag", method, path)
			}
			if op.Responses["default"] == nil {
				t.Errorf("%s %s does not document its problems", method, path)
			}
		}
	}
}

func TestOpenAPI(t *testing.T) {
	s := newService(t)
	x := s.want(200, "GET", "/openapi.json", "", "Authorization", "")
	golden(t, "openapi.json", pretty(t, x.body))

	document := into[struct {
		OpenAPI    string
		Components struct{ Schemas map[string]json.RawMessage }
	}](t, x)
	if document.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q, want 3.1.0", document.OpenAPI)
	}
	for _, ref := range regexp.MustCompile(`"#/components/schemas/([^"]+)"`).FindAllStringSubmatch(x.body, -1) {
		if document.Components.Schemas[ref[1]] == nil {
			t.Errorf("schema %s is referred to and missing", ref[1])
		}
	}
	s.want(304, "GET", "/openapi.json", "", "If-None-Match", x.header.Get("ETag"))
}

func TestDocsPageNeedsNobodyElse(t *testing.T) {
	x := newService(t).want(200, "GET", "/docs", "", "Authorization", "")
	if strings.Contains(x.body, "://") || strings.Contains(x.body, `src=`) {
		t.Error("the page refers to another host")
	}
	if got := x.header.Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'") {
		t.Errorf("Content-Security-Policy = %q", got)
	}
}

func TestConfigLacksNothing(t *testing.T) {
	want := "api: Config lacks Agents, Calls, Customers, Health, Keys, Menus, Numbers, OutageImporter, Outages, Queues, Sites"
	if _, err := New(Config{}); err == nil || err.Error() != want {
		t.Errorf("New(Config{}) = %v, want %s", err, want)
	}
}
