// Package dialplan is a telephone menu: a graph of nodes read from a document,
// checked so that no call in it can get stuck, and walked by calls that may be
// interrupted at any step and resumed by another process.
//
// [Load] reads a document, [Walk.Run] takes a call through it. The call is
// commanded through a [Line], the rest of the world is asked through a [World].
package dialplan

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"
	_ "time/tzdata" // a menu knows its time zone on any machine
)

// The bounds of a document.
const (
	MaxDocument = 8 << 20 // bytes
	MaxNodes    = 20_000
)

// Options are what the reader of a document knows beside it.
type Options struct {
	// Queues are the names of the site's queues. A node that names another is
	// a fault. When nil, the document's own list decides, if it has one.
	Queues []string
}

// A Menu is a document that is valid. It never changes and may be shared.
type Menu struct {
	id        string
	version   string
	zone      *time.Location
	languages []string
	start     ref
	prompts   map[string]*prompt
	nodes     []node
	index     map[string]ref
	variables map[string]any // first values
	queues    []string
}

// ID is the menu's name in its document.
func (m *Menu) ID() string { return m.id }

// Version identifies the content: the first 16 bytes of the SHA-256 of the
// document as it was loaded, in lower-case hexadecimal.
func (m *Menu) Version() string { return m.version }

// Location is the time zone of the line.
func (m *Menu) Location() *time.Location { return m.zone }

// Languages are those that every prompt speaks; the first is the line's own.
func (m *Menu) Languages() []string { return slices.Clone(m.languages) }

// Queues are the names of the queues that nodes send callers to, sorted.
func (m *Menu) Queues() []string { return slices.Clone(m.queues) }

// Len is the number of nodes.
func (m *Menu) Len() int { return len(m.nodes) }

// Sounds are the prompts in every language, sorted by name, so that texts can
// be rendered before somebody waits for them.
func (m *Menu) Sounds() []Sound {
	var all []Sound
	for _, name := range slices.Sorted(maps.Keys(m.prompts)) {
		all = append(all, m.prompts[name].all()...)
	}
	return all
}

func versionOf(document []byte) string {
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:16])
}
