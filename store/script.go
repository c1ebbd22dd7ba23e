package store

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

var (
	//go:embed queue_records.lua
	queueRecordsLua string
	//go:embed queue.lua
	queueLua string
)

// queueScript is a script on the queues of one site. What such scripts share
// stands in front of each.
func queueScript(body string) *redis.Script {
	return redis.NewScript(queueRecordsLua + queueLua + body)
}

// queueArgs are the arguments that all queue scripts begin with.
func (s *Store) queueArgs(args ...any) []any {
	all := make([]any, 0, 2+len(args))
	seed := uuid.NewString()[:24] // the script appends 12 digits of its own
	return append(append(all, s.offset().Milliseconds(), seed), args...)
}

// queueKeys are the keys that queue scripts declare. Callers do not change them.
func (s *Store) queueKeys(site string) []string {
	if known, ok := s.queues.Load(site); ok {
		return known.([]string)
	}
	keys := s.keys.queue(site)
	s.queues.Store(site, keys)
	return keys
}

// runQueue runs a queue script, and loads it where Redis does not know it
// yet. The client repeats it when a reply is lost; every script bears that.
func (s *Store) runQueue(ctx context.Context, script *redis.Script, site string, args ...any) *redis.Cmd {
	return script.Run(ctx, s.rdb, s.queueKeys(site), s.queueArgs(args...)...)
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

func (r *reply) next() any {
	if r.err == nil && len(r.fields) == 0 {
		r.err = fmt.Errorf("script: reply is too short")
	}
	if r.err != nil {
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
		r.err = fmt.Errorf("script: got %T, want a string", f)
	}
	return ""
}

func (r *reply) number() int64 {
	switch f := r.next().(type) {
	case int64:
		return f
	case nil:
	default:
		r.err = fmt.Errorf("script: got %T, want a number", f)
	}
	return 0
}

func (r *reply) list() []any {
	switch f := r.next().(type) {
	case []any:
		return f
	case nil:
	default:
		r.err = fmt.Errorf("script: got %T, want a list", f)
	}
	return nil
}

func (r *reply) texts() []string {
	fields := r.list()
	texts := make([]string, len(fields))
	inner := &reply{fields: fields}
	for i := range texts {
		texts[i] = inner.text()
	}
	if r.err == nil {
		r.err = inner.err
	}
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
