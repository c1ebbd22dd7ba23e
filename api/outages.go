package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// An Outage is a flag on an address: callers from there, and from any smaller
// place inside it, are told.
type Outage struct {
	Site    string    `json:"site,omitempty" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" default:"default" doc:"The site whose callers are told"`
	Address string    `json:"address,omitempty" maxLength:"1020" example:"kyiv/khreshchatyk/10" doc:"Path from large to small; the one in the path when missing"`
	Source  string    `json:"source,omitempty" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" default:"crm" doc:"Who set it; each source has one flag on an address"`
	Message string    `json:"message,omitempty" maxLength:"1000" example:"Обрив кабелю, майстри вже працюють" doc:"For the caller"`
	Until   time.Time `json:"until,omitzero" example:"2026-03-02T18:00:00+02:00" doc:"Expected end, which the caller may be told; unknown when missing"`
	Expires time.Time `json:"expires,omitzero" doc:"The flag is gone then, whatever happens; an hour after until, or a day from now, when missing"`
}

// Outages are the flags that are set.
type Outages interface {
	// Lookup returns the flag on the address, or else on the smallest place
	// around it that has one.
	Lookup(ctx context.Context, site, address string) (o Outage, ok bool, err error)
	// List returns up to limit flags of a site that come after a place, by
	// source, then by the place that the flagged one is in, then by its name there.
	List(ctx context.Context, site string, after OutagePlace, limit int) ([]Outage, error)
	// Set sets a flag, or replaces that of the same source on the same address.
	Set(ctx context.Context, o Outage) error
	// Clear clears a flag of a source. ErrNotFound.
	Clear(ctx context.Context, site, source, address string) error
}

// An OutagePlace is where a list of flags goes on.
type OutagePlace struct{ Source, Address string }

// An OutageImporter replaces all flags of a source at once.
type OutageImporter interface {
	Import(ctx context.Context, site, source string) (OutageImport, error)
}

// An OutageImport fills a new generation of flags. One that is not committed
// leaves nothing behind.
type OutageImport interface {
	Add(ctx context.Context, o Outage) error
	Commit(ctx context.Context) error
}

// Place names an address of a site in a request.
type Place struct {
	Site    string `query:"site" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" default:"default" doc:"The site whose callers are told"`
	Address string `path:"address" maxLength:"1020" example:"kyiv/khreshchatyk/10" doc:"Path from large to small; the slashes stand as they are"`
}

var outages = noun{
	one: "address", many: "outages", sited: true, write: mayWrite, read: mayRead,
	doc: "Flags on addresses, by source, then by the place around the address, then by its last level: each is told to callers from there and from any smaller place inside.",
}

func (a *API) outages() {
	register(a, outages.op(http.MethodGet, "list-outages", "List outages", false, mayRead), a.listOutages)
	register(a, outageOp(http.MethodGet, "get-outage", "The outage that a caller at an address is told",
		"The flag on the address itself, or else on the smallest place around it that has one. 404 when there is none.", mayRead),
		func(ctx context.Context, in *struct{ Place }) (*struct{ Body Outage }, error) {
			o, ok, err := a.cfg.Outages.Lookup(ctx, in.Site, in.Address)
			if err == nil && !ok {
				err = ErrNotFound
			}
			if err != nil {
				return nil, about("outage at", in.Address, err)
			}
			return &struct{ Body Outage }{o}, nil
		})
	register(a, outageOp(http.MethodPut, "put-outage", "Set an outage",
		"Sets the flag of one source on an address. A flag on a building, a street or a district covers everything in it. Repeating the request changes nothing.", mayWrite),
		func(ctx context.Context, in *struct {
			Place
			Body Outage
		}) (*struct{}, error) {
			faults := append(same("site", &in.Body.Site, in.Site), same("address", &in.Body.Address, in.Address)...)
			if faults = append(faults, in.Body.stale(time.Now())...); len(faults) > 0 {
				return nil, faults
			}
			return nil, about("outage at", in.Address, a.cfg.Outages.Set(ctx, in.Body))
		})
	register(a, outageOp(http.MethodDelete, "delete-outage", "Clear an outage",
		"Clears the flag that a source has set on exactly this address; those on places around it stay.", mayWrite),
		func(ctx context.Context, in *struct {
			Place
			Source string `query:"source" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" default:"crm" doc:"Whose flag"`
		}) (*struct{}, error) {
			return nil, about("outage at", in.Address, a.cfg.Outages.Clear(ctx, in.Site, in.Source, in.Address))
		})
	a.outageImport()
}

func outageOp(method, id, summary, doc string, scopes []Scope) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: "/v1/outages/{address}", Tags: []string{"outages"},
		Summary: summary, Description: doc, Security: security(scopes),
		Metadata: map[string]any{"rest": "address"},
	}
}

func (a *API) listOutages(ctx context.Context, in *listInput) (*listOutput[Outage], error) {
	source, address, _ := strings.Cut(in.After, ":")
	items, err := a.cfg.Outages.List(ctx, in.Site, OutagePlace{source, address}, in.Limit+1)
	if err != nil {
		return nil, err
	}
	listed := Listed[Outage]{Items: append([]Outage{}, items[:min(len(items), in.Limit)]...)}
	if len(items) > in.Limit {
		last := listed.Items[in.Limit-1]
		listed.Next = last.Source + ":" + last.Address
	}
	return &listOutput[Outage]{Body: listed}, nil
}

// outageImport replaces all flags of a source at once, when the last line has
// been read: until then callers hear of the old ones.
func (a *API) outageImport() {
	parse := newLineParser[Outage](a)
	type input struct {
		importInput
		Source string `query:"source" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" default:"crm" doc:"Whose flags are replaced"`
	}
	stream(a, outages.importOp("Replaces all flags of a source: those not named are cleared, all at once when the last line has been read."),
		func(ctx context.Context, in *input) (*importOutput, error) {
			next, err := a.cfg.OutageImporter.Import(ctx, in.Site, in.Source)
			if err != nil {
				return nil, about("source", in.Source, err)
			}
			told, err := takeLines(ctx, a, in.lines, func(ctx context.Context, line []byte) error {
				o, err := parse.line(line)
				if err == nil {
					err = invalid(belongs(&o, in.Site, in.Source))
				}
				if err == nil {
					err = next.Add(ctx, o)
				}
				return err
			})
			if err == nil {
				err = next.Commit(ctx)
			}
			if err != nil {
				return nil, brokeOff(told, "nothing changed", err)
			}
			return &importOutput{told}, nil
		})
}

// belongs takes from the request what the line of an import leaves out.
func belongs(o *Outage, site, source string) Invalid {
	faults := append(same("site", &o.Site, site), same("source", &o.Source, source)...)
	if o.Address == "" {
		faults = append(faults, Fault{Location: "address", Message: "is missing"})
	}
	return append(faults, o.stale(time.Now())...)
}

// overrun is how long a flag stays beyond its expected end, unless it says.
const overrun = time.Hour

// stale refuses a flag that would be gone already: whoever sets it believes
// that callers are told.
func (o *Outage) stale(now time.Time) Invalid {
	switch {
	case !o.Expires.IsZero() && !o.Expires.After(now):
		return Invalid{{Location: "expires", Message: "has passed: the flag would be gone already"}}
	case o.Expires.IsZero() && !o.Until.IsZero() && !o.Until.Add(overrun).After(now):
		return Invalid{{Location: "until", Message: "has passed by more than an hour: the flag would be gone already"}}
	}
	return nil
}
