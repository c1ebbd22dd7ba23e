package controller

import (
	"strconv"
	"strings"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/dialplan"
)

// A Record is the account of one call, across controllers.
type Record struct {
	Call     string `json:"call"`               // UUID of the caller's channel
	Instance string `json:"instance"`           // that wrote it last
	Node     string `json:"node"`               // FreeSWITCH-Switchname
	Leg      string `json:"leg,omitempty"`      // UUID of the last answering leg
	SIPCall  string `json:"sip_call,omitempty"` // Call-ID of the caller's dialogue
	Trunk    string `json:"trunk,omitempty"`

	Dialled   string `json:"dialled"`              // as it came
	Number    string `json:"number,omitempty"`     // normalised
	CallerRaw string `json:"caller_raw,omitempty"` // as it came; "" when withheld
	Caller    string `json:"caller,omitempty"`     // normalised; "" when withheld or no number
	Withheld  bool   `json:"withheld,omitempty"`
	Customer  string `json:"customer,omitempty"`

	Menu    string            `json:"menu,omitempty"`
	Version string            `json:"version,omitempty"`
	Path    []string          `json:"path,omitempty"` // nodes visited
	Tags    map[string]string `json:"tags,omitempty"`

	Started  time.Time `json:"started"`           // INVITE
	Answered time.Time `json:"answered,omitzero"` // caller answered
	Queued   time.Time `json:"queued,omitzero"`   // first waiting for an agent
	Offered  time.Time `json:"offered,omitzero"`  // last agent's telephone began to ring
	Talked   time.Time `json:"talked,omitzero"`   // first connected to somebody
	Talk     Seconds   `json:"talk,omitempty"`    // talking, in total
	Ended    time.Time `json:"ended,omitzero"`    // hung up, or left on purpose

	Cause   string `json:"cause,omitempty"`    // as FreeSWITCH spells it
	Q850    int    `json:"q850,omitempty"`     // 0 to 127
	SIP     int    `json:"sip,omitempty"`      // SIP code that belongs to the cause, 0 for a normal end
	Ender   string `json:"ender,omitempty"`    // caller, dialgraph, exit, network
	Agent   string `json:"agent,omitempty"`    // the last one offered
	Queue   string `json:"queue,omitempty"`    // the last one
	Resumed int    `json:"resumed,omitempty"`  // how often another connection went on with the call
	Missing int    `json:"missing,omitempty"`  // prompts that could not be played
	Error   string `json:"error,omitempty"`    // why the walk failed
	Seen    bool   `json:"observed,omitempty"` // the hangup itself was seen, not concluded

	Media Media `json:"media,omitzero"`
}

// Seconds is a duration in seconds.
type Seconds float64

// Media is what FreeSWITCH measured on the caller's leg.
type Media struct {
	Codec      string  `json:"codec,omitempty"`
	Rate       int     `json:"rate,omitempty"` // Hz
	PacketsIn  int     `json:"packets_in,omitempty"`
	PacketsOut int     `json:"packets_out,omitempty"`
	LossIn     float64 `json:"loss_in,omitempty"` // percent
	MOS        float64 `json:"mos,omitempty"`     // 1 to 5, FreeSWITCH's estimate
}

// newRecord is the record of a call as it comes.
func newRecord(channel *esl.Event, trunk string) *Record {
	return &Record{
		Call: channel.Get("Unique-ID"), Node: channel.Get("FreeSWITCH-Switchname"), SIPCall: channel.Var("sip_call_id"),
		Trunk: trunk, Dialled: dialled(channel), Started: startTime(channel),
		Answered: microTime(channel.Get("Caller-Channel-Answered-Time")),
	}
}

// startTime is when the call came in.
func startTime(channel *esl.Event) time.Time {
	if t := microTime(channel.Get("Caller-Channel-Created-Time")); !t.IsZero() {
		return t
	}
	return eventTime(channel)
}

// note takes over what the verbs and the walk have seen since the last time.
// What adds up is counted in the cursor, so that it is saved with where the
// call stands: the next owner counts on from there, nothing twice.
func (r *Record) note(n notes, cursor *dialplan.Cursor) {
	setDefault(&r.Answered, n.answered)
	setDefault(&r.Talked, n.talked)
	if !n.offered.IsZero() {
		r.Offered = n.offered
	}
	if n.leg != "" {
		r.Leg = n.leg
	}
	if cursor == nil {
		r.Missing += n.missing
		return
	}
	account := &cursor.Account
	setDefault(&account.Answered, r.Answered)
	account.Talk += n.talk
	account.Missing += n.missing
	setDefault(&r.Answered, account.Answered)
	r.Talk, r.Missing = Seconds(account.Talk.Seconds()), account.Missing
	r.Path, r.Tags = cursor.Path, cursor.Tags
	if offer := cursor.State.Offer; offer != nil {
		r.Agent = offer.Agent
	}
}

// talking tells whether the call talks where its cursor stands, and since when.
// Last is its last event, nil for none.
func (r *Record) talking(cursor *dialplan.Cursor, last *esl.Event) (since time.Time, ok bool) {
	if legIndex(cursor.State.Bridge, r.Leg) < 0 {
		return since, false
	}
	if last != nil {
		since = legTime(last.Var(talkingSince), r.Leg)
		setDefault(&since, microTime(last.Get("Caller-Channel-Bridged-Time")))
	}
	setDefault(&since, r.Talked)
	return since, true
}

