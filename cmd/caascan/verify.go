package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/record"
)

// verifyCmd is the command verify.
type verifyCmd struct {
	Dir    string `arg:"" placeholder:"DIR" help:"Scan directory, or the URL of a scan in an object store."`
	Repair bool   `help:"Take what is damaged out of the scan, and scan the names again whose rows were lost, and no others."`
	Inputs bool   `default:"true" negatable:"" help:"Read the inputs too, where they are still there, to see that each line has its row."`
	Quiet  bool   `help:"Only say what is wrong."`
}

// Example implements command.Exampler.
func (*verifyCmd) Example() string {
	return "caascan verify scan-2026-11-21\n  caascan verify scan-2026-11-21 --repair"
}

// Run reads the scan again.
func (c *verifyCmd) Run(env *environ) error {
	ctx, stop := signal.NotifyContext(env.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	v, err := output.Verify(ctx, c.Dir, nil)
	if errors.Is(err, context.Canceled) {
		return command.Exit{Code: exitStopped, Err: errors.New("stopped early; nothing was changed")}
	}
	if err != nil {
		return command.Usage(err)
	}
	defer v.Close()
	faults := c.show(env.stdout, v)
	if c.Inputs {
		more, err := c.checkInputs(ctx, env, v)
		if err != nil {
			return command.Usage(err)
		}
		faults += more
	}
	if !c.Repair {
		if faults > 0 {
			return command.Exit{Code: exitNo, Err: fmt.Errorf("%d things are wrong with %s: --repair mends it", faults, c.Dir)}
		}
		return nil
	}
	if len(v.Faults) == 0 {
		return nil
	}
	return c.repair(env, v)
}

// show says what the scan is and what is wrong with it.
func (c *verifyCmd) show(w io.Writer, v *output.Verification) int {
	for _, fault := range v.Faults {
		fmt.Fprintln(w, fault)
	}
	if m := &v.Manifest; !c.Quiet {
		state := string(m.State)
		if v.InUse {
			state += ", another process writes to it"
		}
		fmt.Fprintf(w, "%s: scan %s, %s; %d parts, %d rows, %d rejects; %d faults\n",
			c.Dir, m.ScanID, state, len(m.Parts), v.Rows(), v.Rejects(), len(v.Faults))
	}
	return len(v.Faults)
}

// checkInputs reads the inputs of a complete scan again, if they are there and as they were, and looks for lines that have
// neither a row nor a reject, or one that they should not have. It returns how many there are.
func (c *verifyCmd) checkInputs(ctx context.Context, env *environ, v *output.Verification) (int, error) {
	if v.Manifest.State != output.Complete || len(v.Faults) > 0 {
		return 0, nil
	}
	args, err := commandOf(&v.Manifest, c.Dir)
	if err != nil {
		if !c.Quiet {
			fmt.Fprintf(env.stdout, "%s: the lines of the inputs were only counted: %v\n", c.Dir, err)
		}
		return 0, nil
	}
	command, err := newParser().Parse(args)
	if err != nil {
		return 0, err
	}
	scan := command.Selected().Target.Addr().Interface().(*scanCmd)
	cfg := scan.reading()
	wrong := 0
	tell := func(source string, line int64, what string) {
		if wrong++; wrong <= 20 {
			fmt.Fprintf(env.stdout, "line %d of %s: %s\n", line, source, what)
		}
	}
	var rows, rejects int64
	cfg.Window = 1
	cfg.Reject = func(r datasets.Reject) {
		if rejects++; !v.HasReject(r.Source, r.Line) {
			tell(r.Source, r.Line, "no reject")
		}
	}
	reader, err := datasets.Open(scan.Input, cfg)
	if err != nil {
		return 0, err
	}
	defer reader.Close()
	for err == nil {
		var targets []record.Target
		targets, err = reader.Next(ctx)
		for _, t := range targets {
			if rows++; !v.HasRow(t.Source, t.Line) {
				tell(t.Source, t.Line, "no row")
			}
		}
	}
	if !errors.Is(err, io.EOF) {
		return 0, err
	}
	if rows != v.Rows() || rejects != v.Rejects() {
		tell("the inputs", 0, fmt.Sprintf("%d rows and %d rejects for %d names and %d lines that are none", v.Rows(), v.Rejects(), rows, rejects))
	}
	if !c.Quiet && wrong == 0 {
		fmt.Fprintf(env.stdout, "%s: each of %d names of the inputs has its row, each of %d other lines its reject\n", c.Dir, rows, rejects)
	}
	return wrong, nil
}

// repair mends the scan, and continues it if rows were lost.
func (c *verifyCmd) repair(env *environ, v *output.Verification) error {
	done, err := v.Repair()
	if err != nil {
		return err
	}
	for _, file := range done.Dropped {
		fmt.Fprintf(env.stdout, "removed %s\n", file)
	}
	if err := v.Close(); err != nil {
		return err
	}
	if !done.Restart {
		return c.again(env)
	}
	fmt.Fprintf(env.stdout, "%s: %d rows are lost\n", c.Dir, done.Rows)
	args, err := commandOf(&v.Manifest, c.Dir)
	if err != nil {
		return command.Exit{Code: exitNo, Err: fmt.Errorf("%w: run the command of the scan again, and it asks for them", err)}
	}
	if code := run(env.ctx, args, env.stdin, env.stdout, env.stderr); code != exitDone {
		return command.Exit{Code: code, Err: fmt.Errorf("the scan that was to restore the rows was not: %s", strings.Join(args, " "))}
	}
	return c.again(env)
}

// again verifies what was repaired.
func (c *verifyCmd) again(env *environ) error {
	once := *c
	once.Repair = false
	return once.Run(env)
}

// commandOf returns the command line that continues a scan.
func commandOf(m *output.Manifest, place string) ([]string, error) {
	flags, ok := m.Config.(map[string]any)
	if !ok {
		return nil, errors.New("the manifest does not say with which flags the scan was made")
	}
	flags = maps.Clone(flags)
	for _, run := range m.Runs {
		maps.Copy(flags, run.Config) // as it was last
	}
	args := []string{"scan", "--out=" + place}
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		switch name {
		case "out", "restart", "config", "dry-run":
			continue
		}
		args = append(args, flagArgs(name, flags[name])...)
	}
	for _, in := range m.Inputs {
		sum, err := sumOf(in.Path)
		if err != nil || sum != in.SHA256 {
			return nil, fmt.Errorf("the input %s is not there as it was", in.Path)
		}
		args = append(args, in.Path)
	}
	return args, nil
}

// flagArgs returns the arguments that give a flag a value.
func flagArgs(name string, value any) (args []string) {
	switch value := value.(type) {
	case nil:
	case bool:
		if value {
			args = []string{"--" + name}
		}
	case string:
		if value != "" && value != zeroTime {
			args = []string{"--" + name + "=" + value}
		}
	case []any:
		for _, one := range value {
			args = append(args, flagArgs(name, one)...)
		}
	case json.Number:
		args = []string{"--" + name + "=" + value.String()}
	default:
		args = []string{fmt.Sprintf("--%s=%v", name, value)}
	}
	return args
}

// zeroTime is a time that was not given, in JSON.
const zeroTime = "0001-01-01T00:00:00Z"
