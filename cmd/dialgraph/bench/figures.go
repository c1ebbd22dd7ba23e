package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// A figure is one number of the table, measured in each run.
type figure struct {
	Key    string    `json:"-"`
	What   string    `json:"what"`
	Unit   string    `json:"unit"`
	Median float64   `json:"median"`
	Runs   []float64 `json:"runs"`
	Target string    `json:"target,omitempty"`
	Met    *bool     `json:"met,omitempty"`
	Share  float64   `json:"share,omitempty"` // of the yardstick
	Yard   string    `json:"yardstick,omitempty"`
	Note   string    `json:"note,omitempty"` // conditions
}

// figures are all numbers of one bench, in the order in which they came.
type figures struct {
	all []*figure
}

// add adds the value of one run to a figure.
func (f *figures) add(key, what, unit string, value float64) *figure {
	for _, known := range f.all {
		if known.Key == key {
			known.Runs = append(known.Runs, value)
			return known
		}
	}
	one := &figure{Key: key, What: what, Unit: unit, Runs: []float64{value}}
	f.all = append(f.all, one)
	return one
}

// aim adds the value of one run to a figure that has a target.
func (f *figures) aim(key string, value float64) *figure {
	t, ok := targetOf(key)
	if !ok {
		panic("bench: no target " + key)
	}
	return f.add(key, t.what, t.unit, value)
}

// judge computes the medians and holds them against the targets.
func (f *figures) judge() {
	medians := make(map[string]float64, len(f.all))
	for _, one := range f.all {
		one.Median = median(one.Runs)
		medians[one.Key] = one.Median
	}
	for _, one := range f.all {
		t, ok := targetOf(one.Key)
		if !ok {
			continue
		}
		word := "at least"
		if t.under {
			word = "under"
		}
		one.Target = fmt.Sprintf("%s %s %s", word, short(t.limit), t.unit)
		met := t.met(one.Median)
		one.Met = &met
		if yard := medians[t.yard]; yard > 0 {
			one.Yard, one.Share = t.yard, one.Median/yard
		}
	}
}

// table prints the figures: first those with a target.
func (f *figures) table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "figure\tmedian\ttarget\t\twhat\n")
	for _, targeted := range []bool{true, false} {
		for _, one := range f.all {
			if (one.Met != nil) != targeted {
				continue
			}
			verdict := ""
			if one.Met != nil {
				verdict = map[bool]string{true: "met", false: "NOT MET"}[*one.Met]
			}
			what := one.What
			if one.Yard != "" {
				what += fmt.Sprintf("; %s of %s", short(one.Share), one.Yard)
			}
			if one.Note != "" {
				what += "; " + one.Note
			}
			_, _ = fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\t%s\n", one.Key, short(one.Median), one.Unit, one.Target, verdict, what)
		}
	}
	return w.Flush()
}

// short is a number with three digits that count.
func short(v float64) string {
	switch {
	case v >= 100 || v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// write writes the medians by key, and beside them all that is known.
func (f *figures) write(path string, quick bool) error {
	document := map[string]any{
		"date": time.Now().UTC().Format(time.RFC3339), "machine": machine(), "quick": quick,
	}
	details := make(map[string]*figure, len(f.all))
	for _, one := range f.all {
		document[one.Key] = one.Median
		details[one.Key] = one
	}
	document["details"] = details
	text, err := json.MarshalIndent(document, "", "  ")
	if err == nil {
		err = os.WriteFile(path, append(text, '\n'), 0o644)
	}
	return err
}

// machine describes where the figures come from.
func machine() string {
	model := "unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s, %s/%s", model, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
