package dialplan

import (
	"context"
	"time"
)

// A World answers the interpreter's questions and keeps its promises: Redis
// and the CRM behind a live call, a script behind a simulated one.
type World interface {
	Queue
	// Outage looks for a flag on the address or on any larger place that
	// contains it; ok is false when there is none.
	Outage(ctx context.Context, site, address string) (o Outage, ok bool, err error)
	// Save begins to keep the cursor, and returns. With must, kept waits until
	// the store has it, for a bounded time (50 ms); without, it does not, and the
	// cursor may be written a moment later. A call never fails because a cursor
	// could not be saved, so there is no error to handle: the World counts it.
	// The cursor changes after Save has returned, so what is written is a copy.
	Save(ctx context.Context, c *Cursor, must bool) (kept func())
}

// Queue is one queue of a site, as a waiting caller uses it.
type Queue interface {
	// Join gives the caller a ticket. The same Request returns the same
	// ticket. ErrNoQueue when the site has no queue of that name,
	// ErrQueueFull and ErrUnstaffed when the queue's own limits say so.
	// Beside an error that is none of these the Ticket has its ID, where that
	// is known: the answer may have been lost on its way, and whoever gives up
	// leaves that ticket.
	Join(ctx context.Context, j Join) (Ticket, error)
	// Await begins to wait until an agent is offered for the ticket, and goes
	// on while the queue cannot be reached. found is told once, by any
	// goroutine: the offer, or ErrNoTicket when the ticket does not exist any
	// more: join again. It must return at once. stop ends the wait; once it
	// has returned, found is not told any more.
	Await(ticket string, found func(*Offer, error)) (stop func())
	// Report tells what became of an offer. It may be repeated.
	Report(ctx context.Context, o Offer, r Report) error
	// Leave gives the ticket back; unknown tickets are no error.
	Leave(ctx context.Context, ticket string, why LeaveReason) error
}

// An Outage is one flag the CRM has set on an address.
type Outage struct {
	Address string    // where the flag stands: the caller's own address or a place around it
	Source  string    // who set it
	Message string    // for the caller; "" for none
	Until   time.Time // expected end; zero when unknown
}

// A Join asks for a place in a queue.
type Join struct {
	Request   string        // call and visit: a repeated request gets the first answer
	Call      string        // UUID of the caller's channel
	Site      string        // of the number called
	Queue     string        // its name in the site
	Credit    time.Duration // priority: as if the caller had joined that much earlier, 0 to 24 h
	Skills    []string      // skills wanted of the agent, sorted
	Prefer    string        // agent to be tried first; "" for none
	PreferFor time.Duration // for so long only the preferred agent
	Since     time.Time     // when the caller joined first; set when the ticket was lost and the place is to be kept
	Number    string        // caller's number for the agent's screen, "" when withheld
	Name      string        // caller's name for the agent's screen
}

// A Ticket is a caller's place in a queue. It is kept in the cursor.
type Ticket struct {
	ID     string    `json:"id"`
	Joined time.Time `json:"joined"`
}

// An Offer is one agent for one ticket, valid until Until unless it was
// answered before.
type Offer struct {
	ID        string        `json:"id"` // opaque; becomes Bridge.ID
	Ticket    string        `json:"ticket"`
	Site      string        `json:"site"`
	Queue     string        `json:"queue"`
	Agent     string        `json:"agent"`
	Contact   string        `json:"contact"` // Target.Contact
	Ring      time.Duration `json:"ring"`    // how long to ring
	AcceptKey string        `json:"accept,omitempty"`
	Until     time.Time     `json:"until"`
}

// A Report is what became of an offer. Answered is reported once when the two
// are connected (Ended zero) and once when the talk is over (Ended set).
type Report struct {
	Outcome  Outcome
	Answered time.Time
	Ended    time.Time
}

// A LeaveReason says why a ticket was given back.
type LeaveReason string

// The reasons to leave a queue.
const (
	LeaveAbandoned LeaveReason = "abandoned" // hung up while waiting
	LeaveTimeout   LeaveReason = "timeout"   // waited for the longest time the node allows
	LeaveKey       LeaveReason = "key"       // pressed a key
	LeaveServed    LeaveReason = "served"    // talked to an agent
	LeaveFault     LeaveReason = "fault"     // the walk ended for another reason
)
