package api

import (
	"context"
	"net/http"
	"time"
)

// A Wish is what an agent, or the CRM for the agent, wants.
type Wish struct {
	Status string `json:"status" enum:"available,break,logged-out" example:"available" doc:"Whether the agent wants calls"`
	Reason string `json:"reason,omitempty" maxLength:"200" example:"lunch" doc:"For people to read"`
}

// AgentStatus is what an agent wants, and what the agent does.
type AgentStatus struct {
	Agent  string    `json:"agent"`
	Status string    `json:"status" enum:"available,break,logged-out" doc:"What the agent wants"`
	Reason string    `json:"reason,omitempty"`
	State  string    `json:"state" enum:"offline,break,idle,ringing,talking,wrap-up,delayed,not-answering" doc:"What the agent does, which follows from the calls"`
	Since  time.Time `json:"since" doc:"Since when"`
	Free   time.Time `json:"free,omitzero" doc:"When wrap-up or delay end"`
	Call   string    `json:"call,omitempty" doc:"UUID of the caller's channel, while it rings or they talk"`
	Queue  string    `json:"queue,omitempty" doc:"Where that caller waited"`
	Number string    `json:"number,omitempty" doc:"That caller's number"`
	Name   string    `json:"name,omitempty" doc:"That caller's name"`
}

// Statuses are what agents want and do.
type Statuses interface {
	// Status returns an agent at this moment. ErrNotFound.
	Status(ctx context.Context, r Ref) (AgentStatus, error)
	// SetStatus sets what an agent wants. Setting the same again changes
	// nothing. ErrNotFound.
	SetStatus(ctx context.Context, r Ref, w Wish) error
}

type statusOutput struct{ Body AgentStatus }

func (a *API) statuses(n noun) {
	get := n.op(http.MethodGet, "get-agent-status", "What an agent does", true, maySee)
	get.Path += "/status"
	get.Description = "What the agent wants, and what follows from the calls."
	register(a, get, func(ctx context.Context, in *struct{ target }) (*statusOutput, error) {
		return a.status(ctx, in.Ref)
	})
	put := n.op(http.MethodPut, "put-agent-status", "Set an agent's status", true, mayServe)
	put.Path += "/status"
	put.Description = "Tells whether the agent wants calls. It counts from the queue's next decision on; a call that rings or is talked goes on. Available also ends not-answering."
	register(a, put, func(ctx context.Context, in *struct {
		target
		Body Wish
	}) (*statusOutput, error) {
		if err := a.cfg.Agents.SetStatus(ctx, in.Ref, in.Body); err != nil {
			return nil, about("agent", in.ID, err)
		}
		set, err := a.status(ctx, in.Ref)
		if err == nil {
			err = a.cfg.Events.Publish(Event{AgentChange, set.Body})
		}
		return set, err
	})
}

func (a *API) status(ctx context.Context, r Ref) (*statusOutput, error) {
	s, err := a.cfg.Agents.Status(ctx, r)
	if err != nil {
		return nil, about("agent", r.ID, err)
	}
	return &statusOutput{s}, nil
}
