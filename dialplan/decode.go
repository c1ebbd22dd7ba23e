package dialplan

import (
	"reflect"
	"strconv"
	"strings"
	"time"
)

// A reader is a type of field that reads itself.
type reader interface {
	read(l *loader, n *value, f *field)
}

// value reads n into v as f says.
func (l *loader) value(n *value, v reflect.Value, f *field) {
	if r, ok := v.Addr().Interface().(reader); ok {
		r.read(l, n, f)
		return
	}
	if v.Type() == durationType {
		l.duration(n, v, f)
		return
	}
	switch v.Kind() {
	case reflect.String:
		l.text(n, v, f)
	case reflect.Int:
		l.number(n, v, f)
	case reflect.Bool:
		l.yesno(n, v)
	case reflect.Slice:
		l.list(n, v, f)
	case reflect.Struct:
		l.settings(n, v, f.plan)
	case reflect.Pointer: // a group of settings that may be left out
		v.Set(reflect.New(v.Type().Elem()))
		l.settings(n, v.Elem(), f.plan)
	default:
		panic("no way to read a field of type " + v.Type().String())
	}
}

// settings reads a mapping into the menu fields of a struct, or any other value
// into its main field.
func (l *loader) settings(n *value, v reflect.Value, p *plan) {
	if p.main >= 0 && (p.whole || n.shape != mapping) && n.shape != nothing {
		f := &p.settings[p.main]
		l.places[f.name] = n.place
		l.value(n, v.Field(f.index), f)
		l.defaults(n, v, p.settings, func(name string) bool { return name == f.name })
		return
	}
	if n.shape == nothing {
		n = &value{shape: mapping, place: n.place}
	}
	pairs := l.mapping(n, p.names)
	meant := map[string]bool{} // settings whose names are misspelt: told once
	for _, pair := range pairs {
		f := find(p.settings, pair.key.text)
		if f == nil {
			meant[l.unknownSetting(pair.key, p)] = true
			continue
		}
		l.places[f.name] = pair.value.place
		l.value(pair.value, v.Field(f.index), f)
	}
	if n.shape == mapping {
		l.defaults(n, v, p.settings, func(name string) bool { return has(pairs, name) || meant[name] })
	}
}

// unknownSetting tells of a name that is none, and returns the setting that was
// probably meant.
func (l *loader) unknownSetting(key *value, p *plan) string {
	if find(p.branches, key.text) != nil {
		l.fault(key, "%s is a branch: write it beside the kind, not inside of it", key.text)
		return ""
	}
	l.fault(key, "there is no %q here%s", clip(key.text), l.suggest(key.text, p.names))
	return l.closest(key.text, p.names)
}

// defaults fills what the document does not give.
func (l *loader) defaults(n *value, v reflect.Value, fields []field, given func(string) bool) {
	for i := range fields {
		f := &fields[i]
		switch {
		case given(f.name):
		case f.required:
			l.fault(n, "%s is missing: %s", f.name, phrase(f.doc))
		case f.def != nil:
			l.value(f.def, v.Field(f.index), f)
		}
	}
}

// list reads a list, or one value as a list of one.
func (l *loader) list(n *value, v reflect.Value, f *field) {
	count := n.count()
	if f.most > 0 && count > int(f.most) {
		l.fault(n, "%d of them: at most %d", count, f.most)
		count = int(f.most)
	}
	each := *f
	each.most = 0
	v.Set(reflect.MakeSlice(v.Type(), count, count))
	i := 0
	for item := range n.items {
		if i == count {
			break
		}
		l.value(item, v.Index(i), &each)
		i++
	}
}

func (l *loader) text(n *value, v reflect.Value, f *field) {
	text, ok := l.scalar(n)
	if !ok {
		return
	}
	if f.most > 0 && len(text) > int(f.most) {
		l.fault(n, "%d bytes long: at most %d", len(text), f.most)
		return
	}
	v.SetString(text)
}

