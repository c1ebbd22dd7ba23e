package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/dialgraph/dialgraph/controller/fstest"
)

// A phoneCmd is `dialgraph phone`.
type phoneCmd struct {
	To         string  `required:"" help:"The number to call."`
	From       string  `help:"The caller's number; none for a withheld one."`
	Name       string  `help:"The caller's name, as a trunk gives it."`
	Keys       *string `help:"Keys to press, one group for each question, separated by commas. Without it the telephone is interactive."`
	Controller string  `default:"127.0.0.1:8084" help:"Event socket of the controller, host:port."`
	Speed      float64 `default:"1" help:"How many times faster than real time the call runs, 0.1 to 1000."`
}

// Run places one call and shows what the caller hears.
func (c *phoneCmd) Run(r *run) error {
	if c.Speed < 0.1 || c.Speed > 1000 {
		return fmt.Errorf("--speed %v: want 0.1 to 1000", c.Speed)
	}
	sw, err := newSwitch(c.Controller, c.Speed)
	if err != nil {
		return err
	}
	defer func() { _ = sw.Close() }()
	caller := fstest.Caller{Number: c.From, Name: c.Name, To: c.To, Hidden: c.From == ""}
	if c.Keys != nil {
		if caller.Script, err = keyScript(*c.Keys); err != nil {
			return err
		}
		return show(r.ctx, sw.Call(caller), r.out, "\n")
	}
	return converse(r, sw.Call(caller))
}

// newSwitch is a FreeSWITCH that exists for one terminal: whoever is called
// answers after two seconds.
func newSwitch(controller string, speed float64) (*fstest.Switch, error) {
	sw, err := fstest.New(fstest.Config{
		Hosts: []string{controller}, Speed: speed, Sounds: spokenLength, Hostname: "terminal",
	})
	if err != nil {
		return nil, fmt.Errorf("start the terminal's telephone: %w", err)
	}
	for _, contact := range exampleContacts {
		sw.Agent(contact, fstest.Behaviour{Reaction: fstest.Answers, After: 2 * time.Second, Talk: 20 * time.Second})
	}
	return sw, nil
}

// exampleContacts are the telephones of the example line's agents.
var exampleContacts = []string{"1001", "1002", "1003", "1004", "1005"}

// listen is how long a scripted caller listens to a question before pressing
// a key: longer than a late # counts for the entry before (dialplan.lateFor).
const listen = 2500 * time.Millisecond

// keyScript presses one group of keys for each question. The caller hangs up
// when the script is over and a minute has passed.
func keyScript(groups string) (fstest.Script, error) {
	if strings.Trim(groups, ",0123456789*#ABCD") != "" {
		return nil, fmt.Errorf("--keys %q: want keys of a telephone (0-9 * # A-D) and commas", groups)
	}
	var script fstest.Script
	if groups != "" {
		for group := range strings.SplitSeq(groups, ",") {
			script = append(script, fstest.Asks(), fstest.Pause(listen), fstest.Press(group))
		}
	}
	return append(script, fstest.Pause(time.Minute), fstest.HangUp()), nil
}

// show prints what happens on the call until it has ended. A call that the
// context ends is hung up.
func show(ctx context.Context, call *fstest.Call, out io.Writer, newline string) error {
	for e := range call.Follow(ctx) {
		if line := caption(e); line != "" {
			if _, err := fmt.Fprintf(out, "%6.1fs  %s%s", e.At.Seconds(), line, newline); err != nil {
				call.Hangup()
				return err
			}
		}
	}
	if ctx.Err() == nil {
		return nil
	}
	call.Hangup()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, err := call.Wait(ctx)
	return err
}

// caption is an event as the person at the terminal wants to read it; "" for
// what a caller does not notice.
func caption(e fstest.Event) string {
	switch e.Kind {
	case fstest.Placed:
		return "calling " + e.Text
	case fstest.Refused:
		return "no controller at " + e.Text
	case fstest.Answered:
		return "answered"
	case fstest.Heard:
		if e.Text == "" || e.Text == "silence" || strings.HasPrefix(e.Text, "silence_stream://") {
			return ""
		}
		return "hears    " + words(e.Text)
	case fstest.Missing:
		return "missing  " + e.Text
	case fstest.Pressed:
		return "presses  " + e.Text
	case fstest.Calling:
		return "rings    agent " + e.Text
	case fstest.Gave:
		return "         agent " + e.Text
	case fstest.Connected:
		return "talks to agent " + e.Text
	case fstest.Parted:
		return "the talk with agent " + e.Text + " is over"
	case fstest.Left:
		return "leaves the menu for " + e.Text
	case fstest.Ended:
		return "the call has ended: " + e.Text
	default:
		return ""
	}
}

// converse is the interactive telephone: keys of the terminal are the
// caller's, q hangs up.
func converse(r *run, call *fstest.Call) error {
	in, ok := r.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return typeLines(r, call)
	}
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return fmt.Errorf("read keys from the terminal: %w", err)
	}
	defer func() { _ = term.Restore(int(in.Fd()), before) }()
	_, _ = fmt.Fprint(r.out, "keys 0-9 * # are the caller's, q hangs up\r\n")
	// The reader of the terminal cannot be interrupted; it ends with the process.
	go press(in, call)
	return show(r.ctx, call, r.out, "\r\n")
}

// typeLines takes keys from something that is no terminal, such as a pipe.
// After its end the caller stays on the line and is silent.
func typeLines(r *run, call *fstest.Call) error {
	go press(r.in, call)
	return show(r.ctx, call, r.out, "\n")
}

// hangupKeys are q, Ctrl-C and Ctrl-D.
const hangupKeys = "q\x03\x04"

func press(in io.Reader, call *fstest.Call) {
	keys := bufio.NewReader(in)
	for {
		key, err := keys.ReadByte()
		switch {
		case err != nil:
			return
		case strings.IndexByte(hangupKeys, key) >= 0:
			call.Hangup()
			return
		case strings.IndexByte("0123456789*#ABCD", key) >= 0:
			call.Press(string(key))
		}
	}
}
