//go:build freeswitch

package realswitch

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/dialgraph/dialgraph/api"
)

// FreeSWITCH runs ${system(…)} wherever it expands an argument: nothing that a
// caller or a CRM says may reach one.
func TestDataIsNotExecuted(t *testing.T) {
	dir := fmt.Sprintf("/tmp/dg%d", os.Getpid()%1000) // short: it is read aloud
	err := os.Mkdir(dir, 0o777)                       // a command of FreeSWITCH's user could write here
	if err == nil {
		err = os.Chmod(dir, 0o777) // as above
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	traces := 0
	command := func() string { // a command that leaves a trace
		traces++
		return fmt.Sprintf("${system(touch %s/%d)}", dir, traces)
	}
	l := open(t)
	a := l.agent("1001", answers, "bench")
	phone := l.caller()
	l.customer(phone, api.Customer{
		Name: command(), Contract: command(), Address: "kyiv/hostile", Extra: map[string]string{"note": command()},
	})
	l.crm.put("/v1/outages/kyiv/hostile", api.Outage{Message: "a " + command() + " \\${system(touch " + dir + "/b)} ' !"})

	c := phone.mustCall(hostile, calling{name: command()})
	c.hears("voice")
	talk := a.talks()
	c.hears("agent", "voice", "music")
	talk.hears("caller")
	talk.hangup()
	c.hears("goodbye")
	c.isHungUp()
	r := l.crm.record(l.owner(c).Call)
	if r.Customer == "" || len(r.Path) < 4 {
		t.Errorf("customer %q, path %v: want a customer and the whole way", r.Customer, r.Path)
	}
	for _, contact := range []string{"1001" + command(), "1001,user/1002", "1001]{x=" + command() + "}", "1001\nabc"} {
		status, _ := l.crm.do(http.MethodPut, "/v1/agents/hostile", fmt.Sprintf(`{"contact":%q,"queues":[{"queue":"till"}],"status":"available"}`, contact))
		if status/100 == 2 {
			waits := l.callMenu()
			waits.press("4")
			waits.hears("music", "voice")
			eventually(t, "the offer of such an agent comes to nothing", func() bool { return l.crm.state("hostile") != "ringing" })
			waits.hangup()
		}
	}
	left, err := filepath.Glob(dir + "/*")
	if err != nil || len(left) > 0 {
		t.Errorf("commands were executed: %v, %v", left, err)
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		t.Error("the folder of the traces is gone")
	}
}
