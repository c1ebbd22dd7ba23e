package store

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxClasses bounds the waiting lists of one queue: sets of skills, and the
// callers who want none, times tiers. A decision looks at the head of each.
const MaxClasses = 64

// A Queue is where callers wait for the agents of one kind of work.
type Queue struct {
	ID   string `json:"id"`
	Site string `json:"site"`
	Name string `json:"name,omitempty"` // for people

	Ring      time.Duration `json:"ring"`             // how long an agent's telephone rings, 1 s to 5 min; DefaultRing when 0
	WrapUp    time.Duration `json:"wrapUp"`           // after a talk, until the next, 0 to 1 h
	AcceptKey string        `json:"accept,omitempty"` // key the agent presses to take the call; "" for none
	Within    time.Duration `json:"within,omitempty"` // answered so soon is within the service level, 0 to 1 h

	Max            int  `json:"max,omitempty"`            // tickets at once; 0 for no limit
	RefuseIfNobody bool `json:"refuseIfNobody,omitempty"` // no ticket while no agent of the queue is logged in

	// Skills are the sets of skills that callers may ask for. Another set
	// counts as the largest of these within it. After SkillsFor (0: never)
	// a caller is served by any agent.
	Skills    [][]string    `json:"skills,omitempty"`
	SkillsFor time.Duration `json:"skillsFor,omitempty"`
	// Widen are the times waited after which agents of tier 2, 3, … are
	// offered too, ascending. An agent of a further tier counts as of the last.
	Widen []time.Duration `json:"widen,omitempty"`

	Delays Delays `json:"delays"`
	Streak int    `json:"streak"` // so many offers missed in a row make an agent "not-answering"; 0: never
}

// Delays keep an agent from being offered again at once after an offer came
// to nothing, each 0 to 1 h.
type Delays struct {
	NoAnswer      time.Duration `json:"noAnswer"`
	Busy          time.Duration `json:"busy"`
	Rejected      time.Duration `json:"rejected"`
	NotRegistered time.Duration `json:"notRegistered"`
	Unreachable   time.Duration `json:"unreachable"`
	// Longest bounds the delay, which each offer missed in a row doubles,
	// 0 to 24 h; less than the delay itself: no doubling.
	Longest time.Duration `json:"longest"`
}

// DefaultRing is the ring time of a queue that names none.
const DefaultRing = 20 * time.Second

// validate is nil for a queue within its bounds, and names all faults otherwise.
func (q *Queue) validate() error {
	faults := []error{
		checkID("id", q.ID), checkID("site", q.Site),
		checkText("name", q.Name, 200),
		checkSpan("ring", q.Ring, 5*time.Minute),
		checkSpan("wrapUp", q.WrapUp, time.Hour),
		checkSpan("within", q.Within, time.Hour),
		checkSpan("skillsFor", q.SkillsFor, 24*time.Hour),
		checkSpan("delays.noAnswer", q.Delays.NoAnswer, time.Hour),
		checkSpan("delays.busy", q.Delays.Busy, time.Hour),
		checkSpan("delays.rejected", q.Delays.Rejected, time.Hour),
		checkSpan("delays.notRegistered", q.Delays.NotRegistered, time.Hour),
		checkSpan("delays.unreachable", q.Delays.Unreachable, time.Hour),
		checkSpan("delays.longest", q.Delays.Longest, 24*time.Hour),
	}
	if q.Ring != 0 && q.Ring < time.Second {
		faults = append(faults, invalid("ring", "%s: want at least 1s", q.Ring))
	}
	for i, after := range q.Widen {
		faults = append(faults, checkSpan("widen", after, 24*time.Hour))
		if i > 0 && after < q.Widen[i-1] {
			faults = append(faults, invalid("widen", "%s after %s: want ascending times", after, q.Widen[i-1]))
		}
	}
	if len(q.AcceptKey) > 1 || !strings.Contains("0123456789*#", q.AcceptKey) {
		faults = append(faults, invalid("accept", "%.20q: want one of 0-9 * #", q.AcceptKey))
	}
	if q.Max < 0 {
		faults = append(faults, invalid("max", "%d: want no negative number", q.Max))
	}
	if q.Streak < 0 {
		faults = append(faults, invalid("streak", "%d: want no negative number", q.Streak))
	}
	if n := (len(q.Skills) + 1) * (len(q.Widen) + 1); n > MaxClasses {
		faults = append(faults, invalid("skills", "%d sets, with none, times %d tiers are %d classes: want at most %d",
			len(q.Skills)+1, len(q.Widen)+1, n, MaxClasses))
	}
	for _, set := range q.Skills {
		faults = append(faults, checkSkills(set))
	}
	return errors.Join(faults...)
}

