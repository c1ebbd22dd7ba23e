package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dialgraph/dialgraph/dialplan"
)

// A MenuState is a menu and the version that new calls walk.
type MenuState struct {
	Menu   string `json:"menu"`
	Active string `json:"active,omitempty" doc:"Version that new calls walk; missing until one was activated"`
}

// A MenuVersion is one version of a menu.
type MenuVersion struct {
	Version string    `json:"version" doc:"Hash of the document"`
	Added   time.Time `json:"added"`
	Active  bool      `json:"active" doc:"New calls walk it"`
}

// Menus are the menu documents. A version never changes; which one is active
// does.
type Menus interface {
	MenuReader
	MenuWriter
}

// A MenuReader looks at menus.
type MenuReader interface {
	// List returns up to limit menus after the one given, sorted.
	List(ctx context.Context, after string, limit int) ([]MenuState, error)
	// Active returns the version that new calls walk, "" for none. ErrNotFound.
	Active(ctx context.Context, menu string) (version string, err error)
	// Get returns the document of a version as it was put. ErrNotFound.
	Get(ctx context.Context, menu, version string) (document []byte, err error)
	// Versions returns what is kept of a menu, the newest first. ErrNotFound.
	Versions(ctx context.Context, menu string) ([]MenuVersion, error)
}

// A MenuWriter changes menus.
type MenuWriter interface {
	// Put keeps a document that has been checked. What is active stays active.
	Put(ctx context.Context, menu string, document []byte) (version string, created bool, err error)
	// Activate makes a version the one that new calls walk. ErrNotFound.
	Activate(ctx context.Context, menu, version string, check Check[MenuState]) error
	// Delete forgets a menu and its versions. ErrInUse while a number leads to it.
	Delete(ctx context.Context, menu string) error
}

// A MenuChecked is what is known of a document that is valid.
type MenuChecked struct {
	Menu      string   `json:"menu"`
	Version   string   `json:"version" doc:"Hash of the document"`
	Active    bool     `json:"active" doc:"New calls walk it"`
	Nodes     int      `json:"nodes"`
	Languages []string `json:"languages" nullable:"false"`
	Queues    []string `json:"queues" nullable:"false" doc:"Queues that it sends callers to"`
}

const (
	typeYAML = "application/yaml"
	typeJSON = "application/json"
)

type (
	// MenuPath names a menu in a request.
	MenuPath struct {
		Menu string `path:"menu" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" example:"support-line"`
	}
	// DocumentInput is a document in YAML or JSON, whatever the Content-Type says: YAML
	// includes JSON.
	DocumentInput struct {
		MenuPath
		RawBody []byte `contentType:"application/yaml"`
	}
	checkedOutput struct {
		Status int
		ETag   string `header:"ETag" doc:"The active version"`
		Body   MenuChecked
	}
)

func (a *API) menus() {
	a.menuDocuments()
	a.menuVersions()
}

func menuOp(method, path, id, summary, doc string, scopes []Scope) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: "/v1/menus" + path, Tags: []string{"menus"},
		Summary: summary, Description: doc, Security: security(scopes), MaxBodyBytes: dialplan.MaxDocument,
	}
}

func (a *API) menuDocuments() {
	register(a, menuOp(http.MethodGet, "", "list-menus", "List menus", "All menus and the version of each that new calls walk.", mayRead), a.listMenus)
	register(a, menuOp(http.MethodGet, "/{menu}", "get-menu", "Get a menu's document", "The active version, or the one named, as it was put.", mayRead), a.getMenu)
	register(a, menuOp(http.MethodPut, "/{menu}", "put-menu", "Add a version of a menu",
		"Checks the document and keeps it as a version; with activate=true new calls walk it. A document that is not valid is refused with every fault and its place, and nothing changes.", adminOnly), a.putMenu)
	register(a, menuOp(http.MethodPost, "/{menu}/validate", "validate-menu", "Check a document", "The same checks as for PUT; nothing is kept.", mayRead),
		func(_ context.Context, in *DocumentInput) (*checkedOutput, error) {
			m, err := loadMenu(in.Menu, in.RawBody)
			if err != nil {
				return nil, err
			}
			return &checkedOutput{Status: http.StatusOK, Body: checkedOf(m, "")}, nil
		})
	register(a, menuOp(http.MethodDelete, "/{menu}", "delete-menu", "Delete a menu", "With all its versions. A menu that a number leads to stays.", adminOnly),
		func(ctx context.Context, in *struct{ MenuPath }) (*struct{}, error) {
			return nil, about("menu", in.Menu, a.cfg.Menus.Delete(ctx, in.Menu))
		})
}

