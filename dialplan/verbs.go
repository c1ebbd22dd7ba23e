package dialplan

import (
	"context"
	"log/slog"
	"strings"
	"time"
)

// The verbs of the Line as kinds use them. Each saves the cursor before it
// waits, so that no kind can forget to.

// save keeps the cursor. What the caller confirmed since the last time makes
// it wait for the store.
func (c *call) save(ctx context.Context, must bool) { c.saving(ctx, must)() }

// saving begins to keep the cursor; kept waits for the store.
func (c *call) saving(ctx context.Context, must bool) (kept func()) {
	must = must || c.confirmed
	c.confirmed = false
	c.Cursor.Typed = c.Line.Typed().String()
	return c.World.Save(ctx, c.Cursor, must)
}

// play plays sounds in a row.
func (c *call) play(ctx context.Context, sounds []Sound, bargeIn bool) error {
	if len(sounds) == 0 {
		return nil
	}
	for {
		c.late.drop(c.Line.Typed())
		c.save(ctx, false)
		if err := c.Line.Play(ctx, Playback{Sounds: sounds, BargeIn: bargeIn}); err != nil {
			return err
		}
		if bargeIn && !c.Now().Before(c.late.until) {
			c.late = lateKeys{} // a key pressed by now was meant for what was heard
			return nil
		}
		if !c.late.drop(c.Line.Typed()) || !bargeIn {
			return nil
		}
	}
}

// collect gathers digits.
func (c *call) collect(ctx context.Context, want Collect) (Collected, error) {
	if c.Answer == AnswerAtInput {
		if err := c.Line.Answer(ctx); err != nil {
			return Collected{}, err
		}
	}
	for {
		c.late.drop(c.Line.Typed())
		c.save(ctx, false)
		got, err := c.Line.Collect(ctx, want)
		if err != nil {
			return got, err
		}
		if c.late.is(got, c.Now()) {
			c.late = lateKeys{}
			continue
		}
		c.late = lateAfter(want, got, c.Now())
		if got.Digits != "" || got.Terminator != "" {
			c.Cursor.Walked = 0
		}
		return got, nil
	}
}

// waits prepares a hold.
func (c *call) waits(ctx context.Context) {
	c.late = lateKeys{}
	c.env, c.vm = nil, nil // whoever waits for hours holds no more than needed
	c.save(ctx, true)
}

// bridge brings the caller together with somebody, once the store has the cursor.
func (c *call) bridge(ctx context.Context, b Bridge, kept func()) (Bridged, error) {
	c.late = lateKeys{}
	kept()
	return c.Line.Bridge(ctx, b)
}

// talked notes that the caller has talked to somebody. Keys pressed before and
// meanwhile were not meant for what follows.
func (c *call) talked() {
	c.Line.Typed().Clear()
	c.Cursor.Walked = 0
}

// exit leaves the menu for the destination, "" for the number's fallback.
func (c *call) exit(ctx context.Context, destination string) error {
	c.save(ctx, true)
	if err := c.Line.Exit(ctx, destination); err != nil {
		return err
	}
	return errExited
}

// hangup ends the call.
func (c *call) hangup(ctx context.Context, cause string) error {
	c.save(ctx, true)
	if err := c.Line.Hangup(ctx, cause); err != nil {
		return err
	}
	return errHungUp
}

// set changes a variable of the menu.
func (c *call) set(name string, value any) {
	c.Cursor.Vars[name] = value
	c.knows(name, value)
}

// local is the time on the line's own clock.
func (c *call) local() time.Time { return c.Now().In(c.Menu.zone) }

// trouble notes what went wrong without ending the call, and what that means.
func (c *call) trouble(ctx context.Context, effect string, err error) {
	c.Log.WarnContext(ctx, "trouble at a node",
		slog.String("node", c.Cursor.Node), slog.String("effect", effect), slog.Any("error", err))
}

// lateKeys are the terminators of an entry that was complete without one. Who
// is used to ending with # presses it all the same, a moment later; it belongs
// to that entry and must not confirm the next prompt, which nobody has heard.
type lateKeys struct {
	keys  string
	until time.Time
}

// lateFor is how long after the last digit a terminator still belongs to the
// entry: nobody has heard the next prompt by then.
const lateFor = 2 * time.Second

// lateAfter returns the keys that may yet follow an entry.
func lateAfter(want Collect, got Collected, now time.Time) lateKeys {
	if got.Terminator != "" || len(got.Digits) < want.Max || want.Terminators == "" {
		return lateKeys{}
	}
	return lateKeys{want.Terminators, now.Add(lateFor)}
}

// drop takes a late key off the type-ahead, where it is the next one.
func (l *lateKeys) drop(typed *TypeAhead) bool {
	keys := typed.String()
	if l.keys == "" || keys == "" {
		return false
	}
	found := strings.IndexByte(l.keys, keys[0]) >= 0
	if found {
		typed.Take(Collect{Max: 1})
	}
	*l = lateKeys{}
	return found
}

// is tells that what was collected is nothing but a late key.
func (l *lateKeys) is(got Collected, now time.Time) bool {
	key := got.Digits + got.Terminator
	return len(key) == 1 && strings.Contains(l.keys, key) && now.Before(l.until)
}
