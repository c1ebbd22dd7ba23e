package bench

import (
	"context"
	"errors"
	"net"

	"github.com/percipia/eslgo"
	"github.com/percipia/eslgo/command"
	"github.com/percipia/eslgo/command/call"
)

// This is the call of scenario a as somebody would write it with eslgo: its own
// listener and event listeners, the menu in memory, nothing saved anywhere. The
// commands are those that our controller sends; eslgo has no way to send several
// in one write.

// listenESLGo starts the server; eslgo cannot stop it, and takes an address,
// not a listener, so that the port is looked for beforehand.
func listenESLGo(ctx context.Context, _ struct{}) (place, error) {
	port, err := freePort()
	if err != nil {
		return place{}, err
	}
	addr := net.JoinHostPort(loopback, port)
	options := eslgo.DefaultOutboundOptions
	options.Logger = nil // by default it logs each call
	failed := make(chan error, 1)
	go func() { failed <- options.ListenAndServe(addr, eslgoCall) }()
	return place{addr}, eventually(ctx, "eslgo listens", func() error {
		select {
		case err := <-failed:
			return errors.Join(errors.New("eslgo stopped"), err)
		default:
		}
		return reachable(addr)
	})
}

// An eslgoMenu is one call.
type eslgoMenu struct {
	conn   *eslgo.Conn
	uuid   string
	events chan *eslgo.Event
}

func eslgoCall(ctx context.Context, conn *eslgo.Conn, channel *eslgo.RawResponse) {
	m := &eslgoMenu{conn: conn, uuid: channel.ChannelUUID(), events: make(chan *eslgo.Event, 64)}
	conn.RegisterEventListener(m.uuid, func(e *eslgo.Event) { m.events <- e })
	_ = m.run(ctx) // the load sees a call that did not come to its end
}

func (m *eslgoMenu) run(ctx context.Context) error {
	err := m.send(ctx,
		command.Linger{Enabled: true, Seconds: 5},
		command.Filter{EventHeader: "Unique-ID", FilterValue: m.uuid},
		command.Event{Format: "plain", Listen: []string{eventNames}},
		command.API{Command: "uuid_setvar_multi", Arguments: m.uuid + " " + callVariables},
		command.API{Command: "sched_hangup", Arguments: "+14400 " + m.uuid + " ALLOTTED_TIMEOUT"})
	if err != nil {
		return err
	}
	if _, err = m.execute(ctx, "answer", "", "1"); err != nil {
		return err
	}
	if err = m.send(ctx, command.API{Command: "uuid_setvar", Arguments: m.uuid + " playback_terminators any"}); err != nil {
		return err
	}
	if _, err = m.execute(ctx, "playback", greetingFile, "2"); err != nil {
		return err
	}
	choice, err := m.execute(ctx, "play_and_get_digits", choiceArgument, "3")
	if err != nil {
		return err
	}
	if choice.GetHeader("variable_dialgraph_digits") == "1" {
		number, err := m.execute(ctx, "play_and_get_digits", numberArgument, "4")
		if err != nil {
			return err
		}
		if len(number.GetHeader("variable_dialgraph_digits")) != 6 {
			return errors.New("no number")
		}
		if _, err := m.execute(ctx, "playback", thanksFile, "5"); err != nil {
			return err
		}
	}
	if err := m.send(ctx, command.API{Command: "uuid_kill", Arguments: m.uuid + " NORMAL_CLEARING"}); err != nil {
		return err
	}
	_, err = m.await(ctx, func(e *eslgo.Event) bool { return e.GetName() == "CHANNEL_HANGUP_COMPLETE" })
	return err
}

func (m *eslgoMenu) send(ctx context.Context, commands ...command.Command) error {
	for _, c := range commands {
		if _, err := m.conn.SendCommand(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// execute runs an application to its completion.
func (m *eslgoMenu) execute(ctx context.Context, app, arg, id string) (*eslgo.Event, error) {
	id = m.uuid[:8] + "-" + id
	if err := m.send(ctx, &call.Execute{AppName: app, AppArgs: arg, AppUUID: id, Sync: true}); err != nil {
		return nil, err
	}
	return m.await(ctx, func(e *eslgo.Event) bool {
		return e.GetName() == complete && e.GetHeader("Application-UUID") == id
	})
}

func (m *eslgoMenu) await(ctx context.Context, wanted func(*eslgo.Event) bool) (*eslgo.Event, error) {
	for {
		select {
		case e := <-m.events:
			if wanted(e) {
				return e, nil
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
