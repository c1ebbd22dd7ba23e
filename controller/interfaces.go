package controller

import (
	"context"
	"errors"
	"time"

	"github.com/dialgraph/dialgraph/dialplan"
)

// ErrUnknownNumber says that no menu stands behind the number that was called.
var ErrUnknownNumber = errors.New("unknown number")

// ErrNoMenu says that the number's menu has no active version, or that the
// version a call began with cannot be loaded any more.
var ErrNoMenu = errors.New("no such menu")

// Numbers tells what stands behind a number, from memory where it can.
type Numbers interface {
	// Route looks up a number as it was dialled. ErrUnknownNumber, or
	// ErrNoMenu beside a Route whose Fallback, Site and Language are set.
	Route(ctx context.Context, dialled string) (Route, error)
	// Menu returns a version of a menu, ready to walk. ErrNoMenu.
	Menu(ctx context.Context, menu, version string) (*dialplan.Menu, error)
}

// A Route is what stands behind a called number.
type Route struct {
	Number   string // normalised
	Menu     string
	Version  string // active version of the menu
	Language string // of the line, "" for the menu's own
	Answer   dialplan.AnswerPolicy
	Fallback string // EXTENSION or EXTENSION XML CONTEXT; "" for the spoken notice
	MaxCalls int    // live calls at once, 0 for no limit
	Site     Site
}

// A Site is what calls of its numbers share.
type Site struct {
	Name      string
	Region    string            // ISO 3166-1 alpha-2, completes national numbers
	Templates map[string]string // dial strings: agent {contact}, extension {extension}, outside {number}
	Outside   []string          // prefixes in E.164 that may be dialled out; none: nothing may
	Presented string            // number shown outside; "" for the caller's own
}

// Customers know who calls.
type Customers interface {
	// Customer completes a caller of whom Number is set and trusted. An
	// unknown number is no error: the caller stays as it was.
	Customer(ctx context.Context, caller dialplan.Caller) (dialplan.Caller, error)
}

// Cursors keep where each live call stands. They are saved through the World.
type Cursors interface {
	// Load returns the cursor of a call, nil when there is none.
	Load(ctx context.Context, call string) (*dialplan.Cursor, error)
	// Delete ends a cursor; an unknown one is no error.
	Delete(ctx context.Context, call string) error
}

// Records keep one record per call.
type Records interface {
	// Load returns the record as a former owner of the call left it, nil when there is none.
	Load(ctx context.Context, call string) (*Record, error)
	// Put writes the record. It is called when a call starts, when somebody
	// else may have to go on with it, and when it has ended (Record.Ended set).
	Put(ctx context.Context, r *Record) error
}

// Prompts turn sounds into what FreeSWITCH can play.
type Prompts interface {
	// File returns a path or URL for `playback`. An error means that the sound
	// cannot be had now; it is skipped.
	File(ctx context.Context, s dialplan.Sound) (string, error)
}

// An Owned is a call and who looks after it.
type Owned struct {
	Call     string // UUID of the caller's channel
	Node     string // FreeSWITCH-Switchname
	Core     string // Core-UUID: another one under the same name means that the node was restarted
	Instance string // owner, or last owner
	Token    string // new with each claim, compared for equality
	Since    time.Time
	New      bool // nobody has had the call before
}

// Owners say who looks after a call.
type Owners interface {
	// Claim makes o the owner's entry of the call: the newest claim wins.
	Claim(ctx context.Context, o Owned) error
	// Release leaves the call to whoever finds it: unowned since now. Nothing
	// happens when another token has it by now.
	Release(ctx context.Context, call, token string) error
	// Forget ends the entry: the call is over. mine is false, and nothing
	// happens, when another token has the call by now.
	Forget(ctx context.Context, call, token string) (mine bool, err error)
}

// A Peer is a live instance.
type Peer struct {
	Instance string
	Address  string // Config.Address
}

// Peers keep the instances' heartbeats.
type Peers interface {
	// Renew renews this instance's lease, or ends it at once when lease is
	// zero, and returns all that are alive, sorted by name.
	Renew(ctx context.Context, self Peer, lease time.Duration) (alive []Peer, err error)
	// Expired returns the instances whose lease has run out and that still
	// have calls.
	Expired(ctx context.Context) ([]Peer, error)
	// Take gives this instance at most n calls that belong to the dead
	// instance, or, when dead is empty, calls unowned for longer than
	// unowned. Each call is given to one taker, under the taker's new token.
	Take(ctx context.Context, by, dead string, unowned time.Duration, n int) ([]Owned, error)
}

// Limits count live calls across instances. Scopes are number and trunk.
type Limits interface {
	// Enter counts a call in; false, and nothing counted, when max are there. A
	// max of 0 only counts.
	// The answer holds beside an error too: it is then what this instance knows.
	Enter(ctx context.Context, scope, name string, max int) (bool, error)
	// Leave counts it out.
	Leave(ctx context.Context, scope, name string)
}
