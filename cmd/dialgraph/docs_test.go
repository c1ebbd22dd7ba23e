package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dialgraph/dialgraph/api"
	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/dialplan"
)

// These tests keep the documents and the program from differing. With -update
// (make docs) what is generated is written anew.

// root is the repository, seen from this package.
const root = "../.."

func readFile(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// upToDate compares a file with what it should be, or writes it.
func upToDate(t testing.TB, name, want string) {
	t.Helper()
	path := filepath.Join(root, name)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(readFile(t, name), want); diff != "" {
		t.Errorf("%s is stale, run make docs (-is +should be):\n%.3000s", name, diff)
	}
}

func TestDocsAreGenerated(t *testing.T) {
	upToDate(t, "docs/menu-reference.md", menuReference(t))
	upToDate(t, "docs/settings.md", settings(t))
	upToDate(t, "docs/operations.md", withPart(t, readFile(t, "docs/operations.md"), "metrics", metricsTable()))
	upToDate(t, "docs/menus.md", withPart(t, readFile(t, "docs/menus.md"), "functions", functionList()))
}

// withPart puts text between the marks of a generated part.
func withPart(t testing.TB, document, name, text string) string {
	t.Helper()
	begin, end := "<!-- "+name+": written by make docs -->\n", "<!-- end of "+name+" -->"
	before, rest, ok := strings.Cut(document, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("no part for %s: want %s…%s", name, begin, end)
	}
	return before + begin + text + end + after
}

// Every kind has an example, and the menu that has them all is valid.
func TestDocsShowEveryKind(t *testing.T) {
	m, err := dialplan.Load([]byte(readFile(t, "examples/kinds.yaml")), dialplan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	kinds := dialplan.Reference()
	for _, k := range kinds {
		if example := kindExample(t, k.Name); !strings.Contains(example, "\n  "+k.Name+":") {
			t.Errorf("the node %s of examples/kinds.yaml is of another kind:\n%s", k.Name, example)
		}
	}
	if m.Len() < len(kinds) {
		t.Errorf("examples/kinds.yaml has %d nodes for %d kinds", m.Len(), len(kinds))
	}
}

// A block is a piece of a document between fences.
type block struct {
	info string // behind the first fence
	text string
}

var fence = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

func blocksOf(document string) []block {
	var all []block
	for _, m := range fence.FindAllStringSubmatch(document, -1) {
		all = append(all, block{m[1], m[2]})
	}
	return all
}

// TestDocsMenus checks the menus that docs/menus.md shows: `yaml NAME` is a
// document of its own, `yaml from FILE` a part of a file of the repository.
func TestDocsMenus(t *testing.T) {
	guide := readFile(t, "docs/menus.md")
	for _, b := range blocksOf(guide) {
		info := strings.Fields(b.info)
		if len(info) == 0 || info[0] != "yaml" {
			continue
		}
		switch {
		case len(info) == 3 && info[1] == "from":
			if whole := dense(readFile(t, info[2])); !strings.Contains(whole, dense(b.text)) {
				t.Errorf("%s has no such part:\n%s", info[2], b.text)
			}
		case len(info) == 2:
			_, err := dialplan.Load([]byte(b.text), dialplan.Options{})
			if faulty := strings.HasPrefix(info[1], "faulty"); faulty == (err == nil) {
				t.Errorf("%s: %v", info[1], err)
			}
		default:
			t.Errorf("a yaml block without a name, so nobody checks it:\n%s", b.text)
		}
	}
}

// dense is YAML without its indentation, comments and empty lines.
func dense(text string) string {
	var all []string
	for line := range strings.SplitSeq(text, "\n") {
		if line, _, _ = strings.Cut(line, " #"); strings.TrimSpace(line) != "" {
			all = append(all, strings.TrimSpace(line))
		}
	}
	return strings.Join(all, "\n")
}

// TestDocsCommands runs every `$ dialgraph …` of the console blocks and
// compares what it prints. Named yaml blocks of the same document are files.
func TestDocsCommands(t *testing.T) {
	for _, name := range []string{"docs/menus.md", "docs/operations.md", "examples/provider/README.md"} {
		document := readFile(t, name)
		folder := t.TempDir()
		for _, file := range []string{"examples"} {
			absolute, err := filepath.Abs(filepath.Join(root, file))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(absolute, filepath.Join(folder, file)); err != nil {
				t.Fatal(err)
			}
		}
		for _, b := range blocksOf(document) {
			if info := strings.Fields(b.info); len(info) == 2 && info[0] == "yaml" {
				if err := os.WriteFile(filepath.Join(folder, info[1]), []byte(b.text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			was := document
			for _, b := range blocksOf(was) {
				if b.info == "console" && strings.HasPrefix(b.text, "$ dialgraph ") {
					document = strings.Replace(document, b.text, console(t, folder, b.text), 1)
				}
			}
			upToDate(t, name, document)
		})
	}
}

// console runs the commands of a block, and returns it with what they print.
func console(t *testing.T, folder, text string) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	defer t.Chdir(here)
	var all strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		command, ok := strings.CutPrefix(line, "$ dialgraph ")
		if !ok {
			continue
		}
		_, out, errOut := dialgraph(t, shellWords(command)...)
		fmt.Fprintf(&all, "%s\n%s%s", line, out, errOut)
	}
	return all.String()
}

var shellWord = regexp.MustCompile(`'[^']*'|\S+`)

func shellWords(command string) []string {
	words := shellWord.FindAllString(command, -1)
	for i := range words {
		words[i] = strings.Trim(words[i], "'")
	}
	return words
}

// column returns what stands in backquotes in the first column of the tables
// below a heading.
func column(t testing.TB, document, heading string) []string {
	t.Helper()
	_, section, ok := strings.Cut(document, "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("no heading %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var all []string
	for _, m := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(section, -1) {
		for _, word := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(m[1], -1) {
			all = append(all, word[1])
		}
	}
	if len(all) == 0 {
		t.Fatalf("no table below %q", heading)
	}
	return all
}

func sameSet(t testing.TB, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-program +document):\n%s", what, diff)
	}
}

func TestDocsExpressionNames(t *testing.T) {
	sameSet(t, "names in expressions", column(t, readFile(t, "docs/menus.md"), "Expressions"), dialplan.ExpressionNames())
}

// TestDocsRecord compares the fields of a record, as the controller writes
// them and as the API shows them, with docs/records.md.
func TestDocsRecord(t *testing.T) {
	written := fieldsOf(reflect.TypeFor[controller.Record](), "")
	sameSet(t, "fields of a record", column(t, readFile(t, "docs/records.md"), "Fields"), written)
	sameSet(t, "fields that the API shows", fieldsOf(reflect.TypeFor[api.Call](), ""), written)
}

func fieldsOf(t reflect.Type, within string) []string {
	var all []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if inner := t.Field(i).Type; inner.Kind() == reflect.Struct && !inner.Implements(reflect.TypeFor[json.Marshaler]()) {
			all = append(all, fieldsOf(inner, within+name+".")...)
			continue
		}
		all = append(all, within+name)
	}
	return all
}

