package controller_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/controller/fstest"
	"github.com/dialgraph/dialgraph/dialplan"
)

// The caller hangs up as FreeSWITCH brings the call to the next controller:
// what is known of it stays, and what it held is given back.
func TestHangsUpOnTheWay(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	l1 := listen(t)
	first := start(t, "one", l1, m, nil)
	sw := node(t, l1.Addr().String())
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Keys("2")})
	if _, err := call.WaitFor(soon(t), heard("music")); err != nil {
		t.Fatal(err)
	}
	first.kill()
	await(t, "the first controller to be gone", func() bool { return first.Stats().Lost == 1 })
	second := start(t, "two", listen(t), m, nil)
	hungUpOnArrival(t, second.address, call)
	r := m.ended(t, call.UUID())
	if !slices.Equal(r.Path, []string{"hello", "choose", "agent"}) || r.Caller != "+380671234567" || r.Queue != "services" || r.Instance != "two" {
		t.Errorf("record %+v, want all that was known of the call", r)
	}
	await(t, "the place in the queue to be given back", func() bool {
		return slices.Equal(m.gone(), []dialplan.LeaveReason{dialplan.LeaveAbandoned})
	})
	await(t, "the cursor to go", func() bool { c, _ := m.Load(t.Context(), call.UUID()); return c == nil })
}

// A controller that has not learned of the number yet, or for which the number
// has gone meanwhile, goes on with a call that was under way.
func TestNumberUnknownOnTheWay(t *testing.T) {
	for name, learns := range map[string]bool{"not yet": true, "any more": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemory()
			m.use(t, line)
			l1, l2 := listen(t), listen(t)
			first := start(t, "one", l1, m, nil)
			numbers := &learner{memory: m}
			start(t, "two", l2, m, func(c *controller.Config) { c.Numbers = numbers })
			sw := node(t, l1.Addr().String(), l2.Addr().String())
			call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Script{
				fstest.Asks(), pass(first.kill), fstest.Hear("moh"),
				pass(func() { numbers.knows.Store(learns) }),
				fstest.Hear("choose"), fstest.Press("1"), fstest.Asks(), fstest.Press("1234#"),
			}})
			if _, err := call.Wait(soon(t)); err != nil {
				t.Fatal(err)
			}
			r := m.ended(t, call.UUID())
			if want := []string{"hello", "choose", "number", "bye", "end"}; !slices.Equal(r.Path, want) || r.Number == "" {
				t.Errorf("path %q of number %q, want %q\n%s", r.Path, r.Number, want, call.Transcript())
			}
		})
	}
}

// A learner knows no number until it is told.
type learner struct {
	*memory
	knows atomic.Bool
}

func (l *learner) Route(ctx context.Context, dialled string) (controller.Route, error) {
	if !l.knows.Load() {
		return controller.Route{}, controller.ErrUnknownNumber
	}
	return l.memory.Route(ctx, dialled)
}

// hungUpOnArrival brings a call to a controller as FreeSWITCH does when the
// caller hangs up at that very moment.
func hungUpOnArrival(t *testing.T, controller string, call *fstest.Call) {
	t.Helper()
	conn, err := net.Dial("tcp", controller)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	answer := func(text string) {
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Errorf("answer the controller: %v", err)
		}
	}
	commands := bufio.NewScanner(conn)
	for commands.Scan() {
		switch line := commands.Text(); {
		case line == "connect":
			answer(fmt.Sprintf("Event-Name: CHANNEL_DATA\nUnique-ID: %s\nAnswer-State: hangup\nFreeSWITCH-Switchname: fs1\n"+
				"Caller-Channel-Created-Time: 1\nvariable_dialgraph_number: 0800111222\nvariable_dialgraph_owner: %s\n"+
				"Content-Type: command/reply\nReply-Text: +OK\n\n", call.UUID(), call.Variable("dialgraph_owner")))
		case strings.HasPrefix(line, "api uuid"):
			const refusal = "-ERR No such channel!\n"
			answer(fmt.Sprintf("Content-Type: api/response\nContent-Length: %d\n\n%s", len(refusal), refusal))
			return
		case line != "":
			answer("Content-Type: command/reply\nReply-Text: +OK\n\n")
		}
	}
}
