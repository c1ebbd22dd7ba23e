package spoken_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dialgraph/dialgraph/dialplan/spoken"
)

// tester is what testing.TB and rapid.T have in common.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// say says value or fails the test.
func say(t tester, lang string, kind spoken.Kind, value, currency string) []string {
	t.Helper()
	said, err := spoken.Say(lang, kind, value, spoken.Options{Currency: currency})
	if err != nil {
		t.Fatalf("Say(%q, %q, %q) = %v", lang, kind, value, err)
	}
	return said
}

// testSay runs a table of values and what is said; nothing said means that the value is refused.
func testSay(t *testing.T, lang string, kind spoken.Kind, currency string, table [][2]string) {
	t.Helper()
	for _, row := range table {
		value, want := row[0], row[1]
		said, err := spoken.Say(lang, kind, value, spoken.Options{Currency: currency})
		if got := strings.Join(said, " "); got != want || (err != nil) != (want == "") {
			t.Errorf("Say(%q, %q, %q %s) = %q, %v; want %q", lang, kind, value, currency, got, err, want)
		}
	}
}

func TestSayRefuses(t *testing.T) {
	long := strings.Repeat("9", 1<<20)
	tests := []struct {
		situation string
		lang      string
		kind      spoken.Kind
		value     string
		currency  string
		want      []string // parts of the error
	}{
		{"unknown language", "xx", "number", "1", "", []string{`language "xx"`, "use one of en, "}},
		{"no language", "", "number", "1", "", []string{`language ""`, "use one of en, "}},
		{"endless language", long, "number", "1", "", []string{"…", "use one of en, "}},
		{"unknown kind", "uk", "ordinal", "1", "", []string{`kind "ordinal"`, "number, digits, date, time, money"}},
		{"unknown currency", "uk", "money", "1", "XXX", []string{`currency "XXX"`, "EUR, UAH, USD"}},
		{"no currency", "en", "money", "1", "", []string{`currency ""`, "EUR, UAH, USD"}},
		{"empty number", "uk", "number", "", "", []string{`say "" as "number"`, "-1234.5"}},
		{"lone minus", "uk", "number", "-", "", []string{`"-"`, "-1234.5"}},
		{"two minuses", "uk", "number", "--1", "", []string{`"--1"`, "-1234.5"}},
		{"plus sign", "uk", "number", "+1", "", []string{`"+1"`, "-1234.5"}},
		{"lone point", "uk", "number", ".", "", []string{`"."`, "-1234.5"}},
		{"nothing before the point", "uk", "number", ".5", "", []string{`".5"`, "-1234.5"}},
		{"nothing after the point", "uk", "number", "5.", "", []string{`"5."`, "-1234.5"}},
		{"two points", "uk", "number", "1.2.3", "", []string{`"1.2.3"`, "-1234.5"}},
		{"decimal comma", "uk", "money", "1,50", "UAH", []string{`"1,50"`, "a point before up to 2 decimals"}},
		{"exponent", "uk", "number", "1e9", "", []string{`"1e9"`, "digits"}},
		{"other scripts' digits", "uk", "number", "٣", "", []string{`"٣"`, "digits"}},
		{"spaces", "uk", "number", " 1", "", []string{`" 1"`, "digits"}},
		{"16 digits", "uk", "number", "1000000000000000", "", []string{"16 digits before", "at most 15"}},
		{"endless digits", "uk", "number", long, "", []string{"…", "1048576 digits before", "at most 15"}},
		{"4 decimals", "uk", "number", "0.1234", "", []string{"4 digits after", "at most 3"}},
		{"3 decimals of money", "uk", "money", "0.123", "UAH", []string{"3 digits after", "at most 2"}},
		{"no digits", "uk", "digits", "", "", []string{"no digits", "at least one"}},
		{"letter among digits", "uk", "digits", "12x", "", []string{`'x' at position 3`, "0 to 9, *, # and +"}},
		{"129 digits", "uk", "digits", long[:129], "", []string{"129 characters", "at most 128"}},
		{"broken UTF-8", "uk", "digits", "1\xff", "", []string{`"1\xff"`, "position 2"}},
		{"no such day", "uk", "date", "2026-02-29", "", []string{`"2026-02-29"`, "2026-12-25"}},
		{"day zero", "uk", "date", "--01-00", "", []string{`"--01-00"`, "--12-25"}},
		{"month 13", "uk", "date", "--13-01", "", []string{`"--13-01"`, "--12-25"}},
		{"year zero", "uk", "date", "0000-01-01", "", []string{`"0000-01-01"`, "2026-12-25"}},
		{"five-digit year", "uk", "date", "12026-01-01", "", []string{`"12026-01-01"`, "2026-12-25"}},
		{"short month", "uk", "date", "2026-1-01", "", []string{`"2026-1-01"`, "2026-12-25"}},
		{"date and time", "uk", "date", "2026-01-01T10:00", "", []string{"2026-12-25"}},
		{"hour 24", "uk", "time", "24:00", "", []string{`"24:00"`, "08:15"}},
		{"minute 60", "uk", "time", "10:60", "", []string{`"10:60"`, "08:15"}},
		{"short hour", "uk", "time", "8:15", "", []string{`"8:15"`, "08:15"}},
		{"seconds", "uk", "time", "08:15:00", "", []string{`"08:15:00"`, "08:15"}},
		{"negative hour", "uk", "time", "-1:00", "", []string{`"-1:00"`, "08:15"}},
	}
	for _, tt := range tests {
		t.Run(tt.situation, func(t *testing.T) {
			said, err := spoken.Say(tt.lang, tt.kind, tt.value, spoken.Options{Currency: tt.currency})
			if err == nil {
				t.Fatalf("said %q, want an error", said)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not contain %q", err, part)
				}
			}
			if len(err.Error()) > 500 {
				t.Errorf("error is %d bytes long", len(err.Error()))
			}
		})
	}
}

