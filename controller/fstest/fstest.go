// Package fstest is a fake FreeSWITCH with fake callers and agents on real
// sockets, as httptest is for HTTP: it dials a controller when somebody calls,
// listens as the event socket on port 8021 does, and behaves as
// FreeSWITCH 1.10.12 was seen to behave.
//
//	sw, err := fstest.New(fstest.Config{Hosts: []string{addr}, Speed: 100})
//	sw.Agent("1001", fstest.Behaviour{Reaction: fstest.Answers, After: 3 * time.Second})
//	call := sw.Call(fstest.Caller{Number: "+380671234567", To: "0800", Script: fstest.Script{
//		fstest.Hear("menu"), fstest.Press("3"), fstest.Await(fstest.Connected), fstest.Pause(time.Minute), fstest.HangUp(),
//	}})
//	cause, err := call.Wait(ctx)
//	fmt.Print(call.Transcript())
//
// It shares no code with the controller's side of the protocol, so that a
// fault there cannot hide itself.
package fstest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"
)

// Config describes a fake FreeSWITCH node. The zero value works: a node
// without controllers on a free port of the loopback, in real time.
type Config struct {
	// Hosts are the controllers ("host:port") in the order they are tried. They
	// are the first value of the global variable dialgraph_hosts.
	Hosts []string
	// Globals are further global variables of the node.
	Globals map[string]string
	// Speed is how many times faster than real time calls run; 0 is 1. At 100 a
	// prompt of five seconds takes 50 ms. Every duration in this package is call
	// time: what callers and agents would see on their own clocks.
	Speed float64
	// Listen is the address of the inbound event socket; "" is 127.0.0.1:0.
	Listen string
	// Password of the inbound event socket; "" is ClueCon.
	Password string
	// Phones are the agents' telephones, shared by nodes of one cluster; nil
	// gives the node its own.
	Phones *Phones
	// Sounds tells which sound files exist and how long they last; nil means
	// every file exists and lasts two seconds.
	Sounds Sounds
	// Dialplan gives the actions for a destination; nil is the shipped dialplan:
	// every call goes to the hosts in dialgraph_hosts, and to its fallback when
	// none takes it or one is done with it.
	Dialplan func(destination string) []Action
	// Failures is how many connects in a row without a controller lead to the
	// number's fallback; 0 is 3.
	Failures int
	// Bare leaves out of every frame the headers that real ones carry and no
	// controller needs: 1 KB a frame instead of 5 to 9 KB.
	Bare bool
	// Hostname of the node; "" is fs1.
	Hostname string
	// Dial connects to a controller; nil is a plain TCP dial. A load generator
	// uses it to spread calls over several source addresses.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// Log receives what goes wrong inside; nil discards it.
	Log *slog.Logger
}

// An Action is an application with its argument, as in a dialplan.
type Action struct {
	App, Data string
}

// Sounds tells whether a sound file exists and how long it lasts.
type Sounds func(file string) (length time.Duration, ok bool)

// Files is a fixed set of sound files. A file that is asked for by a longer
// path matches when the path ends in a known name.
func Files(lengths map[string]time.Duration) Sounds {
	return func(file string) (time.Duration, bool) {
		if d, ok := lengths[file]; ok {
			return d, true
		}
		for name, d := range lengths {
			if strings.HasSuffix(file, "/"+name) {
				return d, true
			}
		}
		return 0, false
	}
}

// ErrEnded is returned by waits of a call that has ended meanwhile.
var ErrEnded = errors.New("call has ended")

func (c Config) withDefaults() Config {
	if c.Speed == 0 {
		c.Speed = 1
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Password == "" {
		c.Password = "ClueCon"
	}
	if c.Phones == nil {
		c.Phones = NewPhones()
	}
	if c.Sounds == nil {
		c.Sounds = func(string) (time.Duration, bool) { return 2 * time.Second, true }
	}
	if c.Failures == 0 {
		c.Failures = 3
	}
	if c.Hostname == "" {
		c.Hostname = "fs1"
	}
	if c.Dial == nil {
		c.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) validate() error {
	if c.Speed < 0 {
		return fmt.Errorf("speed %v is negative", c.Speed)
	}
	for _, h := range c.Hosts {
		if _, _, err := net.SplitHostPort(h); err != nil {
			return fmt.Errorf("controller %q: %w", h, err)
		}
	}
	return nil
}
