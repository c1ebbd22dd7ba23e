package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func putRecords(t testing.TB, s *Store, records ...Record) {
	t.Helper()
	for _, r := range records {
		if r.Document == nil {
			r.Document = json.RawMessage("{}")
		}
		if err := s.Records().Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRecordIsKeptAndTheEndStays(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ctx := t.Context()
		if _, err := s.Records().Get(ctx, "a"); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get of an unknown call = %v, want ErrNotFound", err)
		}
		live := Record{Call: "a", Started: noon, Document: json.RawMessage(`{"menu":"line"}`)}
		ended := Record{Call: "a", Started: noon, Ended: noon.Add(time.Minute), Document: json.RawMessage(`{"menu":"line","sip":200}`)}
		putRecords(t, s, live, ended, ended, live) // the last word of a former owner comes late
		got, err := s.Records().Get(ctx, "a")
		want := ended
		want.Schema = RecordSchema
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("Get: %v\n%s", err, diff)
		}
		if page, _, err := s.Records().List(ctx, RecordQuery{Live: true, Limit: 10}); len(page) != 0 || err != nil {
			t.Errorf("live calls = %v, %v, want none", page, err)
		}
	})
}

// An entry that a writer left behind who was killed between two steps is not
// taken for a live call.
func TestEndedCallIsNotLive(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ctx := t.Context()
		live := Record{Call: "live", Started: noon}
		ended := Record{Call: "ended", Started: noon.Add(time.Second), Ended: noon.Add(time.Minute)}
		putRecords(t, s, live, ended)
		left := failure(s.ask(ctx, commandStep("zadd", s.keys.recordsLive(), ended.Started.UnixMilli(), ended.Call)))
		page, _, err := s.Records().List(ctx, RecordQuery{Live: true, Limit: 10})
		if left != nil || err != nil || len(page) != 1 || page[0].Call != live.Call {
			t.Errorf("live calls = %v, %v, %v, want the one that has not ended", page, err, left)
		}
	})
}

// What a former owner of the call writes late does not replace what a later one
// knows; an end is an end, whoever saw it.
func TestRecordOfALaterOwnerStays(t *testing.T) {
	document := func(by string) json.RawMessage { return json.RawMessage(`{"by":"` + by + `"}`) }
	first := Record{Call: "a", Started: noon, Document: document("first")}
	second := Record{Call: "a", Started: noon, Turn: 1, Document: document("second")}
	end := func(r Record) Record {
		r.Ended = noon.Add(time.Minute)
		return r
	}
	for _, tt := range []struct {
		name string
		puts []Record
		want string
	}{
		{"in order", []Record{first, second}, "second"},
		{"first again", []Record{second, first}, "second"},
		{"second again", []Record{second, second}, "second"},
		{"both have seen the end", []Record{end(second), end(first)}, "second"},
		{"the first has seen the end", []Record{second, end(first)}, "first"},
		{"the second goes on after an end", []Record{end(first), second}, "first"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, s *Store, _ *clock) {
				putRecords(t, s, tt.puts...)
				got, err := s.Records().Get(t.Context(), "a")
				if err != nil || string(got.Document) != string(document(tt.want)) {
					t.Errorf("Get = %s, %v, want what the %s owner wrote", got.Document, err, tt.want)
				}
			})
		})
	}
}

func TestRecordOfAnotherVersion(t *testing.T) {
	for _, tt := range []struct {
		name, raw string
		want      error
	}{
		{"own", fmt.Sprintf("%d 1 0 0 {}", RecordSchema), nil},
		{"the one before", fmt.Sprintf("%d 1 0 0 {}", RecordSchema-1), nil},
		{"the next", fmt.Sprintf("%d 1 0 0 {}", RecordSchema+1), ErrSchema},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := decodeRecord("a", tt.raw); !errors.Is(err, tt.want) {
				t.Errorf("decodeRecord(%q) = %v, want %v", tt.raw, err, tt.want)
			}
		})
	}
}

func TestRecordsListNewestFirst(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		for i, call := range []string{"a", "b", "c", "d", "e"} {
			// b and c, d and e begin in the same millisecond
			r := Record{Call: call, Started: noon.Add(time.Duration((i+1)/2) * time.Second)}
			if call != "b" {
				r.Ended = r.Started.Add(time.Hour)
			}
			putRecords(t, s, r)
		}
		for _, tt := range []struct {
			name string
			q    RecordQuery
			want []string
		}{
			{"all", RecordQuery{Limit: 10}, []string{"e", "d", "c", "b", "a"}},
			{"in pages of one", RecordQuery{Limit: 1}, []string{"e", "d", "c", "b", "a"}},
			{"in pages of two", RecordQuery{Limit: 2}, []string{"e", "d", "c", "b", "a"}},
			{"from", RecordQuery{Limit: 1, From: noon.Add(time.Second)}, []string{"e", "d", "c", "b"}},
			{"to", RecordQuery{Limit: 1, To: noon.Add(2 * time.Second)}, []string{"c", "b", "a"}},
			{"live", RecordQuery{Limit: 1, Live: true}, []string{"b"}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				var got []string
				for q := tt.q; ; {
					page, next, err := s.Records().List(t.Context(), q)
					if err != nil || len(page) > q.Limit {
						t.Fatalf("List(%+v) = %d records, %v", q, len(page), err)
					}
					for _, r := range page {
						got = append(got, r.Call)
					}
					if q.Cursor = next; next == "" {
						break
					}
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("calls = %q, want %q", got, tt.want)
				}
			})
		}
		if _, _, err := s.Records().List(t.Context(), RecordQuery{Cursor: "x", Limit: 1}); !errors.Is(err, ErrInvalid) {
			t.Errorf("List with a made-up cursor = %v, want ErrInvalid", err)
		}
	})
}

func TestRecordsAreBounded(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		s.recordMax, s.recordAge = 3, time.Hour
		start := s.localNow().UTC()
		for i := range 5 {
			putRecords(t, s, Record{Call: fmt.Sprint(i), Started: start.Add(time.Duration(i) * time.Minute)})
		}
		kept := func() (calls []string) {
			page, _, err := s.Records().List(t.Context(), RecordQuery{Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				calls = append(calls, r.Call)
			}
			return calls
		}
		if err := s.Records().tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := kept(), []string{"4", "3", "2"}; !slices.Equal(got, want) {
			t.Errorf("kept %q, want the newest three", got)
		}
		c.Advance(time.Hour + 3*time.Minute + 30*time.Second)
		if err := s.Records().tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := kept(), []string{"4"}; !slices.Equal(got, want) {
			t.Errorf("kept %q after an hour, want %q", got, want)
		}
		if _, err := s.Records().Get(t.Context(), "3"); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get of a record too old = %v, want ErrNotFound", err)
		}
	})
}

func TestTidyIsDoneByOne(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		s.recordMax = 1
		start := s.localNow()
		putRecords(t, s, Record{Call: "a", Started: start}, Record{Call: "b", Started: start})
		if err := s.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		putRecords(t, s, Record{Call: "c", Started: start})
		if err := s.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := s.rdb.ZCard(t.Context(), s.keys.records()).Val(); n != 2 {
			t.Errorf("%d records, want 2: tidied once in a minute only", n)
		}
	})
}
