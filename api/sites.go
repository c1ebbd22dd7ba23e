package api

// A Site is what the calls of its numbers share.
type Site struct {
	Site      string    `json:"site,omitempty" maxLength:"64" example:"default" doc:"Its name; the one in the path when missing"`
	Region    string    `json:"region" minLength:"2" maxLength:"2" pattern:"^[A-Z]{2}$" example:"UA" doc:"ISO 3166-1 country code, completes national numbers"`
	Templates Templates `json:"templates,omitempty" doc:"Dial strings of FreeSWITCH"`
	Outside   []string  `json:"outside,omitempty" maxItems:"1000" nullable:"false" pattern:"^\\+[1-9][0-9]{0,14}$" example:"[\"+380\"]" doc:"Prefixes, in E.164, of the numbers that may be dialled out; none when missing"`
	Presented string    `json:"presented,omitempty" maxLength:"16" pattern:"^\\+[1-9][0-9]{1,14}$" example:"+380442300303" doc:"Number shown to who is called outside; the caller's own when missing"`
}

// Templates make dial strings of what a menu or an agent names.
type Templates struct {
	Agent     string `json:"agent,omitempty" maxLength:"512" example:"sofia/internal/{contact}" doc:"With {contact}: an agent's telephone"`
	Extension string `json:"extension,omitempty" maxLength:"512" example:"user/{extension}" doc:"With {extension}: an internal number"`
	Outside   string `json:"outside,omitempty" maxLength:"512" example:"sofia/gateway/carrier/{number}" doc:"With {number}: an outside number"`
}

func (s *Site) name() (site, id *string) { return nil, &s.Site }

func (a *API) sites() {
	collect(a, noun{
		one: "site", many: "sites", write: adminOnly, read: mayRead,
		doc: "What the calls of a site's numbers share: the region of its numbers, how telephones are dialled, which numbers may be called out.",
	}, a.cfg.Sites)
}
