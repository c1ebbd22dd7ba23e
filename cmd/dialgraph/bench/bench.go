// Package bench measures what a controller costs, beside yardsticks of the
// same run: it starts real controllers, a Redis and a load of its own as
// separate processes, and holds the figures against the project's targets.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/store"
)

// Config says what is measured, and how thoroughly.
type Config struct {
	Scenarios []string  // letters of Scenarios; none for all
	Runs      int       // of each; the median counts
	Quick     bool      // small sizes and one run: whether it works, not how fast
	Waiting   int       // calls in the waiting room of scenario c; 0 for the usual number
	Redis     string    // URL of an empty Redis on this machine; "" to start one
	JSON      string    // file for the figures
	Out       io.Writer // takes the table
	Log       io.Writer // takes what is being done
}

// A scenario is one part of the table.
type scenario struct {
	letter, name string
	run          func(*bench, context.Context) error
}

// scenarios in the order in which they run.
var scenarios = []scenario{
	{"a", "steps", (*bench).steps},
	{"b", "full", (*bench).whole},
	{"c", "waiting room", (*bench).waitingRoom},
	{"d", "decisions", (*bench).decisions},
	{"e", "outages", (*bench).outages},
	{"f", "menus", (*bench).menus},
}

// A bench is one run of the command.
type bench struct {
	cfg      Config
	size     sizes
	program  string // this binary
	dir      string // scratch, removed at the end
	children []*child
	redis    *child
	borrowed bool // the Redis is somebody else's
	url      string
	rdb      redis.UniversalClient
	figures  figures
}

// Run measures, prints the table and writes the file. Everything it starts has
// ended when it returns.
func Run(ctx context.Context, cfg Config) (err error) {
	chosen, err := choose(cfg.Scenarios)
	if err != nil {
		return err
	}
	b := &bench{cfg: cfg, size: full}
	if cfg.Quick {
		b.size, b.cfg.Runs = quick, 1
	}
	b.cfg.Runs = max(b.cfg.Runs, 1)
	if cfg.Waiting > 0 {
		b.size.room = max(cfg.Waiting, 2*roomSmall)
	}
	ctx, cancel := context.WithTimeout(ctx, b.size.whole)
	defer cancel()
	if b.program, err = os.Executable(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "dialgraph-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	defer func() { err = errors.Join(err, b.close()) }()
	if err := b.startRedis(ctx); err != nil {
		return err
	}
	measured := b.measure(ctx, chosen)
	b.figures.judge()
	_, _ = fmt.Fprintf(cfg.Out, "%s; %d runs, medians\n\n", machine(), b.cfg.Runs)
	if err := b.figures.table(cfg.Out); err != nil || measured != nil { // half a bench is worth a look, not a file
		return errors.Join(err, measured, ctx.Err())
	}
	return b.figures.write(cfg.JSON, cfg.Quick)
}

// measure runs the yardsticks and the scenarios, each on an empty Redis.
func (b *bench) measure(ctx context.Context, chosen []scenario) error {
	b.say("yardsticks")
	if err := errors.Join(b.yardsticks(ctx), b.clear(ctx)); err != nil {
		return fmt.Errorf("yardsticks: %w", err)
	}
	for _, s := range chosen {
		b.say("scenario %s: %s", s.letter, s.name)
		if err := s.run(b, ctx); err != nil {
			return fmt.Errorf("scenario %s (%s): %w", s.letter, s.name, err)
		}
		if err := b.clear(ctx); err != nil {
			return err
		}
	}
	return nil
}

// choose returns the scenarios by their letters.
func choose(letters []string) ([]scenario, error) {
	var chosen []scenario
	for _, s := range scenarios {
		if len(letters) == 0 || slices.Contains(letters, s.letter) {
			chosen = append(chosen, s)
		}
	}
	for _, letter := range letters {
		if !slices.ContainsFunc(scenarios, func(s scenario) bool { return s.letter == letter }) {
			return nil, fmt.Errorf("no scenario %q: want of %s", letter, strings.Join(Scenarios(), ", "))
		}
	}
	return chosen, nil
}

// Scenarios are the letters of all scenarios.
func Scenarios() []string {
	var all []string
	for _, s := range scenarios {
		all = append(all, s.letter)
	}
	return all
}

func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.cfg.Log, format+"\n", args...)
}

// store is a fresh view of the Redis.
func (b *bench) store() *store.Store { return store.New(b.rdb, store.Options{Log: quiet}) }

// clear ends the scenario's processes and empties the Redis.
func (b *bench) clear(ctx context.Context) error {
	for _, c := range b.children {
		if c != b.redis {
			c.end()
		}
	}
	b.children = slices.DeleteFunc(b.children, func(c *child) bool { return c != b.redis })
	return b.empty(ctx)
}

// empty empties the Redis's database, and no other of the same server. It
// returns when the memory has been given back, so that this does not count in
// what is measured next.
func (b *bench) empty(ctx context.Context) error {
	if err := b.rdb.FlushDBAsync(ctx).Err(); err != nil {
		return fmt.Errorf("empty redis: %w", err)
	}
	return eventually(ctx, "redis is empty", func() error {
		info, err := b.rdb.InfoMap(ctx, "memory").Result()
		if left := info["Memory"]["lazyfree_pending_objects"]; err == nil && left != "0" {
			err = fmt.Errorf("%s objects are left", left)
		}
		return err
	})
}

// close ends everything that was started.
func (b *bench) close() error {
	for _, c := range b.children {
		if c != b.redis {
			c.end()
		}
	}
	var err error
	if b.borrowed { // it was empty when we came
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err = b.empty(ctx)
	}
	if b.rdb != nil {
		_ = b.rdb.Close() // nothing is under way
	}
	if b.redis != nil && !b.borrowed {
		b.redis.end()
	}
	return err
}
