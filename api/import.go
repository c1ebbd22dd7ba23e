package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
)

// Bounds of an import. Its length has none: it is read line by line.
const (
	maxLine   = 64 << 10 // bytes of one line
	batchSize = 500      // lines given to the store at once
	maxTold   = 1000     // bad lines told of; further ones are counted
)

// Imported is what became of an import.
type Imported struct {
	Lines int       `json:"lines" doc:"Lines read, empty ones not counted"`
	Kept  int       `json:"kept" doc:"Lines kept"`
	Bad   int       `json:"bad" doc:"Lines refused"`
	Error []BadLine `json:"errors,omitempty" maxItems:"1000" doc:"The first 1,000 bad lines"`
}

// A BadLine is one line of an import that was refused.
type BadLine struct {
	Line   int     `json:"line" doc:"Its number, from 1"`
	Faults []Fault `json:"faults" nullable:"false"`
}

func (i *Imported) refuse(line int, faults ...Fault) {
	i.Bad++
	if len(i.Error) < maxTold {
		i.Error = append(i.Error, BadLine{Line: line, Faults: faults})
	}
}

// body is the request's body, still unread.
type body struct {
	lines *bufio.Reader
	more  func() // there is progress: the deadlines move
}

// importInput is a request whose body huma leaves alone.
type importInput struct {
	target
	body body
}

// Resolve is called by huma for every request.
func (in *importInput) Resolve(ctx huma.Context) []error {
	r, w := humachi.Unwrap(ctx)
	control := http.NewResponseController(w)
	in.body.lines = bufio.NewReaderSize(r.Body, maxLine)
	in.body.more = func() {
		now := time.Now()
		_ = control.SetReadDeadline(now.Add(bodyTimeout)) // not every ResponseWriter can
		_ = control.SetWriteDeadline(now.Add(bodyTimeout + requestTimeout))
	}
	return in.target.Resolve(ctx)
}

// next returns the next line without its end. tooLong says that it was longer
// than maxLine and has been skipped. The error is io.EOF after the last line.
func (b *body) next() (line []byte, tooLong bool, err error) {
	line, err = b.lines.ReadSlice('\n')
	for errors.Is(err, bufio.ErrBufferFull) {
		tooLong = true
		line, err = b.lines.ReadSlice('\n')
	}
	if errors.Is(err, io.EOF) && (len(line) > 0 || tooLong) {
		err = nil
	}
	return bytes.TrimSpace(line), tooLong, err
}

// lineReader turns lines into resources with the same checks as a PUT.
type lineReader[T any] struct {
	registry huma.Registry
	schema   *huma.Schema
}

func newLineReader[T any](a *API) lineReader[T] {
	registry := a.huma.OpenAPI().Components.Schemas
	return lineReader[T]{registry, registry.Schema(reflect.TypeFor[T](), true, "")}
}

func (l lineReader[T]) read(line []byte) (v T, faults []Fault) {
	var plain any
	if err := json.Unmarshal(line, &plain); err != nil {
		return v, []Fault{{Message: "not JSON: " + err.Error()}}
	}
	path, result := huma.NewPathBuffer(nil, 0), &huma.ValidateResult{}
	huma.Validate(l.registry, l.schema, path, huma.ModeWriteToServer, plain, result)
	for _, err := range result.Errors {
		var e *huma.ErrorDetail
		if errors.As(err, &e) {
			faults = append(faults, Fault{Location: e.Location, Message: e.Message})
		}
	}
	if faults != nil {
		return v, faults
	}
	if err := json.Unmarshal(line, &v); err != nil {
		return v, []Fault{{Message: err.Error()}}
	}
	return v, nil
}

// An intake reads one import.
type intake[T any] struct {
	body  *body
	read  lineReader[T]
	check func(*T) []Fault // completes what the line leaves out
	keep  func(context.Context, []T) ([]error, error)
	fault func(error) []Fault // what the client may know of an error

	told  Imported
	batch []T
	lines []int // of the batch
}

// run reads to the end of the body. Bad lines are told of; its error ends the
// import where it stands.
func (in *intake[T]) run(ctx context.Context) (Imported, error) {
	for number := 1; ; number++ {
		in.body.more()
		line, tooLong, err := in.body.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return in.told, newProblem(http.StatusBadRequest, fmt.Sprintf("the body broke off in line %d; the lines before it are kept", number))
		}
		if err := in.take(ctx, number, line, tooLong); err != nil {
			return in.told, err
		}
	}
	return in.told, in.flush(ctx)
}

func (in *intake[T]) take(ctx context.Context, number int, line []byte, tooLong bool) error {
	if len(line) == 0 && !tooLong {
		return nil
	}
	in.told.Lines++
	if tooLong {
		in.told.refuse(number, Fault{Message: fmt.Sprintf("longer than %d bytes", maxLine)})
		return nil
	}
	v, faults := in.read.read(line)
	if faults == nil {
		faults = in.check(&v)
	}
	if faults != nil {
		in.told.refuse(number, faults...)
		return nil
	}
	in.batch, in.lines = append(in.batch, v), append(in.lines, number)
	if len(in.batch) < batchSize {
		return nil
	}
	return in.flush(ctx)
}

func (in *intake[T]) flush(ctx context.Context) error {
	if len(in.batch) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	faults, err := in.keep(ctx, in.batch)
	if err != nil {
		return err
	}
	for i, line := range in.lines {
		if i < len(faults) && faults[i] != nil {
			in.told.refuse(line, in.fault(faults[i])...)
			continue
		}
		in.told.Kept++
	}
	in.batch, in.lines = in.batch[:0], in.lines[:0]
	return nil
}

// faultsOf is what the client may know of a line that the store refused.
func (a *API) faultsOf(ctx context.Context) func(error) []Fault {
	return func(err error) []Fault {
		p := a.problem(ctx, err)
		if len(p.Errors) > 0 {
			return p.Errors
		}
		return []Fault{{Message: p.Detail}}
	}
}

type importOutput struct{ Body Imported }

// importOp describes an import: huma does not read its body.
func (n noun) importOp(doc string) huma.Operation {
	op := n.op(http.MethodPost, "import-"+n.many, "Import "+n.many, false, n.write)
	op.Path += ":import"
	op.Description = doc + " One JSON object a line (NDJSON), each at most 64 KiB, any number of lines. Bad lines are told of, the good ones kept."
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
	return op
}

// importing registers the import of a noun.
func importing[T any, P named[T]](a *API, n noun, keep Importer[T]) {
	reader := newLineReader[T](a)
	stream(a, n.importOp("Creates or replaces the "+n.many+" named; others stay as they are."), func(ctx context.Context, in *importInput) (*importOutput, error) {
		told, err := (&intake[T]{
			body: &in.body, read: reader, keep: keep.PutAll, fault: a.faultsOf(ctx),
			check: func(v *T) []Fault { return complete[T, P](v, n, in.Site) },
		}).run(ctx)
		if err != nil {
			return nil, err
		}
		return &importOutput{told}, nil
	})
}
