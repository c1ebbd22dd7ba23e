package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
)

// maxTold bounds the bad lines that are told of; further ones are counted.
const maxTold = 1000

// Imported is what became of an import.
type Imported struct {
	Lines  int       `json:"lines" doc:"Lines read, empty ones not counted"`
	Kept   int       `json:"kept" doc:"Lines kept"`
	Bad    int       `json:"bad" doc:"Lines refused"`
	Errors []BadLine `json:"errors,omitempty" maxItems:"1000" doc:"The first 1,000 bad lines"`
}

// A BadLine is one line of an import that was refused.
type BadLine struct {
	Line   int     `json:"line" doc:"Its number, from 1; empty lines count"`
	Errors []Fault `json:"errors" nullable:"false"`
}

func (i *Imported) refuse(line int, faults ...Fault) {
	i.Bad++
	if len(i.Errors) < maxTold {
		i.Errors = append(i.Errors, BadLine{Line: line, Errors: faults})
	}
}

// importInput is a request whose body huma leaves alone.
type importInput struct {
	target
	lines *lineReader
}

// Resolve is called by huma for every request.
func (in *importInput) Resolve(ctx huma.Context) []error {
	r, w := humachi.Unwrap(ctx)
	in.lines = newLineReader(r.Body, http.NewResponseController(w))
	return in.target.Resolve(ctx)
}

type importOutput struct{ Body Imported }

// importOp describes an import.
func (n noun) importOp(doc string) huma.Operation {
	op := n.op(http.MethodPost, "import-"+n.many, "Import "+n.many, false, n.write)
	op.Path += ":import"
	op.Description = doc + " One JSON object a line (NDJSON), each at most 64 KiB, any number of lines. Bad lines are told of, the good ones kept."
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
	return op
}

// importing registers the import of a collection.
func importing[T any, P named[T]](a *API, n noun, c Collection[T]) {
	parse := newLineParser[T](a)
	stream(a, n.importOp("Creates or replaces the "+n.many+" named; others stay as they are."), func(ctx context.Context, in *importInput) (*importOutput, error) {
		told, err := takeLines(ctx, a, in.lines, func(ctx context.Context, line []byte) error {
			v, err := parse.line(line)
			if err == nil {
				err = invalid(complete[T, P](&v, n, in.Site))
			}
			if err == nil {
				_, err = c.Put(ctx, v, nil)
			}
			return err
		})
		if err != nil {
			return nil, brokeOff(told, "they stay", err)
		}
		return &importOutput{told}, nil
	})
}

// takeLines hands every line to take. What is wrong with a line is told of;
// any other error ends the import where it stands.
func takeLines(ctx context.Context, a *API, lines *lineReader, take func(context.Context, []byte) error) (told Imported, err error) {
	for {
		line, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return told, nil
		case errors.Is(err, errTooLong):
			told.Lines++
			told.refuse(lines.number, Fault{Message: err.Error()})
			continue
		case err != nil:
			return told, fmt.Errorf("%w: %w", errBody, err)
		case len(line) == 0:
			continue
		}
		told.Lines++
		if err := takeLine(ctx, line, take); err != nil {
			faults, ok := a.lineFaults(err)
			if !ok {
				return told, err
			}
			told.refuse(lines.number, faults...)
			continue
		}
		told.Kept++
	}
}

func takeLine(ctx context.Context, line []byte, take func(context.Context, []byte) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return take(ctx, line)
}

// lineFaults is what an error says about its line; ok is false when it is not
// the line's fault.
func (a *API) lineFaults(err error) (faults []Fault, ok bool) {
	err = a.translate(err)
	var wrong Invalid
	switch {
	case errors.As(err, &wrong):
		return wrong, true
	case errors.Is(err, ErrConflict), errors.Is(err, ErrInUse), errors.Is(err, ErrNotFound):
		return []Fault{{Message: newKnown(err).Detail}}, true
	}
	return nil, false
}

// brokeOff is the problem of an import that did not come to its end.
func brokeOff(told Imported, fate string, err error) error {
	return &subject{what: fmt.Sprintf("import broke off after %d lines, of which %d were kept (%s)", told.Lines, told.Kept, fate), err: err}
}

// invalid is nil for no faults: an empty Invalid in an error would not be.
func invalid(faults Invalid) error {
	if len(faults) == 0 {
		return nil
	}
	return faults
}
