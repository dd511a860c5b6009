// Command caareport makes of scans what people came for: report answers the questions of research as tables, figures and a page;
// impact says whom a change of rules would hit; compare shows what is different between two scans; query runs SQL.
//
// Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 done, but the scan is not complete; 2 wrong usage or
// unreadable input; 3 stopped early.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/cmd/command"
)

// Exit codes.
const (
	exitDone       = command.Done
	exitIncomplete = command.No
	exitUsage      = command.Wrong
	exitStopped    = command.Stopped
)

// cli is the command line.
type cli struct {
	Config kong.ConfigFlag `placeholder:"FILE" help:"Read flags from a YAML file: one key for each, under the flag's name."`

	Report  reportCmd  `cmd:"" help:"Answer the questions of research as tables, figures and a page."`
	Impact  impactCmd  `cmd:"" help:"Say whom a change of rules would hit: which CA, which names, why."`
	Compare compareCmd `cmd:"" help:"Say what is different between scans: over time, or between vantages."`
	Query   queryCmd   `cmd:"" help:"Run SQL over the tables of a scan."`
	Archive archiveCmd `cmd:"" help:"Make a scan of what OpenINTEL, zdns, massdns or Rapid7 have measured."`
}

// environ is what a command works with.
type environ struct {
	ctx            context.Context
	stdin          io.Reader
	stdout, stderr io.Writer
}

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	done := -1 // set when help was printed
	parser := newParser(kong.Writers(stdout, stderr), kong.Exit(func(code int) { done = code }))
	called, err := parser.Parse(args)
	switch {
	case done >= 0:
		return done
	case err != nil:
		fmt.Fprintf(stderr, "caareport: %v\n", err)
		return exitUsage
	}
	err = called.Run(&environ{ctx, stdin, stdout, stderr})
	var e command.Exit
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "caareport: stopped")
		return exitStopped
	case errors.As(err, &e):
		if e.Err != nil {
			fmt.Fprintf(stderr, "caareport: %v\n", e.Err)
		}
		return e.Code
	default:
		fmt.Fprintf(stderr, "caareport: %v\n", err)
		return exitStopped
	}
}

// newParser returns what reads the command line.
func newParser(more ...kong.Option) *kong.Kong {
	parser, err := kong.New(&cli{}, append([]kong.Option{
		kong.Name("caareport"),
		kong.Description("Tables, figures and pages from the scans of caascan."),
		kong.DefaultEnvars("CAAREPORT"),
		kong.Configuration(command.YAML),
		kong.Help(command.Help("caareport report scan-2026-11-21\n  caareport query scan-2026-11-21 \"DESCRIBE domains\"")),
	}, more...)...)
	if err != nil {
		panic("internal error: command line: " + err.Error())
	}
	return parser
}

// dataFlags are those of all commands: how scans are read.
type dataFlags struct {
	Memory  size   `group:"Reading" default:"1GiB" help:"Limit of what DuckDB holds in memory; what is more goes to disk."`
	Threads int    `group:"Reading" placeholder:"N" help:"Processors to use (default: all)."`
	Temp    string `group:"Reading" placeholder:"DIR" help:"Directory for what does not fit into memory (default: that of the system)."`
	Verify  bool   `group:"Reading" default:"true" negatable:"" help:"Hold each part against its SHA-256 first."`
}

// options are the flags as package analysis takes them.
func (f *dataFlags) options() analysis.Options {
	return analysis.Options{Memory: int64(f.Memory), Threads: f.Threads, Temp: f.Temp, Trust: !f.Verify}
}
