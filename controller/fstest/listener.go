package fstest

import (
	"bufio"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// farewell is how long a peer may take to close its end after ours.
const farewell = time.Second

// A listener is one connection of the event socket: to a controller that the
// node dialled for a call, or from a client of the inbound port.
type listener struct {
	sw     *Switch
	conn   net.Conn
	call   *Call // the call a controller was dialled for; nil on the inbound port
	closed sync.Once
	authed bool

	writing sync.Mutex
	busy    bool     // a command is being handled
	held    [][]byte // events that wait until it is

	subscription

	first    chan struct{} // closed at the first command
	commands atomic.Int32  // read so far
	lingers  atomic.Bool
	linger   atomic.Int64 // seconds, -1 for without end
	resume   atomic.Bool
	told     atomic.Bool // that the call is over

	finishing atomic.Bool // the node ends in good order
}

func newListener(sw *Switch, conn net.Conn, call *Call) *listener {
	return &listener{sw: sw, conn: conn, call: call, authed: call != nil, first: make(chan struct{})}
}

// serve reads commands until the connection ends.
func (l *listener) serve() {
	defer l.sw.forget(l)
	r := bufio.NewReaderSize(l.conn, 1024)
	for {
		c, err := readCommand(r)
		if err != nil {
			break
		}
		if l.commands.Add(1) == 1 {
			close(l.first)
		}
		l.setBusy(true)
		if !l.handle(c) {
			break
		}
		l.setBusy(false)
	}
	if l.finishing.Load() {
		l.drain()
	}
	l.close()
}

// close ends the connection; serve returns soon after.
func (l *listener) close() { l.closed.Do(func() { l.conn.Close() }) }

// finish ends the connection once the command in hand is answered and the peer
// has been sent what waits for that.
func (l *listener) finish() {
	l.finishing.Store(true)
	if err := l.conn.SetReadDeadline(time.Now()); err != nil {
		l.close()
	}
}

// drain lets the peer read to the end: closing a socket with commands unread
// would take back what it has not fetched yet.
func (l *listener) drain() {
	if end, ok := l.conn.(interface{ CloseWrite() error }); !ok || end.CloseWrite() != nil {
		return
	}
	if err := l.conn.SetReadDeadline(time.Now().Add(farewell)); err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, l.conn) // whatever ends it
}

// handle runs a command and says whether the connection goes on.
func (l *listener) handle(c command) bool {
	verb, arg, _ := strings.Cut(c.line, " ")
	arg = strings.TrimSpace(arg)
	if !l.authed {
		return l.login(verb, arg)
	}
	switch verb {
	case "exit":
		l.reply("+OK bye")
		l.bye()
		return false
	case "connect":
		if l.call != nil {
			l.write(l.call.channelData())
			return true
		}
	case "event", "myevents", "nixevent", "noevents", "filter":
		l.reply(l.subscribe(verb, arg))
		return true
	case "sendmsg":
		l.reply(l.sendmsg(arg, c))
		return true
	case "api":
		l.answerAPI(l.sw.api(arg))
		return true
	case "bgapi":
		l.background(arg, c.get("Job-UUID"))
		return true
	case "log", "nolog", "divert_events":
		l.reply("+OK " + verb)
		return true
	case "linger", "nolinger", "resume", "getvar":
		if l.call != nil {
			l.reply(l.own(verb, arg))
			return true
		}
	}
	l.reply("-ERR command not found")
	return true
}

func (l *listener) login(verb, arg string) bool {
	switch {
	case verb == "auth" && arg == l.sw.config.Password:
		l.authed = true
		l.reply("+OK accepted")
		return true
	case verb == "auth":
		l.reply("-ERR invalid")
		l.bye()
		return false
	case verb == "exit":
		l.reply("+OK bye")
		l.bye()
		return false
	}
	l.reply("-ERR command not found")
	return true
}

