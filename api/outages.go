package api

import (
	"context"
	"net/http"
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
	Until   time.Time `json:"until,omitzero" example:"2026-03-02T18:00:00+02:00" doc:"Expected end; the flag goes by itself then. Unknown when missing"`
}

// Outages are the flags that are set.
type Outages interface {
	// At returns all flags that apply to the address, the nearest first.
	At(ctx context.Context, site, address string) ([]Outage, error)
	// Set sets one flag, and returns it as it is kept.
	Set(ctx context.Context, o Outage) (Outage, error)
	// Clear removes the flag of one source on exactly this address, or the
	// flags of all sources when source is "". ErrNotFound when there is none.
	Clear(ctx context.Context, site, address, source string) error
	// Replace begins a new generation of all flags of a source.
	Replace(ctx context.Context, site, source string) (Generation, error)
}

// A Generation is a set of flags that replaces the one before at once, when
// it is complete.
type Generation interface {
	// Add adds flags; the faults are one for each, nil for what was kept.
	Add(ctx context.Context, all []Outage) (faults []error, err error)
	// Commit makes the generation the source's only one.
	Commit(ctx context.Context) error
	// Abort drops it; after Commit it does nothing.
	Abort(ctx context.Context)
}

// Place names an address of a site in a request.
type Place struct {
	Site    string `query:"site" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" default:"default" doc:"The site whose callers are told"`
	Address string `path:"address" maxLength:"1020" example:"kyiv/khreshchatyk/10" doc:"Path from large to small; the slashes stand as they are"`
}

func (a *API) outages() {
	op := func(method, id, summary, doc string, scopes []Scope) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: "/v1/outages/{address}", Tags: []string{"outages"},
			Summary: summary, Description: doc, Security: security(scopes),
			Metadata: map[string]any{"rest": "address"},
		}
	}
	register(a, op(http.MethodGet, "get-outages", "Outages that apply to an address",
		"All flags on the address itself and on every larger place that contains it, the nearest first. None is an empty list.", mayRead),
		func(ctx context.Context, in *struct{ Place }) (*listOutput[Outage], error) {
			all, err := a.cfg.Outages.At(ctx, in.Site, in.Address)
			if err != nil {
				return nil, about("address", in.Address, err)
			}
			return &listOutput[Outage]{Body: Listed[Outage]{Items: append([]Outage{}, all...)}}, nil
		})
	register(a, op(http.MethodPut, "put-outage", "Set an outage",
		"Sets the flag of one source on an address. One flag on a building or a street covers everything in it. Repeating the request changes nothing.", mayWrite),
		func(ctx context.Context, in *struct {
			Place
			Body Outage
		}) (*struct{ Body Outage }, error) {
			faults := append(same("body.site", &in.Body.Site, in.Site), same("body.address", &in.Body.Address, in.Address)...)
			if faults != nil {
				return nil, Invalid(faults)
			}
			kept, err := a.cfg.Outages.Set(ctx, in.Body)
			if err != nil {
				return nil, about("address", in.Address, err)
			}
			return &struct{ Body Outage }{kept}, nil
		})
	register(a, op(http.MethodDelete, "delete-outage", "Clear an outage",
		"Removes the flags that stand on exactly this address; those on larger places stay.", mayWrite),
		func(ctx context.Context, in *struct {
			Place
			Source string `query:"source" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" doc:"Only the flag of this source; all when missing"`
		}) (*struct{}, error) {
			return nil, about("address", in.Address, a.cfg.Outages.Clear(ctx, in.Site, in.Address, in.Source))
		})
	a.outageImport()
}

// outageImport replaces all flags of a source at once, when the last line has
// been read: until then the ones before stay in force.
func (a *API) outageImport() {
	n := noun{one: "outage", many: "outages", sited: true, write: mayWrite}
	reader := newLineReader[Outage](a)
	type input struct {
		importInput
		Source string `query:"source" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" default:"crm" doc:"Whose flags are replaced"`
	}
	stream(a, n.importOp("Replaces all flags of a source: those not named are cleared, all at once when the last line has been read."),
		func(ctx context.Context, in *input) (*importOutput, error) {
			next, err := a.cfg.Outages.Replace(ctx, in.Site, in.Source)
			if err != nil {
				return nil, about("source", in.Source, err)
			}
			defer next.Abort(context.WithoutCancel(ctx))
			told, err := (&intake[Outage]{
				body: &in.body, read: reader, keep: next.Add, fault: a.faultsOf(ctx),
				check: func(o *Outage) []Fault {
					faults := append(same("site", &o.Site, in.Site), same("source", &o.Source, in.Source)...)
					if o.Address == "" {
						faults = append(faults, Fault{Location: "address", Message: "is missing"})
					}
					return faults
				},
			}).run(ctx)
			if err != nil {
				return nil, err
			}
			if err := next.Commit(ctx); err != nil {
				return nil, about("source", in.Source, err)
			}
			return &importOutput{told}, nil
		})
}
