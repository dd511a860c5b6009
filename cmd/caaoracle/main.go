// Command caaoracle holds caascan's validation against Unbound's. It builds a private world of a few hundred zones
// signed with BIND's and Knot's tools, sound ones and ones broken in every way that a class describes, serves them with
// NSD, Knot and BIND, asks Unbound and caascan the same questions of it, and compares rcode, security and records.
//
//	caaoracle --caascan bin/caascan
//
// Agreements are counted by class of zone. Every disagreement is printed with its explanation, from a short table of
// known ones; one that the table does not explain makes the exit code 1.
//
// All of it lives in network and process namespaces of its own, so that port 53 is free, no packet can leave the machine,
// and the kernel ends with this process whatever it started.
//
//	isolate.go    the namespaces
//	world.go      the zones: which there are, below what, on which server
//	class.go      what is special about a zone, sound or broken
//	body.go       what stands in a zone, and which questions are asked of it
//	sign.go       keys, DS records, signatures, by BIND's tools
//	edit.go       what is broken afterwards
//	server.go     NSD, Knot and BIND; process.go starts and stops them
//	unbound.go    Unbound's verdicts
//	caascan.go    caascan's
//	compare.go    where they differ; explain.go why; report.go what is printed
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// cli holds the flags.
type cli struct {
	Caascan string `default:"bin/caascan" placeholder:"FILE" help:"The binary to check (default: ${default})."`
	Run     string `placeholder:"COMMAND" help:"A shell command to run in the world before it is taken down, for debugging; the files are in $$WORLD."`
	Quick   bool   `help:"Ask nothing: just build, serve, and run the command of --run."`
	Dir     string `hidden:"" help:"Where the world's files go; the process outside the namespaces makes and removes it."`
}

func main() {
	var app cli
	kong.Parse(&app, kong.Name("caaoracle"), kong.Description("Hold caascan's validation against Unbound's."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var code int
	var err error
	if app.Dir == "" {
		code, err = app.outside(ctx)
	} else {
		code, err = app.inside(ctx, os.Stdout)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "caaoracle: %v\n", err)
		code = max(code, 2)
	}
	stop()
	os.Exit(code)
}

// outside makes the directory, runs this program again in namespaces of its own, and removes the directory.
func (c *cli) outside(ctx context.Context) (code int, err error) {
	if err := checkTools(); err != nil {
		return 2, err
	}
	if c.Caascan, err = filepath.Abs(c.Caascan); err != nil {
		return 2, err
	}
	if _, err := os.Stat(c.Caascan); err != nil {
		return 2, fmt.Errorf("the binary to check: %w (make build)", err)
	}
	dir, err := os.MkdirTemp("", "caaoracle-")
	if err != nil {
		return 2, err
	}
	args := []string{"--caascan", c.Caascan, "--dir", dir, "--run", c.Run}
	if c.Quick {
		args = append(args, "--quick")
	}
	code, err = isolated(ctx, args)
	return code, errors.Join(err, os.RemoveAll(dir))
}

// inside builds the world, asks, and compares. It returns 1 for unexplained disagreements.
func (c *cli) inside(ctx context.Context, to io.Writer) (code int, err error) {
	if err := raiseLoopback(); err != nil {
		return 2, err
	}
	started := time.Now()
	progress := func(format string, args ...any) {
		fmt.Fprintf(to, "%6.1fs  %s\n", time.Since(started).Seconds(), fmt.Sprintf(format, args...))
	}
	w := newWorld(c.Dir)
	if err := w.build(ctx, started); err != nil {
		return 2, err
	}
	progress("%d zones signed, of %d classes", len(w.zones), len(w.classes()))
	defer func() { err = errors.Join(err, w.stop()) }()
	if err := w.serve(ctx); err != nil {
		return 2, err
	}
	progress("served by %d name servers", len(w.servers))
	if !c.Quick {
		comparison, err := w.compareAll(ctx, c.Caascan, progress)
		if err != nil {
			return 2, err
		}
		if !comparison.print(to) {
			code = 1
		}
	}
	progress("done")
	if c.Run != "" {
		return code, runShell(ctx, c.Dir, c.Run)
	}
	return code, nil
}

// compareAll asks both all questions, and once more where they differ and that may have been chance.
func (w *world) compareAll(ctx context.Context, binary string, progress func(string, ...any)) (*comparison, error) {
	questions := w.questions()
	theirs, err := w.askUnbound(ctx, questions)
	if err := errors.Join(err, w.alive()); err != nil {
		return nil, err
	}
	progress("Unbound answered %d questions", len(questions))
	if err := w.checkClasses(questions, theirs); err != nil {
		return nil, err
	}
	ours, err := w.askCaascan(ctx, binary, questions)
	if err := errors.Join(err, w.alive()); err != nil {
		return nil, err
	}
	progress("caascan answered %d questions", len(questions))
	first := newComparison(questions, theirs, ours)
	var again []question
	for _, d := range first.disagreements {
		if d.perhapsChance() {
			again = append(again, d.question)
		}
	}
	theirs2, err := w.askUnbound(ctx, again)
	if err != nil {
		return nil, err
	}
	ours2, err := w.askCaascan(ctx, binary, again)
	if err := errors.Join(err, w.alive()); err != nil {
		return nil, err
	}
	progress("asked again: %d questions on which they differed", len(again))
	for i, q := range again {
		theirs[q.index], ours[q.index] = theirs2[i], ours2[i]
	}
	second := newComparison(questions, theirs, ours)
	second.onlyOnce = first.without(second)
	return second, nil
}

// runShell runs a command of the user's.
func runShell(ctx context.Context, dir, command string) error {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Env = append(os.Environ(), "WORLD="+dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

// tools are the programs used, and the Debian packages they are in.
var tools = map[string]string{
	"dnssec-keygen": "bind9-utils", "dnssec-signzone": "bind9-utils", "dnssec-dsfromkey": "bind9-utils", "dnssec-revoke": "bind9-utils",
	"named": "bind9", "nsd": "nsd", "knotd": "knot", "keymgr": "knot", "unbound": "unbound", "ip": "iproute2",
}

// checkTools names the packages that are missing.
func checkTools() error {
	missing := map[string]bool{}
	for name, pkg := range tools {
		if _, err := tool(name); err != nil {
			missing[pkg] = true
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("needs Debian packages that are not installed: apt-get install %s", strings.Join(sorted(missing), " "))
}
