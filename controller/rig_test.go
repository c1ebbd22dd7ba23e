package controller_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/controller/fstest"
	"github.com/dialgraph/dialgraph/dialplan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// speed is how many times faster than real time the fake switch runs.
const speed = 20

// A memory is what all controllers of a test share: the store.
type memory struct {
	dialplan.World // nil: what a test does not need panics

	mu       sync.Mutex
	route    controller.Route
	menus    map[string]*dialplan.Menu // by version
	cursors  map[string][]byte
	records  map[string][]byte
	owners   map[string]controller.Owned
	unowned  map[string]time.Time
	peers    map[string]lease
	down     error // what every question is answered with while the store is away
	saved    int
	offers   chan dialplan.Offer
	reports  []dialplan.Report
	left     []dialplan.LeaveReason
	customer dialplan.Caller
	clock    func() time.Time
}

type lease struct {
	peer  controller.Peer
	until time.Time
}

func newMemory() *memory {
	return &memory{
		menus: map[string]*dialplan.Menu{}, cursors: map[string][]byte{}, records: map[string][]byte{},
		owners: map[string]controller.Owned{}, unowned: map[string]time.Time{}, peers: map[string]lease{},
		offers: make(chan dialplan.Offer, 10), clock: time.Now,
		route: controller.Route{
			Number: "+380800111222", Fallback: "2000 XML default",
			Site: controller.Site{
				Name: "default", Region: "UA", Outside: []string{"+38067"},
				Templates: map[string]string{
					"agent": "user/{contact}", "extension": "user/{extension}", "outside": "sofia/gateway/trunk/{number}",
				},
			},
		},
	}
}

// use makes the document the menu of the number.
func (m *memory) use(t testing.TB, document string) {
	t.Helper()
	menu, err := dialplan.Load([]byte(document), dialplan.Options{})
	if err != nil {
		t.Fatalf("load menu: %v", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.menus[menu.Version()] = menu
	m.route.Menu, m.route.Version = menu.ID(), menu.Version()
}

func (m *memory) Route(_ context.Context, dialled string) (controller.Route, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if dialled != "0800111222" {
		return controller.Route{}, controller.ErrUnknownNumber
	}
	return m.route, m.down
}

func (m *memory) Menu(_ context.Context, _, version string) (*dialplan.Menu, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if menu := m.menus[version]; menu != nil {
		return menu, nil
	}
	return nil, controller.ErrNoMenu
}

func (m *memory) Customer(_ context.Context, c dialplan.Caller) (dialplan.Caller, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.Number != "" && c.Number == m.customer.Number {
		return m.customer, nil
	}
	return c, nil
}

func (m *memory) Load(_ context.Context, call string) (*dialplan.Cursor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	raw := m.cursors[call]
	if raw == nil || m.down != nil {
		return nil, m.down
	}
	c := new(dialplan.Cursor)
	return c, json.Unmarshal(raw, c)
}

func (m *memory) Delete(_ context.Context, call string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.cursors, call)
	return nil
}

func (m *memory) Save(_ context.Context, c *dialplan.Cursor, _ bool) (kept func()) {
	raw, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saved++
	m.cursors[c.Call] = raw
	return func() {}
}

func (m *memory) Outage(context.Context, string, string) (dialplan.Outage, bool, error) {
	return dialplan.Outage{}, false, nil
}

func (m *memory) Join(_ context.Context, j dialplan.Join) (dialplan.Ticket, error) {
	return dialplan.Ticket{ID: "ticket of " + j.Call, Joined: m.clock()}, nil
}

func (m *memory) Await(ticket string, found func(*dialplan.Offer, error)) (stop func()) {
	return dialplan.WaitFor(context.Background(), func(ctx context.Context) error {
		select {
		case o := <-m.offers:
			o.Ticket = ticket
			found(&o, nil)
		case <-ctx.Done():
		}
		return nil
	})(func(error) {})
}

func (m *memory) Report(_ context.Context, _ dialplan.Offer, r dialplan.Report) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reports = append(m.reports, r)
	return nil
}

func (m *memory) Leave(_ context.Context, _ string, why dialplan.LeaveReason) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left = append(m.left, why)
	return nil
}

// outcomes are those reported of offers so far.
func (m *memory) outcomes() []dialplan.Outcome {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []dialplan.Outcome
	for _, r := range m.reports {
		all = append(all, r.Outcome)
	}
	return all
}

// records is the other Load of the store.
type records struct{ m *memory }

func (r records) Load(_ context.Context, call string) (*controller.Record, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	raw := r.m.records[call]
	if raw == nil {
		return nil, nil
	}
	record := new(controller.Record)
	return record, json.Unmarshal(raw, record)
}

func (r records) Put(_ context.Context, record *controller.Record) error {
	raw, err := json.Marshal(record)
	if err != nil {
		return err
	}
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	r.m.records[record.Call] = raw
	return nil
}

func (m *memory) Claim(_ context.Context, o controller.Owned) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.owners[o.Call] = o
	delete(m.unowned, o.Call)
	return nil
}

