// Command crm shows what a CRM says to dialgraph, and what it hears: it flags
// an outage, sets an agent's status, and watches calls as they come.
//
//	crm -key KEY outage ADDRESS [FOR [MESSAGE]]
//	crm -key KEY agent AGENT available|break|logged-out
//	crm -key KEY watch
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	var c crm
	flag.StringVar(&c.api, "api", "http://127.0.0.1:8080", "address of the API")
	flag.StringVar(&c.key, "key", os.Getenv("DIALGRAPH_KEY"), "API key of scope crm")
	flag.Parse()
	err := c.run(ctx, os.Stdout, flag.Args())
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "crm:", err)
		os.Exit(1)
	}
}

type crm struct{ api, key string }

func (c crm) run(ctx context.Context, out io.Writer, args []string) error {
	switch {
	case len(args) >= 2 && args[0] == "outage":
		return c.outage(ctx, args[1], args[2:])
	case len(args) == 3 && args[0] == "agent":
		return c.send(ctx, "PUT", "/v1/agents/"+args[1]+"/status", map[string]string{"status": args[2]})
	case len(args) == 1 && args[0] == "watch":
		return c.watch(ctx, out)
	}
	return errors.New("want outage ADDRESS [FOR [MESSAGE]], agent AGENT STATUS, or watch")
}

// outage flags an address. Setting it again changes it; it goes by itself an
// hour after its expected end.
func (c crm) outage(ctx context.Context, address string, more []string) error {
	flag := map[string]string{"source": "crm"}
	if len(more) > 0 {
		d, err := time.ParseDuration(more[0])
		if err != nil {
			return err
		}
		flag["until"] = time.Now().Add(d).Format(time.RFC3339)
		flag["message"] = strings.Join(more[1:], " ")
	}
	return c.send(ctx, "PUT", "/v1/outages/"+address, flag)
}

// send says what a thing shall be. Repeating it does no harm, so a CRM that
// got no answer sends it again.
func (c crm) send(ctx context.Context, method, path string, body any) error {
	document, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer, err := c.request(ctx, method, path, bytes.NewReader(document))
	if err != nil {
		return err
	}
	return answer.Close()
}

func (c crm) request(ctx context.Context, method, path string, body io.Reader) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.api+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.key)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode < 300 {
		return response.Body, nil
	}
	defer func() { _ = response.Body.Close() }()
	problem, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	return nil, errors.Join(fmt.Errorf("%s %s: %s: %s", method, path, response.Status, bytes.TrimSpace(problem)), err)
}

// watch prints what happens until ctx ends. A real CRM would come back after
// a lost connection with the last id in Last-Event-ID.
func (c crm) watch(ctx context.Context, out io.Writer) error {
	events, err := c.request(ctx, "GET", "/v1/events", nil)
	if err != nil {
		return err
	}
	defer func() { _ = events.Close() }()
	if _, err := fmt.Fprintln(out, "watching"); err != nil {
		return err
	}
	lines, kind := bufio.NewScanner(events), ""
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "event":
			kind = value
		case "data":
			if err := tell(out, kind, []byte(value)); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

// tell prints one event for a person.
func tell(out io.Writer, kind string, data []byte) error {
	var e struct {
		Caller, Customer, Cause    string   // of a call
		Path                       []string // the nodes that it has passed
		Agent, State, Number, Name string   // of an agent, and who calls
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return fmt.Errorf("event %s: %w", kind, err)
	}
	var err error
	switch kind {
	case "call.started":
		_, err = fmt.Fprintf(out, "%s calls, customer %q\n", e.Caller, e.Customer)
	case "call.ended":
		_, err = fmt.Fprintf(out, "%s has gone (%s) by way of %s\n", e.Caller, e.Cause, strings.Join(e.Path, " "))
	case "agent.status": // ringing: the moment to open the caller's card
		_, err = fmt.Fprintf(out, "%s is %s %s %s\n", e.Agent, e.State, e.Number, e.Name)
	}
	return err
}
