package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Stats are figures of a site over a time.
type Stats struct {
	Site   string       `json:"site"`
	From   time.Time    `json:"from"`
	To     time.Time    `json:"to"`
	Queues []QueueStats `json:"queues" nullable:"false"`
}

// QueueStats are figures of one queue over a time.
type QueueStats struct {
	Queue     string  `json:"queue"`
	Joined    int     `json:"joined" doc:"Callers who began to wait"`
	Answered  int     `json:"answered" doc:"Callers who talked to an agent"`
	Abandoned int     `json:"abandoned" doc:"Callers who hung up while they waited"`
	TimedOut  int     `json:"timed_out" doc:"Callers who waited for as long as the menu allows"`
	Wait      float64 `json:"wait" doc:"Mean seconds to the answer"`
	Talk      float64 `json:"talk" doc:"Mean seconds of talking"`
}

// Statistics are kept by the hour.
type Statistics interface {
	Stats(ctx context.Context, site string, from, to time.Time) (Stats, error)
}

func (a *API) stats() {
	op := huma.Operation{
		OperationID: "get-stats", Method: http.MethodGet, Path: "/v1/stats", Tags: []string{"stats"}, Security: security(mayRead),
		Summary: "Figures of a site", Description: "What became of the callers of each queue, by the full hour; the last 24 hours unless a time is named.",
	}
	register(a, op, func(ctx context.Context, in *struct {
		Site string    `query:"site" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" default:"default"`
		From time.Time `query:"from" doc:"24 hours before to when missing"`
		To   time.Time `query:"to" doc:"Now when missing"`
	}) (*struct{ Body Stats }, error) {
		if in.To.IsZero() {
			in.To = time.Now().UTC()
		}
		if in.From.IsZero() {
			in.From = in.To.Add(-24 * time.Hour)
		}
		if span := in.To.Sub(in.From); span <= 0 || span > maxSpan {
			return nil, newProblem(http.StatusUnprocessableEntity, "validation failed",
				Fault{Location: "query.from", Message: "want a time of up to 31 days before to"})
		}
		s, err := a.cfg.Stats.Stats(ctx, in.Site, in.From, in.To)
		if err != nil {
			return nil, about("site", in.Site, err)
		}
		return &struct{ Body Stats }{s}, nil
	})
}

const maxSpan = 31 * 24 * time.Hour
