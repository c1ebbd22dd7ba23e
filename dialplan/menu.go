package dialplan

import (
	"context"
	"time"
)

type menu struct {
	Prompt     prompts       `menu:"prompt,main,required" doc:"What the caller can choose: the name of a prompt, or a list of names."`
	Timeout    time.Duration `menu:"timeout" default:"5s" min:"1s" max:"60s" doc:"How long to wait for a key when the prompt has ended."`
	Tries      int           `menu:"tries" default:"2" min:"1" max:"10" doc:"How often the prompt is played before the menu gives up."`
	SaySilent  prompts       `menu:"say_silent" doc:"Played before the prompt is repeated because no key was pressed."`
	SayInvalid prompts       `menu:"say_invalid" doc:"Played before the prompt is repeated because of a wrong key."`
	BargeIn    bool          `menu:"barge_in" default:"yes" doc:"Whether a key ends the prompt. With no, it counts when the prompt has ended."`
	Keys       keyRefs       `branch:"keys" waits:"yes" doc:"Where each key leads to."`
	Silent     ref           `branch:"silent" waits:"yes" doc:"Where to go when no key was pressed in the last try: old telephones have no tones."`
	Invalid    ref           `branch:"invalid" waits:"yes" missing:"silent" doc:"Where to go when the last try was a wrong key."`
}

// The phases of asking: for the first time, or again, and why.
const (
	phaseAsk          = "ask"
	phaseAfterSilent  = "ask-after-silent"
	phaseAfterInvalid = "ask-after-invalid"
)

func (m *menu) check(l *loader) {
	if len(m.Keys) == 0 {
		l.faultHere("keys", "a menu without keys: give it at least one, or use play")
	}
}

func (m *menu) run(ctx context.Context, c *call, s *State) (ref, error) {
	if s.Phase == phaseStart {
		s.Phase = phaseAsk
	}
	for {
		got, err := c.collect(ctx, Collect{
			Prompt: asking(s.Phase, m.Prompt, m.SaySilent, m.SayInvalid).in(c.Cursor.Language),
			Min:    1, Max: 1, First: m.Timeout, InterDigit: m.Timeout, BargeIn: m.BargeIn,
		})
		if err != nil {
			return 0, err
		}
		if to, ok := m.Keys.find(got.Digits); ok {
			return to, nil
		}
		next := m.Silent
		s.Phase = phaseAfterSilent
		if got.Digits != "" {
			c.Line.Typed().Clear()
			next, s.Phase = m.Invalid, phaseAfterInvalid
		}
		if s.Tries++; s.Tries >= m.Tries {
			return next, nil
		}
	}
}

// asking puts the prompt that says why the caller is asked again before the
// question.
func asking(phase string, question, silent, invalid prompts) prompts {
	switch {
	case phase == phaseAfterSilent && len(silent) > 0:
		return append(silent[:len(silent):len(silent)], question...)
	case phase == phaseAfterInvalid && len(invalid) > 0:
		return append(invalid[:len(invalid):len(invalid)], question...)
	default:
		return question
	}
}
