// Package spoken turns a number, a row of digits, a date, a time or an amount of money into the words a caller hears.
//
// The words come as fragments: each a word or a short phrase that always sounds the same, so that it can be rendered or
// recorded once and played wherever it occurs. The fragments of a language are a closed set of a few hundred.
//
//	spoken.Say("uk", spoken.Money, "-21.02", spoken.Options{Currency: "UAH"})
//	// мінус двадцять одна гривня дві копійки
//
// # Adding a language
//
// A language is one file, as en.go and uk.go are: a [language] value made of tables and of the few functions in which
// its grammar differs from the others', and the line that registers it. Nothing has to be listed for [Fragments]; they
// are found by saying everything once. A test table of the language's own belongs beside it.
package spoken

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Kind names what a value is, and so how it is written and said.
type Kind string

// The kinds of value, each with the form in which it is written.
const (
	Number Kind = "number" // [-]1234[.567]: up to 15 digits, up to 3 decimals
	Digits Kind = "digits" // 0 to 9, * # and +, up to 128 of them, said one by one
	Date   Kind = "date"   // 2026-12-25 with its year, --12-25 without (as in ISO 8601 and vCard)
	Time   Kind = "time"   // 08:15, from 00:00 to 23:59
	Money  Kind = "money"  // [-]1234[.50]: up to 15 digits, up to 2 decimals, in Options.Currency
)

// Pause is the one fragment that is no word: a silence of some 300 ms between groups of digits. A comma is what speech
// engines take for such a silence; a renderer that trims silence plays its own instead.
const Pause = ","

// Options are what some kinds need beside the value.
type Options struct {
	Currency string // of Money: ISO 4217, such as UAH; see Currencies
}

// Kinds returns every kind of value.
func Kinds() []Kind { return []Kind{Number, Digits, Date, Time, Money} }

// Languages returns the languages that can be spoken, as ISO 639 codes in alphabetical order.
func Languages() []string { return slices.Sorted(maps.Keys(languages)) }

// Currencies returns the currencies that lang can count, as ISO 4217 codes in alphabetical order; none when lang is not
// known.
func Currencies(lang string) []string {
	l, err := lookup(lang)
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(l.currencies))
}

// Say returns the fragments that say value in lang, in the order in which they are played; at least one.
//
// Any string is safe to pass. The error tells what is wrong with the language, the kind, the currency or the value, and
// what would be right.
func Say(lang string, kind Kind, value string, opts Options) ([]string, error) {
	l, err := lookup(lang)
	if err != nil {
		return nil, err
	}
	fragments, err := l.say(kind, value, opts)
	if err != nil {
		return nil, fmt.Errorf("say %s as %s: %w", quote(value), quote(string(kind)), err)
	}
	return fragments, nil
}

// say parses value as its kind wants it and hands it to the grammar.
func (l *language) say(kind Kind, value string, opts Options) ([]string, error) {
	switch kind {
	case Number:
		n, err := parseDecimal(value, 3)
		if err != nil {
			return nil, err
		}
		return l.number(n), nil
	case Digits:
		if err := checkKeys(value); err != nil {
			return nil, err
		}
		return l.spell(value), nil
	case Date:
		d, err := parseDate(value)
		if err != nil {
			return nil, err
		}
		return l.date(l, d), nil
	case Time:
		hour, minute, err := parseTime(value)
		if err != nil {
			return nil, err
		}
		return l.time(l, hour, minute), nil
	case Money:
		c, ok := l.currencies[opts.Currency]
		if !ok {
			return nil, unknown("currency", opts.Currency, slices.Sorted(maps.Keys(l.currencies)))
		}
		n, err := parseDecimal(value, 2)
		if err != nil {
			return nil, err
		}
		return l.money(n, c), nil
	default:
		return nil, unknown("kind", string(kind), Kinds())
	}
}

func lookup(lang string) (*language, error) {
	l, ok := languages[lang]
	if !ok {
		return nil, unknown("language", lang, Languages())
	}
	return l, nil
}

func unknown[T ~string](what, name string, known []T) error {
	list := make([]string, len(known))
	for i, k := range known {
		list[i] = string(k)
	}
	return fmt.Errorf("unknown %s %s: use one of %s", what, quote(name), strings.Join(list, ", "))
}

// quote shows s in an error, whatever is in it, and no more of it than a reader needs.
func quote(s string) string {
	const enough = 40 // characters
	if utf8.RuneCountInString(s) > enough {
		return fmt.Sprintf("%.*q…", enough, s)
	}
	return fmt.Sprintf("%q", s)
}
