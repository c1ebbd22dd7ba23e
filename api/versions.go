package api

import (
	"context"
	"net/http"
)

func (a *API) menuVersions() {
	register(a, menuOp(http.MethodGet, "/{menu}/versions", "list-menu-versions", "List a menu's versions", "The newest first; at most 1,000 are kept.", mayRead),
		func(ctx context.Context, in *struct{ MenuPath }) (*listOutput[MenuVersion], error) {
			all, err := a.cfg.Menus.Versions(ctx, in.Menu)
			if err != nil {
				return nil, about("menu", in.Menu, err)
			}
			return &listOutput[MenuVersion]{Body: Listed[MenuVersion]{Items: append([]MenuVersion{}, all...)}}, nil
		})
	type activation struct {
		ETag string `header:"ETag" doc:"The active version"`
		Body MenuState
	}
	register(a, menuOp(http.MethodPost, "/{menu}/activate", "activate-menu", "Activate a version",
		"Calls that begin within a second from now walk this version; calls that are under way stay on theirs. An earlier version may be activated again.", adminOnly),
		func(ctx context.Context, in *struct {
			MenuPath
			IfMatch string `header:"If-Match" maxLength:"1024" doc:"Only when the active version is one of these"`
			Body    struct {
				Version string `json:"version" pattern:"^[0-9a-f]{32}$" maxLength:"32" doc:"As PUT or the list of versions has told"`
			} `nameHint:"Activation"`
		}) (*activation, error) {
			version := in.Body.Version
			if err := a.cfg.Menus.Activate(ctx, in.Menu, version, activeIs(in.IfMatch)); err != nil {
				return nil, about("menu version", in.Menu+" "+version, err)
			}
			return &activation{quote(version), MenuState{Menu: in.Menu, Active: version}}, nil
		})
}
