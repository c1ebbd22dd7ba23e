package dialplan

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hours are opening hours: ranges for each day of the week, and days that are
// different. The clock on the wall decides: an hour that the change to summer
// time skips is open on no clock, and one that the change back repeats is open
// twice. A range past midnight belongs to the day on which it begins.
type Hours struct {
	week   [7][]span
	dates  map[string][]span // 2026-12-25
	yearly map[string][]span // 12-25
}

// A span is part of a day in minutes from its midnight: from is open, to is
// not. It goes past midnight when to is more than a day.
type span struct{ from, to int }

const day = 24 * 60 // minutes

// Open tells whether it is open at t, whose location is the line's time zone.
func (h *Hours) Open(t time.Time) bool {
	minute := t.Hour()*60 + t.Minute()
	noon := time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, time.UTC)
	return covers(h.on(noon), minute) || covers(h.on(noon.AddDate(0, 0, -1)), minute+day)
}

// on returns the ranges that begin on a day.
func (h *Hours) on(date time.Time) []span {
	if spans, ok := h.dates[date.Format(time.DateOnly)]; ok {
		return spans
	}
	if spans, ok := h.yearly[date.Format("01-02")]; ok {
		return spans
	}
	return h.week[date.Weekday()]
}

func covers(spans []span, minute int) bool {
	return slices.ContainsFunc(spans, func(s span) bool { return s.from <= minute && minute < s.to })
}

var (
	spanForm = regexp.MustCompile(`^(\d\d):(\d\d) *- *(\d\d):(\d\d)$`)
	weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

const maxDates = 2000 // days of one table that are different

func (l *loader) readHours(n *value) {
	if !l.zoned {
		l.fault(n, "opening hours need the line's time zone: add timezone: with a name such as Europe/Kyiv")
	}
	for _, p := range l.mapping(n, nil) {
		if name, ok := l.name(p.key, "table of hours"); ok {
			l.hours[name] = l.readTable(name, p)
		}
	}
}

func (l *loader) readTable(name string, p pair) *Hours {
	h := &Hours{dates: map[string][]span{}, yearly: map[string][]span{}}
	faults := len(l.problems)
	given := map[int]string{}
	for _, e := range l.mapping(p.value, []string{"mon-fri", "sat", "sun", "except"}) {
		if e.key.text == "except" {
			l.readExceptions(h, e.value)
			continue
		}
		days, ok := weekRange(e.key.text)
		if !ok {
			l.fault(e.key, "%q is no day: write mon, tue, wed, thu, fri, sat, sun, a range such as mon-fri, daily, or except", clip(e.key.text))
			continue
		}
		spans := l.readSpans(e.value)
		for _, d := range days {
			if other, twice := given[d]; twice {
				l.fault(e.key, "%s is in %s too: write each day once", weekdays[d], other)
				break
			}
			given[d] = e.key.text
			h.week[d] = spans
		}
	}
	if len(l.problems) == faults {
		l.checkTable(name, p.key, h)
	}
	return h
}

func (l *loader) readExceptions(h *Hours, n *value) {
	pairs := l.mapping(n, []string{"2026-12-25", "12-25"})
	if len(pairs) > maxDates {
		l.fault(n, "%d days: at most %d", len(pairs), maxDates)
		return
	}
	for _, p := range pairs {
		date := p.key.text
		spans := l.readSpans(p.value)
		if _, err := time.Parse(time.DateOnly, date); err == nil {
			h.dates[date] = spans
		} else if _, err := time.Parse(time.DateOnly, "2000-"+date); err == nil { // a leap year: 02-29 is a day
			h.yearly[date] = spans
		} else {
			l.fault(p.key, "%q is no day of the calendar: write 2026-12-25, or 12-25 for every year", clip(date))
		}
	}
}

// readSpans reads "08:00-12:00, 13:00-20:00", a list of such, "closed" or "always".
func (l *loader) readSpans(n *value) []span {
	var spans []span
	for item := range n.items {
		text, ok := l.scalar(item)
		switch {
		case !ok || text == "closed":
			continue
		case text == "always":
			spans = append(spans, span{0, day})
			continue
		}
		for part := range strings.SplitSeq(text, ",") {
			s, err := parseSpan(strings.TrimSpace(part))
			if err != nil {
				l.fault(item, "%v", err)
				return nil
			}
			spans = append(spans, s)
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			l.fault(n, "%v and %v overlap: join them", spans[i-1], spans[i])
			return nil
		}
	}
	return spans
}

func parseSpan(text string) (span, error) {
	m := spanForm.FindStringSubmatch(text)
	if m == nil {
		return span{}, fmt.Errorf("%q are no hours: write 08:00-20:00, several with commas, closed or always", clip(text))
	}
	var n [4]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1])
	}
	s := span{n[0]*60 + n[1], n[2]*60 + n[3]}
	switch {
	case n[1] > 59 || n[3] > 59 || s.from >= day || s.to > day:
		return span{}, fmt.Errorf("%q: hours go from 00:00 to 24:00", text)
	case s.from == s.to:
		return span{}, fmt.Errorf("%q begins and ends at the same time: write always for the whole day, or closed", text)
	case s.to < s.from:
		s.to += day
	}
	return s, nil
}

// checkTable reports ranges that run into the next day's, and a table that is
// never open.
func (l *loader) checkTable(name string, key *value, h *Hours) {
	for d := range h.week {
		next := (d + 1) % 7
		for _, today := range h.week[d] {
			for _, tomorrow := range h.week[next] {
				if today.to > day+tomorrow.from {
					l.fault(key, "%s %v overlaps %s %v: end one before the other begins", weekdays[d], today, weekdays[next], tomorrow)
				}
			}
		}
	}
	open := func(spans []span) bool { return len(spans) > 0 }
	if !slices.ContainsFunc(h.week[:], open) && !anyOpen(h.dates) && !anyOpen(h.yearly) {
		l.fault(key, "%s is never open: give it hours, or remove it", name)
	}
}

func anyOpen(days map[string][]span) bool {
	for _, spans := range days {
		if len(spans) > 0 {
			return true
		}
	}
	return false
}

// weekRange reads mon, mon-fri or daily; a range may go over the weekend.
func weekRange(text string) ([]int, bool) {
	if text == "daily" {
		return []int{0, 1, 2, 3, 4, 5, 6}, true
	}
	from, to, isRange := strings.Cut(text, "-")
	first := slices.Index(weekdays, from)
	last := first
	if isRange {
		last = slices.Index(weekdays, to)
	}
	if first < 0 || last < 0 {
		return nil, false
	}
	days := []int{first}
	for d := first; d != last; {
		d = (d + 1) % 7
		days = append(days, d)
	}
	return days, true
}

// String is the range as it is written.
func (s span) String() string {
	to := s.to
	if to > day {
		to -= day
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", s.from/60, s.from%60, to/60, to%60)
}
