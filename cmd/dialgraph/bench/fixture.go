package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/store"
)

// number is what all calls of the bench dial.
const number = "0800"

// stepsMenu is the call of scenario a: every step that a menu usually has.
const stepsMenu = `
menu: bench
languages: [en]
start: greeting
prompts:
  greeting: {file: greeting.wav}
  choose:   {file: choose.wav}
  number:   {file: number.wav}
  thanks:   {file: thanks.wav}
nodes:
  greeting: {play: greeting, next: main}
  main:     {menu: choose, keys: {"1": number}, silent: end}
  number:   {collect: {prompt: number, into: number, min: 6, max: 6}, next: thanks, silent: end}
  thanks:   {play: thanks, next: end}
  end:      {hangup: {}}
`

// line puts a menu behind the number, with a limit that is counted though it
// is never reached.
func (b *bench) line(ctx context.Context, menu string) error {
	s := b.store()
	if err := activate(ctx, s, []byte(menu)); err != nil {
		return err
	}
	site := store.Site{Site: store.DefaultSite, Region: "UA", Templates: store.Templates{Agent: "user/{contact}"}}
	if _, err := s.Sites().Put(ctx, site, nil); err != nil {
		return err
	}
	_, err := s.Numbers().Put(ctx, store.Number{Number: number, Menu: "bench", Site: store.DefaultSite, MaxCalls: 1_000_000}, nil)
	return err
}

func activate(ctx context.Context, s *store.Store, document []byte) error {
	version, _, err := s.Menus().Put(ctx, "bench", document, dialplan.Options{})
	if err != nil {
		return fmt.Errorf("menu of the bench: %w", err)
	}
	return s.Menus().Activate(ctx, "bench", version, nil)
}

// queueName is where callers of the bench wait.
const queueName = "support"

// desk puts a queue and its agents there. Wrap-up is the time after each talk.
func (b *bench) desk(ctx context.Context, agents int, wrapUp time.Duration, status store.Status) error {
	s := b.store()
	q := store.Queue{ID: queueName, Site: store.DefaultSite, Ring: 20 * time.Second, WrapUp: wrapUp, Within: 20 * time.Second}
	if _, err := s.Queues(store.DefaultSite).Put(ctx, q, nil); err != nil {
		return err
	}
	for i := range agents {
		a := store.Agent{
			ID: agentName(i), Site: store.DefaultSite, Contact: agentName(i),
			Queues: []store.Membership{{Queue: queueName, Tier: 1}}, Status: status,
		}
		if _, err := s.Agents(store.DefaultSite).Put(ctx, a, nil); err != nil {
			return err
		}
	}
	return nil
}

func agentName(i int) string { return fmt.Sprintf("a%d", i) }
