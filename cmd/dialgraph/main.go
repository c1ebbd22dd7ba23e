// Command dialgraph takes control of the calls of a FreeSWITCH cluster: it
// serves them, checks and simulates their menus, and telephones in a terminal.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// A cli is every command with its flags.
type cli struct {
	Serve    serveCmd         `cmd:"" help:"Take calls from FreeSWITCH and requests from the CRM."`
	Check    checkCmd         `cmd:"" help:"Say everything that is wrong with menus, as FILE:LINE:COL: problem."`
	Simulate simulateCmd      `cmd:"" help:"Print the transcript of one call through a menu."`
	Phone    phoneCmd         `cmd:"" help:"Telephone in this terminal: call a running controller as FreeSWITCH would."`
	Demo     demoCmd          `cmd:"" help:"Serve the example line and put you on its telephone."`
	Key      keyCmd           `cmd:"" help:"Make a key for the API."`
	Bench    benchCmd         `cmd:"" help:"Measure what calls cost on this machine, beside yardsticks of the same run."`
	Part     benchPartCmd     `cmd:"" name:"bench-part" hidden:"" help:"One process of bench."`
	Version  kong.VersionFlag `help:"Print the version and exit."`
}

// A run is what every command gets from outside.
type run struct {
	ctx    context.Context
	in     io.Reader
	out    io.Writer
	errOut io.Writer
}

// errFound says that a command did its work and has found faults, which it
// has told already: exit 1, nothing more to say.
var errFound = errors.New("faults found")

func main() { os.Exit(program()) }

// program is the command line of this process. A signal ends it in good order,
// a second one at once.
func program() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// execute runs one command and returns its exit status: 0 done, 1 failed,
// 2 not understood.
func execute(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	var c cli
	status := -1
	parser, err := kong.New(&c,
		kong.Name("dialgraph"),
		kong.Description("Menus, queues and agents for the calls of a FreeSWITCH cluster."),
		kong.PostBuild(environment),
		kong.Vars{"version": version()},
		kong.Writers(out, errOut),
		kong.Exit(func(code int) { status = code }),
		kong.UsageOnError(),
	)
	if err != nil {
		_, _ = fmt.Fprintln(errOut, "dialgraph:", err)
		return 2
	}
	command, err := parser.Parse(args)
	if status >= 0 { // --help or --version has said its piece
		return status
	}
	if err != nil {
		_, _ = fmt.Fprintln(errOut, "dialgraph:", err)
		return 2
	}
	err = command.Run(&run{ctx: ctx, in: in, out: out, errOut: errOut})
	switch {
	case err == nil:
		return 0
	case !errors.Is(err, errFound):
		_, _ = fmt.Fprintln(errOut, "dialgraph:", err)
	}
	return 1
}

// environment lets the flags of what runs unattended be set by environment
// variables too: DIALGRAPH_ and the flag's name.
func environment(k *kong.Kong) error {
	for _, command := range k.Model.Children {
		if command.Name != "serve" && command.Name != "key" {
			continue
		}
		for _, flag := range command.Flags {
			flag.Envs = []string{"DIALGRAPH_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))}
			flag.Tag.Envs = flag.Envs // what is read
		}
	}
	return nil
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unknown"
	}
	return info.Main.Version
}
