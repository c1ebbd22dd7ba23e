package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/dialgraph/dialgraph/store"
)

// serving is what a controller logs once it takes calls.
var serving = regexp.MustCompile(`msg=serving esl=(\S+) http=(\S+)`)

// A server is one controller under test.
type server struct {
	*child
	esl, http string
}

// startController starts `dialgraph serve` as it is installed: with its log, and
// with the limits of trunks counted. Its environment may have more than ours.
func (b *bench) startController(ctx context.Context, environment ...string) (*server, error) {
	serve := []string{
		b.program, "serve", "--esl", loopback + ":0", "--http", loopback + ":0", "--redis", b.url,
		"--recordings", "/sounds", "--prompts", b.dir, "--trunk", loopback + "=from:1000000", "--grace", "1s",
	}
	c, err := b.startGuarded(ctx, "controller", "env", slices.Concat(environment, serve)...) // which becomes the program
	if err != nil {
		return nil, err
	}
	s := &server{child: c}
	return s, eventually(ctx, "controller serves", func() error {
		log, err := os.ReadFile(c.log)
		if err != nil {
			return err
		}
		found := serving.FindSubmatch(log)
		if found == nil {
			return fmt.Errorf("it said: %s", log)
		}
		s.esl, s.http = string(found[1]), string(found[2])
		return nil
	})
}

// staffed puts a menu behind the number and agents at its desk, and starts the
// controller and the load that calls it.
func (b *bench) staffed(ctx context.Context, menu string, agents int, wrapUp time.Duration, status store.Status, environment ...string) (ours *server, load *child, err error) {
	if err := errors.Join(b.line(ctx, menu), b.desk(ctx, agents, wrapUp, status)); err != nil {
		return nil, nil, err
	}
	if ours, err = b.startController(ctx, environment...); err != nil {
		return nil, nil, err
	}
	load, err = b.startPart(ctx, partLoad)
	return ours, load, err
}
