//go:build freeswitch

package realswitch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/emiago/diago"
	"github.com/emiago/diago/media"
	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// within bounds every wait for something that should happen soon.
const within = 15 * time.Second

// A phone is a SIP telephone on a free port of the loopback.
type phone struct {
	t    testing.TB
	dg   *diago.Diago
	user string
	sw   sip.Uri // the switch
}

// newPhone starts a telephone. Calls that come in are given to take.
func newPhone(t testing.TB, user string, take func(*diago.DialogServerSession)) *phone {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	ua, err := sipgo.NewUA(sipgo.WithUserAgent(user), sipgo.WithUserAgentHostname("127.0.0.1"))
	if err != nil {
		t.Fatalf("telephone %s: %v", user, err)
	}
	p := &phone{t: t, user: user, sw: switchURI(t)}
	p.dg = diago.NewDiago(ua,
		diago.WithTransport(diago.Transport{Transport: "udp", BindHost: "127.0.0.1", BindPort: freePort(t)}),
		diago.WithMediaConfig(diago.MediaConfig{Codecs: []media.Codec{media.CodecAudioUlaw, media.CodecTelephoneEvent8000}}),
		diago.WithLogger(quiet))
	ctx, cancel := context.WithCancel(context.Background())
	if err := p.dg.ServeBackground(ctx, take); err != nil {
		t.Fatalf("telephone %s: %v", user, err)
	}
	t.Cleanup(func() {
		cancel()
		_ = ua.Close()
	})
	return p
}

// switchURI is the SIP address of the FreeSWITCH under test.
func switchURI(t testing.TB) sip.Uri {
	t.Helper()
	host, port, err := net.SplitHostPort(settings.sip)
	if err != nil {
		t.Fatalf("FREESWITCH_SIP %q: want host:port", settings.sip)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatalf("FREESWITCH_SIP %q: %v", settings.sip, err)
	}
	return sip.Uri{Scheme: "sip", Host: host, Port: n}
}

func freePort(t testing.TB) int {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	return c.LocalAddr().(*net.UDPAddr).Port
}

// A caller is somebody who has called a number.
type caller struct {
	*ear
	dialog   *diago.DialogClientSession
	invited  time.Time
	answered time.Time
}

// call dials a number and returns once it was answered.
func (p *phone) call(ctx context.Context, to string, headers ...sip.Header) (*caller, error) {
	recipient := p.sw
	recipient.User = to
	invited := time.Now()
	opts := diago.InviteOptions{Headers: append([]sip.Header{}, headers...)}
	if len(headers) == 0 {
		opts.Headers = append(opts.Headers, &sip.FromHeader{
			DisplayName: p.user, Address: sip.Uri{Scheme: "sip", User: p.user, Host: "127.0.0.1"}, Params: sip.NewParams(),
		})
	}
	d, err := p.dg.Invite(ctx, recipient, opts)
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", to, err)
	}
	c := &caller{dialog: d, invited: invited, answered: time.Now()}
	c.ear = listen(p.t, &d.DialogMedia, d.Context())
	p.t.Cleanup(func() {
		c.stop()
		_ = d.Close()
	})
	return c, nil
}

// mustCall is call for a test that cannot go on without.
func (p *phone) mustCall(to string, headers ...sip.Header) *caller {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), within)
	defer cancel()
	c, err := p.call(ctx, to, headers...)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// hangup ends the call.
func (c *caller) hangup() {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	_ = c.dialog.Hangup(ctx) // a call that the other side has ended is ended
}

// ended waits until the other side has hung up.
func (c *caller) ended() error {
	select {
	case <-c.dialog.Context().Done():
		return nil
	case <-time.After(within):
		return errors.New("the call was not hung up")
	}
}

// alive tells whether the call is still there.
func (c *caller) alive() bool { return c.dialog.Context().Err() == nil }

// An ear hears and presses keys on one leg.
type ear struct {
	t    testing.TB
	m    *diago.DialogMedia
	keys chan rune
	quit chan struct{}
	done chan struct{}
	log  *hearing
}

// listen starts to hear, and to send silence and keys, until stop.
func listen(t testing.TB, m *diago.DialogMedia, ctx context.Context) *ear {
	e := &ear{t: t, m: m, keys: make(chan rune, 256), quit: make(chan struct{}), done: make(chan struct{}), log: newHearing()}
	go e.speak(ctx)
	go e.hear(ctx)
	return e
}

func (e *ear) stop() {
	select {
	case <-e.quit:
	default:
		close(e.quit)
		<-e.done
	}
}

// press queues keys; they go out ten a second, as fast as people can type.
func (e *ear) press(keys string) {
	for _, k := range keys {
		e.keys <- k
	}
}

// frame is the time of one RTP packet, of 160 samples at 8 kHz.
const (
	frame   = 20 * time.Millisecond
	samples = 160
)

// speak sends a packet each frame: silence, or the events of a key (RFC 2833:
// three packets that last, three that end it, then a gap of two frames).
func (e *ear) speak(ctx context.Context) {
	defer close(e.done)
	silence := make([]byte, samples)
	for i := range silence {
		silence[i] = 0xff // PCMU
	}
	w := e.m.RTPPacketWriter
	tick := time.NewTicker(frame)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.quit:
			return
		case <-tick.C:
		}
		select {
		case k := <-e.keys:
			if err := e.key(w, k, tick); err != nil {
				return
			}
		default:
			if _, err := w.WriteSamples(silence, samples, false, media.CodecAudioUlaw.PayloadType); err != nil {
				return
			}
		}
	}
}

// key sends one key: 60 ms of tone and 40 ms of pause.
func (e *ear) key(w *media.RTPPacketWriter, k rune, tick *time.Ticker) error {
	event := media.RTPDTMFEncode8000(k)[0]
	for i := range 3 {
		event.Duration = samples * uint16(i+1)
		if _, err := w.WriteSamples(media.DTMFEncode(event), 0, i == 0, media.CodecTelephoneEvent8000.PayloadType); err != nil {
			return err
		}
		<-tick.C
	}
	event.EndOfEvent = true
	for range 3 {
		if _, err := w.WriteSamples(media.DTMFEncode(event), 0, false, media.CodecTelephoneEvent8000.PayloadType); err != nil {
			return err
		}
	}
	w.DelayTimestamp(5 * samples)
	<-tick.C
	return nil
}

// hear reads what comes and keeps the moments at which sound begins and ends.
func (e *ear) hear(ctx context.Context) {
	defer e.log.close()
	r, err := e.m.AudioReader()
	if err != nil {
		return
	}
	buf := make([]byte, 2048)
	for ctx.Err() == nil {
		n, err := r.Read(buf)
		if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		e.log.frame(time.Now(), loudness(buf[:n]))
	}
}
