package dialplan

import (
	"cmp"
	"context"
	"slices"
)

type hangup struct {
	Cause string `menu:"cause,main" default:"NORMAL_CLEARING" max:"40" doc:"What the caller's side is told, a Q.850 cause as FreeSWITCH spells it, such as USER_BUSY."`
}

const normalClearing = "NORMAL_CLEARING"

// causes are the Q.850 causes that make sense to a caller (switch_types.h).
var causes = []string{
	normalClearing, "USER_BUSY", "NO_ANSWER", "NO_USER_RESPONSE", "SUBSCRIBER_ABSENT", "CALL_REJECTED", "NUMBER_CHANGED",
	"DESTINATION_OUT_OF_ORDER", "INVALID_NUMBER_FORMAT", "NORMAL_UNSPECIFIED", "NORMAL_CIRCUIT_CONGESTION",
	"NETWORK_OUT_OF_ORDER", "NORMAL_TEMPORARY_FAILURE", "SWITCH_CONGESTION", "FACILITY_REJECTED", "OUTGOING_CALL_BARRED",
	"INCOMING_CALL_BARRED", "SERVICE_UNAVAILABLE", "UNALLOCATED_NUMBER", "NO_ROUTE_DESTINATION",
}

func (h *hangup) check(l *loader) {
	if !slices.Contains(causes, h.Cause) {
		l.faultHere("cause", "there is no cause %q%s", clip(h.Cause), cmp.Or(l.suggest(h.Cause, causes), ": use USER_BUSY, CALL_REJECTED or the like"))
	}
}

func (h *hangup) run(ctx context.Context, c *call, s *State) (ref, error) {
	s.Phase = "hangup"
	return 0, c.hangup(ctx, h.Cause)
}
