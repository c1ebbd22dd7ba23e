package dialplan

import (
	"regexp"
	"slices"
	"strings"
)

// A prompt is something to be heard, in every language of the menu.
type prompt struct {
	name   string
	sounds map[string][]Sound // by language: one each
}

// promptSettings is a prompt as it is written: one of file, text and tone.
type promptSettings struct {
	File  translations `menu:"file" doc:"A recording: its path below the prompts folder, one for all languages or one for each."`
	Text  translations `menu:"text" doc:"Words to be spoken, in every language of the menu."`
	Tone  string       `menu:"tone" max:"200" doc:"A tone in the notation of FreeSWITCH's tone_stream, such as %(200,0,800)."`
	Voice string       `menu:"voice" max:"40" doc:"The voice that speaks the text; the language's own when missing."`
	Rate  int          `menu:"rate" min:"80" max:"450" doc:"How fast the text is spoken, in words a minute."`
}

var promptPlan = planOfType[promptSettings]()

// What may stand in a path, a tone and the name of a voice: they become
// arguments of FreeSWITCH applications, where $, quotes, brackets and blanks
// have a meaning (mod_dptools.c).
var (
	fileForm  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$`)
	toneForm  = regexp.MustCompile(`^[A-Za-z0-9%(),.;=+*#/-]+$`)
	voiceForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_+-]*$`)
)

const (
	maxFile = 200  // bytes
	maxText = 2000 // bytes of a text in one language
)

func (l *loader) readPrompts(n *value) {
	for _, p := range l.mapping(n, nil) {
		if name, ok := l.name(p.key, "prompt"); ok {
			l.menu.prompts[name] = l.readPrompt(name, p)
		}
	}
}

func (l *loader) readPrompt(name string, p pair) *prompt {
	result := &prompt{name: name, sounds: map[string][]Sound{}}
	if p.value.shape != mapping {
		l.fault(p.value, `expected {file: …}, {text: …} or {tone: …}, found %s`, describe(p.value))
		return result
	}
	var s promptSettings
	l.settings(p.value, valueOf(&s), promptPlan)
	switch {
	case count(s.File != nil, s.Text != nil, s.Tone != "") != 1:
		l.fault(p.key, "prompt %q: give it one of file, text and tone", name)
	case s.Tone != "" && !toneForm.MatchString(s.Tone):
		l.fault(p.value, "%q is no tone: use letters, digits and %%(),.;=+*#/- only, as in %%(200,0,800)", clip(s.Tone))
	case s.Voice != "" && !voiceForm.MatchString(s.Voice):
		l.fault(p.value, "%q is no voice: use letters, digits, - + and _", clip(s.Voice))
	}
	l.checkFiles(s.File)
	l.checkTexts(p.key, name, s)
	for _, language := range l.menu.languages {
		result.sounds[language] = []Sound{{
			Name: name, File: s.File.in(language), Text: s.Text.in(language), Tone: s.Tone,
			Lang: language, Voice: s.Voice, Rate: s.Rate,
		}}
	}
	return result
}

func (l *loader) checkFiles(files translations) {
	for _, t := range files {
		switch {
		case len(t.value) > maxFile:
			l.faultAt(t.place, "a path of %d bytes: at most %d", len(t.value), maxFile)
		case strings.HasPrefix(t.value, "/"):
			l.faultAt(t.place, "%q is absolute: write the path below the prompts folder", clip(t.value))
		case slices.Contains(strings.Split(t.value, "/"), ".."):
			l.faultAt(t.place, "%q leaves the prompts folder: write the path without ..", clip(t.value))
		case !fileForm.MatchString(t.value):
			l.faultAt(t.place, "%q is no path for a prompt: use letters, digits, . _ - and / only", clip(t.value))
		}
	}
}

func (l *loader) checkTexts(key *value, name string, s promptSettings) {
	for _, t := range s.Text {
		switch {
		case strings.TrimSpace(t.value) == "":
			l.faultAt(t.place, "an empty text: write what is to be said")
		case len(t.value) > maxText:
			l.faultAt(t.place, "a text of %d bytes: at most %d, cut it into several prompts", len(t.value), maxText)
		}
	}
	var lacking []string
	for _, language := range l.menu.languages {
		for _, ts := range []translations{s.File, s.Text} {
			if ts != nil && ts.in(language) == "" && !ts.all() {
				lacking = append(lacking, language)
			}
		}
	}
	if len(lacking) > 0 {
		l.fault(key, "prompt %q is missing in %s: translate it, or take the language off the menu's list", name, strings.Join(lacking, ", "))
	}
	if s.Text.all() && len(l.menu.languages) > 1 {
		l.fault(key, "prompt %q has one text for %d languages: write one for each, as in {%s: …}",
			name, len(l.menu.languages), l.menu.languages[0])
	}
}

// all are the prompt's sounds in the order of the languages' names.
func (p *prompt) all() []Sound {
	var all []Sound
	for _, s := range p.sounds {
		all = append(all, s...)
	}
	slices.SortFunc(all, func(a, b Sound) int { return strings.Compare(a.Lang, b.Lang) })
	return all
}

// translations are a value by language, or one for all of them.
type translations []translation

type translation struct {
	language string // "" for all
	value    string
	place    place
}

func (t *translations) read(l *loader, n *value, _ *field) {
	*t = translations{}
	if n.shape != mapping {
		if value, ok := l.scalar(n); ok {
			*t = append(*t, translation{"", value, n.place})
		}
		return
	}
	for _, p := range l.mapping(n, nil) {
		if !slices.Contains(l.menu.languages, p.key.text) {
			l.fault(p.key, "%q is not one of the menu's languages%s", clip(p.key.text), l.suggest(p.key.text, l.menu.languages))
			continue
		}
		if value, ok := l.scalar(p.value); ok {
			*t = append(*t, translation{p.key.text, value, p.value.place})
		}
	}
}

func (t translations) in(language string) string {
	for _, one := range t {
		if one.language == language || one.language == "" {
			return one.value
		}
	}
	return ""
}

// all tells that there is one value for all languages.
func (t translations) all() bool { return len(t) == 1 && t[0].language == "" }

// prompts is a setting: the name of a prompt, or a list of names, played in a row.
type prompts []*prompt

// maxRow is how many prompts one step may play in a row.
const maxRow = 20

func (ps *prompts) read(l *loader, n *value, _ *field) {
	if n.count() > maxRow {
		l.fault(n, "%d prompts in a row: at most %d", n.count(), maxRow)
		return
	}
	for item := range n.items {
		name, ok := l.scalar(item)
		if !ok {
			continue
		}
		p, known := l.menu.prompts[name]
		if !known {
			l.fault(item, "there is no prompt %q%s", clip(name), l.suggest(name, l.promptNames()))
			continue
		}
		*ps = append(*ps, p)
	}
}

func (l *loader) promptNames() []string {
	if len(l.menu.prompts) > l.guesses {
		return nil
	}
	all := make([]string, 0, len(l.menu.prompts))
	for name := range l.menu.prompts {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// in returns what is to be heard in that language.
func (ps prompts) in(language string) []Sound {
	if len(ps) == 1 {
		return ps[0].sounds[language]
	}
	all := make([]Sound, 0, len(ps))
	for _, p := range ps {
		all = append(all, p.sounds[language]...)
	}
	return all
}

// one is the sound of a setting that has room for a single one.
func (ps prompts) one(language string) Sound {
	if len(ps) == 0 {
		return Sound{}
	}
	return ps[0].sounds[language][0]
}

func count(conditions ...bool) int {
	n := 0
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}
