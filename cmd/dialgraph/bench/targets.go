package bench

// A target is what a figure should reach.
type target struct {
	key   string
	what  string // for the table
	unit  string
	under bool // the figure is to be under the limit; otherwise at least the limit
	limit float64
	yard  string // yardstick of which the figure is also given as a share, "" for figures that are shares
}

// targets are those of the project, in the order of the table.
var targets = []target{
	{"a_vs_floor", "(a) steps: calls per CPU-second, against the floor", "x", false, 0.6, ""},
	{"a_vs_eslgo", "(a) steps: calls per CPU-second, against eslgo", "x", false, 5, ""},
	{"b_calls_per_s", "(b) full: whole calls per second, load and Redis included", "/s", false, 500, yardFloor},
	{"step_p99_ms", "(a) p99 of a step at half of the highest rate", "ms", true, 5, yardPing},
	{"c_kib_per_call", "(c) waiting room: resident memory per waiting call", "KiB", true, 24, ""},
	{"c_idle_cpu_pct", "(c) CPU while nothing happens, of a core", "%", true, 5, ""},
	{"growth", "CPU per call in a full waiting room, against 100 live calls", "x", true, 1.3, ""},
	{"d_assign_per_s", "(d) assignments per second at the store, largest queue", "/s", false, 8000, yardScript},
	{"d_growth", "(d) the same, largest queue against the smallest", "x", false, 0.8, ""},
	{"d_p99_ms", "(d) agent free to bridge command, p99", "ms", true, 5, yardPing},
	{"e_import_per_s", "(e) addresses imported per second", "/s", false, 150_000, yardScript},
	{"e_lookup_p99_ms", "(e) lookup during import and posts, p99", "ms", true, 1, yardPing},
	{"f_validate_ms", "(f) load and validate a menu of 10,000 nodes", "ms", true, 50, ""},
	{"f_activate_ms", "(f) activation in force on all controllers", "ms", true, 1000, ""},
}

// met tells whether a figure reaches the target.
func (t target) met(figure float64) bool {
	if t.under {
		return figure < t.limit
	}
	return figure >= t.limit
}

func targetOf(key string) (target, bool) {
	for _, t := range targets {
		if t.key == key {
			return t, true
		}
	}
	return target{}, false
}
