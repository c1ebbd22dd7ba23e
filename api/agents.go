package api

import (
	"context"
	"net/http"
	"time"
)

// An Agent is somebody who talks to callers.
type Agent struct {
	Agent   string   `json:"agent,omitempty" maxLength:"64" example:"maria" doc:"The CRM's id; the one in the path when missing"`
	Site    string   `json:"site,omitempty" maxLength:"64" doc:"The site of the agent; the one of the request when missing"`
	Name    string   `json:"name,omitempty" maxLength:"200" example:"Марія Коваль"`
	Contact string   `json:"contact" minLength:"1" maxLength:"128" example:"1001@pbx.example.com" doc:"What the site's dial string for agents is completed with"`
	Queues  []string `json:"queues,omitempty" maxItems:"64" nullable:"false" example:"[\"support\"]" doc:"Queues that the agent serves"`
	Skills  []string `json:"skills,omitempty" maxItems:"64" nullable:"false" example:"[\"en\"]"`
}

func (g *Agent) name() (site, id *string) { return &g.Site, &g.Agent }

// AgentStatus is whether an agent wants calls, and what the agent does.
type AgentStatus struct {
	Agent  string    `json:"agent,omitempty" readOnly:"true"`
	Status string    `json:"status" enum:"available,break,offline" example:"available" doc:"What the agent wants"`
	State  string    `json:"state,omitempty" readOnly:"true" doc:"What the agent does: idle, ringing, talking, wrap-up, delayed, not-answering, away"`
	Since  time.Time `json:"since,omitzero" readOnly:"true" doc:"Since when"`
}

// Agents of all sites.
type Agents interface {
	Collection[Agent]
	Importer[Agent]
	Statuses
}

// Statuses are what agents want and do.
type Statuses interface {
	Status(ctx context.Context, r Ref) (AgentStatus, error)
	// SetStatus sets what the agent wants, and returns what becomes of it.
	SetStatus(ctx context.Context, r Ref, status string) (AgentStatus, error)
}

func (a *API) agents() {
	n := noun{
		one: "agent", many: "agents", sited: true, write: mayWrite, read: maySee,
		doc: "Who talks to callers: the telephone, the queues, the skills.",
	}
	collect(a, n, a.cfg.Agents)
	importing(a, n, a.cfg.Agents)

	type statusOutput struct{ Body AgentStatus }
	op := n.op(http.MethodGet, "get-agent-status", "What an agent does", true, maySee)
	op.Path += "/status"
	register(a, op, func(ctx context.Context, in *struct{ target }) (*statusOutput, error) {
		s, err := a.cfg.Agents.Status(ctx, in.Ref)
		if err != nil {
			return nil, about(n.one, in.ID, err)
		}
		return &statusOutput{s}, nil
	})
	op = n.op(http.MethodPut, "put-agent-status", "Set an agent's status", true, mayServe)
	op.Path += "/status"
	op.Description = "Tells whether the agent wants calls. It takes effect for the next decision of the queue; a call that rings or is talked is not touched."
	register(a, op, func(ctx context.Context, in *struct {
		target
		Body AgentStatus
	}) (*statusOutput, error) {
		s, err := a.cfg.Agents.SetStatus(ctx, in.Ref, in.Body.Status)
		if err != nil {
			return nil, about(n.one, in.ID, err)
		}
		return &statusOutput{s}, nil
	})
}
