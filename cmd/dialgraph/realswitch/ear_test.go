//go:build freeswitch

package realswitch

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emiago/diago"
	"github.com/emiago/diago/media"
	"github.com/pion/rtp"
)

// One RTP packet: 160 samples at 8 kHz.
const (
	frameTime = 20 * time.Millisecond
	samples   = 160
	// handset is how many frames go out before the first key: FreeSWITCH does
	// not see one that stands in the very first packets of a stream.
	handset = 5
)

// An ear hears, speaks and presses keys on one leg.
type ear struct {
	*hearing
	t    testing.TB
	m    *diago.DialogMedia
	keys chan rune
	quit chan struct{}
	done sync.WaitGroup
	once sync.Once
	at   int // place in the hearing up to which the test has listened

	spoken atomic.Int64 // frames since the last key

	sent, received atomic.Int64 // packets of voice: FreeSWITCH counts keys apart
}

// listen starts to hear, and to speak in a tone, until stop.
func listen(ctx context.Context, t testing.TB, m *diago.DialogMedia, tone string) *ear {
	e := &ear{hearing: newHearing(), t: t, m: m, keys: make(chan rune, 256), quit: make(chan struct{})}
	e.done.Add(1)
	go e.speak(ctx, voiceFrame(tone))
	go e.hear(ctx) // ends with the media
	return e
}

func (e *ear) stop() {
	e.once.Do(func() { close(e.quit) })
	e.done.Wait()
}

// press queues keys; they go out ten a second, as fast as people can type.
func (e *ear) press(keys string) {
	for _, k := range keys {
		e.keys <- k
	}
}

// typed waits until all keys have gone out, and have had the time to be acted
// upon.
func (e *ear) typed() {
	e.t.Helper()
	const enough = int64(200 * time.Millisecond / frameTime)
	eventually(e.t, "the keys are pressed", func() bool { return len(e.keys) == 0 && e.spoken.Load() >= enough })
}

// hears waits for a prompt, which must be the next thing heard but for those
// that may come before it.
func (e *ear) hears(want string, before ...string) sound {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	for {
		s, next, err := e.next(ctx, e.at)
		if err != nil {
			e.t.Fatalf("waiting for %s: %v", want, err)
		}
		e.at = next
		if s.name == want {
			return s
		}
		if !slices.Contains(before, s.name) {
			e.t.Fatalf("heard %s, want %s; heard: %s", s.name, want, e)
		}
	}
}

// walks hears prompts and presses keys in a given order: names of prompts, and
// "key K".
func (e *ear) walks(way string) {
	e.t.Helper()
	steps := strings.Fields(way)
	for i := 0; i < len(steps); i++ {
		if steps[i] == "key" {
			i++
			e.press(steps[i])
			continue
		}
		e.hears(steps[i])
	}
}

// hearsAfter waits for a sound that begins, or goes on, after a moment.
func (e *ear) hearsAfter(moment time.Time, want string) time.Time {
	e.t.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	for {
		e.mu.Lock()
		changed := e.changed
		for i, s := range e.sounds {
			if s.name == want && s.frames >= surely && s.end.After(moment) {
				e.at = max(e.at, i+1)
				e.mu.Unlock()
				if s.begin.After(moment) {
					return s.begin
				}
				return moment
			}
		}
		e.mu.Unlock()
		select {
		case <-changed:
		case <-deadline.C:
			e.t.Fatalf("%s is not heard after %s; heard: %s", want, moment.Format("05.000"), e)
		}
	}
}

// speak sends a packet each frame: the voice, or a key.
func (e *ear) speak(ctx context.Context, voice []byte) {
	defer e.done.Done()
	w := e.m.RTPPacketWriter
	tick := time.NewTicker(frameTime)
	defer tick.Stop()
	for said := 0; ; said++ {
		select {
		case <-ctx.Done():
			return
		case <-e.quit:
			return
		case <-tick.C:
		}
		keys := e.keys
		if said < handset {
			keys = nil
		}
		var err error
		select {
		case k := <-keys:
			e.spoken.Store(-1)
			err = pressKey(w, k, tick)
			e.spoken.Store(0)
		default:
			e.spoken.Add(1)
			_, err = w.WriteSamples(voice, samples, false, media.CodecAudioUlaw.PayloadType)
			e.sent.Add(1)
		}
		if err != nil {
			return
		}
	}
}

// pressKey sends one key by RFC 2833, 60 ms long and 40 ms of pause: three
// packets while it lasts, and the end three times (section 2.5.1.2 and 2.5.1.4).
func pressKey(w *media.RTPPacketWriter, k rune, tick *time.Ticker) error {
	event := media.RTPDTMFEncode8000(k)[0]
	event.EndOfEvent = false
	send := func(first bool) error {
		_, err := w.WriteSamples(media.DTMFEncode(event), 0, first, media.CodecTelephoneEvent8000.PayloadType)
		return err
	}
	for i := range 3 {
		event.Duration = samples * uint16(i+1)
		if err := send(i == 0); err != nil {
			return err
		}
		<-tick.C
	}
	event.EndOfEvent = true
	for range 3 {
		if err := send(false); err != nil {
			return err
		}
	}
	w.DelayTimestamp(5 * samples)
	<-tick.C
	return nil
}

// hear reads what comes until the media is closed.
func (e *ear) hear(ctx context.Context) {
	defer e.close()
	r, err := e.m.AudioReader()
	if err != nil {
		return
	}
	buf := make([]byte, media.RTPBufSize)
	var moments rtpClock
	for ctx.Err() == nil {
		n, err := r.Read(buf)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
			return
		case err != nil: // an early deadline
			continue
		}
		if n != samples { // a key
			continue
		}
		e.received.Add(1)
		e.frame(moments.of(e.m.RTPPacketReader.PacketHeader, time.Now()), recognise(buf[:n]))
	}
}

// An rtpClock tells when a packet was sent: by its timestamp (RFC 3550), so
// that a machine which stands still for a moment hears no gaps.
type rtpClock struct {
	last rtp.Header
	at   time.Time
}

// latest is how much later than its timestamp says a packet may come.
const latest = 2 * time.Second

// of is when the packet would have come without delay.
func (c *rtpClock) of(h rtp.Header, now time.Time) time.Time {
	at := c.at.Add(time.Duration(int32(h.Timestamp-c.last.Timestamp)) * time.Second / sampleRate)
	if h.SSRC != c.last.SSRC || at.After(now) || now.Sub(at) > latest {
		at = now
	}
	c.last, c.at = h, at
	return at
}
