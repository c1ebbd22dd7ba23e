package controller

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/dialplan"
)

// end lets go of the call, each end in its way. Only a hangup that was seen,
// or leaving on purpose, ends the call itself; a socket that was lost leaves
// it to whoever finds it, and a call that somebody has taken is his alone.
func (k *call) end(ctx context.Context, why error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	stats := &k.ctl.stats
	defer k.leaveLimits(ctx)
	if k.record == nil { // ended before anything was asked
		k.record = newRecord(k.sess.Channel(), k.trunk)
		past := errors.Is(why, dialplan.ErrHangup) && k.sess.Channel().HasVar("dialgraph_owner")
		k.unread = past && k.look(ctx) != nil
		k.record.Instance = k.ctl.cfg.Instance
	}
	k.note()
	switch {
	case errors.Is(why, dialplan.ErrHangup), why == nil && !k.line.left:
		stats.ended.Add(1)
		k.line.awaitComplete(ctx, k.ctl.cfg.Linger)
		k.record.hungUp(k.line.last, k.line.ended, k.ctl.cfg.Clock())
		k.over(ctx)
	case why == nil:
		stats.left.Add(1)
		k.record.Ended, k.record.Ender = k.ctl.cfg.Clock(), "exit"
		k.over(ctx)
	case errors.Is(why, errTaken):
		stats.taken.Add(1)
		k.log.Debug("call taken")
		k.release(ctx)
	case errors.Is(why, errHanded):
		stats.handed.Add(1)
		k.log.Info("call handed over", "node", k.node())
		k.saved(ctx)
		k.release(ctx)
	default:
		stats.lost.Add(1)
		k.log.Warn("call's socket lost", "node", k.node(), "error", k.sess.Err())
		k.saved(ctx)
		k.release(ctx)
	}
}

// standBy keeps the socket of a call that somebody else has, without a word,
// until the call ends or this instance goes: FreeSWITCH would take the closing
// of the old socket for the end of the new one (mod_event_socket.c,
// listener_run, clears CF_CONTROLLED and resets the channel).
func (k *call) standBy() {
	_, _ = k.sess.Pipeline(esl.Command{Line: "noevents"}) // a refusal costs some memory only
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-k.ctl.leaving:
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		if _, err := k.sess.Idle(ctx, time.Time{}); err != nil {
			return
		}
	}
}

// over ends a call for good: its record, its cursor, and last its owner, so
// that whoever takes over from us does it again. Nothing is written of a call
// that FreeSWITCH knows to be somebody else's by now, nor of one whose past
// could not be read: it is found ended, with all that was known of it. So is
// one whose record could not be written, should this instance not come to that.
func (k *call) over(ctx context.Context) {
	if k.unread {
		k.log.Warn("call ended unread", "cause", k.record.Cause, "by", k.record.Ender)
		return
	}
	var unwritten error
	if last := k.line.last; last == nil || !last.HasVar("dialgraph_owner") || last.Var("dialgraph_owner") == k.token {
		if k.cursor != nil && !k.walked {
			k.record.note(k.ctl.settle(ctx, k.record, k.cursor, cmp.Or(last, k.sess.Channel()), time.Time{}), k.cursor)
		}
		unwritten = k.ctl.cfg.Records.Put(ctx, k.record)
		k.stored("put record", unwritten)
		k.stored("delete cursor", k.ctl.cfg.Cursors.Delete(ctx, k.uuid))
		k.log.LogAttrs(ctx, slog.LevelInfo, "call ended", slog.String("cause", k.record.Cause), slog.String("by", k.record.Ender),
			slog.String("node", k.node()), slog.Float64("seconds", k.record.Ended.Sub(k.record.Started).Round(time.Second).Seconds()))
	}
	if unwritten != nil {
		k.release(ctx)
		return
	}
	if k.claimed {
		_, err := k.ctl.cfg.Owners.Forget(ctx, k.uuid, k.token)
		k.stored("forget call", err)
	}
}

// saved keeps what this instance has learned of a call that another one will
// go on with.
func (k *call) saved(ctx context.Context) {
	if k.cursor == nil {
		return
	}
	k.stored("put record", k.ctl.cfg.Records.Put(ctx, k.record))
}

// release leaves the call to whoever has it or finds it.
func (k *call) release(ctx context.Context) {
	if k.claimed {
		k.stored("release call", k.ctl.cfg.Owners.Release(ctx, k.uuid, k.token))
	}
}

// node is where the walk stood.
func (k *call) node() string {
	if k.cursor == nil {
		return ""
	}
	return k.cursor.Node
}

// awaitComplete waits for CHANNEL_HANGUP_COMPLETE, which carries the figures
// of the call. It comes some milliseconds after CHANNEL_HANGUP.
func (l *line) awaitComplete(ctx context.Context, d time.Duration) {
	for until := time.Now().Add(d); l.last == nil || l.last.Name() != "CHANNEL_HANGUP_COMPLETE"; {
		e, err := l.sess.Next(ctx, until)
		switch {
		case err != nil:
			return
		case e != nil:
			l.take(e)
		case !time.Now().Before(until):
			return
		}
	}
}
