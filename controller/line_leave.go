package controller

import (
	"context"
	"errors"
	"regexp"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/dialplan"
)

// leaving bounds how long FreeSWITCH may take to hang up or transfer a call.
const leaving = 5 * time.Second

// destination is a place in FreeSWITCH's dialplan: EXTENSION or EXTENSION XML
// CONTEXT, as the shipped dialplan reads it.
var destination = regexp.MustCompile(`^[0-9A-Za-z+*#_.-]{1,64}( XML [0-9A-Za-z_.-]{1,64})?$`)

func isDestination(s string) bool { return destination.MatchString(s) }

// Exit leaves the call to the destination, or to the number's own fallback.
// The dialplan extension that brought the call here knows where to send it
// once dialgraph_done is set; merely closing the socket would come back. With
// socket_resume=true the closing would reset the channel in the middle of the
// fallback and leave it there for ever (mod_event_socket.c, listener_run).
func (l *line) Exit(ctx context.Context, to string) error {
	if err := l.drain(ctx); err != nil {
		return err
	}
	before := []esl.Command{{Line: "api uuid_setvar_multi " + l.uuid + " dialgraph_done=true;socket_resume=false;playback_delimiter=;playback_terminators="}}
	if isDestination(to) {
		before = append(before, l.set("dialgraph_fallback", to))
	} else if to != "" {
		l.log.Warn("exit to what is no destination; the number's fallback instead")
	}
	channel := l.sess.Channel()
	self := dialled(channel) + " XML " + channel.Get("Caller-Context")
	if !isDestination(self) {
		return l.Hangup(ctx, "NORMAL_TEMPORARY_FAILURE") // nothing to go back to
	}
	l.left = true
	if _, err := l.start(ctx, "transfer", self, before...); err != nil {
		return err
	}
	if err := l.awaitOver(ctx); errors.Is(err, errTaken) || errors.Is(err, errLost) {
		l.over = nil // as we wished
	}
	return l.over
}

// Hangup ends the call.
func (l *line) Hangup(ctx context.Context, cause string) error {
	if err := l.drain(ctx); err != nil {
		return err
	}
	if !isCause(cause) {
		cause = "NORMAL_CLEARING"
	}
	l.ended = true
	_, err := l.send(ctx, esl.Command{Line: "api uuid_kill " + l.uuid + " " + cause})
	if err == nil {
		err = l.awaitOver(ctx)
	}
	if errors.Is(err, dialplan.ErrHangup) {
		return nil
	}
	return err
}

// awaitOver waits until the call is no longer ours.
func (l *line) awaitOver(ctx context.Context) error {
	for until := time.Now().Add(leaving); ; {
		e, err := l.event(ctx, until)
		if err != nil {
			return err
		}
		if e == nil {
			return errors.New("call does not leave")
		}
	}
}
