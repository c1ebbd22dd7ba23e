package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/dialgraph/dialgraph/store"
)

var update = flag.Bool("update", false, "rewrite golden files and generated documents")

// asProgram in the environment makes the test binary the program itself, so
// that tests can start real processes, and kill them.
const asProgram = "DIALGRAPH_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(program())
	}
	goleak.VerifyTestMain(m)
}

// dialgraph runs one command to its end.
func dialgraph(t *testing.T, args ...string) (status int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	status = execute(t.Context(), args, strings.NewReader(""), &o, &e)
	return status, o.String(), e.String()
}

func TestUsage(t *testing.T) {
	tests := []struct {
		situation string
		args      []string
		status    int
		says      string
	}{
		{"no command", nil, 2, "expected one of"},
		{"unknown command", []string{"serv"}, 2, "serv"},
		{"unknown flag", []string{"serve", "--rediss", "x"}, 2, "--rediss"},
		{"no store named", []string{"serve", "--esl", "127.0.0.1:0", "--http", "127.0.0.1:0"}, 1, "say --redis URL, or --data DIR"},
		{"two stores named", []string{"serve", "--redis", "redis://127.0.0.1", "--data", "x"}, 2, "--redis and --data"},
		{"a network that is none", []string{"serve", "--esl", "127.0.0.1:0", "--http", "127.0.0.1:0", "--redis", "redis://127.0.0.1:1", "--esl-allow", "10.0.0.0"}, 1, "10.0.0.0/8"},
		{"a trunk that is none", []string{"serve", "--esl", "127.0.0.1:0", "--http", "127.0.0.1:0", "--redis", "redis://127.0.0.1:1", "--trunk", "carrier"}, 1, "NAME=TRUST"},
		{"a trust that is none", []string{"serve", "--esl", "127.0.0.1:0", "--http", "127.0.0.1:0", "--redis", "redis://127.0.0.1:1", "--trunk", "carrier=blind"}, 1, "blind"},
		{"a port in use", []string{"serve", "--esl", "256.0.0.1:1", "--data", "x"}, 1, "--esl"},
		{"keys that are none", []string{"phone", "--to", "1", "--keys", "1,x"}, 1, "0-9 * # A-D"},
		{"menu that is not there", []string{"check", "nosuch.yaml"}, 1, "nosuch.yaml"},
		{"time that is none", []string{"simulate", "../../examples/provider/menu.yaml", "--at", "today"}, 1, "2026-03-02T08:15"},
		{"region that is none", []string{"simulate", "../../examples/provider/menu.yaml", "--region", "Ukraine"}, 1, "two-letter"},
		{"outcome that is none", []string{"simulate", "../../examples/provider/menu.yaml", "--reached", "maybe"}, 1, "no-answer"},
	}
	for _, tt := range tests {
		t.Run(tt.situation, func(t *testing.T) {
			status, _, errOut := dialgraph(t, tt.args...)
			if status != tt.status || !strings.Contains(errOut, tt.says) {
				t.Errorf("dialgraph %s: exit %d, %q, want %d and %q", strings.Join(tt.args, " "), status, errOut, tt.status, tt.says)
			}
		})
	}
}

func TestHelpNamesEveryCommand(t *testing.T) {
	status, out, _ := dialgraph(t, "--help")
	if status != 0 {
		t.Errorf("--help: exit %d, want 0", status)
	}
	for _, command := range []string{"serve", "check", "simulate", "phone", "demo", "key"} {
		if !strings.Contains(out, command) {
			t.Errorf("--help does not name %s:\n%s", command, out)
		}
	}
}

