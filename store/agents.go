package store

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// An Agent is a person who takes calls.
type Agent struct {
	ID      string       `json:"id"`
	Site    string       `json:"site"`
	Name    string       `json:"name,omitempty"`
	Contact string       `json:"contact"` // what the site's dial-string template takes, such as an extension
	Queues  []Membership `json:"queues,omitempty"`
	Skills  []string     `json:"skills,omitempty"`
	// Status is what the agent has until SetStatus was called for the first
	// time; LoggedOut when empty.
	Status Status `json:"status,omitempty"`
}

// A Membership is an agent's part in a queue.
type Membership struct {
	Queue string `json:"queue"`
	Tier  int    `json:"tier"` // 1 is asked first; 1 to 9, 0 is 1
}

// contactPattern is what a contact may be made of: nothing that FreeSWITCH
// takes for variables, expansions or several legs.
var contactPattern = regexp.MustCompile(`^[A-Za-z0-9_./:+*#@%=~?;-]+$`)

// validate is nil for an agent within bounds, and names all faults otherwise.
func (a *Agent) validate() error {
	faults := []error{
		checkID("id", a.ID), checkID("site", a.Site),
		checkText("name", a.Name, 200), checkText("contact", a.Contact, 500),
		checkSkills(a.Skills), cmp.Or(a.Status, LoggedOut).validate(),
	}
	switch {
	case a.Contact == "":
		faults = append(faults, invalid("contact", "missing"))
	case !contactPattern.MatchString(a.Contact) || strings.Contains(a.Contact, ":_:"):
		faults = append(faults, invalid("contact", "%.80q: want what a dial string takes, letters, digits and - _ . / : + * # @ %% = ~ ? ;", a.Contact))
	}
	if len(a.Queues) > 64 {
		faults = append(faults, invalid("queues", "%d of them: want at most 64", len(a.Queues)))
	}
	seen := make(map[string]bool)
	for _, m := range a.Queues {
		faults = append(faults, checkID("queues", m.Queue))
		if seen[m.Queue] {
			faults = append(faults, invalid("queues", "%.80q: twice", m.Queue))
		}
		seen[m.Queue] = true
		if m.Tier < 0 || m.Tier > 9 {
			faults = append(faults, invalid("queues", "%.80q, tier %d: want 1 to 9", m.Queue, m.Tier))
		}
	}
	return errors.Join(faults...)
}

// record is the agent as scripts read him (read_member in queue_records.lua).
func (a *Agent) record() string {
	queues := make([]string, len(a.Queues))
	for i, m := range a.Queues {
		queues[i] = m.Queue + ":" + strconv.Itoa(cmp.Or(m.Tier, 1))
	}
	return strings.Join([]string{"1", a.Contact, strings.Join(queues, " "), strings.Join(a.Skills, " ")}, "\x1f")
}

var (
	//go:embed agents_put.lua
	agentsPutLua string
	agentsPut    = queueScript(agentsPutLua)
)

// Agents are the agents of one site.
type Agents struct{ d queueDocuments[Agent] }

// Agents returns the agents of a site.
func (s *Store) Agents(site string) Agents {
	return Agents{queueDocuments[Agent]{
		documents: documents[Agent]{s: s, noun: "agent", hash: s.keys.agents(site)},
		site:      site, script: agentsPut,
	}}
}

// Get returns one agent. ErrNotFound.
func (n Agents) Get(ctx context.Context, id string) (Agent, error) { return n.d.get(ctx, id) }

// List returns up to limit agents after the one given, sorted.
func (n Agents) List(ctx context.Context, after string, limit int) ([]Agent, error) {
	return n.d.list(ctx, after, limit)
}

// Put makes the agent what v says. An idle one may be offered a caller at
// once; a talk goes on. ErrInvalid, ErrConflict.
func (n Agents) Put(ctx context.Context, v Agent, check Check[Agent]) (created bool, err error) {
	if v.Site == "" {
		v.Site = n.d.site
	}
	if err := errors.Join(v.validate(), sameSite(v.Site, n.d.site)); err != nil {
		return false, err
	}
	return n.d.put(ctx, v.ID, v, check, v.record(), string(cmp.Or(v.Status, LoggedOut)))
}

// Delete forgets an agent; a talk goes on. ErrNotFound, ErrConflict.
func (n Agents) Delete(ctx context.Context, id string, check Check[Agent]) error {
	return n.d.delete(ctx, id, check)
}
