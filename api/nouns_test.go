package api

import (
	"net/http"
	"strings"
	"testing"
)

// One step of the story of a noun, told in its golden file.
type step struct{ method, path, body string }

func TestEveryNounTellsItsStory(t *testing.T) {
	stories := map[string][]step{
		"numbers": {
			{"GET", "/v1/numbers", ""},
			{"PUT", "/v1/numbers/+380442300304", `{"menu":"support-line","language":"uk","fallback":"2000 XML default"}`},
			{"PUT", "/v1/numbers/default", `{"menu":"support-line"}`},
			{"GET", "/v1/numbers/+380442300304", ""},
			{"DELETE", "/v1/numbers/+380442300304", ""},
			{"GET", "/v1/numbers/+380442300304", ""},
			{"PUT", "/v1/numbers/anonymous", `{"menu":"support-line"}`},
			{"PUT", "/v1/numbers/0800", `{"menu":"../x","answer":"never","fallback":"2000 lua evil"}`},
		},
		"sites": {
			{"PUT", "/v1/sites/kyiv", `{"region":"UA","templates":{"agent":"user/{contact}"},"outside":["+380"]}`},
			{"GET", "/v1/sites/kyiv", ""},
			{"GET", "/v1/sites", ""},
			{"PUT", "/v1/sites/kyiv", `{"region":"Ukraine","outside":["380"]}`},
			{"DELETE", "/v1/sites/kyiv", ""},
		},
		"customers": {
			{"GET", "/v1/customers?limit=2", ""},
			{"GET", "/v1/customers?limit=2&after=c-2", ""},
			{"PUT", "/v1/customers/c-4", `{"customer":"c-4","numbers":["+380501112233"],"name":"Anna","credit":120,"manager":"maria","extra":{"tariff":"gold"}}`},
			{"GET", "/v1/customers/c-4", ""},
			{"PUT", "/v1/customers/c-4", `{"customer":"c-5","numbers":["067"]}`},
			{"PUT", "/v1/customers/c-4", `{"credit":-1,"numbers":["tel:067"],"nickname":"Ann"}`},
			{"PUT", "/v1/customers/c-4", `{"name":`},
			{"DELETE", "/v1/customers/c-4", ""},
			{"DELETE", "/v1/customers/c-4", ""},
			{"GET", "/v1/customers?limit=5000", ""},
		},
		"outages": {
			{"PUT", "/v1/outages/kyiv/khreshchatyk/10", `{"source":"crm","message":"Обрив кабелю","until":"2126-03-02T18:00:00+02:00"}`},
			{"PUT", "/v1/outages/kyiv/podil", `{"message":"Планові роботи"}`},
			{"GET", "/v1/outages/kyiv/khreshchatyk/10/25", ""},
			{"GET", "/v1/outages/kyiv/lypky/1", ""},
			{"GET", "/v1/outages", ""},
			{"GET", "/v1/outages?limit=1", ""},
			{"GET", "/v1/outages?limit=1&after=crm:kyiv/khreshchatyk/10", ""},
			{"PUT", "/v1/outages/kyiv//10", `{}`},
			{"PUT", "/v1/outages/kyiv/podil", `{"until":"tomorrow"}`},
			{"PUT", "/v1/outages/kyiv/podil", `{"until":"2020-03-02T18:00:00Z"}`},
			{"PUT", "/v1/outages/kyiv/podil", `{"expires":"2020-03-02T18:00:00Z"}`},
			{"PUT", "/v1/outages/kyiv/podil", `{"address":"lviv","site":"west"}`},
			{"DELETE", "/v1/outages/kyiv/khreshchatyk/10", ""},
			{"DELETE", "/v1/outages/kyiv/khreshchatyk/10?source=crm", ""},
		},
		"agents": {
			{"PUT", "/v1/agents/petro", `{"name":"Петро","contact":"1002","queues":[{"queue":"support"},{"queue":"corporate","tier":2}],"skills":["en"]}`},
			{"GET", "/v1/agents", ""},
			{"GET", "/v1/agents/petro?site=west", ""},
			{"PUT", "/v1/agents/petro/status", `{"status":"available"}`},
			{"GET", "/v1/agents/petro/status", ""},
			{"PUT", "/v1/agents/petro/status", `{"status":"break","reason":"lunch"}`},
			{"PUT", "/v1/agents/petro/status", `{"status":"sleeping"}`},
			{"PUT", "/v1/agents/nobody/status", `{"status":"available"}`},
			{"PUT", "/v1/agents/petro", `{"queues":[{"queue":"support","tier":10}]}`},
		},
		"queues": {
			{"PUT", "/v1/queues/sales", `{"name":"Продажі","ring":"15s","wrap_up":"30s","widen":["30s","1m"],"delays":{"no_answer":"10s"}}`},
			{"GET", "/v1/queues/sales", ""},
			{"GET", "/v1/queues/sales/live", ""},
			{"GET", "/v1/queues/nowhere/live", ""},
			{"PUT", "/v1/queues/sales", `{"ring":"soon","accept_key":"12"}`},
			{"PUT", "/v1/queues/sales", `{"ring":"25h"}`},
			{"DELETE", "/v1/queues/sales", ""},
		},
		"calls": {
			{"GET", "/v1/calls?limit=2", ""},
			{"GET", "/v1/calls?limit=2&cursor=0198f3c2-8f6e-7c1d-b6d0-000000000002", ""},
			{"GET", "/v1/calls?live=true", ""},
			{"GET", "/v1/calls?agent=maria", ""},
			{"GET", "/v1/calls?number=+380671234567&from=2026-03-02T12:30:00Z", ""},
			{"GET", "/v1/calls/0198f3c2-8f6e-7c1d-b6d0-000000000002", ""},
			{"GET", "/v1/calls/0198f3c2-8f6e-7c1d-b6d0-00000000000f", ""},
			{"GET", "/v1/calls/robert", ""},
			{"GET", "/v1/calls?cursor=robert", ""},
			{"GET", "/v1/calls?nubmer=1", ""},
		},
		"stats": {
			{"GET", "/v1/stats", ""},
			{"GET", "/v1/stats?site=west", ""},
			{"GET", "/v1/stats?site=a/b", ""},
		},
		"keys": {
			{"POST", "/v1/keys", `{"name":"crm production","scopes":["crm"]}`},
			{"GET", "/v1/keys", ""},
			{"DELETE", "/v1/keys/k1", ""},
			{"DELETE", "/v1/keys/k1", ""},
			{"POST", "/v1/keys", `{"name":"","scopes":["root"]}`},
		},
		"health": {
			{"GET", "/healthz", ""},
			{"GET", "/readyz", ""},
			{"GET", "/v1/nothing", ""},
			{"POST", "/v1/calls", `{}`},
		},
	}
	for name, steps := range stories {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			var told strings.Builder
			for _, step := range steps {
				tell(t, &told, step, s.do(step.method, step.path, step.body))
			}
			golden(t, name+".txt", told.String())
		})
	}
}

func tell(t testing.TB, told *strings.Builder, s step, x exchange) {
	told.WriteString(s.method + " " + s.path + "\n")
	if s.body != "" {
		told.WriteString("> " + strings.ReplaceAll(strings.TrimSpace(s.body), "\n", "\n> ") + "\n")
	}
	told.WriteString(http.StatusText(x.status) + "\n")
	if x.body != "" {
		told.WriteString(pretty(t, x.body))
	}
	told.WriteString("\n")
}
