package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// RecordSchema is the version of a record's layout. A store reads its own and
// the one before, so that versions of dialgraph can follow one another without
// a pause.
const RecordSchema = 1

// maxRecord bounds a record's document, in bytes.
const maxRecord = 256 << 10

// A Record is the account of one call. What the document says is between
// those who write and who read it; the store goes by call and times.
type Record struct {
	Call     string
	Started  time.Time       // to the millisecond
	Ended    time.Time       // zero while the call is live
	Turn     int             // how many owners the call had before the one that writes
	Schema   int             // of the document; RecordSchema when put
	Document json.RawMessage // JSON object
}

// putRecord stores a record, unless it is a former owner's last word that comes
// late: the one that is there has an end and this one has none, or both have
// or have not and it was written by a later owner.
//
// KEYS[1] record  ARGV[1] record  ARGV[2] end in ms  ARGV[3] turn  ARGV[4] lifetime in ms
// Returns 1 when it was stored, 0 when a later owner's stands, -1 when the call is over.
var putRecord = redis.NewScript(`
local old = redis.call('GET', KEYS[1])
if old then
  local ended, turn = string.match(old, '^%d+ %d+ (%d+) (%d+) ')
  local over, was_over = ARGV[2] ~= '0', ended ~= '0'
  if was_over and not over then return -1 end
  if was_over == over and turn and tonumber(turn) > tonumber(ARGV[3]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[4])
return 1
`)

// Records are the accounts of calls, live and past. They are kept for
// Options.RecordAge, and at most Options.RecordMax of them.
type Records struct{ s *Store }

// Records returns the records in the store.
func (s *Store) Records() Records { return Records{s} }

// Put makes the call's record what r says. It may be repeated. ErrInvalid.
func (n Records) Put(ctx context.Context, r Record) error {
	err := checkID("call", r.Call)
	switch {
	case err != nil:
		return err
	case r.Started.IsZero():
		return invalid("started", "want a time")
	case r.Turn < 0:
		return invalid("turn", "%d, want 0 or more", r.Turn)
	case len(r.Document) > maxRecord:
		return invalid("record", "%d bytes, want at most %d", len(r.Document), maxRecord)
	}
	started, ended := r.Started.UnixMilli(), toMillis(r.Ended)
	raw := make([]byte, 0, 64+len(r.Document))
	for _, n := range [...]int64{RecordSchema, started, ended, int64(r.Turn)} {
		raw = append(strconv.AppendInt(raw, n, 10), ' ')
	}
	raw = append(raw, r.Document...)
	if err := n.put(ctx, r.Call, started, ended, scriptStep(putRecord, []string{n.s.keys.record(r.Call)},
		raw, ended, r.Turn, n.s.recordAge.Milliseconds())); err != nil {
		return fmt.Errorf("put record of %s: %w", r.Call, err)
	}
	return nil
}

// put writes a record between its entries, which another node may have. A live
// call is found by its entry from before there is a record: an entry without
// one is skipped by List and goes with time. So is that of a call which has ended
// by now; it is taken back here.
func (n Records) put(ctx context.Context, call string, started, ended int64, put step) error {
	k := n.s.keys
	enter := commandStep("zadd", k.records(), started, call)
	leave := commandStep("zrem", k.recordsLive(), call)
	if ended > 0 {
		return failure(n.s.ask(ctx, put, enter, leave))
	}
	replies := n.s.ask(ctx, enter, commandStep("zadd", k.recordsLive(), started, call), put)
	if err := failure(replies); err != nil {
		return err
	}
	if stored, err := replies[2].Int(); err != nil || stored >= 0 {
		return err
	}
	return failure(n.s.ask(ctx, leave))
}

// Get returns the record of a call. ErrNotFound, ErrSchema.
func (n Records) Get(ctx context.Context, call string) (Record, error) {
	raw, err := n.s.rdb.Get(ctx, n.s.keys.record(call)).Result()
	if errors.Is(err, redis.Nil) {
		return Record{}, fmt.Errorf("record of %s: %w", call, ErrNotFound)
	}
	if err != nil {
		return Record{}, fmt.Errorf("get record of %s: %w", call, err)
	}
	return decodeRecord(call, raw)
}

// A RecordQuery asks for records.
type RecordQuery struct {
	Live     bool      // only calls that have not ended
	From, To time.Time // begun at From or later and before To; zero for no bound
	Cursor   string    // as the page before gave it, "" for the newest
	Limit    int       // 1 to 1000
}

// List returns records, the newest call first, and the cursor of the next
// page, "" on the last. A page may be shorter than asked for. ErrInvalid.
func (n Records) List(ctx context.Context, q RecordQuery) (page []Record, next string, err error) {
	limit := min(max(q.Limit, 1), 1000)
	index := n.s.keys.records()
	if q.Live {
		index = n.s.keys.recordsLive()
	}
	entries, next, err := n.entries(ctx, index, q, limit)
	if err != nil || len(entries) == 0 {
		return nil, "", err
	}
	raws := make([]*redis.StringCmd, len(entries))
	_, err = n.s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, e := range entries {
			raws[i] = p.Get(ctx, n.s.keys.record(e.Member.(string)))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, "", fmt.Errorf("list records: %w", err)
	}
	for i, e := range entries {
		switch r, err := decodeRecord(e.Member.(string), raws[i].Val()); {
		case raws[i].Err() != nil: // gone by its age
		case err == nil && q.Live && !r.Ended.IsZero():
		case err != nil:
			n.s.log.Warn("record cannot be read", "call", e.Member, "error", err)
		default:
			page = append(page, r)
		}
	}
	return page, next, nil
}

