package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dialgraph/dialgraph/dialplan"
)

func TestAgentDocuments(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		agents := s.Agents(testSite)
		olena := Agent{
			ID: "olena", Site: testSite, Name: "Олена", Contact: "1001", Skills: []string{"uk"},
			Queues: []Membership{{Queue: "support", Tier: 2}},
		}
		for _, want := range []bool{true, false} {
			if created, err := agents.Put(t.Context(), olena, nil); err != nil || created != want {
				t.Errorf("Put = %t, %v, want %t", created, err, want)
			}
		}
		got, err := agents.Get(t.Context(), "olena")
		if diff := cmp.Diff(olena, got); err != nil || diff != "" {
			t.Errorf("Get: %v (-want +got):\n%s", err, diff)
		}
		all, err := agents.List(t.Context(), "", 10)
		if diff := cmp.Diff([]Agent{olena}, all); err != nil || diff != "" {
			t.Errorf("List: %v (-want +got):\n%s", err, diff)
		}
		refused := errors.New("not as seen")
		_, err = agents.Put(t.Context(), olena, func(now *Agent) error { return refused })
		if !errors.Is(err, refused) {
			t.Errorf("Put with a check: %v, want its error", err)
		}
		for _, want := range []error{nil, ErrNotFound} {
			if err := agents.Delete(t.Context(), "olena", nil); !errors.Is(err, want) {
				t.Errorf("Delete: %v, want %v", err, want)
			}
		}
		if _, err := agents.View(t.Context(), "olena"); !errors.Is(err, ErrNotFound) {
			t.Errorf("View: %v, want ErrNotFound", err)
		}
		if err := agents.SetStatus(t.Context(), "olena", Available, ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("SetStatus: %v, want ErrNotFound", err)
		}
	})
}

func TestAgentFaultsAreNamedAllAtOnce(t *testing.T) {
	a := Agent{ID: "a b", Site: testSite, Status: "asleep", Queues: []Membership{{"q", 1}, {"q", 10}}}
	_, err := new(Store).Agents(testSite).Put(t.Context(), a, nil)
	for _, want := range []string{"id", "contact", "status", "twice", "tier 10"} {
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("Put: %v, want a word on %s", err, want)
		}
	}
}

func TestStatus(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a", func(a *Agent) { a.Status = "" })
		f.is("a", Offline)
		f.status("a", Available)
		f.is("a", Idle)
		before, _ := f.s.Agents(testSite).View(f.t.Context(), "a")
		f.pass(time.Minute)
		f.status("a", Available) // again: nothing changes
		after, err := f.s.Agents(testSite).View(f.t.Context(), "a")
		if diff := cmp.Diff(before, after); err != nil || diff != "" {
			f.t.Errorf("the same status again: %v (-before +after):\n%s", err, diff)
		}
		if err := f.s.Agents(testSite).SetStatus(f.t.Context(), "a", OnBreak, "lunch"); err != nil {
			f.t.Fatal(err)
		}
		f.is("a", Break)
		ticket := f.join()
		f.rings(ticket, "")
		f.status("a", Available)
		o := f.rings(ticket, "a")
		f.status("a", LoggedOut) // the call at hand goes on
		f.report(o, dialplan.Answered)
		f.is("a", Talking)
		f.ended(o)
		f.is("a", Offline)
	})
}

func TestAgentIsDeletedWhileTalking(t *testing.T) {
	onFloors(t, nil, func(f *floor) {
		f.agent("a")
		o := f.rings(f.join(), "a")
		f.report(o, dialplan.Answered)
		if err := f.s.Agents(testSite).Delete(f.t.Context(), "a", nil); err != nil {
			f.t.Fatal(err)
		}
		f.ended(o)
		f.rings(f.join(), "")
		f.agent("a")
		f.is("a", Ringing)
	})
}

func TestContactsAreWhatADialStringTakes(t *testing.T) {
	for _, good := range []string{"1001", "sofia/dialgraph/agent-1001@10.0.0.22:5060", "olena.k@pbx;fs_path=sip:10.0.0.5"} {
		if err := (&Agent{ID: "a", Site: testSite, Contact: good}).validate(); err != nil {
			t.Errorf("contact %q: %v", good, err)
		}
	}
	for _, bad := range []string{"${system(id)}", "1001,1002", "{a=b}1001", "1001|1002", "1001:_:1002", "1001\n", "10 01", "[a=b]1"} {
		if err := (&Agent{ID: "a", Site: testSite, Contact: bad}).validate(); err == nil || !strings.Contains(err.Error(), "contact") {
			t.Errorf("contact %q: %v, want a fault of contact", bad, err)
		}
	}
}
