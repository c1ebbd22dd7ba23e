package fstest

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// prompt is the argument of play_and_get_digits.
type prompt struct {
	min, max, tries int
	timeout, inter  time.Duration
	terminators     string
	file, invalid   string
	variable        string
	pattern         *regexp.Regexp // nil for none
	failure         string         // destination after the last try
}

func parsePrompt(arg string) (prompt, bool) {
	w := splitArgs(arg)
	if len(w) < 8 || len(w) > 11 {
		return prompt{}, false
	}
	number := func(i int) int { n, _ := strconv.Atoi(w[i]); return n }
	p := prompt{min: number(0), max: number(1), tries: number(2), timeout: millis(max(number(3), 1000)),
		terminators: w[4], file: w[5], invalid: w[6], variable: w[7]}
	p.min = max(p.min, 0)
	p.max = min(max(p.max, p.min, 1), 128)
	p.inter = p.timeout
	w = append(w, "", "", "")
	if n, err := strconv.Atoi(w[9]); err == nil && n > 0 {
		p.inter = millis(n)
	}
	p.failure = w[10]
	if w[8] == "" {
		return p, true
	}
	var err error
	p.pattern, err = regexp.Compile(w[8])
	return p, err == nil
}

// collection is how one try at digits ended.
type collection int

const (
	success  collection = iota
	timeout             // enough digits, or none wanted, and then nothing more
	tooSmall            // fewer than wanted
	failed              // the prompt is missing
	dead                // hangup or transfer before a digit was there
)

// appPlayAndGetDigits plays a prompt and gathers digits (mod_dptools.c:2822,
// switch_ivr_play_say.c:2502).
func appPlayAndGetDigits(c *Call, arg string) {
	p, ok := parsePrompt(arg)
	if !ok {
		return
	}
	if p.pattern != nil {
		c.set(p.variable+"_invalid", "")
	}
	for range p.tries {
		if !c.up() {
			return
		}
		c.log(Asked, arg)
		digits, how := c.try(p)
		if how == timeout && len(digits) >= p.min {
			how = success
		}
		if p.min == 0 && digits == "" && c.get("read_terminator_used") != "" {
			return
		}
		if how == success && digits != "" {
			if p.pattern == nil || p.pattern.MatchString(digits) {
				return
			}
			c.set(p.variable, "", p.variable+"_invalid", digits)
		}
		if !c.up() {
			return
		}
		c.hear(c.sounds(p.invalid), nil)
	}
	if p.failure != "" && c.up() {
		c.move(parseDestination(p.failure))
	}
}

// try is one prompt and the digits after it (switch_ivr_read).
func (c *Call) try(p prompt) (string, collection) {
	c.set("read_result", "", p.variable, "")
	var digits string
	s, found := c.hear(c.sounds(p.file), func(d digit) stop {
		digits = string(d.key)
		return keyed
	})
	switch {
	case !found:
		return "", failed
	case s == gone || s == taken:
		return "", dead
	}
	how, used := success, ""
	if len(digits) < p.max {
		digits, used, how = c.gather(p, digits)
	}
	if used != "" {
		c.set("read_terminator_used", used)
	}
	if len(digits) < p.min {
		how = tooSmall
	}
	c.set("read_result", map[collection]string{success: "success", timeout: "timeout"}[how])
	if how == tooSmall {
		c.set("read_result", "failure")
	}
	if p.max == 1 && len(digits) == 1 && strings.Contains(p.terminators, digits) {
		digits = ""
	}
	c.set(p.variable, digits)
	return digits, how
}

// gather waits for the rest of the digits (switch_ivr_collect_digits_count).
func (c *Call) gather(p prompt, digits string) (all, used string, how collection) {
	if digits != "" && strings.Contains(p.terminators, digits) {
		return "", digits, success
	}
	wait := p.timeout
	if digits != "" {
		wait = p.inter
	}
	for {
		s := c.wait(watch{until: c.sw.clock.now() + wait, deaf: true, key: func(d digit) stop {
			if strings.IndexByte(p.terminators, d.key) >= 0 {
				used = string(d.key)
			} else {
				digits += string(d.key)
			}
			return keyed
		}})
		switch {
		case s == elapsed:
			return digits, "", timeout
		case s != keyed: // a hangup leaves what is there, and calls it a success
			return digits, "", success
		case used != "" || len(digits) >= p.max:
			return digits, used, success
		}
		wait = p.inter
	}
}
