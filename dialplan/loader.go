package dialplan

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Load reads a menu from YAML or JSON and checks it. The error is [Problems]:
// all the faults of the document, each with its place.
func Load(data []byte, opts Options) (*Menu, error) {
	root, problems := parse(data)
	if problems != nil {
		return nil, problems
	}
	return build(root, versionOf(data), opts)
}

// build makes a menu of the nodes of a document, and checks it.
func build(root *value, version string, opts Options) (*Menu, error) {
	l := &loader{
		opts: opts, root: root, guesses: 100_000,
		menu: &Menu{
			version: version, zone: time.UTC, languages: []string{"en"}, start: -1,
			prompts: map[string]*prompt{}, index: map[string]ref{}, variables: map[string]any{},
		},
		hours: map[string]*Hours{}, places: map[string]place{},
	}
	l.document()
	if len(l.problems) > 0 {
		return nil, l.withPaths()
	}
	return l.menu, nil
}

// A loader turns the nodes of a document into a menu and gathers its faults.
type loader struct {
	opts     Options
	root     *value
	menu     *Menu
	problems Problems
	more     bool // problems are not all
	guesses  int  // names that may yet be compared for a suggestion

	hours  map[string]*Hours
	queues []string // the names allowed; nil for any
	zoned  bool     // the document names its time zone

	current     ref              // node that is being read
	edges       [][]edge         // by node
	ends        []bool           // by node: a branch of it ends the walk
	places      map[string]place // by field of the node that is being read
	spare       []pair           // room for the entries of mappings
	expressions []pending        // to be compiled when all variables are known
	queueNames  map[string]bool
}

// A section is one part of the document. Parts are read in this order, whatever
// theirs in the document, because later ones refer to earlier ones.
type section struct {
	name     string
	required bool
	doc      string
	read     func(*loader, *value)
}

func sections() []section {
	return []section{
		{"menu", true, "the name of the menu", (*loader).readID},
		{"timezone", false, "the time zone of the line, as in Europe/Kyiv; UTC when missing", (*loader).readZone},
		{"languages", false, "the languages that every prompt speaks, the line's own first; en when missing", (*loader).readLanguages},
		{"prompts", false, "what callers hear: recordings, texts, tones", (*loader).readPrompts},
		{"hours", false, "opening hours by name", (*loader).readHours},
		{"queues", false, "the names of the queues; a node that names another is a fault", (*loader).readQueues},
		{"variables", false, "first values of the variables that nodes change", (*loader).readVariables},
		{"nodes", true, "the steps of the menu, each with its name", (*loader).readNodes},
		{"start", true, "the node that a call begins with", (*loader).readStart},
	}
}

func (l *loader) document() {
	all := sections()
	known := make([]string, len(all))
	for i, s := range all {
		known[i] = s.name
	}
	values := map[string]*value{}
	for _, p := range l.mapping(l.root, known) {
		values[p.key.text] = p.value
		if !slices.Contains(known, p.key.text) {
			l.fault(p.key, "a menu has no %q%s", clip(p.key.text), l.suggest(p.key.text, known))
		}
	}
	for _, s := range all {
		switch n, given := values[s.name]; {
		case given:
			s.read(l, n)
		case s.required && l.root.shape == mapping:
			l.fault(l.root, "%s: is missing: %s", s.name, s.doc)
		}
	}
	l.compile()
	if l.menu.start >= 0 {
		l.checkGraph()
	}
	l.menu.queues = slices.Sorted(maps.Keys(l.queueNames))
}

var languageForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$`)

// isName tells whether there may be something of that name.
func isName(name string) bool {
	for i := range len(name) {
		if b := name[i]; !isLetter(b) && (b < '0' || b > '9') && (i == 0 || b != '_' && b != '-') {
			return false
		}
	}
	return name != "" && len(name) <= 64
}

// name returns the name that n is, for something called what.
func (l *loader) name(n *value, what string) (string, bool) {
	name, ok := l.scalar(n)
	if ok && !isName(name) {
		l.fault(n, "%q is no name for a %s: use up to 64 letters, digits, - and _", clip(name), what)
		return "", false
	}
	return name, ok
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

func (l *loader) readID(n *value) { l.menu.id, _ = l.name(n, "menu") }

func (l *loader) readZone(n *value) {
	l.zoned = true
	name, ok := l.scalar(n)
	if !ok {
		return
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		l.fault(n, "unknown time zone %q: write one such as Europe/Kyiv or UTC", clip(name))
		return
	}
	l.menu.zone = zone
}

func (l *loader) readLanguages(n *value) {
	var languages []string
	for item := range n.items {
		language, ok := l.scalar(item)
		switch {
		case !ok:
		case !languageForm.MatchString(language):
			l.fault(item, "%q is no language: write a code such as uk, en or pt-BR", clip(language))
		case slices.Contains(languages, language):
			l.fault(item, "%s is here twice: remove one", language)
		default:
			languages = append(languages, language)
		}
	}
	switch {
	case n.count() == 0:
		l.fault(n, "no languages: write at least one, such as [en]")
	case len(languages) > 0:
		l.menu.languages = languages
	}
}

func (l *loader) readQueues(n *value) {
	l.queues = []string{}
	for item := range n.items {
		if name, ok := l.name(item, "queue"); ok {
			l.queues = append(l.queues, name)
		}
	}
}

func (l *loader) readStart(n *value) {
	if name, ok := l.scalar(n); ok {
		l.menu.start = l.lookup(n, name)
	}
}

// fault notes what is wrong at n.
func (l *loader) fault(n *value, format string, args ...any) {
	l.faultAt(n.place, format, args...)
}

// faultHere notes what is wrong with a field of the node that is being read;
// with the node where it has no such field.
func (l *loader) faultHere(field, format string, args ...any) {
	at, ok := l.places[field]
	if !ok {
		at = l.menu.nodes[l.current].place
	}
	l.faultAt(at, format, args...)
}

func (l *loader) faultAt(at place, format string, args ...any) {
	if len(l.problems) == MaxProblems {
		l.more = true
		return
	}
	l.problems = append(l.problems, Problem{Line: int(at.line), Col: int(at.col), Message: fmt.Sprintf(format, args...)})
}

// withPaths returns the faults in order, each with its path in the document.
func (l *loader) withPaths() Problems {
	wanted := map[place]string{}
	for _, p := range l.problems {
		wanted[place{int32(p.Line), int32(p.Col)}] = ""
	}
	var walk func(n *value, path []string)
	note := func(n *value, path []string) {
		if known, ok := wanted[n.place]; ok && known == "" {
			wanted[n.place] = strings.Join(path, ".")
		}
	}
	walk = func(n *value, path []string) {
		note(n, path)
		i := 0
		for child := n.first; child != nil; child = child.next {
			name := fmt.Sprint(i)
			if n.shape == mapping {
				name = child.text
				note(child, append(path, name))
				child = child.next
			}
			walk(child, append(path, name))
			i++
		}
	}
	walk(l.root, nil)
	for i, p := range l.problems {
		l.problems[i].Path = wanted[place{int32(p.Line), int32(p.Col)}]
	}
	told := l.problems.sorted()
	if last := told[len(told)-1]; l.more {
		told = append(told, Problem{Line: last.Line, Col: last.Col, Message: fmt.Sprintf("more than %d faults: the rest is not listed", MaxProblems)})
	}
	return told
}
