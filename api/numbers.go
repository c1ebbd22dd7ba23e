package api

// A Number is a telephone number that callers dial, and what stands behind it.
type Number struct {
	Number   string `json:"number,omitempty" maxLength:"21" example:"+380442300303" doc:"E.164, or digits as dialled; the one in the path when missing"`
	Menu     string `json:"menu" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" example:"support-line" doc:"The menu that takes the calls"`
	Site     string `json:"site,omitempty" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" default:"default" doc:"The site that the number belongs to"`
	Language string `json:"language,omitempty" maxLength:"35" pattern:"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$" example:"uk" doc:"Language of the line; the menu's own when missing"`
	Fallback string `json:"fallback,omitempty" maxLength:"128" pattern:"^[A-Za-z0-9+*#_.-]+( XML [A-Za-z0-9_.-]+)?$" example:"2000 XML default" doc:"Where calls go when the menu is left or cannot run: EXTENSION, or EXTENSION XML CONTEXT of FreeSWITCH's dialplan; a spoken notice when missing"`
	Answer   string `json:"answer,omitempty" enum:"at-once,at-input,by-agent" default:"at-once" doc:"When the call is answered, and the caller starts to pay"`
	MaxCalls int    `json:"max_calls,omitempty" minimum:"0" maximum:"100000" doc:"Live calls at once; 0 for no limit"`
}

func (n *Number) name() (site, id *string) { return nil, &n.Number }

func (a *API) numbers() {
	collect(a, noun{
		one: "number", many: "numbers", number: true, write: adminOnly, read: mayRead,
		doc: "A telephone number that callers dial: which menu takes its calls, where it belongs, and what happens when the menu is left.",
	}, a.cfg.Numbers)
}
