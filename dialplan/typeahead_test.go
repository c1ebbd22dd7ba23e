package dialplan

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTake(t *testing.T) {
	tests := []struct {
		name, typed string
		want        Collect
		got         Collected
		done        bool
		left        string
	}{
		{"one key of several", "12", Collect{Max: 1}, Collected{Digits: "1"}, true, "2"},
		{"up to the terminator", "123#4", Collect{Max: 8, Terminators: "#"}, Collected{Digits: "123", Terminator: "#"}, true, "4"},
		{"up to the last digit", "12345", Collect{Max: 4, Terminators: "#"}, Collected{Digits: "1234"}, true, "5"},
		{"full, the terminator stays", "1234#", Collect{Max: 4, Terminators: "#"}, Collected{Digits: "1234"}, true, "#"},
		{"terminator alone", "#", Collect{Max: 4, Terminators: "#"}, Collected{Terminator: "#"}, true, ""},
		{"not enough", "12", Collect{Max: 4, Terminators: "#"}, Collected{}, false, "12"},
		{"nothing", "", Collect{Max: 1}, Collected{}, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			typed := NewTypeAhead(tt.typed)
			got, done := typed.Take(tt.want)
			if got != tt.got || done != tt.done || typed.String() != tt.left {
				t.Errorf("Take of %q = %+v, %t and %q left, want %+v, %t and %q",
					tt.typed, got, done, typed, tt.got, tt.done, tt.left)
			}
		})
	}
}

// Ten digits a second through many prompts: none is lost, none is doubled.
func TestTypeAheadLosesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		typed := NewTypeAhead("")
		var pressed, taken strings.Builder
		for range rapid.IntRange(1, 50).Draw(r, "steps") {
			for _, key := range rapid.SliceOfN(rapid.SampledFrom([]byte("0123456789*#ABCD")), 0, 5).Draw(r, "keys") {
				if typed.Len() < MaxTypeAhead {
					pressed.WriteByte(key)
				}
				typed.Add(key)
			}
			got, _ := typed.Take(Collect{Max: rapid.IntRange(1, 6).Draw(r, "max"), Terminators: "#"})
			taken.WriteString(got.Digits + got.Terminator)
		}
		got := typed.TakeRest()
		taken.WriteString(got.Digits)
		if pressed.String() != taken.String() || typed.Len() != 0 {
			r.Fatalf("pressed %q, taken %q", pressed.String(), taken.String())
		}
	})
}

func TestTypeAheadIsBounded(t *testing.T) {
	typed := NewTypeAhead(strings.Repeat("1", 10*MaxTypeAhead) + "x\n$")
	if typed.Len() != MaxTypeAhead || strings.Trim(typed.String(), "1") != "" {
		t.Errorf("kept %d keys %q, want %d", typed.Len(), typed, MaxTypeAhead)
	}
}
