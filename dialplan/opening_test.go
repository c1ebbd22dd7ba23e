package dialplan

import (
	"testing"
	"time"
)

func hoursOf(t *testing.T, table string) (*Hours, *time.Location) {
	t.Helper()
	m, err := Load([]byte("menu: x\ntimezone: Europe/Kyiv\nstart: a\nhours:\n  table: "+table+
		"\nnodes:\n  a: {hours: table, open: b, closed: b}\n  b: {exit: }\n"), Options{})
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return m.nodes[0].step.(*hours).Table.Hours, m.Location()
}

func TestOpen(t *testing.T) {
	const (
		office = `{mon-fri: "08:00-12:00, 13:00-20:00", sat: "09:00-17:00", except: {2026-12-25: closed, 2026-12-26: "10:00-11:00", 01-01: closed}}`
		night  = `{fri-sat: "20:00-04:00", sun: ["22:00-24:00"], except: {2026-03-07: closed}}`
	)
	tests := []struct {
		name, table, at string
		want            bool
	}{
		{"opens on the minute", office, "2026-03-02T08:00:00", true},
		{"a second before", office, "2026-03-02T07:59:59", false},
		{"lunch begins", office, "2026-03-02T12:00:00", false},
		{"after lunch", office, "2026-03-02T13:00:00", true},
		{"closes on the minute", office, "2026-03-02T20:00:00", false},
		{"saturday", office, "2026-03-07T16:59:59", true},
		{"sunday", office, "2026-03-08T12:00:00", false},
		{"holiday", office, "2026-12-25T12:00:00", false},
		{"other hours on a saturday", office, "2026-12-26T09:30:00", false},
		{"other hours on a saturday, open", office, "2026-12-26T10:30:00", true},
		{"a holiday of every year", office, "2027-01-01T09:00:00", false},
		{"the day after it", office, "2027-01-04T09:00:00", true},

		{"before midnight", night, "2026-03-13T23:59:00", true},
		{"past midnight", night, "2026-03-14T03:59:59", true},
		{"past midnight, over", night, "2026-03-14T04:00:00", false},
		{"past midnight at the end of the week", night, "2026-03-15T03:00:00", true},
		{"until midnight", night, "2026-03-15T23:59:59", true},
		{"until midnight, over", night, "2026-03-16T00:00:00", false},
		{"the night before goes on into a closed day", night, "2026-03-07T03:00:00", true},
		{"the closed day's own night", night, "2026-03-07T21:00:00", false},
		{"the morning after a closed day", night, "2026-03-08T03:00:00", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, zone := hoursOf(t, tt.table)
			at, err := time.ParseInLocation("2006-01-02T15:04:05", tt.at, zone)
			if err != nil {
				t.Fatal(err)
			}
			if got := h.Open(at); got != tt.want {
				t.Errorf("Open(%s) = %t, want %t", tt.at, got, tt.want)
			}
		})
	}
}

// In Kyiv the clock goes from 03:00 to 04:00 on 2026-03-29, and from 04:00
// back to 03:00 on 2026-10-25.
func TestOpenWhenTheClocksChange(t *testing.T) {
	tests := []struct {
		name, table, at string // at in UTC
		want            bool
	}{
		{"spring: last minute before the change", `{sun: "02:30-03:30"}`, "2026-03-29T00:59:00Z", true},
		{"spring: the skipped half hour is never open", `{sun: "02:30-03:30"}`, "2026-03-29T01:00:00Z", false},
		{"spring: opens at the first minute there is", `{sun: "03:30-05:00"}`, "2026-03-29T01:00:00Z", true},
		{"spring: the night through the change", `{sat: "22:00-06:00"}`, "2026-03-29T02:59:00Z", true},
		{"spring: the night ends by the new clock", `{sat: "22:00-06:00"}`, "2026-03-29T03:00:00Z", false},
		{"spring: the office opens by the new clock", `{sun: "08:00-09:00"}`, "2026-03-29T05:00:00Z", true},
		{"spring: not by the old one", `{sun: "08:00-09:00"}`, "2026-03-29T06:00:00Z", false},
		{"autumn: first time round", `{sun: "03:15-03:45"}`, "2026-10-25T00:30:00Z", true},
		{"autumn: between", `{sun: "03:15-03:45"}`, "2026-10-25T00:50:00Z", false},
		{"autumn: second time round", `{sun: "03:15-03:45"}`, "2026-10-25T01:30:00Z", true},
		{"autumn: the night ends by the new clock", `{sat: "22:00-06:00"}`, "2026-10-25T03:59:00Z", true},
		{"autumn: and not later", `{sat: "22:00-06:00"}`, "2026-10-25T04:00:00Z", false},
		{"autumn: the office opens by the new clock", `{sun: "08:00-09:00"}`, "2026-10-25T06:00:00Z", true},
		{"autumn: not by the old one", `{sun: "08:00-09:00"}`, "2026-10-25T05:30:00Z", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, zone := hoursOf(t, tt.table)
			at, err := time.Parse(time.RFC3339, tt.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := h.Open(at.In(zone)); got != tt.want {
				t.Errorf("Open(%s) = %t, want %t", at.In(zone), got, tt.want)
			}
		})
	}
}
