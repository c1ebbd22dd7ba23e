package main

import (
	"context"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A demo is `make run`, with what it printed.
type demo struct {
	api, key, esl string
}

// startDemo runs the demo until the test ends.
func startDemo(t *testing.T) demo {
	t.Helper()
	data := t.TempDir()
	ctx, interrupt := context.WithCancel(t.Context())
	out, done := newScreen(), make(chan struct{})
	go func() {
		defer close(done)
		execute(ctx, []string{"demo", "--esl", "127.0.0.1:0", "--http", "127.0.0.1:0", "--data", data}, strings.NewReader(""), out, io.Discard)
	}()
	t.Cleanup(func() {
		interrupt()
		<-done
	})
	out.wait(t, "still serving")
	said := regexp.MustCompile(`API +(\S+) .*\nAPI key +(\S+)\nevent socket (\S+)\n`).FindStringSubmatch(out.String())
	if said == nil {
		t.Fatalf("the demo does not say where it is:\n%s", out)
	}
	return demo{said[1], said[2], said[3]}
}

// TestExampleWalkthrough runs every curl command of the example's README, one
// after the other, against what `make run` starts.
func TestExampleWalkthrough(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	document := readFile(t, "examples/provider/README.md")
	ran := 0
	for line := range strings.SplitSeq(document, "\n") {
		if strings.HasPrefix(line, "curl ") {
			d.curl(t, line)
			ran++
		}
	}
	if want := strings.Count(document, "\ncurl "); ran != want || ran == 0 {
		t.Errorf("ran %d commands, want %d", ran, want)
	}
}

var curlWord = regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`)

// curl sends what the command says and compares the status behind it.
func (d demo) curl(t *testing.T, line string) {
	t.Helper()
	command, wanted, _ := strings.Cut(line, "  # ")
	method, address, body := http.MethodGet, "", ""
	words := curlWord.FindAllString(command, -1)
	for i := 1; i < len(words); i++ {
		switch word := strings.Trim(words[i], `'"`); word {
		case "--oauth2-bearer":
			i++
		case "-X":
			i++
			method = words[i]
		case "-d", "--data-binary":
			i++
			body = strings.Trim(words[i], `'"`)
			if file, ok := strings.CutPrefix(body, "@"); ok {
				body = readFile(t, file)
			}
			if method == http.MethodGet {
				method = http.MethodPost
			}
		default:
			address = strings.Replace(word, "$API", d.api, 1)
		}
	}
	status, answer := d.ask(t, method, address, body)
	if strconv.Itoa(status) != strings.TrimSpace(wanted) || strings.Contains(answer, `"errors"`) {
		t.Errorf("%s\nstatus %d: %s", line, status, answer)
	}
}

func (d demo) ask(t *testing.T, method, address, body string) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+d.key)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded") // as curl does
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// The example CRM flags an outage, sets a status, and hears of a call.
func TestExampleCRM(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "crm")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../examples/crm").CombinedOutput(); err != nil {
		t.Fatalf("build the CRM: %v\n%s", err, out)
	}
	d := startDemo(t)
	crm := func(args ...string) *exec.Cmd {
		return exec.CommandContext(t.Context(), program, append([]string{"-api", d.api, "-key", d.key}, args...)...)
	}
	for _, args := range [][]string{{"outage", "kyiv/khreshchatyk/10", "3h", "Аварія на лінії"}, {"agent", "maria", "break"}} {
		if out, err := crm(args...).CombinedOutput(); err != nil {
			t.Fatalf("crm %v: %v\n%s", args, err, out)
		}
	}
	if out, err := crm("agent", "nobody", "break").CombinedOutput(); err == nil || !strings.Contains(string(out), "there is none") {
		t.Errorf("crm agent nobody: %v\n%s\nwant the API's problem", err, out)
	}
	if _, answer := d.ask(t, http.MethodGet, d.api+"/v1/outages/kyiv/khreshchatyk/10/25", ""); !strings.Contains(answer, "Аварія на лінії") {
		t.Errorf("the outage is not there: %s", answer)
	}
	if _, answer := d.ask(t, http.MethodGet, d.api+"/v1/agents/maria/status", ""); !strings.Contains(answer, `"break"`) {
		t.Errorf("the status was not set: %s", answer)
	}

	heard := newScreen()
	watch := crm("watch")
	watch.Stdout, watch.Stderr = heard, heard
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = watch.Process.Kill()
		_ = watch.Wait()
	})
	heard.wait(t, "watching")
	if status, _, errOut := dialgraph(t, "phone", "--controller", d.esl, "--to", "0800", "--from", olena, "--keys", "3,1", "--speed", "20"); status != 0 {
		t.Fatalf("phone: exit %d\n%s", status, errOut)
	}
	heard.wait(t, olena+` calls, customer "c-1001"`)
	heard.wait(t, olena+" has gone (NORMAL_CLEARING) by way of greeting outage outage-tag")
}
