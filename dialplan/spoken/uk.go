package spoken

func init() { register(&ukrainian) }

// ukrainian writes its apostrophe as U+2019. The other usual one, U+02BC, makes espeak-ng spell the word; a plain one
// would be a quote in a FreeSWITCH argument.
var ukrainian = language{
	code:  "uk",
	minus: "мінус",
	zero:  "нуль",
	keys: [...]string{
		"нуль", "один", "два", "три", "чотири", "п’ять", "шість", "сім", "вісім", "дев’ять",
		"зірочка", "решітка", "плюс",
	},
	scale: [4]noun{
		{feminine, []string{"тисяча", "тисячі", "тисяч"}},
		{masculine, []string{"мільйон", "мільйони", "мільйонів"}},
		{masculine, []string{"мільярд", "мільярди", "мільярдів"}},
		{masculine, []string{"трильйон", "трильйони", "трильйонів"}},
	},
	under1000: ukUnder1000,
	plural:    ukPlural,
	decimal:   ukDecimal,
	date:      ukDate,
	time:      ukTime,
	currencies: map[string]currency{
		"EUR": {noun{masculine, []string{"євро", "євро", "євро"}}, ukCent},
		"UAH": {
			noun{feminine, []string{"гривня", "гривні", "гривень"}},
			noun{feminine, []string{"копійка", "копійки", "копійок"}},
		},
		"USD": {noun{masculine, []string{"долар", "долари", "доларів"}}, ukCent},
	},
}

var (
	ukCent   = noun{masculine, []string{"цент", "центи", "центів"}}
	ukMinute = noun{feminine, []string{"хвилина", "хвилини", "хвилин"}}

	// Of a decimal fraction only one is in the nominative: одна ціла одна десята, but дві цілих п’ять десятих.
	ukWhole     = noun{feminine, []string{"ціла", "цілих", "цілих"}}
	ukFractions = [4]noun{
		1: {feminine, []string{"десята", "десятих", "десятих"}},
		2: {feminine, []string{"сота", "сотих", "сотих"}},
		3: {feminine, []string{"тисячна", "тисячних", "тисячних"}},
	}

	ukUnits = [20]string{
		"", "один", "два", "три", "чотири", "п’ять", "шість", "сім", "вісім", "дев’ять", "десять", "одинадцять",
		"дванадцять", "тринадцять", "чотирнадцять", "п’ятнадцять", "шістнадцять", "сімнадцять", "вісімнадцять",
		"дев’ятнадцять",
	}
	ukTens = [10]string{
		"", "", "двадцять", "тридцять", "сорок", "п’ятдесят", "шістдесят", "сімдесят", "вісімдесят", "дев’яносто",
	}
	ukHundreds = [10]string{
		"", "сто", "двісті", "триста", "чотириста", "п’ятсот", "шістсот", "сімсот", "вісімсот", "дев’ятсот",
	}
	// January is 1.
	ukMonthsGenitive = [13]string{
		"", "січня", "лютого", "березня", "квітня", "травня", "червня",
		"липня", "серпня", "вересня", "жовтня", "листопада", "грудня",
	}
)

// ukPlural is CLDR's rule: one, few, many.
func ukPlural(n uint64) int {
	_, _, rest := split(int(n % 100))
	switch {
	case rest == 1:
		return 0
	case rest >= 2 && rest <= 4:
		return 1
	default:
		return 2
	}
}

func ukUnder1000(n int, g gender) []string {
	hundreds, tens, rest := split(n)
	unit := ukUnits[rest]
	switch {
	case rest == 1 && g == feminine:
		unit = "одна"
	case rest == 2 && g == feminine:
		unit = "дві"
	}
	return words(ukHundreds[hundreds], ukTens[tens], unit)
}

// ukDecimal says нуль цілих двадцять п’ять сотих.
func ukDecimal(l *language, whole uint64, fraction string) []string {
	var parts uint64
	for _, digit := range fraction {
		parts = parts*10 + uint64(digit-'0')
	}
	return append(l.count(whole, ukWhole), l.count(parts, ukFractions[len(fraction)])...)
}

// ukDate says двадцять п’яте грудня дві тисячі двадцять шостого року.
func ukDate(l *language, d date) []string {
	said := append(ukOrdinal(l, d.day, ukNeuter), ukMonthsGenitive[d.month])
	if d.year > 0 {
		said = append(append(said, ukOrdinal(l, d.year, ukGenitive)...), "року")
	}
	return said
}

// ukTime says восьма година п’ятнадцять хвилин. Midnight has no ordinal: нуль годин.
func ukTime(l *language, hour, minute int) []string {
	said := []string{l.zero, "годин"}
	if hour > 0 {
		said = append(ukOrdinal(l, hour, ukFeminine), "година")
	}
	if minute > 0 {
		said = append(said, l.count(uint64(minute), ukMinute)...)
	}
	return said
}

// ukEnding is the ending of an ordinal: after a hard stem, and after the one soft stem, трет-.
type ukEnding struct{ hard, soft string }

var (
	ukNeuter   = ukEnding{"е", "є"}      // двадцять п’яте
	ukFeminine = ukEnding{"а", "я"}      // восьма
	ukGenitive = ukEnding{"ого", "ього"} // шостого
)

// Stems of the ordinals of 1 to 19, of tens, of hundreds and of thousands.
var (
	ukUnitStems = [20]string{
		"", "перш", "друг", "трет", "четверт", "п’ят", "шост", "сьом", "восьм", "дев’ят", "десят", "одинадцят",
		"дванадцят", "тринадцят", "чотирнадцят", "п’ятнадцят", "шістнадцят", "сімнадцят", "вісімнадцят",
		"дев’ятнадцят",
	}
	ukTenStems = [10]string{
		"", "", "двадцят", "тридцят", "сороков", "п’ятдесят", "шістдесят", "сімдесят", "вісімдесят", "дев’яност",
	}
	ukHundredStems = [10]string{
		"", "сот", "двохсот", "трьохсот", "чотирьохсот", "п’ятисот", "шестисот", "семисот", "восьмисот", "дев’ятисот",
	}
	ukThousandStems = [10]string{
		"", "тисячн", "двохтисячн", "трьохтисячн", "чотирьохтисячн", "п’ятитисячн", "шеститисячн", "семитисячн",
		"восьмитисячн", "дев’ятитисячн",
	}
)

// ukOrdinal says n, 1 to 9999, as an ordinal. Only the last word is one; those before it are cardinal, and a single
// thousand, as in the years 1001 to 1999, is only тисяча.
func ukOrdinal(l *language, n int, ending ukEnding) []string {
	thousands := n / 1000
	hundreds, tens, rest := split(n % 1000)
	last := ""
	switch {
	case rest == 3:
		last = ukUnitStems[rest] + ending.soft
	case rest > 0:
		last = ukUnitStems[rest] + ending.hard
	case tens > 0:
		last, tens = ukTenStems[tens]+ending.hard, 0
	case hundreds > 0:
		last, hundreds = ukHundredStems[hundreds]+ending.hard, 0
	default:
		return []string{ukThousandStems[thousands] + ending.hard}
	}
	var said []string
	switch {
	case thousands == 1:
		said = []string{l.scale[0].forms[0]}
	case thousands > 1:
		said = l.cardinal(uint64(thousands)*1000, masculine)
	}
	return append(said, words(ukHundreds[hundreds], ukTens[tens], last)...)
}
