package main

import (
	"os"
	"path"
	"strings"
	"time"
	"unicode/utf8"
)

// words are what a file says, where that can be known: a rendered prompt has
// its text beside it, FreeSWITCH's own engine is given the words themselves.
func words(file string) string {
	if _, text, ok := strings.Cut(file, "say:"); ok {
		return text
	}
	switch {
	case strings.HasPrefix(file, "local_stream://"):
		return "music"
	case strings.HasPrefix(file, "tone_stream://"), strings.HasPrefix(file, "silence_stream://"):
		return "tones"
	}
	name := strings.TrimPrefix(file, "http_cache://")
	if text, err := os.ReadFile(strings.TrimSuffix(name, path.Ext(name)) + ".txt"); err == nil {
		return string(text)
	}
	return name
}

// spokenLength tells the terminal's telephone how long a file lasts: as long
// as it takes to read it.
func spokenLength(file string) (time.Duration, bool) {
	const perLetter = 40 * time.Millisecond
	return min(max(time.Duration(utf8.RuneCountInString(words(file)))*perLetter, 500*time.Millisecond), 8*time.Second), true
}
