//go:build freeswitch

package realswitch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is what is under test, built by make.
const program = "../../../bin/dialgraph"

// A controller is a `dialgraph serve` process.
type controller struct {
	t    testing.TB
	cmd  *exec.Cmd
	esl  string // where FreeSWITCH finds it
	http string // base URL of its API
	died chan struct{}

	frozen bool

	mu    sync.Mutex
	log   bytes.Buffer
	calls []taken
}

// A taken call is a controller's word that it has a call.
type taken struct {
	Time    time.Time `json:"time"`
	Message string    `json:"msg"`
	Call    string    `json:"call"`
	Caller  string    `json:"caller"`
	Number  string    `json:"number"`
	Node    string    `json:"node"`
	Resumed int       `json:"resumed"`
	ESL     string    `json:"esl"`
	HTTP    string    `json:"http"`

	by *controller
}

// startController starts a process on free ports and waits until it is ready.
func startController(t testing.TB, args ...string) *controller {
	t.Helper()
	c := &controller{t: t, died: make(chan struct{})}
	listen := settings.host + ":0"
	c.cmd = exec.Command(program, append([]string{"serve", "--log-json", "--log-level", "debug", "--esl", listen, "--http", listen}, args...)...)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // not to outlive the test binary
	logs, err := c.cmd.StderrPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	serving := make(chan taken, 1)
	go c.follow(logs, serving)
	t.Cleanup(c.clean)
	select {
	case s := <-serving:
		c.esl, c.http = s.ESL, "http://"+s.HTTP
	case <-c.died:
		t.Fatalf("the controller does not start:\n%s", c.tail(40))
	case <-time.After(within):
		t.Fatalf("the controller is not there after %v:\n%s", within, c.tail(40))
	}
	return c
}

// follow reads the log until the process ends.
func (c *controller) follow(logs io.Reader, serving chan<- taken) {
	lines := bufio.NewScanner(logs)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := taken{by: c}
		c.mu.Lock()
		c.log.Write(lines.Bytes())
		c.log.WriteByte('\n')
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Message == "call" {
			c.calls = append(c.calls, line)
		}
		c.mu.Unlock()
		if line.Message == "serving" {
			serving <- line
		}
	}
	_ = c.cmd.Wait() // killed, as a rule
	close(c.died)
}

// ready asks whether it takes calls and sees all nodes.
func (c *controller) ready() bool {
	client := http.Client{Timeout: time.Second}
	answer, err := client.Get(c.http + "/readyz")
	if err != nil {
		return false
	}
	defer func() { _ = answer.Body.Close() }()
	var body struct{ Status string }
	return json.NewDecoder(answer.Body).Decode(&body) == nil && body.Status == "ready"
}

// kill ends the process as a power failure would.
func (c *controller) kill() time.Time {
	c.signal(syscall.SIGKILL)
	at := time.Now()
	await(c.t, c.died, "the controller dies")
	return at
}

// terminate asks the process to drain and end.
func (c *controller) terminate() { c.signal(syscall.SIGTERM) }

// freeze stops the process without ending it: its sockets stay open.
func (c *controller) freeze() time.Time {
	c.signal(syscall.SIGSTOP)
	c.frozen = true
	return time.Now()
}

func (c *controller) thaw() {
	c.signal(syscall.SIGCONT)
	c.frozen = false
}

func (c *controller) signal(s syscall.Signal) {
	if err := c.cmd.Process.Signal(s); err != nil && !errors.Is(err, syscall.ESRCH) && c.alive() {
		c.t.Errorf("signal %v to the controller: %v", s, err)
	}
}

func (c *controller) alive() bool {
	select {
	case <-c.died:
		return false
	default:
		return true
	}
}

// clean ends the process after a test, and shows its log if that has failed.
func (c *controller) clean() {
	_ = c.cmd.Process.Kill()
	<-c.died
	if c.t.Failed() {
		c.t.Logf("log of the controller at %s:\n%s", c.esl, c.tail(60))
	}
}

// tail is the end of the log.
func (c *controller) tail(n int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(c.log.String()), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// took is the last time that the controller took a call of the caller.
func (c *controller) took(caller string) (last taken, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.calls {
		if strings.HasSuffix(t.Caller, caller) {
			last, ok = t, true
		}
	}
	return last, ok
}
