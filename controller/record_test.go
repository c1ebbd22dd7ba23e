package controller_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/controller/fstest"
)

// A call's record is the same, whoever had the call on its way: each field is
// that of the uninterrupted call, or what the rule for it says.
func TestRecordAcrossResumes(t *testing.T) {
	known := map[string]bool{}
	for _, j := range journeys {
		_, whole, heard := j.travel(t)
		for _, f := range fieldsOf(whole) {
			known[f.name] = known[f.name] || !f.value.IsZero()
			if _, ok := rules[f.name]; !ok {
				t.Errorf("no rule says what becomes of %s when a call is resumed", f.name)
			}
		}
		if t.Failed() {
			t.Fatalf("%+v\n%s", whole, heard)
		}
		for way := range j.ways() {
			t.Run(j.name+"/"+way, func(t *testing.T) {
				t.Parallel()
				tr, r, heard := j.travel(t, strings.Split(way, ", ")...)
				compare(t, &account{j, tr, whole, r, heard})
			})
		}
	}
	for name, ok := range known {
		if !ok && !slices.Contains(blank, name) {
			t.Errorf("no call here has a record with %s: whether it survives is not known", name)
		}
	}
}

// ways are where controllers are killed in each of the resumed calls: at each
// place, twice there, there and at the next.
func (j journey) ways() map[string]bool {
	all, n := map[string]bool{}, len(j.places)
	for i, place := range j.places {
		all[place] = true
		for _, also := range []int{i, (i + 1) % n} {
			// While two talk nobody has a call that is lost, to be killed once more.
			if also != i || !strings.HasSuffix(place, "talking") && !strings.HasSuffix(place, "talks") {
				all[j.places[min(i, also)]+", "+j.places[max(i, also)]] = true
			}
		}
	}
	return all
}

// blank are the fields that are zero as long as nothing is lost.
var blank = []string{"Media.LossIn", "Resumed"}

// A field is one of a record, or of its media.
type field struct {
	name  string
	value reflect.Value
}

func fieldsOf(r *controller.Record) (all []field) {
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		name, value := v.Type().Field(i).Name, v.Field(i)
		if name != "Media" {
			all = append(all, field{name, value})
			continue
		}
		for i := range value.NumField() {
			all = append(all, field{name + "." + value.Type().Field(i).Name, value.Field(i)})
		}
	}
	return all
}

// An account is a record with all it is to be judged by.
type account struct {
	journey
	trip  *trip
	whole *controller.Record // of the call that nobody interrupted
	*controller.Record
	heard fstest.Transcript
}

func compare(t *testing.T, a *account) {
	t.Helper()
	whole := fieldsOf(a.whole)
	for i, f := range fieldsOf(a.Record) {
		if fault := rules[f.name](a, whole[i].value.Interface(), f.value.Interface()); fault != "" {
			t.Errorf("%s: %s", f.name, fault)
		}
	}
	if t.Failed() {
		t.Logf("record %+v\nof the uninterrupted call %+v\n%s", a.Record, a.whole, a.heard)
	}
}

// A rule says what is wrong with a field of a resumed call, "" for nothing.
type rule func(a *account, whole, got any) string

var rules = map[string]rule{
	"Call": same, "Node": same, "SIPCall": same, "Trunk": same, "Dialled": same, "Number": same,
	"CallerRaw": same, "Caller": same, "Withheld": same, "Customer": same,
	"Menu": same, "Version": same, "Path": same, "Tags": same,
	"Cause": same, "Q850": same, "SIP": same, "Ender": same, "Agent": same, "Queue": same,
	"Missing": same, "Error": same, "Seen": same,
	"Media.Codec": same, "Media.Rate": same, "Media.LossIn": same, "Media.MOS": same,
	"Media.PacketsIn": packets, "Media.PacketsOut": packets,

	"Started":  moment("placed", first),
	"Answered": moment("answered", first),
	"Queued":   queued,
	"Offered":  moment("calling", last),
	"Talked":   moment("connected", first),
	"Ended":    moment("ended", first),

	"Talk": func(a *account, _, got any) string {
		least, most := a.talk()
		if d := time.Duration(float64(got.(controller.Seconds)) * float64(time.Second)); d < least-blur || d > most+blur {
			return fmt.Sprintf("%v, want %v to %v", d, least, most)
		}
		return ""
	},
	"Instance": func(a *account, _, got any) string {
		for _, i := range a.trip.instances {
			if i.name == got && !i.store.dead.Load() {
				return ""
			}
		}
		return fmt.Sprintf("%q is dead", got)
	},
	"Resumed": func(a *account, _, got any) string {
		want := len(a.heard.Only(fstest.Controlled)) - 1
		if a.unwalk {
			want = 0
		}
		if got != want {
			return fmt.Sprintf("%d, want %d", got, want)
		}
		return ""
	},
	"Leg": func(a *account, _, got any) string {
		if want := a.trip.call.Variable("last_bridge_to"); got != want {
			return fmt.Sprintf("%q, want %q, which answered last", got, want)
		}
		return ""
	},
}

