package fstest

import (
	"context"
	"slices"
	"strings"
	"time"
)

// firstCommand is how long FreeSWITCH waits for the first command of a
// controller that has accepted.
const firstCommand = 25 * time.Second

// appSocket hands the call to a controller: the first that accepts. It is over
// when the call is, or when the controller has gone and what it started has
// ended, or when the call is wanted elsewhere.
func appSocket(c *Call, arg string) {
	words := splitArgs(arg)
	if len(words) == 0 {
		return
	}
	l := c.dial(strings.Split(words[0], "|"))
	if l == nil {
		return
	}
	if !c.greeted(l) {
		l.close()
	}
	c.park(l)
	c.mu.Lock()
	c.controller, c.lost = nil, false
	c.mu.Unlock()
}

// dial connects to the first host that accepts, nil when none does.
func (c *Call) dial(hosts []string) *listener {
	for _, host := range hosts {
		if host == "" {
			continue
		}
		conn, err := c.sw.config.Dial(c.sw.ctx, host)
		if err != nil {
			if c.sw.ctx.Err() == nil {
				c.log(Refused, host)
			}
			continue
		}
		l := newListener(c.sw, conn, c)
		if !c.sw.admit(l) {
			conn.Close()
			return nil
		}
		address, _, _ := strings.Cut(host, ":")
		c.mu.Lock()
		c.vars.set("socket_host", address)
		c.controller, c.lost = l, false
		c.listeners = append(c.listeners, l)
		c.mu.Unlock()
		c.log(Controlled, host)
		go l.serve()
		return l
	}
	return nil
}

// greeted waits for the controller's first command. The bound is call time,
// but never so short that a busy machine would miss it.
func (c *Call) greeted(l *listener) bool {
	ctx, cancel := context.WithTimeout(c.sw.ctx, max(c.sw.clock.wall(firstCommand), 2*time.Second))
	defer cancel()
	for {
		select {
		case <-l.first:
			return true
		case <-c.wake:
			if c.up() && !c.forsaken(l) {
				continue
			}
		case <-ctx.Done():
		}
		select {
		case <-l.first:
			return true
		default:
			c.wakeUp()
			return false
		}
	}
}

// park lets the controller command the call. A controller that went before it
// commanded anything leaves a call without socket_resume parked for ever (seen
// on a real one).
func (c *Call) park(l *listener) {
	for {
		s := c.wait(watch{until: never, key: drop, news: func() bool {
			return c.forsaken(l) && l.commands.Load() > 1
		}})
		if s == gone || s == taken || s == changed {
			return
		}
	}
}

// forsaken says whether the controller has gone.
func (c *Call) forsaken(l *listener) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost && c.controller == l
}

// forget ends a connection's subscription, and tells its call that it is lost.
func (s *Switch) forget(l *listener) {
	defer s.tasks.Done()
	s.exchange.leave(l)
	s.mu.Lock()
	delete(s.connections, l)
	s.mu.Unlock()
	if c := l.call; c != nil {
		c.mu.Lock()
		mine := c.controller == l && !c.hungup
		c.lost = c.lost || mine
		if mine && l.resume.Load() {
			c.vars.set("socket_resume", "true")
		}
		if mine {
			c.log(Lost, l.conn.RemoteAddr().String())
		}
		c.listeners = slices.DeleteFunc(c.listeners, func(o *listener) bool { return o == l })
		c.mu.Unlock()
		c.wakeUp()
	}
}
