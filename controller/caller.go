package controller

import (
	"strings"

	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/dialplan/e164"
)

// trunkName is where the call came from: the channel variable dialgraph_trunk
// where the dialplan sets it, the gateway, or the address of the peer.
func trunkName(channel *esl.Event) string {
	for _, variable := range []string{"dialgraph_trunk", "sip_gateway_name", "sip_network_ip"} {
		if name := channel.Var(variable); name != "" {
			return name
		}
	}
	return channel.Get("Caller-Network-Addr")
}

// dialled is the number that was called, as it came.
func dialled(channel *esl.Event) string {
	if number := channel.Var("dialgraph_number"); number != "" {
		return number
	}
	return channel.Get("Caller-Destination-Number")
}

// identify tells who calls. A caller who asked for privacy is unknown even
// where the switch knows the number (RFC 3323, RFC 3325), and what is no
// public number is never a key for anything.
func identify(channel *esl.Event, trust Trust, region string) (caller dialplan.Caller, raw string) {
	if channel.Get("Caller-Privacy-Hide-Number") == "true" {
		return dialplan.Caller{Withheld: true}, ""
	}
	raw = asserted(channel, trust)
	number := e164.Parse(raw, region)
	if number.Kind != e164.Public {
		return dialplan.Caller{}, raw
	}
	return dialplan.Caller{Number: number.E164}, raw
}

// asserted is the caller's number from the source that is trusted. FreeSWITCH
// itself believes any peer's P-Asserted-Identity (sofia.c), so that its
// Caller-ID serves calls that are not SIP only.
func asserted(channel *esl.Event, trust Trust) string {
	var sources []string
	switch trust {
	case TrustNothing:
		return ""
	case TrustAsserted:
		sources = []string{"sip_P-Asserted-Identity"}
	case TrustDiversion:
		sources = []string{"sip_h_Diversion"}
	}
	for _, variable := range append(sources, "sip_from_user") {
		if value := channel.Var(variable); value != "" {
			return address(value)
		}
	}
	if channel.Var("sip_call_id") == "" {
		return channel.Get("Caller-Caller-ID-Number")
	}
	return ""
}

// address cuts a name-addr ("Name" <sip:user@host>;parameter) down to its URI.
func address(header string) string {
	if _, rest, ok := strings.Cut(header, "<"); ok {
		header, _, _ = strings.Cut(rest, ">")
	}
	return header
}
