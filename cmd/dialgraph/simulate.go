package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/dialplan/e164"
	"github.com/dialgraph/dialgraph/dialplan/sim"
)

// A simulateCmd is `dialgraph simulate`.
type simulateCmd struct {
	File     string            `arg:"" help:"The menu, YAML or JSON."`
	From     string            `help:"The caller's number; none for a withheld one." default:""`
	To       string            `help:"The number that is called." default:"0800"`
	At       string            `help:"When, in the menu's time zone: 2006-01-02T15:04. Default now."`
	Keys     string            `help:"Keys the caller presses, one group for each question, separated by commas; an empty group is silence."`
	HangUp   bool              `help:"Hang up at the question after the last group of keys."`
	Region   string            `help:"Country of national numbers, ISO 3166-1." default:"UA"`
	Name     string            `help:"The caller's name, if known."`
	Contract string            `help:"The caller's contract number."`
	Extra    map[string]string `help:"What else the CRM gave, as in tariff=gold. May be repeated." mapsep:"none"`
	Address  string            `help:"The caller's address, such as kyiv/khreshchatyk/10/25."`
	Lang     string            `help:"The caller's language."`
	Credit   int               `help:"The caller's priority in seconds."`
	Manager  string            `help:"The agent who looks after the caller."`
	Outage   []string          `help:"An address with an outage flag. May be repeated." sep:"none"`
	Reached  []string          `help:"Outcomes of the attempts to reach somebody: answered, busy, rejected, no-answer, not-registered, unreachable, gone. The last one repeats."`
	Queue    string            `help:"What queues answer: open, full, unstaffed, unknown, nobody." enum:"open,full,unstaffed,unknown,nobody" default:"open"`
	Words    bool              `help:"Print what the prompts say."`
}

// Run prints the transcript of one call.
func (c *simulateCmd) Run(r *run) error {
	m, err := loadFile(c.File)
	var problems dialplan.Problems
	if errors.As(err, &problems) {
		return fmt.Errorf("%s is not valid, see dialgraph check: %d faults, the first is %s:%s", c.File, len(problems), c.File, problems[0])
	}
	if err != nil {
		return err
	}
	script, err := c.script(m.Location())
	if err != nil {
		return err
	}
	_, err = sim.Run(r.ctx, m, script, r.out)
	return err
}

func (c *simulateCmd) script(zone *time.Location) (sim.Script, error) {
	at := time.Now()
	if c.At != "" {
		var err error
		if at, err = time.ParseInLocation("2006-01-02T15:04", c.At, zone); err != nil {
			return sim.Script{}, fmt.Errorf("--at %q: want a time such as 2026-03-02T08:15", c.At)
		}
	}
	if err := e164.CheckRegion(c.Region); err != nil {
		return sim.Script{}, fmt.Errorf("--region: %w", err)
	}
	number := e164.Parse(c.From, c.Region)
	s := sim.Script{
		From: c.From, To: c.To, At: at, HangUp: c.HangUp, Words: c.Words,
		Caller: dialplan.Caller{
			Number: number.E164, Withheld: c.From == "", Known: c.known(),
			Name: c.Name, Contract: c.Contract, Extra: c.Extra, Address: c.Address, Language: c.Lang, Credit: c.Credit, Manager: c.Manager,
		},
		Called: dialplan.Called{Number: e164.Parse(c.To, c.Region).Key(), Site: "default"},
	}
	if err := c.world(&s); err != nil {
		return sim.Script{}, err
	}
	if c.Keys == "" {
		return s, nil
	}
	s.Keys = strings.Split(c.Keys, ",")
	for i, group := range s.Keys {
		if strings.Trim(group, "0123456789*#ABCD") != "" {
			return sim.Script{}, fmt.Errorf("--keys: group %d %q holds what is no key of a telephone (0-9 * # A-D)", i+1, group)
		}
	}
	return s, nil
}

// known says whether the CRM would know the caller.
func (c *simulateCmd) known() bool {
	return c.Name != "" || c.Contract != "" || c.Address != "" || c.Manager != "" || len(c.Extra) > 0
}

// queues are what --queue may be set to, beside open and nobody.
var queues = map[string]error{"full": dialplan.ErrQueueFull, "unstaffed": dialplan.ErrUnstaffed, "unknown": dialplan.ErrNoQueue}

func (c *simulateCmd) world(s *sim.Script) error {
	for _, address := range c.Outage {
		s.Outages = append(s.Outages, dialplan.Outage{Address: address, Source: "simulate"})
	}
	s.Queue, s.Nobody = queues[c.Queue], c.Queue == "nobody"
	for _, outcome := range c.Reached {
		switch o := dialplan.Outcome(outcome); o {
		case dialplan.Answered, dialplan.Busy, dialplan.Rejected, dialplan.NoAnswer, dialplan.NotRegistered, dialplan.Unreachable, dialplan.Gone:
			s.Reached = append(s.Reached, o)
		default:
			return fmt.Errorf("--reached %q: want answered, busy, rejected, no-answer, not-registered, unreachable or gone", outcome)
		}
	}
	return nil
}
