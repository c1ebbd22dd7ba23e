package store

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An Outage is a flag on an address: it holds for every place inside.
type Outage struct {
	Site    string    `json:"site"`
	Source  string    `json:"source"`            // who set it: a CRM, a monitoring system
	Address string    `json:"address"`           // as Address makes it
	Message string    `json:"message,omitempty"` // for the caller
	Until   time.Time `json:"until,omitzero"`    // expected end; zero when unknown
	Expires time.Time `json:"expires"`           // the flag is gone after that, whatever happens
}

// How long a flag lives that does not say so itself.
const (
	outageLife    = 24 * time.Hour // without an expected end
	outageOverrun = time.Hour      // beyond the expected end
	maxOutageLife = 90 * 24 * time.Hour
	maxMessage    = 1000 // bytes
)

// normalise checks a flag and fills in what it leaves out.
func (v Outage) normalise(now time.Time) (Outage, error) {
	if v.Site == "" {
		v.Site = DefaultSite
	}
	names := errors.Join(checkID("site", v.Site), checkID("source", v.Source))
	v, err := v.normaliseFlag(now)
	if err := errors.Join(names, err); err != nil {
		return Outage{}, err
	}
	return v, nil
}

// normaliseFlag does that for all but the site and the source.
func (v Outage) normaliseFlag(now time.Time) (Outage, error) {
	address, err := Address(v.Address)
	if err := errors.Join(err, checkText("message", v.Message, maxMessage)); err != nil {
		return Outage{}, err
	}
	v.Address = address
	if v.Expires.IsZero() {
		v.Expires = now.Add(outageLife)
		if !v.Until.IsZero() {
			v.Expires = v.Until.Add(outageOverrun)
		}
	}
	if v.Expires.After(now.Add(maxOutageLife)) {
		return Outage{}, invalid("expires", "want at most %d days from now", maxOutageLife/(24*time.Hour))
	}
	return v, nil
}

// encodeFlag is a flag as it is stored: when it expires and is expected to end,
// in ms, 0 for unknown, then its message. Scripts read the first alone. Redis
// keeps many of them in little room while they are short (docs/operations.md).
func encodeFlag(v Outage) string {
	var room [128]byte
	b := strconv.AppendInt(room[:0], v.Expires.UnixMilli(), 10)
	b = strconv.AppendInt(append(b, ' '), toMillis(v.Until), 10)
	return string(append(append(b, ' '), v.Message...))
}

func decodeFlag(f flagSet, address, raw string) (Outage, error) {
	expires, rest, err := flagExpires(raw)
	end, message, whole := strings.Cut(rest, " ")
	if err == nil && !whole {
		err = errors.New("malformed")
	}
	var until int64
	if err == nil {
		until, err = strconv.ParseInt(end, 10, 64)
	}
	if err != nil {
		return Outage{}, fmt.Errorf("stored outage of %s at %s: %w", f.source, address, err)
	}
	return Outage{
		Site: f.site, Source: f.source, Address: address, Message: message,
		Until: fromMillis(until), Expires: expires,
	}, nil
}

// flagExpires reads when a stored flag expires, and returns what comes behind.
func flagExpires(raw string) (expires time.Time, rest string, err error) {
	stamp, rest, _ := strings.Cut(raw, " ")
	ms, err := strconv.ParseInt(stamp, 10, 64)
	return fromMillis(ms), rest, err
}
