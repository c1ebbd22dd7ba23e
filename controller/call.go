package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/dialplan"
)

// afterwards bounds what is still to be written once a call has ended.
const afterwards = 10 * time.Second

// patience is how long a caller who was resumed is kept for the store to come
// back, learning how long for this instance to learn of the number then;
// recallEvery is how often it is asked.
const (
	patience    = time.Minute
	learning    = 5 * time.Second
	recallEvery = 500 * time.Millisecond
)

// keeping bounds the writing of the record while a caller waits.
const keeping = 500 * time.Millisecond

// events are those that the verbs need; each is some 4 KB.
var events = []string{
	"CHANNEL_ANSWER", "CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE", "CHANNEL_EXECUTE_COMPLETE",
	"CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE", "DTMF",
}

// A call is one connection of one call, from its socket to the end of our part.
type call struct {
	ctl     *Controller
	sess    *esl.Session
	uuid    string
	token   string
	log     *slog.Logger
	trunk   string
	cancel  context.CancelCauseFunc
	done    chan struct{} // closed when the call's goroutine has let go
	line    *line
	route   Route
	record  *Record
	cursor  *dialplan.Cursor
	public  LiveCall
	shown   atomic.Pointer[LiveCall] // public, as others may read it
	entered []limit
	claimed bool // the store was told that the call is ours
	walked  bool // the walk was begun: it gives back what the call holds
	unread  bool // somebody had the call, and what is known of it could not be read
}

// handle is one connection: it runs on a goroutine of its own.
func (c *Controller) handle(sess *esl.Session) {
	k := &call{
		ctl: c, sess: sess, uuid: sess.UUID(), token: uuid.NewString(),
		trunk: trunkName(sess.Channel()), done: make(chan struct{}),
	}
	k.log = c.cfg.Log.With("call", k.uuid)
	k.public = LiveCall{Call: k.uuid, Number: dialled(sess.Channel()), Started: startTime(sess.Channel())}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	k.cancel = cancel
	k.line = c.newLine(k)
	k.line.keep = k.keep
	k.show()
	k.control(ctx)
	if errors.Is(k.line.over, errTaken) || errors.Is(context.Cause(ctx), errTaken) {
		k.standBy()
	}
}

// control is the call from its beginning to the end of our part in it.
func (k *call) control(ctx context.Context) {
	c := k.ctl
	older := c.live.enter(k)
	defer close(k.done)
	defer c.live.leave(k)
	if older != nil {
		select {
		case <-older.done: // its cursor is written
		case <-time.After(c.cfg.Settle):
		}
	}
	if err := k.setUp(ctx); err != nil {
		k.end(ctx, err)
		return
	}
	k.end(ctx, k.serve(ctx))
}

func (c *Controller) newLine(k *call) *line {
	return &line{
		sess: k.sess, uuid: k.uuid, token: k.token, cfg: &c.cfg, pulse: c.pulse, beats: c.pulse.stalls(),
		log: k.log, stats: &c.stats, files: &c.files, typed: dialplan.NewTypeAhead(""),
		answered: k.sess.Channel().Get("Answer-State") == "answered",
	}
}

// show lets others see what is known of the call by now.
func (k *call) show() {
	public := k.public
	k.shown.Store(&public)
}

// setUp makes the channel ours, in one write. The longest call is FreeSWITCH's
// to end, whoever has the call then.
func (k *call) setUp(ctx context.Context) error {
	channel := k.sess.Channel()
	commands := []esl.Command{
		esl.Linger(k.ctl.cfg.Linger),
		esl.Filter("Unique-ID", k.uuid),
		esl.EventPlain(events...),
		{Line: fmt.Sprintf("api uuid_setvar_multi %s dialgraph_seen=%s;dialgraph_owner=%s;dialgraph_transfer=;socket_resume=true;"+
			"playback_delimiter=%s;playback_sleep_val=0;tts_engine=%s;tts_voice=%s",
			k.uuid, k.token, k.token, between, k.ctl.cfg.Engine, k.ctl.cfg.EngineVoice)},
	}
	if !channel.HasVar("dialgraph_owner") {
		commands = append(commands, esl.Command{
			Line: fmt.Sprintf("api sched_hangup +%d %s ALLOTTED_TIMEOUT", int(k.ctl.cfg.LongestCall.Seconds()), k.uuid)})
	}
	_, err := k.line.send(ctx, commands...)
	var refusal *esl.ReplyError
	if errors.As(err, &refusal) {
		k.log.Warn("set-up refused in part", "error", refusal) // the call can go on
		err = nil
	}
	if err == nil && channel.Get("Answer-State") == "hangup" {
		k.line.over = dialplan.ErrHangup
	}
	return errors.Join(err, k.line.over)
}