func (m *memory) Release(_ context.Context, call, token string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.owners[call].Token == token {
		m.unowned[call] = time.Now()
	}
	return nil
}

func (m *memory) Forget(_ context.Context, call, token string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.owners[call].Token != token {
		return false, nil
	}
	delete(m.owners, call)
	delete(m.unowned, call)
	return true, nil
}

func (m *memory) Renew(_ context.Context, self controller.Peer, d time.Duration) ([]controller.Peer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.peers[self.Instance] = lease{self, time.Now().Add(d)}
	var alive []controller.Peer
	for _, l := range m.peers {
		if time.Now().Before(l.until) {
			alive = append(alive, l.peer)
		}
	}
	slices.SortFunc(alive, func(a, b controller.Peer) int { return slices.Compare([]byte(a.Instance), []byte(b.Instance)) })
	return alive, nil
}

func (m *memory) Expired(context.Context) ([]controller.Peer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var dead []controller.Peer
	for _, l := range m.peers {
		if time.Now().After(l.until) {
			dead = append(dead, l.peer)
		}
	}
	return dead, nil
}

func (m *memory) Take(_ context.Context, by, dead string, unowned time.Duration, n int) ([]controller.Owned, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var taken []controller.Owned
	for id, o := range m.owners {
		since, lost := m.unowned[id]
		if len(taken) == n || dead != "" && o.Instance != dead || dead == "" && (!lost || time.Since(since) < unowned) {
			continue
		}
		from := o.Instance
		o.Instance, o.Token = by, o.Token+"'"
		m.owners[id] = o
		delete(m.unowned, id)
		o.Instance = from
		taken = append(taken, o)
	}
	return taken, nil
}

// await polls until ok, and fails with what was waited for.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// files are prompts by their names.
type files struct{}

func (files) File(_ context.Context, s dialplan.Sound) (string, error) {
	if s.File == "" && s.Name == "" {
		return "", errors.New("nothing")
	}
	return "/prompts/" + s.Name + ".wav", nil
}

// An instance is one controller as a process would run it.
type instance struct {
	*controller.Controller
	address string
	cut     *cutter
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// A cutter is a listener whose connections can be cut at once, as the kernel
// does for a process that was killed.
type cutter struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (c *cutter) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.mu.Lock()
		c.conns = append(c.conns, conn)
		c.mu.Unlock()
	}
	return conn, err
}

func (c *cutter) kill() {
	_ = c.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

// listen reserves the address of an instance to be.
func listen(t testing.TB) *cutter {
	t.Helper()
	l, err := esl.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return &cutter{Listener: l}
}

// start runs an instance on the listener until the test ends.
func start(t testing.TB, name string, l *cutter, m *memory, change func(*controller.Config)) *instance {
	t.Helper()
	cfg := controller.Config{
		Instance: name, Address: l.Addr().String(), Numbers: m, Customers: m, Cursors: m, Records: records{m},
		Prompts: files{}, World: m, Owners: m, Log: logger(),
	}
	if change != nil {
		change(&cfg)
	}
	c, err := controller.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	i := &instance{Controller: c, address: l.Addr().String(), cut: l, stop: stop}
	i.done.Go(func() {
		if err := c.Serve(l); !errors.Is(err, esl.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	i.done.Go(func() { _ = c.Run(ctx) })
	t.Cleanup(i.end)
	return i
}

// end stops the instance and waits for it.
func (i *instance) end() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_ = i.Shutdown(ctx)
	i.stop()
	i.done.Wait()
}

// kill ends the instance as kill -9 does: its sockets are closed by somebody
// else, and nothing it still writes counts.
func (i *instance) kill() {
	i.cut.kill()
}

func logger() *slog.Logger {
	if os.Getenv("DIALGRAPH_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}

// node starts a fake FreeSWITCH that hands its calls to the instances.
func node(t testing.TB, hosts ...string) *fstest.Switch {
	t.Helper()
	return nodeOf(t, fstest.Config{Hosts: hosts, Speed: speed, Bare: true})
}

func nodeOf(t testing.TB, cfg fstest.Config) *fstest.Switch {
	t.Helper()
	cfg.Sounds = func(file string) (time.Duration, bool) { return 2 * time.Second, file != "/prompts/gone.wav" }
	sw, err := fstest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if faults := sw.Faults(); len(faults) > 0 {
			t.Errorf("faults of the switch: %q", faults)
		}
		if err := sw.Close(); err != nil {
			t.Errorf("close switch: %v", err)
		}
	})
	return sw
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// ended waits until the record of a call has its end.
func (m *memory) ended(t testing.TB, call string) *controller.Record {
	t.Helper()
	var r *controller.Record
	await(t, "the record of "+call, func() bool {
		r, _ = records{m}.Load(t.Context(), call)
		return r != nil && !r.Ended.IsZero()
	})
	return r
}

// pass is a step of a caller's script that does something else.
func pass(do func()) fstest.Step {
	return func(context.Context, *fstest.Call) error {
		do()
		return nil
	}
}
