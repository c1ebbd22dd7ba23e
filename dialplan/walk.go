package dialplan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/expr-lang/expr/vm"
)

// MaxWalked is how many nodes a call may pass without the caller pressing a
// key or talking to somebody. A call that walks on is left to its fallback.
const MaxWalked = 1000

// MaxStack is how many menus may be nested in a call at one time.
const MaxStack = 100

// An End is how a walk ended.
type End string

// The ends of a walk.
const (
	Exited     End = "exit"    // left the menu: the number's fallback, or the destination named, has the call
	HungUp     End = "hangup"  // the menu ended the call
	CallerLeft End = "caller"  // the caller hung up
	Taken      End = "taken"   // somebody else has the call
	Stopped    End = "stopped" // the context ended: the call can be resumed
	Faulted    End = "fault"   // something that should not happen; the number's fallback has the call
)

// An AnswerPolicy is when a call is answered.
type AnswerPolicy string

// The answer policies of a number.
const (
	AnswerAtOnce  AnswerPolicy = ""      // before the first node
	AnswerAtInput AnswerPolicy = "input" // before the first step that wants a key
	AnswerByAgent AnswerPolicy = "agent" // when an agent answers
)

// A Walk is one call through one menu.
type Walk struct {
	Menu   *Menu
	Cursor *Cursor // from [NewCursor], or as it was saved; Run changes it
	Line   Line
	World  World
	Answer AnswerPolicy

	Now     func() time.Time        // nil: time.Now
	Log     *slog.Logger            // has the attributes of the call; nil: silent
	Entered func(node, kind string) // told of each node as the call comes to it; may be nil
}

// NewCursor stands at the beginning of a menu.
func NewCursor(m *Menu, call string, caller Caller, called Called, started time.Time) *Cursor {
	language := m.languages[0]
	if slices.Contains(m.languages, caller.Language) {
		language = caller.Language
	}
	return &Cursor{
		Schema: CursorSchema, Call: call, Menu: m.id, Version: m.version, Node: m.nodes[m.start].name,
		Language: language, Caller: caller, Called: called, Started: started,
	}
}

// Run takes the call from where its cursor stands to the end of its walk. What
// the caller had typed ahead when the cursor was saved is put back before what
// the Line's type-ahead has by now. The error says more when the walk Stopped or
// Faulted, and is nil otherwise.
func (w Walk) Run(ctx context.Context) (End, error) {
	c := newCall(w)
	err := c.begin(ctx)
	if err == nil {
		err = c.walk(ctx)
	}
	for errors.Is(err, errWaits) {
		c.held.key, c.held.err = c.Line.Hold(ctx, c.held.Hold, c.held.wait)
		err = c.walk(ctx)
	}
	return c.end(ctx, err)
}

// errWaits interrupts the walk for a wait that may take hours: it goes on at the
// same node, which finds in call.held how the wait ended. The stack of a walk is
// several times as large as what waits without it.
var errWaits = errors.New("waits")

// A held is a hold that interrupts the walk.
type held struct {
	Hold
	wait  Wait
	offer *Offer // that ended the wait
	kept  func() // waits until the cursor with the offer is kept
	key   string // that the hold returned, and err
	err   error
}

// The phases that every node begins with; each kind has its own beside them.
const (
	phaseEnter = ""      // the call comes to the node
	phaseSay   = "say"   // the prompt before the kind
	phaseStart = "start" // the kind
)

// Ways to end a walk that are no faults.
var (
	errExited = errors.New("left the menu")
	errHungUp = errors.New("hung up")
)

// A call is a walk while it runs.
type call struct {
	Walk
	at        ref
	env       map[string]any // what expressions know; nil until one asks
	vm        *vm.VM         // that runs them, beside env
	confirmed bool           // the caller has confirmed input that no saved cursor has yet
	late      lateKeys
	held      *held // what the walk is interrupted for, nil while it goes on
}

func newCall(w Walk) *call {
	if w.Now == nil {
		w.Now = time.Now
	}
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	if w.Cursor.Vars == nil {
		w.Cursor.Vars = map[string]any{}
	}
	return &call{Walk: w}
}

