package api

import (
	"context"
	"net/http"
)

// A Queue is where callers wait for the agents of one kind of work.
type Queue struct {
	Queue string `json:"queue,omitempty" maxLength:"64" example:"support" doc:"Its id; the one in the path when missing"`
	Site  string `json:"site,omitempty" maxLength:"64" doc:"The site that it belongs to; the one of the request when missing"`
	Name  string `json:"name,omitempty" maxLength:"200" example:"Технічна підтримка" doc:"For people"`

	Ring      Duration `json:"ring,omitzero" doc:"How long an agent's telephone rings, 1s to 5m; 20s when missing"`
	WrapUp    Duration `json:"wrap_up,omitzero" doc:"After a talk, until the next one, up to 1h"`
	AcceptKey string   `json:"accept_key,omitempty" pattern:"^[0-9*#]$" maxLength:"1" doc:"The key that an agent presses to take the call; none when missing"`
	Within    Duration `json:"within,omitzero" doc:"Answered so soon is within the service level, up to 1h"`

	Max            int  `json:"max,omitempty" minimum:"0" maximum:"1000000" doc:"Callers at once; 0 for no limit"`
	RefuseIfNobody bool `json:"refuse_if_nobody,omitempty" doc:"Nobody may wait while no agent of the queue is logged in"`

	Skills    [][]string `json:"skills,omitempty" maxItems:"63" nullable:"false" example:"[[\"en\"],[\"en\",\"fibre\"]]" doc:"Sets of skills that callers may ask for"`
	SkillsFor Duration   `json:"skills_for,omitzero" doc:"Waited so long, a caller is served by any agent; never when missing"`
	Widen     []Duration `json:"widen,omitempty" maxItems:"8" nullable:"false" example:"[\"30s\",\"1m\"]" doc:"Waited so long, agents of tier 2, 3, … are rung too; ascending"`

	Delays Delays `json:"delays,omitzero" doc:"How long an agent is left alone after an offer came to nothing"`
	Streak int    `json:"streak,omitempty" minimum:"0" maximum:"1000" doc:"So many offers missed in a row make an agent not-answering; 0 for never"`
}

// Delays keep an agent from being rung again at once after an offer came to
// nothing, each up to 1 h.
type Delays struct {
	NoAnswer      Duration `json:"no_answer,omitzero"`
	Busy          Duration `json:"busy,omitzero"`
	Rejected      Duration `json:"rejected,omitzero"`
	NotRegistered Duration `json:"not_registered,omitzero"`
	Unreachable   Duration `json:"unreachable,omitzero"`
	Longest       Duration `json:"longest,omitzero" doc:"Each in a row doubles the delay up to this, at most 24h; no doubling when missing"`
}

func (q *Queue) name() (site, id *string) { return &q.Site, &q.Queue }

// QueueLive is how a queue stands at this moment.
type QueueLive struct {
	Queue   string         `json:"queue"`
	Waiting int            `json:"waiting" doc:"Callers who wait, with those for whom a telephone rings"`
	Longest float64        `json:"longest" doc:"Seconds that the caller at the front has waited"`
	Agents  map[string]int `json:"agents" nullable:"false" example:"{\"idle\":1,\"talking\":4}" doc:"Agents who are logged in, by what they do"`
	Today   QueueDay       `json:"today" doc:"Since midnight"`
}

// QueueDay counts what happened in a queue since midnight.
type QueueDay struct {
	Joined    int     `json:"joined" doc:"Callers who began to wait"`
	Answered  int     `json:"answered" doc:"Callers who talked to an agent"`
	Within    int     `json:"within" doc:"Of those, answered within the service level"`
	Abandoned int     `json:"abandoned" doc:"Callers who hung up while they waited"`
	Left      int     `json:"left" doc:"Callers who left for another reason: a key, the longest wait"`
	Lost      int     `json:"lost" doc:"Callers lost with their controller or node"`
	Missed    int     `json:"missed" doc:"Times that a telephone rang for nothing"`
	Expired   int     `json:"expired" doc:"Times that nobody told what became of it"`
	Waited    float64 `json:"waited" doc:"Seconds waited by those answered, altogether"`
	Talked    float64 `json:"talked" doc:"Seconds of talking, altogether"`
}

// Queues of all sites.
type Queues interface {
	Collection[Queue]
	// Live returns the figures of this moment. ErrNotFound.
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
	op.Description = "Callers who wait and what the agents do at this moment, and what happened since midnight."
	register(a, op, func(ctx context.Context, in *struct{ target }) (*struct{ Body QueueLive }, error) {
		live, err := a.cfg.Queues.Live(ctx, in.Ref)
		if err != nil {
			return nil, about(n.one, in.ID, err)
		}
		return &struct{ Body QueueLive }{live}, nil
	})
}
