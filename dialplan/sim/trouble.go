package sim

import (
	"context"
	"log/slog"
)

// troubles writes into the transcript what a live call would only log: an
// expression that failed, for one, and what that meant for the caller.
type troubles struct{ *call }

func (troubles) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (t troubles) Handle(_ context.Context, r slog.Record) error {
	effect, why := r.Message, ""
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "error":
			why = ": " + a.Value.String()
		case "effect":
			effect = a.Value.String()
		}
		return true
	})
	t.say("  fails", "%s%s", effect, why)
	return t.err
}

func (t troubles) WithAttrs([]slog.Attr) slog.Handler { return t }

func (t troubles) WithGroup(string) slog.Handler { return t }