// walk goes on from node to node. It always ends with an error.
func (c *call) walk(ctx context.Context) error {
	s := &c.Cursor.State
	for {
		if err := ctx.Err(); err != nil && c.held == nil {
			return err
		}
		n := &c.Menu.nodes[c.at]
		if s.Phase == phaseEnter {
			if err := c.enter(n); err != nil {
				return err
			}
		}
		if s.Phase == phaseSay {
			if err := c.play(ctx, n.say.in(c.Cursor.Language), true); err != nil {
				return err
			}
			s.Phase = phaseStart
		}
		next, err := n.step.run(ctx, c, s)
		if err != nil {
			return err
		}
		if err := c.leave(ctx, next); err != nil {
			return err
		}
	}
}

// begin finds the node of the cursor and brings back what the caller has typed
// before the call was resumed.
func (c *call) begin(ctx context.Context) error {
	at, ok := c.Menu.index[c.Cursor.Node]
	if !ok || c.Cursor.Version != c.Menu.version || c.Cursor.Schema > CursorSchema ||
		!slices.Contains(c.Menu.languages, c.Cursor.Language) || c.Cursor.State.Index < 0 {
		return fmt.Errorf("resume at node %q: the cursor is of menu %s version %s, schema %d",
			c.Cursor.Node, c.Cursor.Menu, c.Cursor.Version, c.Cursor.Schema)
	}
	c.at = at
	typed := c.Line.Typed()
	fresh := typed.String()
	typed.Clear()
	for _, key := range []byte(c.Cursor.Typed + fresh) {
		typed.Add(key)
	}
	if c.Answer == AnswerAtOnce {
		return c.Line.Answer(ctx)
	}
	return nil
}

// enter counts the visit of a node.
func (c *call) enter(n *node) error {
	cursor := c.Cursor
	cursor.Visit++
	if cursor.Walked++; cursor.Walked > MaxWalked {
		return fmt.Errorf("walked %d nodes without input", MaxWalked)
	}
	if len(cursor.Path) >= MaxPath {
		cursor.Path = append(cursor.Path[:0], cursor.Path[len(cursor.Path)-MaxPath+1:]...)
	}
	cursor.Path = append(cursor.Path, n.name)
	cursor.State.Phase = phaseStart
	if len(n.say) > 0 {
		cursor.State.Phase = phaseSay
	}
	if c.Entered != nil {
		c.Entered(n.name, n.kind.name)
	}
	return nil
}

// leave goes to the next node.
func (c *call) leave(ctx context.Context, next ref) error {
	switch next {
	case endExit:
		return c.exit(ctx, "")
	case endHangup:
		return c.hangup(ctx, normalClearing)
	case endReturn:
		stack := c.Cursor.Stack
		if len(stack) == 0 {
			return errors.New("return without a call")
		}
		to, ok := c.Menu.index[stack[len(stack)-1]]
		if !ok {
			return fmt.Errorf("return to node %q, which does not exist", stack[len(stack)-1])
		}
		next, c.Cursor.Stack = to, stack[:len(stack)-1]
	}
	c.at = next
	c.Cursor.Node = c.Menu.nodes[next].name
	c.Cursor.State = State{}
	return nil
}

// end tells how the walk ended, and brings a call that cannot go on to its
// fallback.
func (c *call) end(ctx context.Context, err error) (End, error) {
	switch {
	case errors.Is(err, errExited):
		return Exited, nil
	case errors.Is(err, errHungUp):
		return HungUp, nil
	case errors.Is(err, ErrHangup):
		return CallerLeft, nil
	case errors.Is(err, ErrTaken):
		return Taken, nil
	case ctx.Err() != nil:
		return Stopped, context.Cause(ctx)
	}
	err = fmt.Errorf("node %q: %w", c.Cursor.Node, err)
	switch left := c.exit(ctx, ""); {
	case errors.Is(left, errExited):
	case errors.Is(left, ErrHangup), errors.Is(left, ErrTaken):
	default:
		err = errors.Join(err, left)
	}
	return Faulted, err
}
