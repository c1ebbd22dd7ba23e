package store

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

func TestAddress(t *testing.T) {
	for _, tt := range []struct{ name, raw, want string }{
		{"as it should be", "kyiv/khreshchatyk/10/25", "kyiv/khreshchatyk/10/25"},
		{"capitals", "Київ/Хрещатик/10-А", "київ/хрещатик/10-а"},
		{"apostrophes", "київ/Солом'янська", "київ/соломʼянська"},
		{"typographic apostrophe", "київ/солом’янська", "київ/соломʼянська"},
		{"decomposed letter", "киі\u0308в", "київ"},
		{"spaces", "київ/ Велика  Васильківська /5", "київ/велика-васильківська/5"},
		{"one level", "kyiv", "kyiv"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := Address(tt.raw); got != tt.want || err != nil {
				t.Errorf("Address(%q) = %q, %v, want %q", tt.raw, got, err, tt.want)
			}
		})
	}
}

func TestAddressRefuses(t *testing.T) {
	for _, tt := range []struct{ name, raw string }{
		{"nothing", ""},
		{"empty level", "kyiv//10"},
		{"slash at the end", "kyiv/"},
		{"dots", "kyiv/.."},
		{"brace", "kyiv/{x}"},
		{"line break inside", "ky\x00iv"},
		{"pattern", "kyiv/*"},
		{"broken UTF-8", "ky\xffiv"},
		{"eleven levels", "a" + strings.Repeat("/a", 10)},
		{"too long", strings.Repeat("a", 256)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := Address(tt.raw); !errors.Is(err, ErrInvalid) {
				t.Errorf("Address(%q) = %q, %v, want ErrInvalid", tt.raw, got, err)
			}
		})
	}
}

func TestPrefixesGoFromSmallToLarge(t *testing.T) {
	want := []string{"kyiv/khreshchatyk/10", "kyiv/khreshchatyk", "kyiv"}
	if got := prefixes("kyiv/khreshchatyk/10"); !slices.Equal(got, want) {
		t.Errorf("prefixes = %q, want %q", got, want)
	}
}

func TestCheckIDAndNumber(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		ok   bool
	}{
		{"id", checkID("menu", "support-line.v2_A"), true},
		{"id of 64", checkID("menu", strings.Repeat("a", 64)), true},
		{"id of 65", checkID("menu", strings.Repeat("a", 65)), false},
		{"no id", checkID("menu", ""), false},
		{"id with a brace", checkID("menu", "a}b"), false},
		{"id that climbs", checkID("menu", ".."), false},
		{"id with a line break", checkID("menu", "a\n"), false},
		{"E.164", checkNumber("+380441234567"), true},
		{"as dialled", checkNumber("0800"), true},
		{"no number", checkNumber(""), false},
		{"zeros", checkNumber("0000000000"), false},
		{"anonymous", checkNumber("anonymous"), false},
		{"plus zero", checkNumber("+0441234567"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if ok := tt.err == nil; ok != tt.ok {
				t.Errorf("accepted is %v, want %v: %v", ok, tt.ok, tt.err)
			}
		})
	}
}

// What Address returns is safe in a key and does not change any more.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"kyiv/khreshchatyk/10", "Київ/Солом'янська", "a//b", "{x}", "İ/ß/ǅ", "e\u0301/ 1 "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := Address(raw)
		if err != nil {
			return
		}
		if again, err := Address(got); again != got || err != nil {
			t.Errorf("Address(%q) = %q, and of that %q, %v", raw, got, again, err)
		}
		if len(got) > MaxAddress || strings.ContainsAny(got, "{}* \"") || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("Address(%q) = %q: not safe", raw, got)
		}
	})
}

// What ids and numbers are, as one can read it.
var (
	idPattern     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	numberPattern = regexp.MustCompile(`^(\+[1-9][0-9]{1,14}|[0-9]{1,20})$`)
	onlyZeros     = regexp.MustCompile(`^0*$`)
)

func FuzzIDsAndNumbers(f *testing.F) {
	for _, s := range []string{
		"", "a", "support-line.v2_A", "-a", "a}b{", "a\n", "0800", "000", "+380441234567", "+0441234567", "+1", "+12", "+", "1+2",
		"+1234567890123456", "123456789012345678901", strings.Repeat("a", 65),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := checkID("menu", s) == nil, idPattern.MatchString(s); got != want {
			t.Errorf("%q is an id: %v, want %v", s, got, want)
		}
		if got, want := checkNumber(s) == nil, numberPattern.MatchString(s) && !onlyZeros.MatchString(s); got != want {
			t.Errorf("%q is a number: %v, want %v", s, got, want)
		}
	})
}

// What is taken to be in its form is left alone by all that would change it, also
// beside any other letter of the kind.
func TestNormalAddressesAreNormal(t *testing.T) {
	var letters []string
	for r := range unicode.MaxRune {
		if isNormalLevel(string(r)) || r == '.' {
			letters = append(letters, string(r))
		}
	}
	for _, a := range letters {
		for _, b := range letters {
			pair := "x" + a + b
			if got := norm.NFC.String(strings.ToLower(apostrophes.Replace(pair))); got != pair {
				t.Errorf("%q becomes %q", pair, got)
			}
			if err := checkLevel(pair); err != nil || !isNormalLevel(pair) {
				t.Errorf("%q: %v, want a normal level", pair, err)
			}
		}
	}
	if len(letters) < 80 {
		t.Errorf("%d letters, want all small Latin and Cyrillic ones", len(letters))
	}
}