func (l *loader) number(n *value, v reflect.Value, f *field) {
	text, ok := l.scalar(n)
	if !ok {
		return
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < f.least || number > f.most {
		l.fault(n, "%s is %q: write a whole number from %s to %s", f.name, clip(text), f.min, f.max)
		return
	}
	v.SetInt(number)
}

func (l *loader) duration(n *value, v reflect.Value, f *field) {
	text, ok := l.scalar(n)
	if !ok {
		return
	}
	d, err := time.ParseDuration(text)
	if err != nil || int64(d) < f.least || int64(d) > f.most {
		l.fault(n, "%s is %q: write a time from %s to %s, as in 5s or 1m30s", f.name, clip(text), f.min, f.max)
		return
	}
	v.SetInt(int64(d))
}

func (l *loader) yesno(n *value, v reflect.Value) {
	text, ok := l.scalar(n)
	if !ok {
		return
	}
	switch strings.ToLower(text) {
	case "yes", "true", "on":
		v.SetBool(true)
	case "no", "false", "off":
		v.SetBool(false)
	default:
		l.fault(n, "%q: write yes or no", clip(text))
	}
}

// A pair is one entry of a mapping.
type pair struct{ key, value *value }

// mapping returns the entries of a mapping in order, without those that a key
// repeats. Expected are some of its keys, for the message when n is none.
func (l *loader) mapping(n *value, expected []string) []pair {
	if n.shape != mapping {
		l.fault(n, "expected %s, found %s", mappingOf(expected), describe(n))
		return nil
	}
	pairs := l.room(int(n.size / 2))
	seen := keySet{}
	for key := n.first; key != nil; key = key.next.next {
		if !key.single() {
			l.fault(key, "expected a name, found %s", describe(key))
			continue
		}
		if first := seen.add(key, pairs); first != nil {
			l.fault(key, "%q is here twice, first on line %d: remove one", clip(key.text), first.line)
			continue
		}
		pairs = append(pairs, pair{key, key.next})
	}
	return pairs
}

// room is for so many pairs. It is a part of a larger piece of memory: most
// mappings of a menu are small, and there are three of them in a node.
func (l *loader) room(pairs int) []pair {
	if len(l.spare) < pairs {
		l.spare = make([]pair, max(pairs, 1024))
	}
	room := l.spare[:0:pairs]
	l.spare = l.spare[pairs:]
	return room
}

// A keySet finds the keys that a mapping repeats: a few by looking at them all.
type keySet struct{ many map[string]*value }

// add returns the same key among the pairs so far, nil if there is none.
func (s *keySet) add(key *value, pairs []pair) *value {
	const few = 8
	if len(pairs) < few {
		for _, p := range pairs {
			if p.key.text == key.text {
				return p.key
			}
		}
		return nil
	}
	if s.many == nil {
		s.many = make(map[string]*value, cap(pairs))
		for _, p := range pairs {
			s.many[p.key.text] = p.key
		}
	}
	first := s.many[key.text]
	if first == nil {
		s.many[key.text] = key
	}
	return first
}

// scalar returns a single value as it is written.
func (l *loader) scalar(n *value) (string, bool) {
	if !n.single() || n.shape == nothing {
		l.fault(n, "expected a single value, found %s", describe(n))
		return "", false
	}
	return n.text, true
}

func has(pairs []pair, name string) bool {
	for _, p := range pairs {
		if p.key.text == name {
			return true
		}
	}
	return false
}

func describe(n *value) string {
	switch n.shape {
	case mapping:
		return "a mapping (name: value)"
	case list:
		return "a list"
	case nothing:
		return "nothing"
	default:
		return strconv.Quote(clip(n.text))
	}
}

func mappingOf(expected []string) string {
	if len(expected) == 0 {
		return "a mapping (name: value)"
	}
	return "a mapping with " + strings.Join(expected, ", ")
}

// clip shortens what a message repeats.
func clip(s string) string {
	const enough = 40
	if runes := []rune(s); len(runes) > enough {
		return string(runes[:enough]) + "…"
	}
	return s
}

// phrase is a sentence as a part of another one.
func phrase(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + strings.TrimSuffix(s[1:], ".")
}