// entries reads a page of an index, and where the next one begins. Calls of
// one millisecond are in the reverse order of their ids.
func (n Records) entries(ctx context.Context, index string, q RecordQuery, limit int) ([]redis.Z, string, error) {
	by := redis.ZRangeBy{Min: "-inf", Max: "+inf"}
	if !q.From.IsZero() {
		by.Min = strconv.FormatInt(q.From.UnixMilli(), 10)
	}
	if !q.To.IsZero() {
		by.Max = "(" + strconv.FormatInt(q.To.UnixMilli(), 10)
	}
	at, last := int64(0), ""
	if q.Cursor != "" {
		stamp, call, ok := strings.Cut(q.Cursor, "_")
		ms, err := strconv.ParseInt(stamp, 10, 64)
		if !ok || err != nil || checkID("call", call) != nil {
			return nil, "", invalid("cursor", "want the one that the page before gave")
		}
		at, last = ms, call
		by.Max = strconv.FormatInt(ms, 10)
	}
	var entries []redis.Z
	for by.Count = int64(limit + 1); len(entries) <= limit; by.Offset += by.Count {
		got, err := n.s.rdb.ZRevRangeByScoreWithScores(ctx, index, &by).Result()
		if err != nil {
			return nil, "", fmt.Errorf("list records: %w", err)
		}
		for _, e := range got {
			seen := last != "" && int64(e.Score) == at && e.Member.(string) >= last
			if !seen && len(entries) <= limit {
				entries = append(entries, e)
			}
		}
		if len(got) < int(by.Count) {
			break
		}
	}
	if len(entries) <= limit {
		return entries, "", nil
	}
	entries = entries[:limit]
	end := entries[limit-1]
	return entries, fmt.Sprintf("%d_%s", int64(end.Score), end.Member), nil
}

func decodeRecord(call, raw string) (Record, error) {
	parts := strings.SplitN(raw, " ", 5)
	if len(parts) != 5 {
		return Record{}, fmt.Errorf("record of %s: malformed", call)
	}
	var head [4]int64
	for i := range head {
		n, err := strconv.ParseInt(parts[i], 10, 64)
		if err != nil {
			return Record{}, fmt.Errorf("record of %s: %w", call, err)
		}
		head[i] = n
	}
	if v := head[0]; v != RecordSchema && v != RecordSchema-1 {
		return Record{}, fmt.Errorf("record of %s: version %d: %w", call, v, ErrSchema)
	}
	return Record{
		Call: call, Schema: int(head[0]), Started: fromMillis(head[1]), Ended: fromMillis(head[2]), Turn: int(head[3]),
		Document: json.RawMessage(parts[4]),
	}, nil
}

// longestLive is more than any call lasts: one without an end by then was on
// a node that was lost with its records' writer.
const longestLive = 48 * time.Hour

// tidy forgets records that are too old or too many.
func (n Records) tidy(ctx context.Context) error {
	now, err := n.s.Now(ctx)
	if err != nil {
		return err
	}
	stale := strconv.FormatInt(now.Add(-longestLive).UnixMilli(), 10)
	if err := n.s.rdb.ZRemRangeByScore(ctx, n.s.keys.recordsLive(), "-inf", stale).Err(); err != nil {
		return fmt.Errorf("tidy records: %w", err)
	}
	oldest := now.Add(-n.s.recordAge).UnixMilli()
	for {
		surplus, err := n.s.rdb.ZCard(ctx, n.s.keys.records()).Result()
		if err != nil {
			return fmt.Errorf("tidy records: %w", err)
		}
		surplus -= int64(n.s.recordMax)
		first, err := n.s.rdb.ZRangeWithScores(ctx, n.s.keys.records(), 0, walkPage-1).Result()
		if err != nil {
			return fmt.Errorf("tidy records: %w", err)
		}
		var calls []any
		for i, e := range first {
			if int64(i) < surplus || int64(e.Score) < oldest {
				calls = append(calls, e.Member)
			}
		}
		if len(calls) == 0 {
			return nil
		}
		if err := n.forget(ctx, calls); err != nil {
			return fmt.Errorf("tidy records: %w", err)
		}
	}
}

// forget removes records, then their entries: an entry is what leads here again.
func (n Records) forget(ctx context.Context, calls []any) error {
	_, err := n.s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, call := range calls {
			p.Unlink(ctx, n.s.keys.record(call.(string)))
		}
		return nil
	})
	if err == nil {
		err = n.s.rdb.ZRem(ctx, n.s.keys.records(), calls...).Err()
	}
	return err
}
