//go:build chaos

package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dialgraph/dialgraph/controller/fstest"
	"github.com/dialgraph/dialgraph/store"
)

const (
	// endWithin is how long the last call may take after the storm: a menu,
	// max_wait, a talk, and a takeover in between.
	endWithin = 40 * time.Second
	// restWithin is how long agents, queues and records may need after the
	// last call: leases, and what is told again after them.
	restWithin = 25 * time.Second
	// listWithin is how long a new controller may take to be on the nodes'
	// lists, and the configuration to be there again after Redis.
	listWithin = 4 * time.Second
	// aloneWithin is how long a call may be between two controllers.
	aloneWithin = 2 * time.Second
)

// judge says what should not have happened.
func (s *storm) judge() {
	late := time.Now().Add(endWithin)
	for _, c := range s.calls {
		ctx, cancel := context.WithDeadline(s.t.Context(), late)
		if _, err := c.Wait(ctx); err != nil {
			s.accuse(c, "did not end")
		}
		cancel()
	}
	s.t.Logf("%6.2f all calls have ended", time.Since(s.began).Seconds())
	s.awaitRest()
	s.t.Logf("%6.2f everything is at rest", time.Since(s.began).Seconds())
	talks := 0
	for _, c := range s.calls {
		s.judgeEnd(c)
		s.judgeAlone(c)
		talks += s.judgeRecord(c)
		if n := c.MostRinging(); n > 1 {
			s.accuse(c, fmt.Sprintf("%d telephones rang at once", n))
		}
	}
	s.t.Logf("%d talks", talks)
	for _, sw := range slices.Concat(s.nodes, s.dead) {
		if faults := sw.Faults(); len(faults) > 0 {
			s.t.Errorf("faults of a node: %q", faults)
		}
	}
	s.judgeCollisions()
	s.judgeProcesses()
}

// judgeCollisions: nobody who talks is called, unless all who knew of the talk
// were lost.
func (s *storm) judgeCollisions() {
	excuses := 0
	for _, c := range s.calls {
		if s.untold(c) {
			excuses += len(c.Transcript().Only(fstest.Connected))
		}
	}
	for i := range agentsInAll {
		agent := s.nodes[0].Agent(contact(i), fstest.Behaviour{})
		if n := agent.Collisions(); n > excuses {
			s.t.Errorf("%s was called %d times while in use", agent.Contact(), n)
		} else {
			excuses -= n
		}
	}
}

var crash = regexp.MustCompile(`^panic:|^fatal error:|DATA RACE|goroutine \d+ \[`)

// judgeProcesses ends the controllers as a deploy does, and looks for crashes.
func (s *storm) judgeProcesses() {
	for _, p := range s.controllers {
		_ = p.cmd.Process.Signal(os.Interrupt)
	}
	for _, p := range s.controllers {
		select {
		case <-p.exited:
			if code := p.cmd.ProcessState.ExitCode(); code != 0 {
				s.t.Errorf("controller %s ended with %d:\n%s", p.esl, code, p.log)
			}
		case <-time.After(soon):
			s.t.Errorf("controller %s does not end", p.esl)
		}
	}
	for _, p := range s.started {
		for line := range strings.Lines(p.log.String()) {
			if crash.MatchString(line) {
				s.t.Errorf("controller %s crashed:\n%s", p.esl, p.log)
				break
			}
		}
	}
}

// accuse reports a call with all that is known of it.
func (s *storm) accuse(c *placed, what string) {
	s.t.Helper()
	s.t.Errorf("call %s, placed at %.2f: %s\n%s%s", c.UUID(), c.at.Sub(s.began).Seconds(), what, c.Transcript(), s.logOf(c.UUID()))
}

