//go:build freeswitch

package realswitch

import (
	"fmt"
	"os"
	"testing"
)

// settings name the FreeSWITCH under test.
var settings struct {
	esl           string // host:port of its event socket
	eslPassword   string
	sip           string // host:port of its SIP profile
	agentPassword string // of users 1001 to 1005
	domain        string // of the agents
}

func TestMain(m *testing.M) {
	settings.esl = os.Getenv("FREESWITCH_ESL")
	settings.sip = os.Getenv("FREESWITCH_SIP")
	settings.eslPassword = environ("FREESWITCH_ESL_PASSWORD", "ClueCon")
	settings.agentPassword = environ("FREESWITCH_AGENT_PASSWORD", "test")
	settings.domain = environ("FREESWITCH_DOMAIN", "dialgraph.test")
	if settings.esl == "" || settings.sip == "" {
		fmt.Fprintln(os.Stderr, "no FreeSWITCH: set FREESWITCH_ESL and FREESWITCH_SIP, see docs/freeswitch-testing.md")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func environ(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
