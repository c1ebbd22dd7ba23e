package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// What the interfaces of [Config] answer with when something is wrong. They
// may wrap these; any other error is a 500 without a word about its cause,
// which is in the log under the request's id.
var (
	ErrNotFound    = errors.New("not found")
	ErrConflict    = errors.New("changed by somebody else")
	ErrInUse       = errors.New("in use")
	ErrUnavailable = errors.New("store does not answer")
	// ErrPrecondition says that an If-Match or If-None-Match does not hold.
	ErrPrecondition = errors.New("precondition failed")

	errBody = errors.New("body broke off")
)

// statuses is the one table from errors to HTTP statuses and what clients are
// told.
var statuses = []struct {
	err    error
	status int
	tell   string
}{
	{ErrNotFound, http.StatusNotFound, "there is none"},
	{ErrPrecondition, http.StatusPreconditionFailed, "it is not in the state that If-Match or If-None-Match asks for: get it again"},
	{ErrConflict, http.StatusConflict, "somebody else changed it at the same moment: get it again and repeat"},
	{ErrInUse, http.StatusConflict, "something else still refers to it"},
	{ErrUnavailable, http.StatusServiceUnavailable, "the store does not answer: try again"},
	{errBody, http.StatusBadRequest, "the body ended before its end, or came too slowly"},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "the store does not answer in time: try again"},
	{context.Canceled, http.StatusServiceUnavailable, "the request was given up"},
}

// A Fault is one thing that is wrong with a request.
type Fault struct {
	Location string `json:"location,omitempty" doc:"Where: a field such as body.numbers[0], or a place in a menu document" example:"body.until"`
	Message  string `json:"message" doc:"What is wrong and what is wanted"`
	Line     int    `json:"line,omitempty" doc:"Line of a menu document, from 1"`
	Column   int    `json:"column,omitempty" doc:"Column of a menu document, from 1, in characters"`
}

// Invalid is the error for a resource that breaks a rule that only the store
// or the menu's loader knows. The places are fields of the resource, such as
// numbers[0]. Its faults reach the client.
type Invalid []Fault

// Error is all the faults in one line.
func (i Invalid) Error() string {
	all := make([]string, len(i))
	for n, f := range i {
		all[n] = strings.TrimPrefix(f.Location+": "+f.Message, ": ")
	}
	return strings.Join(all, "; ")
}

func (i Invalid) within(prefix string) []Fault {
	all := slices.Clone(i)
	for n := range all {
		all[n].Location = strings.TrimSuffix(prefix+all[n].Location, ".")
	}
	return all
}

// A Problem is what a client gets instead of an answer (RFC 9457).
type Problem struct {
	Title   string  `json:"title" doc:"The HTTP status in words" example:"Unprocessable Entity"`
	Status  int     `json:"status" doc:"HTTP status" example:"422"`
	Detail  string  `json:"detail" doc:"What happened to this request" example:"validation failed"`
	Request string  `json:"request,omitempty" doc:"Id of the request, as in the server's log" example:"0198f3c2-8f6e-7c1d-b6d0-3f2a5d0c9e11"`
	Errors  []Fault `json:"errors,omitempty" maxItems:"1000" doc:"Every fault that was found"`
}

// Error is the detail, as huma's StatusError wants it.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status, as huma's StatusError wants it.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457, as huma's ContentTypeFilter wants it.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func newProblem(status int, detail string, faults ...Fault) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: detail, Errors: faults}
}

// about says what an error is about, for the problem's detail.
func about(noun, id string, err error) error {
	if err == nil {
		return nil
	}
	return &subject{what: fmt.Sprintf("%s %q", noun, id), err: err}
}

type subject struct {
	what string
	err  error
}

func (s *subject) Error() string { return s.what + ": " + s.err.Error() }
func (s *subject) Unwrap() error { return s.err }

// problem turns any error into what the client may know of it.
func (a *API) problem(ctx context.Context, err error) *Problem {
	err = a.translate(err)
	var ready *Problem
	if errors.As(err, &ready) {
		return ready
	}
	var invalid Invalid
	if errors.As(err, &invalid) {
		return newProblem(http.StatusUnprocessableEntity, "validation failed", invalid.within("body.")...)
	}
	p := newKnown(err)
	if p.Status >= http.StatusInternalServerError && ctx.Err() == nil { // else the client has gone
		a.cfg.Log.ErrorContext(ctx, "api request failed", "request", requestID(ctx), "error", err)
	}
	return p
}

// newKnown looks the error up in the table.
func newKnown(err error) *Problem {
	what := ""
	var s *subject
	if errors.As(err, &s) {
		what = s.what + ": "
	}
	for _, known := range statuses {
		if errors.Is(err, known.err) {
			return newProblem(known.status, what+known.tell)
		}
	}
	return newProblem(http.StatusInternalServerError, what+unexplained)
}

const unexplained = "something went wrong here; the log has it under the request's id"

func (a *API) translate(err error) error {
	if err == nil || a.cfg.Translate == nil {
		return err
	}
	return a.cfg.Translate(err)
}

// finish is huma's last look at every answer: its own problems get our form,
// and what it would tell of causes and of whole bodies stays here.
func finish(ctx huma.Context, _ string, v any) (any, error) {
	if theirs, ok := v.(*huma.ErrorModel); ok {
		told := newProblem(theirs.Status, theirs.Detail)
		if told.Status < http.StatusInternalServerError {
			all := make([]error, len(theirs.Errors))
			for i, e := range theirs.Errors {
				all[i] = e
			}
			told.Errors = ours(all)
		}
		v = told
	}
	if p, ok := v.(*Problem); ok {
		told := *p
		told.Request = requestID(ctx.Context())
		return &told, nil
	}
	return v, nil
}

// ours are huma's faults of one value, in a stable order.
func ours(theirs []error) []Fault {
	faults := make([]Fault, len(theirs))
	for i, err := range theirs {
		faults[i].Message = err.Error()
		var e *huma.ErrorDetail
		if errors.As(err, &e) {
			faults[i] = Fault{Location: e.Location, Message: e.Message}
		}
	}
	slices.SortFunc(faults, func(a, b Fault) int { return strings.Compare(a.Location+a.Message, b.Location+b.Message) })
	return faults
}
