// Package api is the side of dialgraph that a CRM and its managers talk to: a
// REST API to change menus, set outages and agents' statuses, and watch calls.
//
// One file is one noun: its resource, what it needs of the rest of the program
// as a small interface, and its operations. Everything is described by the
// OpenAPI document at /openapi.json, which is made from the same types.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
)

// Bounds of every request.
const (
	maxBody        = 1 << 20          // bytes of a JSON body
	requestTimeout = 10 * time.Second // to answer, except imports and events
	bodyTimeout    = 10 * time.Second // to read a body, or the next part of an import
)

// Config says what the API serves. All interfaces are needed, except where
// something else is said.
type Config struct {
	Menus          Menus
	Numbers        Collection[Number]
	Sites          Collection[Site]
	Customers      Collection[Customer]
	Outages        Outages
	OutageImporter OutageImporter
	Agents         Agents
	Queues         Queues
	Calls          Calls
	Keys           Keys
	Health         Health

	// Events is what /v1/events serves; Publish to it. Close ends it. NewFeed
	// when nil.
	Events *Feed
	// Prompts are the rendered prompts; nil serves none.
	Prompts Prompts
	// Metrics serves /metrics; nil serves none.
	Metrics http.Handler
	// Translate turns errors of the interfaces above into the sentinels of
	// this package; nil when they return those themselves.
	Translate func(error) error
	// Version of the program, for the OpenAPI document.
	Version string
	// Log takes one line for each request, and the causes of 5xx answers;
	// slog.Default when nil.
	Log *slog.Logger
}

func (c Config) validate() error {
	var missing []string
	for name, there := range map[string]bool{
		"Menus": c.Menus != nil, "Numbers": c.Numbers != nil, "Sites": c.Sites != nil, "Customers": c.Customers != nil,
		"Outages": c.Outages != nil, "OutageImporter": c.OutageImporter != nil, "Agents": c.Agents != nil,
		"Queues": c.Queues != nil, "Calls": c.Calls != nil, "Keys": c.Keys != nil, "Health": c.Health != nil,
	} {
		if !there {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		slices.Sort(missing)
		return fmt.Errorf("api: Config lacks %s", strings.Join(missing, ", "))
	}
	return nil
}

// An API is an http.Handler. It is safe for concurrent use.
type API struct {
	cfg    Config
	router chi.Router
	huma   huma.API
	ring   *keyring
}

// New returns an API, or an error when the configuration lacks something.
func New(cfg Config) (*API, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Events == nil {
		cfg.Events = NewFeed()
	}
	a := &API{cfg: cfg, router: chi.NewRouter()}
	a.ring = newKeyring(func(ctx context.Context, secret string) ([]Scope, error) {
		scopes, err := cfg.Keys.Check(ctx, secret)
		return scopes, a.translate(err)
	})
	a.router.Use(a.identify, a.log, a.recover)
	a.router.NotFound(func(w http.ResponseWriter, r *http.Request) {
		a.write(w, r, newProblem(http.StatusNotFound, "there is nothing at this path; see /docs"))
	})
	a.router.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		a.write(w, r, newProblem(http.StatusMethodNotAllowed, "this path does not take "+r.Method+"; see /docs"))
	})
	a.huma = huma.NewAPI(a.settings(), adapter{humachi.NewAdapter(a.router), a.router})
	a.huma.UseMiddleware(a.guard, a.strict)
	for _, routes := range []func(){
		a.menus, a.numbers, a.sites, a.customers, a.outages, a.agents, a.queues,
		a.calls, a.events, a.stats, a.keys, a.health, a.prompts, a.document,
	} {
		routes()
	}
	return a, nil
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.router.ServeHTTP(w, r) }

// Close ends all event streams; a server that shuts down waits for them.
func (a *API) Close() { a.cfg.Events.close() }

// Server returns an http.Server that serves the API with every wait bounded;
// its Shutdown ends the event streams. Imports and event streams extend their
// own deadlines as long as they make progress.
func (a *API) Server() *http.Server {
	s := &http.Server{
		Handler:           a,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       bodyTimeout + 5*time.Second,
		WriteTimeout:      requestTimeout + bodyTimeout + 10*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(a.cfg.Log.Handler(), slog.LevelDebug),
	}
	s.RegisterOnShutdown(a.Close)
	return s
}

// register adds one operation that answers within requestTimeout.
func register[I, O any](a *API, op huma.Operation, run func(context.Context, *I) (*O, error)) {
	stream(a, op, func(ctx context.Context, in *I) (*O, error) {
		ctx, cancel := context.WithTimeout(ctx, requestTimeout)
		defer cancel()
		return run(ctx, in)
	})
}

// stream adds one operation that may take long: its description, its bounds,
// and what becomes of its errors.
func stream[I, O any](a *API, op huma.Operation, run func(context.Context, *I) (*O, error)) {
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxBody
	}
	op.BodyReadTimeout = bodyTimeout
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{
		Description: "What went wrong (RFC 9457)",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: a.schema(Problem{})}},
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := run(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
}

// strict refuses query parameters that the operation does not have: a filter
// with a typing error would else return everything.
func (a *API) strict(ctx huma.Context, next func(huma.Context)) {
	var faults []Fault
	address := ctx.URL()
	for name := range address.Query() {
		if !slices.ContainsFunc(ctx.Operation().Parameters, func(p *huma.Param) bool { return p.In == "query" && p.Name == name }) {
			faults = append(faults, Fault{Location: "query." + name, Message: "there is no such parameter here"})
		}
	}
	if faults != nil {
		slices.SortFunc(faults, func(a, b Fault) int { return strings.Compare(a.Location, b.Location) })
		a.refuse(ctx, newProblem(http.StatusUnprocessableEntity, "validation failed", faults...))
		return
	}
	next(ctx)
}

// adapter routes the parameters that hold slashes (an address): chi calls
// such a parameter *, the OpenAPI document its name.
type adapter struct {
	huma.Adapter
	router chi.Router
}

func (ad adapter) Handle(op *huma.Operation, handle func(huma.Context)) {
	rest, ok := op.Metadata["rest"].(string)
	if !ok {
		ad.Adapter.Handle(op, handle)
		return
	}
	path := op.Path[:len(op.Path)-len("{"+rest+"}")] + "*"
	ad.router.MethodFunc(op.Method, path, func(w http.ResponseWriter, r *http.Request) {
		r.SetPathValue(rest, r.PathValue("*"))
		handle(humachi.NewContext(op, r, w))
	})
}

// refuse answers with a problem from within a middleware of huma.
func (a *API) refuse(ctx huma.Context, p *Problem) {
	r, w := humachi.Unwrap(ctx)
	a.write(w, r, p)
}

// write answers with a problem outside of huma.
func (a *API) write(w http.ResponseWriter, r *http.Request, p *Problem) {
	told := *p
	told.Request = requestID(r.Context())
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	if err := huma.DefaultJSONFormat.Marshal(w, &told); err != nil && !errors.Is(err, context.Canceled) {
		a.cfg.Log.DebugContext(r.Context(), "api problem not delivered", "error", err)
	}
}
