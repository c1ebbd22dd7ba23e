package controller_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/controller/fstest"
	"github.com/dialgraph/dialgraph/dialplan"
)

// one starts a controller and a switch that hands it its calls.
func one(t *testing.T, m *memory, change func(*controller.Config)) (*instance, *fstest.Switch) {
	t.Helper()
	l := listen(t)
	i := start(t, "one", l, m, change)
	return i, node(t, l.Addr().String())
}

var silent = fstest.Script{fstest.Await(fstest.Left)}

func TestCannotBeServed(t *testing.T) {
	away := errors.New("store is away")
	tests := []struct {
		name   string
		dialed string
		change func(m *memory)
		left   string
	}{
		{"unknown number", "0800999999", func(*memory) {}, ""},
		{"no active version", "0800111222", func(m *memory) { m.route.Version = "none" }, "2000"},
		{"nobody knows the number now", "0800111222", func(m *memory) { m.down = away }, "2000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMemory()
			m.use(t, line)
			tt.change(m)
			i, sw := one(t, m, nil)
			call := sw.Call(fstest.Caller{Number: "0671234567", To: tt.dialed, Script: silent})
			left, err := call.WaitFor(soon(t), func(e fstest.Event) bool { return e.Kind == fstest.Left || e.Kind == fstest.Ended })
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(left.Text, tt.left) {
				t.Errorf("left for %q, want %q\n%s", left.Text, tt.left, call.Transcript())
			}
			if resume := call.Variable("socket_resume"); resume != "false" {
				t.Errorf("left with socket_resume=%s: FreeSWITCH resets the channel when our socket closes, want false", resume)
			}
			if heard := call.Transcript().Only(fstest.Heard); len(heard) == 0 || !strings.Contains(heard[0].Text, "tone_stream") {
				t.Errorf("heard %v, want the notice first", heard)
			}
			await(t, "the call to be counted", func() bool { return i.Stats().Unrouted == 1 && i.Stats().Calls == 0 })
		})
	}
}

func TestStoreAwayAtTheStart(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	_, sw := one(t, m, func(c *controller.Config) { c.Cursors = broken{m} })
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Keys("1,1234#")})
	if _, err := call.Wait(soon(t)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(call.Transcript().String(), "bye.wav") {
		t.Errorf("not served from memory:\n%s", call.Transcript())
	}
}

// broken is a store whose cursors cannot be loaded.
type broken struct{ *memory }

func (broken) Load(context.Context, string) (*dialplan.Cursor, error) {
	return nil, errors.New("store is away")
}

// away is a store whose cursors cannot be loaded for a while.
type away struct {
	*memory
	asked atomic.Int32
}

func (a *away) Load(ctx context.Context, call string) (*dialplan.Cursor, error) {
	if a.asked.Add(1) < 3 {
		return nil, errors.New("store is away")
	}
	return a.memory.Load(ctx, call)
}

// Nobody knows where the caller stood until the store is back.
func TestResumeWaitsForTheStore(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	l1, l2 := listen(t), listen(t)
	first := start(t, "one", l1, m, nil)
	start(t, "two", l2, m, func(c *controller.Config) { c.Cursors = &away{memory: m} })
	sw := node(t, l1.Addr().String(), l2.Addr().String())
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Script{
		fstest.Asks(), pass(first.kill), fstest.Hear("moh"), fstest.Asks(), fstest.HangUp(),
	}})
	if _, err := call.Wait(soon(t)); err != nil {
		t.Fatal(err)
	}
	if r := m.ended(t, call.UUID()); !slices.Equal(r.Path, []string{"hello", "choose"}) || r.Resumed != 1 {
		t.Errorf("record %+v, want the call to go on where it stood", r)
	}
}

func TestLimits(t *testing.T) {
	tests := []struct {
		name   string
		number int
		trunk  int
	}{
		{"of a number", 1, 0},
		{"of a trunk", 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMemory()
			m.use(t, line)
			m.route.MaxCalls = tt.number
			i, sw := one(t, m, func(c *controller.Config) {
				c.Trunks = map[string]controller.Trunk{"127.0.0.1": {MaxCalls: tt.trunk}}
			})
			caller := fstest.Caller{Number: "0671234567", To: "0800111222", Variables: map[string]string{"sip_network_ip": "127.0.0.1"}}
			held := sw.Call(caller)
			if _, err := held.WaitFor(soon(t), func(e fstest.Event) bool { return e.Kind == fstest.Asked }); err != nil {
				t.Fatal(err)
			}
			over := sw.Call(caller)
			cause, err := over.Wait(soon(t))
			if err != nil || cause != "NORMAL_TEMPORARY_FAILURE" || len(over.Transcript().Only(fstest.Answered)) > 0 {
				t.Errorf("second call ended with %q, %v; want it refused unanswered\n%s", cause, err, over.Transcript())
			}
			if r := m.ended(t, over.UUID()); r.SIP != 503 || r.Caller != "+380671234567" || r.CallerRaw != "0671234567" {
				t.Errorf("record %+v, want SIP code 503, and who called", r)
			}
			for _, live := range i.Calls() { // the second may not have gone yet
				if live.Call == held.UUID() && (live.Caller != "+380671234567" || live.Menu != "line") {
					t.Errorf("live call %+v, want its caller and menu", live)
				}
			}
			held.Hangup()
			await(t, "the first call to be gone", func() bool { return i.Stats().Calls == 0 })
			third := sw.Call(caller)
			if _, err := third.WaitFor(soon(t), func(e fstest.Event) bool { return e.Kind == fstest.Asked }); err != nil {
				t.Errorf("third call: %v", err)
			}
			if got := i.Stats().Refused; got != 1 {
				t.Errorf("%d calls refused, want 1", got)
			}
		})
	}
}

