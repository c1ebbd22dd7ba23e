package dialplan

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/dialgraph/dialgraph/dialplan/spoken"
)

type say struct {
	Number   spokenValue `menu:"number" wants:"anything" doc:"A number, with up to three decimals."`
	Digits   spokenValue `menu:"digits" wants:"anything" doc:"A row of digits, one by one."`
	Date     spokenValue `menu:"date" wants:"text" doc:"A day, 2026-12-25, or --12-25 without its year."`
	Time     spokenValue `menu:"time" wants:"text" doc:"A time of day, 08:15."`
	Money    spokenValue `menu:"money" wants:"anything" doc:"An amount of money in currency."`
	Text     spokenValue `menu:"text" wants:"text" doc:"Free text, up to 500 characters."`
	Currency string      `menu:"currency" max:"3" doc:"The currency of money: its ISO 4217 code, such as UAH."`
	BargeIn  bool        `menu:"barge_in" default:"yes" doc:"Whether a key ends what is said."`
	Next     ref         `branch:"next" doc:"Where to go afterwards."`

	kind  spoken.Kind // "" for text
	value *spokenValue
}

// A spokenValue is an expression, or the value itself where it can be told
// from one: 42, "08:15", "2026-12-25".
type spokenValue struct {
	expression
	literal string
}

// literalForms are the values that stand for themselves.
var literalForms = map[string]*regexp.Regexp{
	"number": regexp.MustCompile(`^-?\d+(\.\d+)?$`),
	"money":  regexp.MustCompile(`^-?\d+(\.\d+)?$`),
	"digits": regexp.MustCompile(`^[0-9*#+]+$`),
	"date":   regexp.MustCompile(`^(\d{4}|-)-\d\d-\d\d$`),
	"time":   regexp.MustCompile(`^\d\d:\d\d$`),
}

func (v *spokenValue) read(l *loader, n *value, f *field) {
	if form := literalForms[f.name]; form != nil && n.single() && form.MatchString(n.text) {
		v.literal = n.text
		return
	}
	v.expression.read(l, n, f)
}

func (v *spokenValue) given() bool { return v.literal != "" || v.expression.given() }

func (n *say) check(l *loader) {
	found := 0
	for kind, v := range map[spoken.Kind]*spokenValue{
		spoken.Number: &n.Number, spoken.Digits: &n.Digits, spoken.Date: &n.Date, spoken.Time: &n.Time,
		spoken.Money: &n.Money, "": &n.Text,
	} {
		if v.given() {
			found++
			n.kind, n.value = kind, v
		}
	}
	switch {
	case found != 1:
		l.faultHere("", "say needs one of number, digits, date, time, money and text; to play a prompt use play")
		return
	case n.kind == "":
		return
	case (n.kind == spoken.Money) != (n.Currency != ""):
		l.faultHere("currency", "money needs a currency, such as UAH, and nothing else has one")
		return
	}
	l.checkSpoken(n.kind, n.Currency)
	if n.value.literal != "" {
		if _, err := spoken.Say(spoken.Languages()[0], n.kind, n.value.literal, spoken.Options{Currency: n.Currency}); err != nil &&
			slices.Contains(spoken.Currencies(spoken.Languages()[0]), n.Currency) == (n.Currency != "") {
			l.faultHere(string(n.kind), "%v", err)
		}
	}
}

// checkSpoken reports languages of the menu in which values cannot be said.
func (l *loader) checkSpoken(kind spoken.Kind, currency string) {
	for _, language := range l.menu.languages {
		base := baseOf(language)
		switch {
		case !slices.Contains(spoken.Languages(), base):
			l.faultHere(string(kind), "%s cannot be said in %s, only in %s", kind, language, strings.Join(spoken.Languages(), ", "))
		case currency != "" && !slices.Contains(spoken.Currencies(base), currency):
			l.faultHere("currency", "there is no currency %q in %s: use one of %s", currency, language, strings.Join(spoken.Currencies(base), ", "))
		}
	}
}

func (n *say) run(ctx context.Context, c *call, s *State) (ref, error) {
	s.Phase = phaseValue
	sounds, err := n.sounds(c)
	if err != nil {
		c.trouble(ctx, "value cannot be said", err)
	}
	return n.Next, c.play(ctx, sounds, n.BargeIn)
}

const phaseValue = "value"

func (n *say) sounds(c *call) ([]Sound, error) {
	value := n.value.literal
	if value == "" {
		result, err := c.evaluate(&n.value.expression)
		if err != nil {
			return nil, err
		}
		value = written(n.kind, result)
	}
	if n.kind == "" {
		return freeText(c.Cursor.Language, value), nil
	}
	return words(c.Cursor.Language, n.kind, value, n.Currency)
}

// written puts what an expression gave into the form that package spoken reads.
func written(kind spoken.Kind, v any) string {
	switch v := v.(type) {
	case float64:
		if kind == spoken.Money {
			return strconv.FormatFloat(v, 'f', 2, 64)
		}
		return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

// maxFreeText is how much of a text is spoken, in characters.
const maxFreeText = 500

// freeText is text that did not come with the menu: what cannot be spoken is
// left out of it.
func freeText(language, text string) []Sound {
	var clean strings.Builder
	count := 0
	for _, r := range text {
		if count == maxFreeText {
			break
		}
		if !unicode.IsPrint(r) {
			r = ' '
		}
		clean.WriteRune(r)
		count++
	}
	if strings.TrimSpace(clean.String()) == "" {
		return nil
	}
	return []Sound{{Text: strings.TrimSpace(clean.String()), Lang: language}}
}

// words is a value as it is spoken.
func words(language string, kind spoken.Kind, value, currency string) ([]Sound, error) {
	fragments, err := spoken.Say(baseOf(language), kind, value, spoken.Options{Currency: currency})
	if err != nil {
		return nil, err
	}
	sounds := make([]Sound, len(fragments))
	for i, f := range fragments {
		sounds[i] = Sound{Text: f, Lang: language}
	}
	return sounds, nil
}

// spell is digits one by one.
func (c *call) spell(ctx context.Context, digits string) []Sound {
	sounds, err := words(c.Cursor.Language, spoken.Digits, digits, "")
	if err != nil && digits != "" {
		c.trouble(ctx, "digits cannot be said", err)
	}
	return sounds
}

// baseOf is the language without its region: pt of pt-BR.
func baseOf(language string) string {
	base, _, _ := strings.Cut(language, "-")
	return base
}