// logOf is what all controllers have logged of something.
func (s *storm) logOf(part string) string {
	if part == "" {
		return ""
	}
	var lines []string
	for _, p := range s.started {
		for line := range strings.Lines(p.log.String()) {
			if strings.Contains(line, part) {
				lines = append(lines, fmt.Sprintf("%s %s %s", line[:min(len(line), 29)], p.esl, line[min(len(line), 29):]))
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// when is the moment of an event of a call.
func (c *placed) when(e fstest.Event) time.Time { return c.at.Add(e.At / chaosSpeed) }

// excused tells whether callers could not be served at that time.
func (s *storm) excused(at time.Time) bool {
	return slices.ContainsFunc(s.dark, func(d span) bool {
		return !at.Before(d.from) && (d.to.IsZero() || at.Before(d.to.Add(listWithin)))
	})
}

// judgeEnd: every call ends as a call should, and nobody is sent away while
// somebody could serve.
func (s *storm) judgeEnd(c *placed) {
	transcript := c.Transcript()
	last := transcript[len(transcript)-1]
	switch last.Text {
	case "NORMAL_CLEARING", "ORIGINATOR_CANCEL", "SYSTEM_SHUTDOWN":
	case "NORMAL_TEMPORARY_FAILURE":
	default:
		s.accuse(c, "ended by "+last.Text)
	}
	for _, e := range transcript.Only(fstest.Left) {
		if !s.excused(c.when(e)) {
			s.accuse(c, "was sent away")
		}
	}
}

// judgeAlone: a caller who does not talk has a controller, or soon one again.
func (s *storm) judgeAlone(c *placed) {
	var since time.Time // without a controller, zero with one
	talks, alone := false, false
	for _, e := range c.Transcript() {
		at := c.when(e)
		switch e.Kind {
		case fstest.Lost:
			if alone = true; !talks {
				since = at
			}
		case fstest.Connected:
			talks, since = true, time.Time{}
		case fstest.Parted:
			if talks = false; alone {
				since = at
			}
		case fstest.Controlled, fstest.Left, fstest.Ended:
			if !since.IsZero() && at.Sub(since) > aloneWithin && !s.excused(since) && !s.excused(at) {
				s.accuse(c, fmt.Sprintf("was without a controller for %s", at.Sub(since)))
			}
			alone, since = false, time.Time{}
		}
	}
}

// tellWithin is how long a controller may need to tell Redis what it missed.
const tellWithin = 3 * time.Second

// untold tells whether a controller of the call, or its node, was lost while
// Redis was away or just back: what only that controller knew is lost with it. So
// is what a node knew that was lost while the controller did not listen.
func (s *storm) untold(c *placed) bool {
	transcript := c.Transcript()
	end := c.when(transcript[len(transcript)-1])
	owner := ""
	for _, e := range transcript {
		if e.Kind == fstest.Ended && e.Text == "SYSTEM_SHUTDOWN" && (s.unheard(end, end) || s.deaf(owner, end)) {
			return true
		}
		if e.Kind != fstest.Controlled {
			continue
		}
		owner = e.Text
		for _, k := range s.killed {
			if k.esl == e.Text && k.at.After(c.when(e)) && s.unheard(k.at, end) {
				return true
			}
		}
	}
	return false
}

// deaf tells whether a controller hung at that time.
func (s *storm) deaf(esl string, at time.Time) bool {
	return slices.ContainsFunc(s.hung[esl], func(d span) bool {
		return at.After(d.from) && (d.to.IsZero() || at.Before(d.to))
	})
}

// unheard tells whether Redis heard nothing at that time, nor since then or
// since a call's end if that was before.
func (s *storm) unheard(at, end time.Time) bool {
	return slices.ContainsFunc(s.unwired, func(d span) bool {
		return !at.Before(d.from) && !end.Before(d.from) && (d.to.IsZero() || at.Before(d.to.Add(tellWithin)))
	})
}

// judgeRecord: the record tells of the talk. It returns 1 for a call with one.
func (s *storm) judgeRecord(c *placed) int {
	connected := c.Transcript().Only(fstest.Connected)
	switch {
	case len(connected) == 0:
		return 0
	case s.untold(c):
		return 1
	}
	r, err := calls{s.store.Records()}.Get(s.t.Context(), c.UUID())
	ended := c.Transcript()[len(c.Transcript())-1]
	if err != nil || ended.At-connected[0].At < chaosSpeed*time.Second {
		return 1 // awaitRest speaks of missing ones; a talk that was hardly one may be unknown
	}
	if r.Talked.IsZero() || r.Agent == "" || r.Queued.IsZero() {
		s.accuse(c, fmt.Sprintf("talked, and its record does not say so: %+v", r))
	}
	return 1
}

// awaitRest waits until nothing is under way any more.
func (s *storm) awaitRest() {
	late := time.After(restWithin)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		unrest := s.unrest()
		if len(unrest) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			s.t.Errorf("still under way:\n%s", strings.Join(unrest, "\n"))
			return
		}
	}
}

// unrest is what is still under way.
func (s *storm) unrest() []string {
	var all []string
	ctx := s.t.Context()
	for i := range agentsInAll {
		v, err := s.store.Agents(store.DefaultSite).View(ctx, contact(i))
		if err != nil {
			return []string{err.Error()}
		}
		if v.State == store.Ringing || v.State == store.Talking {
			all = append(all, fmt.Sprintf("agent: %+v\n%s", v, s.logOf(v.Call)))
		}
	}
	left, err := s.leftovers(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	all = append(all, left...)
	return append(all, s.unrecorded(ctx)...)
}

// unrecorded are the calls without the record of their end.
func (s *storm) unrecorded(ctx context.Context) []string {
	var all []string
	for _, c := range s.calls {
		if len(c.Transcript().Only(fstest.Answered)) == 0 || s.untold(c) {
			continue // it never came as far as a controller that lived
		}
		r, err := calls{s.store.Records()}.Get(ctx, c.UUID())
		if err != nil || r.Ended.IsZero() {
			all = append(all, fmt.Sprintf("record of %s: %+v, %v\n%s%s", c.UUID(), r, err, c.Transcript(), s.logOf(c.UUID())))
		}
	}
	return all
}

// leftovers are the traces of calls in Redis that should have gone with them.
func (s *storm) leftovers(ctx context.Context) ([]string, error) {
	var all []string
	scan := s.rdb.Scan(ctx, 0, "*", 1000).Iterator()
	for scan.Next(ctx) {
		left, err := s.left(ctx, scan.Val())
		if err != nil {
			return nil, err
		}
		all = append(all, left...)
	}
	return all, scan.Err()
}

// left is what one key holds of calls that live.
func (s *storm) left(ctx context.Context, key string) (left []string, err error) {
	name := key[strings.LastIndexByte(key, ':')+1:]
	switch {
	case name == "cursor":
		call := callIn.FindString(key)
		known := slices.ContainsFunc(s.calls, func(c *placed) bool { return c.UUID() == call && s.untold(c) })
		if !known { // else it goes with its age: nobody could hear whose call it was
			left = []string{""}
		}
	case name == "owner":
		var owner string
		if owner, err = s.rdb.HGet(ctx, key, "instance").Result(); owner != "-" {
			left = []string{owner}
		}
	case name == "calls" && strings.Contains(key, "{i:"):
		left, err = s.rdb.SMembers(ctx, key).Result()
	case name == "unowned", strings.HasSuffix(key, "{records}:live"):
		left, err = s.rdb.ZRange(ctx, key, 0, -1).Result()
	case strings.Contains(key, "{q:"):
		return s.leftInQueues(ctx, key, name)
	}
	for i, what := range left {
		left[i] = key + " " + what + "\n" + s.logOf(callIn.FindString(key+" "+what))
	}
	return left, err
}

var callIn = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// leftInQueues is the same of the keys of a site's queues. The place of a caller
// whose controller was lost is kept for a minute, in case the call turns up.
func (s *storm) leftInQueues(ctx context.Context, key, name string) (left []string, err error) {
	live, err := s.rdb.HGetAll(ctx, strings.TrimSuffix(key, name)+"live").Result()
	if err != nil {
		return nil, err
	}
	kept := func(entry string) bool {
		_, id, _ := strings.Cut(entry, "default/")
		fields := strings.Split(live["t|default/"+id], "\x1f")
		return len(fields) > 7 && fields[1] == "" && fields[7] == ""
	}
	switch name {
	case "wait", "rings":
		left, err = s.rdb.ZRange(ctx, key, 0, -1).Result()
	case "line":
		left, err = s.rdb.ZRange(ctx, key, 0, -1).Result()
		left = slices.DeleteFunc(left, kept)
	case "live":
		for id, record := range live {
			switch {
			case id[0] == 'o', id[0] == 'c' && !kept(record):
				left = append(left, record)
			case id[0] == 't' && strings.Split(record, "\x1f")[1] == "" && !kept(id):
				left = append(left, record)
			}
		}
	}
	for i, what := range left {
		left[i] = key + " " + strings.ReplaceAll(what, "\x1f", "|") + "\n" + s.logOf(callIn.FindString(what))
	}
	return left, err
}
