package spoken

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// vocabularies caches what vocabulary finds: language code to []string.
var vocabularies sync.Map

// Fragments returns, in alphabetical order, every fragment that Say can return for lang, so that all can be rendered
// ahead; none when lang is not known. The first call for a language takes some 20 ms.
func Fragments(lang string) []string {
	l, err := lookup(lang)
	if err != nil {
		return nil
	}
	found, ok := vocabularies.Load(lang)
	if !ok {
		found, _ = vocabularies.LoadOrStore(lang, l.vocabulary())
	}
	return slices.Clone(found.([]string))
}

// vocabulary says everything once. Numbers are said group by group, so the groups stand for all numbers; dates, times
// and decimals are few enough to say every one.
func (l *language) vocabulary() []string {
	set := map[string]bool{Pause: true, l.minus: true}
	hear := func(fragments []string) {
		for _, f := range fragments {
			set[f] = true
		}
	}
	for _, name := range l.keys {
		set[name] = true
	}
	for size := uint64(1); size <= 1e12; size *= 1000 {
		for group := range uint64(1000) {
			l.hearNumber(group*size, hear)
		}
	}
	for fraction := 1; fraction < 1000; fraction++ {
		digits := fmt.Sprintf("%03d", fraction)
		for places := 1; places <= len(digits); places++ {
			hear(l.decimal(l, 0, digits[:places]))
		}
	}
	for year := range 10_000 {
		hear(l.date(l, date{year, time.January, 1}))
	}
	for day := range 366 { // of a leap year
		d := time.Date(2000, time.January, 1+day, 0, 0, 0, 0, time.UTC)
		hear(l.date(l, date{0, d.Month(), d.Day()}))
	}
	for minute := range 24 * 60 {
		hear(l.time(l, minute/60, minute%60))
	}
	return slices.Sorted(maps.Keys(set))
}

// hearNumber says n in every way in which a number is said.
func (l *language) hearNumber(n uint64, hear func([]string)) {
	hear(l.cardinal(n, masculine))
	hear(l.decimal(l, n, "5"))
	for _, c := range l.currencies {
		hear(l.count(n, c.unit))
		hear(l.count(n, c.cent))
	}
}
