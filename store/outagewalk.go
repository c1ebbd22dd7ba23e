package store

import (
	"context"
	"iter"

	"github.com/redis/go-redis/v9"
)

const (
	// walkPage is how many flags of a large place, or records, a walk reads at once:
	// Redis does that in some 0.1 ms.
	walkPage = 50
	// walkPlaces is how many places a walk begins with at once. Of a place whose flags
	// Redis keeps in one piece (128 at most, unless it is set otherwise) it gives all.
	walkPlaces = 5
)

// someFlags are flags of one place that were read at once.
type someFlags struct {
	place  string
	flags  []string // name, flag, …
	cursor uint64   // where the rest begins
}

// last tells whether they are the last of their place.
func (s someFlags) last() bool { return s.cursor == 0 }

// each goes through names and flags.
func (s someFlags) each(yield func(name, raw string) bool) {
	for i := 0; i+1 < len(s.flags) && yield(s.flags[i], s.flags[i+1]); i += 2 {
	}
}

// walk reads the flags of a generation in slices: places in their order from one
// on, and the flags of each in none. Redis may give a flag twice.
func (o *Outages) walk(ctx context.Context, p *pace, f flagSet, from string) iter.Seq2[someFlags, error] {
	return func(yield func(someFlags, error) bool) {
		for least := "[" + from; ; {
			places, err := o.firstFlags(ctx, p, f, least)
			for i := 0; err == nil && i < len(places); {
				if !yield(places[i], nil) {
					return
				}
				if places[i].last() {
					i++
					continue
				}
				places[i], err = o.moreFlags(ctx, p, f, places[i])
			}
			if err != nil {
				yield(someFlags{}, err)
			}
			if err != nil || len(places) == 0 {
				return
			}
			least = "(" + places[len(places)-1].place
		}
	}
}

// firstFlags reads the next places, and the first flags of each.
func (o *Outages) firstFlags(ctx context.Context, p *pace, f flagSet, least string) (first []someFlags, err error) {
	err = p.do(ctx, func() error {
		places, err := o.s.rdb.ZRangeByLex(ctx, o.s.keys.outagePlaces(f), &redis.ZRangeBy{Min: least, Max: "+", Count: walkPlaces}).Result()
		if err != nil || len(places) == 0 {
			return err
		}
		replies := make([]*redis.ScanCmd, len(places))
		_, err = o.s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, place := range places {
				replies[i] = p.HScan(ctx, o.s.keys.outageFlags(f, place), 0, "", walkPage)
			}
			return nil
		})
		for i, place := range places {
			flags, cursor := replies[i].Val()
			first = append(first, someFlags{place, flags, cursor})
		}
		return err
	})
	return first, err
}

// moreFlags reads more of a place.
func (o *Outages) moreFlags(ctx context.Context, p *pace, f flagSet, some someFlags) (someFlags, error) {
	err := p.do(ctx, func() (err error) {
		some.flags, some.cursor, err = o.s.rdb.HScan(ctx, o.s.keys.outageFlags(f, some.place), some.cursor, "", walkPage).Result()
		return err
	})
	return some, err
}
