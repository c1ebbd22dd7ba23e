//go:build freeswitch

package realswitch

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/api"
)

// A crm steers calls through the API of some controller.
type crm struct {
	t    testing.TB
	base func() string // of a controller that lives
	key  string
}

// put sends a document; a string goes out as it is.
func (c *crm) put(path string, body any) {
	c.t.Helper()
	document, isText := body.(string)
	if !isText {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		document = string(b)
	}
	status, answer := c.do(http.MethodPut, path, document)
	if status/100 != 2 {
		c.t.Fatalf("PUT %s: %d %s", path, status, answer)
	}
}

// get reads a document; false for one that is not there.
func (c *crm) get(path string, v any) bool {
	c.t.Helper()
	status, answer := c.do(http.MethodGet, path, "")
	if status == http.StatusNotFound {
		return false
	}
	if status != http.StatusOK {
		c.t.Fatalf("GET %s: %d %s", path, status, answer)
	}
	if err := json.Unmarshal(answer, v); err != nil {
		c.t.Fatalf("GET %s: %v", path, err)
	}
	return true
}

func (c *crm) do(method, path, body string) (int, []byte) {
	c.t.Helper()
	request, err := http.NewRequest(method, c.base()+path, bytes.NewBufferString(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.key)
	request.Header.Set("Content-Type", "application/json")
	if len(body) > 0 && body[0] != '{' {
		request.Header.Set("Content-Type", "application/yaml")
	}
	client := http.Client{Timeout: within}
	answer, err := client.Do(request)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = answer.Body.Close() }()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer.StatusCode, read
}

// state is what an agent does.
func (c *crm) state(agent string) string {
	c.t.Helper()
	var s api.AgentStatus
	if !c.get("/v1/agents/"+agent+"/status", &s) {
		c.t.Fatalf("agent %s is not known", agent)
	}
	return s.State
}

// isState waits until an agent does something.
func (c *crm) isState(agent, want string) {
	c.t.Helper()
	eventually(c.t, agent+" is "+want, func() bool { return c.state(agent) == want })
}

// waiting is how many callers wait in a queue.
func (c *crm) waiting(queue string) int {
	c.t.Helper()
	var live api.QueueLive
	if !c.get("/v1/queues/"+queue+"/live", &live) {
		c.t.Fatalf("queue %s is not known", queue)
	}
	return live.Waiting
}

// record waits for the record of a call that has ended.
func (c *crm) record(call string) (r api.Call) {
	c.t.Helper()
	eventually(c.t, "the record of "+call+" says how it ended", func() bool {
		r = api.Call{}
		return c.get("/v1/calls/"+call, &r) && r.Ended.After(time.Time{})
	})
	return r
}
