package dialplan

import (
	"context"
	"regexp"
)

type exit struct {
	To string `menu:"to,main" max:"64" doc:"The destination in FreeSWITCH's dialplan that takes the call; the number's own fallback when missing."`
}

var destinationForm = regexp.MustCompile(`^[A-Za-z0-9_.*#+-]+$`)

func (e *exit) check(l *loader) {
	if e.To != "" && !destinationForm.MatchString(e.To) {
		l.faultHere("to", "%q is no destination: use letters, digits and _.*#+- only", clip(e.To))
	}
}

func (e *exit) run(ctx context.Context, c *call, s *State) (ref, error) {
	s.Phase = "exit"
	return 0, c.exit(ctx, e.To)
}
