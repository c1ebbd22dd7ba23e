package controller

import (
	"sync/atomic"

	"github.com/dialgraph/dialgraph/controller/esl"
)

// Stats are the counters since the start and the present load.
type Stats struct {
	ESL            esl.Stats
	Started        uint64 // calls that began here
	Resumed        uint64 // calls that another controller, or another connection, had begun
	Ended          uint64 // calls whose end was seen
	Left           uint64 // calls that went on to their fallback or a destination
	Lost           uint64 // sockets that closed while the call went on
	Taken          uint64 // calls that somebody else took
	Refused        uint64 // calls over a limit
	Unrouted       uint64 // unknown number, no menu, or nobody to ask
	Faults         uint64 // walks that ended in an error
	MissingPrompts uint64
	Bridges        uint64 // attempts to reach somebody
	Answers        uint64 // of them answered
	Handed         uint64 // calls handed over at a drain
	Adopted        uint64 // talks of dead instances that are watched here
	Fetched        uint64 // calls of dead instances that were transferred to here
	Reaped         uint64 // calls found ended with nobody watching
	Stalls         uint64 // times this process stood still for more than a second
	StoreErrors    uint64 // questions to the store that failed or took too long
	Calls          int    // live calls
	Nodes          int    // FreeSWITCH nodes connected
}

type counters struct {
	started, resumed, ended, left, lost, taken, refused, unrouted, faults, missingPrompts, bridges, answers,
	handed, adopted, fetched, reaped, storeErrors atomic.Uint64
}

// Stats returns the counters.
func (c *Controller) Stats() Stats {
	n := &c.stats
	return Stats{
		ESL:            c.server.Stats(),
		Started:        n.started.Load(),
		Resumed:        n.resumed.Load(),
		Ended:          n.ended.Load(),
		Left:           n.left.Load(),
		Lost:           n.lost.Load(),
		Taken:          n.taken.Load(),
		Refused:        n.refused.Load(),
		Unrouted:       n.unrouted.Load(),
		Faults:         n.faults.Load(),
		MissingPrompts: n.missingPrompts.Load(),
		Bridges:        n.bridges.Load(),
		Answers:        n.answers.Load(),
		Handed:         n.handed.Load(),
		Adopted:        n.adopted.Load(),
		Fetched:        n.fetched.Load(),
		Reaped:         n.reaped.Load(),
		Stalls:         c.pulse.stalls(),
		StoreErrors:    n.storeErrors.Load(),
		Calls:          c.live.len(),
		Nodes:          c.nodes.connected(),
	}
}
