package api

import (
	"context"
	"net/http"
	"time"
)

// A Queue is where callers wait for agents.
type Queue struct {
	Queue string `json:"queue,omitempty" maxLength:"64" example:"support" doc:"Its name; the one in the path when missing"`
	Site  string `json:"site,omitempty" maxLength:"64" doc:"The site that it belongs to; the one of the request when missing"`
}

func (q *Queue) name() (site, id *string) { return &q.Site, &q.Queue }

// QueueLive is how a queue stands at this moment.
type QueueLive struct {
	Queue   string    `json:"queue"`
	Waiting int       `json:"waiting" doc:"Callers who wait"`
	Oldest  time.Time `json:"oldest,omitzero" doc:"When the caller who waits longest began to wait"`
	Idle    int       `json:"idle" doc:"Agents who could be rung now"`
	Ringing int       `json:"ringing" doc:"Agents whose telephone rings"`
	Talking int       `json:"talking" doc:"Agents who talk"`
	Staffed int       `json:"staffed" doc:"Agents who are logged in"`
}

// Queues of all sites.
type Queues interface {
	Collection[Queue]
	// Live returns the figures of this moment.
	Live(ctx context.Context, r Ref) (QueueLive, error)
}

func (a *API) queues() {
	n := noun{
		one: "queue", many: "queues", sited: true, write: adminOnly, read: maySee,
		doc: "Where callers wait for the agent who has been idle longest.",
	}
	collect(a, n, a.cfg.Queues)
	op := n.op(http.MethodGet, "get-queue-live", "How a queue stands now", true, maySee)
	op.Path += "/live"
	register(a, op, func(ctx context.Context, in *struct{ target }) (*struct{ Body QueueLive }, error) {
		live, err := a.cfg.Queues.Live(ctx, in.Ref)
		if err != nil {
			return nil, about(n.one, in.ID, err)
		}
		return &struct{ Body QueueLive }{live}, nil
	})
}
