package controller

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/dialplan"
)

// Config says what a Controller works with. Instance, Address, Numbers,
// Customers, Cursors, Records, Prompts and World are required; a field of
// another kind that is zero takes its default.
type Config struct {
	// Instance names this controller among those that share a Redis: letters,
	// digits, dot and dash, at most 64.
	Instance string
	// Address is host:port under which FreeSWITCH reaches this controller's
	// listener. It goes into the list of hosts on each node and is where a
	// call that is taken over is transferred to.
	Address string

	Numbers   Numbers
	Customers Customers
	Cursors   Cursors
	Records   Records
	Prompts   Prompts
	World     dialplan.World
	Owners    Owners // nil: calls are not tracked across instances
	Peers     Peers  // nil: nobody takes over calls, the lists of hosts are left alone
	Limits    Limits // nil: calls are counted within this instance only

	// Nodes are the FreeSWITCH nodes to watch calls on. Empty: calls whose
	// socket was lost are not looked after.
	Nodes []NodeConfig
	// Trunks say whom to believe, by name (trunkName). Calls of any other
	// trunk are treated as DefaultTrunk says.
	Trunks       map[string]Trunk
	DefaultTrunk Trunk

	// AllowedNetworks are the peers that may hand over calls; empty means
	// loopback only.
	AllowedNetworks []netip.Prefix
	MaxCalls        int           // calls at once, default 20,000
	LongestCall     time.Duration // a call is hung up after that; default 4 h, 1 min to 24 h
	Linger          time.Duration // how long events are awaited after a hangup, default 5 s
	Grace           time.Duration // drain: how long live calls may go on before they are handed over, default 30 s
	Lease           time.Duration // of the heartbeat, default 6 s, 1 s to 1 min
	Settle          time.Duration // how long one question to Redis may take at a call's start, default 2 s
	// Notice is what a caller hears when the number leads nowhere, as
	// `playback` takes it; default three tones.
	Notice string

	// Engine and EngineVoice speak prompts that Prompts gives as say:TEXT;
	// default flite and slt.
	Engine, EngineVoice string

	ESL   esl.Options      // Headers are those that the controller reads
	Log   *slog.Logger     // nil: slog.Default
	Clock func() time.Time // nil: time.Now

	probe time.Duration // until a hold first asks whether its music plays
}

// A NodeConfig is the event socket of one FreeSWITCH node.
type NodeConfig struct {
	Addr     string // host:port, 8021 as a rule
	Password string
}

// A Trunk says what of a call's origin is believed, and how many calls it may
// bring at once.
type Trunk struct {
	Trust    Trust
	MaxCalls int // 0: no limit
}

// Trust names the source of the caller's number.
type Trust string

// Sources of the caller's number. P-Asserted-Identity (RFC 3325) and Diversion
// (RFC 5806) are set by whoever sends the call: only a trunk that is known to
// check them is believed.
const (
	TrustFrom      Trust = "from"                // the From header; the default
	TrustAsserted  Trust = "p-asserted-identity" // P-Asserted-Identity, From where there is none
	TrustDiversion Trust = "diversion"           // who forwarded the call, then as TrustFrom
	TrustNothing   Trust = "nothing"             // the caller is always unknown
)

// Defaults of Config.
const (
	DefaultLongestCall = 4 * time.Hour
	DefaultLinger      = 5 * time.Second
	DefaultGrace       = 30 * time.Second
	DefaultLease       = 6 * time.Second
	DefaultSettle      = 2 * time.Second
	DefaultNotice      = "tone_stream://%(300,100,950);%(300,100,1400);%(300,100,1800)"
)

var instanceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$`)

// withDefaults returns the configuration with every optional field set.
func (c Config) withDefaults() Config {
	setDefault(&c.MaxCalls, esl.DefaultMaxCalls)
	setDefault(&c.LongestCall, DefaultLongestCall)
	setDefault(&c.Linger, DefaultLinger)
	setDefault(&c.Grace, DefaultGrace)
	setDefault(&c.Lease, DefaultLease)
	setDefault(&c.Settle, DefaultSettle)
	setDefault(&c.Notice, DefaultNotice)
	setDefault(&c.Engine, "flite")
	setDefault(&c.EngineVoice, "slt")
	setDefault(&c.DefaultTrunk.Trust, TrustFrom)
	// A call's goroutine may be busy elsewhere for some seconds; a caller who
	// keys ten digits a second meanwhile must not lose the socket.
	setDefault(&c.ESL.EventQueue, 256)
	setDefault(&c.ESL.Headers, selected)
	setDefault(&c.probe, lookAfter)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate reports every fault at once.
func (c Config) validate() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(!instanceName.MatchString(c.Instance), "instance %q: want letters, digits, dot or dash, at most 64", c.Instance)
	_, _, err := net.SplitHostPort(c.Address)
	fault(err != nil || !hostPort.MatchString(c.Address), "address %q: want host:port as FreeSWITCH reaches it", c.Address)
	fault(c.Numbers == nil || c.Customers == nil || c.Cursors == nil || c.Records == nil || c.Prompts == nil || c.World == nil,
		"numbers, customers, cursors, records, prompts and world are required")
	fault(c.Peers != nil && c.Owners == nil, "peers are of no use without owners")
	fault(c.LongestCall < time.Minute || c.LongestCall > 24*time.Hour, "longest call %v: want 1 min to 24 h", c.LongestCall)
	fault(c.Lease < time.Second || c.Lease > time.Minute, "lease %v: want 1 s to 1 min", c.Lease)
	fault(!isFile(c.Notice), "notice %q: holds signs that FreeSWITCH would interpret", c.Notice)
	fault(!instanceName.MatchString(c.Engine) || !instanceName.MatchString(c.EngineVoice), "engine %q, voice %q: want names", c.Engine, c.EngineVoice)
	for name, t := range c.Trunks {
		fault(t.Trust != "" && !t.Trust.known(), "trunk %q: trust %q is unknown", name, t.Trust)
	}
	fault(!c.DefaultTrunk.Trust.known(), "default trunk: trust %q is unknown", c.DefaultTrunk.Trust)
	for _, n := range c.Nodes {
		_, _, err := net.SplitHostPort(n.Addr)
		fault(err != nil, "node %q: want host:port of its event socket", n.Addr)
	}
	if len(faults) > 0 {
		return fmt.Errorf("controller: %w", errors.Join(faults...))
	}
	return nil
}

func (t Trust) known() bool {
	return t == TrustFrom || t == TrustAsserted || t == TrustDiversion || t == TrustNothing
}

// hostPort is what may stand in the data of `socket`.
var hostPort = regexp.MustCompile(`^[A-Za-z0-9.-]{1,253}:[0-9]{1,5}$`)
