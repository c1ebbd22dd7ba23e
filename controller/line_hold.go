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
	// lookAfter is how long music has played when it is first asked whether it
	// still does; from then on that is asked each time after twice as long:
	// thousands may wait, and for hours.
	lookAfter = 30 * time.Second
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

// Hold plays music until wait is over.
func (l *line) Hold(ctx context.Context, h dialplan.Hold, wait dialplan.Wait) (string, error) {
	if err := l.drain(ctx); err != nil {
		return "", err
	}
	if key := l.pick(h.Keys); key != "" {
		return key, nil
	}
	began := time.Now()
	m := &hold{line: l, keys: h.Keys, sound: h.Music, then: h.Over, look: began.Add(blip), probe: l.cfg.probe}
	if h.AtMost > 0 {
		m.until = began.Add(h.AtMost)
	}
	if key, err := m.run(ctx, wait); key != "" || err != nil {
		return key, err
	}
	return "", m.ends()
}

// A hold is music for a caller who waits.
type hold struct {
	line  *line
	keys  string
	sound dialplan.Sound
	then  func(error) // when the wait is over
	until time.Time   // of the wait, zero for ever

	look  time.Time     // when music begins, then when to look whether it still plays
	probe time.Duration // until the look after that
	music string
	id    string // of the music that plays, "" while none does

	mu   sync.Mutex // the wait ends on any goroutine
	over bool
	err  error
}

// run begins the wait and sees it to its end.
func (m *hold) run(ctx context.Context, wait dialplan.Wait) (key string, err error) {
	stop := wait(m.done)
	defer stop()
	return m.listen(ctx)
}

// done ends the wait, the first time.
func (m *hold) done(err error) {
	m.mu.Lock()
	if !m.over {
		m.over, m.err = true, err
	}
	m.mu.Unlock()
	m.line.sess.Wake()
}

func (m *hold) isOver() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.over
}

// ends is the error that the wait has ended with.
func (m *hold) ends() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// listen listens to the caller until the wait is over, and the music with it, or
// a key ends both.
func (m *hold) listen(ctx context.Context) (key string, err error) {
	for {
		if m.isOver() {
			if m.then != nil {
				m.then(m.ends())
			}
			return "", m.quiet(ctx)
		}
		e, err := m.line.hear(ctx, m.next())
		switch {
		case err != nil:
			return "", err
		case e == nil:
			err = m.tick(ctx)
		case completes(e, m.id):
			err = m.ended(ctx, e)
		default:
			if key := m.line.pick(m.keys); key != "" {
				return key, m.quiet(ctx)
			}
		}
		if err != nil {
			return "", err
		}
	}
}

// next is when there is something to do.
func (m *hold) next() time.Time {
	if m.until.IsZero() || m.look.Before(m.until) {
		return m.look
	}
	return m.until
}

// quiet ends the music.
func (m *hold) quiet(ctx context.Context) error {
	if m.id == "" {
		return nil
	}
	return m.line.stop(ctx, m.id)
}

// tick does what it is time for.
func (m *hold) tick(ctx context.Context) error {
	now := time.Now()
	switch {
	case m.isOver():
		return nil
	case !m.until.IsZero() && !now.Before(m.until):
		m.done(context.DeadlineExceeded)
		return nil
	case now.Before(m.look):
		return nil
	case m.music == "":
		m.music = m.line.music(ctx, m.sound)
		return m.play(ctx)
	}
	return m.see(ctx)
}

// play plays the music.
func (m *hold) play(ctx context.Context) (err error) {
	m.id, err = m.line.start(ctx, "playback", m.music, m.line.terminators(false)...)
	m.look = m.line.pulse.together(m.probe)
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

// see sees to it that the music still plays: somebody may have dropped it.
func (m *hold) see(ctx context.Context) error {
	playing, err := m.line.runs(ctx)
	if err != nil {
		return err
	}
	if !playing {
		m.probe = m.line.cfg.probe
		return m.play(ctx)
	}
	m.probe = 2 * m.line.cfg.probe
	m.look = m.line.pulse.together(m.probe)
	return nil
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
