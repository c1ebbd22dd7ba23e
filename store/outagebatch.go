package store

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// A flagBatch is the flags that an import writes at once. Those that follow each
// other in one place take one command, so that a list in the order of streets and
// houses costs Redis little.
type flagBatch struct {
	keys   keys
	f      flagSet
	flags  int
	sets   []any  // one command behind the other: HSET, the key of a place, then name, flag, …
	starts []int  // where in sets each begins
	places []any  // one command: ZADD, its key, then score, place, …
	place  string // of the last flag; it is in places, or was in those of a batch before
}

// noPlace is none that an address can have around it.
const noPlace = "/"

func newFlagBatch(k keys, f flagSet) flagBatch {
	return flagBatch{keys: k, f: f, places: []any{"zadd", k.outagePlaces(f)}, place: noPlace}
}

func (b *flagBatch) add(v Outage) {
	place, name := cutAddress(v.Address)
	if place != b.place {
		b.places = append(b.places, 0, place)
	}
	if place != b.place || b.flags == 0 {
		b.starts = append(b.starts, len(b.sets))
		b.sets = append(b.sets, "hset", b.keys.outageFlags(b.f, place))
		b.place = place
	}
	b.sets = append(b.sets, name, encodeFlag(v))
	b.flags++
}

// write writes the batch, and returns how many commands that took. The places
// come first, because only through them the flags are ever found to be removed.
// A batch that was not written as a whole may be written again.
func (b *flagBatch) write(ctx context.Context, rdb redis.UniversalClient) (commands int, err error) {
	written, err := rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		if len(b.places) > 2 {
			p.Do(ctx, b.places...)
		}
		for i, start := range b.starts {
			end := len(b.sets)
			if i+1 < len(b.starts) {
				end = b.starts[i+1]
			}
			p.Do(ctx, b.sets[start:end]...)
		}
		return nil
	})
	return len(written), err
}

// written empties the batch for the flags that come next.
func (b *flagBatch) written() {
	b.flags, b.sets, b.starts, b.places = 0, b.sets[:0], b.starts[:0], b.places[:2]
}
