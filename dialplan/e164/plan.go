package e164

import (
	"regexp"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// A plan is what decides, of the numbering plan behind a country code, whether a
// number in international form is taken as it stands: nearly all that trunks
// bring. The library reads it, too, at ten times the cost.
type plan struct {
	lengths uint32         // bit n: numbers of n digits are possible, without the country code
	prefix  *regexp.Regexp // what is dialled before a number inside the country; nil for nothing
}

// plans are those of all country codes, which have 1 to 3 digits.
var plans = sync.OnceValue(func() []*plan {
	all := make([]*plan, 1000)
	known, err := phonenumbers.MetadataCollection()
	if err != nil {
		return all // the library itself has none either
	}
	for _, m := range known.GetMetadata() {
		code := int(m.GetCountryCode())
		if code <= 0 || code >= len(all) || m.GetId() != phonenumbers.GetRegionCodeForCountryCode(code) {
			continue // of several countries with one code, one speaks for all
		}
		p := new(plan)
		for _, lengths := range [][]int32{m.GetGeneralDesc().GetPossibleLength(), m.GetGeneralDesc().GetPossibleLengthLocalOnly()} {
			for _, n := range lengths {
				if n > 0 {
					p.lengths |= 1 << n
				}
			}
		}
		if prefix := m.GetNationalPrefixForParsing(); prefix != "" {
			p.prefix = regexp.MustCompile("^(?:" + prefix + ")")
		}
		all[code] = p
	}
	return all
})

// possible tells a number in international form, without its plus sign, that is
// possible and needs no change. One that may be neither is left to the library.
func possible(digits string) bool {
	all, code := plans(), 0
	for i := 0; i < 3 && i < len(digits); i++ {
		if code = 10*code + int(digits[i]-'0'); code == 0 {
			return false
		}
		if p := all[code]; p != nil {
			national := digits[i+1:]
			return len(national) < 32 && p.lengths&(1<<len(national)) != 0 && (p.prefix == nil || !p.prefix.MatchString(national))
		}
	}
	return false
}
