package controller

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
)

const (
	// redialEvery is the pause between attempts to reach a node.
	redialEvery = time.Second
	// unset is what uuid_getvar answers for a variable without a value.
	unset = "_undef_"
	// noCall is a filter that lets nothing pass: without any filter a node
	// would send the events of all its calls.
	noCall = "none"
)

// errNoNode says that a call's node is not connected.
var errNoNode = errors.New("node not connected")

// nodes are the connections to the event sockets of the FreeSWITCH nodes.
type nodes struct {
	cfg      *Config
	connects chan struct{} // has something when a node was connected since the last look

	mu    sync.Mutex
	names map[string]*node // by FreeSWITCH-Switchname, the node's last connection
}

// A node is one connection to a FreeSWITCH node.
type node struct {
	conn  *esl.Conn
	name  string // FreeSWITCH-Switchname
	core  string // Core-UUID
	since time.Time
	gone  time.Time // when the connection was lost, zero while it stands

	mu    sync.Mutex
	watch map[string]chan<- *esl.Event // by Unique-ID
}

func newNodes(cfg *Config) *nodes {
	return &nodes{cfg: cfg, connects: make(chan struct{}, 1), names: make(map[string]*node)}
}

// run keeps a connection to every node until ctx ends.
func (n *nodes) run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, cfg := range n.cfg.Nodes {
		wg.Go(func() { n.keep(ctx, cfg) })
	}
	wg.Wait()
}

// keep dials one node again and again.
func (n *nodes) keep(ctx context.Context, cfg NodeConfig) {
	log := n.cfg.Log.With("node", cfg.Addr)
	for reported := false; ctx.Err() == nil; {
		err := n.connect(ctx, cfg, log)
		if err != nil && !reported && ctx.Err() == nil {
			log.Warn("event socket of node lost", "error", err)
			reported = true
		} else if err == nil {
			reported = false
		}
		select {
		case <-time.After(redialEvery):
		case <-ctx.Done():
		}
	}
}

// connect serves one connection until it ends. nil means that it stood once.
func (n *nodes) connect(ctx context.Context, cfg NodeConfig, log *slog.Logger) error {
	conn, err := esl.Dial(ctx, cfg.Addr, cfg.Password, n.cfg.ESL)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	replies, err := conn.Pipeline(ctx,
		esl.Filter("Unique-ID", noCall),
		esl.EventPlain("CHANNEL_UNBRIDGE", "CHANNEL_HANGUP_COMPLETE"),
		esl.Command{Line: "api switchname"},
		esl.Command{Line: "api global_getvar core_uuid"})
	if err != nil {
		return err
	}
	node := &node{
		conn: conn, name: replies[2].ReplyText(), core: replies[3].ReplyText(),
		since: n.cfg.Clock(), watch: make(map[string]chan<- *esl.Event),
	}
	n.mu.Lock()
	n.names[node.name] = node
	n.mu.Unlock()
	select {
	case n.connects <- struct{}{}:
	default:
	}
	log.Info("event socket of node connected", "name", node.name)
	node.deliver(ctx)
	n.mu.Lock()
	node.gone = n.cfg.Clock()
	n.mu.Unlock()
	return nil
}

// deliver hands events to whoever watches their call, until the connection or
// ctx ends.
func (n *node) deliver(ctx context.Context) {
	defer n.unwatchAll()
	for e := range n.conn.Events(ctx) {
		n.mu.Lock()
		to := n.watch[e.Get("Unique-ID")]
		n.mu.Unlock()
		if to != nil {
			select {
			case to <- e:
			default: // two events of a call at most are of interest
			}
		}
	}
}

// events delivers the unbridge and the hangup of a call until stop is called.
// The channel is closed when the connection is lost.
func (n *node) events(ctx context.Context, uuid string) (events <-chan *esl.Event, stop func(), err error) {
	to := make(chan *esl.Event, 8)
	n.mu.Lock()
	if n.watch == nil {
		n.mu.Unlock()
		return nil, nil, errNoNode
	}
	n.watch[uuid] = to
	n.mu.Unlock()
	stop = func() {
		n.mu.Lock()
		if n.watch != nil {
			delete(n.watch, uuid)
		}
		n.mu.Unlock()
		_, _ = n.conn.Command(context.WithoutCancel(ctx), "filter delete Unique-ID "+uuid)
	}
	if _, err := n.conn.Pipeline(ctx, esl.Filter("Unique-ID", uuid)); err != nil {
		stop()
		return nil, nil, err
	}
	return to, stop, nil
}

