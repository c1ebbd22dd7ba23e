package store

import (
	"context"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
)

// hook sees every command to the embedded Redis: it tells which documents and
// records may have changed, and refuses to add more than there is room for.
type hook Embedded

// reads are commands that change nothing. Others only cost a look.
var reads = map[string]bool{
	"get": true, "mget": true, "exists": true, "type": true,
	"hget": true, "hmget": true, "hgetall": true, "hkeys": true, "hvals": true, "hlen": true, "hexists": true, "hscan": true,
	"smembers": true, "scard": true, "sismember": true,
	"zrange": true, "zrangebyscore": true, "zrevrangebyscore": true, "zrangebylex": true, "zcard": true, "zscore": true,
}

// adds are commands that add values.
var adds = map[string]bool{"set": true, "hset": true}

// addingScripts are scripts that add values. Others are let through when there
// is no room: those that delete, and those of the queues.
var addingScripts = []*redis.Script{putConfig, putMenu, putCustomer, setOutage, putRecord}

// readingScripts change nothing.
var readingScripts = []*redis.Script{findCustomer}

// DialHook is part of redis.Hook.
func (w *hook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook is part of redis.Hook.
func (w *hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := w.refuse(cmd); err != nil {
			cmd.SetErr(err)
			return err
		}
		defer w.note(cmd)
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook is part of redis.Hook.
func (w *hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			if err := w.refuse(cmd); err != nil {
				for _, c := range cmds {
					c.SetErr(err)
				}
				return err
			}
		}
		defer w.note(cmds...)
		return next(ctx, cmds)
	}
}

// refuse is ErrFull for a command that adds values when there is no room.
func (w *hook) refuse(cmd redis.Cmder) error {
	e := (*Embedded)(w)
	if !w.adding(cmd) || e.room() {
		return nil
	}
	if err := e.flush(); err != nil || !e.room() { // the estimate is high; count
		return ErrFull
	}
	return nil
}

func (w *hook) adding(cmd redis.Cmder) bool {
	return adds[cmd.Name()] && len(w.documents(cmd)) > 0 || isScript(cmd, addingScripts)
}

// note says what the commands may have changed. It does so even when they
// failed, because a reply may be lost.
func (w *hook) note(cmds ...redis.Cmder) {
	for _, cmd := range cmds {
		if reads[cmd.Name()] || isScript(cmd, readingScripts) {
			continue
		}
		grown := 0
		if w.adding(cmd) {
			grown = (len(cmd.Args()) + 1) / 2
		}
		for _, key := range w.documents(cmd) {
			(*Embedded)(w).touch(key, grown)
			grown = 0 // once for the command
		}
	}
}

// documents are the keys of documents and records in a command. A value that
// looks like one does no harm.
func (w *hook) documents(cmd redis.Cmder) (keys []string) {
	for _, arg := range cmd.Args() {
		if key, ok := arg.(string); ok && strings.HasPrefix(key, w.docs) {
			keys = append(keys, key)
		}
	}
	return keys
}

// isScript tells whether the command runs one of the scripts, by its hash or
// in full.
func isScript(cmd redis.Cmder, scripts []*redis.Script) bool {
	if name := cmd.Name(); name != "eval" && name != "evalsha" || len(cmd.Args()) < 2 {
		return false
	}
	body, _ := cmd.Args()[1].(string)
	for _, s := range scripts {
		if body == s.Hash() || cmd.Name() == "eval" && redis.NewScript(body).Hash() == s.Hash() {
			return true
		}
	}
	return false
}

// room tells whether there is room for more values, as far as they are counted.
func (e *Embedded) room() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.held+e.grown < EmbeddedValues
}
