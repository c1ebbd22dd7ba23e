package api

import (
	"context"
	"fmt"
	"net/http"
	"regexp"

	"github.com/danielgtaylor/huma/v2"
)

// A Ref names one resource. Site is set for nouns that belong to a site.
type Ref struct{ Site, ID string }

// A Page asks for part of a list, in the order of ids.
type Page struct {
	Site  string // set for nouns that belong to a site
	After string // the last id already seen, "" for the beginning
	Limit int    // 1 to MaxPage and one: whether there is more is told by one too many
}

// MaxPage is the most that a client gets at once.
const MaxPage = 1000

// A Check is asked, in the same transaction that changes a resource, whether
// it may be changed: now is what is there, nil for nothing. Its error refuses
// the change and comes back to the client.
type Check[T any] func(now *T) error

// A Collection keeps the resources of one noun. ErrNotFound, ErrInUse,
// ErrConflict and Invalid are its answers to what cannot be done.
type Collection[T any] interface {
	Get(ctx context.Context, r Ref) (T, error)
	List(ctx context.Context, p Page) ([]T, error)
	// Put makes the resource what v says. A nil check allows everything.
	Put(ctx context.Context, v T, check Check[T]) (created bool, err error)
	Delete(ctx context.Context, r Ref, check Check[T]) error
}

// A noun is how a collection appears in the API.
type noun struct {
	one, many string
	doc       string  // one sentence for the reference
	sited     bool    // belongs to a site
	number    bool    // its id is a telephone number
	write     []Scope // who may change it
	read      []Scope // who may look at it
}

// named is implemented by pointers to resources: the fields that name them,
// the site nil when the resource belongs to none.
type named[T any] interface {
	*T
	name() (site, id *string)
}

var (
	idPattern     = regexp.MustCompile(patternID)
	numberPattern = regexp.MustCompile(patternNumber)
)

// What names may hold.
const (
	patternID     = `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`
	patternNumber = `^(\+[1-9][0-9]{1,14}|[0-9]{1,20}|default)$`
)

// DefaultSite is the site of requests that name none.
const DefaultSite = "default"

// target reads the resource's name from the request, and checks it.
type target struct{ Ref }

// Resolve is called by huma for every request.
func (t *target) Resolve(ctx huma.Context) []error {
	var faults []error
	for _, p := range ctx.Operation().Parameters {
		switch {
		case p.In == "path":
			t.ID = ctx.Param(p.Name)
			if !regexpOf(p).MatchString(t.ID) {
				faults = append(faults, &huma.ErrorDetail{Location: "path." + p.Name, Message: "want " + p.Schema.Description})
			}
		case p.Name == "site":
			if t.Site = ctx.Query("site"); t.Site == "" {
				t.Site = DefaultSite
			}
			if !idPattern.MatchString(t.Site) {
				faults = append(faults, &huma.ErrorDetail{Location: "query.site", Message: "want " + p.Schema.Description})
			}
		}
	}
	return faults
}

func regexpOf(p *huma.Param) *regexp.Regexp {
	if p.Schema.Pattern == patternNumber {
		return numberPattern
	}
	return idPattern
}

// params documents the names that target reads.
func (n noun) params(one bool) []*huma.Param {
	var all []*huma.Param
	if one {
		id := &huma.Schema{Type: huma.TypeString, Pattern: patternID, Description: "1 to 64 of A-Z a-z 0-9 . _ -, a letter or a digit first"}
		if n.number {
			id = &huma.Schema{Type: huma.TypeString, Pattern: patternNumber, Description: "E.164 such as +380441234567, or 1 to 20 digits as dialled, or default for all numbers without an entry"}
		}
		all = append(all, &huma.Param{Name: n.one, In: "path", Required: true, Schema: id})
	}
	if n.sited {
		all = append(all, &huma.Param{Name: "site", In: "query", Schema: &huma.Schema{
			Type: huma.TypeString, Pattern: patternID, Default: DefaultSite,
			Description: "1 to 64 of A-Z a-z 0-9 . _ -, a letter or a digit first",
		}})
	}
	return all
}

func (n noun) op(method, id, summary string, one bool, scopes []Scope) huma.Operation {
	path := "/v1/" + n.many
	if one {
		path += "/{" + n.one + "}"
	}
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Tags: []string{n.many},
		Summary: summary, Description: n.doc,
		Parameters: n.params(one), Security: security(scopes),
	}
}

