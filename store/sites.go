package store

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/dialgraph/dialgraph/dialplan/e164"
)

// What reaches FreeSWITCH from the configuration is allowed letter by letter:
// anything else in a dial string or a transfer could run a command there.
var (
	templatePattern = regexp.MustCompile(`^[a-z_]{1,32}/[A-Za-z0-9_.:/@=;+-]*$`)
	fallbackPattern = regexp.MustCompile(`^[A-Za-z0-9_.+*#-]{1,64}( XML [A-Za-z0-9_.-]{1,64})?$`)
	languagePattern = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	outsidePattern  = regexp.MustCompile(`^\+[1-9][0-9]{0,14}$`)
)

// A Site is what calls of its numbers share.
type Site struct {
	Site      string    `json:"site"`
	Region    string    `json:"region"` // ISO 3166-1 alpha-2, completes national numbers
	Templates Templates `json:"templates"`
	Outside   []string  `json:"outside,omitempty"`   // E.164 prefixes that may be dialled; none: nothing may
	Presented string    `json:"presented,omitempty"` // number shown to who is called, E.164; "" for the caller's own
}

// Templates are FreeSWITCH dial strings with one placeholder each. "" says
// that the site cannot reach that kind of telephone.
type Templates struct {
	Agent     string `json:"agent,omitempty"`     // user/{contact}, sofia/internal/{contact};fs_path=sip:10.0.0.5
	Extension string `json:"extension,omitempty"` // user/{extension}
	Outside   string `json:"outside,omitempty"`   // sofia/gateway/carrier/{number}
}

// Sites are the sites in the store.
type Sites struct{ d documents[Site] }

// Sites returns the sites in the store.
func (s *Store) Sites() Sites {
	return Sites{documents[Site]{s: s, noun: "site", hash: s.keys.sites()}}
}

// Get returns one site. ErrNotFound.
func (n Sites) Get(ctx context.Context, site string) (Site, error) { return n.d.get(ctx, site) }

// List returns up to limit sites after the one given, sorted.
func (n Sites) List(ctx context.Context, after string, limit int) ([]Site, error) {
	return n.d.list(ctx, after, limit)
}

// Put makes the site what v says. ErrInvalid, ErrConflict.
func (n Sites) Put(ctx context.Context, v Site, check Check[Site]) (created bool, err error) {
	if err := v.validate(); err != nil {
		return false, err
	}
	return n.d.put(ctx, v.Site, v, check)
}

// Delete forgets a site. ErrNotFound.
func (n Sites) Delete(ctx context.Context, site string, check Check[Site]) error {
	return n.d.delete(ctx, site, check)
}

// maxOutside bounds the prefixes of a site.
const maxOutside = 1000

func (v Site) validate() error {
	faults := []error{
		checkID("site", v.Site),
		checkTemplate("templates.agent", v.Templates.Agent, "{contact}"),
		checkTemplate("templates.extension", v.Templates.Extension, "{extension}"),
		checkTemplate("templates.outside", v.Templates.Outside, "{number}"),
	}
	if err := e164.CheckRegion(v.Region); err != nil {
		faults = append(faults, invalid("region", "%.8q: want ISO 3166-1 alpha-2 such as UA", v.Region))
	}
	if len(v.Outside) > maxOutside {
		faults = append(faults, invalid("outside", "%d prefixes, want at most %d", len(v.Outside), maxOutside))
	}
	if i := slices.IndexFunc(v.Outside, func(p string) bool { return !outsidePattern.MatchString(p) }); i >= 0 {
		faults = append(faults, invalid("outside", "%.20q: want an E.164 prefix such as +38067", v.Outside[i]))
	}
	if v.Presented != "" && !outsidePattern.MatchString(v.Presented) {
		faults = append(faults, invalid("presented", "%.20q: want E.164 such as +380441234567", v.Presented))
	}
	return errors.Join(faults...)
}

// checkTemplate allows "" or ENDPOINT/… with exactly one placeholder. What
// FreeSWITCH takes for variables, expansions or several legs ($ { } [ ] < > ,
// | and ":_:") is not allowed.
func checkTemplate(field, template, placeholder string) error {
	if template == "" {
		return nil
	}
	before, after, ok := strings.Cut(template, placeholder)
	switch rest := before + after; {
	case len(template) > 255:
		return invalid(field, "%d bytes, want at most 255", len(template))
	case !ok || strings.Contains(after, placeholder):
		return invalid(field, "%.80q: want %s in it, once", template, placeholder)
	case !templatePattern.MatchString(rest) || strings.Contains(rest, ":_:"):
		return invalid(field, "%.80q: want a dial string such as user/%s of letters, digits and _ . : / @ = ; + -", template, placeholder)
	}
	return nil
}

// checkLanguage allows "" and BCP 47 tags such as uk and en-GB.
func checkLanguage(language string) error {
	if language != "" && (len(language) > 35 || !languagePattern.MatchString(language)) {
		return invalid("language", "%.40q: want a BCP 47 tag such as uk or en-GB", language)
	}
	return nil
}
