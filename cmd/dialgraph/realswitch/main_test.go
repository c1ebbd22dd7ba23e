//go:build freeswitch

package realswitch

import (
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/emiago/sipgo/sip"
)

// settings name the FreeSWITCH under test; docs/freeswitch-testing.md explains
// them.
var settings struct {
	nodes         []*node // one, or two
	eslPassword   string
	agentPassword string // of users 1001 to 1005
	domain        string // of the agents
	host          string // this machine, as FreeSWITCH reaches it
	sounds        string // folder of the prompts
}

func TestMain(m *testing.M) {
	flag.Parse()
	if err := configure(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
	status := m.Run()
	_ = os.RemoveAll(settings.sounds)
	if flag.Lookup("test.run").Value.String() == "" {
		if err := report.write("../../../docs/freeswitch-tested.md"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

func configure() error {
	settings.eslPassword = environ("FREESWITCH_ESL_PASSWORD", "ClueCon")
	settings.agentPassword = environ("FREESWITCH_AGENT_PASSWORD", "test")
	settings.domain = environ("FREESWITCH_DOMAIN", "dialgraph.test")
	for _, second := range []string{"", "2"} {
		n := &node{esl: os.Getenv("FREESWITCH_ESL" + second), sip: os.Getenv("FREESWITCH_SIP" + second)}
		if n.esl != "" && n.sip != "" {
			settings.nodes = append(settings.nodes, n)
		}
	}
	if len(settings.nodes) == 0 {
		return fmt.Errorf("no FreeSWITCH: set FREESWITCH_ESL and FREESWITCH_SIP, see docs/freeswitch-testing.md")
	}
	way, err := net.Dial("udp", settings.nodes[0].sip) // sends nothing
	if err != nil {
		return fmt.Errorf("FREESWITCH_SIP: %w", err)
	}
	defer func() { _ = way.Close() }()
	settings.host = way.LocalAddr().(*net.UDPAddr).IP.String()
	return prompts()
}

// prompts makes the folder of the prompts, which FreeSWITCH reads.
func prompts() (err error) {
	if settings.sounds, err = os.MkdirTemp("", "dialgraph-prompts-"); err != nil {
		return err
	}
	if err = os.Mkdir(filepath.Join(settings.sounds, "spoken"), 0o755); err != nil { // FreeSWITCH reads it as another user
		return err
	}
	if err = os.Chmod(settings.sounds, 0o755); err != nil { // as above
		return err
	}
	return writePrompts(settings.sounds)
}

func environ(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
