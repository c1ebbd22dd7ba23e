package controller

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/dialplan"
)

const (
	// blip is how long a wait may take before music is worth beginning.
	blip = 20 * time.Millisecond
	// nothingToHear stands in for music that cannot be played.
	nothingToHear = "silence_stream://-1"
	// defaultMusic is the local stream of the shipped FreeSWITCH configuration.
	defaultMusic = "local_stream://moh"
	// probeRarely is how many times probeEvery two looks whether music still
	// plays may be apart. The first comes after probeEvery, and each takes twice
	// as long to come as the one before: thousands may wait, and for hours.
	probeRarely = 4
)

// music is what a waiting caller hears.
func (l *line) music(ctx context.Context, s dialplan.Sound) string {
	if s.File == "" && s.Text == "" && s.Tone == "" {
		return defaultMusic
	}
	file, err := l.file(ctx, s)
	if err != nil {
		l.missing(s.Name, err)
		return defaultMusic
	}
	return file
}

// Hold plays music while wait runs.
func (l *line) Hold(ctx context.Context, h dialplan.Hold, wait func(context.Context) error) (string, error) {
	if err := l.drain(ctx); err != nil {
		return "", err
	}
	if key := l.pick(h.Keys); key != "" {
		return key, nil
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	m := &hold{line: l, Hold: h, cancel: cancel, probe: l.cfg.probe}
	m.begin(ctx)
	return m.end(ctx, wait(waiting))
}

// A hold is music for a caller who waits. The goroutine of the call waits for
// what the caller waits for, and nobody waits for the caller: a goroutine comes
// when FreeSWITCH has sent something or the music is to be looked after, has
// the line meanwhile, and goes.
type hold struct {
	dialplan.Hold
	cancel context.CancelFunc // of the wait

	mu    sync.Mutex // whoever holds it has the line
	line  *line
	alarm *time.Timer   // begins the music, then asks whether it still plays
	probe time.Duration // until it next asks
	music string
	id    string // of the music that plays, "" while none does
	over  bool   // the line is the call's own again, or will be
	key   string // that ended it
	err   error
	fault any // what a goroutine panicked with
}

// begin begins the music, unless the wait is over first.
func (m *hold) begin(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.alarm = time.AfterFunc(blip, func() { m.tend(ctx, m.see) })
}

// end gives the line back to the goroutine of the call, once the wait is over.
func (m *hold) end(ctx context.Context, err error) (key string, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.alarm.Stop()
	m.line.sess.Notify(nil)
	over := m.over
	m.over = true
	switch {
	case m.fault != nil:
		panic(m.fault) // where it ends this call only
	case over:
		return m.key, m.err
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case m.id == "":
		return "", err
	}
	if stuck := m.line.stop(ctx, m.id); err == nil {
		err = stuck
	}
	return "", err
}

// tend has the line while it looks after the caller. A key or an error ends
// the hold.
func (m *hold) tend(ctx context.Context, look func(context.Context) (key string, err error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over {
		return
	}
	defer func() {
		if m.fault = recover(); m.fault != nil {
			m.over = true
			m.cancel()
		}
	}()
	if m.key, m.err = look(ctx); m.key != "" || m.err != nil {
		m.over = true
		m.cancel()
		return
	}
	m.line.sess.Notify(func() { m.tend(ctx, m.hear) })
}

// hear takes what has come.
func (m *hold) hear(ctx context.Context) (key string, err error) {
	for e := m.line.next(); e != nil; e = m.line.next() {
		switch {
		case m.line.over != nil:
			return "", m.line.over
		case completes(e, m.id):
			if err := m.ended(ctx, e); err != nil {
				return "", err
			}
		default:
			if key := m.line.pick(m.Keys); key != "" {
				return key, m.line.stop(ctx, m.id)
			}
		}
	}
	return "", m.line.over
}

// play plays the music.
func (m *hold) play(ctx context.Context) (err error) {
	m.id, err = m.line.start(ctx, "playback", m.music, m.line.terminators(false)...)
	m.alarm.Reset(m.probe)
	return err
}

// ended plays the music again when it has come to its end.
func (m *hold) ended(ctx context.Context, e *esl.Event) error {
	if err := m.line.settle(ctx, e); err != nil {
		return err
	}
	if !isMusic(e) && m.music != nothingToHear {
		m.line.missing(m.music, errNoFile)
		m.music = nothingToHear
	}
	return m.play(ctx)
}

// see begins the music, then sees to it that it still plays: somebody may have
// dropped it.
func (m *hold) see(ctx context.Context) (key string, err error) {
	if m.music == "" {
		m.music = m.line.music(ctx, m.Music)
		return "", m.play(ctx)
	}
	playing, err := m.line.runs(ctx)
	if err != nil {
		return "", err
	}
	if !playing {
		m.probe = m.line.cfg.probe
		return "", m.play(ctx)
	}
	m.probe = min(2*m.probe, probeRarely*m.line.cfg.probe)
	m.alarm.Reset(m.probe)
	return "", nil
}

// isMusic tells whether what a playback has come to the end of can be played
// again and again: it was there, and was no click.
func isMusic(completion *esl.Event) bool {
	played, err := strconv.Atoi(completion.Var("playback_ms"))
	return completion.Get("Application-Response") == "FILE PLAYED" && (err != nil || played >= 200)
}

// pick takes the first of the keys out of the type-ahead; the others stay.
func (l *line) pick(keys string) string {
	typed := l.typed.String()
	i := strings.IndexAny(typed, keys)
	if i < 0 || keys == "" {
		return ""
	}
	*l.typed = *dialplan.NewTypeAhead(typed[:i] + typed[i+1:])
	return typed[i : i+1]
}
