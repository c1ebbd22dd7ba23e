package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	flightTimeout = 2 * time.Second // for one pipeline, a second attempt included: others wait for it
	flightMost    = 64              // commands, then it takes no more questions: Redis serves nobody else meanwhile
)

// A step is one command, or one script, of a question to Redis.
type step struct {
	script *redis.Script // nil for a plain command
	keys   int           // of the script
	args   []any         // as they are sent: of a script EVALSHA, hash, number of keys, keys and arguments
}

// scriptArgs is how many arguments come before the keys of a script.
const scriptArgs = 3

func scriptStep(script *redis.Script, keys []string, args ...any) step {
	all := append(make([]any, 0, scriptArgs+len(keys)+len(args)), "evalsha", script.Hash(), len(keys))
	for _, key := range keys {
		all = append(all, key)
	}
	return step{script: script, keys: len(keys), args: append(all, args...)}
}

func commandStep(args ...any) step { return step{args: args} }

// key is the one that decides which node is asked.
func (s step) key() string {
	if s.script != nil {
		return s.args[scriptArgs].(string)
	}
	return s.args[1].(string)
}

// queue puts the step into a pipeline; a script by its hash, or in full for a
// node that does not know it yet.
func (s step) queue(ctx context.Context, pipeline redis.Pipeliner, full bool) *redis.Cmd {
	if s.script != nil && full {
		keys := make([]string, s.keys)
		for i := range keys {
			keys[i] = s.args[scriptArgs+i].(string)
		}
		return s.script.Eval(ctx, pipeline, keys, s.args[scriptArgs+s.keys:]...)
	}
	cmd := redis.NewCmd(ctx, s.args...)
	if s.script != nil {
		cmd.SetFirstKeyPos(scriptArgs)
	}
	_ = pipeline.Process(ctx, cmd)
	return cmd
}

// A question is some steps, one after the other, and what came of each.
type question struct {
	steps    []step
	replies  []*redis.Cmd
	answered chan struct{} // closed when replies are there
	left     bool          // whoever asked waits no more; guarded by the pipe

	// Of a question that nobody waits for:
	fill func() []step      // makes the steps when the pipeline goes
	told func([]*redis.Cmd) // takes the replies
}

// done hands out the replies.
func (q *question) done() {
	if q.told != nil {
		q.told(q.replies)
		return
	}
	close(q.answered)
}

// unknown tells whether the node did not know a script.
func (q *question) unknown() bool {
	for _, reply := range q.replies {
		if err := reply.Err(); err != nil && redis.HasErrorPrefix(err, "NOSCRIPT") {
			return true
		}
	}
	return false
}

// refused are the replies of steps that were not taken, or not heard of.
func refused(ctx context.Context, steps []step, err error) []*redis.Cmd {
	replies := make([]*redis.Cmd, len(steps))
	for i := range replies {
		replies[i] = redis.NewCmd(ctx)
		replies[i].SetErr(err)
	}
	return replies
}

// A pipe carries the questions of all calls to one node of Redis. One pipeline
// is under way at a time: whoever finds the pipe empty sends at once, whoever
// comes meanwhile goes with the next one. So a lone call waits for nobody, and
// a busy node gets larger pipelines, not more of them.
type pipe struct {
	rdb     redis.UniversalClient
	mu      sync.Mutex
	flying  bool
	waiting []*question
}

// ask sends the steps and waits for their replies, as long as ctx allows. What
// was under way by then may have been done.
func (p *pipe) ask(ctx context.Context, steps []step) []*redis.Cmd {
	q := &question{steps: steps}
	p.mu.Lock()
	if !p.flying {
		p.flying = true
		p.mu.Unlock()
		defer p.land()
		p.send(ctx, q)
		return q.replies
	}
	q.answered = make(chan struct{})
	p.waiting = append(p.waiting, q)
	p.mu.Unlock()
	select {
	case <-q.answered:
		return q.replies
	case <-ctx.Done():
		p.mu.Lock()
		q.left = true
		p.mu.Unlock()
		return refused(ctx, steps, ctx.Err())
	}
}

// tell sends what nobody waits for. fill makes the steps when their pipeline
// goes, and they may be more by then; told takes the replies. Neither may ask.
func (p *pipe) tell(fill func() []step, told func([]*redis.Cmd)) {
	p.mu.Lock()
	p.waiting = append(p.waiting, &question{fill: fill, told: told})
	flying := p.flying
	p.flying = true
	p.mu.Unlock()
	if !flying {
		p.land()
	}
}

// land sees to those who have come meanwhile.
func (p *pipe) land() {
	if batch := p.take(); batch != nil {
		go p.carry(batch)
	}
}

// carry sends one batch after the other until nobody waits. Whoever has got an
// answer goes first, so that what they ask next goes with the next batch: a busy
// node gets a third fewer pipelines.
func (p *pipe) carry(batch []*question) {
	for ; batch != nil; batch = p.take() {
		p.send(context.Background(), batch...)
		for _, q := range batch {
			q.done()
		}
		runtime.Gosched()
	}
}

