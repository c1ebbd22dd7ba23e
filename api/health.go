package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// A Trouble is one reason why this controller is not as it should be.
type Trouble struct {
	Part   string `json:"part" example:"redis" doc:"What has the trouble"`
	Reason string `json:"reason" example:"does not answer" doc:"What is wrong, and what follows from it"`
	Fatal  bool   `json:"fatal,omitempty" doc:"No new work should be sent here"`
}

// Health knows how this controller is.
type Health interface {
	// Troubles returns all there are now, without asking anybody who might
	// not answer.
	Troubles(ctx context.Context) []Trouble
}

// Readiness is how this controller is.
type Readiness struct {
	Status   string    `json:"status" enum:"ready,degraded,not ready"`
	Troubles []Trouble `json:"troubles,omitempty"`
}

func (a *API) health() {
	op := func(path, id, summary, doc string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodGet, Path: path, Tags: []string{"health"},
			Summary: summary, Description: doc,
		}
	}
	type alive struct {
		Body struct {
			Status string `json:"status" enum:"alive"`
		} `nameHint:"Alive"`
	}
	register(a, op("/healthz", "get-health", "Is the process alive", "It answers as long as the process can."),
		func(context.Context, *struct{}) (*alive, error) {
			out := &alive{}
			out.Body.Status = "alive"
			return out, nil
		})
	type readiness struct {
		Status int
		Body   Readiness
	}
	ready := op("/readyz", "get-readiness", "Should new work be sent here",
		"200 when ready or degraded (calls are served, with less), 503 when not; the reasons are in the body.")
	ready.Responses = map[string]*huma.Response{"503": {
		Description: "Not ready", Content: map[string]*huma.MediaType{"application/json": {Schema: a.schema(Readiness{})}},
	}}
	register(a, ready, func(ctx context.Context, _ *struct{}) (*readiness, error) {
		out := &readiness{Status: http.StatusOK, Body: Readiness{Status: "ready", Troubles: a.cfg.Health.Troubles(ctx)}}
		for _, t := range out.Body.Troubles {
			switch {
			case t.Fatal:
				out.Status, out.Body.Status = http.StatusServiceUnavailable, "not ready"
			case out.Body.Status == "ready":
				out.Body.Status = "degraded"
			}
		}
		return out, nil
	})
	if a.cfg.Metrics != nil {
		a.router.Method(http.MethodGet, "/metrics", a.cfg.Metrics)
	}
}
