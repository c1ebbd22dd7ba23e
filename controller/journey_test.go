package controller_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/controller/fstest"
	"github.com/dialgraph/dialgraph/dialplan"
)

const everything = `
menu: everything
timezone: Europe/Kyiv
languages: [en]
queues: [services]
start: hello
variables: {contract: ""}
prompts:
  hello: {text: {en: Hello}}
  gone: {text: {en: Nobody hears this}}
  choose: {text: {en: One or two}}
  number: {text: {en: Your number}}
  confirm: {text: {en: Is that right}}
  after: {text: {en: Your talk is over}}
  survey: {text: {en: How was it}}
  bye: {text: {en: Goodbye}}
  music: {file: music.wav}
nodes:
  hello: {play: hello, next: topic}
  topic: {tag: {topic: repair}, next: advert}
  advert: {play: gone, next: choose}
  choose:
    menu: {prompt: choose, timeout: 30s, tries: 2}
    keys: {"1": number, "2": agent, "4": out}
    silent: bye
    invalid: bye
  number:
    collect: {prompt: number, min: 4, max: 6, timeout: 30s, terminators: "#", into: contract, confirm: {prompt: confirm, timeout: 30s}}
    next: agent
    silent: bye
  agent:
    queue: {name: services, music: music}
    next: after
  after: {play: after, next: colleague}
  colleague: {dial: "101", next: survey, failed: bye}
  survey:
    menu: {prompt: survey, timeout: 30s}
    keys: {"5": praise}
    silent: bye
  praise: {tag: {rating: "5"}, next: bye}
  out: {exit: {}}
  bye: {play: bye, next: end}
  end: {hangup: {}}
`

// A journey is a call that is made again and again, its controllers being
// killed at other places each time.
type journey struct {
	name   string
	answer dialplan.AnswerPolicy
	caller fstest.Caller
	script func(*trip) fstest.Script
	places []string // where its controller can be killed
	unwalk bool     // no walk is begun, so that none is gone on with
}

var journeys = []journey{
	{
		name:   "talks to an agent and to a colleague",
		caller: fstest.Caller{Number: "0671234567", To: "0800111222"},
		places: []string{
			"prompt", "menu", "collecting", "confirming", "waiting", "ringing", "talking", "after the talk",
			"colleague rings", "colleague talks", "survey", "goodbye",
		},
		script: func(tr *trip) fstest.Script {
			return slices.Concat(fstest.Script{
				fstest.Hear("hello"), tr.lose("prompt", fstest.Hear("hello")),
				fstest.Asks(), tr.lose("menu", fstest.Asks()), fstest.Press("1"),
				fstest.Asks(), tr.lose("collecting", fstest.Asks()), fstest.Press("1234#"),
				fstest.Asks(), tr.lose("confirming", fstest.Asks()), fstest.Press("#"),
				fstest.Hear("music"), tr.lose("waiting", fstest.Hear("music")),
				tr.offer("boris", "1003"), fstest.Await(fstest.Gave), tr.offer("anna", "1001"),
			}, tr.talk("1001", "ringing", "talking"), fstest.Script{
				fstest.Hear("after"), tr.lose("after the talk", fstest.Hear("after")),
			}, tr.talk("101", "colleague rings", "colleague talks"), fstest.Script{
				fstest.Asks(), tr.lose("survey", fstest.Asks()), fstest.Press("5"),
				fstest.Hear("bye"), tr.lose("goodbye", fstest.Hear("bye")),
			})
		},
	}, {
		name:   "hangs up while talking",
		caller: fstest.Caller{Number: "0671234567", To: "0800111222"},
		places: []string{"ringing", "talking"},
		script: func(tr *trip) fstest.Script {
			return fstest.Script{
				fstest.Asks(), fstest.Press("2"), tr.offer("anna", "1001"),
				fstest.Await(fstest.Calling), tr.lose("ringing", fstest.Await(fstest.Calling)), tr.pickUp("1001"),
				fstest.Await(fstest.Connected), fstest.Pause(talkFor), tr.lose("talking", tr.adopted), fstest.HangUp(),
			}
		},
	}, {
		name:   "withholds the number, is not answered, and gives up waiting",
		answer: dialplan.AnswerByAgent,
		caller: fstest.Caller{Number: "0671234567", To: "0800111222", Hidden: true},
		places: []string{"prompt", "menu", "waiting"},
		script: func(tr *trip) fstest.Script {
			return fstest.Script{
				fstest.Hear("hello"), tr.lose("prompt", fstest.Hear("hello")),
				fstest.Asks(), tr.lose("menu", fstest.Asks()), fstest.Press("2"),
				fstest.Hear("music"), tr.lose("waiting", fstest.Hear("music")), fstest.HangUp(),
			}
		},
	}, {
		name:   "leaves for the fallback",
		caller: fstest.Caller{Number: "0671234567", To: "0800111222"},
		places: []string{"prompt", "menu"},
		script: func(tr *trip) fstest.Script {
			return fstest.Script{
				fstest.Hear("hello"), tr.lose("prompt", fstest.Hear("hello")),
				fstest.Asks(), tr.lose("menu", fstest.Asks()), fstest.Press("4"),
			}
		},
	}, {
		name:   "dials a number that is nobody's",
		caller: fstest.Caller{Number: "0671234567", To: "0800999999"},
		places: []string{"notice"},
		script: func(tr *trip) fstest.Script {
			return fstest.Script{fstest.Hear("tone_stream"), tr.lose("notice", fstest.Hear("tone_stream"))}
		},
		unwalk: true,
	},
}

