package api

import (
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html
var docsPage []byte

// settings are huma's: our problems, JSON only, no page from a foreign host.
func (a *API) settings() huma.Config {
	about := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "dialgraph", Version: a.cfg.Version,
			Description: "Steers the calls that FreeSWITCH hands over: menus, numbers, outages, customers, agents, queues, and what became of each call.",
		},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
			SecuritySchemes: map[string]*huma.SecurityScheme{"key": {
				Type: "http", Scheme: "bearer",
				Description: "A key with one of the scopes named: read, crm, agent, admin.",
			}},
		},
	}
	return huma.Config{
		OpenAPI:       about,
		Formats:       formats,
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{finish},
	}
}

// formats are all JSON. What curl -d calls a form is taken for JSON too: no
// operation takes a form.
var formats = map[string]huma.Format{
	"application/json":                  jsonFormat,
	"json":                              jsonFormat,
	"application/x-www-form-urlencoded": jsonFormat,
}

var jsonFormat = huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}

var errNotUTF8 = errors.New("not UTF-8")

// unmarshal reads JSON. What is not UTF-8 is refused: json.Unmarshal would
// keep it as other letters than were meant.
func unmarshal(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errNotUTF8
	}
	return json.Unmarshal(data, v)
}

// schema of a resource that an operation names outside of its types.
func (a *API) schema(v any) *huma.Schema {
	return a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, "")
}

// document serves what describes all of the above: it comes last.
func (a *API) document() {
	registry := a.huma.OpenAPI().Components.Schemas
	for _, theirs := range []string{"ErrorModel", "ErrorDetail"} {
		delete(registry.Map(), theirs) // huma's own problems; ours is Problem
	}
	description, err := json.Marshal(a.huma.OpenAPI())
	if err != nil {
		panic("api: openapi document: " + err.Error()) // it is made of constants
	}
	a.static("/openapi.json", "application/openapi+json", description)
	a.static("/docs", "text/html; charset=utf-8", docsPage)
}

// static serves bytes that change with the program only.
func (a *API) static(path, contentType string, content []byte) {
	tag := etag(content)
	a.router.Get(path, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("ETag", tag)
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'")
		if matches(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Type", contentType)
		_, _ = w.Write(content) // the client has gone
	})
}
