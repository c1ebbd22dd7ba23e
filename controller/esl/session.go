package esl

import (
	"context"
	"fmt"
)

// A Session is one call that FreeSWITCH handed over: the connection of its `socket` application.
type Session struct {
	*Conn
	uuid    string
	channel *Event
}

// Channel is the reply to `connect`: the channel's data and variables as they were when the call was handed over.
func (s *Session) Channel() *Event { return s.channel }

// UUID is the channel's Unique-ID.
func (s *Session) UUID() string { return s.uuid }

// connect takes the call over.
func connect(ctx context.Context, c *Conn) (*Session, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.HandshakeTimeout)
	defer cancel()
	channel, err := c.Command(ctx, "connect")
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	uuid := channel.Get("Unique-ID")
	if uuid == "" {
		return nil, c.fail(&ProtocolError{Reason: "no channel data in the reply to connect"})
	}
	return &Session{Conn: c, uuid: uuid, channel: channel}, nil
}
