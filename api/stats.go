package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// Stats are the figures of a site.
type Stats struct {
	Site    string      `json:"site"`
	Waiting int         `json:"waiting" doc:"Callers who wait, in all queues"`
	Queues  []QueueLive `json:"queues" nullable:"false"`
}

// maxStats bounds the queues that one answer looks at.
const maxStats = 200

func (a *API) stats() {
	op := huma.Operation{
		OperationID: "get-stats", Method: http.MethodGet, Path: "/v1/stats", Tags: []string{"stats"}, Security: security(mayRead),
		Summary: "Figures of a site", Description: "How each queue stands, and what happened in it since midnight; the first 200 queues.",
	}
	register(a, op, func(ctx context.Context, in *struct {
		Site string `query:"site" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" default:"default"`
	}) (*struct{ Body Stats }, error) {
		queues, err := a.cfg.Queues.List(ctx, Page{Site: in.Site, Limit: maxStats})
		if err != nil {
			return nil, about("site", in.Site, err)
		}
		s := Stats{Site: in.Site, Queues: []QueueLive{}}
		for _, q := range queues {
			live, err := a.cfg.Queues.Live(ctx, Ref{Site: in.Site, ID: q.Queue})
			if errors.Is(a.translate(err), ErrNotFound) {
				continue // deleted a moment ago
			}
			if err != nil {
				return nil, about("queue", q.Queue, err)
			}
			s.Waiting += live.Waiting
			s.Queues = append(s.Queues, live)
		}
		return &struct{ Body Stats }{s}, nil
	})
}
