package e164

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	kyiv := Number{Kind: Public, E164: "+380671234567"}
	tests := []struct {
		situation, raw, region string
		want                   Number
	}{
		{"national", "0671234567", "UA", kyiv},
		{"international", "+380671234567", "UA", kyiv},
		{"international prefix", "00380671234567", "UA", kyiv},
		{"without the plus sign", "380671234567", "UA", kyiv},
		{"as people write it", "+380 (67) 123-45-67", "UA", kyiv},
		{"SIP URI", "sip:+380671234567@trunk.example;user=phone", "UA", kyiv},
		{"tel URI", "tel:+380-67-123-45-67", "UA", kyiv},
		{"SIP URI in capitals", "SIP:0671234567@10.0.0.1:5080", "UA", kyiv},
		{"user part with parameters", "0671234567;phone-context=ua", "UA", kyiv},
		{"abroad", "+442079460018", "UA", Number{Kind: Public, E164: "+442079460018"}},
		{"national there", "020 7946 0018", "GB", Number{Kind: Public, E164: "+442079460018"}},
		{"premium", "0900301234", "UA", Number{Kind: Public, E164: "+380900301234"}},
		{"free of charge", "0800301234", "UA", Number{Kind: Public, E164: "+380800301234"}},
		{"extension", "201", "UA", Number{Kind: Extension, Local: "201"}},
		{"emergency", "112", "UA", Number{Kind: Emergency, Local: "112"}},
		{"emergency there", "999", "GB", Number{Kind: Emergency, Local: "999"}},
		{"anonymous", "anonymous", "UA", Number{}},
		{"anonymous URI", "sip:Anonymous@anonymous.invalid", "UA", Number{}},
		{"restricted", "Restricted", "UA", Number{}},
		{"empty", "", "UA", Number{}},
		{"blank", "  ", "UA", Number{}},
		{"zeros", "0000000000", "UA", Number{}},
		{"one zero", "0", "UA", Number{}},
		{"a name", "alice", "UA", Number{}},
		{"letters after digits", "067123ABCD", "UA", Number{}},
		{"an expression", "${system(id)}", "UA", Number{}},
		{"too long", strings.Repeat("1", MaxRaw+1), "UA", Number{}},
		{"too many digits", "+3806712345678901234", "UA", Number{}},
	}
	for _, tt := range tests {
		t.Run(tt.situation, func(t *testing.T) {
			if got := Parse(tt.raw, tt.region); got != tt.want {
				t.Errorf("Parse(%q, %q) = %+v, want %+v", tt.raw, tt.region, got, tt.want)
			}
		})
	}
}

func TestCheckRegion(t *testing.T) {
	if err := CheckRegion("UA"); err != nil {
		t.Errorf("CheckRegion(UA) = %v, want nil", err)
	}
	for _, region := range []string{"", "ua", "XX", "Ukraine"} {
		if err := CheckRegion(region); !errors.Is(err, ErrRegion) {
			t.Errorf("CheckRegion(%q) = %v, want ErrRegion", region, err)
		}
	}
}

// What has been read once reads the same again, whatever the region.
// The key of a caller must not depend on how often a number was read.
func TestParseIsStable(t *testing.T) {
	for _, raw := range []string{"+640000000", "+64 0 21 123 456", "+44 (0)20 7946 0018"} {
		n := Parse(raw, "UA")
		if again := Parse(n.E164, "UA"); n.Kind == Public && again != n {
			t.Errorf("Parse(%q) = %+v, but Parse(%q) = %+v", raw, n, n.E164, again)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.StringMatching(`\+?[0-9 ()-]{0,20}`).Draw(t, "raw")
		n := Parse(raw, "UA")
		if n.Kind != Public {
			return
		}
		again := Parse(n.E164, "UA")
		if again != n {
			t.Fatalf("Parse(%q) = %+v, but Parse(%q) = %+v", raw, n, n.E164, again)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"+380671234567", "sip:x@y", "anonymous", "00", "tel:+1;ext=2"} {
		f.Add(s, "UA")
	}
	f.Fuzz(func(t *testing.T, raw, region string) {
		n := Parse(raw, region)
		if strings.Trim(n.Key(), "+0123456789") != "" {
			t.Errorf("Parse(%q, %q).Key() = %q, want digits only", raw, region, n.Key())
		}
		if (n.Key() == "") != (n.Kind == None) {
			t.Errorf("Parse(%q, %q) = %+v: a key exactly where there is a number", raw, region, n)
		}
	})
}

// What is taken as it stands is what the library would make of it.
func TestPossibleNumbersAreTheLibrarys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		regions := slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions()))
		code := rapid.OneOf(
			rapid.Map(rapid.SampledFrom(regions), phonenumbers.GetCountryCodeForRegion),
			rapid.SampledFrom(slices.Sorted(maps.Keys(phonenumbers.GetSupportedGlobalNetworkCallingCodes()))),
			rapid.IntRange(0, 999),
		).Draw(t, "code")
		digits := strconv.Itoa(code) + rapid.StringMatching(`0?[0-9]{0,20}`).Draw(t, "national")
		if strings.Trim(digits, "0") == "" || !possible(digits) {
			return
		}
		for _, region := range []string{"UA", "US", "IT"} {
			p, err := phonenumbers.Parse("+"+digits, region)
			if err != nil || !phonenumbers.IsPossibleNumber(p) {
				t.Fatalf("possible(%q) is true, the library says: %v", digits, err)
			}
			if got := phonenumbers.Format(p, phonenumbers.E164); got != "+"+digits {
				t.Fatalf("possible(%q) is true, the library changes it to %s", digits, got)
			}
		}
	})
}

// Numbers are taken as they stand; Argentina's have a prefix within.
func TestExamplesArePossible(t *testing.T) {
	for region := range phonenumbers.GetSupportedRegions() {
		example := phonenumbers.Format(phonenumbers.GetExampleNumber(region), phonenumbers.E164)
		if digits := strings.TrimPrefix(example, "+"); !possible(digits) && region != "AR" {
			t.Errorf("possible(%q) of %s is false", digits, region)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Parse("+380671234567", "UA")
	}
}
