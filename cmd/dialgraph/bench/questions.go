package bench

import (
	"context"
	"fmt"
	"strconv"
)

// questions tells what Redis has been asked so far.
type questions struct {
	reads    float64 // of its sockets: round trips, where clients do not share a write
	commands float64 // run, those of scripts included
}

func (b *bench) questions(ctx context.Context) (q questions, err error) {
	info, err := b.rdb.InfoMap(ctx, "stats").Result()
	if err != nil {
		return q, fmt.Errorf("ask redis for its counters: %w", err)
	}
	for name, to := range map[string]*float64{"total_reads_processed": &q.reads, "total_commands_processed": &q.commands} {
		if *to, err = strconv.ParseFloat(info["Stats"][name], 64); err != nil {
			return q, fmt.Errorf("redis counter %s: %w", name, err)
		}
	}
	return q, nil
}

// asked adds what a call of a scenario asks of Redis to the figures. What the
// controller asks by itself, some ten questions a second, is in it.
func (b *bench) asked(ctx context.Context, scenario string, before questions, calls float64) error {
	after, err := b.questions(ctx)
	if err != nil {
		return err
	}
	b.figures.add(scenario+"_redis_trips", "("+scenario+") round trips to Redis per call", "", (after.reads-before.reads)/calls)
	b.figures.add(scenario+"_redis_commands", "("+scenario+") commands that Redis runs per call, in scripts too", "", (after.commands-before.commands)/calls)
	return nil
}
