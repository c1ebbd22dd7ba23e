package store

import (
	"context"
	_ "embed"
	"encoding/base64"
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
	id     string // site/short
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
	return site + "/" + short(uuid.NewSHA1(uuid.NameSpaceOID, []byte(request)))
}

// short is an id as scripts handle it: a queue's records and sets, and the
// append-only file, name each ticket and its owner some ten times for a caller.
func short(id uuid.UUID) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

func isShort(id string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(id)
	return err == nil && len(raw) == len(uuid.UUID{}) && len(id) == 22 // without the line breaks that the decoder skips
}

// siteOf is where a ticket is kept; false when it cannot be one of ours.
func siteOf(ticket string) (string, bool) {
	site, id, _ := strings.Cut(ticket, "/")
	return site, checkID("site", site) == nil && isShort(id)
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
)

// An admission is the answer to a Join.
type admission struct {
	joined int64  // µs since 1970
	offer  string // as scripts write it; "" as long as nobody is free
	left   bool   // the ticket was given back since
}

// join runs the script; again puts a lost ticket back, whatever the limits.
func (d *Distributor) join(ctx context.Context, t ticket, again bool) (admission, error) {
	site, _ := siteOf(t.id)
	r := readReply(d.s.askQueue(ctx, site, askJoin, t.id, t.queue, t.call, d.owner,
		t.credit, t.skills, t.prefer, t.alone, t.joined, t.number, t.name, again))
	answer, joined, offer := r.text(), r.text(), r.text()
	if r.err != nil {
		return admission{}, r.err
	}
	switch answer {
	case "no-queue":
		return admission{}, dialplan.ErrNoQueue
	case "full":
		return admission{}, dialplan.ErrQueueFull
	case "unstaffed":
		return admission{}, dialplan.ErrUnstaffed
	case "ended":
		return admission{}, dialplan.ErrNoTicket
	}
	micros, err := strconv.ParseInt(joined, 10, 64)
	return admission{joined: micros, offer: offer, left: answer == "left"}, err
}

// Join implements dialplan.Queue. An agent who is idle is offered at once, and
// from now on the ticket's wake-ups are kept for Next.
func (d *Distributor) Join(ctx context.Context, j dialplan.Join) (dialplan.Ticket, error) {
	t, err := newTicket(j)
	if err != nil {
		return dialplan.Ticket{}, fmt.Errorf("join queue %.80q: %w", j.Queue, err)
	}
	w := d.startWaiting(t.id)
	a, err := d.join(ctx, t, false)
	if err != nil {
		d.stopWaiting(t.id, w)
		return dialplan.Ticket{ID: t.id}, fmt.Errorf("join queue %q: %w", j.Queue, err)
	}
	t.joined = a.joined
	if a.left {
		d.stopWaiting(t.id, w)
	} else {
		d.admit(w, t)
	}
	if a.offer != "" {
		d.offered(a.offer)
	}
	return dialplan.Ticket{ID: t.id, Joined: time.UnixMicro(a.joined).UTC()}, nil
}

var (
	//go:embed tickets_leave.lua
	ticketsLeaveLua string

	//go:embed tickets_position.lua
	ticketsPositionLua string
)

// Leave implements dialplan.Queue. An agent who rings for the ticket is free
// again. While Redis is away the promise is kept, and fulfilled by Run. A ticket
// that an answer has ended is left without asking Redis.
func (d *Distributor) Leave(ctx context.Context, ticket string, why dialplan.LeaveReason) error {
	site, ok := siteOf(ticket)
	if !ok || d.left(ticket) && why == dialplan.LeaveServed {
		return nil
	}
	return d.deliver(ctx, func(ctx context.Context) error {
		if err := d.s.askQueue(ctx, site, askLeave, ticket, string(why)).Err(); err != nil {
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

// Position tells where a ticket stands. Its cost grows with the lanes of the
// queue and the agents who ring, not with those who wait. ErrNoTicket of package dialplan when there is no such ticket.
func (s *Store) Position(ctx context.Context, ticket string) (Position, error) {
	site, ok := siteOf(ticket)
	if !ok {
		return Position{}, dialplan.ErrNoTicket
	}
	r := readReply(s.askQueue(ctx, site, askPosition, ticket))
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
