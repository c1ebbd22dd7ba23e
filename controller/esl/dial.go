package esl

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Dial logs in to the event socket of a FreeSWITCH node (mod_event_socket, port 8021 as a rule). The error is ErrAuth
// for a wrong password, ErrRejected when the node's access list refuses this host, or says which wait ran out.
// Subscribe with Pipeline and EventPlain, then take Events: they are bounded.
func Dial(ctx context.Context, addr, password string, o Options) (*Conn, error) {
	o = o.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, o.HandshakeTimeout)
	defer cancel()
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("dial event socket: %w", err)
	}
	c := newConn(nc, o)
	go c.read()
	if err := login(ctx, c, password); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("log in to event socket %s: %w", addr, err)
	}
	return c, nil
}

// login waits for FreeSWITCH's greeting and answers with the password.
func login(ctx context.Context, c *Conn, password string) error {
	greeting, err := c.greeting(ctx)
	switch {
	case err != nil:
		return err
	case greeting.contentType == TypeRejection:
		return ErrRejected
	case greeting.contentType != TypeAuth:
		return &ProtocolError{Reason: fmt.Sprintf("greeting of type %.40q", greeting.contentType)}
	}
	_, err = c.Command(ctx, "auth "+password)
	if refusal := (*ReplyError)(nil); errors.As(err, &refusal) {
		return ErrAuth
	}
	return err
}

// greeting is the first frame of the node.
func (c *Conn) greeting(ctx context.Context) (*Event, error) {
	for e := range c.Events(ctx) {
		return e, nil
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("await greeting: %w", ctx.Err())
}
