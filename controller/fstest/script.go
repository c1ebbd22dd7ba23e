package fstest

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A Script is what a caller does, step after step. It is over early when the
// call ends. A caller whose script is over stays on the line and listens.
type Script []Step

// A Step is one thing a caller does or waits for.
type Step func(ctx context.Context, c *Call) error

// Hear waits until a sound begins whose name contains part. A sound that began
// before the last Hear, HearOut, Asks or Await was over does not count.
func Hear(part string) Step {
	return func(ctx context.Context, c *Call) error {
		return c.await(ctx, func(e Event) bool { return e.Kind == Heard && strings.Contains(e.Text, part) })
	}
}

// HearOut waits until a sound whose name contains part has been heard to its
// end, or was cut.
func HearOut(part string) Step {
	return func(ctx context.Context, c *Call) error {
		return c.await(ctx, func(e Event) bool { return e.Kind == Silence && strings.Contains(e.Text, part) })
	}
}

// Asks waits until digits are wanted: until the next play_and_get_digits.
func Asks() Step { return Await(Asked) }

// Await waits for an event of a kind, such as Connected.
func Await(k Kind) Step {
	return func(ctx context.Context, c *Call) error {
		return c.await(ctx, func(e Event) bool { return e.Kind == k })
	}
}

// Pause lets call time pass.
func Pause(d time.Duration) Step {
	return func(ctx context.Context, c *Call) error { return c.pause(ctx, d) }
}

// Press presses keys (0 to 9, *, #, A to D), KeyGap apart, and does not wait
// until FreeSWITCH has taken them.
func Press(keys string) Step {
	return func(_ context.Context, c *Call) error {
		c.Press(keys)
		return nil
	}
}

// Speak lets the caller speak for so long, and goes on meanwhile.
func Speak(d time.Duration) Step {
	return func(_ context.Context, c *Call) error {
		c.Speak(d)
		return nil
	}
}

// HangUp ends the call, or cancels it when it was not answered.
func HangUp() Step {
	return func(_ context.Context, c *Call) error {
		c.Hangup()
		return nil
	}
}

// Keys is the script of a caller who presses one group of keys each time
// digits are wanted. Groups are separated by commas; an empty group is a
// prompt that is left unanswered: "2,,12345678#".
func Keys(groups string) Script {
	var s Script
	if groups == "" {
		return s
	}
	for g := range strings.SplitSeq(groups, ",") {
		s = append(s, Asks(), Press(g))
	}
	return s
}

// ParseScript reads a script with one step a line, or steps separated by
// semicolons:
//
//	hear menu           wait until a sound begins whose name contains "menu"
//	hear-out welcome    wait until it has ended
//	asks                wait until digits are wanted
//	await connected     wait for any event of a transcript
//	pause 1.5s          let time pass
//	speak 3s            speak, and go on meanwhile
//	press 12#           press keys
//	hangup
func ParseScript(text string) (Script, error) {
	var s Script
	for n, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ';' }) {
		verb, arg, _ := strings.Cut(strings.TrimSpace(line), " ")
		if verb == "" {
			continue
		}
		step, err := parseStep(verb, strings.TrimSpace(arg))
		if err != nil {
			return nil, fmt.Errorf("step %d %q: %w", n+1, line, err)
		}
		s = append(s, step)
	}
	return s, nil
}

func parseStep(verb, arg string) (Step, error) {
	switch verb {
	case "hear":
		return Hear(arg), nil
	case "hear-out":
		return HearOut(arg), nil
	case "asks":
		return Asks(), nil
	case "await":
		return Await(Kind(arg)), nil
	case "pause", "speak":
		d, err := time.ParseDuration(arg)
		if err != nil {
			return nil, err
		}
		if verb == "speak" {
			return Speak(d), nil
		}
		return Pause(d), nil
	case "press":
		if arg == "" || strings.Trim(arg, "0123456789*#ABCD") != "" {
			return nil, fmt.Errorf("%q are not keys", arg)
		}
		return Press(arg), nil
	case "hangup":
		return HangUp(), nil
	}
	return nil, fmt.Errorf("unknown step %q", verb)
}
