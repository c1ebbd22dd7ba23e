package store

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// A Check decides by what is stored now, nil for nothing, whether it may be
// changed. Its error refuses the change and comes back unaltered. Nobody
// changes the document between a check and the change it allows.
type Check[T any] func(now *T) error

// changeAttempts bounds how often a checked change starts again because
// somebody else was faster.
const changeAttempts = 8

// Scripts compare what is stored with a tag: the SHA-1 of its bytes (as
// redis.sha1hex gives it, for equality only), or one of these.
const (
	tagAny  = ""  // whatever is there
	tagNone = "-" // nothing is there
)

func tagOf(raw string) string {
	sum := sha1.Sum([]byte(raw))
	return hex.EncodeToString(sum[:])
}

// What scripts that change documents answer.
const (
	replyCreated  = "created"
	replyReplaced = "replaced"
	replyDeleted  = "deleted"
	replyMissing  = "missing"
	replyInUse    = "in use"
	replyChanged  = "changed" // the tag does not fit
	replyNoMenu   = "no menu"
	replyNoSite   = "no site"
)

// change checks what is there and writes under that condition, again and
// again until nobody came in between. read returns what the tag is made of,
// and its meaning; redis.Nil for nothing.
func change[T any](ctx context.Context, check Check[T], read func(context.Context) (raw string, now T, err error),
	write func(ctx context.Context, tag string) (reply string, err error),
) (created bool, err error) {
	for range changeAttempts {
		tag := tagAny
		if check != nil {
			raw, now, err := read(ctx)
			there := &now
			switch {
			case err == nil:
				tag = tagOf(raw)
			case errors.Is(err, redis.Nil):
				tag, there = tagNone, nil
			default:
				return false, err
			}
			if err := check(there); err != nil {
				return false, err
			}
		}
		reply, err := write(ctx, tag)
		if err != nil {
			return false, err
		}
		if reply != replyChanged {
			return outcome(reply)
		}
	}
	return false, ErrConflict
}

func outcome(reply string) (created bool, err error) {
	switch reply {
	case replyCreated:
		return true, nil
	case replyReplaced, replyDeleted:
		return false, nil
	case replyMissing:
		return false, ErrNotFound
	case replyInUse:
		return false, ErrInUse
	case replyNoMenu:
		return false, invalid("menu", "there is no such menu")
	case replyNoSite:
		return false, invalid("site", "there is no such site")
	}
	return false, fmt.Errorf("script answered %q", reply)
}
