package api

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// An example is one curl command of docs/api.md.
type example struct {
	method, path, body string
	headers            []string
	statuses           []string // any of them
}

// TestDocumentedCommands runs every curl command of docs/api.md, one after
// the other on an empty service.
func TestDocumentedCommands(t *testing.T) {
	document, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t)
	clear(s.customers.has)
	clear(s.agents.has)
	clear(s.numbers.has)
	files := filesOf(string(document))
	var ran int
	for _, block := range blocks(string(document), "sh") {
		for line := range strings.SplitSeq(block, "\n") {
			if !strings.HasPrefix(line, "curl ") {
				continue
			}
			ran++
			e := parseCurl(t, line, files)
			x := s.do(e.method, e.path, e.body, e.headers...)
			if !slices.Contains(e.statuses, strconv.Itoa(x.status)) {
				t.Errorf("%s\nstatus %d: %s", line, x.status, x.body)
			}
			if strings.Contains(x.body, `"bad":`) && into[Imported](t, x).Bad > 0 {
				t.Errorf("%s\nrefuses lines: %s", line, x.body)
			}
		}
	}
	if want := strings.Count(string(document), "\ncurl "); ran != want || ran == 0 {
		t.Errorf("ran %d commands, want all %d", ran, want)
	}
}

// blocks are the contents of the code blocks whose info string begins so.
func blocks(document, info string) (all []string) {
	for _, m := range regexp.MustCompile("(?s)```"+info+"[^\n]*\n(.*?)```").FindAllStringSubmatch(document, -1) {
		all = append(all, m[1])
	}
	return all
}

// filesOf are the code blocks that have the name of a file.
func filesOf(document string) map[string]string {
	files := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)```ndjson ([a-z.]+)\n(.*?)```").FindAllStringSubmatch(document, -1) {
		files[m[1]] = m[2]
	}
	return files
}

var shellWord = regexp.MustCompile(`'[^']*'|"[^"]*"|[^\s'"]+`)

func parseCurl(t testing.TB, line string, files map[string]string) (e example) {
	t.Helper()
	command, wanted, ok := strings.Cut(line, "    # ")
	if !ok {
		command, wanted, ok = strings.Cut(line, "  # ")
	}
	if !ok {
		t.Fatalf("%s\nsays no status", line)
	}
	e = example{method: "GET", headers: []string{"Authorization", ""}, statuses: strings.Split(wanted, " or ")}
	words := shellWord.FindAllString(command, -1)
	for i := 1; i < len(words); i++ {
		word := strings.Trim(words[i], `'"`)
		argument := func() string {
			i++
			return strings.Trim(words[i], `'"`)
		}
		switch word {
		case "--oauth2-bearer":
			e.headers[1] = "Bearer " + map[string]string{"$KEY": ScopeAdmin}[argument()]
		case "-X":
			e.method = argument()
		case "-H":
			name, value, _ := strings.Cut(argument(), ": ")
			e.headers = append(e.headers, name, value)
		case "-d", "--data-binary":
			e.body = content(t, argument(), files)
			e.headers = append(e.headers, "Content-Type", "application/x-www-form-urlencoded")
			if e.method == "GET" {
				e.method = "POST"
			}
		default:
			path, ok := strings.CutPrefix(word, "$API")
			if _, err := url.Parse(path); !ok || err != nil {
				t.Fatalf("%s\nhas %q, which the test does not know", line, word)
			}
			e.path = path
		}
	}
	return e
}

// content is the body that an argument of -d names.
func content(t testing.TB, argument string, files map[string]string) string {
	t.Helper()
	name, isFile := strings.CutPrefix(argument, "@")
	if !isFile {
		return argument
	}
	if text, ok := files[name]; ok {
		return text
	}
	text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
