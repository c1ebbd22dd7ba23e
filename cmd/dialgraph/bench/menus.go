package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/dialgraph/dialgraph/dialplan"
)

// controllers is how many an activation has to reach.
const controllers = 2

// menus is scenario f: a menu of so many nodes is loaded and validated, then
// activated; it is in force when a call on each controller hears its first
// prompt.
func (b *bench) menus(ctx context.Context) error {
	if err := b.line(ctx, tree(b.size.nodes, "before")); err != nil {
		return err
	}
	var all []*server
	for range controllers {
		c, err := b.startController(ctx)
		if err != nil {
			return err
		}
		all = append(all, c)
	}
	for run := range b.cfg.Runs {
		first := fmt.Sprintf("run-%d", run)
		document := []byte(tree(b.size.nodes, first))
		if err := b.validation(document); err != nil {
			return err
		}
		if err := b.activation(ctx, all, document, first); err != nil {
			return err
		}
	}
	return nil
}

// validation measures a menu from its YAML to the checked graph, and beside it
// what the YAML library takes to read the same into its nodes. The rubbish of what
// was measured before is none of theirs.
func (b *bench) validation(document []byte) error {
	runtime.GC()
	start := time.Now()
	if _, err := dialplan.Load(document, dialplan.Options{}); err != nil {
		return err
	}
	b.figures.aim("f_validate_ms", milliseconds(start)).Note = fmt.Sprintf("%d nodes, %d KiB of YAML", b.size.nodes, len(document)>>10)
	runtime.GC()
	start = time.Now()
	var root yaml.Node
	if err := yaml.Load(document, &root); err != nil {
		return err
	}
	b.figures.add("f_yaml_ms", "(f) the same YAML read by the YAML library alone", "ms", milliseconds(start))
	return nil
}

func milliseconds(since time.Time) float64 { return time.Since(since).Seconds() * 1000 }

// activation measures from the command that activates the version, which is
// stored already, to the first call on the last controller that walks it.
func (b *bench) activation(ctx context.Context, all []*server, document []byte, first string) error {
	s := b.store()
	version, _, err := s.Menus().Put(ctx, "bench", document, dialplan.Options{})
	if err != nil {
		return err
	}
	start := time.Now()
	if err := s.Menus().Activate(ctx, "bench", version, nil); err != nil {
		return err
	}
	l := newLoad()
	for _, c := range all {
		err := eventually(ctx, "the new menu is in force", func() error {
			heard, err := l.firstPrompt(c.esl)
			if err == nil && !strings.Contains(heard, first) {
				err = errOldMenu
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	b.figures.aim("f_activate_ms", milliseconds(start)).Note = fmt.Sprintf("%d controllers", len(all))
	return nil
}

var errOldMenu = errors.New("a call walks the menu before")

// firstPrompt places a call and hangs up at the first prompt, which it returns.
func (l *load) firstPrompt(addr string) (string, error) {
	p, err := l.dial(addr, l.next.Add(1))
	if err != nil {
		return "", err
	}
	p.curious = true
	p.run()
	return p.first, p.err
}

// tree is a menu of so many nodes, each of which leads to two others or to the
// end.
func tree(nodes int, first string) string {
	var b strings.Builder
	b.WriteString("menu: bench\nlanguages: [en]\nstart: n0\nprompts:\n  first: {file: " + first + ".wav}\n")
	const prompts = 100
	for i := range prompts {
		fmt.Fprintf(&b, "  p%d: {file: p%d.wav}\n", i, i)
	}
	b.WriteString("nodes:\n  n0: {play: first, next: n1}\n  end: {hangup: {}}\n")
	child := func(i int) string {
		if i < nodes-1 { // n0 and end are two of them
			return fmt.Sprint("n", i)
		}
		return "end"
	}
	for i := 1; i < nodes-1; i++ {
		fmt.Fprintf(&b, "  n%d:\n    menu: {prompt: p%d, timeout: 5s, tries: 2}\n    keys: {\"1\": %s, \"2\": %s}\n    silent: end\n",
			i, i%prompts, child(2*i), child(2*i+1))
	}
	return b.String()
}
