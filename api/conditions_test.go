package api

import (
	"fmt"
	"sync"
	"testing"
)

func TestConditionsGuardAgainstLostEdits(t *testing.T) {
	s := newService(t)
	tag := s.want(200, "GET", "/v1/customers/c-1", "").header.Get("ETag")
	for _, c := range []struct {
		situation, method, path, body, header, value string
		status                                       int
	}{
		{"read what is known already", "GET", "/v1/customers/c-1", "", "If-None-Match", tag, 304},
		{"read what is known under a list of tags", "GET", "/v1/customers/c-1", "", "If-None-Match", `"x", W/` + tag, 304},
		{"read what is new", "GET", "/v1/customers/c-1", "", "If-None-Match", `"x"`, 200},
		{"edit another state", "PUT", "/v1/customers/c-1", `{}`, "If-Match", `"x"`, 412},
		{"edit what does not exist", "PUT", "/v1/customers/c-9", `{}`, "If-Match", "*", 412},
		{"create what exists", "PUT", "/v1/customers/c-1", `{}`, "If-None-Match", "*", 412},
		{"delete another state", "DELETE", "/v1/customers/c-1", "", "If-Match", `"x"`, 412},
		{"create what does not exist", "PUT", "/v1/customers/c-9", `{}`, "If-None-Match", "*", 201},
		{"edit any state", "PUT", "/v1/customers/c-9", `{"name":"x"}`, "If-Match", "*", 200},
		{"edit the state that was read", "PUT", "/v1/customers/c-1", `{"name":"new"}`, "If-Match", tag, 200},
		{"edit it once more", "PUT", "/v1/customers/c-1", `{"name":"newer"}`, "If-Match", tag, 412},
		{"delete what was read before that", "DELETE", "/v1/customers/c-1", "", "If-Match", tag, 412},
	} {
		t.Run(c.situation, func(t *testing.T) {
			x := s.do(c.method, c.path, c.body, c.header, c.value)
			if x.status != c.status {
				t.Errorf("%s %s with %s: %s: status %d, want %d: %s", c.method, c.path, c.header, c.value, x.status, c.status, x.body)
			}
		})
	}
}

func TestPutTellsTheTagOfTheNextGet(t *testing.T) {
	s := newService(t)
	put := s.want(201, "PUT", "/v1/customers/c-7", `{"name":"Ганна","numbers":["+380501112233"]}`)
	got := s.want(200, "GET", "/v1/customers/c-7", "")
	if a, b := put.header.Get("ETag"), got.header.Get("ETag"); a != b || a == "" {
		t.Errorf("ETag of PUT %q, of GET %q, want the same", a, b)
	}
	again := s.want(200, "PUT", "/v1/customers/c-7", put.body)
	if again.body != put.body || again.header.Get("ETag") != put.header.Get("ETag") {
		t.Errorf("repeated PUT answers %s, want %s", again.body, put.body)
	}
}

func TestOneOfManyEditorsWins(t *testing.T) {
	s := newService(t)
	tag := s.want(200, "GET", "/v1/customers/c-1", "").header.Get("ETag")
	const editors = 16
	statuses := make([]int, editors)
	var wg sync.WaitGroup
	for i := range editors {
		wg.Go(func() {
			statuses[i] = s.do("PUT", "/v1/customers/c-1", fmt.Sprintf(`{"name":"editor %d"}`, i), "If-Match", tag).status
		})
	}
	wg.Wait()
	count := map[int]int{}
	for _, status := range statuses {
		count[status]++
	}
	if count[200] != 1 || count[412] != editors-1 {
		t.Errorf("statuses %v, want one 200 and %d times 412", count, editors-1)
	}
}
