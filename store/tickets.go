package store

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/dialgraph/dialgraph/dialplan"
)

// maxPriority bounds the priority of a caller.
const maxPriority = 24 * time.Hour

// A ticket is what an instance keeps of a caller who waits, enough to put him
// back at his place after Redis lost it.
type ticket struct {
	id     string // site/uuid
	queue  string
	call   string
	joined int64 // µs since 1970, 0 for now
	credit int64 // ms
	skills string
	prefer string
	alone  int64 // ms for the preferred agent only
	number string
	name   string
}

// ticketID follows from the request, so that a repeated one finds its ticket.
func ticketID(site, request string) string {
	return site + "/" + uuid.NewSHA1(uuid.NameSpaceOID, []byte(request)).String()
}

// siteOf is where a ticket is kept; false when it cannot be one of ours.
func siteOf(ticket string) (string, bool) {
	site, id, _ := strings.Cut(ticket, "/")
	return site, checkID("site", site) == nil && uuid.Validate(id) == nil
}

func newTicket(j dialplan.Join) (ticket, error) {
	faults := []error{checkID("site", j.Site), checkID("queue", j.Queue), checkSkills(j.Skills)}
	if j.Prefer != "" {
		faults = append(faults, checkID("prefer", j.Prefer))
	}
	if j.Call != "" {
		faults = append(faults, checkID("call", j.Call))
	}
	if j.Request == "" || len(j.Request) > 500 {
		faults = append(faults, invalid("request", "%d bytes: want 1 to 500", len(j.Request)))
	}
	t := ticket{
		id: ticketID(j.Site, j.Request), queue: j.Queue, call: j.Call,
		credit: min(max(j.Credit, 0), maxPriority).Milliseconds(),
		skills: skillSet(j.Skills), prefer: j.Prefer, alone: max(j.PreferFor, 0).Milliseconds(),
		number: printable(j.Number, 64), name: printable(j.Name, 200),
	}
	if !j.Since.IsZero() {
		t.joined = j.Since.UnixMicro()
	}
	return t, errors.Join(faults...)
}

// printable cuts a caller's own words to size and takes out what could be
// taken for something else.
func printable(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, text)
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}

var (
	//go:embed tickets_join.lua
	ticketsJoinLua string
	ticketsJoin    = queueScript(ticketsJoinLua)
)

// join runs the script; again puts a lost ticket back, whatever the limits.
func (d *Distributor) join(ctx context.Context, t ticket, again bool) (time.Time, error) {
	site, _ := siteOf(t.id)
	r := readReply(d.s.runQueue(ctx, ticketsJoin, site, t.id, t.queue, t.call, d.owner,
		t.credit, t.skills, t.prefer, t.alone, t.joined, t.number, t.name, again))
	answer, joined := r.text(), r.text()
	if r.err != nil {
		return time.Time{}, r.err
	}
	switch answer {
	case "no-queue":
		return time.Time{}, dialplan.ErrNoQueue
	case "full":
		return time.Time{}, dialplan.ErrQueueFull
	case "unstaffed":
		return time.Time{}, dialplan.ErrUnstaffed
	case "ended":
		return time.Time{}, dialplan.ErrNoTicket
	}
	micros, err := strconv.ParseInt(joined, 10, 64)
	return time.UnixMicro(micros).UTC(), err
}

// Join implements dialplan.Queue. An agent who is idle is offered at once.
func (d *Distributor) Join(ctx context.Context, j dialplan.Join) (dialplan.Ticket, error) {
	t, err := newTicket(j)
	if err != nil {
		return dialplan.Ticket{}, fmt.Errorf("join queue %.80q: %w", j.Queue, err)
	}
	joined, err := d.join(ctx, t, false)
	if err != nil {
		return dialplan.Ticket{ID: t.id}, fmt.Errorf("join queue %q: %w", j.Queue, err)
	}
	return dialplan.Ticket{ID: t.id, Joined: joined}, nil
}

var (
	//go:embed tickets_leave.lua
	ticketsLeaveLua string
	ticketsLeave    = queueScript(ticketsLeaveLua)

	//go:embed tickets_position.lua
	ticketsPositionLua string
	ticketsPosition    = queueScript(ticketsPositionLua)
)

// Leave implements dialplan.Queue. An agent who rings for the ticket is free
// again. While Redis is away the promise is kept, and fulfilled by Run.
func (d *Distributor) Leave(ctx context.Context, ticket string, why dialplan.LeaveReason) error {
	site, ok := siteOf(ticket)
	if !ok {
		return nil
	}
	return d.deliver(ctx, func(ctx context.Context) error {
		if err := d.s.runQueue(ctx, ticketsLeave, site, ticket, string(why)).Err(); err != nil {
			return fmt.Errorf("leave queue: %w", err)
		}
		return nil
	})
}

// A Position is where a caller stands in the queue, counted by priority.
type Position struct {
	Position int           // 1 is next
	Wait     time.Duration // to be expected, by the talks of this hour and the last; -1 when unknown
}

// Position tells where a ticket stands. Its cost does not grow with the
// queue. ErrNoTicket of package dialplan when there is no such ticket.
func (s *Store) Position(ctx context.Context, ticket string) (Position, error) {
	site, ok := siteOf(ticket)
	if !ok {
		return Position{}, dialplan.ErrNoTicket
	}
	r := readReply(s.runQueue(ctx, ticketsPosition, site, ticket))
	p := Position{Position: int(r.number()), Wait: r.millis()}
	if r.err != nil {
		return Position{}, fmt.Errorf("position in queue: %w", r.err)
	}
	if p.Position == 0 {
		return Position{}, dialplan.ErrNoTicket
	}
	if p.Wait < 0 {
		p.Wait = -1
	}
	return p, nil
}
