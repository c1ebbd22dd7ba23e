//go:build freeswitch

package realswitch

import (
	"context"
	"errors"
	"fmt"
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
const within = 45 * time.Second

// A phone is a SIP telephone on a free port.
type phone struct {
	t    testing.TB
	dg   *diago.Diago
	user string
	sw   sip.Uri // the switch
}

// newPhone starts a telephone at a switch. Calls that come in are given to take.
func newPhone(t testing.TB, at *node, user string, take func(*diago.DialogServerSession)) *phone {
	t.Helper()
	ua, err := sipgo.NewUA(sipgo.WithUserAgent(user), sipgo.WithUserAgentHostname(settings.host))
	if err != nil {
		t.Fatalf("telephone %s: %v", user, err)
	}
	p := &phone{t: t, user: user, sw: at.uri(t)}
	p.dg = diago.NewDiago(ua,
		diago.WithTransport(diago.Transport{Transport: "udp", BindHost: settings.host, BindPort: freePort(t)}),
		diago.WithMediaConfig(diago.MediaConfig{Codecs: []media.Codec{media.CodecAudioUlaw, media.CodecTelephoneEvent8000}}),
		diago.WithLogger(slog.New(slog.DiscardHandler)))
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

// newCaller is a telephone that only calls.
func newCaller(t testing.TB, at *node, number string) *phone {
	t.Helper()
	return newPhone(t, at, number, func(d *diago.DialogServerSession) {
		_ = d.Respond(sip.StatusTemporarilyUnavailable, "Temporarily Unavailable", nil)
	})
}

func freePort(t testing.TB) int {
	t.Helper()
	c, err := net.ListenPacket("udp", net.JoinHostPort(settings.host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	return c.LocalAddr().(*net.UDPAddr).Port
}

// A caller is somebody who has called a number.
type caller struct {
	*ear
	number   string
	dialog   *diago.DialogClientSession
	invited  time.Time
	answered time.Time // zero while there is only early media
	left     time.Time // when the caller hung up
}

// A calling says how somebody calls.
type calling struct {
	name    string // shown; the number when empty
	early   bool   // return with early media, before the answer
	headers []sip.Header
}

// call dials a number and returns once it was answered, or has early media
// if that is enough.
func (p *phone) call(ctx context.Context, to string, how calling) (*caller, error) {
	recipient := p.sw
	recipient.User = to
	if how.name == "" {
		how.name = p.user
	}
	d, err := p.dg.NewDialog(recipient, diago.NewDialogOptions{})
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", to, err)
	}
	c := &caller{number: p.user, dialog: d, invited: time.Now()}
	err = d.Invite(ctx, diago.InviteClientOptions{
		EarlyMediaDetect: how.early,
		Headers: append([]sip.Header{&sip.FromHeader{
			DisplayName: how.name, Params: sip.NewParams(),
			Address: sip.Uri{Scheme: "sip", User: p.user, Host: settings.host},
		}}, how.headers...),
	})
	switch {
	case errors.Is(err, diago.ErrClientEarlyMedia) && how.early:
	case err == nil:
		c.answered = time.Now()
		err = d.Ack(ctx)
		fallthrough
	default:
		if err != nil {
			_ = d.Close()
			return nil, fmt.Errorf("call %s: %w", to, err)
		}
	}
	c.ear = listen(d.Context(), p.t, &d.DialogMedia, "caller")
	p.t.Cleanup(func() {
		c.stop()
		c.hangup()
		_ = d.Close()
	})
	return c, nil
}

// mustCall is call for a test that cannot go on without.
func (p *phone) mustCall(to string, how calling) *caller {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	c, err := p.call(ctx, to, how)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// tryCall calls once.
func (p *phone) tryCall(to string) (*caller, error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return p.call(ctx, to, calling{})
}

// mustBeRefused calls, and returns the SIP status of the refusal.
func (p *phone) mustBeRefused(to string) int {
	p.t.Helper()
	_, err := p.tryCall(to)
	if refused := (*sipgo.ErrDialogResponse)(nil); errors.As(err, &refused) {
		return refused.Res.StatusCode
	}
	p.t.Fatalf("call %s is not refused: %v", to, err)
	return 0
}

// awaitAnswer waits until a call with early media is answered.
func (c *caller) awaitAnswer() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	err := c.dialog.WaitAnswer(ctx, sipgo.AnswerOptions{})
	if err == nil {
		c.answered = time.Now()
		err = c.dialog.Ack(ctx)
	}
	if err != nil {
		c.t.Fatalf("the call is not answered: %v", err)
	}
}

// hangup ends the call, also one that was not answered yet.
func (c *caller) hangup() {
	if !c.alive() {
		return
	}
	c.left = time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	_ = c.dialog.Hangup(ctx) // a call that the other side has ended is ended
}

// isRefused waits until a call with early media is refused, and returns the SIP
// status.
func (c *caller) isRefused() int {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	err := c.dialog.WaitAnswer(ctx, sipgo.AnswerOptions{})
	if refused := (*sipgo.ErrDialogResponse)(nil); errors.As(err, &refused) {
		return refused.Res.StatusCode
	}
	c.t.Fatalf("the call is not refused: %v; heard: %s", err, c)
	return 0
}

// isHungUp waits until the other side has hung up.
func (c *caller) isHungUp() {
	c.t.Helper()
	select {
	case <-c.dialog.Context().Done():
	case <-time.After(within):
		c.t.Fatalf("the call was not hung up; heard: %s", c)
	}
}

// alive tells whether the call is still there.
func (c *caller) alive() bool { return c.dialog.Context().Err() == nil }

// callID is the SIP Call-ID.
func (c *caller) callID() string { return c.dialog.InviteRequest.CallID().Value() }

// uri is the SIP address of a switch.
func (n *node) uri(t testing.TB) sip.Uri {
	t.Helper()
	host, port, err := net.SplitHostPort(n.sip)
	if err != nil {
		t.Fatalf("SIP address %q: want host:port", n.sip)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatalf("SIP address %q: %v", n.sip, err)
	}
	return sip.Uri{Scheme: "sip", Host: host, Port: number}
}
