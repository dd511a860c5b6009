package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"syscall"

	"github.com/caascan/caascan/cmd/caabench/farm"
)

// politeCmd is caabench polite: what servers see of a scan, and what a scan makes of losses.
type politeCmd struct {
	scanFlags
	Names    int      `default:"200000" help:"Names on 500 servers, of which one holds a tenth."`
	Rate     float64  `default:"200" help:"Queries a second that each of those servers bears."`
	InFlight int      `default:"20000" help:"Names under way at once."`
	Losses   int      `default:"100000" help:"Names of the checks with losses."`
	Only     []string `placeholder:"CHECK" help:"Checks to make: known, unknown, slow, loss10, loss20, netem (default: all)."`

	Inside string `hidden:"" help:"Directory of the process that runs in a network namespace of its own."`
}

// What politeness promises.
const (
	timeOverBound   = 1.1   // of a scan, at most
	answeredUnknown = 0.999 // of the names of servers with unknown limits, at least
	wasted          = 0.03  // of the packets to those, at most
)

// errBroken: a promise that must never be broken was.
var errBroken = errors.New("a hard promise is broken: a limit, a row that is wrong, or one that is missing")

// check is one of the checks.
type check struct {
	name string
	run  func(c *politeCmd, dir string) (broken bool, err error)
}

var checks = []check{
	{"known", (*politeCmd).known},
	{"unknown", func(c *politeCmd, dir string) (bool, error) { return c.unknown(dir, c.Names, 500, c.Rate, 2.5*c.Rate) }},
	{"slow", func(c *politeCmd, dir string) (bool, error) { return c.unknown(dir, c.Names, 500, c.Rate/10, c.Rate/4) }},
	{"loss10", func(c *politeCmd, dir string) (bool, error) { return c.lossy(dir, 0.1, 0.9999) }},
	{"loss20", func(c *politeCmd, dir string) (bool, error) { return c.lossy(dir, 0.2, 0.999) }},
	{"netem", (*politeCmd).netem},
}

