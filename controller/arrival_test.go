package controller_test

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

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