// take takes those who still wait; nil, and the pipe is empty, when there are none.
func (p *pipe) take() []*question {
	p.mu.Lock()
	defer p.mu.Unlock()
	batch := make([]*question, 0, min(len(p.waiting), flightMost))
	n := 0
	for commands := 0; n < len(p.waiting) && commands < flightMost; n++ {
		if q := p.waiting[n]; !q.left {
			if q.fill != nil {
				q.steps = q.fill()
			}
			batch = append(batch, q)
			commands += len(q.steps)
		}
	}
	if p.waiting = p.waiting[n:]; len(p.waiting) == 0 {
		p.waiting = nil
	}
	if len(batch) > 0 || len(p.waiting) > 0 {
		return batch
	}
	p.flying = false
	return nil
}

// send asks all questions in one pipeline. Those about scripts that the node
// does not know are asked again, in full; every script bears that.
func (p *pipe) send(ctx context.Context, batch ...*question) {
	ctx, cancel := context.WithTimeout(ctx, flightTimeout)
	defer cancel()
	p.exec(ctx, batch, false)
	var again []*question
	for _, q := range batch {
		if q.unknown() {
			again = append(again, q)
		}
	}
	if len(again) > 0 {
		p.exec(ctx, again, true)
	}
}

func (p *pipe) exec(ctx context.Context, batch []*question, full bool) {
	pipeline, steps := p.rdb.Pipeline(), 0
	for _, q := range batch {
		steps += len(q.steps)
	}
	replies := make([]*redis.Cmd, 0, steps)
	for _, q := range batch {
		first := len(replies)
		for _, s := range q.steps {
			replies = append(replies, s.queue(ctx, pipeline, full))
		}
		q.replies = replies[first:len(replies):len(replies)]
	}
	_, _ = pipeline.Exec(ctx) // the first error of the replies', and each is looked at
}

// pipes are those of all nodes.
type pipes struct {
	rdb  redis.UniversalClient
	mu   sync.Mutex
	each map[string]*pipe // by node
}

// of is the pipe to a node.
func (p *pipes) of(node string) *pipe {
	p.mu.Lock()
	defer p.mu.Unlock()
	to := p.each[node]
	if to == nil {
		to = &pipe{rdb: p.rdb}
		if p.each == nil {
			p.each = make(map[string]*pipe)
		}
		p.each[node] = to
	}
	return to
}

// run runs a script.
func (s *Store) run(ctx context.Context, script *redis.Script, keys []string, args ...any) *redis.Cmd {
	return s.ask(ctx, scriptStep(script, keys, args...))[0]
}

// ask takes the steps in order: in one round trip as long as one node has their
// keys. No step is sent to another node after one that failed.
func (s *Store) ask(ctx context.Context, steps ...step) []*redis.Cmd {
	var replies []*redis.Cmd
	for len(steps) > 0 {
		node, n := s.node(ctx, steps[0].key()), 1
		for n < len(steps) && s.node(ctx, steps[n].key()) == node {
			n++
		}
		got := s.pipes.of(node).ask(ctx, steps[:n])
		if steps = steps[n:]; replies == nil && len(steps) == 0 {
			return got
		}
		replies = append(replies, got...)
		if err := failure(replies); err != nil {
			return append(replies, refused(ctx, steps, err)...)
		}
	}
	return replies
}

// lookUp takes steps that only read, in any order and in one round trip, also where
// several nodes have their keys: the client asks them all at the same time.
func (s *Store) lookUp(ctx context.Context, steps ...step) []*redis.Cmd {
	return s.lookups.of(s.node(ctx, steps[0].key())).ask(ctx, steps)
}

// failure is the first error among replies. An answer of nothing is none.
func failure(replies []*redis.Cmd) error {
	for _, reply := range replies {
		if err := reply.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
	}
	return nil
}

// node is the address of the node that holds the key; "" where there is only
// one, or a cluster does not know at the moment.
func (s *Store) node(ctx context.Context, key string) string {
	cluster, ok := s.rdb.(*redis.ClusterClient)
	if !ok {
		return ""
	}
	master, err := cluster.MasterForKey(ctx, key)
	if err != nil {
		return ""
	}
	return master.Options().Addr
}

// textMap reads the reply of HGETALL, in either version of the protocol.
func textMap(reply *redis.Cmd) (map[string]string, error) {
	switch got := reply.Val().(type) {
	case map[any]any:
		m := make(map[string]string, len(got))
		for k, v := range got {
			m[text(k)] = text(v)
		}
		return m, reply.Err()
	case []any:
		m := make(map[string]string, len(got)/2)
		for i := 0; i+1 < len(got); i += 2 {
			m[text(got[i])] = text(got[i+1])
		}
		return m, reply.Err()
	}
	return nil, reply.Err()
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return fmt.Sprint(v)
}
