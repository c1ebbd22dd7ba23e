package dialplan

import "github.com/dialgraph/dialgraph/internal/jsonobject"

// Encode returns the cursor as JSON, byte for byte as encoding/json writes it. A
// call is saved at each step, which is why it is not written by that.
func (c *Cursor) Encode() ([]byte, error) {
	w := jsonobject.New()
	w.Open("")
	w.Int("v", int64(c.Schema))
	w.Text("call", c.Call)
	w.Text("menu", c.Menu)
	w.Text("version", c.Version)
	w.Text("node", c.Node)
	c.State.encode(w)
	w.SomeTexts("stack", c.Stack)
	w.SomeMap("vars", c.Vars)
	w.SomeText("lang", c.Language)
	w.SomeText("typed", c.Typed)
	w.SomeInt("walked", int64(c.Walked))
	w.Int("visit", int64(c.Visit))
	w.SomeTexts("path", c.Path)
	w.SomeTextMap("tags", c.Tags)
	c.Caller.encode(w)
	c.Called.encode(w)
	w.Time("started", c.Started)
	if c.Account != (Account{}) {
		c.Account.encode(w)
	}
	w.Close()
	return w.End()
}

func (s *State) encode(w *jsonobject.Writer) {
	w.Open("state")
	w.SomeText("phase", s.Phase)
	w.SomeInt("tries", int64(s.Tries))
	w.SomeInt("index", int64(s.Index))
	w.SomeText("digits", s.Digits)
	w.SomeText("ticket", s.Ticket)
	if s.Offer != nil {
		w.Any("offer", s.Offer)
	}
	w.SomeText("bridge", s.Bridge)
	w.SomeTime("until", s.Until)
	w.SomeTime("since", s.Since)
	w.Close()
}

func (c *Caller) encode(w *jsonobject.Writer) {
	w.Open("caller")
	w.SomeText("number", c.Number)
	w.SomeTrue("withheld", c.Withheld)
	w.SomeTrue("known", c.Known)
	w.SomeText("customer", c.Customer)
	w.SomeText("name", c.Name)
	w.SomeText("contract", c.Contract)
	w.SomeText("address", c.Address)
	w.SomeText("language", c.Language)
	w.SomeInt("credit", int64(c.Credit))
	w.SomeText("manager", c.Manager)
	w.SomeTextMap("extra", c.Extra)
	w.Close()
}

func (c *Called) encode(w *jsonobject.Writer) {
	w.Open("called")
	w.Text("number", c.Number)
	w.Text("site", c.Site)
	w.SomeText("trunk", c.Trunk)
	w.Close()
}

func (a *Account) encode(w *jsonobject.Writer) {
	w.Open("account")
	w.SomeTime("answered", a.Answered)
	w.SomeInt("talk", int64(a.Talk))
	w.SomeInt("missing", int64(a.Missing))
	w.Close()
}
