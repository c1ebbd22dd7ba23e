//go:build freeswitch

package realswitch

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/api"
)

// A check says what is wrong with a field of a record, "" for nothing.
type check func(got any) string

// checkRecord looks at every field of a record, and of its media.
func checkRecord(t *testing.T, r api.Call, checks map[string]check) {
	t.Helper()
	checkFields(t, "", reflect.ValueOf(r), checks)
	if t.Failed() {
		t.Logf("record: %+v", r)
	}
}

func checkFields(t *testing.T, in string, v reflect.Value, checks map[string]check) {
	t.Helper()
	for i := range v.NumField() {
		name, got := in+v.Type().Field(i).Name, v.Field(i)
		if m, ok := got.Interface().(api.Media); ok {
			checkFields(t, name+".", reflect.ValueOf(m), checks)
			continue
		}
		if checks[name] == nil {
			t.Errorf("%s = %v: nobody says what it should be", name, got)
		} else if fault := checks[name](got.Interface()); fault != "" {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

func is(want any) check {
	return func(got any) string {
		if reflect.DeepEqual(got, want) {
			return ""
		}
		return fmt.Sprintf("%v, want %v", got, want)
	}
}

// during is a moment not before one and not after the other.
func during(from, to time.Time) check {
	return func(got any) string {
		if at := got.(time.Time); !at.Before(from) && !at.After(to) {
			return ""
		}
		return fmt.Sprintf("%v, want %v to %v", got, from, to)
	}
}

// near is a moment as somebody at a telephone has noticed it.
func near(want time.Time, most time.Duration) check {
	return during(want.Add(-most), want.Add(most))
}

// lasts is seconds.
func lasts(want, most time.Duration) check {
	return func(got any) string {
		if off := time.Duration(got.(float64)*float64(time.Second)) - want; off.Abs() <= most {
			return ""
		}
		return fmt.Sprintf("%v s, want %v", got, want)
	}
}

// packets are as many as the telephone has counted, a tenth more or less: some
// are on their way when the call begins and ends.
func packets(counted int64) check {
	return func(got any) string {
		if n := int64(got.(int)); n > counted*9/10 && n < counted*11/10 {
			return ""
		}
		return fmt.Sprintf("%v, want about %d", got, counted)
	}
}

// between is a figure.
func between(least, most float64) check {
	return func(got any) string {
		if f := got.(float64); f >= least && f <= most {
			return ""
		}
		return fmt.Sprintf("%v, want %v to %v", got, least, most)
	}
}

// legs are the UUIDs of a caller who talks, and of the other leg.
func (n *node) legs(t testing.TB, number string) (legs [2]string) {
	t.Helper()
	for _, c := range n.channels(t, number) {
		if c.Direction == "inbound" {
			legs[0] = c.UUID
		} else {
			legs[1] = c.UUID
		}
	}
	return legs
}

// live is the record of a call that goes on.
func (c *crm) live(call string) (r api.Call) {
	c.t.Helper()
	if !c.get("/v1/calls/"+call, &r) || !r.Ended.IsZero() {
		c.t.Fatalf("call %s has ended, or is not on record: %+v", call, r)
	}
	return r
}

// active is the version of a menu that new calls walk.
func (c *crm) active(menu string) (version string) {
	c.t.Helper()
	var all struct{ Items []api.MenuState }
	c.get("/v1/menus", &all)
	for _, m := range all.Items {
		if m.Menu == menu {
			version = m.Active
		}
	}
	return version
}

// recordOf waits for the record of the only call that somebody has made, once
// it has ended.
func (c *crm) recordOf(number string) (r api.Call) {
	c.t.Helper()
	eventually(c.t, "the call of "+number+" is on record", func() bool {
		var calls struct{ Items []api.Call }
		r = api.Call{}
		c.get("/v1/calls", &calls)
		for _, one := range calls.Items {
			if one.CallerRaw == number {
				r = one
			}
		}
		return !r.Ended.IsZero()
	})
	return r
}
