package dialplan

import (
	"context"
	"regexp"
	"slices"
	"strings"
)

type play struct {
	Prompt  prompts `menu:"prompt,main" doc:"What is played: the name of a prompt, or a list of names."`
	At      daytime `menu:"at" doc:"What is played by the time of day: each prompt from its time on until the next one's, the last one past midnight."`
	BargeIn bool    `menu:"barge_in" default:"yes" doc:"Whether a key ends the prompt. With no, keys pressed meanwhile are kept for the next prompt."`
	Next    ref     `branch:"next" doc:"Where to go afterwards."`
}

func (p *play) check(l *loader) {
	if (len(p.Prompt) > 0) == (len(p.At) > 0) {
		l.faultHere("prompt", "play needs a prompt, or at with prompts by the time of day, and not both")
	}
}

func (p *play) run(ctx context.Context, c *call, s *State) (ref, error) {
	s.Phase = "play"
	sounds := p.Prompt
	if len(p.At) > 0 {
		sounds = p.At.on(c.local().Format("15:04"))
	}
	return p.Next, c.play(ctx, sounds.in(c.Cursor.Language), p.BargeIn)
}

// daytime is a setting: prompts by the time of day from which they are played.
type daytime []fromTime

type fromTime struct {
	from    string // 05:00
	prompts prompts
}

var timeForm = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)

func (d *daytime) read(l *loader, n *value, f *field) {
	if !l.zoned {
		l.fault(n, "the time of day needs the line's time zone: add timezone: with a name such as Europe/Kyiv")
	}
	for _, p := range l.mapping(n, []string{`"05:00"`, `"17:00"`}) {
		if !timeForm.MatchString(p.key.text) {
			l.fault(p.key, "%q is no time of day: write hours and minutes from 00:00 to 23:59, as in 08:15", clip(p.key.text))
			continue
		}
		one := fromTime{from: p.key.text}
		one.prompts.read(l, p.value, f)
		*d = append(*d, one)
	}
	slices.SortFunc(*d, func(a, b fromTime) int { return strings.Compare(a.from, b.from) })
}

// on returns the prompts for a time of day: before the first entry the last
// one's go on from the evening before.
func (d daytime) on(now string) prompts {
	found := d[len(d)-1]
	for _, one := range d {
		if one.from <= now {
			found = one
		}
	}
	return found.prompts
}
