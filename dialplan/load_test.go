package dialplan

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Every fault of a document is told at once, in its order, with its place.
func TestFaults(t *testing.T) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) == 0 {
		t.Fatalf("Glob = %v, %v", files, err)
	}
	for _, file := range files {
		if filepath.Ext(file) == ".golden" {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Load(data, Options{})
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("Load = %v, want Problems", err)
			}
			var got strings.Builder
			for _, p := range problems {
				fmt.Fprintf(&got, "%s:%s\n", filepath.Base(file), p)
			}
			compareGolden(t, file+".golden", got.String())
		})
	}
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
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
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestWhatIsNoYAML(t *testing.T) {
	tests := []struct{ name, document, want string }{
		{"nothing", "", "1:1: the document is empty: it begins with menu: and a name"},
		{"a comment alone", "# later\n", "1:1: the document is empty: it begins with menu: and a name"},
		{"a tab", "menu: x\nnodes:\n\ta: y\n", "3:1: not YAML: a tab: indent with spaces"},
		{"a sign that begins nothing", "menu: @x\n", "1:7: not YAML: '@' cannot begin a value: put it in quotes"},
		{"a sign behind other alphabets", "menu: ї @\nstart: \"ї\" @x\n", "2:12: not YAML: '@' cannot begin a value: put it in quotes"},
		{"star as a key", "keys:\n  *: a\n", `2:3: not YAML: a * without quotes: write "*"`},
		{"star as a key in a line", "keys: {*: a}\n", `1:8: not YAML: a * without quotes: write "*"`},
		{"hash as a key in a line", "keys: {#: a}\n", `1:8: not YAML: a # without quotes: write "#"`},
		{"hash as the second key", "keys: {1: a, #: b}\nnodes: {}\n", "3:1: not YAML: did not find expected ',' or '}' while parsing a flow mapping begun on line 1: is a bracket or a quotation mark missing, or a # not in quotes?"},
		{"an open quotation mark", "menu: x\nstart: \"a\nnodes: {}\n", "2:8: not YAML: a quotation mark that is never closed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load([]byte(tt.document), Options{})
			var problems Problems
			if !errors.As(err, &problems) || len(problems) != 1 || problems[0].String() != tt.want {
				t.Errorf("Load(%q) = %v, want %s", tt.document, err, tt.want)
			}
		})
	}
}

func TestProblemsHavePaths(t *testing.T) {
	_, err := Load([]byte(`{"menu": "x", "start": "a", "nodes": {"a": {"dial": [101, {"number": "12"}]}}}`), Options{})
	want := Problems{{Line: 1, Col: 59, Path: "nodes.a.dial.1",
		Message: `"12" is no outside number: write + and the country code first, as in +380441234567`}}
	if diff := cmp.Diff(want, err); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
}

func TestYAMLAndJSONAreTheSameMenu(t *testing.T) {
	yaml := "menu: x\nstart: a\nprompts: {hi: {text: \"Hi 😀/\"}}\nnodes:\n  a: {say: hi, hangup: USER_BUSY}\n"
	json := `{"menu": "x", "start": "a",
	"prompts": {"hi": {"text": "Hi \ud83d\ude00\/"}},
	"nodes": {"a": {"say": "hi", "hangup": "USER_BUSY"}}}`
	for _, document := range []string{yaml, json} {
		m, err := Load([]byte(document), Options{})
		if err != nil {
			t.Fatalf("Load(%s): %v", document, err)
		}
		want := []Sound{{Name: "hi", Text: "Hi 😀/", Lang: "en"}}
		if diff := cmp.Diff(want, m.Sounds()); diff != "" || m.ID() != "x" || m.Len() != 1 {
			t.Errorf("Load(%s): %s", document, diff)
		}
	}
}

func TestQueuesOfTheSite(t *testing.T) {
	document := []byte("menu: x\nstart: a\nnodes:\n  a: {queue: support}\n")
	m, err := Load(document, Options{Queues: []string{"support", "sales"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"support"}, m.Queues()); diff != "" {
		t.Errorf("Queues (-want +got):\n%s", diff)
	}
	if _, err := Load(document, Options{Queues: []string{}}); err == nil {
		t.Error("a queue that the site does not have was accepted")
	}
}

func TestDocumentsAreBounded(t *testing.T) {
	for name, document := range map[string]string{
		"too long":           strings.Repeat("#", MaxDocument+1),
		"empty":              "",
		"a comment":          "# nothing",
		"a list":             "[]",
		"not text":           "a: \xff",
		"two documents":      "menu: a\n---\nmenu: b\n",
		"deep brackets":      strings.Repeat("[", 100_000),
		"deep lists":         strings.Repeat("- ", 100_000),
		"deep JSON":          `{"menu": ` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + "}",
		"deep indentation":   "nodes: {a: {play: [[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]}}",
		"exponential":        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n",
		"faults without end": "menu: x\nstart: a\nnodes:\n" + strings.Repeat("  a: {}\n", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load([]byte(document), Options{})
			var problems Problems
			if !errors.As(err, &problems) || len(problems) == 0 || len(problems) > MaxProblems+1 {
				t.Errorf("Load = %d problems (%T), want some, and at most %d", len(problems), err, MaxProblems+1)
			}
		})
	}
}

// Whatever is in a document, Load returns; a menu that loads, loads again as the
// same one, and every call in it ends.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(head + everyVerb))
	f.Add([]byte(head + queueNode))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Load(data, Options{})
		again, errAgain := Load(data, Options{})
		if (err == nil) != (errAgain == nil) {
			t.Fatalf("Load = %v, then %v", err, errAgain)
		}
		if err != nil {
			if diff := cmp.Diff(err, errAgain); diff != "" {
				t.Fatalf("Load, then Load again (-first +second):\n%s", diff)
			}
			return
		}
		if m.version != again.version || m.Len() != again.Len() || m.start != again.start || m.start < 0 {
			t.Fatalf("Load = %d nodes from %d, then %d from %d", m.Len(), m.start, again.Len(), again.start)
		}
		if diff := cmp.Diff(m.Sounds(), again.Sounds()); diff != "" {
			t.Fatalf("sounds differ:\n%s", diff)
		}
		p := newPhone(t, m)
		p.keys, p.hangsUp = strings.Split("1,#,12#,,5,*,1234567890#,#,2,3,0,,,9", ","), true
		p.outcomes = []Outcome{Busy, NoAnswer, Answered}
		p.outage = Outage{Address: "kyiv", Message: "x"}
		if end, _, err := p.dial(Caller{Known: true, Address: "kyiv/1", Name: "Ann"}); end == "" || end == Stopped {
			t.Fatalf("the walk ended with %q, %v", end, err)
		}
	})
}

// bigMenu has n menus that lead to each other.
func bigMenu(n int) []byte {
	var b strings.Builder
	b.WriteString("menu: big\nstart: n0\nprompts: {p: {file: p.wav}}\nnodes:\n  out: {exit: }\n")
	for i := range n {
		fmt.Fprintf(&b, "  n%d:\n    menu: {prompt: p, timeout: 5s}\n    keys: {\"1\": n%d, \"2\": n%d, \"3\": out}\n    silent: n%d\n",
			i, (i*2+1)%n, (i*2+2)%n, (i+1)%n)
	}
	return []byte(b.String())
}

func BenchmarkLoad(b *testing.B) {
	data := bigMenu(10_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(data, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