// TestDocsLinks follows the links of the documents to files and headings.
func TestDocsLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	for _, name := range []string{
		"docs/menus.md", "docs/menu-reference.md", "docs/settings.md", "docs/operations.md", "docs/records.md", "examples/provider/README.md",
	} {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(readFile(t, name), ""), -1) {
			target := name
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(name), m[1])
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: %v", name, err)
			} else if m[2] != "" && !slices.Contains(anchors(readFile(t, target)), m[2]) {
				t.Errorf("%s: %s has no heading #%s", name, target, m[2])
			}
		}
	}
}

// anchors are the headings of a document as links name them.
func anchors(document string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(document, -1) {
		kept := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, strings.ReplaceAll(kept, " ", "-"))
	}
	return all
}

// TestDocsMessages looks for every message that docs/operations.md explains
// in the sources: what is quoted there is what the program says.
func TestDocsMessages(t *testing.T) {
	var sources strings.Builder
	for _, pattern := range []string{"controller/*.go", "controller/*/*.go", "store/*.go", "api/*.go", "dialplan/*.go", "cmd/dialgraph/*.go"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				sources.Write(text)
			}
		}
	}
	document := readFile(t, "docs/operations.md")
	for _, heading := range []string{"/readyz", "Log lines"} {
		for _, message := range column(t, document, heading) {
			if !strings.Contains(sources.String(), `"`+message) && !strings.Contains(sources.String(), message+`"`) {
				t.Errorf("the program never says %q", message)
			}
		}
	}
}
