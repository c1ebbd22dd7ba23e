package store

import (
	"testing"

	"github.com/redis/go-redis/v9"
)

// A script of another version may answer in another shape: that is an error,
// and no loop over the answer runs for ever.
func TestReplyOfAnotherShape(t *testing.T) {
	for name, tt := range map[string]struct {
		answer []any
		read   func(*reply)
	}{
		"too short":           {[]any{int64(1)}, func(r *reply) { r.number(); r.text() }},
		"a number for a text": {[]any{int64(1), "a"}, func(r *reply) { r.text() }},
		"a text for a list":   {[]any{"a", "b"}, func(r *reply) { r.list() }},
		"pairs of an odd number of fields": {[]any{[]any{"idle", int64(1), "ringing"}},
			func(r *reply) { r.each(func(item *reply) { item.text(); item.number() }) }},
		"a list for a text, among texts": {[]any{[]any{"a", []any{}, "b"}}, func(r *reply) { r.texts() }},
		"pairs that begin with the wrong half": {[]any{int64(1), "a", int64(2)}, func(r *reply) {
			for len(r.fields) > 0 {
				r.text()
				r.number()
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := readReply(redis.NewCmdResult(tt.answer, nil))
			tt.read(r)
			if r.err == nil || len(r.fields) > 0 {
				t.Errorf("err = %v with %d fields left, want an error and none", r.err, len(r.fields))
			}
		})
	}
}