func TestLists(t *testing.T) {
	languages := spoken.Languages()
	if !slices.IsSorted(languages) || !slices.Contains(languages, "en") || !slices.Contains(languages, "uk") {
		t.Errorf("Languages() = %q, want en and uk among them, in order", languages)
	}
	for _, lang := range []string{"en", "uk"} {
		if got, want := spoken.Currencies(lang), []string{"EUR", "UAH", "USD"}; !slices.Equal(got, want) {
			t.Errorf("Currencies(%q) = %q, want %q", lang, got, want)
		}
	}
	if got := spoken.Currencies("xx"); got != nil {
		t.Errorf("Currencies of an unknown language = %q, want none", got)
	}
	if got := spoken.Fragments("xx"); got != nil {
		t.Errorf("Fragments of an unknown language = %q, want none", got)
	}
}

// A set this small can be recorded by a person in an afternoon.
func TestFragmentsAreFew(t *testing.T) {
	for _, lang := range spoken.Languages() {
		fragments := spoken.Fragments(lang)
		if len(fragments) < 100 || len(fragments) > 300 {
			t.Errorf("%s has %d fragments", lang, len(fragments))
		}
		if !slices.IsSorted(fragments) || len(slices.Compact(slices.Clone(fragments))) != len(fragments) {
			t.Errorf("%s: fragments are not sorted, or some are twice: %q", lang, fragments)
		}
		for _, f := range fragments {
			if f == "" || f != strings.TrimSpace(f) || strings.ContainsAny(f, "$\\'\"{}[]!ʼ\n") {
				t.Errorf("%s: fragment %q cannot be rendered everywhere", lang, f)
			}
		}
	}
}

func TestFragmentsBelongToTheCaller(t *testing.T) {
	spoken.Fragments("uk")[0] = "changed"
	if slices.Contains(spoken.Fragments("uk"), "changed") {
		t.Error("a change to the returned slice is seen by others")
	}
}

// values generates values of each kind as they should be written.
var values = map[spoken.Kind]*rapid.Generator[string]{
	spoken.Number: rapid.StringMatching(`-?[0-9]{1,15}(\.[0-9]{1,3})?`),
	spoken.Digits: rapid.StringMatching(`[0-9*#+]{1,128}`),
	spoken.Money:  rapid.StringMatching(`-?[0-9]{1,15}(\.[0-9]{1,2})?`),
	spoken.Time: rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"))
	}),
	spoken.Date: rapid.Custom(func(t *rapid.T) string {
		days := rapid.IntRange(0, 9999*365).Draw(t, "days")
		day := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, days).Format(time.DateOnly)
		if rapid.Bool().Draw(t, "yearless") {
			return "-" + day[4:]
		}
		return day
	}),
}

