package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadiness(t *testing.T) {
	for situation, c := range map[string]struct {
		troubles []Trouble
		status   int
		want     string
	}{
		"all well":             {nil, 200, "ready"},
		"redis away":           {[]Trouble{{Part: "redis", Reason: "does not answer; menus run from memory"}}, 200, "degraded"},
		"draining, redis away": {[]Trouble{{Part: "redis", Reason: "does not answer"}, {Part: "drain", Reason: "takes no new calls", Fatal: true}}, 503, "not ready"},
	} {
		t.Run(situation, func(t *testing.T) {
			s := newService(t)
			*s.health = c.troubles
			x := s.want(c.status, "GET", "/readyz", "", "Authorization", "")
			if diff := cmp.Diff(Readiness{Status: c.want, Troubles: c.troubles}, into[Readiness](t, x)); diff != "" {
				t.Errorf("readiness (-want +got):\n%s", diff)
			}
			s.want(200, "GET", "/healthz", "", "Authorization", "")
		})
	}
}

func TestMetricsAreTheHandlerGiven(t *testing.T) {
	if x := newService(t).want(200, "GET", "/metrics", "", "Authorization", ""); x.body != "calls 1\n" {
		t.Errorf("metrics are %q", x.body)
	}
}
