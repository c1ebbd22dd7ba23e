package main

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/dialgraph/dialgraph/api"
	"github.com/dialgraph/dialgraph/controller/fstest"
)

// Whoever watches the events sees the caller on the agent's screen while the
// agent's telephone still rings, and the beginning and the end of the call once.
func TestEventsOfACall(t *testing.T) {
	t.Parallel()
	c := newExampleCluster(t)
	for _, contact := range exampleContacts {
		c.nodes[0].Agent(contact, fstest.Behaviour{Reaction: fstest.Rings})
	}
	call := c.nodes[0].Call(fstest.Caller{Number: olena, To: "0800"})
	until(t, call, 1, fstest.Asked, "")
	events := c.watch(c.owner(call))
	call.Press("3")
	until(t, call, 2, fstest.Asked, "")
	call.Press("1")
	events.wait(t, `"state":"ringing"`)
	for _, part := range []string{"event: agent.status", `"number":"+380671234567"`, `"name":"Олена Шевченко"`, call.UUID()} {
		events.wait(t, part)
	}
	call.Hangup()
	events.wait(t, "event: call.ended")
	if n := strings.Count(events.String(), "event: call.started"); n != 0 {
		t.Errorf("the call began %d times after it had begun:\n%s", n, events)
	}
}

// watch reads the event stream of one controller until the test ends.
func (c *cluster) watch(p *process) *screen {
	c.t.Helper()
	ctx := c.t.Context()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.http+"/v1/events", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	key, err := keys{c.store.APIKeys()}.Create(ctx, "events", []api.Scope{api.ScopeRead})
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key.Secret)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	seen, opened, done := newScreen(), make(chan string), make(chan struct{})
	go func() { // until the test's context ends
		defer close(done)
		response, err := client.Do(request)
		if err != nil {
			opened <- err.Error()
			return
		}
		defer func() { _ = response.Body.Close() }()
		opened <- response.Status
		for s := bufio.NewScanner(response.Body); s.Scan(); {
			_, _ = seen.Write([]byte(s.Text() + "\n"))
		}
	}()
	c.t.Cleanup(func() { <-done })
	if status := <-opened; status != "200 OK" {
		c.t.Fatalf("GET /v1/events: %s", status)
	}
	return seen
}