// talkFor is how long a talk goes on before its controller is killed, and
// after that.
const talkFor = 8 * time.Second

// A trip is one call of a journey, with controllers of its own.
type trip struct {
	t         testing.TB
	m         *memory
	sw        *fstest.Switch
	call      *fstest.Call
	instances []*mortalInstance
	losses    map[string]int // how often the controller is killed at each place
}

type mortalInstance struct {
	*instance
	store *mortal
	name  string
}

// travel makes the call, and returns its record and what the caller noticed.
func (j journey) travel(t *testing.T, losses ...string) (*trip, *controller.Record, fstest.Transcript) {
	t.Helper()
	tr := &trip{t: t, m: newMemory(), losses: map[string]int{}}
	for _, place := range losses {
		tr.losses[place]++
	}
	tr.m.use(t, everything)
	tr.m.route.Answer = j.answer
	tr.m.customer = dialplan.Caller{Number: "+380671234567", Known: true, Customer: "c-1001"}
	var hosts []string
	var listeners []*cutter
	for range len(losses) + 1 {
		l := listen(t)
		listeners, hosts = append(listeners, l), append(hosts, l.Addr().String())
	}
	tr.sw = nodeOf(t, fstest.Config{Hosts: hosts, Speed: 2 * speed})
	tr.m.clock = tr.sw.Now
	for i, l := range listeners {
		tr.start(fmt.Sprintf("instance-%d", i), l)
	}
	tr.sw.Agent("1003", fstest.Behaviour{Reaction: fstest.Busy})
	tr.sw.Agent("1001", fstest.Behaviour{Reaction: fstest.Rings})
	tr.sw.Agent("101", fstest.Behaviour{Reaction: fstest.Rings})
	caller := j.caller
	caller.UUID = "5f0a3c8e-0000-4000-8000-000000000001" // what is made from it is the same each time
	caller.Script = j.script(tr)
	tr.call = tr.sw.Call(caller)
	if _, err := tr.call.Wait(soon(t)); err != nil {
		t.Fatal(err)
	}
	return tr, tr.m.ended(t, tr.call.UUID()), tr.call.Transcript()
}

func (tr *trip) start(name string, l *cutter) {
	store := &mortal{memory: tr.m}
	i := start(tr.t, name, l, tr.m, func(c *controller.Config) {
		guarded(tr.m, tr.sw)(c)
		c.Clock, c.World, c.Cursors, c.Records = tr.sw.Now, store, store, mortalRecords{store}
		c.Owners, c.Peers = store, store
	})
	tr.instances = append(tr.instances, &mortalInstance{i, store, name})
}

// lose kills the controller that has the call, as often as the trip wants it
// at that place. Each time the caller does those steps to be there again.
func (tr *trip) lose(place string, again ...fstest.Step) fstest.Step {
	return func(ctx context.Context, c *fstest.Call) error {
		for range tr.losses[place] {
			if err := tr.kill(ctx); err != nil {
				return err
			}
			for _, step := range again {
				if err := step(ctx, c); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// kill ends the controller that has the call as kill -9 does.
func (tr *trip) kill(ctx context.Context) error {
	var owner *mortalInstance
	if err := tr.poll(ctx, func() bool {
		for _, i := range tr.instances {
			if i.Stats().Calls == 1 {
				owner = i
			}
		}
		return owner != nil
	}); err != nil {
		return err
	}
	owner.store.dead.Store(true)
	owner.stop()
	owner.kill()
	return tr.poll(ctx, func() bool { return owner.Stats().Calls == 0 })
}

// adopted waits until another controller looks after the talk.
func (tr *trip) adopted(ctx context.Context, _ *fstest.Call) error {
	return tr.poll(ctx, func() bool {
		return slices.ContainsFunc(tr.instances, func(i *mortalInstance) bool { return !i.store.dead.Load() && i.Stats().Adopted > 0 })
	})
}

func (tr *trip) poll(ctx context.Context, ok func() bool) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(errors.New("waited in vain"), ctx.Err())
		}
	}
	return nil
}

// offer lets the queue find an agent.
func (tr *trip) offer(agent, contact string) fstest.Step {
	return pass(func() {
		tr.m.offers <- dialplan.Offer{ID: "offer of " + agent, Agent: agent, Contact: contact, Ring: time.Minute}
	})
}

func (tr *trip) pickUp(contact string) fstest.Step {
	return pass(func() { tr.sw.Phones().Agent(contact, fstest.Behaviour{Reaction: fstest.Rings}).Answer() })
}

// talk is what the caller notices of somebody who answers, talks and hangs up.
func (tr *trip) talk(contact, ringing, talking string) fstest.Script {
	return fstest.Script{
		fstest.Await(fstest.Calling), tr.lose(ringing, fstest.Await(fstest.Calling)), tr.pickUp(contact),
		fstest.Await(fstest.Connected), fstest.Pause(talkFor), tr.lose(talking), fstest.Pause(talkFor),
		pass(func() { tr.sw.Phones().Agent(contact, fstest.Behaviour{Reaction: fstest.Rings}).Hangup() }),
		fstest.Await(fstest.Parted),
	}
}
