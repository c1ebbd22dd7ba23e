//go:build freeswitch

package realswitch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/api"
	"github.com/dialgraph/dialgraph/store/storetest"
)

// The numbers of a line.
const (
	workshop = "7001" // answered at once
	ahead    = "7002" // three menus in a row
	atInput  = "7003" // the workshop, answered at the first key
	byAgent  = "7004" // the workshop, answered when an agent answers
	fallback = "7005" // the workshop, with a desk that answers when nobody else does
	single   = "7006" // the workshop, one call at once
	hostile  = "7007" // says what is known of the caller
	spoken   = "7008" // rendered prompts
	missing  = "7009" // prompts that are not there
	inactive = "7010" // a menu without an active version, with a desk
	unknown  = "7999" // nobody's
)

// lease is how long a controller that is silent counts as alive, and grace
// what a takeover may need beyond it.
const (
	lease = 6 * time.Second
	grace = 2 * time.Second
)

// A line is everything that answers a number: Redis, two controllers, and the
// documents they serve. Each test has its own.
type line struct {
	t           testing.TB
	at          *node // callers and agents are here
	redis       *storetest.Server
	crm         *crm
	controllers []*controller
	flags       map[string]string // of the controllers
}

// open opens a line for one test. Flags, as in "grace=5s", go to both
// controllers.
func open(t *testing.T, flags ...string) *line {
	t.Helper()
	report.scenario(t)
	l := &line{t: t, at: settings.nodes[0], redis: storetest.Start(t)}
	l.flags = map[string]string{
		"redis": l.redis.URL(), "esl-allow": settings.host + "/32", "freeswitch-password": settings.eslPassword,
		"recordings": settings.sounds, "prompts": filepath.Join(settings.sounds, "spoken"), "grace": "2s",
	}
	for _, flag := range flags {
		name, value, _ := strings.Cut(flag, "=")
		l.flags[name] = value
	}
	l.crm = &crm{t: t, key: l.newKey(), base: func() string { return l.alive().http }}
	for _, n := range settings.nodes {
		n.setHosts(t, "127.0.0.1:9") // those of the test before are gone
	}
	l.setUp()
	for range 2 {
		l.start()
	}
	l.isListed()
	return l
}

// setUp stores what the line says and who works there. The controllers start
// afterwards, so that they know all of it.
func (l *line) setUp() {
	l.t.Helper()
	desk := l.start()
	l.crm.put("/v1/sites/default", api.Site{
		Region: "UA", Templates: api.Templates{Agent: "user/{contact}@" + settings.domain, Extension: "user/{extension}@" + settings.domain},
	})
	for _, name := range []string{"workshop", "ahead", "hostile", "spoken", "missing"} {
		l.menu(name)
	}
	never := strings.Replace(l.document("workshop"), "menu: workshop", "menu: never", 1)
	l.crm.put("/v1/menus/never", never)
	l.crm.put("/v1/numbers/"+inactive, api.Number{Menu: "never", Fallback: "1005 XML agents"})
	for number, menu := range map[string]string{hostile: "hostile", spoken: "spoken", missing: "missing"} {
		l.crm.put("/v1/numbers/"+number, api.Number{Menu: menu})
	}
	l.crm.put("/v1/numbers/"+workshop, api.Number{Menu: "workshop"})
	l.crm.put("/v1/numbers/"+ahead, api.Number{Menu: "ahead"})
	l.crm.put("/v1/numbers/"+atInput, api.Number{Menu: "workshop", Answer: "at-input"})
	l.crm.put("/v1/numbers/"+byAgent, api.Number{Menu: "workshop", Answer: "by-agent"})
	l.crm.put("/v1/numbers/"+fallback, api.Number{Menu: "workshop", Fallback: "1005 XML agents"})
	l.crm.put("/v1/numbers/"+single, api.Number{Menu: "workshop", MaxCalls: 1})
	short := api.Duration(time.Second)
	for _, name := range []string{"bench", "till"} {
		l.crm.put("/v1/queues/"+name, api.Queue{
			Ring: api.Duration(4 * time.Second), WrapUp: short,
			Delays: api.Delays{NoAnswer: short, Busy: short, Rejected: short, NotRegistered: short, Unreachable: short},
		})
	}
	desk.terminate()
	await(l.t, desk.died, "a controller without calls ends")
	l.controllers = nil
}

// menu puts a document and makes it the active version.
func (l *line) menu(name string) {
	l.t.Helper()
	l.crm.put("/v1/menus/"+name+"?activate=true", l.document(name))
}