func TestEveryFragmentIsKnownAhead(t *testing.T) {
	for _, lang := range spoken.Languages() {
		known := spoken.Fragments(lang)
		for _, kind := range spoken.Kinds() {
			t.Run(lang+" "+string(kind), rapid.MakeCheck(func(t *rapid.T) {
				currency := rapid.SampledFrom(spoken.Currencies(lang)).Draw(t, "currency")
				value := values[kind].Draw(t, "value")
				for _, f := range say(t, lang, kind, value, currency) {
					if _, ok := slices.BinarySearch(known, f); !ok {
						t.Errorf("%s says %q, which is not among its fragments", value, f)
					}
				}
			}))
		}
	}
}

// Two dates or two times that sound the same could not be told apart by a caller.
func TestNothingSoundsAlike(t *testing.T) {
	for _, lang := range spoken.Languages() {
		heard := map[string]string{}
		hear := func(kind spoken.Kind, value string) {
			words := strings.Join(say(t, lang, kind, value, ""), " ")
			if other, ok := heard[words]; ok {
				t.Errorf("%s: %s and %s are both %q", lang, value, other, words)
			}
			heard[words] = value
		}
		for minute := range 24 * 60 {
			hear(spoken.Time, fmt.Sprintf("%02d:%02d", minute/60, minute%60))
		}
		for year := 1; year <= 9999; year++ {
			hear(spoken.Date, fmt.Sprintf("%04d-07-01", year))
		}
		for day := range 366 {
			date := time.Date(2024, 1, 1+day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
			hear(spoken.Date, "-"+date[4:])
		}
	}
}

// numerals are a language's number words by value.
type numerals struct {
	minus     string
	under1000 map[string]uint64
	scale     map[string]uint64
}

// drawWhole draws a whole number of at most 15 digits, of any length equally often.
func drawWhole(t *rapid.T) uint64 {
	n, err := strconv.ParseUint(rapid.StringMatching(`[0-9]{1,15}`).Draw(t, "whole"), 10, 64)
	if err != nil {
		t.Fatalf("draw a number: %v", err)
	}
	return n
}

// checkMeaning says a number and adds it up again from the values of its words.
func checkMeaning(t *rapid.T, lang string, words numerals) {
	want := drawWhole(t)
	value := strconv.FormatUint(want, 10)
	negative := want > 0 && rapid.Bool().Draw(t, "negative")
	if negative {
		value = "-" + value
	}
	said := say(t, lang, spoken.Number, value, "")
	if (said[0] == words.minus) != negative {
		t.Fatalf("%s begins with %q", value, said[0])
	}
	if negative {
		said = said[1:]
	}
	var got, group uint64
	smallest := uint64(1e15)
	for _, word := range said {
		if scale, ok := words.scale[word]; ok {
			if group == 0 || scale >= smallest {
				t.Fatalf("%s: %q is out of place in %q", value, word, said)
			}
			got, group, smallest = got+group*scale, 0, scale
			continue
		}
		n, ok := words.under1000[word]
		if !ok {
			t.Fatalf("%s: %q is no numeral (%q)", value, word, said)
		}
		group += n
	}
	if got += group; got != want {
		t.Fatalf("%s was said as %q, which means %d", value, said, got)
	}
}

func FuzzSay(f *testing.F) {
	f.Add("uk", "money", "-1234.50", "UAH")
	f.Add("en", "date", "--02-29", "")
	f.Add("uk", "date", "2026-12-25", "")
	f.Add("en", "time", "00:00", "")
	f.Add("uk", "digits", "+380#*", "")
	f.Add("en", "number", "999999999999999.999", "XXX")
	f.Fuzz(func(t *testing.T, lang, kind, value, currency string) {
		said, err := spoken.Say(lang, spoken.Kind(kind), value, spoken.Options{Currency: currency})
		if err != nil {
			if said != nil {
				t.Errorf("said %q and the error %v", said, err)
			}
			if len(err.Error()) > 1000 {
				t.Errorf("error of %d bytes", len(err.Error()))
			}
			return
		}
		if len(said) == 0 || len(said) > 2*128 {
			t.Errorf("%q is %d fragments", value, len(said))
		}
		known := spoken.Fragments(lang)
		for _, f := range said {
			if _, ok := slices.BinarySearch(known, f); !ok {
				t.Errorf("%q says %q, which is not among the fragments of %q", value, f, lang)
			}
		}
	})
}
