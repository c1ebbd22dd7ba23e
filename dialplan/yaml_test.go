package dialplan

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// isRead tells whether readYAML has read a document, and fails when that is not
// what the library reads.
func isRead(t rapid.TB, document string) bool {
	t.Helper()
	if !utf8.ValidString(document) || tooDeep([]byte(document)) > 0 { // never come here
		return false
	}
	got := readYAML([]byte(document))
	if got == nil {
		return false
	}
	want, problems := compose([]byte(document))
	if problems != nil {
		t.Fatalf("%q was read, but: %v", document, problems)
	}
	if want, got := outline(want, ""), outline(got, ""); want != got {
		t.Fatalf("%q, by the library and by ourselves (-library +ourselves):\n%s", document, cmp.Diff(want, got))
	}
	return true
}

// outline is a value in full, each value in it on a line.
func outline(n *value, indent string) string {
	var all strings.Builder
	fmt.Fprintf(&all, "%s%d:%d: shape %d, size %d, %q\n", indent, n.line, n.col, n.shape, n.size, n.text)
	for child := range n.all {
		all.WriteString(outline(child, indent+"  "))
	}
	return all.String()
}

// menus are all the documents that we write for others to follow.
func menus(t testing.TB) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"testdata/*.yaml", "sim/testdata/*.yaml", "../examples/*.yaml", "../examples/*/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("Glob(%q) = %v, %v", pattern, files, err)
		}
		for _, file := range files {
			all[file] = read(t, file)
		}
	}
	fence := regexp.MustCompile("(?ms)^```yaml[^\n]*\n(.*?)^```$")
	for _, file := range []string{"../README.md", "../docs/menus.md", "../docs/menu-reference.md"} {
		for _, block := range fence.FindAllStringSubmatch(read(t, file), -1) {
			all[file+" "+block[1][:min(len(block[1]), 40)]] = block[1]
		}
	}
	return all
}

func read(t testing.TB, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestMenusAreReadByOurselves(t *testing.T) {
	for name, document := range menus(t) {
		if !isRead(t, document) && !strings.HasPrefix(name, "testdata/") {
			t.Errorf("%s was not read", name)
		}
	}
	if !isRead(t, string(bigMenu(1000))) {
		t.Error("a long menu was not read")
	}
}

// usual are documents that we read by ourselves, although some are easily read
// otherwise than the library does.
func usual(t testing.TB) []string {
	return append(paragraphs(t, "testdata/yaml/usual.txt"),
		"a: \u0080\n", "a: \x7f\n", "a: b\r\nc: d\r\n", "a: |\r\n  b\r\n\r\n  c\r\nd: {e: f,\r\n  g: \"h\"}\r\n", "a: b   \n   \nc: d",
		"a: b\n   ", "a: b # c", "a",
	)
}

// unusual are documents that are wrong, or that we need not read.
func unusual(t testing.TB) []string {
	deep := strings.Repeat("[", maxDepth-1) + "b" + strings.Repeat("]", maxDepth-1)
	return append(paragraphs(t, "testdata/yaml/unusual.txt"), "a: "+deep+"\n",
		"\ufeffa: b\n", "a: \ufeffb\n", "a: b\u0085c: d\n", "a: b\u2028c\n", "a: b\u2029\n", "a: \ufffe\n", "a: b\rc: d\r",
		"a: b\r\r\nc: d", "a: \"b\r\"\n", "a:\tb\n", "\ta: b\n", "a: b\t# c\n", "a: b\x00\n", "a: \x01\n", "a: |\n  b", "a: |\n  b\n  ",
		"", "\n",
	)
}

func paragraphs(t testing.TB, file string) []string {
	return strings.Split(read(t, file), "====\n")
}

func TestUsualYAMLIsReadByOurselves(t *testing.T) {
	for _, document := range usual(t) {
		if !isRead(t, document) {
			t.Errorf("%q was not read", document)
		}
	}
}

func TestUnusualYAMLIsReadAlike(t *testing.T) {
	for _, document := range unusual(t) {
		isRead(t, document)
	}
}

func FuzzYAML(f *testing.F) {
	for _, document := range slices.Concat(slices.Sorted(maps.Values(menus(f))), usual(f), unusual(f), []string{string(bigMenu(5))}) {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, document string) { isRead(t, document) })
}

// fragments are what documents that are nearly right are made of.
var fragments = []string{
	"\n", "\n", "\n", "\n  ", "\n  ", "\n    ", "\n ", "\n---\n", "\n...\n", "\r\n", "\u0085", "\u2028", "\t", " ", " ", "  ",
	"a", "b", "c: ", "d:", "e: f", "- ", "- ", "-", "-1", "-:", "? ", "?", ": ", ":", ":", " :", "[", "]", "{", "}", "[", "]", "{", "}", ", ", ",",
	"\"", "'", "\"x\"", "'y'", "\"#\": z", "\"\\\"\"", "\"\\n\"", "\"\\x41\"", "''", "#", " # x", "# y", "|", ">", "|-\n", ">-\n", "|\n", ">\n", "|+", "|2",
	"&a", "*a", "!t", "!", "%", "@", "`", "~", "null", "Null", "true", "12", "1.5", "2026-12-25", "<<", "<<: ", "http://x", "дім", "é", "\u007f", "\ufeff",
	"\x00", "\x01", "---", "...", "--- ", "k:\n", "k:\n- ", "k:\n  - ", "{a: b}", "[a, b]", "{a: , b}", "[a, b, ]", "{\"a\":b}",
}

// Nearly right documents: some lines of one, with a few fragments put in or
// instead of something.
func TestAnyYAMLIsReadAlike(t *testing.T) {
	all := slices.Concat(slices.Sorted(maps.Values(menus(t))), usual(t), unusual(t))
	check := func(t *rapid.T) {
		lines := strings.SplitAfter(rapid.SampledFrom(all).Draw(t, "menu"), "\n")
		from := rapid.IntRange(0, len(lines)-1).Draw(t, "first line")
		to := rapid.IntRange(from+1, min(from+12, len(lines))).Draw(t, "last line")
		document := strings.Join(lines[from:to], "")
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			from := rapid.IntRange(0, len(document)).Draw(t, "from")
			to := rapid.IntRange(from, min(from+3, len(document))).Draw(t, "to")
			document = document[:from] + rapid.SampledFrom(fragments).Draw(t, "fragment") + document[to:]
		}
		isRead(t, document)
	}
	for range 20 {
		rapid.Check(t, check)
	}
}
