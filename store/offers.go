package store

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dialgraph/dialgraph/dialplan"
)

// readOffer reads an offer as scripts write it (write_offer in queue_records.lua), its id
// first.
func readOffer(text string) (dialplan.Offer, error) {
	f := strings.Split(text, "\x1f")
	if len(f) < 20 {
		return dialplan.Offer{}, fmt.Errorf("offer of %d fields: %w", len(f), ErrSchema)
	}
	site, ok := siteOf(f[7])
	ring, err1 := strconv.ParseInt(f[18], 10, 64)
	until, err2 := strconv.ParseInt(f[9], 10, 64)
	if !ok || err1 != nil || err2 != nil {
		return dialplan.Offer{}, fmt.Errorf("offer %.40q: %w", f[0], ErrSchema)
	}
	return dialplan.Offer{
		ID: f[0], Ticket: f[7], Site: site, Queue: f[6], Agent: f[5], Contact: f[17],
		Ring: time.Duration(ring) * time.Millisecond, AcceptKey: f[19], Until: time.UnixMilli(until).UTC(),
	}, nil
}

// readTicket reads a ticket as scripts write it (write_ticket in queue_records.lua).
func readTicket(id, text string) (ticket, error) {
	f := strings.Split(text, "\x1f")
	if len(f) < 15 {
		return ticket{}, fmt.Errorf("ticket of %d fields: %w", len(f), ErrSchema)
	}
	place, err1 := strconv.ParseInt(f[3], 10, 64)
	joined, err2 := strconv.ParseInt(f[9], 10, 64)
	until, err3 := strconv.ParseInt(f[12], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return ticket{}, fmt.Errorf("ticket %.80q: %w", id, ErrSchema)
	}
	return ticket{
		id: id, queue: f[4], call: f[8], joined: joined, credit: (joined - place) / 1000,
		skills: f[10], prefer: f[11], alone: until - joined/1000, number: f[13], name: f[14],
	}, nil
}

var (
	//go:embed offers_report.lua
	offersReportLua string
)

// Report implements dialplan.Queue. An answer is a fact, whatever became of
// the offer meanwhile: other offers of that agent and caller are withdrawn.
// While Redis is away the report is kept, and sent by Run.
func (d *Distributor) Report(ctx context.Context, o dialplan.Offer, r dialplan.Report) error {
	if _, ok := siteOf(o.Ticket); !ok || o.Site == "" {
		return fmt.Errorf("report offer %.40q: %w", o.ID, ErrInvalid)
	}
	if r.Outcome == dialplan.Answered && r.Ended.IsZero() {
		d.startTalk(talk{o, r})
	} else {
		d.endTalk(o.Site, o.ID)
	}
	return d.deliver(ctx, func(ctx context.Context) error { return d.report(ctx, o, r) })
}

func (d *Distributor) report(ctx context.Context, o dialplan.Offer, r dialplan.Report) error {
	if r.Outcome == dialplan.Refused { // nobody may dial that agent
		r.Outcome = dialplan.Unreachable
	}
	changed, err := d.s.askQueue(ctx, o.Site, askReport, o.ID, string(r.Outcome), toMillis(r.Answered), toMillis(r.Ended),
		d.owner, o.Ticket, o.Queue, o.Agent).Int()
	if err != nil {
		return fmt.Errorf("report offer %q: %w", o.ID, err)
	}
	if changed == 1 && r.Outcome == dialplan.Answered {
		d.serve(o.Ticket)
	}
	return nil
}
