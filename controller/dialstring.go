package controller

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dialgraph/dialgraph/dialplan"
)

// Names of a site's dial-string templates, and the placeholder of each.
const (
	TemplateAgent     = "agent"     // {contact}
	TemplateExtension = "extension" // {extension}
	TemplateOutside   = "outside"   // {number}
)

var (
	errRefused = errors.New("not allowed by the site's list")

	extensionDigits = regexp.MustCompile(`^[0-9*#]{1,20}$`)
	e164Number      = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

// CheckTemplate reports what is wrong with a dial-string template: it holds
// its placeholder once, and otherwise only signs that FreeSWITCH does not
// interpret. Variables of a leg, ${…} and several legs are refused: whoever
// may write a template must not run commands on the switch.
func CheckTemplate(name, template string) error {
	placeholder, ok := map[string]string{
		TemplateAgent: "{contact}", TemplateExtension: "{extension}", TemplateOutside: "{number}",
	}[name]
	if !ok {
		return fmt.Errorf("unknown template %q: want agent, extension or outside", name)
	}
	before, after, found := strings.Cut(template, placeholder)
	if !found || strings.Contains(after, placeholder) {
		return fmt.Errorf("template %q: want %s once", name, placeholder)
	}
	if !isDial(before + "x" + after) {
		return fmt.Errorf("template %q: want letters, digits and %s", name, dialSigns)
	}
	return nil
}

// isDial tells whether s may stand in a dial string. :_: separates whole
// originations there (switch_types.h, SWITCH_ENT_ORIGINATE_DELIM).
func isDial(s string) bool { return passes(s, dialSigns) && !strings.Contains(s, ":_:") }

// endpoint fills the template of a target. errRefused when the site does not
// allow the number.
func (s Site) endpoint(t dialplan.Target) (string, error) {
	name, placeholder, data := TemplateAgent, "{contact}", t.Contact
	switch {
	case t.Extension != "":
		name, placeholder, data = TemplateExtension, "{extension}", t.Extension
		if !extensionDigits.MatchString(data) {
			return "", errors.New("extension is not a number")
		}
	case t.Number != "":
		name, placeholder, data = TemplateOutside, "{number}", t.Number
		if !s.allows(data) {
			return "", errRefused
		}
	}
	template := s.Templates[name]
	if err := CheckTemplate(name, template); err != nil {
		return "", fmt.Errorf("site %q: %w", s.Name, err)
	}
	if !isDial(data) {
		return "", errors.New("contact holds signs that must not reach FreeSWITCH")
	}
	filled := strings.Replace(template, placeholder, data, 1)
	if !isDial(filled) {
		return "", errors.New("contact and template together do not make an address")
	}
	return filled, nil
}

// allows tells whether the number may be dialled out.
func (s Site) allows(number string) bool {
	if !e164Number.MatchString(number) {
		return false
	}
	for _, prefix := range s.Outside {
		if strings.HasPrefix(prefix, "+") && strings.HasPrefix(number, prefix) {
			return true
		}
	}
	return false
}

// legSpace is the namespace of legs' UUIDs.
var legSpace = uuid.MustParse("5f0ef1b8-60a4-4f4d-9c8a-0f3c2a8b7d11")

// legIndex is the place of a leg in an attempt, -1 when it has no part in it.
func legIndex(attempt, leg string) int {
	if attempt == "" || leg == "" {
		return -1
	}
	for i := range maxLegs {
		if leg == legUUID(attempt, i) {
			return i
		}
	}
	return -1
}

// maxLegs is how many telephones one attempt may ring.
const maxLegs = 100

// legUUID is the Unique-ID of the leg with that index in an attempt: the same
// on every controller, so that whoever resumes the call recognises it.
func legUUID(attempt string, index int) string {
	return uuid.NewSHA1(legSpace, []byte(attempt+"/"+strconv.Itoa(index))).String()
}

// A dial is a bridge as FreeSWITCH is told.
type dial struct {
	legs    []string // endpoints with their variables
	uuids   []string // by index of Bridge.Legs; "" for a leg that was refused
	refused int
}

// dial makes the legs dialable. A leg that cannot be dialled is left out; err
// is what is wrong with the last of them.
func (s Site) dial(b dialplan.Bridge) (d dial, err error) {
	d.uuids = make([]string, len(b.Legs))
	for i, leg := range b.Legs {
		endpoint, fault := s.endpoint(leg.Target)
		if fault != nil {
			err = fmt.Errorf("leg %d: %w", i, fault)
			if errors.Is(fault, errRefused) {
				d.refused++
			}
			continue
		}
		d.uuids[i] = legUUID(b.ID, i)
		d.legs = append(d.legs, fmt.Sprintf("[origination_uuid=%s,leg_timeout=%d]%s", d.uuids[i], ringSeconds(leg.Timeout), endpoint))
	}
	return d, err
}

// ringSeconds is the time a leg rings, in the whole seconds that FreeSWITCH
// counts in. It counts in ticks of its clock and may end up to one earlier.
func ringSeconds(d time.Duration) int {
	return int(min(max((d+time.Second-1)/time.Second, 2), 300))
}

// String is the argument of `bridge`. The variables in front apply to all legs
// and have been built of checked data.
func (d dial) String(variables []string, together bool) string {
	separator := "|"
	if together {
		separator = ","
	}
	return "{" + strings.Join(variables, ",") + "}" + strings.Join(d.legs, separator)
}

// outcomes of originate_disposition, the only variable that is fresh after
// every bridge. What is not listed is Unreachable.
var outcomes = map[string]dialplan.Outcome{
	"SUCCESS":             dialplan.Answered,
	"USER_BUSY":           dialplan.Busy,
	"CALL_REJECTED":       dialplan.Rejected,
	"NO_ANSWER":           dialplan.NoAnswer,
	"ALLOTTED_TIMEOUT":    dialplan.NoAnswer,
	"PROGRESS_TIMEOUT":    dialplan.NoAnswer,
	"USER_NOT_REGISTERED": dialplan.NotRegistered,
	"SUBSCRIBER_ABSENT":   dialplan.NotRegistered,
	"ORIGINATOR_CANCEL":   dialplan.Gone,
}

func outcome(disposition string) dialplan.Outcome {
	if o, ok := outcomes[disposition]; ok {
		return o
	}
	return dialplan.Unreachable
}
