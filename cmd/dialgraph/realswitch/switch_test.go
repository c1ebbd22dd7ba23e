//go:build freeswitch

package realswitch

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
)

// A node is a FreeSWITCH under test.
type node struct {
	esl, sip string // host:port of event socket and SIP profile
}

// ask runs an api command on the node.
func (n *node) ask(t testing.TB, command string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	conn, err := esl.Dial(ctx, n.esl, settings.eslPassword, esl.Options{})
	if err != nil {
		t.Fatalf("FreeSWITCH at %s: %v", n.esl, err)
	}
	defer func() { _ = conn.Close() }()
	answer, err := conn.API(ctx, command)
	if err != nil {
		t.Fatalf("%s on FreeSWITCH at %s: %v", command, n.esl, err)
	}
	return answer
}

// A channel is one leg of a call on a node.
type channel struct {
	UUID      string `json:"uuid"`
	Direction string `json:"direction"`
	Number    string `json:"cid_num"`
	State     string `json:"callstate"`
}

// channels are those of a caller's number, both legs.
func (n *node) channels(t testing.TB, number string) []channel {
	t.Helper()
	var answer struct {
		Rows []channel `json:"rows"`
	}
	if err := json.Unmarshal([]byte(n.ask(t, "show channels like "+number+" as json")), &answer); err != nil {
		t.Fatalf("channels of FreeSWITCH at %s: %v", n.esl, err)
	}
	return answer.Rows
}

// isEmptyOf waits until a number has no channel any more.
func (n *node) isEmptyOf(t testing.TB, number string) {
	t.Helper()
	eventually(t, "no channel of "+number+" is left on "+n.esl, func() bool { return len(n.channels(t, number)) == 0 })
}

// hosts are the controllers that the node hands calls to.
func (n *node) hosts(t testing.TB) []string {
	t.Helper()
	return strings.Split(n.ask(t, "global_getvar dialgraph_hosts"), "|")
}

func (n *node) setHosts(t testing.TB, hosts ...string) {
	t.Helper()
	n.ask(t, "global_setvar dialgraph_hosts="+strings.Join(hosts, "|"))
}

// version is what FreeSWITCH says it is.
func (n *node) version(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := esl.Dial(ctx, n.esl, settings.eslPassword, esl.Options{})
	if err != nil {
		return "unknown"
	}
	defer func() { _ = conn.Close() }()
	answer, err := conn.API(ctx, "version")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(answer)
}
