package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// queueDocuments are documents that scripts of the site's queues go by, and
// must hear of in the moment they change.
type queueDocuments[T any] struct {
	documents[T]
	site   string
	script *redis.Script
}

// put stores v with its form for scripts and further arguments.
func (d queueDocuments[T]) put(ctx context.Context, id string, v T, check Check[T], args ...any) (bool, error) {
	document, err := json.Marshal(v)
	if err != nil {
		return false, fmt.Errorf("put %s %q: %w", d.noun, id, err)
	}
	if err := d.s.rdb.SAdd(ctx, d.s.keys.queueSites(), d.site).Err(); err != nil {
		return false, fmt.Errorf("put %s %q: %w", d.noun, id, err)
	}
	return d.write(ctx, id, document, check, args...)
}

func (d queueDocuments[T]) delete(ctx context.Context, id string, check Check[T]) error {
	_, err := d.write(ctx, id, nil, check, "", "")
	return err
}

// write runs the script; no document deletes.
func (d queueDocuments[T]) write(ctx context.Context, id string, document []byte, check Check[T], args ...any) (bool, error) {
	keys := append(d.s.keys.queue(d.site), d.hash)
	return change(ctx, check, d.reader(id), func(ctx context.Context, tag string) (string, error) {
		all := d.s.queueArgs(append([]any{id, document, tag}, args...)...)
		return d.script.Run(ctx, d.s.rdb, keys, all...).Text()
	})
}

func sameSite(site, want string) error {
	if site != want {
		return invalid("site", "%.80q: want %s", site, want)
	}
	return nil
}
