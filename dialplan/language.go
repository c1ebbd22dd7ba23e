package dialplan

import (
	"context"
	"slices"
	"time"
)

type language struct {
	To      languageCode  `menu:"to,main" doc:"The language that the call goes on in."`
	Prompt  prompts       `menu:"prompt" doc:"Which languages there are: the name of a prompt, or a list of names, usually each in its own language."`
	Keys    languageKeys  `menu:"keys" doc:"The language that each key chooses, as in {\"1\": uk, \"2\": en}."`
	Timeout time.Duration `menu:"timeout" default:"5s" min:"1s" max:"60s" doc:"How long to wait for a key when the prompt has ended."`
	Tries   int           `menu:"tries" default:"2" min:"1" max:"10" doc:"How often the prompt is played; then the call goes on in the language it has."`
	Next    ref           `branch:"next" doc:"Where to go afterwards."`
}

func (n *language) check(l *loader) {
	chosen := len(n.Prompt) > 0 || len(n.Keys) > 0
	switch {
	case chosen == (n.To != ""):
		l.faultHere("to", "language needs the code of a language, or a prompt and keys, and not both")
	case chosen && (len(n.Prompt) == 0 || len(n.Keys) == 0):
		l.faultHere("prompt", "to let the caller choose, language needs both a prompt and keys")
	}
	for i := range l.edges[l.current] {
		l.edges[l.current][i].waits = chosen
	}
}

func (n *language) run(ctx context.Context, c *call, s *State) (ref, error) {
	if n.To != "" {
		c.speak(string(n.To))
		return n.Next, nil
	}
	s.Phase = phaseAsk
	for s.Tries < n.Tries {
		got, err := c.collect(ctx, Collect{
			Prompt: n.Prompt.in(c.Cursor.Language), Min: 1, Max: 1, First: n.Timeout, InterDigit: n.Timeout, BargeIn: true,
		})
		if err != nil {
			return 0, err
		}
		for _, k := range n.Keys {
			if got.Digits == string(k.key) {
				c.speak(k.language)
				c.confirmed = true
				return n.Next, nil
			}
		}
		if got.Digits != "" {
			c.Line.Typed().Clear()
		}
		s.Tries++
	}
	return n.Next, nil
}

// speak changes the language of the call.
func (c *call) speak(language string) {
	c.Cursor.Language = language
	c.knows("language", language)
}

// languageCode is a setting: one of the menu's languages.
type languageCode string

func (c *languageCode) read(l *loader, n *value, _ *field) {
	code, ok := l.scalar(n)
	if ok && !slices.Contains(l.menu.languages, code) {
		l.fault(n, "%q is not one of the menu's languages%s", clip(code), l.suggest(code, l.menu.languages))
	}
	*c = languageCode(code)
}

// languageKeys is a setting: the language that each key chooses.
type languageKeys []languageKey

type languageKey struct {
	key      byte
	language string
}

func (k *languageKeys) read(l *loader, n *value, f *field) {
	for _, p := range l.mapping(n, []string{`"1"`, `"2"`}) {
		key, ok := l.oneKey(p.key)
		var code languageCode
		code.read(l, p.value, f)
		if ok {
			*k = append(*k, languageKey{key, string(code)})
		}
	}
}