func TestCheck(t *testing.T) {
	status, out, _ := dialgraph(t, "check", "../../examples/provider/menu.yaml")
	if status != 0 || !strings.Contains(out, "menu support-line is valid") {
		t.Errorf("check of the example: exit %d, %q", status, out)
	}
	status, out, _ = dialgraph(t, "check", "testdata/faulty.yaml")
	if *update {
		if err := os.WriteFile("testdata/faulty.golden", []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/faulty.golden")
	if err != nil {
		t.Fatal(err)
	}
	if status != 1 || out != string(want) {
		t.Errorf("check of a faulty menu: exit %d,\n%s\nwant 1,\n%s", status, out, want)
	}
	status, out, errOut := dialgraph(t, "check", "testdata/none.yaml", "testdata/faulty.yaml", "../../examples/kinds.yaml")
	if status != 1 || !strings.Contains(errOut, "none.yaml") || !strings.Contains(out, "faulty.yaml:") || !strings.Contains(out, "kinds is valid") {
		t.Errorf("check with a file that is not there: exit %d, %s\n%s\nwant 1 and a word on all three", status, errOut, out)
	}
}

func TestSimulate(t *testing.T) {
	status, out, errOut := dialgraph(t, "simulate", "../../examples/provider/menu.yaml", "--from", "0671234567",
		"--at", "2026-03-02T08:15", "--address", "kyiv/khreshchatyk/10/25", "--outage", "kyiv/khreshchatyk/10", "--keys", "3,1", "--words")
	if status != 0 {
		t.Fatalf("simulate: exit %d, %s", status, errOut)
	}
	for _, line := range []string{
		"call     from 0671234567 to 0800 at 2026-03-02T08:15 Europe/Kyiv",
		`  hears  good-morning "Доброго ранку! Вас вітає служба підтримки."`,
		"play     outage-notice", "  keys   3", "queue    support", "  talks  1m0s", "end      hangup NORMAL_CLEARING",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("the transcript lacks %q:\n%s", line, out)
		}
	}
}

func TestFirstKeyOfAnEmbeddedRedis(t *testing.T) {
	dir := t.TempDir()
	status, secret, errOut := dialgraph(t, "key", "first", "--data", dir)
	if status != 0 {
		t.Fatalf("key: exit %d, %s", status, errOut)
	}
	e, err := store.OpenEmbedded(store.EmbeddedOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	if _, err := store.New(e.Client(), store.Options{}).APIKeys().Check(t.Context(), strings.TrimSpace(secret)); err != nil {
		t.Errorf("the key that was printed: %v", err)
	}
	if status, _, errOut := dialgraph(t, "key", "second", "--data", dir); status != 1 || !strings.Contains(errOut, dir) {
		t.Errorf("key while the folder is in use: exit %d, %s; want 1 and the folder named", status, errOut)
	}
	if status, _, errOut := dialgraph(t, "key", "third"); status != 1 || !strings.Contains(errOut, "--data") {
		t.Errorf("key without a store: exit %d, %s", status, errOut)
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("DIALGRAPH_LOG_LEVEL", "loud")
	t.Setenv("DIALGRAPH_REDIS", "redis://127.0.0.1:1")
	status, _, errOut := dialgraph(t, "serve")
	if status != 2 || !strings.Contains(errOut, `"loud"`) {
		t.Errorf("serve at log level loud: exit %d, %s; want 2 and the level named", status, errOut)
	}
	if status, _, errOut := dialgraph(t, "check", "../../examples/kinds.yaml"); status != 0 {
		t.Errorf("check in the environment of a controller: exit %d, %s", status, errOut)
	}
}

func TestSimulateWhatTheCRMKnows(t *testing.T) {
	file := filepath.Join(t.TempDir(), "menu.yaml")
	menu := `
menu: x
start: a
nodes:
  a: {choose: [{when: 'caller.known and caller.contract == "1234" and caller.extra.tariff == "gold, old"', next: b}], else: c}
  b: {hangup: USER_BUSY}
  c: {hangup: NORMAL_CLEARING}
`
	if err := os.WriteFile(file, []byte(menu), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errOut := dialgraph(t, "simulate", file, "--contract", "1234", "--extra", "tariff=gold, old", "--extra", "years=3")
	if status != 0 || !strings.Contains(out, "end      hangup USER_BUSY") {
		t.Errorf("simulate: exit %d, %s\n%s\nwant USER_BUSY", status, errOut, out)
	}
}
