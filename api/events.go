package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
)

// Bounds of an event stream.
const (
	heartbeat   = 15 * time.Second // between signs of life
	maxStreams  = 256              // open at once
	streamLife  = time.Hour        // then the client comes back, and its key is looked at again
	eventWrite  = 10 * time.Second // for a client to take what is written
	streamRetry = 2000             // ms that a client waits before it comes back
)

type eventsInput struct {
	LastID string `header:"Last-Event-ID" maxLength:"64" doc:"Id of the last event seen: go on after it, as long as the same controller remembers it"`
}

type eventsOutput struct{ Body func(huma.Context) }

func (a *API) events() {
	schema := func(v any) *huma.Schema { return a.schema(v) }
	op := huma.Operation{
		OperationID: "watch-events", Method: http.MethodGet, Path: "/v1/events", Tags: []string{"events"}, Security: security(mayRead),
		Summary: "Watch what happens",
		Description: "A stream of server-sent events: call.started and call.ended with a Call; agent.status with an AgentStatus when one was set, and when an agent is offered a caller, answers or is done, so that the caller is on the screen before the telephone is picked up. They are those of the controller that is asked: its calls, and the requests to it. " +
			"A client that is too slow, or comes back too late, gets an event named missed with the number of events that are gone, and should read anew what it shows.",
		Responses: map[string]*huma.Response{"200": {
			Description: "Events as they happen",
			Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{
				OneOf: []*huma.Schema{schema(Call{}), schema(AgentStatus{}), schema(Missed{})},
			}}},
		}},
	}
	free := make(chan struct{}, maxStreams)
	stream(a, op, func(_ context.Context, in *eventsInput) (*eventsOutput, error) {
		return &eventsOutput{func(ctx huma.Context) {
			select {
			case free <- struct{}{}:
				defer func() { <-free }()
				a.watch(ctx, in.LastID)
			default:
				ctx.SetHeader("Retry-After", "10")
				a.refuse(ctx, newProblem(http.StatusServiceUnavailable, "too many event streams are open"))
			}
		}}, nil
	})
}

// Missed tells a client that events are gone.
type Missed struct {
	Events uint64 `json:"events" doc:"How many; 0 when nobody knows, since another controller sent the last one seen"`
}

// watch writes events until the client goes, does not read any more, or the
// API closes.
func (a *API) watch(hctx huma.Context, lastID string) {
	ctx, cancel := context.WithTimeout(hctx.Context(), streamLife)
	defer cancel()

	_, w := humachi.Unwrap(hctx)
	out := eventWriter{w: w, control: http.NewResponseController(w)}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would keep events back
	from, known, end := a.cfg.Events.watch(lastID)
	defer end()
	fmt.Fprintf(&out.pending, "retry: %d\n\n", streamRetry)
	if lastID != "" && !known {
		out.missed(0)
	}
	for out.flush() == nil {
		wait, stop := context.WithTimeout(ctx, heartbeat)
		e, at, lost, err := a.cfg.Events.read(wait, from)
		stop()
		switch {
		case ctx.Err() != nil, errors.Is(err, errFeedClosed):
			return
		case errors.Is(err, context.DeadlineExceeded):
			out.pending.WriteString(": still here\n\n")
			continue
		}
		if lost > 0 {
			out.missed(lost)
		}
		fmt.Fprintf(&out.pending, "id: %s\nevent: %s\ndata: %s\n\n", a.cfg.Events.id(at), e.kind, e.data)
		from = at + 1
	}
}

// eventWriter writes to one client, and gives up on one that does not read.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	pending bytes.Buffer
}

func (e *eventWriter) missed(events uint64) {
	fmt.Fprintf(&e.pending, "event: missed\ndata: {\"events\":%d}\n\n", events)
}

func (e *eventWriter) flush() error {
	_ = e.control.SetWriteDeadline(time.Now().Add(eventWrite)) // not every ResponseWriter can
	if _, err := e.pending.WriteTo(e.w); err != nil {
		return err
	}
	return e.control.Flush()
}
