package jsonobject_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/internal/jsonobject"
)

// What is written is what encoding/json would write, whatever the strings hold.
func FuzzWriter(f *testing.F) {
	for _, s := range []string{"", "plain", "Олена", `"\`, "<&>", "\x00\x1f\x7f", "\u2027\u2028\u2029", "\xff", "\xe2\x80"} {
		f.Add(s, "b", int64(1), 0.5, true)
	}
	f.Fuzz(func(t *testing.T, a, b string, n int64, x float64, on bool) {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			x = 0
		}
		at := time.Unix(n%1e10, n%1e9)
		v := struct {
			Text  string            `json:"text"`
			Some  string            `json:"some,omitempty"`
			Int   int64             `json:"int"`
			Float float64           `json:"float,omitempty"`
			True  bool              `json:"true,omitempty"`
			Time  time.Time         `json:"time,omitzero"`
			In    struct{}          `json:"in"`
			List  []string          `json:"list,omitempty"`
			Map   map[string]string `json:"map,omitempty"`
			Any   map[string]any    `json:"any,omitempty"`
		}{
			Text: a, Some: b, Int: n, Float: x, True: on, Time: at, List: []string{b, a},
			Map: map[string]string{a: b, b: a}, Any: map[string]any{a: x, b + "1": a, "2": on},
		}
		w := jsonobject.New()
		w.Open("")
		w.Text("text", a)
		w.SomeText("some", b)
		w.Int("int", n)
		w.SomeFloat("float", x)
		w.SomeTrue("true", on)
		w.SomeTime("time", at)
		w.Open("in")
		w.Close()
		w.SomeTexts("list", v.List)
		w.SomeTextMap("map", v.Map)
		w.SomeMap("any", v.Any)
		w.Close()
		got, err := w.End()
		want, fault := json.Marshal(v)
		if string(got) != string(want) || err != nil || fault != nil {
			t.Errorf("wrote %s, %v\nwant  %s, %v", got, err, want, fault)
		}
	})
}

func TestValuesThatJSONCannotExpress(t *testing.T) {
	for name, write := range map[string]func(*jsonobject.Writer){
		"not a number":    func(w *jsonobject.Writer) { w.SomeFloat("x", math.NaN()) },
		"the year 10,000": func(w *jsonobject.Writer) { w.Time("x", time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)) },
		"a channel":       func(w *jsonobject.Writer) { w.SomeMap("x", map[string]any{"y": make(chan int)}) },
	} {
		w := jsonobject.New()
		w.Open("")
		write(w)
		w.Close()
		if text, err := w.End(); err == nil {
			t.Errorf("%s: wrote %s, want an error", name, text)
		}
	}
}
