package main

import (
	"log/slog"

	"github.com/dialgraph/dialgraph/cmd/dialgraph/bench"
)

// A benchCmd is `dialgraph bench`.
type benchCmd struct {
	Scenario []string `help:"Scenarios to run, by letter. Default: all."`
	Runs     int      `default:"5" help:"Runs of each; the median counts."`
	Quick    bool     `help:"One run of small sizes: whether it works, not how fast it is."`
	Waiting  int      `default:"15000" help:"Calls in the waiting room; the limit on open files allows fewer, perhaps."`
	Redis    string   `help:"redis://… of an empty Redis on this machine, which is emptied again. Default: a redis-server is started."`
	JSON     string   `name:"json" default:"bench.json" help:"File for the figures."`
}

// Run measures and prints the table.
func (c *benchCmd) Run(r *run) error {
	return bench.Run(r.ctx, bench.Config{
		Scenarios: c.Scenario, Runs: c.Runs, Quick: c.Quick, Waiting: c.waiting(), Redis: c.Redis, JSON: c.JSON, Out: r.out, Log: r.errOut,
	})
}

// waiting is 0, the bench's own choice, for a quick run.
func (c *benchCmd) waiting() int {
	if c.Quick {
		return 0
	}
	return c.Waiting
}

// A benchPartCmd is one process of `dialgraph bench`.
type benchPartCmd struct {
	Part string `arg:"" help:"Which one."`
}

// Run works until the standard input ends.
func (c *benchPartCmd) Run(r *run) error {
	if c.Part == bench.PartInstance {
		defer asController(slog.New(slog.DiscardHandler))()
	}
	return bench.Part(r.ctx, c.Part, r.in, r.out)
}
