// Package sim takes a call through a menu in text: the interpreter is the one
// that runs live calls, only the telephone and the world are scripted.
package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/dialgraph/dialgraph/dialplan"
)

// A Script is one caller and the world around the call.
type Script struct {
	From   string // as it is shown in the transcript
	To     string
	At     time.Time // when the call begins, in the menu's own zone
	Caller dialplan.Caller
	Called dialplan.Called
	// Keys are pressed in groups, one group for each question the caller is
	// asked. An empty group is a caller who stays silent. When they are used
	// up, the caller stays silent, or hangs up if HangUp is set.
	Keys    []string
	HangUp  bool
	Outages []dialplan.Outage
	// Reached are the outcomes of the attempts to reach somebody, in order;
	// the last one repeats. Without any, everybody answers.
	Reached []dialplan.Outcome
	// Queue is what joining a queue fails with: dialplan.ErrQueueFull,
	// ErrUnstaffed, ErrNoQueue; nil to be let in.
	Queue error
	// Nobody makes callers wait in queues until their patience, or the
	// node's, ends.
	Nobody bool
	// Words adds what a prompt says to the transcript.
	Words bool
	// StopAt stops the controller when the call comes to that many waiting
	// verbs; another one goes on from the saved cursor. 0 is never.
	StopAt int
}

// talk is how long a simulated talk lasts.
const talk = time.Minute

// listening is how long a prompt lasts: keys come when it has been heard.
const listening = 3 * time.Second

// patience is how long a caller waits for nobody before hanging up.
const patience = 20 * time.Minute

// errStopped ends a walk as a controller that is killed would.
var errStopped = errors.New("controller stopped")

// Run writes the transcript of the call to w and tells how it ended.
func Run(ctx context.Context, m *dialplan.Menu, s Script, w io.Writer) (dialplan.End, error) {
	c := &call{script: s, out: w, clock: s.At, typed: dialplan.NewTypeAhead("")}
	c.say("call", "from %s to %s at %s %s", or(s.From, "withheld"), s.To, s.At.In(m.Location()).Format("2006-01-02T15:04"), m.Location())
	cursor := dialplan.NewCursor(m, "sim", s.Caller, s.Called, s.At)
	end, err := c.walk(ctx, m, cursor)
	if c.stopped {
		c.say("resume", "on another controller")
		if cursor, err = c.restored(cursor); err != nil {
			return "", err
		}
		c.typed = dialplan.NewTypeAhead("") // the walk puts back what the cursor has
		end, err = c.walk(ctx, m, cursor)
	}
	if err != nil {
		c.say("end", "%s: %v", end, err)
	} else {
		c.say("end", "%s after %s", c.manner(end), c.clock.Sub(s.At))
	}
	return end, errors.Join(err, c.err)
}

// A call is the telephone and the world of one script.
type call struct {
	script  Script
	out     io.Writer
	err     error // the first fault of out
	clock   time.Time
	typed   *dialplan.TypeAhead
	asked   int    // groups of keys used
	tried   int    // attempts to reach somebody
	offers  int    // agents offered
	verbs   int    // waiting verbs begun
	stopped bool   // the controller was stopped
	saved   []byte // the cursor, as another controller finds it
	left    string // how the menu left the call
	bridged map[string]dialplan.Bridged
}

func (c *call) walk(ctx context.Context, m *dialplan.Menu, cursor *dialplan.Cursor) (dialplan.End, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := dialplan.Walk{
		Menu: m, Cursor: cursor, Line: line{c, cancel}, World: c,
		Now:     func() time.Time { return c.clock },
		Entered: func(node, kind string) { c.say(kind, "%s", node) },
		Log:     slog.New(troubles{c}),
	}
	return w.Run(ctx)
}

// restored is the cursor that another controller would find. A call that was
// stopped before anything was saved begins anew.
func (c *call) restored(begun *dialplan.Cursor) (*dialplan.Cursor, error) {
	if c.saved == nil {
		return begun, nil
	}
	cursor := new(dialplan.Cursor)
	if err := json.Unmarshal(c.saved, cursor); err != nil {
		return nil, fmt.Errorf("restore cursor: %w", err)
	}
	return cursor, nil
}

// manner is the end of a call as a reader wants to know it.
func (c *call) manner(end dialplan.End) string {
	if c.left != "" {
		return c.left
	}
	return string(end)
}

// say writes one line: a word, then what there is to say.
func (c *call) say(word, format string, args ...any) {
	if _, err := fmt.Fprintf(c.out, "%-8s %s\n", word, fmt.Sprintf(format, args...)); err != nil && c.err == nil {
		c.err = err
	}
}

// hear writes the sounds that the caller hears.
func (c *call) hear(sounds []dialplan.Sound) {
	var spoken []string
	flush := func() {
		if len(spoken) > 0 {
			c.say("  hears", "%q", strings.Join(spoken, " "))
			spoken = nil
		}
	}
	for _, s := range sounds {
		if s.Name == "" && s.Text != "" {
			spoken = append(spoken, s.Text)
			continue
		}
		flush()
		name := or(s.Name, or(s.File, s.Tone))
		if c.script.Words && s.Text != "" {
			c.say("  hears", "%s %q", name, s.Text)
		} else {
			c.say("  hears", "%s", name)
		}
	}
	flush()
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
