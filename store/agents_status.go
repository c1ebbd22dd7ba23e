package store

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Status is what an agent, or the CRM for him, says he wants.
type Status string

// The statuses that can be set. Whether an available agent is idle follows
// from the calls; it is never set.
const (
	Available Status = "available"
	OnBreak   Status = "break"
	LoggedOut Status = "logged-out"
)

func (s Status) validate() error {
	switch s {
	case Available, OnBreak, LoggedOut:
		return nil
	}
	return invalid("status", "%.40q: want available, break or logged-out", string(s))
}

var (
	//go:embed agents_status.lua
	agentsStatusLua string
	agentsStatus    = queueScript(agentsStatusLua)

	//go:embed agents_view.lua
	agentsViewLua string
	agentsView    = queueScript(agentsViewLua)
)

// SetStatus sets what an agent wants, with a reason for people to read (at
// most 200 bytes). Setting the same again changes nothing. Available also
// ends "not-answering". ErrNotFound when there is no such agent.
func (n Agents) SetStatus(ctx context.Context, agent string, wanted Status, reason string) error {
	if err := errors.Join(wanted.validate(), checkText("reason", reason, 200)); err != nil {
		return err
	}
	done, err := n.d.s.runQueue(ctx, agentsStatus, n.d.site, agent, string(wanted), reason).Int()
	if err == nil && done == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("set status of agent %.80q: %w", agent, err)
	}
	return nil
}

// An AgentState is what an agent is, derived from what he wants and from the
// calls.
type AgentState string

// The states of an agent.
const (
	Offline      AgentState = "offline" // logged out
	Break        AgentState = "break"
	Idle         AgentState = "idle"    // the next caller is his
	Ringing      AgentState = "ringing" // a caller is offered to him
	Talking      AgentState = "talking"
	WrapUp       AgentState = "wrap-up"       // after a talk
	Delayed      AgentState = "delayed"       // after an offer that came to nothing
	NotAnswering AgentState = "not-answering" // after too many of them in a row
)

// An AgentView is an agent at this moment.
type AgentView struct {
	Agent  string     `json:"agent"`
	State  AgentState `json:"state"`
	Since  time.Time  `json:"since"`
	Wanted Status     `json:"wanted"`
	Reason string     `json:"reason,omitempty"`
	Free   time.Time  `json:"free,omitzero"`    // end of wrap-up or delay
	Offer  string     `json:"offer,omitempty"`  // while ringing or talking, as the rest is
	Call   string     `json:"call,omitempty"`   // UUID of the caller's channel
	Queue  string     `json:"queue,omitempty"`  // where the caller waited
	Number string     `json:"number,omitempty"` // the caller's
	Name   string     `json:"name,omitempty"`   // the caller's
}

// View returns an agent at this moment. ErrNotFound.
func (n Agents) View(ctx context.Context, agent string) (AgentView, error) {
	views, err := n.Views(ctx, agent)
	if err == nil && len(views) == 0 {
		err = fmt.Errorf("view agent %.80q: %w", agent, ErrNotFound)
	}
	if err != nil {
		return AgentView{}, err
	}
	return views[0], nil
}

// Views returns the agents named, at this moment; unknown ones are left
// out. It asks for 200 at a time, so that a long list holds nobody up.
func (n Agents) Views(ctx context.Context, agents ...string) ([]AgentView, error) {
	views := make([]AgentView, 0, len(agents))
	for some := range slices.Chunk(agents, 200) {
		args := make([]any, len(some))
		for i, id := range some {
			args[i] = id
		}
		r := readReply(n.d.s.runQueue(ctx, agentsView, n.d.site, args...))
		for _, id := range some {
			if fields := r.list(); len(fields) > 0 {
				v, err := readAgentView(id, &reply{fields: fields})
				if err != nil {
					return nil, fmt.Errorf("view agent %q: %w", id, err)
				}
				views = append(views, v)
			}
		}
		if r.err != nil {
			return nil, fmt.Errorf("view agents: %w", r.err)
		}
	}
	return views, nil
}

func readAgentView(id string, r *reply) (AgentView, error) {
	v := AgentView{
		Agent: id, State: AgentState(r.text()), Since: r.when(), Wanted: Status(r.text()), Reason: r.text(),
		Free: r.when(), Offer: r.text(), Call: r.text(), Queue: r.text(), Number: r.text(), Name: r.text(),
	}
	return v, r.err
}