func (n *node) unwatchAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, to := range n.watch {
		close(to)
	}
	n.watch = nil
}

// of returns the connection to the node that has the call. gone tells that the
// call cannot exist any more: its node was restarted, or has not been reached
// for longer than lost.
func (n *nodes) of(o Owned, lost time.Duration) (at *node, gone bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	at = n.names[o.Node]
	switch {
	case at == nil:
		return nil, false
	case !at.gone.IsZero():
		return nil, n.cfg.Clock().Sub(at.gone) > lost
	case at.core != o.Core:
		return nil, true
	}
	return at, false
}

// all returns the nodes that are connected.
func (n *nodes) all() []*node {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []*node
	for _, node := range n.names {
		if node.gone.IsZero() {
			all = append(all, node)
		}
	}
	return all
}

func (n *nodes) connected() int { return len(n.all()) }

// A standing is what a node says of a call.
type standing struct {
	resumes bool   // it would come back if its socket were lost: not while the caller talks to somebody
	bridged bool   // it rings or talks to somebody
	left    bool   // a controller has let it go on purpose
	owner   string // token of the controller that has it, or had it last
	leg     string // that answered last
	talking string // since when it talks, and to which leg, as its controller has left it
}

// look asks how a call stands. exists is false when the node has no such call.
// The application that ran last is named even when it has ended: only the
// cause of the other side's hangup, which each bridge begins without, tells
// that it has.
func (n *node) look(ctx context.Context, uuid string) (s standing, exists bool, err error) {
	answer, err := n.conn.API(ctx, "uuid_exists "+uuid)
	if err != nil || answer != "true" {
		return s, false, err
	}
	values := make(map[string]string)
	names := []string{"socket_resume", "current_application", "bridge_hangup_cause", "dialgraph_done", "dialgraph_owner", "last_bridge_to", talkingSince}
	commands := make([]esl.Command, len(names))
	for i, name := range names {
		commands[i].Line = "api uuid_getvar " + uuid + " " + name
	}
	answers, err := n.conn.Pipeline(ctx, commands...)
	if err != nil {
		return s, true, err
	}
	for i, name := range names {
		if value := answers[i].ReplyText(); value != unset {
			values[name] = value
		}
	}
	return standing{
		resumes: values["socket_resume"] == "true",
		bridged: values["current_application"] == "bridge" && values["bridge_hangup_cause"] == "",
		left:    values["dialgraph_done"] != "",
		owner:   values["dialgraph_owner"],
		leg:     values["last_bridge_to"],
		talking: values[talkingSince],
	}, true, nil
}

// bring transfers a call to the controller at an address, and only then to
// where it came from, the extension that hands calls to controllers: a host in
// its list that answers nobody would hold the call up.
func (n *node) bring(ctx context.Context, uuid, address string) error {
	where, err := n.conn.Pipeline(ctx,
		esl.Command{Line: "api uuid_getvar " + uuid + " dialgraph_number"},
		esl.Command{Line: "api uuid_getvar " + uuid + " destination_number"},
		esl.Command{Line: "api uuid_getvar " + uuid + " context"})
	if err != nil {
		return err
	}
	number := where[0].ReplyText()
	if number == unset {
		number = where[1].ReplyText()
	}
	back := number + " XML " + where[2].ReplyText()
	if !isDestination(back) {
		return errors.New("call does not tell where it came from")
	}
	_, err = n.conn.Pipeline(ctx,
		esl.Command{Line: "api uuid_setvar_multi " + uuid + " socket_resume=true;dialgraph_number=" + number},
		esl.Command{Line: "api uuid_transfer " + uuid + " 'socket:" + address + " async full,transfer:" + back + "' inline"})
	return err
}

// setHosts writes the list of controllers that the node's dialplan tries.
func (n *node) setHosts(ctx context.Context, hosts []string) error {
	_, err := n.conn.API(ctx, "global_setvar dialgraph_hosts="+strings.Join(hosts, "|"))
	return err
}
