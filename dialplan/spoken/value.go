package spoken

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	maxWhole = 15  // digits before the point: up to 999 trillion
	maxKeys  = 128 // digits in a row: what FreeSWITCH collects in one step (mod_dptools.c)
)

// keypad is what a telephone can dial.
const keypad = "0123456789*#+"

// decimal is a number as it is said.
type decimal struct {
	negative bool   // never set for zero
	whole    uint64 // at most 15 digits
	fraction string // the digits after the point, no zeros at the end
}

// parseDecimal reads an optional minus, a whole number and, after a point, up to places more digits.
func parseDecimal(value string, places int) (decimal, error) {
	digits, negative := strings.CutPrefix(value, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	switch {
	case !isNumeric(whole) || point && !isNumeric(fraction):
		return decimal{}, fmt.Errorf("not a number: write digits, and a point before up to %d decimals, as in -1234.5", places)
	case len(whole) > maxWhole:
		return decimal{}, fmt.Errorf("%d digits before the point: write at most %d", len(whole), maxWhole)
	case len(fraction) > places:
		return decimal{}, fmt.Errorf("%d digits after the point: write at most %d", len(fraction), places)
	}
	n, err := strconv.ParseUint(whole, 10, 64)
	if err != nil {
		return decimal{}, fmt.Errorf("parse the digits before the point: %w", err)
	}
	fraction = strings.TrimRight(fraction, "0")
	return decimal{negative && (n > 0 || fraction != ""), n, fraction}, nil
}

// isNumeric reports whether s is ASCII digits only, at least one.
func isNumeric(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// checkKeys reports the first character that is no key.
func checkKeys(value string) error {
	switch {
	case value == "":
		return errors.New("no digits: write at least one")
	case len(value) > maxKeys:
		return fmt.Errorf("%d characters: write at most %d digits", len(value), maxKeys)
	}
	for i, key := range value {
		if !strings.ContainsRune(keypad, key) {
			return fmt.Errorf("%q at position %d is no digit: write 0 to 9, *, # and + only", key, i+1)
		}
	}
	return nil
}

// date is a day of the calendar. Year is 0 when it is not to be said.
type date struct {
	year  int // 1 to 9999, or 0
	month time.Month
	day   int
}

func parseDate(value string) (date, error) {
	text := value
	yearless := strings.HasPrefix(value, "--")
	if yearless {
		text = "2000" + value[1:] // a leap year: --02-29 is a day
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() == 0 {
		return date{}, errors.New("not a day of the calendar: write year-month-day as in 2026-12-25, or --12-25 without a year")
	}
	d := date{t.Year(), t.Month(), t.Day()}
	if yearless {
		d.year = 0
	}
	return d, nil
}

func parseTime(value string) (hour, minute int, err error) {
	t, err := time.Parse("15:04", value)
	if err != nil || len(value) != len("15:04") { // Parse also takes 8:15
		return 0, 0, errors.New("not a time of day: write hours and minutes from 00:00 to 23:59, as in 08:15")
	}
	return t.Hour(), t.Minute(), nil
}
