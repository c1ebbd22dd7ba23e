package store

import (
	"context"
	_ "embed"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	askTogether = 32              // questions in one run: Redis does nothing else meanwhile
	askTimeout  = 2 * time.Second // for one run; whoever asks may be less patient
)

// The questions that may be asked together, each a script of its own that sees
// its arguments in ARGV.
const (
	askJoin     = "join"
	askNext     = "next"
	askReport   = "report"
	askLeave    = "leave"
	askPosition = "position"
)

var (
	//go:embed queue_ask.lua
	queueAskLua string
	queueAsk    = queueScript("local questions = {}\n" +
		questionLua(askJoin, ticketsJoinLua) + questionLua(askNext, ticketsNextLua) + questionLua(askReport, offersReportLua) +
		questionLua(askLeave, ticketsLeaveLua) + questionLua(askPosition, ticketsPositionLua) + queueAskLua)
)

func questionLua(name, script string) string {
	return "function questions." + name + "(ARGV)\n" + script + "\nend\n"
}

// An asker asks the queues of one site. Questions that come while others are on
// their way go together in one run of a script: most of what a question costs is
// the way there, the functions that Redis makes for each run, and each command
// that writes.
type asker struct {
	s    *Store
	keys []string

	mu      sync.Mutex
	waiting []*asking
	running bool
}

// An asking is one question that waits for its answer.
type asking struct {
	ctx    context.Context
	args   []any // name, number of arguments, arguments
	answer *redis.Cmd
	done   chan struct{}
}

// askQueue asks one question. Where an answer is lost the client asks again; every
// question bears that.
func (s *Store) askQueue(ctx context.Context, site, name string, args ...any) *redis.Cmd {
	a := s.asker(site)
	q := &asking{ctx: ctx, args: append([]any{name, len(args)}, args...), done: make(chan struct{})}
	a.mu.Lock()
	a.waiting = append(a.waiting, q)
	if !a.running {
		a.running = true
		go a.run(context.WithoutCancel(ctx))
	}
	a.mu.Unlock()
	select {
	case <-q.done:
		return q.answer
	case <-ctx.Done():
		return redis.NewCmdResult(nil, ctx.Err())
	}
}

// run asks what waits until nothing does.
func (a *asker) run(ctx context.Context) {
	for batch := a.take(); len(batch) > 0; batch = a.take() {
		a.send(ctx, batch)
		runtime.Gosched() // who has an answer may ask the next question at once
	}
}

// take is the next batch, without those whose askers have gone.
func (a *asker) take() []*asking {
	a.mu.Lock()
	defer a.mu.Unlock()
	batch := make([]*asking, 0, min(len(a.waiting), askTogether))
	for len(a.waiting) > 0 && len(batch) < askTogether {
		q := a.waiting[0]
		a.waiting[0], a.waiting = nil, a.waiting[1:]
		if q.ctx.Err() == nil {
			batch = append(batch, q)
		}
	}
	a.running = len(batch) > 0
	return batch
}

func (a *asker) send(ctx context.Context, batch []*asking) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	args := a.s.queueArgs()
	for _, q := range batch {
		args = append(args, q.args...)
	}
	ask := scriptStep(queueAsk, a.keys, args...)
	answers, err := a.s.decisions.of(a.s.node(ctx, ask.key())).ask(ctx, []step{ask})[0].Slice()
	if err == nil && len(answers) != len(batch) {
		err = errors.New("script: as many answers as questions wanted")
	}
	for i, q := range batch {
		switch {
		case err != nil:
			q.answer = redis.NewCmdResult(nil, err)
		default:
			failure, _ := answers[i].(error)
			q.answer = redis.NewCmdResult(answers[i], failure)
		}
		close(q.done)
	}
}
