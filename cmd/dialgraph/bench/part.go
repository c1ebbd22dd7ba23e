package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The bench is several processes, so that the processor time of each can be
// told apart. Its own parts speak by lines of JSON: an order on the standard
// input, an answer on the standard output. A part ends when its input does, so
// that none outlives the bench, however that ends.

// An answer is what a part says to one order.
type answer struct {
	Fault string          `json:"fault,omitempty"`
	Value json.RawMessage `json:"value,omitempty"`
}

// parts are the processes of the bench by name.
var parts = map[string]func(ctx context.Context, in io.Reader, out io.Writer) error{
	partLoad: func(ctx context.Context, in io.Reader, out io.Writer) error {
		return serve(ctx, in, out, newLoad().obey)
	},
	partFloor: func(ctx context.Context, in io.Reader, out io.Writer) error { return serve(ctx, in, out, listenFloor) },
	PartInstance: func(ctx context.Context, in io.Reader, out io.Writer) error {
		return serve(ctx, in, out, obeyInstance())
	},
	partESLGo: func(ctx context.Context, in io.Reader, out io.Writer) error { return serve(ctx, in, out, listenESLGo) },
}

// Names of the parts.
const (
	partLoad  = "load"
	partFloor = "floor"
	partESLGo = "eslgo"

	// PartInstance is a controller without sockets, and wants its runtime set as one.
	PartInstance = "instance"
)

// Part runs one process of the bench until its input ends.
func Part(ctx context.Context, name string, in io.Reader, out io.Writer) error {
	part, ok := parts[name]
	if !ok {
		return fmt.Errorf("bench has no part %q", name)
	}
	return part(ctx, in, out)
}

// serve obeys orders, one after the other.
func serve[Order, Answer any](ctx context.Context, in io.Reader, out io.Writer, obey func(context.Context, Order) (Answer, error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := make(chan []byte)
	go func() {
		defer cancel() // the bench is gone: whatever is under way ends
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- append([]byte(nil), s.Bytes()...):
			case <-ctx.Done():
				return
			}
		}
	}()
	encoder := json.NewEncoder(out)
	for line := range lines {
		var o Order
		err := json.Unmarshal(line, &o)
		var a answer
		if err == nil {
			var value Answer
			if value, err = obey(ctx, o); err == nil {
				a.Value, err = json.Marshal(value)
			}
		}
		if err != nil {
			a.Fault = err.Error()
		}
		if err := encoder.Encode(a); err != nil {
			return err
		}
	}
	return nil
}

// read is the other side of serve.
func (a answer) read(into any) error {
	if a.Fault != "" {
		return errors.New(a.Fault)
	}
	return json.Unmarshal(a.Value, into)
}
