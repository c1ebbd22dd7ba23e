package dialplan

import (
	"strings"
)

// keyRefs is a branch for each of some keys of the telephone.
type keyRefs []keyRef

type keyRef struct {
	key   byte
	to    ref
	place place
}

func (k *keyRefs) read(l *loader, n *value, f *field) {
	pairs := l.mapping(n, []string{"keys"})
	*k = make(keyRefs, 0, len(pairs))
	for _, p := range pairs {
		key, ok := l.oneKey(p.key)
		if !ok {
			continue
		}
		one := keyRef{key: key, place: p.key.place}
		one.to.read(l, p.value, f)
		*k = append(*k, one)
	}
}

// find returns where a key leads to.
func (k keyRefs) find(key string) (ref, bool) {
	for _, one := range k {
		if key == string(one.key) {
			return one.to, true
		}
	}
	return 0, false
}

// String is all the keys in a row.
func (k keyRefs) String() string {
	var all strings.Builder
	for _, one := range k {
		all.WriteByte(one.key)
	}
	return all.String()
}

// aKey is a setting: one key of the telephone, "" for none.
type aKey string

func (k *aKey) read(l *loader, n *value, _ *field) {
	if key, ok := l.oneKey(n); ok {
		*k = aKey(key)
	}
}

// keyRow is a setting: some keys in a row, each once. "none" is no key.
type keyRow string

func (k *keyRow) read(l *loader, n *value, _ *field) {
	row, ok := l.scalar(n)
	if !ok || row == "none" {
		return
	}
	for i := range len(row) {
		switch {
		case !IsKey(row[i]):
			l.fault(n, "%q are not keys: write some of 0-9, *, # and A-D in a row, or none", clip(row))
			return
		case strings.IndexByte(row[:i], row[i]) >= 0:
			l.fault(n, "key %c is here twice: remove one", row[i])
			return
		}
	}
	*k = keyRow(row)
}

// oneKey reads the name of a key.
func (l *loader) oneKey(n *value) (byte, bool) {
	name, ok := l.scalar(n)
	if !ok {
		return 0, false
	}
	if len(name) != 1 || !IsKey(name[0]) {
		l.fault(n, `no telephone has a key %q: write one of 0-9, "*", "#" and A-D`, clip(name))
		return 0, false
	}
	return name[0], true
}