// document is a menu of testdata.
func (l *line) document(name string) string {
	l.t.Helper()
	document, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
	if err != nil {
		l.t.Fatal(err)
	}
	return string(document)
}

// start starts one more controller.
func (l *line) start() *controller {
	l.t.Helper()
	c := startController(l.t, l.arguments()...)
	eventually(l.t, "the controller is ready", c.ready)
	l.controllers = append(l.controllers, c)
	return c
}

// arguments are those of a controller.
func (l *line) arguments() []string {
	var all []string
	for name, value := range l.flags {
		all = append(all, "--"+name+"="+value)
	}
	for _, n := range settings.nodes {
		all = append(all, "--freeswitch="+n.esl)
	}
	return all
}

// newKey makes an API key as an operator would.
func (l *line) newKey() string {
	l.t.Helper()
	out, err := exec.Command(program, "key", "test", "--redis", l.redis.URL()).Output()
	if err != nil {
		l.t.Fatalf("dialgraph key: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// isListed waits until every node hands calls to those controllers only that
// live.
func (l *line) isListed() {
	l.t.Helper()
	eventually(l.t, "the nodes know the controllers", func() bool {
		for _, n := range settings.nodes {
			hosts := n.hosts(l.t)
			if len(hosts) != len(l.living()) {
				return false
			}
			for _, c := range l.living() {
				if !slices.Contains(hosts, c.esl) {
					return false
				}
			}
		}
		return true
	})
}

// living are the controllers that neither died nor hang.
func (l *line) living() (all []*controller) {
	for _, c := range l.controllers {
		if c.alive() && !c.frozen {
			all = append(all, c)
		}
	}
	return all
}

// alive is a controller that lives.
func (l *line) alive() *controller {
	l.t.Helper()
	all := l.living()
	if len(all) == 0 {
		l.t.Fatal("no controller is alive")
	}
	return all[0]
}

// owner waits for the controller that has a call, and the call's UUID.
func (l *line) owner(c *caller) taken {
	l.t.Helper()
	var owner taken
	eventually(l.t, "a controller has the call of "+c.number, func() bool {
		for _, by := range l.controllers {
			if t, ok := by.took(c.number[1:]); ok && t.Time.After(owner.Time) {
				owner = t
			}
		}
		return owner.by != nil
	})
	return owner
}

// resumedBy waits until a controller other than the one before has the call.
func (l *line) resumedBy(c *caller, before taken) taken {
	l.t.Helper()
	var now taken
	eventually(l.t, "another controller has the call of "+c.number, func() bool {
		now = l.owner(c)
		return now.by != before.by && now.Call == before.Call
	})
	return now
}

// agent registers a telephone and lets its agent log in for queues.
func (l *line) agent(user string, how reaction, queues ...string) *agent {
	l.t.Helper()
	a := newAgent(l.t, l.at, user, how)
	l.member(a.id, user, "available", queues...)
	return a
}

// member puts an agent.
func (l *line) member(id, contact, status string, queues ...string) {
	l.t.Helper()
	var in []api.Membership
	for _, q := range queues {
		in = append(in, api.Membership{Queue: q})
	}
	l.crm.put("/v1/agents/"+id, api.Agent{Contact: contact, Queues: in, Status: status})
}

// customer puts a customer with the number of a telephone.
func (l *line) customer(p *phone, about api.Customer) {
	l.t.Helper()
	about.Numbers = []string{international(p.user)}
	l.crm.put("/v1/customers/c"+p.user, about)
}

// international is a caller's number in E.164.
func international(number string) string { return "+38" + number }

var callers atomic.Int64

// caller is a telephone with a number that nobody else has.
func (l *line) caller() *phone {
	l.t.Helper()
	return newCaller(l.t, l.at, l.number())
}

// number is one that nobody else has.
func (l *line) number() string { return fmt.Sprintf("067%07d", callers.Add(1)) }

// call is a call of a new caller.
func (l *line) call(number string) *caller {
	l.t.Helper()
	return l.caller().mustCall(number, calling{})
}

// callMenu is a call that hears the main menu.
func (l *line) callMenu() *caller {
	l.t.Helper()
	c := l.call(workshop)
	greeting := c.hears("greeting")
	main := c.hears("main")
	report.figure(l.t, firstSound, greeting.begin.Sub(c.answered))
	report.figure(l.t, silence, main.begin.Sub(c.endOf("greeting")))
	return c
}

// queued is a call that waits for an agent.
func (l *line) queued() *caller {
	l.t.Helper()
	c := l.callMenu()
	c.press("1")
	c.hears("connecting")
	c.hears("music")
	return c
}
