package fstest

import "sync"

type channel struct {
	sw     *Switch
	uuid   string
	mu     sync.Mutex
	hungup bool
}

func (c *channel) get(string) string { return "" }
func (c *channel) state() string     { return "" }

type inbox struct{}

func (i *inbox) wakeUp()              {}
func (i *inbox) type1(byte, any)      {}
func (c *Call) hangup(cause, how string) {}

type control struct{}
type ringCount struct{ most int }
type leg struct{ channel }

func (l *leg) rings() bool     { return false }
func (l *leg) pickUp()         {}
func (l *leg) drop(string)     {}
func (l *leg) press(string)    {}
func (l *leg) refer(string)    {}