func TestMissingPrompt(t *testing.T) {
	m := newMemory()
	m.use(t, strings.NewReplacer("prompt: choose,", "prompt: gone,", "  choose: {text", "  gone: {text").Replace(line))
	i, sw := one(t, m, nil)
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Keys("1,1234#")})
	if _, err := call.Wait(soon(t)); err != nil {
		t.Fatal(err)
	}
	if r := m.ended(t, call.UUID()); r.Missing != 1 || i.Stats().MissingPrompts != 1 {
		t.Errorf("%d prompts missing, %d counted, want 1", r.Missing, i.Stats().MissingPrompts)
	}
	if !strings.Contains(call.Transcript().String(), "bye.wav") {
		t.Errorf("digits not collected:\n%s", call.Transcript())
	}
}

// A call that another controller goes on with counts as before.
func TestLimitOfAResumedCall(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	m.route.MaxCalls = 1
	l1, l2 := listen(t), listen(t)
	first, second := start(t, "one", l1, m, nil), start(t, "two", l2, m, nil)
	sw := node(t, l1.Addr().String(), l2.Addr().String())
	asked := func(c *fstest.Call, times int) func() bool {
		return func() bool { return len(c.Transcript().Only(fstest.Asked)) == times }
	}
	held := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222"})
	await(t, "the call to be in the menu", asked(held, 1))
	first.kill()
	await(t, "the call to be in the menu again", asked(held, 2))
	over := sw.Call(fstest.Caller{Number: "0671234568", To: "0800111222"})
	if cause, err := over.Wait(soon(t)); err != nil || cause != "NORMAL_TEMPORARY_FAILURE" {
		t.Errorf("second call ended with %q, %v; want it refused\n%s", cause, err, over.Transcript())
	}
	held.Hangup()
	await(t, "the first call to be gone", func() bool { return second.Stats().Calls == 0 })
	third := sw.Call(fstest.Caller{Number: "0671234569", To: "0800111222"})
	await(t, "the third call to be in the menu", asked(third, 1))
}

func TestHostilePeer(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	i, sw := one(t, m, nil)
	for _, junk := range []string{
		"Content-Length: -1\n\n", "GET / HTTP/1.1\r\n\r\n", "\x00\x01\x02\n\n",
		"Content-Type: command/reply\nReply-Text: +OK\n\n",
		"Event-Name: CHANNEL_DATA\nUnique-ID: x y;z\nContent-Type: command/reply\nReply-Text: +OK\n\n",
	} {
		conn, err := net.Dial("tcp", i.address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(junk)); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
	}
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Keys("1,1234#")})
	if cause, err := call.Wait(soon(t)); err != nil || cause != "NORMAL_CLEARING" {
		t.Errorf("a call beside hostile peers ended with %q, %v", cause, err)
	}
	if got := i.Stats().ESL.HandshakeFailures; got < 3 {
		t.Errorf("%d handshakes failed, want at least 3", got)
	}
}

func TestNewestSocketWins(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	i, sw := one(t, m, nil)
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Script{
		fstest.Asks(), pass(func() { command(t, sw, "uuid_transfer "+sw.Calls()[0].UUID()+" 0800111222 XML public") }),
		fstest.Asks(), fstest.Press("1"), fstest.Asks(), fstest.Press("1234#"),
	}})
	if _, err := call.Wait(soon(t)); err != nil {
		t.Fatal(err)
	}
	r := m.ended(t, call.UUID())
	if s := i.Stats(); s.Taken != 1 || s.Resumed != 1 || s.Ended != 1 || r.Resumed != 1 {
		t.Errorf("stats %+v, record %+v; want one taken, one resumed, one ended", s, r)
	}
}

// command runs an api command on the switch's event socket.
func command(t *testing.T, sw *fstest.Switch, line string) string {
	conn, err := esl.Dial(t.Context(), sw.Addr(), "ClueCon", esl.Options{})
	if err != nil {
		t.Error(err)
		return ""
	}
	defer func() { _ = conn.Close() }()
	answer, err := conn.API(t.Context(), line)
	if err != nil {
		t.Error(err)
	}
	return answer
}

