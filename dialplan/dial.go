package dialplan

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"
)

type dial struct {
	To        []target      `menu:"to,main,required" max:"10" doc:"Who is called: an extension such as 101, an outside number such as +380441234567, or a list of them."`
	Together  bool          `menu:"together" default:"no" doc:"Whether all are called at once, the first to answer wins; otherwise one after the other."`
	Timeout   time.Duration `menu:"timeout" default:"30s" min:"1s" max:"5m" doc:"How long each telephone rings."`
	Presented string        `menu:"presented" max:"16" doc:"The number shown to who is called, such as +380441234567; the caller's own when missing."`
	AcceptKey aKey          `menu:"accept_key" doc:"The key that who answers has to press to take the call; an answering machine does not."`
	Music     prompts       `menu:"music" doc:"What the caller hears meanwhile: the name of a prompt; a ringing tone when missing."`
	Whisper   prompts       `menu:"whisper" doc:"What who answers hears before the two are connected."`
	Next      ref           `branch:"next" waits:"yes" missing:"hangup" doc:"Where to go when the talk is over and the caller is still there."`
	Busy      ref           `branch:"busy" missing:"failed" doc:"Where to go when the last one called was busy or declined."`
	NoAnswer  ref           `branch:"no_answer" waits:"yes" missing:"failed" doc:"Where to go when the last one called did not answer."`
	Failed    ref           `branch:"failed" missing:"exit" doc:"Where to go when the last one called could not be reached."`
}

// target is a setting: one telephone to call.
type target struct {
	Extension string        `menu:"extension" max:"20" doc:"An internal number."`
	Number    string        `menu:"number" max:"16" doc:"An outside number, + and its country code first; the site's list must allow it."`
	Contact   string        `menu:"contact" max:"128" doc:"A contact as the site's dial strings take it."`
	Timeout   time.Duration `menu:"timeout" default:"0s" min:"0s" max:"5m" doc:"How long this telephone rings; the node's timeout when 0s."`
}

var (
	targetPlan    = planOfType[target]()
	extensionForm = regexp.MustCompile(`^[0-9]{1,20}$`)
	outsideForm   = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	contactForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.@:+-]*$`)
)

func (*target) plan() *plan { return planOfType[target]() }

func (t *target) read(l *loader, n *value, _ *field) {
	if n.shape == mapping {
		l.settings(n, valueOf(t), targetPlan)
	} else if text, ok := l.scalar(n); !ok {
		return
	} else if outsideForm.MatchString(text) {
		t.Number = text
	} else {
		t.Extension = text
	}
	switch {
	case count(t.Extension != "", t.Number != "", t.Contact != "") != 1:
		l.fault(n, "give it one of extension, number and contact")
	case t.Extension != "" && !extensionForm.MatchString(t.Extension):
		l.fault(n, "%q is neither an extension, such as 101, nor an outside number, such as +380441234567", clip(t.Extension))
	case t.Number != "" && !outsideForm.MatchString(t.Number):
		l.fault(n, "%q is no outside number: write + and the country code first, as in +380441234567", clip(t.Number))
	case t.Contact != "" && !contactForm.MatchString(t.Contact):
		l.fault(n, "%q is no contact: use letters, digits and _.@:+- only", clip(t.Contact))
	}
}

func (d *dial) check(l *loader) {
	if len(d.To) == 0 {
		l.faultHere("to", "dial calls nobody: write an extension or a number")
	}
	if d.Presented != "" && !outsideForm.MatchString(d.Presented) {
		l.faultHere("presented", "%q cannot be shown: write a number such as +380441234567", clip(d.Presented))
	}
}

// maxLost is how often one telephone is rung again because a controller was
// lost meanwhile.
const maxLost = 3

func (d *dial) run(ctx context.Context, c *call, s *State) (ref, error) {
	attempts := d.attempts()
	outcome := Unreachable
	if s.Phase == phaseRing { // another process has rung it
		got, ok, err := c.Line.Bridged(ctx, s.Bridge)
		if err != nil {
			return 0, err
		}
		outcome = Lost
		if ok {
			outcome = got.Outcome
		}
		d.advance(s, outcome)
	}
	for outcome != Answered && s.Index < len(attempts) {
		s.Phase, s.Bridge = phaseRing, bridgeID(c.Cursor)
		got, err := c.bridge(ctx, d.bridge(c, attempts[s.Index], s.Bridge), c.saving(ctx, true))
		if err != nil {
			return 0, err
		}
		outcome = got.Outcome
		d.advance(s, outcome)
	}
	return d.after(c, outcome), nil
}

// attempts are the legs of each attempt.
func (d *dial) attempts() [][]Leg {
	all := make([]Leg, len(d.To))
	for i, t := range d.To {
		all[i] = Leg{Target: Target{Extension: t.Extension, Number: t.Number, Contact: t.Contact}, Timeout: t.Timeout}
		if t.Timeout == 0 {
			all[i].Timeout = d.Timeout
		}
	}
	if d.Together {
		return [][]Leg{all}
	}
	each := make([][]Leg, len(all))
	for i := range all {
		each[i] = all[i : i+1]
	}
	return each
}

func (d *dial) bridge(c *call, legs []Leg, id string) Bridge {
	lang := c.Cursor.Language
	return Bridge{
		ID: id, Legs: legs, Together: d.Together, Ringback: d.Music.one(lang), Whisper: d.Whisper.in(lang),
		AcceptKey: string(d.AcceptKey), Presented: d.Presented,
	}
}

// advance goes on in the list, unless nobody is to blame for the outcome.
func (d *dial) advance(s *State, outcome Outcome) {
	if outcome == Lost && s.Tries+1 < maxLost {
		s.Tries++
		return
	}
	s.Index++
	s.Tries = 0
}

// after is where the outcome of the last attempt leads to.
func (d *dial) after(c *call, outcome Outcome) ref {
	switch outcome {
	case Answered:
		c.talked()
		return d.Next
	case Busy, Rejected:
		return d.Busy
	case NoAnswer:
		return d.NoAnswer
	default:
		return d.Failed
	}
}

// bridgeID names an attempt: the same one has the same name in every process.
func bridgeID(c *Cursor) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s:%d:%d:%d", c.Call, c.Visit, c.State.Index, c.State.Tries)).String()
}
