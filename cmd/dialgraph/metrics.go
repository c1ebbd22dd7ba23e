package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/store"
)

// A figure is one number that /metrics shows.
type figure struct {
	name, help string
	gauge      bool
	read       func(controller.Stats, store.CursorStats) float64
}

// figures are all that is counted here, beside what Go tells of itself.
var figures = []figure{
	{"calls", "Calls under control now.", true, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Calls) }},
	{"nodes_connected", "FreeSWITCH nodes whose event socket is connected.", true, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Nodes) }},
	{"calls_started_total", "Calls that began here.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Started) }},
	{"calls_resumed_total", "Calls that another controller, or another connection, had begun.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Resumed) }},
	{"calls_ended_total", "Calls whose end was seen.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Ended) }},
	{"calls_left_total", "Calls that went on to their fallback or a destination.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Left) }},
	{"calls_lost_total", "Sockets that closed while the call went on.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Lost) }},
	{"calls_taken_total", "Calls that somebody else took.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Taken) }},
	{"calls_refused_total", "Calls over a limit.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Refused) }},
	{"calls_unrouted_total", "Calls to an unknown number, without a menu, or with nobody to ask.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Unrouted) }},
	{"calls_faulted_total", "Walks that ended in an error.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Faults) }},
	{"calls_handed_total", "Calls handed over at a drain.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Handed) }},
	{"calls_adopted_total", "Talks that another instance has left and that are watched here.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Adopted) }},
	{"calls_fetched_total", "Calls of dead instances that were transferred to here.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Fetched) }},
	{"calls_reaped_total", "Calls found ended with nobody watching.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Reaped) }},
	{"prompts_missing_total", "Prompts that could not be played.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.MissingPrompts) }},
	{"bridges_total", "Attempts to reach somebody.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Bridges) }},
	{"bridges_answered_total", "Attempts that were answered.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Answers) }},
	{"stalls_total", "Times this process stood still for more than a second.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.Stalls) }},
	{"store_errors_total", "Questions to Redis that failed or took too long.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.StoreErrors) }},
	{"handshakes_failed_total", "Connections to --esl that brought no call: nonsense, silence, or a probe of the port.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(s.ESL.HandshakeFailures) }},
	{"connections_refused_total", "Connections to --esl that were refused: not in --esl-allow, or too many.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(refused(s.ESL)) }},
	{"connections_broken_total", "Calls' connections given up: no frames, events not taken, or a command without a reply.", false, func(s controller.Stats, _ store.CursorStats) float64 { return float64(broken(s.ESL)) }},
	{"cursors_saved_total", "Times a call's place was to be saved.", false, func(_ controller.Stats, c store.CursorStats) float64 { return float64(c.Saved) }},
	{"cursors_written_total", "Times it was written; newer ones overtake older ones.", false, func(_ controller.Stats, c store.CursorStats) float64 { return float64(c.Written) }},
	{"cursors_late_total", "Times Redis did not acknowledge a place in 50 ms and the call went on.", false, func(_ controller.Stats, c store.CursorStats) float64 { return float64(c.Late) }},
	{"cursors_dropped_total", "Places dropped because too many were waiting.", false, func(_ controller.Stats, c store.CursorStats) float64 { return float64(c.Dropped) }},
}

func refused(s esl.Stats) uint64 { return s.RefusedNetwork + s.RefusedCalls + s.RefusedHalfOpen }

func broken(s esl.Stats) uint64 { return s.ProtocolErrors + s.SlowConsumers + s.Timeouts }

// lookupSeconds is how long callers' addresses take to look up.
var lookupSeconds = prometheus.HistogramOpts{
	Name: "dialgraph_outage_lookup_seconds", Help: "What callers wait for Redis while the flags on their address are looked up.",
	Buckets: []float64{
		.0001, .0002, .0003, .0004, .0005, .0006, .0007, .0008, .0009, .001, .0012, .0015, .002, .0025, .003, .004, .005, .0075,
		.01, .02, .05, .1, .2, .5, 1,
	},
}

// metrics serves the figures in Prometheus' format.
func metrics(calls *controller.Controller, cursors *store.Cursors, lookups prometheus.Collector) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&reader{calls: calls, cursors: cursors}, lookups)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// A reader reads all figures at once.
type reader struct {
	calls   *controller.Controller
	cursors *store.Cursors
}

func (f figure) desc() *prometheus.Desc {
	return prometheus.NewDesc("dialgraph_"+f.name, f.help, nil, nil)
}

// Describe implements prometheus.Collector.
func (r *reader) Describe(out chan<- *prometheus.Desc) {
	for _, f := range figures {
		out <- f.desc()
	}
}

// Collect implements prometheus.Collector.
func (r *reader) Collect(out chan<- prometheus.Metric) {
	calls, cursors := r.calls.Stats(), r.cursors.Stats()
	for _, f := range figures {
		kind := prometheus.CounterValue
		if f.gauge {
			kind = prometheus.GaugeValue
		}
		out <- prometheus.MustNewConstMetric(f.desc(), kind, f.read(calls, cursors))
	}
}
