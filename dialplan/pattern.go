package dialplan

import (
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
)

// checkPattern compiles the pattern of an entry and reports one that no entry
// can match.
func (n *collect) checkPattern(l *loader) {
	if n.Pattern == "" {
		return
	}
	whole := fmt.Sprintf("^(?:%s)$", n.Pattern)
	parsed, err := syntax.Parse(whole, syntax.Perl)
	if err != nil {
		l.faultHere("pattern", "pattern %q is no regular expression: %v", clip(n.Pattern), err)
		return
	}
	n.pattern = regexp.MustCompile(whole)
	switch r, ok := reachOf(parsed); {
	case !ok:
		l.faultHere("pattern", "pattern %q matches no keys of a telephone: no entry can ever be right", clip(n.Pattern))
	case r.max < n.Min || r.min > n.Max:
		l.faultHere("pattern", "pattern %q matches no entry of %d to %d digits: change it, or min and max", clip(n.Pattern), n.Min, n.Max)
	}
}

// reach is how long the rows of keys are that a pattern matches.
type reach struct{ min, max int }

const unbounded = math.MaxInt32

// reachOf returns the lengths that a pattern can match, at the widest; ok is
// false when it cannot match any row of keys.
func reachOf(re *syntax.Regexp) (r reach, ok bool) {
	switch re.Op {
	case syntax.OpNoMatch:
		return reach{}, false
	case syntax.OpLiteral:
		for _, char := range re.Rune {
			if char > 'D' || !IsKey(byte(char)) {
				return reach{}, false
			}
		}
		return reach{len(re.Rune), len(re.Rune)}, true
	case syntax.OpCharClass:
		return reach{1, 1}, hasKey(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return reach{1, 1}, true
	case syntax.OpCapture:
		return reachOf(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		return repeated(re)
	case syntax.OpConcat:
		return concatenated(re.Sub)
	case syntax.OpAlternate:
		return alternated(re.Sub)
	default: // places between characters
		return reach{}, true
	}
}

func repeated(re *syntax.Regexp) (reach, bool) {
	least, most := re.Min, re.Max
	switch re.Op {
	case syntax.OpStar:
		least, most = 0, -1
	case syntax.OpPlus:
		least, most = 1, -1
	case syntax.OpQuest:
		least, most = 0, 1
	}
	if most < 0 {
		most = unbounded
	}
	one, ok := reachOf(re.Sub[0])
	if !ok {
		return reach{}, least == 0
	}
	return reach{times(one.min, least), times(one.max, most)}, true
}

func concatenated(parts []*syntax.Regexp) (all reach, ok bool) {
	for _, part := range parts {
		one, ok := reachOf(part)
		if !ok {
			return reach{}, false
		}
		all.min = min(all.min+one.min, unbounded)
		all.max = min(all.max+one.max, unbounded)
	}
	return all, true
}

func alternated(ways []*syntax.Regexp) (widest reach, ok bool) {
	widest.min = unbounded
	for _, way := range ways {
		if one, possible := reachOf(way); possible {
			widest.min, widest.max = min(widest.min, one.min), max(widest.max, one.max)
			ok = true
		}
	}
	return widest, ok
}

func times(a, b int) int {
	if a == 0 || b == 0 {
		return 0
	}
	return min(a*b, unbounded)
}

// hasKey tells whether a class, pairs of first and last characters, has a key.
func hasKey(class []rune) bool {
	for _, key := range "0123456789*#ABCD" {
		for i := 0; i+1 < len(class); i += 2 {
			if class[i] <= key && key <= class[i+1] {
				return true
			}
		}
	}
	return false
}