// hungUp adds what FreeSWITCH says of the hangup: CHANNEL_HANGUP_COMPLETE, or
// CHANNEL_HANGUP where that was lost, or nil when nobody saw it. Ours says that
// the walk had it hung up.
func (r *Record) hungUp(e *esl.Event, ours bool, now time.Time) {
	r.Ended = now
	if e == nil {
		r.Ender = "network"
		return
	}
	r.Seen = true
	if t := microTime(e.Get("Caller-Channel-Hangup-Time")); !t.IsZero() {
		r.Ended = t
	}
	if t := microTime(e.Get("Caller-Channel-Answered-Time")); !t.IsZero() {
		r.Answered = t
	}
	r.Cause = hangupCause(e)
	r.Ender = ender(e, ours)
	r.Q850, r.SIP = number(e.Var("hangup_cause_q850")), sipCode(e, r.Cause)
	r.Media = Media{
		Codec: e.Get("Channel-Read-Codec-Name"), Rate: number(e.Get("Channel-Read-Codec-Rate")),
		PacketsIn:  number(e.Var("rtp_audio_in_media_packet_count")),
		PacketsOut: number(e.Var("rtp_audio_out_media_packet_count")),
		LossIn:     decimal(e.Var("rtp_audio_in_jitter_loss_rate")),
		MOS:        decimal(e.Var("rtp_audio_in_mos")),
	}
}

// hangupCause is the cause of a hangup event, "" for none.
func hangupCause(e *esl.Event) string {
	if e == nil {
		return ""
	}
	if cause := e.Get("Hangup-Cause"); isCause(cause) {
		return cause
	}
	return ""
}

// ender says who ended the call: whatever is neither the caller's doing nor
// ours is the network's, somebody at the switch included.
func ender(e *esl.Event, ours bool) string {
	switch {
	case byCaller(e):
		return "caller"
	case ours, hangupCause(e) == "ALLOTTED_TIMEOUT": // as setUp has told FreeSWITCH
		return "dialgraph"
	}
	return "network"
}

// byCaller tells whether the caller's side ended the call (mod_sofia.c,
// sip_hangup_disposition).
func byCaller(e *esl.Event) bool {
	if e == nil {
		return false
	}
	switch e.Var("sip_hangup_disposition") {
	case "recv_bye", "recv_cancel", "recv_refuse":
		return true
	}
	return false
}

// sipCodes are the codes that FreeSWITCH answers an INVITE with for a cause
// (sofia.c, hangup_cause_to_sip). Causes not listed are 480.
var sipCodes = map[string]int{
	"UNALLOCATED_NUMBER": 404, "NO_ROUTE_DESTINATION": 404, "NO_ROUTE_TRANSIT_NET": 404,
	"USER_BUSY": 486, "NO_USER_RESPONSE": 408, "NO_ANSWER": 480, "SUBSCRIBER_ABSENT": 480, "USER_NOT_REGISTERED": 480,
	"CALL_REJECTED": 603, "REDIRECTION_TO_NEW_DESTINATION": 410, "NUMBER_CHANGED": 410, "EXCHANGE_ROUTING_ERROR": 483,
	"DESTINATION_OUT_OF_ORDER": 502, "INVALID_NUMBER_FORMAT": 484, "FACILITY_REJECTED": 501, "NORMAL_UNSPECIFIED": 480,
	"REQUESTED_CHAN_UNAVAIL": 503, "NORMAL_CIRCUIT_CONGESTION": 503, "NETWORK_OUT_OF_ORDER": 503,
	"NORMAL_TEMPORARY_FAILURE": 503, "SWITCH_CONGESTION": 503, "GATEWAY_DOWN": 503,
	"OUTGOING_CALL_BARRED": 403, "INCOMING_CALL_BARRED": 403, "BEARERCAPABILITY_NOTAUTH": 403,
	"BEARERCAPABILITY_NOTAVAIL": 503, "BEARERCAPABILITY_NOTIMPL": 488, "INCOMPATIBLE_DESTINATION": 488,
	"RECOVERY_ON_TIMER_EXPIRE": 504, "ORIGINATOR_CANCEL": 487,
}

// sipCode is the SIP code that belongs to a call which was never answered; 0
// for one that was.
func sipCode(e *esl.Event, cause string) int {
	if !microTime(e.Get("Caller-Channel-Answered-Time")).IsZero() {
		return 0
	}
	// That of a BYE before the answer is the 200 to the BYE; the INVITE is ended
	// as by a CANCEL (RFC 3261, 15.1.2).
	if code, ok := strings.CutPrefix(e.Var("proto_specific_hangup_cause"), "sip:"); ok && number(code) >= 300 {
		return number(code)
	}
	if byCaller(e) {
		return 487
	}
	if code, ok := sipCodes[cause]; ok {
		return code
	}
	return 480
}

func number(s string) int {
	if s == "" {
		return 0 // usual, and an error costs more than a number
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func decimal(s string) float64 {
	if s == "" {
		return 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f > 1e6 {
		return 0
	}
	return f
}
