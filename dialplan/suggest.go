package dialplan

import "strings"

// suggest ends a message about an unknown name: with the known one that looks
// most like it, or with all of them where they are few.
func (l *loader) suggest(name string, known []string) string {
	best := l.closest(name, known)
	switch {
	case best != "":
		return ": did you mean " + best + "?"
	case len(known) > 0 && len(known) <= 15:
		return ": use one of " + strings.Join(known, ", ")
	default:
		return ""
	}
}

// closest returns the known name that is at most two letters away, or "". A
// document has a budget for that, so that a wrong one costs no more time than a
// right one.
func (l *loader) closest(name string, known []string) string {
	best, distance := "", 3
	if len(name) <= 4 {
		distance = 2
	}
	for _, candidate := range known {
		if l.guesses--; l.guesses < 0 {
			return ""
		}
		if d := edits(name, candidate, distance); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// edits is how many letters have to be changed, added, removed or swapped with
// the next one to make b of a, or limit when it is not fewer.
func edits(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit || len(a) > 64 {
		return limit
	}
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, above, row = above, row, before
		row[0] = i + 1
		for j := range len(b) {
			change := above[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return min(row[len(b)], limit)
}
