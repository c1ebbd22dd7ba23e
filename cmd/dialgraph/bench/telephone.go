package bench

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A telephone is one call on one socket: it does what FreeSWITCH and a caller
// who never hesitates would do. Replies to commands that came together go out
// together; each event is a write of its own, as FreeSWITCH sends them.
type telephone struct {
	load   *load
	nc     net.Conn
	r      *bufio.Reader
	v      values
	parked chan struct{} // closed when music begins, or the call is over

	mu      sync.Mutex // held by the reader, and by the end of a talk
	out     []byte
	playing string // id of the music that plays
	agent   string // who rings or talks
	idle    time.Time
	curious bool // hangs up at the first prompt, and keeps what it was
	first   string
	over    bool
	park    sync.Once
	err     error
}

// callers is how many numbers call, each known as a customer in scenario b.
const callers = 1000

func callerNumber(n int64) string { return fmt.Sprintf("+38044%07d", n%callers) }

// dial brings the call to the controller.
func (l *load) dial(addr string, n int64) (*telephone, error) {
	// More than one source address: each has its own 28,000 ports.
	d := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(1+n%8))}}
	nc, err := d.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	p := &telephone{load: l, nc: nc, r: bufio.NewReaderSize(nc, 2048), parked: make(chan struct{})}
	p.v = values{
		uuid: fmt.Sprintf("%08x-%04x-4000-8000-%012x", uint32(l.seed), uint16(n>>32), n), caller: callerNumber(n),
		called: "0800", started: strconv.FormatInt(time.Now().UnixMicro(), 10),
	}
	return p, nil
}

// run serves the call until the controller closes the socket.
func (p *telephone) run() {
	defer func() { _ = p.nc.Close() }()
	defer p.park.Do(func() { close(p.parked) })
	for {
		c, err := readRequest(p.r)
		if err != nil {
			p.mu.Lock()
			if !p.over {
				p.err = fmt.Errorf("call not at its end: %w", err)
			}
			p.over = true
			p.mu.Unlock()
			return
		}
		p.mu.Lock()
		p.heard(&c)
		p.obey(&c)
		if p.r.Buffered() == 0 {
			p.flush()
		}
		p.mu.Unlock()
	}
}

// heard counts the command, and the time since the event that it answers.
func (p *telephone) heard(c *request) {
	t := &p.load.tally
	t.commands.Add(1)
	t.commandBytes.Add(int64(c.size))
	if !p.idle.IsZero() {
		t.steps.add(time.Since(p.idle))
		p.idle = time.Time{}
	}
}

func (p *telephone) flush() {
	if len(p.out) > 0 {
		p.load.tally.writes.Add(1)
		p.load.tally.bytes.Add(int64(len(p.out)))
		_, _ = p.nc.Write(p.out) // a socket that is closed ends the reader
		p.out = p.out[:0]
	}
	if cap(p.out) > 1024 { // whoever waits holds nothing
		b := p.out[:0]
		buffers.Put(&b)
		p.out = nil
	}
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// send sends an event, after the replies that come before it.
func (p *telephone) send(f *frame) {
	p.flush()
	if p.out == nil {
		p.out = *buffers.Get().(*[]byte)
	}
	p.out = f.append(p.out, &p.v)
	p.flush()
}

// completes sends the completion that the controller goes on after.
func (p *telephone) completes(f *frame, id string) {
	p.v.app = id
	p.idle = time.Now()
	p.send(f)
}

func (p *telephone) reply(text string) {
	p.out = append(append(append(p.out, "Content-Type: command/reply\nReply-Text: "...), text...), "\n\n"...)
}

func (p *telephone) answer(body string) {
	p.out = append(p.out, "Content-Type: api/response\nContent-Length: "...)
	p.out = strconv.AppendInt(p.out, int64(len(body)), 10)
	p.out = append(append(p.out, "\n\n"...), body...)
}

// obey does what the command says.
func (p *telephone) obey(c *request) {
	verb, rest, _ := strings.Cut(c.line, " ")
	switch verb {
	case "connect":
		p.flush()
		p.out = channelData.append(p.out, &p.v)
	case "api":
		p.api(rest)
	case "sendmsg":
		p.reply("+OK")
		p.execute(c)
	case "exit":
		p.reply("+OK bye")
	default:
		p.reply("+OK")
	}
}

func (p *telephone) api(rest string) {
	verb, _, _ := strings.Cut(rest, " ")
	switch verb {
	case "file_exists":
		p.answer("true")
	case "uuid_getvar":
		p.answer("playback") // asked of whoever waits: the music still plays
	case "uuid_kill":
		p.answer("+OK\n")
		p.hangUp()
	case "uuid_break":
		p.answer("+OK\n")
		p.stop()
	default:
		p.answer("+OK\n")
	}
}

// stop ends the music.
func (p *telephone) stop() {
	if p.playing != "" {
		id := p.playing
		p.playing = ""
		p.completes(playDone, id)
	}
}

func (p *telephone) hangUp() {
	if p.over {
		return
	}
	p.over = true
	p.send(hangup)
	p.v.app = "socket"
	p.send(socketDone)
	p.send(gone)
	p.out = append(p.out, notice...)
	p.flush()
	p.load.tally.calls.Add(1)
}

// execute runs an application. All but music and talks end at once.
func (p *telephone) execute(c *request) {
	if p.curious && c.app != "answer" {
		p.first = c.arg
		p.hangUp()
		return
	}
	switch c.app {
	case "answer":
		p.send(answered)
		p.completes(answerDone, c.id)
	case "playback":
		if strings.HasPrefix(c.arg, "local_stream:") {
			p.playing = c.id
			p.park.Do(func() { close(p.parked) })
			return
		}
		p.completes(playDone, c.id)
	case "play_and_get_digits":
		p.key(c)
	case "bridge":
		p.bridge(c)
	case "set":
		p.completes(setDone, c.id)
	default:
		p.load.tally.strange.Add(1)
		p.hangUp()
	}
}

// key presses as many digits as are asked for.
func (p *telephone) key(c *request) {
	fields := strings.SplitN(c.arg, " ", 3)
	n := 1
	if len(fields) == 3 {
		n, _ = strconv.Atoi(fields[1])
	}
	digits := "123456789"[:min(max(n, 1), 9)]
	for i := range digits {
		p.v.leg = digits[i : i+1]
		p.send(digit)
	}
	p.v.leg = digits
	p.completes(askDone, c.id)
}

// bridge lets the agent answer at once, and talk for a while.
func (p *telephone) bridge(c *request) {
	p.agent = c.arg[strings.LastIndexByte(c.arg, '/')+1:]
	p.load.rung(p.agent)
	_, leg, _ := strings.Cut(c.arg, "origination_uuid=")
	p.v.leg, _, _ = strings.Cut(leg, ",")
	p.send(bridged)
	id := c.id
	time.AfterFunc(p.load.talk(), func() { p.talked(id) })
}

// talked is the agent's hangup.
func (p *telephone) talked(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.load.free(p.agent)
	p.load.tally.talks.Add(1)
	p.send(unbridged)
	p.v.app = id
	p.send(bridgeDone)
}
