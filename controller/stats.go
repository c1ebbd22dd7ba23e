package controller

import "github.com/dialgraph/dialgraph/controller/esl"

// Stats are the counters since the start and the present load.
type Stats struct {
	ESL             esl.Stats
	Started         uint64 // calls that began here
	Resumed         uint64 // calls that another controller, or another connection, had begun
	Ended           uint64 // calls whose end was seen
	Lost            uint64 // sockets that closed while the call went on
	Taken           uint64 // calls that somebody else took
	Refused         uint64 // calls over a limit
	Unrouted        uint64 // unknown number, no menu, or nobody to ask
	Faults          uint64 // walks that ended in an error
	MissingPrompts  uint64
	Bridges         uint64 // attempts to reach somebody
	Answers         uint64 // of them answered
	Handed          uint64 // calls handed over at a drain
	Adopted         uint64 // talks of dead instances that are watched here
	Fetched         uint64 // calls of dead instances that were transferred to here
	Reaped          uint64 // calls found ended with nobody watching
	Stalls          uint64 // times this process stood still for more than a second
	StoreErrors     uint64 // questions to the store that failed or took too long
	CallsNow        int
	NodesConnected  int
	NodesConfigured int
}
