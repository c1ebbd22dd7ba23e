// Package e164 brings telephone numbers, however a trunk or a CRM spells
// them, into one form, and tells numbers from what only looks like one.
package e164

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// MaxRaw is the longest spelling that is looked at, in bytes. RFC 3261 sets no
// bound on a SIP user part; no telephone number needs more.
const MaxRaw = 128

// A Kind says what a dialled or presented string is.
type Kind int

// The kinds of a number.
const (
	None      Kind = iota // not a number: anonymous, empty, all zeros, letters
	Public                // a number of the public network, has an E.164 form
	Extension             // an internal number, 1 to 6 digits
	Short                 // a short code of the region
	Emergency             // an emergency number of the region
)

// A Number is one telephone number.
type Number struct {
	Kind  Kind
	E164  string // with the plus sign, for Public; "" otherwise
	Local string // the digits as dialled, for Extension, Short and Emergency
}

// Key is the string under which the number is kept: the E.164 form, the
// digits as dialled, or "" for what is no number. Nothing is ever looked up
// or remembered under an empty key.
func (n Number) Key() string {
	if n.Kind == Public {
		return n.E164
	}
	return n.Local
}

// ErrRegion says that a region is not an ISO 3166-1 alpha-2 code with a
// numbering plan.
var ErrRegion = errors.New("unknown region")

// CheckRegion returns ErrRegion unless numbers of the region can be read.
func CheckRegion(region string) error {
	if !phonenumbers.GetSupportedRegions()[region] {
		return fmt.Errorf("%w %q: use a two-letter country code such as UA", ErrRegion, region)
	}
	return nil
}

// withheld are the user parts that stand for "no number" on trunks (RFC 3323
// names anonymous; the others are seen in the field).
var withheld = map[string]bool{
	"anonymous": true, "restricted": true, "unavailable": true, "unknown": true,
	"private": true, "withheld": true, "asserted": true, "none": true,
}

// Parse reads a number as it stands in a SIP header, a dialled string or a
// CRM's record: 0671234567, +380 67 123-45-67, 00380671234567,
// sip:+380671234567@host;user=phone, tel:201. The region (ISO 3166-1, such as
// UA) completes national numbers. What is no number is of kind None; there is
// no error, since a trunk may send anything.
func Parse(raw, region string) Number {
	user, ok := userPart(raw)
	if !ok {
		return Number{}
	}
	digits, international, ok := strip(user)
	if !ok {
		return Number{}
	}
	if !international {
		if n, ok := local(digits, region); ok {
			return n
		}
	}
	return public(digits, international, region)
}

// userPart cuts a SIP or tel URI down to its user part, without parameters,
// and refuses the names that stand for no number.
func userPart(raw string) (string, bool) {
	if len(raw) > MaxRaw {
		return "", false
	}
	s := strings.TrimSpace(raw)
	for _, scheme := range []string{"sip:", "sips:", "tel:"} {
		if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
			break
		}
	}
	if i := strings.IndexAny(s, "@;?"); i >= 0 {
		s = s[:i]
	}
	return s, s != "" && !withheld[strings.ToLower(s)]
}

// strip removes what people put between digits. Letters and other signs make
// the string no number; so do nothing but zeros, which trunks send for a
// number they do not have.
func strip(user string) (digits string, international, ok bool) {
	if rest, plus := strings.CutPrefix(user, "+"); plus {
		user, international = rest, true
	}
	if isDigits(user) {
		return user, international, strings.Trim(user, "0") != ""
	}
	var b strings.Builder
	for _, r := range user {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case strings.ContainsRune(" -.()/\u00a0", r):
		default:
			return "", false, false
		}
	}
	digits = b.String()
	return digits, international, strings.Trim(digits, "0") != ""
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// local recognises what is dialled inside a region or a company and has no
// international form.
func local(digits, region string) (Number, bool) {
	switch {
	case len(digits) > 6:
		return Number{}, false
	case phonenumbers.IsEmergencyNumber(digits, region):
		return Number{Kind: Emergency, Local: digits}, true
	case isShort(digits, region):
		return Number{Kind: Short, Local: digits}, true
	default:
		return Number{Kind: Extension, Local: digits}, true
	}
}

func isShort(digits, region string) bool {
	code := phonenumbers.GetCountryCodeForRegion(region)
	if code == 0 || len(digits) < 3 {
		return false
	}
	p, err := phonenumbers.Parse(digits, region)
	return err == nil && phonenumbers.IsValidShortNumberForRegion(p, region)
}

// public reads a number of the public network. A number that its own plan
// does not know is taken when its length is possible: plans change faster
// than libraries.
func public(digits string, international bool, region string) Number {
	s := digits
	if international {
		s = "+" + digits
		if possible(digits) {
			return Number{Kind: Public, E164: s}
		}
	}
	p, err := phonenumbers.Parse(s, region)
	if err != nil || !phonenumbers.IsPossibleNumber(p) {
		// Some trunks leave out the plus sign.
		if international {
			return Number{}
		}
		p, err = phonenumbers.Parse("+"+digits, region)
		if err != nil || !phonenumbers.IsValidNumber(p) {
			return Number{}
		}
	}
	formatted := phonenumbers.Format(p, phonenumbers.E164)
	if !international || len(formatted) < len(s) {
		// What a plan lets be dialled before a number is taken away once at a time, by the library: +64 0000… .
		return public(formatted[1:], true, region)
	}
	return Number{Kind: Public, E164: formatted}
}
