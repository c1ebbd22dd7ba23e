package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// maxLine is the longest line of an import, in bytes.
const maxLine = 64 << 10

var errTooLong = fmt.Errorf("longer than %d bytes", maxLine)

// A lineReader reads a body line by line, of whatever length it is.
type lineReader struct {
	in      *bufio.Reader
	control *http.ResponseController // moves the deadlines as long as there is progress
	moved   time.Time                // when they were
	number  int                      // of the line read last, from 1
}

func newLineReader(body io.Reader, control *http.ResponseController) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(body, maxLine), control: control}
}

// next returns the next line without the space around it, valid until the next
// call; errTooLong when it was longer than maxLine and has been skipped; io.EOF
// after the last.
func (l *lineReader) next() ([]byte, error) {
	l.extend()
	l.number++
	line, err := l.in.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		if errors.Is(err, io.EOF) && len(line) > 0 {
			err = nil
		}
		return bytes.TrimSpace(line), err
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		l.extend()
		_, err = l.in.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return nil, errTooLong
}

// moveEvery is how often deadlines are moved: lines come by the ten thousand.
const moveEvery = time.Second

func (l *lineReader) extend() {
	now := time.Now()
	if now.Sub(l.moved) < moveEvery {
		return
	}
	l.moved = now
	_ = l.control.SetReadDeadline(now.Add(bodyTimeout + moveEvery)) // not every ResponseWriter can
	_ = l.control.SetWriteDeadline(now.Add(bodyTimeout + moveEvery + requestTimeout))
}

// A lineParser turns lines into resources with the same checks as a PUT.
type lineParser[T any] struct {
	registry huma.Registry
	schema   *huma.Schema
	checks   *sync.Pool // of lineCheck
}

// A lineCheck is what checking one line takes, kept for the next one: a million
// of them come in a row.
type lineCheck struct {
	object map[string]any
	path   *huma.PathBuffer
	result huma.ValidateResult
}

func newLineParser[T any](a *API) lineParser[T] {
	registry := a.huma.OpenAPI().Components.Schemas
	return lineParser[T]{
		registry, registry.Schema(reflect.TypeFor[T](), true, ""),
		&sync.Pool{New: func() any { return &lineCheck{object: make(map[string]any), path: huma.NewPathBuffer(nil, 0)} }},
	}
}

func (p lineParser[T]) line(line []byte) (v T, err error) {
	check := p.checks.Get().(*lineCheck)
	defer p.checks.Put(check)
	plain, err := check.read(line)
	if errors.Is(err, errNotUTF8) {
		return v, Invalid{{Message: err.Error()}}
	} else if err != nil {
		return v, Invalid{{Message: "not JSON: " + err.Error()}}
	}
	check.path.Reset()
	check.result.Reset()
	huma.Validate(p.registry, p.schema, check.path, huma.ModeWriteToServer, plain, &check.result)
	if len(check.result.Errors) > 0 {
		return v, Invalid(ours(check.result.Errors))
	}
	if err := json.Unmarshal(line, &v); err != nil {
		return v, Invalid{{Message: err.Error()}}
	}
	return v, nil
}

// read reads a line as plain JSON: an object into the one that is there.
func (c *lineCheck) read(line []byte) (plain any, err error) {
	if len(line) == 0 || line[0] != '{' {
		err = unmarshal(line, &plain)
		return plain, err
	}
	clear(c.object)
	err = unmarshal(line, &c.object)
	return c.object, err
}
