package spoken_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/dialgraph/dialgraph/dialplan/spoken"
)

func TestEnglishNumber(t *testing.T) {
	testSay(t, "en", spoken.Number, "", [][2]string{
		{"0", "zero"},
		{"-0.0", "zero"},
		{"1", "one"},
		{"2", "two"},
		{"10", "ten"},
		{"11", "eleven"},
		{"12", "twelve"},
		{"19", "nineteen"},
		{"20", "twenty"},
		{"21", "twenty one"},
		{"99", "ninety nine"},
		{"100", "one hundred"},
		{"101", "one hundred one"},
		{"111", "one hundred eleven"},
		{"999", "nine hundred ninety nine"},
		{"1000", "one thousand"},
		{"1001", "one thousand one"},
		{"11000", "eleven thousand"},
		{"21000", "twenty one thousand"},
		{"1000000", "one million"},
		{"2000000", "two million"},
		{"1000000000", "one billion"},
		{"1000000000000", "one trillion"},
		{"1002003004005", "one trillion two billion three million four thousand five"},
		{"-7", "minus seven"},
		{"3.14", "three point one four"},
		{"-0.05", "minus zero point zero five"},
		{"21.500", "twenty one point five"},
	})
}

func TestEnglishMoney(t *testing.T) {
	testSay(t, "en", spoken.Money, "UAH", [][2]string{
		{"0", "zero hryvnias"},
		{"-0.00", "zero hryvnias"},
		{"1", "one hryvnia"},
		{"2", "two hryvnias"},
		{"21", "twenty one hryvnias"},
		{"1.01", "one hryvnia one kopiyka"},
		{"0.10", "ten kopiykas"},
		{"-1234.50", "minus one thousand two hundred thirty four hryvnias fifty kopiykas"},
	})
	testSay(t, "en", spoken.Money, "USD", [][2]string{
		{"1.01", "one dollar one cent"},
		{"11.11", "eleven dollars eleven cents"},
	})
	testSay(t, "en", spoken.Money, "EUR", [][2]string{
		{"1", "one euro"},
		{"1000000", "one million euros"},
	})
}

func TestEnglishDate(t *testing.T) {
	testSay(t, "en", spoken.Date, "", [][2]string{
		{"--01-01", "January first"},
		{"--02-29", "February twenty-ninth"},
		{"--12-31", "December thirty-first"},
		{"2026-12-25", "December twenty-fifth twenty twenty six"},
		{"2000-06-12", "June twelfth two thousand"},
		{"2005-06-20", "June twentieth two thousand five"},
		{"2009-06-20", "June twentieth two thousand nine"},
		{"2010-06-30", "June thirtieth twenty ten"},
		{"2100-06-03", "June third twenty one hundred"},
		{"1900-06-02", "June second nineteen hundred"},
		{"1905-06-02", "June second nineteen oh five"},
		{"1000-06-02", "June second one thousand"},
		{"1066-10-14", "October fourteenth ten sixty six"},
		{"0988-06-02", "June second nine hundred eighty eight"},
		{"0001-06-02", "June second one"},
	})
}

func TestEnglishTime(t *testing.T) {
	testSay(t, "en", spoken.Time, "", [][2]string{
		{"00:00", "midnight"},
		{"00:01", "twelve oh one a.m."},
		{"01:00", "one a.m."},
		{"08:15", "eight fifteen a.m."},
		{"11:59", "eleven fifty nine a.m."},
		{"12:00", "noon"},
		{"12:05", "twelve oh five p.m."},
		{"13:30", "one thirty p.m."},
		{"23:59", "eleven fifty nine p.m."},
	})
}

func TestEnglishDigits(t *testing.T) {
	testSay(t, "en", spoken.Digits, "", [][2]string{
		{"7", "seven"},
		{"*0#", "star zero hash"},
		{"123", "one two three"},
		{"1234", "one two three four"},
		{"12345", "one two three , four five"},
		{"1234567", "one two three , four five six seven"},
		{"123456789", "one two three , four five six , seven eight nine"},
		{"+44", "plus four four"},
	})
}

var englishWords = numerals{
	minus: "minus",
	under1000: map[string]uint64{
		"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
		"ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
		"seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
		"sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
		"one hundred": 100, "two hundred": 200, "three hundred": 300, "four hundred": 400, "five hundred": 500,
		"six hundred": 600, "seven hundred": 700, "eight hundred": 800, "nine hundred": 900,
	},
	scale: map[string]uint64{"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12},
}

func TestEnglishNumberMeansItsValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkMeaning(t, "en", englishWords) })
}
