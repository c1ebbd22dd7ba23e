package dialplan

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// evaluate runs an expression on what the call knows. It returns a string, a
// float64 or a bool, as the expression is wanted to give.
func (c *call) evaluate(e *expression) (any, error) {
	c.env["now"] = clockAt(c.local())
	c.vm.MemoryBudget = maxMemory
	result, err := c.vm.Run(e.program, c.env)
	if err != nil {
		return nil, fmt.Errorf("evaluate %q: %w", e.source, err)
	}
	if number, ok := result.(int); ok {
		result = float64(number)
	}
	text, _ := result.(string)
	number, _ := result.(float64)
	switch {
	case math.IsNaN(number) || math.IsInf(number, 0): // no cursor could be saved with it
		return nil, fmt.Errorf("evaluate %q: no number", e.source)
	case len(text) > maxValue:
		return nil, fmt.Errorf("evaluate %q: the text has %d bytes, at most %d", e.source, len(text), maxValue)
	case e.wants != wantsAnything && e.wants != typeName(result):
		return nil, fmt.Errorf("evaluate %q: gives %T, wanted is %s", e.source, result, e.wants)
	default:
		return result, nil
	}
}

// clock is what expressions know of the time, in the line's own zone.
type clock struct {
	Year    int    `expr:"year"`
	Month   int    `expr:"month"`   // 1 to 12
	Day     int    `expr:"day"`     // 1 to 31
	Hour    int    `expr:"hour"`    // 0 to 23
	Minute  int    `expr:"minute"`  // 0 to 59
	Weekday string `expr:"weekday"` // mon to sun
	Date    string `expr:"date"`    // 2026-12-25
	Time    string `expr:"time"`    // 08:15
}

func clockAt(t time.Time) clock {
	return clock{
		Year: t.Year(), Month: int(t.Month()), Day: t.Day(), Hour: t.Hour(), Minute: t.Minute(),
		Weekday: strings.ToLower(t.Weekday().String()[:3]), Date: t.Format(time.DateOnly), Time: t.Format("15:04"),
	}
}