// Run makes the checks.
func (c *politeCmd) Run() error {
	if c.Inside != "" {
		broken, err := c.insideNetem()
		if err == nil && broken {
			err = errBroken
		}
		return err
	}
	dir, err := os.MkdirTemp("", "caabench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	anyBroken := false
	for i := range checks {
		if len(c.Only) > 0 && !slices.Contains(c.Only, checks[i].name) {
			continue
		}
		broken, err := checks[i].run(c, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", checks[i].name, err)
		}
		anyBroken = anyBroken || broken
		fmt.Println()
	}
	if anyBroken {
		return errBroken
	}
	return nil
}

// broken reports whether the rows of a run break a promise that holds whatever happens.
func (r *politeRun) broken() bool { return r.tally.wrong > 0 || r.tally.lost(r.names()) > 0 }

// finding prints one figure beside its target.
func finding(met bool, format string, args ...any) {
	fmt.Printf("  %-6s  %s\n", verdict(met), fmt.Sprintf(format, args...))
}

// rows prints what the rows are worth.
func (r *politeRun) printRows() {
	finding(!r.broken(), "%d rows right, %d unanswered; %d wrong, %d lost, target 0", r.tally.right, r.tally.unanswered, r.tally.wrong, r.tally.lost(r.names()))
}

// known: the scan is told what the servers bear.
func (c *politeCmd) known(dir string) (broken bool, err error) {
	fmt.Printf("known: %d names on 500 servers, a tenth on one; limit %v/s, told to the scan\n", c.Names, c.Rate)
	run, err := c.polite(dir, "zipf", func(cfg *farm.Config) { cfg.Names = c.Names },
		"--rate-per-server", fmt.Sprint(c.Rate), "--rate-per-operator", "0", "--in-flight", strconv.Itoa(c.InFlight))
	if err != nil {
		return false, err
	}
	most := int(c.Rate) + 1
	run.printRows()
	finding(run.peak <= most, "at most %d packets to one server in any second of the kernel's clock; the limit and a burst of one are %d", run.peak, most)
	c.printTime(run, c.Rate)
	return run.broken() || run.peak > most, nil
}

// printTime holds the time of a scan against its lower bound.
func (c *politeCmd) printTime(run *politeRun, limit float64) {
	bound := run.bound(limit).Seconds()
	finding(run.seconds <= timeOverBound*bound, "%.1f s, %.3f times the lower bound of %.1f s, target %v", run.seconds, run.seconds/bound, bound, timeOverBound)
}

// unknown: the servers drop what is above a limit that the scan does not know; it is told a higher one.
func (c *politeCmd) unknown(dir string, names, servers int, limit, told float64) (broken bool, err error) {
	fmt.Printf("unknown: %d names on %d servers, a tenth on one, that drop above %v/s; the scan is told %v/s\n", names, servers, limit, told)
	run, err := c.polite(dir, "zipf", func(cfg *farm.Config) {
		cfg.Names, cfg.Servers, cfg.Zones = names, servers, servers
		cfg.Leaf = []farm.Behaviour{{Limit: limit, Burst: max(1, limit/10)}}
	}, "--rate-per-server", fmt.Sprint(told), "--rate-per-operator", "0", "--in-flight", strconv.Itoa(c.InFlight))
	if err != nil {
		return false, err
	}
	run.printRows()
	answered := run.rightShare()
	finding(answered >= answeredUnknown, "%.3f %% of the names answered, target %.1f", 100*answered, 100*answeredUnknown)
	share := float64(run.limited) / float64(run.got)
	finding(share <= wasted, "%d of %d packets dropped: %.2f %% wasted, target %.0f", run.limited, run.got, 100*share, 100*wasted)
	finding(run.peak <= int(told)+1, "at most %d packets to one server in any second, told %v and a burst of one", run.peak, told)
	c.printTime(run, limit)
	return run.broken() || run.peak > int(told)+1, nil
}

// lossy: queries and replies get lost, at all servers.
func (c *politeCmd) lossy(dir string, share, target float64) (broken bool, err error) {
	fmt.Printf("loss: %d names on 200 servers, %.0f %% of the packets lost in each direction\n", c.Losses, 100*share)
	run, err := c.polite(dir, "leaf", func(cfg *farm.Config) {
		loses := farm.Behaviour{LossIn: share, LossOut: share}
		cfg.Names, cfg.Leaf, cfg.Top, cfg.Seed = c.Losses, []farm.Behaviour{loses}, loses, 1
	}, "--rate-per-server", fmt.Sprint(c.Rate), "--rate-per-operator", "0", "--in-flight", strconv.Itoa(c.InFlight))
	if err != nil {
		return false, err
	}
	run.printLoss(target)
	return run.broken(), nil
}

func (r *politeRun) printLoss(target float64) {
	r.printRows()
	finding(r.rightShare() >= target, "%.4f %% of the names right, target %v; %.2f queries a name, %.1f s", 100*r.rightShare(), 100*target, r.queriesAName(), r.seconds)
}

// netemLoss is the loss that the kernel makes, in each direction.
const netemLoss = 0.1

// netem: the same, but it is the kernel that loses packets, in a network namespace made for that.
func (c *politeCmd) netem(dir string) (broken bool, err error) {
	args := []string{"polite", "--inside", dir, "--caascan", c.Caascan, "--losses", strconv.Itoa(c.Losses), "--rate", fmt.Sprint(c.Rate),
		"--in-flight", strconv.Itoa(c.InFlight)}
	for _, flag := range c.ScanFlag {
		args = append(args, "--scan-flag="+flag)
	}
	cmd := exec.Command(self(), args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	runtime.LockOSThread() // whose death Pdeathsig is about
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		fmt.Printf("netem: SKIPPED: no network namespace of its own (run as root, or allow user namespaces): %v\n", err)
		return false, nil
	}
	err = cmd.Wait()
	var failed *exec.ExitError
	if errors.As(err, &failed) && failed.ExitCode() == 1 {
		return true, nil // it has said why
	}
	return false, err
}

// lossTools are the ways to have the kernel lose packets on loopback, each a list of commands, the better one first.
var lossTools = []struct {
	name     string
	commands [][]string
}{
	{"tc netem", [][]string{{"tc", "qdisc", "add", "dev", "lo", "root", "netem", "loss", percent(netemLoss), "limit", "1000000"}}},
	{"nftables, as the kernel has no netem", [][]string{
		{"nft", "add", "table", "ip", "loss"},
		{"nft", "add", "chain", "ip", "loss", "in", "{ type filter hook input priority 0 ; }"},
		{"nft", "add", "rule", "ip", "loss", "in", "meta", "l4proto", "udp", "numgen", "random", "mod", "1000", "<", strconv.Itoa(netemLoss * 1000), "drop"},
	}},
}

func percent(share float64) string { return fmt.Sprintf("%g%%", 100*share) }

// insideNetem is what the process in the namespace does.
func (c *politeCmd) insideNetem() (broken bool, err error) {
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		return false, fmt.Errorf("loopback: %w: %s", err, out)
	}
	var failures error
	for _, tool := range lossTools {
		if err := runAll(tool.commands); err != nil {
			failures = errors.Join(failures, err)
			continue
		}
		fmt.Printf("netem: %d names on 200 servers, %s lost in each direction by the kernel (%s)\n", c.Losses, percent(netemLoss), tool.name)
		run, err := c.polite(c.Inside, "leaf", func(cfg *farm.Config) { cfg.Names, cfg.Seed = c.Losses, 2 },
			"--rate-per-server", fmt.Sprint(c.Rate), "--rate-per-operator", "0", "--in-flight", strconv.Itoa(c.InFlight))
		if err != nil {
			return false, err
		}
		arrived := float64(run.got) / float64(run.tally.queries)
		finding(arrived < 1-netemLoss/2, "%.1f %% of the queries arrived: packets were lost indeed", 100*arrived)
		run.printLoss(0.9999)
		return run.broken() || arrived >= 1-netemLoss/2, nil
	}
	fmt.Printf("netem: SKIPPED: this machine has no way to lose packets on loopback:\n%v\n", failures)
	return false, nil
}

func runAll(commands [][]string) error {
	for _, command := range commands {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command[0], err, out)
		}
	}
	return nil
}