// blur is how far moments of one event may be apart by the controller's and
// the caller's account: a busy machine's pauses, made longer by the fake's pace.
const blur = 6 * time.Second

func same(_ *account, whole, got any) string {
	if !reflect.DeepEqual(whole, got) {
		return fmt.Sprintf("%v, want %v", got, whole)
	}
	return ""
}

func first(at []time.Duration) time.Duration { return at[0] }
func last(at []time.Duration) time.Duration  { return at[len(at)-1] }

// moment is the rule for a moment that the caller noticed as that, if at all.
func moment(event string, which func([]time.Duration) time.Duration) rule {
	return func(a *account, whole, got any) string {
		var all []time.Duration
		for _, e := range a.heard {
			if strings.HasPrefix(e.String(), event) {
				all = append(all, e.At)
			}
		}
		at := got.(time.Time)
		if len(all) == 0 || at.IsZero() {
			if len(all) > 0 || !at.IsZero() || !whole.(time.Time).IsZero() {
				return fmt.Sprintf("%v, that of the uninterrupted call %v, noticed at %v", at, whole, all)
			}
			return ""
		}
		if off := at.Sub(a.Started) - which(all); off.Abs() > blur {
			return fmt.Sprintf("%v after the start, want %v", at.Sub(a.Started), which(all))
		}
		return ""
	}
}

// queued is the rule for when the caller joined the queue: between the key that
// led there and the music.
func queued(a *account, whole, got any) string {
	var pressed, music time.Duration
	for _, e := range a.heard {
		if strings.HasPrefix(e.String(), "heard /prompts/music") {
			music = e.At
			break
		}
		if e.Kind == fstest.Pressed {
			pressed = e.At
		}
	}
	at := got.(time.Time)
	if music == 0 || at.IsZero() {
		return same(a, whole, got)
	}
	if after := at.Sub(a.Started); after < pressed-blur || after > music+blur {
		return fmt.Sprintf("%v after the start, want %v to %v", after, pressed, music)
	}
	return ""
}

// talk is how long the caller has talked, at least, and at most when the end of
// a talk is not known before somebody has the call again.
func (a *account) talk() (least, most time.Duration) {
	var since time.Duration
	for i, e := range a.heard {
		switch e.Kind {
		case fstest.Connected:
			since = e.At
		case fstest.Parted:
			least += e.At - since
			most += a.heard[min(i+1, len(a.heard)-1)].At - since
		}
	}
	return least, most
}

// packets is the rule for what goes over the line in one direction: a packet
// every 20 ms from the answer on.
func packets(a *account, whole, got any) string {
	want := int(a.Ended.Sub(a.Answered) / (20 * time.Millisecond))
	if whole == 0 || a.Answered.IsZero() {
		want = 0
	}
	if n := got.(int); n < want-int(blur/(20*time.Millisecond)) || n > want+int(blur/(20*time.Millisecond)) || want == 0 && n != 0 {
		return fmt.Sprintf("%d, want about %d", n, want)
	}
	return ""
}

// Who ends a call at the switch is neither the caller nor the menu.
func TestCallIsEndedAtTheSwitch(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	_, sw := one(t, m, nil)
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Keys("2")})
	if _, err := call.WaitFor(soon(t), heard("music")); err != nil {
		t.Fatal(err)
	}
	conn, err := esl.Dial(t.Context(), sw.Addr(), "ClueCon", esl.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.API(t.Context(), "uuid_kill "+call.UUID()); err != nil {
		t.Fatal(err)
	}
	if r := m.ended(t, call.UUID()); r.Ender != "network" || r.Cause != "NORMAL_CLEARING" || !r.Seen {
		t.Errorf("record %+v, want it ended by the network, NORMAL_CLEARING, seen", r)
	}
}
