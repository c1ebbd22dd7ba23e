package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A child is a process that the bench has started. It lives as long as its
// standard input is open, so that it ends with the bench, however that ends.
type child struct {
	name string
	pid  int
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	log  string // file with what it said on its standard error
	stop func() bool
}

// guard runs a program that does not look at its input, says its process id,
// and kills it by that id once the input is closed.
const guard = `"$0" "$@" & echo $!; read _; kill -9 $!; wait`

// endWithin bounds the wait for a child whose input was closed.
const endWithin = 5 * time.Second

// startPart starts a part of the bench.
func (b *bench) startPart(ctx context.Context, name string) (*child, error) {
	c, err := b.start(ctx, name, b.program, "bench-part", name)
	if err == nil {
		c.pid = c.cmd.Process.Pid
	}
	return c, err
}

// startGuarded starts any other program.
func (b *bench) startGuarded(ctx context.Context, name, program string, args ...string) (*child, error) {
	c, err := b.start(ctx, name, "sh", append([]string{"-c", guard, program}, args...)...)
	if err != nil {
		return nil, err
	}
	line, err := c.out.ReadString('\n')
	if err == nil {
		c.pid, err = strconv.Atoi(strings.TrimSpace(line))
	}
	if err != nil {
		c.end()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return c, nil
}

func (b *bench) start(ctx context.Context, name, program string, args ...string) (*child, error) {
	log, err := os.CreateTemp(b.dir, name+"-*.log")
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the child has its own
	c := &child{name: name, log: log.Name(), cmd: exec.Command(program, args...)}
	c.cmd.Stderr = log
	c.cmd.Dir = b.dir
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c.stop = context.AfterFunc(ctx, func() {
		_ = c.in.Close()
		time.AfterFunc(endWithin, func() { _ = c.cmd.Process.Kill() }) // one that hangs; the others have ended
	})
	b.children = append(b.children, c)
	return c, nil
}

// end ends the child and waits for it. Ending it twice does nothing.
func (c *child) end() {
	if c.cmd.ProcessState != nil {
		return
	}
	c.stop()
	_ = c.in.Close()
	kill := time.AfterFunc(endWithin, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	_ = c.cmd.Wait() // "killed" is what was asked for
}

// ask gives a part an order and waits for the answer.
func (c *child) ask(question, into any) error {
	line, err := json.Marshal(question)
	if err != nil {
		return err
	}
	if _, err = c.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%s: %w%s", c.name, err, c.said())
	}
	reply, err := c.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%s: %w%s", c.name, err, c.said())
	}
	var a answer
	if err = json.Unmarshal(reply, &a); err == nil {
		err = a.read(into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

// said is the end of the child's log, for an error message.
func (c *child) said() string {
	text, err := os.ReadFile(filepath.Clean(c.log))
	if err != nil || len(text) == 0 {
		return ""
	}
	return "\n" + string(text[max(0, len(text)-2000):])
}
