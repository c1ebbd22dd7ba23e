package fstest

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// sound is one thing to be heard.
type sound struct {
	name   string
	length time.Duration // never for what does not end by itself
	exists bool
}

// sounds takes apart what an application is to play. Only a list of several
// may have missing ones; they are skipped.
func (c *Call) sounds(arg string) []sound {
	if strings.HasPrefix(arg, "{") {
		if _, rest, ok := cutBrace(arg[1:]); ok {
			arg = rest
		}
	}
	list := []string{arg}
	if rest, ok := strings.CutPrefix(arg, "file_string://"); ok {
		list = strings.Split(rest, "!")
	} else if by := c.get("playback_delimiter"); by != "" {
		list = strings.Split(arg, by)
	}
	var out []sound
	for _, name := range list {
		length, ok := c.sw.length(name)
		out = append(out, sound{name, length, ok})
	}
	return out
}

// letter is how long a spoken letter lasts.
const letter = 60 * time.Millisecond

// length is how long a file or stream lasts.
func (s *Switch) length(name string) (time.Duration, bool) {
	scheme, rest, ok := strings.Cut(name, "://")
	if !ok {
		switch kind, text, _ := strings.Cut(name, ":"); kind {
		case "say":
			return time.Duration(utf8.RuneCountInString(text)) * letter, true
		case "phrase":
			return 2 * time.Second, true
		}
		file, _, _ := strings.Cut(name, "@@")
		return s.config.Sounds(file)
	}
	switch scheme {
	case "silence_stream":
		ms, _, _ := strings.Cut(rest, ",")
		n, err := strconv.Atoi(ms)
		if err != nil {
			return 0, false
		}
		if n <= 0 {
			return never, true
		}
		return millis(n), true
	case "local_stream":
		return never, true
	case "tone_stream":
		return toneLength(rest), true
	case "tts":
		return 0, false
	}
	return s.config.Sounds(name)
}

var toneElement = regexp.MustCompile(`%\((\d+),(\d+)`)

// toneLength is how long TGML lasts: the sum of %(on,off,…), times its loops.
func toneLength(tgml string) time.Duration {
	total := 0
	for _, m := range toneElement.FindAllStringSubmatch(tgml, -1) {
		on, _ := strconv.Atoi(m[1])
		off, _ := strconv.Atoi(m[2])
		total += on + off
	}
	loops := 1
	if _, after, ok := strings.Cut(tgml, "loops="); ok {
		after, _, _ = strings.Cut(after, ";")
		loops, _ = strconv.Atoi(after)
	}
	if loops < 0 {
		return never
	}
	return millis(total * max(loops, 1))
}

// hear plays sounds until they are over or key ends them. found tells whether
// there was anything to be heard at all.
func (c *Call) hear(list []sound, key func(digit) stop) (s stop, found bool) {
	start := c.sw.clock.now()
	for _, p := range list {
		if !p.exists {
			c.log(Missing, p.name)
			continue
		}
		found = true
		c.log(Heard, p.name)
		until := never
		if p.length != never {
			until = c.sw.clock.now() + p.length
		}
		s = c.wait(watch{until: until, key: key})
		c.diary.write(Event{At: c.sw.clock.now() - c.placed, Kind: Silence, Text: p.name, Cut: s != elapsed})
		if s != elapsed {
			break
		}
	}
	if found {
		played := c.sw.clock.now() - start
		c.set("playback_seconds", strconv.Itoa(int(played.Seconds())),
			"playback_ms", strconv.FormatInt(played.Milliseconds(), 10),
			"playback_samples", strconv.FormatInt(8*played.Milliseconds(), 10))
	}
	return s, found
}

// appPlayback plays sounds. Digits end it that stand in playback_terminators,
// "*" unless that is set.
func appPlayback(c *Call, arg string) { c.playback(c.sounds(arg)) }

func appEndless(c *Call, arg string) {
	list := c.sounds(arg)
	for c.up() {
		if s, found := c.hear(list, drop); s != elapsed || !found {
			return
		}
	}
}

func (c *Call) playback(list []sound) {
	c.set("playback_terminator_used", "")
	s, found := c.hear(list, c.terminator())
	switch {
	case !found:
		c.respond("FILE NOT FOUND")
		c.pass(0)
	case s == taken:
		c.respond("PLAYBACK ERROR")
	default:
		c.respond("FILE PLAYED")
	}
}

// terminator is a digit handler that ends what runs at playback_terminators.
func (c *Call) terminator() func(digit) stop {
	keys := c.get("playback_terminators")
	switch keys {
	case "":
		keys = "*"
	case "none":
		keys = ""
	case "any":
		keys = "0123456789*#ABCD"
	}
	return func(d digit) stop {
		if strings.IndexByte(keys, d.key) < 0 {
			return elapsed
		}
		c.set("playback_terminator_used", string(d.key))
		return keyed
	}
}

// appSay is say <module> <type> <method> <text>.
func appSay(c *Call, arg string) {
	words := splitArgs(arg)
	if len(words) < 4 {
		return
	}
	text := strings.Join(words[3:], " ")
	c.hear([]sound{{"say:" + strings.Join(words, " "), time.Duration(len(text)) * 500 * time.Millisecond, true}}, c.terminator())
}

// appSpeak is speak <engine>|<voice>|<text>.
func appSpeak(c *Call, arg string) {
	parts := strings.Split(arg, "|")
	text := parts[len(parts)-1]
	c.hear([]sound{{"speak:" + text, time.Duration(utf8.RuneCountInString(text)) * letter, true}}, c.terminator())
}
