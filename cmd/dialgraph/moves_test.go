package main

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dialgraph/dialgraph/api"
)

// The first move is told at once, those after it together, each agent once; and
// nobody asks about what nobody watches.
func TestMovesAreToldTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := map[time.Duration]map[string][]string{} // when, and by site who
		began := time.Now()
		doing := func(_ context.Context, site string, agents []string) ([]api.AgentStatus, error) {
			at := time.Since(began)
			if asked[at] == nil {
				asked[at] = map[string][]string{}
			}
			asked[at][site] = agents
			return nil, nil
		}
		m := newMoves(doing, api.NewFeed(), slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = m.run(ctx) }()
		m.moved("kyiv", "unwatched")
		moved := func(site string, agents ...string) {
			for _, agent := range agents {
				m.queue <- api.Ref{Site: site, ID: agent}
			}
			synctest.Wait()
		}
		moved("kyiv", "ann")
		moved("kyiv", "bob", "ann", "bob")
		moved("lviv", "ann")
		time.Sleep(10 * movesApart)
		moved("lviv", "eve")
		want := map[time.Duration]map[string][]string{
			0:               {"kyiv": {"ann"}},
			movesApart:      {"kyiv": {"bob", "ann"}, "lviv": {"ann"}},
			10 * movesApart: {"lviv": {"eve"}},
		}
		if diff := cmp.Diff(want, asked); diff != "" {
			t.Errorf("asked about (-want +got):\n%s", diff)
		}
		cancel()
		synctest.Wait()
	})
}
