package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// A Call is the account of one call, across controllers.
type Call struct {
	Call     string `json:"call" doc:"UUID of the caller's channel"`
	Instance string `json:"instance" doc:"Controller that wrote it last"`
	Node     string `json:"node" doc:"Name of the FreeSWITCH node"`
	Leg      string `json:"leg,omitempty" doc:"UUID of the last answering leg"`
	SIPCall  string `json:"sip_call,omitempty" doc:"Call-ID of the caller's dialogue"`
	Trunk    string `json:"trunk,omitempty"`

	Dialled   string `json:"dialled" doc:"The number called, as it came"`
	Number    string `json:"number,omitempty" doc:"The number called, normalised"`
	CallerRaw string `json:"caller_raw,omitempty" doc:"The calling number as it came; missing when withheld"`
	Caller    string `json:"caller,omitempty" doc:"The calling number, normalised; missing when withheld or no number"`
	Withheld  bool   `json:"withheld,omitempty" doc:"The caller asked for privacy"`
	Customer  string `json:"customer,omitempty"`

	Menu    string            `json:"menu,omitempty"`
	Version string            `json:"version,omitempty"`
	Path    []string          `json:"path,omitempty" doc:"Nodes visited"`
	Tags    map[string]string `json:"tags,omitempty"`

	Started  time.Time `json:"started" doc:"INVITE"`
	Answered time.Time `json:"answered,omitzero" doc:"Caller answered"`
	Queued   time.Time `json:"queued,omitzero" doc:"First waiting for an agent"`
	Offered  time.Time `json:"offered,omitzero" doc:"The last agent's telephone began to ring"`
	Talked   time.Time `json:"talked,omitzero" doc:"First connected to somebody"`
	Talk     float64   `json:"talk,omitempty" doc:"Seconds of talking, in total"`
	Ended    time.Time `json:"ended,omitzero" doc:"Hung up, or left on purpose; missing while the call lives"`

	Cause   string `json:"cause,omitempty" doc:"Hangup cause as FreeSWITCH spells it" example:"NORMAL_CLEARING"`
	Q850    int    `json:"q850,omitempty" doc:"The same by number"`
	SIP     int    `json:"sip,omitempty" doc:"SIP code that belongs to the cause; missing for a normal end"`
	Ender   string `json:"ender,omitempty" doc:"Who ended it: caller, dialgraph, exit, network"`
	Agent   string `json:"agent,omitempty" doc:"The last one offered"`
	Queue   string `json:"queue,omitempty" doc:"The last one"`
	Resumed int    `json:"resumed,omitempty" doc:"How often another connection went on with the call"`
	Missing int    `json:"missing,omitempty" doc:"Prompts that could not be played"`
	Error   string `json:"error,omitempty" doc:"Why the walk failed"`
	Seen    bool   `json:"observed,omitempty" doc:"The hangup itself was seen, not concluded"`

	Media Media `json:"media,omitzero" doc:"What FreeSWITCH measured on the caller's leg"`
}

// Media is what FreeSWITCH measured on the caller's leg.
type Media struct {
	Codec      string  `json:"codec,omitempty"`
	Rate       int     `json:"rate,omitempty" doc:"Hz"`
	PacketsIn  int     `json:"packets_in,omitempty"`
	PacketsOut int     `json:"packets_out,omitempty"`
	LossIn     float64 `json:"loss_in,omitempty" doc:"Percent"`
	MOS        float64 `json:"mos,omitempty" doc:"1 to 5, FreeSWITCH's estimate"`
}

// A CallQuery asks for records.
type CallQuery struct {
	Live     bool      // only calls that have not ended
	From, To time.Time // begun at From or later and before To; zero for no bound
	Cursor   string    // as the page before gave it, "" for the newest
	Limit    int       // 1 to MaxPage
}

// Calls are the records of calls.
type Calls interface {
	// List returns at most Limit records, the newest call first, and the
	// cursor of the next page, "" on the last. Invalid for a wrong cursor.
	List(ctx context.Context, q CallQuery) (calls []Call, next string, err error)
	Get(ctx context.Context, call string) (Call, error)
}

type callsInput struct {
	Live   bool      `query:"live" doc:"Only calls that have not ended"`
	From   time.Time `query:"from" doc:"Begun then or later"`
	To     time.Time `query:"to" doc:"Begun before"`
	Number string    `query:"number" maxLength:"21" pattern:"^[+ ]?[0-9]{1,20}$" example:"+380671234567" doc:"Caller's or called number, E.164 or as dialled"`
	Agent  string    `query:"agent" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" doc:"Agent offered last"`
	Cursor string    `query:"cursor" maxLength:"256" doc:"next of the page before"`
	Limit  int       `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most"`
}

func (a *API) calls() {
	op := huma.Operation{
		OperationID: "list-calls", Method: http.MethodGet, Path: "/v1/calls", Tags: []string{"calls"}, Security: security(mayRead),
		Summary:     "List calls, newest first",
		Description: "Records of calls, and with live=true the calls that have not ended. Where few calls match, a page may be short, or empty, and still have a next one.",
	}
	register(a, op, a.listCalls)
	op = huma.Operation{
		OperationID: "get-call", Method: http.MethodGet, Path: "/v1/calls/{call}", Tags: []string{"calls"}, Security: security(mayRead),
		Summary: "Get one call", Description: "The record of one call; it has no end while the call lives.",
	}
	register(a, op, func(ctx context.Context, in *struct {
		Call string `path:"call" format:"uuid" maxLength:"36" doc:"UUID of the caller's channel"`
	}) (*struct{ Body Call }, error) {
		c, err := a.cfg.Calls.Get(ctx, in.Call)
		if err != nil {
			return nil, about("call", in.Call, err)
		}
		return &struct{ Body Call }{c}, nil
	})
}

// maxReads bounds how often one request reads on because too few of the
// records read so far match.
const maxReads = 20

func (a *API) listCalls(ctx context.Context, in *callsInput) (*listOutput[Call], error) {
	if strings.HasPrefix(in.Number, " ") {
		in.Number = "+" + in.Number[1:] // a query turns a plus sign into a space
	}
	q := CallQuery{Live: in.Live, From: in.From, To: in.To, Cursor: in.Cursor}
	found := []Call{}
	for range maxReads {
		q.Limit = in.Limit - len(found)
		calls, next, err := a.cfg.Calls.List(ctx, q)
		if err != nil {
			return nil, a.inQuery(err)
		}
		for _, c := range calls {
			if in.match(c) {
				found = append(found, c)
			}
		}
		if q.Cursor = next; next == "" || len(found) == in.Limit {
			break
		}
	}
	return &listOutput[Call]{Body: Listed[Call]{Items: found, Next: q.Cursor}}, nil
}

func (in *callsInput) match(c Call) bool {
	return (in.Agent == "" || c.Agent == in.Agent) &&
		(in.Number == "" || in.Number == c.Caller || in.Number == c.Number || in.Number == c.Dialled)
}

// inQuery says of an Invalid that the query is what is wrong.
func (a *API) inQuery(err error) error {
	var wrong Invalid
	if errors.As(a.translate(err), &wrong) {
		return newProblem(http.StatusUnprocessableEntity, "validation failed", wrong.within("query.")...)
	}
	return err
}
