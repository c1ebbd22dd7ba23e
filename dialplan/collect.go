package dialplan

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/dialgraph/dialgraph/dialplan/spoken"
)

type collect struct {
	Prompt      prompts       `menu:"prompt,main,required" doc:"What is asked for: the name of a prompt, or a list of names."`
	Into        variable      `menu:"into,required" doc:"The variable that takes the entry, as text."`
	Min         int           `menu:"min" default:"1" min:"0" max:"128" doc:"The fewest digits that are an entry. With 0, a terminator alone is one."`
	Max         int           `menu:"max,required" min:"1" max:"128" doc:"The most digits: the entry is complete with the last of them."`
	Terminators keyRow        `menu:"terminators" default:"#" doc:"Keys that end the entry before; none for no key."`
	Pattern     string        `menu:"pattern" max:"200" doc:"A regular expression (RE2) that the whole entry has to match."`
	Timeout     time.Duration `menu:"timeout" default:"5s" min:"1s" max:"60s" doc:"How long to wait for the first digit when the prompt has ended."`
	InterDigit  time.Duration `menu:"inter_digit" default:"3s" min:"1s" max:"60s" doc:"How long to wait for each further digit; then the entry has ended."`
	Tries       int           `menu:"tries" default:"2" min:"1" max:"10" doc:"How often the caller is asked before the node gives up."`
	SaySilent   prompts       `menu:"say_silent" doc:"Played before the prompt is repeated because nothing was keyed in."`
	SayInvalid  prompts       `menu:"say_invalid" doc:"Played before the prompt is repeated because of a wrong entry."`
	Confirm     *confirm      `menu:"confirm" doc:"Reads the entry back; the caller confirms or corrects it."`
	BargeIn     bool          `menu:"barge_in" default:"yes" doc:"Whether a key ends the prompt. With no, it counts when the prompt has ended."`
	Keys        keyRefs       `branch:"keys" waits:"yes" missing:"none" doc:"Keys that lead elsewhere when one is pressed instead of an entry: * or #, where it is no terminator."`
	Next        ref           `branch:"next" waits:"yes" doc:"Where to go with the entry."`
	Silent      ref           `branch:"silent" waits:"yes" doc:"Where to go when nothing was keyed in in the last try."`
	Invalid     ref           `branch:"invalid" waits:"yes" missing:"silent" doc:"Where to go when the entry of the last try was wrong."`

	pattern *regexp.Regexp
}

type confirm struct {
	Before  prompts       `menu:"before" doc:"Played before the digits, as in: you have entered."`
	Prompt  prompts       `menu:"prompt,main,required" doc:"Played after the digits: which key confirms, which corrects."`
	Key     aKey          `menu:"key" default:"#" doc:"The key that confirms."`
	Correct aKey          `menu:"correct" default:"*" doc:"The key that lets the caller enter it anew."`
	Timeout time.Duration `menu:"timeout" default:"5s" min:"1s" max:"60s" doc:"How long to wait for a key when the prompt has ended."`
	Tries   int           `menu:"tries" default:"2" min:"1" max:"10" doc:"How often the entry is read back before the node gives up."`
}

const phaseConfirm = "confirm"

func (n *collect) check(l *loader) {
	if n.Min > n.Max {
		l.faultHere("min", "an entry of at least %d and at most %d digits: min is larger than max", n.Min, n.Max)
	}
	for _, k := range n.Keys {
		switch {
		case strings.IndexByte(string(n.Terminators), k.key) >= 0:
			l.faultAt(k.place, "%c is both a key and a terminator: take it off terminators, or remove the key", k.key)
		case k.key != '*' && k.key != '#':
			l.faultAt(k.place, "%c can begin an entry, so it never leads elsewhere: use * or #", k.key)
		}
	}
	if n.Confirm != nil {
		if n.Confirm.Key == n.Confirm.Correct {
			l.faultHere("confirm", "%s both confirms and corrects: use two keys", n.Confirm.Key)
		}
		l.checkSpoken(spoken.Digits, "")
	}
	n.checkPattern(l)
}

func (n *collect) run(ctx context.Context, c *call, s *State) (ref, error) {
	if s.Phase == phaseStart {
		s.Phase = phaseAsk
	}
	for {
		if s.Phase == phaseConfirm {
			next, done, err := n.confirm(ctx, c, s)
			if err != nil || done {
				return next, err
			}
		}
		next, done, err := n.ask(ctx, c, s)
		if err != nil || done {
			return next, err
		}
	}
}

// ask is one try to get an entry.
func (n *collect) ask(ctx context.Context, c *call, s *State) (next ref, done bool, err error) {
	got, err := c.collect(ctx, Collect{
		Prompt: asking(s.Phase, n.Prompt, n.SaySilent, n.SayInvalid).in(c.Cursor.Language),
		Min:    n.Min, Max: n.Max, First: n.Timeout, InterDigit: n.InterDigit,
		Terminators: string(n.Terminators) + n.Keys.String(), BargeIn: n.BargeIn,
	})
	if err != nil {
		return 0, false, err
	}
	to, key := n.Keys.find(got.Terminator)
	switch {
	case key && got.Digits == "":
		return to, true, nil
	case got == Collected{}:
		next, s.Phase = n.Silent, phaseAfterSilent
	case key || !n.accepts(got.Digits):
		c.Line.Typed().Clear()
		next, s.Phase = n.Invalid, phaseAfterInvalid
	case n.Confirm != nil:
		s.Phase, s.Digits, s.Index = phaseConfirm, got.Digits, 0
		return 0, false, nil
	default:
		return n.accept(c, got.Digits), true, nil
	}
	s.Tries++
	return next, s.Tries >= n.Tries, nil
}

// confirm reads the entry back once.
func (n *collect) confirm(ctx context.Context, c *call, s *State) (next ref, done bool, err error) {
	lang := c.Cursor.Language
	sounds := append([]Sound{}, n.Confirm.Before.in(lang)...)
	sounds = append(sounds, c.spell(ctx, s.Digits)...)
	sounds = append(sounds, n.Confirm.Prompt.in(lang)...)
	for {
		got, err := c.collect(ctx, Collect{
			Prompt: sounds, Min: 1, Max: 1, First: n.Confirm.Timeout, InterDigit: n.Confirm.Timeout, BargeIn: n.BargeIn,
		})
		if err != nil {
			return 0, false, err
		}
		switch got.Digits {
		case string(n.Confirm.Key):
			return n.accept(c, s.Digits), true, nil
		case string(n.Confirm.Correct):
			s.Phase, s.Digits, s.Index = phaseAsk, "", 0
			return 0, false, nil
		case "":
			next = n.Silent
		default:
			c.Line.Typed().Clear()
			next = n.Invalid
		}
		if s.Index++; s.Index >= n.Confirm.Tries {
			return next, true, nil
		}
	}
}

func (n *collect) accept(c *call, digits string) ref {
	c.set(string(n.Into), digits)
	c.confirmed = true
	return n.Next
}

func (n *collect) accepts(digits string) bool {
	return len(digits) >= n.Min && len(digits) <= n.Max && (n.pattern == nil || n.pattern.MatchString(digits))
}
