package spoken

import "strings"

// languages are the registered ones by their ISO 639 code.
var languages = map[string]*language{}

func register(l *language) { languages[l.code] = l }

// language is a grammar: tables, and a function wherever the way of saying differs. Functions get the language that
// they belong to.
type language struct {
	code  string              // ISO 639, such as "uk"
	minus string              // before a number below zero
	zero  string              // alone, and before what is counted
	keys  [len(keypad)]string // what each is called, in the order of keypad
	scale [4]noun             // 10^3, 10^6, 10^9, 10^12

	// under1000 says n, 1 to 999, before something of gender g.
	under1000 func(n int, g gender) []string
	// plural returns which of a noun's forms goes with n, as gettext's plural rules do.
	plural func(n uint64) int
	// decimal says whole and the one to three digits of fraction that follow the point.
	decimal func(l *language, whole uint64, fraction string) []string

	// date says a day, with its year unless that is 0.
	date func(l *language, d date) []string
	// time says a time of day: hour 0 to 23, minute 0 to 59.
	time func(l *language, hour, minute int) []string

	currencies map[string]currency // by ISO 4217 code
}

// gender is what a numeral agrees with. A language without genders ignores it; one with more classes adds its own.
type gender int

const (
	masculine gender = iota // also of a number that counts nothing
	feminine
)

// noun is something that is counted.
type noun struct {
	gender gender
	forms  []string // in the order of the language's plural function
}

// currency is money of one country.
type currency struct {
	unit noun
	cent noun // a hundredth
}

// number says a number that counts nothing.
func (l *language) number(n decimal) []string {
	words := l.sign(n)
	if n.fraction != "" {
		return append(words, l.decimal(l, n.whole, n.fraction)...)
	}
	return append(words, l.cardinal(n.whole, masculine)...)
}

// money says an amount. A part that is zero is left out, unless both are.
func (l *language) money(n decimal, c currency) []string {
	words := l.sign(n)
	cents := cents(n)
	if n.whole > 0 || cents == 0 {
		words = append(words, l.count(n.whole, c.unit)...)
	}
	if cents > 0 {
		words = append(words, l.count(cents, c.cent)...)
	}
	return words
}

func cents(n decimal) uint64 {
	var cents uint64
	for _, digit := range (n.fraction + "00")[:2] {
		cents = cents*10 + uint64(digit-'0')
	}
	return cents
}

func (l *language) sign(n decimal) []string {
	if n.negative {
		return []string{l.minus}
	}
	return nil
}

// count says how many of something there are: the numeral in the noun's gender, the noun in the form for that number.
func (l *language) count(n uint64, of noun) []string {
	return append(l.cardinal(n, of.gender), of.forms[l.plural(n)])
}

// cardinal says n, below 10^15, by its groups of three digits: each but the last counts thousands, millions and so on,
// the last one has gender g.
func (l *language) cardinal(n uint64, g gender) []string {
	if n == 0 {
		return []string{l.zero}
	}
	var words []string
	size := uint64(1_000_000_000_000)
	for i := len(l.scale) - 1; i >= 0; i-- {
		if group := n / size % 1000; group > 0 {
			words = append(words, l.under1000(int(group), l.scale[i].gender)...)
			words = append(words, l.scale[i].forms[l.plural(group)])
		}
		size /= 1000
	}
	if group := n % 1000; group > 0 {
		words = append(words, l.under1000(int(group), g)...)
	}
	return words
}

// spell says keys one by one with a pause after every third, but never before a last single one.
func (l *language) spell(value string) []string {
	var words []string
	for i, key := range value {
		if i > 0 && i%3 == 0 && i < len(value)-1 {
			words = append(words, Pause)
		}
		words = append(words, l.key(key))
	}
	return words
}

// key says one of the keypad's keys.
func (l *language) key(key rune) string { return l.keys[strings.IndexRune(keypad, key)] }

// split takes n, 0 to 999, apart into what languages have words for: hundreds 0 to 9, tens 0 or 2 to 9, and the rest,
// 0 to 19.
func split(n int) (hundreds, tens, rest int) {
	hundreds, rest = n/100, n%100
	if rest >= 20 {
		tens, rest = rest/10, rest%10
	}
	return hundreds, tens, rest
}

// words returns those that are not empty: the tables have "" where nothing is said.
func words(all ...string) []string {
	said := make([]string, 0, len(all))
	for _, word := range all {
		if word != "" {
			said = append(said, word)
		}
	}
	return said
}
