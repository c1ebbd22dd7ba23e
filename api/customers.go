package api

// A Customer is who calls, as far as the CRM tells.
type Customer struct {
	Customer string            `json:"customer,omitempty" maxLength:"64" example:"c-1001" doc:"The CRM's id; the one in the path when missing"`
	Numbers  []string          `json:"numbers,omitempty" maxItems:"32" nullable:"false" pattern:"^(\\+[1-9][0-9]{1,14}|[0-9]{1,20})$" example:"[\"+380671234567\"]" doc:"Telephone numbers, E.164; a number belongs to one customer"`
	Contract string            `json:"contract,omitempty" maxLength:"256" example:"12345678" doc:"Contract number, as the customer would key it in"`
	Name     string            `json:"name,omitempty" maxLength:"256" example:"Олена Шевченко" doc:"For the agent's screen"`
	Address  string            `json:"address,omitempty" maxLength:"1020" example:"kyiv/khreshchatyk/10/25" doc:"Path from large to small; an outage on any part of it is told to the customer"`
	Language string            `json:"language,omitempty" maxLength:"35" pattern:"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$" example:"uk" doc:"Preferred language"`
	Credit   int               `json:"credit,omitempty" minimum:"0" maximum:"86400" doc:"Priority in queues: as if the customer had called so many seconds earlier"`
	Manager  string            `json:"manager,omitempty" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" example:"maria" doc:"Agent who looks after this customer"`
	Extra    map[string]string `json:"extra,omitempty" doc:"Whatever else menus shall know, by name"`
}

func (c *Customer) name() (site, id *string) { return nil, &c.Customer }

func (a *API) customers() {
	n := noun{
		one: "customer", many: "customers", write: mayWrite, read: mayRead,
		doc: "Who calls: found by the calling number, told about outages at the address, put forward in queues by credit.",
	}
	collect(a, n, a.cfg.Customers)
	importing(a, n, a.cfg.Customers)
}
