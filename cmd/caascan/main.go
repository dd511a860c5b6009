// Command caascan measures which certification authorities domains let issue: scan takes any number of names, lookup
// explains one, check says if a CA may issue,
// serve answers both over HTTP, demo runs a scan of a small Internet of its own.
//
// Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 done, but rows are missing, or the answer is no
// (check); 2 wrong usage, unreadable input or unwritable output, before any packet; 3 stopped early, what was written is
// valid; 4 undetermined (check).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/alecthomas/kong"

	"github.com/caascan/caascan/cmd/command"
)

// Exit codes.
const (
	exitDone    = command.Done
	exitNo      = command.No
	exitUsage   = command.Wrong
	exitStopped = command.Stopped
)

// cli is the command line: flags, environment (CAASCAN_...) and YAML keys all come from it.
type cli struct {
	logFlags

	Config  kong.ConfigFlag  `placeholder:"FILE" help:"Read flags from a YAML file: one key for each, under the flag's name."`
	Version kong.VersionFlag `help:"Print the version."`

	Scan   scanCmd   `cmd:"" help:"Ask for the CAA of every name of a list, and write a dataset."`
	Lookup lookupCmd `cmd:"" help:"Look one name up and show everything seen."`
	Check  checkCmd  `cmd:"" help:"May this CA issue? One verdict for each name or mail address."`
	Serve  serveCmd  `cmd:"" help:"Answer check and lookup over HTTP, as JSON."`
	Lists  listsCmd  `cmd:"" help:"Show the public lists of names with their licences; fetch one."`
	Verify verifyCmd `cmd:"" help:"Read a whole scan again: is everything there, and as it was written? Mends what is not."`
	Demo   demoCmd   `cmd:"" help:"Scan a small Internet on loopback whose truth is known."`

	ProbePage  probePageCmd  `cmd:"" help:"Print a web page that explains the queries of a scan to those who get them."`
	Man        manCmd        `cmd:"" help:"Write the manual pages."`
	Completion completionCmd `cmd:"" help:"Print the completion script of a shell."`
}

// environ is what a command works with.
type environ struct {
	ctx            context.Context
	flags          map[string]any // of the command, as given or by default, under their names
	stdin          io.Reader
	stdout, stderr io.Writer
	console        *console // stderr, with what stands on it meanwhile
	log            *slog.Logger
	snapshots      <-chan os.Signal // somebody wants to see how it goes
	began          bool             // what goes wrong from now on is told in the log, among what it says already
}

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	snapshots := make(chan os.Signal, 1)
	notifySnapshots(snapshots)
	done := -1 // set when help or version was printed
	parser := newParser(kong.Writers(stdout, stderr), kong.Exit(func(code int) { done = code }))
	called, err := parser.Parse(args)
	switch {
	case done >= 0:
		return done
	case err != nil:
		fmt.Fprintf(stderr, "caascan: %v\n", err)
		return exitUsage
	}
	console, flags := newConsole(stderr), flagsOf(called)
	env := &environ{ctx, flags, stdin, stdout, stderr, console, newLog(console, flags), snapshots, false}
	err = called.Run(env)
	var e command.Exit
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &e):
		if e.Err != nil {
			env.tell(e.Err)
		}
		return e.Code
	default:
		env.tell(err)
		return exitStopped
	}
}

// tell says why a command ends.
func (env *environ) tell(err error) {
	if env.began {
		env.log.Error(err.Error())
	} else {
		fmt.Fprintf(env.stderr, "caascan: %v\n", err)
	}
}

// newParser returns what reads the command line. Its model is what help, manual pages and completion are made of.
func newParser(more ...kong.Option) *kong.Kong {
	parser, err := kong.New(&cli{}, append([]kong.Option{
		kong.Name("caascan"),
		kong.Description("Which certification authorities may issue for a domain? caascan asks the authoritative name servers."),
		kong.Vars{"version": version()},
		kong.DefaultEnvars(envPrefix),
		kong.Configuration(command.YAML),
		kong.Help(command.Help("caascan lookup example.org\n  caascan scan top-1m.csv.zip --out scan-2026-11")),
	}, more...)...)
	if err != nil {
		panic("internal error: command line: " + err.Error())
	}
	return parser
}

// envPrefix begins the names of the environment variables that set flags.
const envPrefix = "CAASCAN"

// flagsOf returns the values of all flags of a command.
func flagsOf(command *kong.Context) map[string]any {
	values := map[string]any{}
	for _, flag := range command.Flags() {
		if flag.Name != "help" && flag.Name != "version" {
			values[flag.Name] = command.FlagValue(flag)
			if d, ok := values[flag.Name].(time.Duration); ok {
				values[flag.Name] = d.String()
			}
		}
	}
	return values
}

// release is the version of this source; a tagged build says more by itself.
const release = "0.1.0"

// version returns the version and, where the build recorded it, the commit.
func version() string {
	if commit := commit(); commit != "" {
		return release + "+" + commit[:min(12, len(commit))]
	}
	return release
}

func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
