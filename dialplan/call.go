package dialplan

import (
	"errors"
	"time"
)

// What a World can say of a queue.
var (
	ErrNoQueue   = errors.New("no such queue")
	ErrQueueFull = errors.New("queue is full")
	ErrUnstaffed = errors.New("queue has no agent logged in")
	ErrNoTicket  = errors.New("no such ticket")
)

// A Caller is what is known of who is calling. The controller looks it up
// before the walk begins.
type Caller struct {
	Number   string            `json:"number,omitempty" expr:"number"`     // E.164; "" when withheld, anonymous or not a number
	Withheld bool              `json:"withheld,omitempty" expr:"withheld"` // the caller asked for privacy
	Known    bool              `json:"known,omitempty" expr:"known"`       // the number belongs to a customer
	Customer string            `json:"customer,omitempty" expr:"customer"` // the customer's id
	Name     string            `json:"name,omitempty" expr:"name"`
	Contract string            `json:"contract,omitempty" expr:"contract"`
	Address  string            `json:"address,omitempty" expr:"address"`   // path from large to small, kyiv/khreshchatyk/10/25
	Language string            `json:"language,omitempty" expr:"language"` // preferred, "" for none
	Credit   int               `json:"credit,omitempty" expr:"credit"`     // priority in seconds, 0 to 86400
	Manager  string            `json:"manager,omitempty" expr:"manager"`   // agent who looks after this customer
	Extra    map[string]string `json:"extra,omitempty" expr:"extra"`       // whatever else the CRM gave
}

// A Called is the number that was called and where it belongs.
type Called struct {
	Number string `json:"number" expr:"number"` // E.164 or as dialled
	Site   string `json:"site" expr:"site"`
	Trunk  string `json:"trunk,omitempty" expr:"trunk"`
}

// A Cursor is where a call stands: all that another controller needs to go on
// at the same step. It is saved before every waiting verb.
type Cursor struct {
	Schema   int               `json:"v"`    // CursorSchema when written
	Call     string            `json:"call"` // UUID of the caller's channel
	Menu     string            `json:"menu"`
	Version  string            `json:"version"` // content hash: a live call stays on its version
	Node     string            `json:"node"`
	State    State             `json:"state"`
	Stack    []string          `json:"stack,omitempty"` // nodes to return to
	Vars     map[string]any    `json:"vars,omitempty"`  // strings, numbers, booleans
	Language string            `json:"lang,omitempty"`
	Typed    string            `json:"typed,omitempty"`  // type-ahead
	Walked   int               `json:"walked,omitempty"` // nodes since the caller's last input
	Visit    int               `json:"visit"`            // counts visits to nodes; call and visit make an idempotency key
	Path     []string          `json:"path,omitempty"`   // nodes visited, the last MaxPath of them
	Tags     map[string]string `json:"tags,omitempty"`   // statistics
	Caller   Caller            `json:"caller"`
	Called   Called            `json:"called"`
	Started  time.Time         `json:"started"`
	Account  Account           `json:"account,omitzero"`
}

// An Account is what was counted of a call up to where its cursor stands. It
// is kept by whoever runs the walk, and saved with the cursor: whoever resumes
// there counts what comes after, once.
type Account struct {
	Answered time.Time     `json:"answered,omitzero"`
	Talk     time.Duration `json:"talk,omitempty"` // in total
	Missing  int           `json:"missing,omitempty"`
}

// CursorSchema is the version of the cursor's layout. A controller reads its
// own and the one before.
const CursorSchema = 1

// MaxPath bounds the visited nodes a cursor remembers.
const MaxPath = 200

// State is where a call stands inside its node: one waiting verb, and what
// the node has learned so far. Each kind of node uses the fields it needs.
type State struct {
	Phase  string    `json:"phase,omitempty"`  // the waiting verb; "" on entry
	Tries  int       `json:"tries,omitempty"`  // attempts made
	Index  int       `json:"index,omitempty"`  // place in a list
	Digits string    `json:"digits,omitempty"` // confirmed or awaiting confirmation
	Ticket string    `json:"ticket,omitempty"` // place in a queue
	Offer  *Offer    `json:"offer,omitempty"`  // agent being rung or talked to
	Bridge string    `json:"bridge,omitempty"` // id of the attempt being rung or talked to
	Until  time.Time `json:"until,omitzero"`   // when waiting ends
	Since  time.Time `json:"since,omitzero"`   // when the caller joined the queue first
}