func (a *API) listMenus(ctx context.Context, in *struct {
	After string `query:"after" maxLength:"64" doc:"The last menu already seen: next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most"`
}) (*listOutput[MenuState], error) {
	items, err := a.cfg.Menus.List(ctx, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &listOutput[MenuState]{Body: page(items, in.Limit)}, nil
}

func (m *MenuState) name() (site, id *string) { return nil, &m.Menu }

type menuDocument struct {
	Status int
	Type   string `header:"Content-Type"`
	ETag   string `header:"ETag" doc:"The version"`
	Body   []byte `contentType:"application/yaml"`
}

func (a *API) getMenu(ctx context.Context, in *struct {
	MenuPath
	Version     string `query:"version" maxLength:"32" pattern:"^[0-9a-f]{32}$" doc:"The active one when missing"`
	IfNoneMatch string `header:"If-None-Match" maxLength:"1024" doc:"Only when the version is none of these"`
}) (*menuDocument, error) {
	version := in.Version
	if version == "" {
		active, err := a.cfg.Menus.Active(ctx, in.Menu)
		if err != nil {
			return nil, about("menu", in.Menu, err)
		}
		if active == "" {
			return nil, newProblem(http.StatusNotFound, "the menu has no active version; see /v1/menus/"+in.Menu+"/versions")
		}
		version = active
	}
	if matches(in.IfNoneMatch, quote(version)) {
		return &menuDocument{Status: http.StatusNotModified, ETag: quote(version)}, nil
	}
	document, err := a.cfg.Menus.Get(ctx, in.Menu, version)
	if err != nil {
		return nil, about("menu", in.Menu, err)
	}
	out := &menuDocument{Status: http.StatusOK, Type: typeYAML, ETag: quote(version), Body: document}
	if bytes.HasPrefix(bytes.TrimSpace(document), []byte("{")) {
		out.Type = typeJSON
	}
	return out, nil
}

func (a *API) putMenu(ctx context.Context, in *struct {
	DocumentInput
	Activate bool   `query:"activate" doc:"New calls walk this version"`
	IfMatch  string `header:"If-Match" maxLength:"1024" doc:"With activate=true: only when the active version is one of these"`
}) (*checkedOutput, error) {
	m, err := loadMenu(in.Menu, in.RawBody)
	if err != nil {
		return nil, err
	}
	// The document belongs to huma's buffer, which is used again.
	version, created, err := a.cfg.Menus.Put(ctx, in.Menu, bytes.Clone(in.RawBody))
	if err != nil {
		return nil, about("menu", in.Menu, err)
	}
	if in.Activate {
		if err := a.cfg.Menus.Activate(ctx, in.Menu, version, activeIs(in.IfMatch)); err != nil {
			return nil, about("menu", in.Menu, err)
		}
	}
	active, err := a.cfg.Menus.Active(ctx, in.Menu)
	if err != nil {
		return nil, about("menu", in.Menu, err)
	}
	out := &checkedOutput{Status: http.StatusOK, Body: checkedOf(m, active)}
	if active != "" {
		out.ETag = quote(active)
	}
	if created {
		out.Status = http.StatusCreated
	}
	return out, nil
}

// loadMenu checks a document; its faults come back as Invalid.
func loadMenu(name string, document []byte) (*dialplan.Menu, error) {
	m, err := dialplan.Load(document, dialplan.Options{})
	var problems dialplan.Problems
	switch {
	case errors.As(err, &problems):
		faults := make(Invalid, len(problems))
		for i, p := range problems {
			faults[i] = Fault{Location: p.Path, Message: p.Message, Line: p.Line, Column: p.Col}
		}
		return nil, faults
	case err != nil:
		return nil, Invalid{{Location: "body", Message: err.Error()}}
	case m.ID() != name:
		return nil, Invalid{{Location: "menu", Message: "the document is of menu " + quote(m.ID()) + ", but the request is for " + quote(name)}}
	}
	return m, nil
}

func checkedOf(m *dialplan.Menu, active string) MenuChecked {
	return MenuChecked{
		Menu: m.ID(), Version: m.Version(), Active: m.Version() == active, Nodes: m.Len(),
		Languages: append([]string{}, m.Languages()...), Queues: append([]string{}, m.Queues()...),
	}
}

// activeIs is the check that the active version is one that the header names.
func activeIs(ifMatch string) Check[MenuState] {
	if ifMatch == "" {
		return nil
	}
	return func(now *MenuState) error {
		if now == nil || now.Active == "" || !matches(ifMatch, quote(now.Active)) {
			return ErrPrecondition
		}
		return nil
	}
}

func quote(version string) string { return `"` + version + `"` }
