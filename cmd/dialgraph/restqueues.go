package main

import (
	"context"
	"time"

	"github.com/dialgraph/dialgraph/api"
	"github.com/dialgraph/dialgraph/store"
)

// agents are api.Agents.
type agents struct {
	collection[api.Agent, store.Agent]
	s *store.Store
}

func agentsOf(s *store.Store) api.Agents {
	return agents{collection[api.Agent, store.Agent]{
		of:   func(site string) documents[store.Agent] { return s.Agents(site) },
		site: func(v api.Agent) string { return v.Site }, in: agentIn, out: agentOut,
	}, s}
}

// Status returns an agent at this moment.
func (a agents) Status(ctx context.Context, r api.Ref) (api.AgentStatus, error) {
	v, err := a.s.Agents(r.Site).View(ctx, r.ID)
	return statusOut(v), err
}

// doing returns what the agents of a site do at this moment; unknown ones are
// left out.
func (a agents) doing(ctx context.Context, site string, ids []string) ([]api.AgentStatus, error) {
	views, err := a.s.Agents(site).Views(ctx, ids...)
	all := make([]api.AgentStatus, len(views))
	for i, v := range views {
		all[i] = statusOut(v)
	}
	return all, err
}

func statusOut(v store.AgentView) api.AgentStatus {
	return api.AgentStatus{
		Agent: v.Agent, Status: string(v.Wanted), Reason: v.Reason, State: string(v.State), Since: v.Since, Free: v.Free,
		Call: v.Call, Queue: v.Queue, Number: v.Number, Name: v.Name,
	}
}

// SetStatus sets what an agent wants.
func (a agents) SetStatus(ctx context.Context, r api.Ref, w api.Wish) error {
	return a.s.Agents(r.Site).SetStatus(ctx, r.ID, store.Status(w.Status), w.Reason)
}

func agentIn(v api.Agent) store.Agent {
	kept := store.Agent{ID: v.Agent, Site: v.Site, Name: v.Name, Contact: v.Contact, Skills: v.Skills, Status: store.Status(v.Status)}
	for _, m := range v.Queues {
		kept.Queues = append(kept.Queues, store.Membership(m))
	}
	return kept
}

func agentOut(v store.Agent) api.Agent {
	shown := api.Agent{Agent: v.ID, Site: v.Site, Name: v.Name, Contact: v.Contact, Skills: v.Skills, Status: string(v.Status)}
	for _, m := range v.Queues {
		shown.Queues = append(shown.Queues, api.Membership(m))
	}
	return shown
}

// queuesOfAPI are api.Queues.
type queuesOfAPI struct {
	collection[api.Queue, store.Queue]
	s *store.Store
}

func queuesOf(s *store.Store) api.Queues {
	return queuesOfAPI{collection[api.Queue, store.Queue]{
		of:   func(site string) documents[store.Queue] { return s.Queues(site) },
		site: func(v api.Queue) string { return v.Site }, in: queueIn, out: queueOut,
	}, s}
}

// Live returns the figures of this moment; days begin at midnight UTC.
func (q queuesOfAPI) Live(ctx context.Context, r api.Ref) (api.QueueLive, error) {
	v, err := q.s.Queues(r.Site).View(ctx, r.ID, time.UTC)
	if err != nil {
		return api.QueueLive{}, err
	}
	live := api.QueueLive{Queue: v.Queue, Waiting: v.Waiting, Longest: seconds(v.Longest), Agents: make(map[string]int), Today: api.QueueDay{
		Joined: v.Today.Joined, Answered: v.Today.Answered, Within: v.Today.Within, Abandoned: v.Today.Abandoned,
		Left: v.Today.Left, Lost: v.Today.Lost, Missed: v.Today.Missed, Expired: v.Today.Expired,
		Waited: seconds(v.Today.Waited), Talked: seconds(v.Today.Talked),
	}}
	for state, n := range v.Agents {
		live.Agents[string(state)] = n
	}
	return live, nil
}

func queueIn(v api.Queue) store.Queue {
	kept := store.Queue{
		ID: v.Queue, Site: v.Site, Name: v.Name,
		Ring: time.Duration(v.Ring), WrapUp: time.Duration(v.WrapUp), AcceptKey: v.AcceptKey, Within: time.Duration(v.Within),
		Max: v.Max, RefuseIfNobody: v.RefuseIfNobody,
		Skills: v.Skills, SkillsFor: time.Duration(v.SkillsFor),
		Delays: store.Delays{
			NoAnswer: time.Duration(v.Delays.NoAnswer), Busy: time.Duration(v.Delays.Busy), Rejected: time.Duration(v.Delays.Rejected),
			NotRegistered: time.Duration(v.Delays.NotRegistered), Unreachable: time.Duration(v.Delays.Unreachable), Longest: time.Duration(v.Delays.Longest),
		},
		Streak: v.Streak,
	}
	for _, d := range v.Widen {
		kept.Widen = append(kept.Widen, time.Duration(d))
	}
	return kept
}

func queueOut(v store.Queue) api.Queue {
	shown := api.Queue{
		Queue: v.ID, Site: v.Site, Name: v.Name,
		Ring: api.Duration(v.Ring), WrapUp: api.Duration(v.WrapUp), AcceptKey: v.AcceptKey, Within: api.Duration(v.Within),
		Max: v.Max, RefuseIfNobody: v.RefuseIfNobody,
		Skills: v.Skills, SkillsFor: api.Duration(v.SkillsFor),
		Delays: api.Delays{
			NoAnswer: api.Duration(v.Delays.NoAnswer), Busy: api.Duration(v.Delays.Busy), Rejected: api.Duration(v.Delays.Rejected),
			NotRegistered: api.Duration(v.Delays.NotRegistered), Unreachable: api.Duration(v.Delays.Unreachable), Longest: api.Duration(v.Delays.Longest),
		},
		Streak: v.Streak,
	}
	for _, d := range v.Widen {
		shown.Widen = append(shown.Widen, api.Duration(d))
	}
	return shown
}
