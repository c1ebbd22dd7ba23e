//go:build freeswitch

package realswitch

import "testing"

// Callers who know the way type ten digits a second, through three menus and an
// entry, before the first prompt is heard: no digit is lost.
func TestTenDigitsASecondThroughThreeMenusInTwentyCalls(t *testing.T) {
	const calls = 20
	l := open(t)
	for range calls {
		c := l.call(ahead)
		c.press("274880331#")
		c.hears("arrived", "first", "second", "third", "ticket")
		c.isHungUp()
	}
}

// Keys pressed while a prompt plays that nobody has asked them for go to what
// comes after it.
func TestKeysPressedWhileNothingAsksForThem(t *testing.T) {
	l := open(t)
	c := l.callMenu()
	c.press("3")
	c.hears("long")
	c.press("24711##")
	c.hears("thanks", "long", "main", "ticket", "voice", "other")
}
