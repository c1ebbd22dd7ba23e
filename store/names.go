package store

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Names reach keys, URLs and dial strings, so what they may hold is settled
// here, once. Several are checked for each call, which is why it is not done by
// regular expressions.

// A FieldError is one field that breaks a rule. It is an [ErrInvalid]; several
// of them come joined.
type FieldError struct {
	Field  string // as in JSON
	Reason string
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

// Is makes every FieldError an ErrInvalid.
func (e *FieldError) Is(target error) bool { return target == ErrInvalid }

func invalid(field, format string, args ...any) error {
	return &FieldError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

// checkID is nil for 1 to 64 letters, digits, dots, underscores and dashes,
// of which the first is a letter or a digit. noun is what the id stands for.
func checkID(noun, id string) error {
	if !isID(id) {
		return invalid(noun, "%.80q: want 1 to 64 of A-Z a-z 0-9 . _ -, a letter or a digit first", id)
	}
	return nil
}

func isID(id string) bool {
	if id == "" || len(id) > 64 || !isAlphanumeric(id[0]) {
		return false
	}
	for i := range len(id) {
		if b := id[i]; !isAlphanumeric(b) && b != '.' && b != '_' && b != '-' {
			return false
		}
	}
	return true
}

func isAlphanumeric(b byte) bool { return isDigit(b) || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' }

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// checkNumber is nil for a telephone number in E.164 form (ITU-T E.164: plus
// and up to 15 digits) or as dialled (digits alone). Nothing else is ever a
// key: callers withheld or anonymous would share it.
func checkNumber(number string) error {
	if !isNumber(number) {
		return invalid("number", "%.40q: want E.164 such as +380441234567, or 1 to 20 digits as dialled", number)
	}
	return nil
}

func isNumber(number string) bool {
	digits, international := strings.CutPrefix(number, "+")
	least, most := 1, 20
	if international {
		least, most = 2, 15
	}
	if len(digits) < least || len(digits) > most || international && digits[0] == '0' {
		return false
	}
	zeros := true
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return false
		}
		zeros = zeros && digits[i] == '0'
	}
	return !zeros
}

// checkText is nil for valid UTF-8 of at most max bytes without control
// characters.
func checkText(noun, text string, max int) error {
	switch {
	case len(text) > max:
		return invalid(noun, "%d bytes, want at most %d", len(text), max)
	case !utf8.ValidString(text):
		return invalid(noun, "want UTF-8")
	case strings.ContainsFunc(text, unicode.IsControl):
		return invalid(noun, "want no control characters")
	}
	return nil
}

// Bounds of an address.
const (
	MaxAddress       = 255 // bytes, once normalised
	MaxAddressLevels = 10
)

// Address brings an address into the form under which it is compared: a path
// from large to small, kyiv/khreshchatyk/10/25, of up to MaxAddressLevels
// levels and MaxAddress bytes. Letters of any script are made small and
// composed (NFC), apostrophes become one kind and spaces a dash, because two
// systems seldom write "вул. Солом'янська" alike. A level holds letters,
// digits and . _ - ʼ only.
func Address(raw string) (string, error) {
	if isNormal(raw) {
		return raw, nil
	}
	if len(raw) > 4*MaxAddress {
		return "", invalid("address", "%d bytes, want at most %d", len(raw), MaxAddress)
	}
	if !utf8.ValidString(raw) {
		return "", invalid("address", "want UTF-8")
	}
	levels := strings.Split(raw, "/")
	if len(levels) > MaxAddressLevels {
		return "", invalid("address", "%d levels, want at most %d", len(levels), MaxAddressLevels)
	}
	for i, level := range levels {
		level = normaliseLevel(level)
		if err := checkLevel(level); err != nil {
			return "", invalid("address", "level %d: %v", i+1, err)
		}
		levels[i] = level
	}
	address := strings.Join(levels, "/")
	if len(address) > MaxAddress {
		return "", invalid("address", "%d bytes, want at most %d", len(address), MaxAddress)
	}
	return address, nil
}

var apostrophes = strings.NewReplacer("'", "ʼ", "’", "ʼ", "`", "ʼ")

func normaliseLevel(level string) string {
	if isNormalLevel(level) {
		return level
	}
	level = strings.Join(strings.Fields(apostrophes.Replace(level)), "-")
	return norm.NFC.String(strings.ToLower(norm.NFC.String(level)))
}

// isNormal tells an address that certainly is in its form already: most are, in
// what systems send by the million.
func isNormal(address string) bool {
	if len(address) > MaxAddress || strings.Count(address, "/") >= MaxAddressLevels {
		return false
	}
	for level := range strings.SplitSeq(address, "/") {
		if !isNormalLevel(level) {
			return false
		}
	}
	return true
}

func isNormalLevel(level string) bool {
	if level == "" || level == "." || level == ".." {
		return false
	}
	for _, r := range level {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
		case r >= 'а' && r <= 'џ', r == 'ґ', r == 'ʼ': // small Cyrillic letters, none of which Unicode composes further
		default:
			return false
		}
	}
	return true
}

func checkLevel(level string) error {
	switch level {
	case "":
		return errors.New("empty")
	case ".", "..":
		return fmt.Errorf("%q is no place", level)
	}
	for i, r := range level {
		ok := unicode.IsLetter(r) || unicode.Is(unicode.N, r) || r == '.' || r == '_' || r == '-' ||
			i > 0 && unicode.IsMark(r)
		if !ok {
			return fmt.Errorf("%q: want letters, digits, dots, underscores and dashes", r)
		}
	}
	return nil
}

// prefixes are the address itself and every larger place that contains it,
// the smallest first.
func prefixes(address string) []string {
	all := make([]string, 0, MaxAddressLevels)
	for {
		all = append(all, address)
		i := strings.LastIndexByte(address, '/')
		if i < 0 {
			return all
		}
		address = address[:i]
	}
}

// cutAddress cuts an address into the place around it, "" for the largest, and
// its name there.
func cutAddress(address string) (place, name string) {
	i := strings.LastIndexByte(address, '/')
	return address[:max(i, 0)], address[i+1:]
}

// joinAddress is what cutAddress has cut.
func joinAddress(place, name string) string {
	if place == "" {
		return name
	}
	return place + "/" + name
}
