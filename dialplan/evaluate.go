package dialplan

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"time"

	"github.com/expr-lang/expr/vm"
)

// evaluate runs an expression on what the call knows. It returns a string, a
// float64 or a bool, as the expression is wanted to give.
func (c *call) evaluate(e *expression) (any, error) {
	if c.env == nil {
		c.env, c.vm = c.known(), new(vm.VM)
	}
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

// known is what expressions know of the call.
func (c *call) known() map[string]any {
	cursor := c.Cursor
	all := map[string]any{
		"caller": cursor.Caller, "called": cursor.Called, "language": cursor.Language, "outage": outageOf(cursor.Vars),
	}
	maps.Copy(all, c.Menu.variables)
	for name := range c.Menu.variables {
		if value, ok := cursor.Vars[name]; ok {
			all[name] = value
		}
	}
	return all
}

// knows keeps what expressions know up to date.
func (c *call) knows(name string, value any) {
	if c.env != nil {
		c.env[name] = value
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
