package api

// An Agent is somebody who talks to callers.
type Agent struct {
	Agent   string       `json:"agent,omitempty" maxLength:"64" example:"maria" doc:"The CRM's id; the one in the path when missing"`
	Site    string       `json:"site,omitempty" maxLength:"64" doc:"The site of the agent; the one of the request when missing"`
	Name    string       `json:"name,omitempty" maxLength:"200" example:"Марія Коваль"`
	Contact string       `json:"contact" minLength:"1" maxLength:"500" example:"1001" doc:"What the site's dial string for agents is completed with"`
	Queues  []Membership `json:"queues,omitempty" maxItems:"64" nullable:"false" doc:"Queues that the agent serves"`
	Skills  []string     `json:"skills,omitempty" maxItems:"32" nullable:"false" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" example:"[\"en\"]"`
	Status  string       `json:"status,omitempty" enum:"available,break,logged-out" default:"logged-out" doc:"Status of a new agent, until one is set"`
}

// A Membership is an agent's part in a queue.
type Membership struct {
	Queue string `json:"queue" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" example:"support"`
	Tier  int    `json:"tier,omitempty" minimum:"1" maximum:"9" default:"1" doc:"1 is rung first"`
}

func (g *Agent) name() (site, id *string) { return &g.Site, &g.Agent }

// Agents of all sites.
type Agents interface {
	Collection[Agent]
	Statuses
}

func (a *API) agents() {
	n := noun{
		one: "agent", many: "agents", sited: true, write: mayWrite, read: maySee,
		doc: "Who talks to callers: the telephone, the queues, the skills.",
	}
	collect(a, n, a.cfg.Agents)
	importing(a, n, a.cfg.Agents)
	a.statuses(n)
}
