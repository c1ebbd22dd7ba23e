package controller

import "time"

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
	Ender   string `json:"ender,omitempty"`    // caller, dialgraph, agent, exit, transfer, network
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