// serve finds out what the call is and walks it. The error says why the walk
// is over; nil means that the call was hung up or sent elsewhere by us.
func (k *call) serve(ctx context.Context) error {
	menu, err := k.find(ctx)
	if err != nil {
		return k.refuse(ctx, err)
	}
	k.claim(ctx)
	k.walked = true
	end, err := dialplan.Walk{
		Menu: menu, Cursor: k.cursor, Line: k.line, World: &world{World: k.ctl.cfg.World, record: k.record, note: k.note, keep: k.keep},
		Answer: k.route.Answer, Now: k.ctl.cfg.Clock, Log: k.log,
	}.Run(ctx)
	if end == dialplan.Faulted {
		k.ctl.stats.faults.Add(1)
		k.record.Error = errorText(err)
		k.log.Error("walk failed", "node", k.cursor.Node, "error", err)
	}
	if k.line.over != nil {
		return k.line.over
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if !k.line.left {
		return k.line.Exit(ctx, "") // a fault: never silence, never stuck
	}
	return nil
}

// find asks for the number, the caller, what is known of the call so far, and
// the menu that it is in. A call that nobody has owned yet has no past: it is
// served from memory even while the store is away.
func (k *call) find(ctx context.Context) (*dialplan.Menu, error) {
	channel := k.sess.Channel()
	k.record = newRecord(channel, k.trunk)
	ask, cancel := context.WithTimeout(ctx, k.ctl.cfg.Settle)
	defer cancel()
	err := k.locate(ask)
	caller, raw := identify(channel, k.ctl.cfg.trunk(k.trunk).Trust, k.route.Site.Region)
	k.record.CallerRaw, k.record.Caller, k.record.Withheld = raw, caller.Number, caller.Withheld
	if channel.HasVar("dialgraph_owner") {
		past := k.recall(ctx)
		k.unread = past != nil
		if past == nil && k.cursor != nil && err != nil {
			err = k.relocate(ctx)
		}
		err = errors.Join(err, past)
		afresh, cancel := context.WithTimeout(ctx, k.ctl.cfg.Settle) // recalling has a bound of its own
		defer cancel()
		ask = afresh
	}
	k.record.Instance, k.record.Number, k.public.Number = k.ctl.cfg.Instance, k.route.Number, k.route.Number
	if err != nil {
		return nil, fmt.Errorf("find call: %w", err)
	}
	if k.cursor != nil {
		setDefault(&k.record.Answered, microTime(channel.Get("Caller-Channel-Answered-Time")))
		k.record.Resumed++
		k.ctl.stats.resumed.Add(1)
		k.public.Caller = k.cursor.Caller.Number
		if err := k.admit(ask); err != nil {
			return nil, err
		}
		k.inMenu()
		return k.menu(ask, k.cursor.Menu, k.cursor.Version)
	}
	k.ctl.stats.started.Add(1)
	if err := k.admit(ask); err != nil {
		return nil, err
	}
	return k.begin(ask, caller)
}

// locate asks what stands behind the number that was called.
func (k *call) locate(ctx context.Context) error {
	route, err := k.ctl.cfg.Numbers.Route(ctx, dialled(k.sess.Channel()))
	k.route, k.line.site = route, route.Site
	return err
}

// relocate asks again for the number of a call that was under way: this
// instance may have started while the store was away. A number that has gone
// meanwhile does not end its calls.
func (k *call) relocate(ctx context.Context) error {
	err := k.insist(ctx, learning, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, k.ctl.cfg.Settle)
		defer cancel()
		return k.locate(ctx)
	})
	if errors.Is(err, ErrUnknownNumber) || errors.Is(err, ErrNoMenu) {
		k.log.Warn("number is gone, its call goes on", "number", k.cursor.Called.Number)
		setDefault(&k.route.Number, k.cursor.Called.Number)
		setDefault(&k.route.Site.Name, k.cursor.Called.Site)
		k.line.site = k.route.Site
		return nil
	}
	return err
}

// recall asks for the cursor and the record of a call that somebody had: nobody
// else knows where the caller stood.
func (k *call) recall(ctx context.Context) error {
	err := k.look(ctx)
	if err == nil {
		return nil
	}
	k.stored("recall call", err)
	return k.insist(ctx, patience, k.look)
}

// insist tries again and again for a time. The caller hears music.
func (k *call) insist(ctx context.Context, d time.Duration, try func(context.Context) error) error {
	_, err := k.line.Hold(ctx, dialplan.Hold{}, dialplan.WaitFor(ctx, func(ctx context.Context) error {
		late := time.NewTimer(d)
		defer late.Stop()
		again := time.NewTicker(recallEvery)
		defer again.Stop()
		for {
			err := try(ctx)
			if err == nil {
				return nil
			}
			select {
			case <-again.C:
			case <-late.C:
				return err
			case <-ctx.Done():
				return err
			}
		}
	}))
	return err
}

// look is one attempt to recall.
func (k *call) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, k.ctl.cfg.Settle)
	defer cancel()
	record, err := k.ctl.cfg.Records.Load(ctx, k.uuid)
	if err != nil {
		return fmt.Errorf("load record: %w", err)
	}
	if record != nil {
		k.record = record
	}
	if k.cursor, err = k.ctl.cfg.Cursors.Load(ctx, k.uuid); err != nil {
		return fmt.Errorf("load cursor: %w", err)
	}
	return nil
}

