package controller

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// FreeSWITCH expands ${…} in every application argument, ${system(command)}
// included, and some applications expand twice, so that no escape is safe
// (switch_channel.c, switch_channel_expand_variables). Data therefore reaches
// an argument, a variable or an api command through this file only: letters,
// digits and a few signs pass, and among the signs there is never one of
//
//	$ \ ' " ` { } [ ] ! | ^  nor a control character or a line break

// Signs that pass, by where the data goes.
const (
	fileSigns = " -_./:+*#@%=&~?;,()<>" // what `playback` takes: files, URLs, tones, say:TEXT
	dialSigns = "-_./:+*#@%=~?;"        // dial strings: the comma separates legs there
	wordSigns = "-_.:+*#@/"             // values of variables, destinations
)

// maxArgument bounds one piece of data in an argument, in bytes.
const maxArgument = 2000

// passes tells whether s may stand in an argument as it is.
func passes(s, signs string) bool {
	if s == "" || len(s) > maxArgument || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !harmless(r, signs) {
			return false
		}
	}
	return true
}

// harmless tells whether a character may stand in an argument. Of letters
// beyond ASCII only those count that are letters: format and private-use
// characters do not.
func harmless(r rune, signs string) bool {
	if r < utf8.RuneSelf {
		return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || strings.ContainsRune(signs, r)
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r))
}

// argument returns s, or an error when it does not pass. The error does not
// repeat the data.
func argument(what, s, signs string) (string, error) {
	if !passes(s, signs) {
		return "", fmt.Errorf("%s of %d bytes holds signs that must not reach FreeSWITCH", what, len(s))
	}
	return s, nil
}

// words makes a text that an engine is to speak harmless: what does not pass
// becomes a space. It serves where the words matter and the signs do not.
func words(s string) string {
	if len(s) > maxArgument {
		s = s[:maxArgument]
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return !harmless(r, "-.,?") }), " ")
}

// isFile tells whether s can be given to `playback`.
func isFile(s string) bool { return passes(s, fileSigns) }

// isCause tells whether s looks like a hangup cause as FreeSWITCH spells it,
// such as NORMAL_CLEARING.
func isCause(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == ""
}
