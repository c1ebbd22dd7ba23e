package spoken

func init() { register(&english) }

// english is American: no "and" in numbers, the month before the day, a clock of twelve hours.
var english = language{
	code:  "en",
	minus: "minus",
	zero:  "zero",
	keys: [...]string{
		"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "star", "hash", "plus",
	},
	scale: [4]noun{
		enNoun("thousand", "thousand"),
		enNoun("million", "million"),
		enNoun("billion", "billion"),
		enNoun("trillion", "trillion"),
	},
	under1000: enUnder1000,
	plural:    enPlural,
	decimal:   enDecimal,
	date:      enDate,
	time:      enTime,
	currencies: map[string]currency{
		"EUR": {enNoun("euro", "euros"), enNoun("cent", "cents")},
		"UAH": {enNoun("hryvnia", "hryvnias"), enNoun("kopiyka", "kopiykas")},
		"USD": {enNoun("dollar", "dollars"), enNoun("cent", "cents")},
	},
}

var (
	enUnits = [20]string{
		"", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
		"thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
	}
	enTens     = [10]string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}
	enHundreds = [10]string{
		"", "one hundred", "two hundred", "three hundred", "four hundred", "five hundred", "six hundred",
		"seven hundred", "eight hundred", "nine hundred",
	}
	enDays = [32]string{
		"", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
		"eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth",
		"nineteenth", "twentieth", "twenty-first", "twenty-second", "twenty-third", "twenty-fourth", "twenty-fifth",
		"twenty-sixth", "twenty-seventh", "twenty-eighth", "twenty-ninth", "thirtieth", "thirty-first",
	}
)

func enNoun(one, other string) noun { return noun{forms: []string{one, other}} }

func enPlural(n uint64) int {
	if n == 1 {
		return 0
	}
	return 1
}

func enUnder1000(n int, _ gender) []string {
	hundreds, tens, rest := split(n)
	return words(enHundreds[hundreds], enTens[tens], enUnits[rest])
}

// enDecimal says the digits after the point one by one: three point one four.
func enDecimal(l *language, whole uint64, fraction string) []string {
	said := append(l.cardinal(whole, masculine), "point")
	for _, digit := range fraction {
		said = append(said, l.key(digit))
	}
	return said
}

// enDate says December twenty-fifth twenty twenty six.
func enDate(l *language, d date) []string {
	said := []string{d.month.String(), enDays[d.day]}
	if d.year > 0 {
		said = append(said, enYear(l, uint64(d.year))...)
	}
	return said
}

// enYear says a year in two halves, nineteen oh five, unless it is two thousand five or comes before the year 1000.
func enYear(l *language, year uint64) []string {
	century, rest := year/100, year%100
	if century < 10 || century%10 == 0 && rest < 10 {
		return l.cardinal(year, masculine)
	}
	said := l.cardinal(century, masculine)
	if rest == 0 {
		return append(said, "hundred")
	}
	return append(said, enTwoDigits(l, rest)...)
}

// enTime says eight oh five a.m., noon, midnight.
func enTime(l *language, hour, minute int) []string {
	half := "a.m."
	if hour >= 12 {
		half = "p.m."
	}
	said := l.cardinal(uint64((hour+11)%12+1), masculine)
	switch {
	case minute > 0:
		said = append(said, enTwoDigits(l, uint64(minute))...)
	case hour == 0:
		return []string{"midnight"}
	case hour == 12:
		return []string{"noon"}
	}
	return append(said, half)
}

// enTwoDigits says the second half of a year or a time, 1 to 99: oh five.
func enTwoDigits(l *language, n uint64) []string {
	if n < 10 {
		return append([]string{"oh"}, l.cardinal(n, masculine)...)
	}
	return l.cardinal(n, masculine)
}
