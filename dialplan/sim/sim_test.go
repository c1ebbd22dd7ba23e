package sim

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dialgraph/dialgraph/dialplan"
)

var update = flag.Bool("update", false, "rewrite the golden transcripts")

// provider is the example line that ships with the project.
const provider = "../../examples/provider/menu.yaml"

func load(t *testing.T, file string) *dialplan.Menu {
	t.Helper()
	document, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := dialplan.Load(document, dialplan.Options{})
	if err != nil {
		t.Fatalf("load %s:\n%v", file, err)
	}
	return m
}

// situations are the calls of the example line that the tests tell.
func situations(m *dialplan.Menu) map[string]Script {
	at := func(s string) time.Time {
		when, err := time.ParseInLocation("2006-01-02T15:04", s, m.Location())
		if err != nil {
			panic(err)
		}
		return when
	}
	olena := dialplan.Caller{
		Number: "+380671234567", Known: true, Customer: "c-1001", Name: "Олена Шевченко",
		Contract: "12345678", Address: "kyiv/khreshchatyk/10/25", Language: "uk",
	}
	outage := func(address string, until time.Time) []dialplan.Outage {
		return []dialplan.Outage{{Address: address, Source: "noc", Until: until}}
	}
	anna := dialplan.Caller{Number: "+380931230000", Known: true, Name: "Anna Smith", Address: "kyiv/volodymyrska/5/1", Language: "en"}
	morning, evening, night := at("2026-03-02T08:15"), at("2026-03-02T19:30"), at("2026-03-02T02:00")
	called := dialplan.Called{Number: "+380800000000", Site: "default"}
	all := map[string]Script{
		"asks for support in the morning":    {At: morning, Caller: olena, Keys: []string{"3", "1"}},
		"router restarted, still stays":      {At: morning, Caller: olena, Keys: []string{"3", "2"}},
		"old telephone at night":             {At: night, Caller: olena},
		"outage at the building":             {At: evening, Caller: olena, Outages: outage("kyiv/khreshchatyk/10", time.Time{}), HangUp: true},
		"outage with an expected end":        {At: evening, Caller: olena, Outages: outage("kyiv", at("2026-03-02T22:45")), Keys: []string{"1"}},
		"outage next door":                   {At: evening, Caller: olena, Outages: outage("kyiv/khreshchatyk/1", time.Time{}), Keys: []string{"1"}},
		"English customer":                   {At: morning, Caller: anna, Keys: []string{"2"}},
		"changes the language":               {At: morning, Caller: olena, Keys: []string{"9", "4"}},
		"wrong key twice":                    {At: morning, Caller: olena, Keys: []string{"7", "8"}},
		"types ahead":                        {At: morning, Caller: olena, Keys: []string{"32"}},
		"withheld number":                    {At: morning, Caller: dialplan.Caller{Withheld: true}, Keys: []string{"1"}},
		"corporate desk closed":              {At: night, Caller: olena, Keys: []string{"5"}},
		"corporate desk open":                {At: at("2026-03-02T10:00"), Caller: olena, Keys: []string{"5"}},
		"agents do not answer then one does": {At: morning, Caller: olena, Keys: []string{"1"}, Reached: []dialplan.Outcome{dialplan.NoAnswer, dialplan.Busy, dialplan.Answered}},
		"queue full":                         {At: morning, Caller: olena, Keys: []string{"1"}, Queue: dialplan.ErrQueueFull},
		"nobody logged in anywhere":          {At: morning, Caller: olena, Keys: []string{"1"}, Queue: dialplan.ErrUnstaffed},
		"hangs up in the menu":               {At: morning, Caller: olena, HangUp: true},
		"hangs up while the telephone rings": {At: morning, Caller: olena, Keys: []string{"1"}, Reached: []dialplan.Outcome{dialplan.Gone}},
		"waits until patience ends":          {At: morning, Caller: olena, Keys: []string{"1"}, Nobody: true},
	}
	for name, s := range all {
		s.From, s.To, s.Called = s.Caller.Number, "0800", called
		all[name] = s
	}
	return all
}

func transcript(t *testing.T, m *dialplan.Menu, s Script) (string, dialplan.End) {
	t.Helper()
	var out strings.Builder
	end, err := Run(t.Context(), m, s, &out)
	if err != nil {
		t.Fatalf("%v after\n%s", err, out.String())
	}
	return out.String(), end
}

// waiting are calls of a queue that gives up.
func waiting(m *dialplan.Menu) map[string]Script {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, m.Location())
	return map[string]Script{
		"waits as long as the node allows": {At: at, Nobody: true},
		"leaves the queue by key":          {At: at, Nobody: true, Keys: []string{"#"}},
		"queue is not there":               {At: at, Queue: dialplan.ErrNoQueue},
	}
}

func TestTranscripts(t *testing.T) {
	golden(t, load(t, provider), situations)
	golden(t, load(t, "testdata/waiting.yaml"), waiting)
}

func golden(t *testing.T, m *dialplan.Menu, calls func(*dialplan.Menu) map[string]Script) {
	for name, script := range calls(m) {
		t.Run(name, func(t *testing.T) {
			got, _ := transcript(t, m, script)
			file := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("transcript (-want +got):\n%s", diff)
			}
		})
	}
}

// A call whose controller is stopped at any waiting verb takes the same way to
// the same end on another one; only prompts may be heard again.
func TestResumeAtEveryVerb(t *testing.T) {
	resumeEverywhere(t, load(t, provider), situations)
	resumeEverywhere(t, load(t, "testdata/waiting.yaml"), waiting)
}

func resumeEverywhere(t *testing.T, m *dialplan.Menu, calls func(*dialplan.Menu) map[string]Script) {
	for name, script := range calls(m) {
		t.Run(name, func(t *testing.T) {
			whole, wantEnd := transcript(t, m, script)
			for stop := 1; ; stop++ {
				script.StopAt = stop
				resumed, end := transcript(t, m, script)
				if !strings.Contains(resumed, "resume ") {
					return // there are no more verbs
				}
				if end != wantEnd {
					t.Errorf("stopped at verb %d: the call ended by %s, want %s", stop, end, wantEnd)
				}
				if diff := cmp.Diff(way(whole), way(resumed)); diff != "" {
					t.Errorf("stopped at verb %d (-whole +resumed):\n%s\n%s", stop, diff, resumed)
				}
			}
		})
	}
}

// way is a transcript without what may differ after a resume.
func way(transcript string) []string {
	var lines []string
	for line := range strings.Lines(transcript) {
		if !strings.HasPrefix(line, "  hears") && !strings.HasPrefix(line, "resume") {
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	return lines
}

// A reader that fails is told of.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriterFails(t *testing.T) {
	m := load(t, provider)
	if _, err := Run(t.Context(), m, Script{At: time.Now()}, fullDisk{}); err == nil {
		t.Error("Run on a full disk returned no error")
	}
}

// What a live call would only log stands in the transcript.
func TestTroubleIsTold(t *testing.T) {
	m, err := dialplan.Load([]byte(`
menu: x
start: a
nodes:
  a: {say: {money: caller.extra.balance, currency: UAH}, next: b}
  b: {choose: [{when: int(caller.extra.years) > 2, next: d}], else: c}
  c: {hangup: USER_BUSY}
  d: {hangup: NORMAL_CLEARING}
`), dialplan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if _, err := Run(t.Context(), m, Script{At: time.Now()}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n  fails  value cannot be said: ", "\n  fails  condition counts as not true: ", "\nend      hangup USER_BUSY"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("transcript lacks %q:\n%s", want, out.String())
		}
	}
}
