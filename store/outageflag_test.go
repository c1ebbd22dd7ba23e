package store

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestOutageRefuses(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		name, field string
		v           Outage
	}{
		{"no address", "address", Outage{Source: "crm"}},
		{"no source", "source", Outage{Address: "kyiv"}},
		{"source with a brace", "source", Outage{Address: "kyiv", Source: "}{"}},
		{"message of two lines", "message", Outage{Address: "kyiv", Source: "crm", Message: "a\nb"}},
		{"for ever", "expires", Outage{Address: "kyiv", Source: "crm", Expires: now.AddDate(1, 0, 0)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.v.normalise(now)
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.field+": ") {
				t.Errorf("normalise = %v, want a fault of %s", err, tt.field)
			}
		})
	}
}

func TestStoredFlagsAreReadAsWritten(t *testing.T) {
	f := flagSet{"kyiv", "crm", "1"}
	for _, message := range []string{"", "Обрив кабелю", `"кабель" \ C:\новий`, "a/b <b>&amp;\u2028ʼ", "\ufffd😀"} {
		v := Outage{Site: f.site, Source: f.source, Address: "kyiv", Message: message, Expires: time.UnixMilli(1_800_000_000_001)}
		for _, v.Until = range []time.Time{{}, time.UnixMilli(1_800_000_000_000)} {
			got, err := decodeFlag(f, v.Address, encodeFlag(v))
			if err != nil || !got.Until.Equal(v.Until) || !got.Expires.Equal(v.Expires) || got.Message != v.Message {
				t.Errorf("%q is read as %+v, %v, want %+v", encodeFlag(v), got, err, v)
			}
		}
	}
}

func TestStoredFlagsThatAreNone(t *testing.T) {
	for _, raw := range []string{"", "x", "1800000000000", "1800000000000 0", "1800000000000 x message", "x 0 message"} {
		if got, err := decodeFlag(flagSet{"kyiv", "crm", "1"}, "kyiv", raw); err == nil {
			t.Errorf("%q is read as %+v, want an error", raw, got)
		}
	}
}
