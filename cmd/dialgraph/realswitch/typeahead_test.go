//go:build freeswitch

package realswitch

import (
	"fmt"
	"testing"
)

// A caller who knows the way types ten digits a second, through three menus
// and an entry, before the first prompt is heard: no digit is lost.
func TestTypeAhead(t *testing.T) {
	const calls = 20
	l := open(t)
	for i := range calls {
		t.Run(fmt.Sprintf("call %d of %d", i+1, calls), func(t *testing.T) {
			report.scenario(t)
			c := newCaller(t, l.at, l.number()).mustCall(ahead, calling{})
			c.press("274880331#")
			c.hears("arrived", "first", "second", "third", "ticket")
			c.isHungUp()
		})
	}
}

// The same while a prompt plays that no key may cut short, and in the music of
// a queue: the digits wait for what comes after.
func TestTypeAheadWhereNothingListens(t *testing.T) {
	l := open(t)
	a := l.agent("1001", rings, "bench")
	_ = a
	c := l.callMenu()
	c.press("3")
	c.hears("long")
	c.press("24711##")
	c.hears("thanks", "long", "main", "ticket", "voice", "other")
}
