package api

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestImportKeepsTheGoodLines(t *testing.T) {
	s := newService(t)
	s.customers.rule = func(c Customer) error {
		if c.Name == "Конфлікт" {
			return ErrConflict
		}
		if strings.Contains(c.Address, "//") {
			return Invalid{{Location: "address", Message: "level 2: empty"}}
		}
		return nil
	}
	var told strings.Builder
	tell(t, &told, step{"POST", "/v1/customers:import", "(see import_test.go)"}, s.want(200, "POST", "/v1/customers:import", strings.Join([]string{
		`{"customer":"c-10","numbers":["+380501112233"],"name":"Тарас"}`,
		``,
		`{"customer":"c-11","numbers":["050"],"credit":-1}`,
		`{"customer":"c-12"`,
		`{"customer":"c-13","address":"kyiv//1"}`,
		`{"name":"nobody"}`,
		`{"customer":"../etc/passwd"}`,
		`{"customer":"c-14","name":"` + strings.Repeat("x", maxLine) + `"}`,
		`{"customer":"c-15","name":"Конфлікт"}`,
		`["customer","c-16"]`,
		"\xff\xfe",
		"{\"customer\":\"c-19\",\"name\":\"caf\xe9\"}",
		`{"customer":"c-17"}` + "\r",
		`   {"customer":"c-18"}   `,
	}, "\n")))
	golden(t, "import.txt", told.String())
	for _, kept := range []string{"c-10", "c-17", "c-18"} {
		s.want(200, "GET", "/v1/customers/"+kept, "")
	}
	for _, refused := range []string{"c-11", "c-12", "c-13", "c-14", "c-15", "c-19"} {
		s.want(404, "GET", "/v1/customers/"+refused, "")
	}
}

func TestOutageImportReplacesASource(t *testing.T) {
	s := newService(t)
	s.want(204, "PUT", "/v1/outages/kyiv/old", `{"source":"noc"}`)
	s.want(204, "PUT", "/v1/outages/kyiv/other", `{"source":"crm"}`)
	x := s.want(200, "POST", "/v1/outages:import?source=noc", `{"address":"kyiv/new","message":"Обрив"}
{"address":"kyiv/wrong","source":"crm"}
{"message":"nowhere"}
{"address":"kyiv//1"}
{"address":"kyiv/next","until":"2126-03-02T18:00:00Z"}`)
	want := Imported{Lines: 5, Kept: 2, Bad: 3, Errors: []BadLine{
		{2, []Fault{{Location: "source", Message: `is "crm", but the request is for "noc"`}}},
		{3, []Fault{{Location: "address", Message: "is missing"}}},
		{4, []Fault{{Location: "address", Message: "level 2: empty"}}},
	}}
	if diff := cmp.Diff(want, into[Imported](t, x)); diff != "" {
		t.Errorf("import told (-want +got):\n%s", diff)
	}
	s.want(404, "GET", "/v1/outages/kyiv/old", "")
	for _, there := range []string{"kyiv/new", "kyiv/next", "kyiv/other"} {
		s.want(200, "GET", "/v1/outages/"+there, "")
	}
}

func TestOutageImportThatBreaksOffChangesNothing(t *testing.T) {
	s := newService(t)
	s.want(204, "PUT", "/v1/outages/kyiv/old", `{"source":"noc"}`)

	body, feed := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/outages:import?source=noc", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer crm")
	go func() {
		_, _ = io.WriteString(feed, `{"address":"kyiv/new"}`+"\n")
		_ = feed.CloseWithError(errors.New("the CRM was restarted"))
	}()
	if resp, err := http.DefaultTransport.(*http.Transport).Clone().RoundTrip(req); err == nil {
		_ = resp.Body.Close()
		t.Fatalf("status %d for half a body", resp.StatusCode)
	}
	s.want(200, "GET", "/v1/outages/kyiv/old", "")
	s.want(404, "GET", "/v1/outages/kyiv/new", "")
}

// ticking gives one line whenever its ticker does.
type ticking struct {
	tick *time.Ticker
	left int
}

func (b *ticking) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	<-b.tick.C
	b.left--
	return copy(p, `{"customer":"c-1"}`+"\n"), nil
}

func TestImportOutlivesTheServersTimeouts(t *testing.T) {
	s := newService(t, hasty)
	body := &ticking{time.NewTicker(10 * time.Millisecond), 15}
	defer body.tick.Stop()
	if told := s.importFrom(body); told.Kept != 15 {
		t.Errorf("import told %+v, want 15 kept", told)
	}
}

// importFrom imports customers from a body of unknown length.
func (s *service) importFrom(body io.Reader) Imported {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/v1/customers:import", body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer crm")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return into[Imported](s.t, exchange{body: string(answer)})
}

func TestImportOfHalfABodyTellsHowFarItGot(t *testing.T) {
	s := newService(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST /v1/customers:import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer crm\r\nContent-Length: 1000\r\n\r\n%s\n{\"custo", `{"customer":"c-1"}`)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := "import broke off after 1 lines, of which 1 were kept (they stay): the body ended before its end, or came too slowly"
	if got := into[Problem](t, exchange{body: string(answer)}).Detail; resp.StatusCode != http.StatusBadRequest || got != want {
		t.Errorf("status %d, detail %q, want 400 and %q", resp.StatusCode, got, want)
	}
}

func TestImportStopsWhenTheStoreIsAway(t *testing.T) {
	s := newService(t)
	s.outages.fail = fmt.Errorf("%w: %w", ErrUnavailable, errStore)
	x := s.want(503, "POST", "/v1/outages:import", `{"address":"kyiv/new"}`)
	if want := "import broke off after 1 lines, of which 0 were kept (nothing changed): the store does not answer: try again"; into[Problem](t, x).Detail != want {
		t.Errorf("detail %q, want %q", into[Problem](t, x).Detail, want)
	}
	s.customers.fail = fmt.Errorf("%w: %w", ErrUnavailable, errStore)
	s.want(503, "POST", "/v1/customers:import", `{"customer":"c-1"}`)
}

func TestImportToldOfIsBounded(t *testing.T) {
	s := newService(t)
	told := into[Imported](t, s.want(200, "POST", "/v1/customers:import", strings.Repeat("nonsense\n", maxTold+500)))
	if told.Bad != maxTold+500 || len(told.Errors) != maxTold {
		t.Errorf("told of %d of %d bad lines, want %d of %d", len(told.Errors), told.Bad, maxTold, maxTold+500)
	}
}

// endless is a body of so many lines that it must not be held in memory.
type endless struct {
	line string
	left int
	rest string
}

func (e *endless) Read(p []byte) (int, error) {
	if e.rest == "" {
		if e.left == 0 {
			return 0, io.EOF
		}
		e.left--
		e.rest = e.line
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func TestImportTakesConstantMemory(t *testing.T) {
	s := newService(t)
	const lines = 1500
	body := &endless{line: `{"customer":"c-1","name":"` + strings.Repeat("y", 200) + `","extra":{"note":"` + strings.Repeat("x", 16<<10) + `"}}` + "\n", left: lines}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if told := s.importFrom(body); told.Kept != lines {
		t.Fatalf("import told %+v, want %d kept", told, lines)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	// 24 MB went through.
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
}
