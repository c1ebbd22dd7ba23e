package main

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/dialgraph/dialgraph/api"
)

const (
	// maxMoves is how many moves of agents may wait to be told; beyond it they
	// are left out, since a later one says more.
	maxMoves = 1024
	// movesApart is how long moves gather before the next are told: Redis is
	// asked about all of them at once, beside the calls that ask it.
	movesApart = 50 * time.Millisecond
)

// moves tells whoever watches /v1/events what agents do: the caller's number
// and name are on the agent's screen before the telephone is picked up. The
// first move is told at once, those soon after it together, each agent's newest.
type moves struct {
	doing  func(ctx context.Context, site string, agents []string) ([]api.AgentStatus, error)
	events *api.Feed
	log    *slog.Logger
	queue  chan api.Ref
}

func newMoves(doing func(context.Context, string, []string) ([]api.AgentStatus, error), events *api.Feed, log *slog.Logger) *moves {
	return &moves{doing: doing, events: events, log: log, queue: make(chan api.Ref, maxMoves)}
}

// moved notes that an agent does something else now, where anybody wants to know.
func (m *moves) moved(site, agent string) {
	if !m.events.Watched() {
		return
	}
	select {
	case m.queue <- api.Ref{Site: site, ID: agent}:
	default:
	}
}

// run tells until ctx ends.
func (m *moves) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case first := <-m.queue:
			for site, agents := range m.gather(first) {
				m.tell(ctx, site, agents)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(movesApart):
		}
	}
}

// gather takes the moves that have been noted: by site the agents, each once.
func (m *moves) gather(first api.Ref) map[string][]string {
	moved := map[string][]string{first.Site: {first.ID}}
	for range len(m.queue) {
		agent := <-m.queue
		if !slices.Contains(moved[agent.Site], agent.ID) {
			moved[agent.Site] = append(moved[agent.Site], agent.ID)
		}
	}
	return moved
}

func (m *moves) tell(ctx context.Context, site string, agents []string) {
	asking, cancel := context.WithTimeout(ctx, pingWithin)
	defer cancel()
	statuses, err := m.doing(asking, site, agents)
	for _, status := range statuses {
		if fault := m.events.Publish(api.Event{Type: api.AgentChange, Data: status}); fault != nil {
			err = fault
		}
	}
	if err != nil && ctx.Err() == nil {
		m.log.WarnContext(ctx, "agents' moves not told", "site", site, "agents", len(agents), "error", err)
	}
}