// begin makes the cursor of a new call, and returns the menu that it is in.
func (k *call) begin(ctx context.Context, caller dialplan.Caller) (*dialplan.Menu, error) {
	if caller.Number != "" {
		known, err := k.ctl.cfg.Customers.Customer(ctx, caller)
		if err != nil {
			k.ctl.stats.storeErrors.Add(1)
			k.log.Warn("look up customer", "error", err) // the call goes on, the caller unknown
		} else {
			caller = known
		}
	}
	if caller.Language == "" {
		caller.Language = k.route.Language
	}
	k.record.Customer = caller.Customer
	k.public.Caller = caller.Number
	menu, err := k.menu(ctx, k.route.Menu, k.route.Version)
	if err != nil {
		return nil, err
	}
	called := dialplan.Called{Number: k.route.Number, Site: k.route.Site.Name, Trunk: k.trunk}
	k.cursor = dialplan.NewCursor(menu, k.uuid, caller, called, k.record.Started)
	k.inMenu()
	return menu, nil
}

// inMenu notes the version of the menu that the call is in.
func (k *call) inMenu() {
	k.record.Menu, k.record.Version, k.public.Menu = k.cursor.Menu, k.cursor.Version, k.cursor.Menu
}

// menu loads one version of a menu.
func (k *call) menu(ctx context.Context, id, version string) (*dialplan.Menu, error) {
	menu, err := k.ctl.cfg.Numbers.Menu(ctx, id, version)
	if err != nil {
		return nil, fmt.Errorf("load menu %q: %w", id, err)
	}
	return menu, nil
}

// claim tells the others that the call is ours, and FreeSWITCH where it goes
// when nobody can be reached any more.
func (k *call) claim(ctx context.Context) {
	k.show()
	k.log.LogAttrs(ctx, slog.LevelInfo, "call", slog.String("number", k.record.Number), slog.String("caller", k.record.Caller),
		slog.String("menu", k.cursor.Menu), slog.String("node", k.cursor.Node), slog.Int("resumed", k.record.Resumed))
	if fallback := k.route.Fallback; isDestination(fallback) {
		if _, err := k.line.send(ctx, k.line.set("dialgraph_fallback", fallback)); err != nil {
			return // the walk's first verb says so
		}
	}
	ask, cancel := context.WithTimeout(ctx, k.ctl.cfg.Settle)
	defer cancel()
	if k.ctl.cfg.Owners != nil {
		k.claimed = true // also when it failed: a claim is made again when the store is back
		k.stored("claim call", k.ctl.cfg.Owners.Claim(ask, k.owned()))
	}
	k.stored("put record", k.ctl.cfg.Records.Put(ask, k.record))
}

// note brings record and cursor up to date.
func (k *call) note() { k.record.note(k.line.notes.take(), k.cursor) }

// keep saves what the record knows by now.
func (k *call) keep() {
	ctx, cancel := context.WithTimeout(context.Background(), keeping)
	defer cancel()
	k.note()
	k.stored("put record", k.ctl.cfg.Records.Put(ctx, k.record))
}

func (k *call) owned() Owned {
	channel := k.sess.Channel()
	return Owned{
		Call: k.uuid, Node: channel.Get("FreeSWITCH-Switchname"), Core: channel.Get("Core-UUID"),
		Instance: k.ctl.cfg.Instance, Token: k.token, Since: k.ctl.cfg.Clock(), New: !channel.HasVar("dialgraph_owner"),
	}
}

// stored counts and logs what the store could not do; the call goes on.
func (k *call) stored(what string, err error) {
	if err != nil {
		k.ctl.stats.storeErrors.Add(1)
		k.log.Warn("store failed", "doing", what, "error", err)
	}
}

// refuse ends our part of a call that cannot be walked: a short notice, then
// the number's fallback; 503 when there are too many calls.
func (k *call) refuse(ctx context.Context, why error) error {
	if k.line.over != nil {
		return k.line.over
	}
	if errors.Is(why, errFull) {
		k.ctl.stats.refused.Add(1)
		k.log.Warn("call refused", "error", why)
		k.record.Error = errorText(why)
		return k.line.Hangup(ctx, "NORMAL_TEMPORARY_FAILURE") // 503 while it is not answered
	}
	k.ctl.stats.unrouted.Add(1)
	k.log.Warn("call cannot be served", "number", k.record.Dialled, "error", why)
	k.record.Error = errorText(why)
	if _, err := k.line.run(ctx, "playback", k.ctl.cfg.Notice, k.line.terminators(false)...); err != nil {
		return err
	}
	if isDestination(k.route.Fallback) {
		return k.line.Exit(ctx, k.route.Fallback)
	}
	return k.line.Exit(ctx, "")
}

// errorText is an error as a record keeps it.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	text := strings.ToValidUTF8(err.Error(), "")
	return text[:min(len(text), 500)]
}

// trunk is what is believed of a trunk.
func (c Config) trunk(name string) Trunk {
	if t, ok := c.Trunks[name]; ok {
		setDefault(&t.Trust, TrustFrom)
		return t
	}
	return c.DefaultTrunk
}