// checkSpan is nil for 0 to most.
func checkSpan(field string, d, most time.Duration) error {
	if d < 0 || d > most {
		return invalid(field, "%s: want 0 to %s", d, most)
	}
	return nil
}

// checkSkills is nil for up to 32 skills that are ids.
func checkSkills(skills []string) error {
	if len(skills) > 32 {
		return invalid("skills", "%d of them: want at most 32", len(skills))
	}
	for _, skill := range skills {
		if err := checkID("skills", skill); err != nil {
			return err
		}
	}
	return nil
}

// skillSet is how scripts write a set of skills: sorted, each once.
func skillSet(skills []string) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(skills))), "+")
}

// record is the definition as scripts read it (read_queue in queue_records.lua).
func (q *Queue) record() string {
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	sets := make([]string, len(q.Skills))
	for i, set := range q.Skills {
		sets[i] = skillSet(set)
	}
	widen := make([]string, len(q.Widen))
	for i, after := range q.Widen {
		widen[i] = ms(after)
	}
	staffed := "0"
	if q.RefuseIfNobody {
		staffed = "1"
	}
	return strings.Join([]string{
		"1", ms(cmp.Or(q.Ring, DefaultRing)), ms(q.WrapUp), q.AcceptKey, ms(q.Within),
		strconv.Itoa(q.Max), staffed, strconv.Itoa(q.Streak),
		ms(q.Delays.NoAnswer), ms(q.Delays.Busy), ms(q.Delays.Rejected),
		ms(q.Delays.NotRegistered), ms(q.Delays.Unreachable), ms(q.Delays.Longest),
		ms(q.SkillsFor), strings.Join(widen, " "), strings.Join(sets, " "),
	}, "\x1f")
}

var (
	//go:embed queue_put.lua
	queuePutLua string
	queuePut    = queueScript(queuePutLua)
)

// Queues are the queues of one site.
type Queues struct{ d queueDocuments[Queue] }

// Queues returns the queues of a site.
func (s *Store) Queues(site string) Queues {
	return Queues{queueDocuments[Queue]{
		documents: documents[Queue]{s: s, noun: "queue", hash: s.keys.queues(site)},
		site:      site, script: queuePut,
	}}
}

// Get returns one queue. ErrNotFound.
func (n Queues) Get(ctx context.Context, id string) (Queue, error) { return n.d.get(ctx, id) }

// List returns up to limit queues after the one given, sorted.
func (n Queues) List(ctx context.Context, after string, limit int) ([]Queue, error) {
	return n.d.list(ctx, after, limit)
}

// Put makes the queue what v says. Who waits in it keeps the place and
// follows into the lists of the new definition. ErrInvalid, ErrConflict.
func (n Queues) Put(ctx context.Context, v Queue, check Check[Queue]) (created bool, err error) {
	if v.Site == "" {
		v.Site = n.d.site
	}
	if err := errors.Join(v.validate(), sameSite(v.Site, n.d.site)); err != nil {
		return false, err
	}
	return n.d.put(ctx, v.ID, v, check, v.record())
}

// Delete ends a queue: whoever waits in it has no ticket any more.
// ErrNotFound, ErrConflict.
func (n Queues) Delete(ctx context.Context, id string, check Check[Queue]) error {
	return n.d.delete(ctx, id, check)
}
