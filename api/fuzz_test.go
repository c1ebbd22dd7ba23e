package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// serve answers a request without a socket.
func serve(t *testing.T, s *service, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+ScopeAdmin)
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	return w
}

// wellFormed fails on what no body may cause: a 500, or an answer that is no JSON.
func wellFormed(t *testing.T, w *httptest.ResponseRecorder, body string) {
	t.Helper()
	if w.Code >= 500 {
		t.Errorf("status %d for body %q: %s", w.Code, body, w.Body)
	}
	if w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
		t.Errorf("answer to body %q is no JSON: %s", body, w.Body)
	}
}

func FuzzImport(f *testing.F) {
	for _, seed := range []string{
		"", "\n\n", `{"customer":"c-1"}`, `{"customer":"c-1","extra":{"a":"b"}}` + "\r\n[]\nnull\n", `{"customer":1}`,
		`{"customer":"c","customer":"d"}`, "\xff", strings.Repeat("[", 100),
	} {
		f.Add(seed)
	}
	s := newService(f)
	f.Fuzz(func(t *testing.T, body string) {
		w := serve(t, s, "POST", "/v1/customers:import", body)
		wellFormed(t, w, body)
		var told Imported
		if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil || w.Code != http.StatusOK {
			t.Fatalf("status %d for %q: %s", w.Code, body, w.Body)
		}
		if told.Kept+told.Bad != told.Lines || told.Lines > strings.Count(body, "\n")+1 {
			t.Errorf("told %+v of %q", told, body)
		}
	})
}

func FuzzLines(f *testing.F) {
	f.Add("a\nb", 1)
	f.Add("\r\n\n  c  \n\xff", 7)
	f.Fuzz(func(t *testing.T, body string, most int) {
		want := strings.Split(body, "\n")
		if want[len(want)-1] == "" {
			want = want[:len(want)-1]
		}
		l := newLineReader(&chunks{body, max(most, 1)}, http.NewResponseController(httptest.NewRecorder()))
		for i, line := range want {
			got, err := l.next()
			if len(line) >= maxLine {
				continue // at the bound; TestImportKeepsTheGoodLines goes beyond
			}
			if err != nil || string(got) != strings.TrimSpace(line) {
				t.Fatalf("line %d is %q, %v, want %q", i+1, got, err, line)
			}
		}
		if got, err := l.next(); !errors.Is(err, io.EOF) {
			t.Errorf("after the last line came %q, %v", got, err)
		}
	})
}

// chunks gives its text in pieces of at most so many bytes.
type chunks struct {
	text string
	most int
}

func (c *chunks) Read(p []byte) (int, error) {
	if c.text == "" {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.most)], c.text)
	c.text = c.text[n:]
	return n, nil
}

func FuzzMenuBody(f *testing.F) {
	for _, seed := range []string{menuYAML, "{}", "menu: [", "a: &a [*a]", "\x00", `{"menu":"support-line"}`} {
		f.Add(seed)
	}
	s := newService(f)
	f.Fuzz(func(t *testing.T, body string) {
		wellFormed(t, serve(t, s, "POST", "/v1/menus/support-line/validate", body), body)
	})
}

func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{}`, `{"contact":"1"}`, `{"status":"available"}`, `{"ring":"20s","widen":["1s"]}`, `[]`, `null`, `"`, `{"until":"2026-03-02T18:00:00Z"}`} {
		f.Add(seed)
	}
	s := newService(f)
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{
			"/v1/customers/c-1", "/v1/agents/maria", "/v1/agents/maria/status", "/v1/queues/support", "/v1/numbers/0800", "/v1/sites/default", "/v1/outages/kyiv/podil",
		} {
			wellFormed(t, serve(t, s, "PUT", path, body), body)
		}
	})
}