type (
	getInput struct {
		target
		Conditions
	}
	listInput struct {
		target
		After string `query:"after" maxLength:"512" doc:"The last id already seen: next of the page before"`
		Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most"`
	}
	putInput[T any] struct {
		target
		Conditions
		Body T
	}
	oneOutput[T any] struct {
		Status int
		ETag   string `header:"ETag" doc:"Changes with the resource; for If-Match and If-None-Match"`
		Body   T
	}
	listOutput[T any] struct {
		Body Listed[T]
	}
)

// Listed is one page of a list.
type Listed[T any] struct {
	Items []T    `json:"items" nullable:"false" doc:"In the order of their ids"`
	Next  string `json:"next,omitempty" doc:"For the query parameter after; missing on the last page"`
}

// collect registers the four operations of a noun.
func collect[T any, P named[T]](a *API, n noun, c Collection[T]) {
	register(a, n.op(http.MethodGet, "list-"+n.many, "List "+n.many, false, n.read), func(ctx context.Context, in *listInput) (*listOutput[T], error) {
		items, err := c.List(ctx, Page{Site: in.Site, After: in.After, Limit: in.Limit + 1})
		if err != nil {
			return nil, err
		}
		return &listOutput[T]{Body: page[T, P](items, in.Limit)}, nil
	})
	register(a, n.op(http.MethodGet, "get-"+n.one, "Get one of the "+n.many, true, n.read), func(ctx context.Context, in *getInput) (*oneOutput[T], error) {
		v, err := c.Get(ctx, in.Ref)
		if err != nil {
			return nil, about(n.one, in.ID, err)
		}
		return answer(in.Conditions, v)
	})
	register(a, n.op(http.MethodPut, "put-"+n.one, "Create or replace one of the "+n.many, true, n.write), func(ctx context.Context, in *putInput[T]) (*oneOutput[T], error) {
		if faults := agree[T, P](&in.Body, n, in.Ref); faults != nil {
			return nil, faults
		}
		created, err := c.Put(ctx, in.Body, checkOf[T](in.Conditions))
		if err != nil {
			return nil, about(n.one, in.ID, err)
		}
		// What is kept may be spelt otherwise than what was sent.
		kept, err := c.Get(ctx, in.Ref)
		if err != nil {
			return nil, about(n.one, in.ID, err)
		}
		out := &oneOutput[T]{Status: http.StatusOK, ETag: etag(kept), Body: kept}
		if created {
			out.Status = http.StatusCreated
		}
		return out, nil
	})
	register(a, n.op(http.MethodDelete, "delete-"+n.one, "Delete one of the "+n.many, true, n.write), func(ctx context.Context, in *getInput) (*struct{}, error) {
		return nil, about(n.one, in.ID, c.Delete(ctx, in.Ref, checkOf[T](in.Conditions)))
	})
}

// page cuts the one item too many that tells whether there is more.
func page[T any, P named[T]](items []T, limit int) Listed[T] {
	if len(items) <= limit {
		return Listed[T]{Items: append([]T{}, items...)}
	}
	_, last := P(&items[limit-1]).name()
	return Listed[T]{Items: items[:limit], Next: *last}
}

// agree takes the resource's name from the request where the body leaves it
// out; a body that names another is refused.
func agree[T any, P named[T]](v *T, n noun, r Ref) Invalid {
	site, id := P(v).name()
	faults := same(n.one, id, r.ID)
	if site != nil {
		faults = append(faults, same("site", site, r.Site)...)
	}
	return faults
}

func same(location string, have *string, want string) Invalid {
	if *have == "" {
		*have = want
	}
	if *have != want {
		return Invalid{{Location: location, Message: fmt.Sprintf("is %q, but the request is for %q", *have, want)}}
	}
	return nil
}

// complete is agree for a line of an import, which has to name its resource.
func complete[T any, P named[T]](v *T, n noun, site string) Invalid {
	_, id := P(v).name()
	if !idPattern.MatchString(*id) {
		return Invalid{{Location: n.one, Message: "want 1 to 64 of A-Z a-z 0-9 . _ -, a letter or a digit first"}}
	}
	return agree[T, P](v, n, Ref{Site: site, ID: *id})
}