func TestStandstill(t *testing.T) {
	for name, still := range map[string]bool{"the call is still ours": true, "somebody has taken it": false} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			m.use(t, line)
			i, sw := one(t, m, nil)
			call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Script{
				fstest.Asks(), pass(func() {
					if !still {
						command(t, sw, "uuid_setvar "+sw.Calls()[0].UUID()+" dialgraph_owner other")
					}
					i.Stall()
				}), fstest.Press("1"),
			}})
			if still {
				if _, err := call.WaitFor(soon(t), heard("number")); err != nil {
					t.Error(err)
				}
				return
			}
			await(t, "the call to be let go", func() bool { return i.Stats().Taken == 1 })
			if len(m.records[call.UUID()]) > 0 && strings.Contains(call.Transcript().String(), "number.wav") {
				t.Errorf("a command reached the other's call:\n%s", call.Transcript())
			}
		})
	}
}

// The store is away when a call is to be resumed, and the caller hangs up
// before it is back: what is known of the call stays, and it is found ended.
func TestPastThatCannotBeRead(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	l1, l2 := listen(t), listen(t)
	first := start(t, "one", l1, m, nil)
	sw := node(t, l1.Addr().String(), l2.Addr().String())
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Keys("2")})
	if _, err := call.WaitFor(soon(t), heard("music")); err != nil {
		t.Fatal(err)
	}
	second := start(t, "two", l2, m, guarded(m, sw))
	m.mu.Lock()
	m.down = errors.New("the store is away")
	m.mu.Unlock()
	first.kill()
	await(t, "the second to have asked", func() bool { return second.Stats().StoreErrors > 0 })
	call.Hangup()
	await(t, "the second to have seen the end", func() bool { return second.Stats().Ended == 1 })
	if r, _ := (records{m}).Load(t.Context(), call.UUID()); r == nil || !r.Ended.IsZero() || r.Menu != "line" || r.Queued.IsZero() {
		t.Errorf("record %+v, want what the first knew", r)
	}
	m.mu.Lock()
	m.down = nil
	m.peers["one"] = lease{controller.Peer{Instance: "one", Address: "127.0.0.1:1"}, time.Now()}
	m.mu.Unlock()
	if r := m.ended(t, call.UUID()); !slices.Equal(r.Path, []string{"hello", "choose", "agent"}) {
		t.Errorf("record %+v, want the way of the call", r)
	}
	if len(m.gone()) == 0 {
		t.Error("the place in the queue was not given back")
	}
}

func heard(part string) func(fstest.Event) bool {
	return func(e fstest.Event) bool { return e.Kind == fstest.Heard && strings.Contains(e.Text, part) }
}

func TestDrain(t *testing.T) {
	m := newMemory()
	m.use(t, line)
	m.offers <- dialplan.Offer{ID: "o1", Agent: "anna", Contact: "1001", Ring: 10 * time.Second}
	l1, l2 := listen(t), listen(t)
	first := start(t, "one", l1, m, func(c *controller.Config) { c.Grace = 50 * time.Millisecond })
	second := start(t, "two", l2, m, nil)
	sw := node(t, l1.Addr().String(), l2.Addr().String())
	sw.Agent("1001", fstest.Behaviour{Reaction: fstest.Answers, Talk: 20 * time.Second})
	talking := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Keys("2")})
	if _, err := talking.WaitFor(soon(t), func(e fstest.Event) bool { return e.Kind == fstest.Connected }); err != nil {
		t.Fatal(err)
	}
	asked := sw.Call(fstest.Caller{Number: "0671234568", To: "0800111222", Script: fstest.Script{fstest.Asks(), fstest.Asks(), fstest.HangUp()}})
	if _, err := asked.WaitFor(soon(t), func(e fstest.Event) bool { return e.Kind == fstest.Asked }); err != nil {
		t.Fatal(err)
	}
	if err := first.Shutdown(soon(t)); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if first.Ready() || first.Stats().Calls != 0 {
		t.Errorf("ready %v with %d calls after the drain", first.Ready(), first.Stats().Calls)
	}
	for _, call := range []*fstest.Call{talking, asked} {
		if _, err := call.Wait(soon(t)); err != nil {
			t.Fatal(err)
		}
		if r := m.ended(t, call.UUID()); r.Resumed != 1 {
			t.Errorf("call resumed %d times, want once:\n%s", r.Resumed, call.Transcript())
		}
	}
	if parted := talking.Transcript().Only(fstest.Parted); len(parted) != 1 || parted[0].At < 15*time.Second {
		t.Errorf("talk parted at %v, want it to go on through the drain", parted)
	}
	if got := second.Stats().Resumed; got != 2 {
		t.Errorf("%d calls went on elsewhere, want 2", got)
	}
}
