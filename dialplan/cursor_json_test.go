package dialplan

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dialgraph/dialgraph/internal/alloctest"
	"github.com/dialgraph/dialgraph/internal/drawtest"
)

func TestCursorIsEncodedAsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Cursor
		drawtest.Into(t, &c, "", "<Олена>", 0.5, 12, true)
		got, err := c.Encode()
		want, fault := json.Marshal(c)
		if string(got) != string(want) || err != nil || fault != nil {
			t.Errorf("Encode = %s, %v\nwant     %s, %v", got, err, want, fault)
		}
	})
}

func usualCursor() *Cursor {
	return &Cursor{
		Schema: CursorSchema, Call: "5f0b6f9e-29a1-4d0c-9a55-0d3f5a3c7a10", Menu: "support-line", Version: "8f14e45fceea167a5a36dedd4bea2543",
		Node: "number", State: State{Phase: phaseStart, Tries: 1}, Vars: map[string]any{"number": "123456"}, Language: "uk",
		Visit: 3, Walked: 2, Path: []string{"greeting", "main", "number"}, Started: time.Now(),
		Caller: Caller{Number: "+380671234567", Known: true, Customer: "c1", Name: "Олена", Address: "kyiv/khreshchatyk/10/25"},
		Called: Called{Number: "+380441234567", Site: "main", Trunk: "carrier"},
	}
}

func TestEncodingACursorCosts(t *testing.T) {
	c := usualCursor()
	// The race detector empties the pool of writers at random.
	alloctest.AtMost(t, 3, 1800, "the document, and now and then a writer with its room", func() {
		if _, err := c.Encode(); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkCursorEncode(b *testing.B) {
	c := usualCursor()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}
