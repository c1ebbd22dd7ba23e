package store

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

var (
	//go:embed queue_records.lua
	queueRecordsLua string
	//go:embed queue_sets.lua
	queueSetsLua string
	//go:embed queue.lua
	queueLua string
	//go:embed queue_line.lua
	queueLineLua string
)

// queueScript is a script on the queues of one site. What such scripts share
// stands in front of each; what they change is written at their end.
func queueScript(body string) *redis.Script {
	return redis.NewScript(queueRecordsLua + queueSetsLua + queueLua + queueLineLua +
		"local function script()\n" + body + "\nend\nlocal answer = script()\nsite.commit()\nreturn answer\n")
}

// queueArgs are the arguments that all queue scripts begin with.
func (s *Store) queueArgs(args ...any) []any {
	all := make([]any, 0, 2+len(args))
	seed := uuid.NewString()[:24] // the script appends 12 digits of its own
	return append(append(all, s.offset().Milliseconds(), seed), args...)
}

// queueKeys are the keys that queue scripts declare. Callers do not change them.
func (s *Store) queueKeys(site string) []string { return s.asker(site).keys }

// asker is where a site's queues are asked, one for all.
func (s *Store) asker(site string) *asker {
	if known, ok := s.queues.Load(site); ok {
		return known.(*asker)
	}
	known, _ := s.queues.LoadOrStore(site, &asker{s: s, keys: s.keys.queue(site)})
	return known.(*asker)
}

// runQueue runs a queue script, and loads it where Redis does not know it
// yet. The client repeats it when a reply is lost; every script bears that.
func (s *Store) runQueue(ctx context.Context, script *redis.Script, site string, args ...any) *redis.Cmd {
	return s.run(ctx, script, s.queueKeys(site), s.queueArgs(args...)...)
}

// reply reads a script's answer field by field. Lua has no types to speak of,
// so a field that is not what it should be is an error of ours.
type reply struct {
	fields []any
	err    error
}

func readReply(cmd *redis.Cmd) *reply {
	fields, err := cmd.Slice()
	return &reply{fields, err}
}

// fail keeps the first fault. Nothing more is read then, so that loops over the
// fields end.
func (r *reply) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.fields = nil
}

func (r *reply) next() any {
	if len(r.fields) == 0 {
		r.fail(errors.New("script: reply is too short"))
		return nil
	}
	f := r.fields[0]
	r.fields = r.fields[1:]
	return f
}

func (r *reply) text() string {
	switch f := r.next().(type) {
	case string:
		return f
	case nil:
	default:
		r.fail(fmt.Errorf("script: got %T, want a string", f))
	}
	return ""
}

func (r *reply) number() int64 {
	switch f := r.next().(type) {
	case int64:
		return f
	case nil:
	default:
		r.fail(fmt.Errorf("script: got %T, want a number", f))
	}
	return 0
}

func (r *reply) list() []any {
	switch f := r.next().(type) {
	case []any:
		return f
	case nil:
	default:
		r.fail(fmt.Errorf("script: got %T, want a list", f))
	}
	return nil
}

// each reads a list of the answer: read is called until its fields are used up.
func (r *reply) each(read func(item *reply)) {
	list := &reply{fields: r.list()}
	for len(list.fields) > 0 {
		read(list)
	}
	if list.err != nil {
		r.fail(list.err)
	}
}

func (r *reply) texts() []string {
	texts := []string{}
	r.each(func(item *reply) { texts = append(texts, item.text()) })
	return texts
}

func (r *reply) millis() time.Duration { return time.Duration(r.number()) * time.Millisecond }

// when reads a time in ms; 0 is the zero time.
func (r *reply) when() time.Time { return fromMillis(r.number()) }

func fromMillis(ms int64) time.Time {
	if ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func toMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