// own are the commands of a call's own connection.
func (l *listener) own(verb, arg string) string {
	switch verb {
	case "linger":
		l.linger.Store(-1)
		text := "+OK will linger"
		if n, err := strconv.Atoi(arg); err == nil {
			l.linger.Store(int64(n))
			text += " " + strconv.Itoa(n) + " seconds"
		}
		l.lingers.Store(true)
		return text
	case "nolinger":
		l.lingers.Store(false)
		return "+OK will not linger"
	case "resume":
		l.resume.Store(true)
		l.call.set("socket_resume", "true")
		return "+OK"
	}
	if v := l.call.seen(arg); v != "" {
		return v
	}
	return "-ERR command not found"
}

func (l *listener) subscribe(verb, arg string) string {
	words := strings.Fields(arg)
	switch verb {
	case "event":
		if len(words) > 0 && words[0] == "plain" {
			words = words[1:]
		} else if len(words) > 0 && (words[0] == "json" || words[0] == "xml") {
			return "-ERR the fake speaks plain events only"
		}
		if len(words) == 0 {
			return "-ERR no keywords supplied"
		}
		l.sw.exchange.change(l, func(s *subscription) {
			for _, w := range words {
				s.events = append(s.events, strings.ToUpper(w))
			}
		})
		return "+OK event listener enabled plain"
	case "myevents":
		if l.call == nil {
			return "-ERR invalid uuid"
		}
		l.sw.exchange.change(l, func(s *subscription) {
			s.events = []string{"ALL"}
			s.filters = append(s.filters, filter{"Unique-ID", l.call.uuid})
		})
		return "+OK Events Enabled"
	case "noevents":
		l.sw.exchange.change(l, func(s *subscription) { s.events = nil })
		return "+OK no longer listening for events"
	case "nixevent":
		l.sw.exchange.change(l, func(s *subscription) { s.drop(words) })
		return "+OK events nixed"
	}
	return l.filter(words)
}

// drop takes events off.
func (s *subscription) drop(names []string) {
	s.events = slices.DeleteFunc(s.events, func(e string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(e, n) })
	})
}

// filter adds a filter, or deletes those on a header, with one value or any.
func (l *listener) filter(words []string) string {
	if len(words) < 2 {
		return "-ERR invalid syntax"
	}
	if words[0] == "delete" {
		l.sw.exchange.change(l, func(s *subscription) {
			s.filters = slices.DeleteFunc(s.filters, func(f filter) bool {
				return words[1] == "all" || f.header == words[1] && (len(words) == 2 || f.value == words[2])
			})
		})
		return "+OK filter deleted. [" + words[1] + "]"
	}
	f := filter{words[0], strings.Join(words[1:], " ")}
	l.sw.exchange.change(l, func(s *subscription) { s.filters = append(s.filters, f) })
	return "+OK filter added. [" + f.header + "]=[" + f.value + "]"
}

// bye announces that the connection ends.
func (l *listener) bye() {
	const text = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
	b := []byte("Content-Type: text/disconnect-notice\n")
	if l.call != nil {
		b = append(b, "Controlled-Session-UUID: "+l.call.uuid+"\nContent-Disposition: disconnect\n"...)
	}
	l.write(append(b, "Content-Length: "+strconv.Itoa(len(text))+"\n\n"+text...))
}

// hungup tells the connection of a call, once, that the call is over: it is
// closed, or stays for as long as it asked for.
func (l *listener) hungup() {
	if l.told.Swap(true) {
		return
	}
	if !l.lingers.Load() {
		l.bye()
		l.close()
		return
	}
	n := l.linger.Load()
	l.post([]byte("Content-Type: text/disconnect-notice\nControlled-Session-UUID: " + l.call.uuid +
		"\nContent-Disposition: linger\nChannel-Name: " + l.call.name +
		"\nLinger-Time: " + strconv.FormatInt(n, 10) + "\nContent-Length: 0\n\n"))
	if n >= 0 {
		l.sw.after(time.Duration(n)*time.Second, func() {
			l.bye()
			l.close()
		})
	}
}
