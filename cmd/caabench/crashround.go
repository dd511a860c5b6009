package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/caascan/caascan/output"
)

// ending is what ends a round.
type ending int

const (
	killed           ending = iota // SIGKILL
	terminated                     // SIGTERM, and the process ends as it wants
	interrupted                    // SIGINT
	terminatedKilled               // SIGTERM, and SIGKILL while the process ends
	fullDisk                       // nothing more can be written
	endings

	unended = endings // the round may go on to the end of the scan
)

func (e ending) String() string {
	return [...]string{"SIGKILL", "SIGTERM", "SIGINT", "SIGTERM, SIGKILL", "full disk", "nothing"}[e]
}

// moment is when it does.
type moment int

const (
	atStart      moment = iota // while the process starts and takes the scan up
	anywhere                   // at a moment drawn from what the scan is expected to take yet
	inCommit                   // between two operations on files
	inSecondLook               // when all names have been looked at once
	wheneverFull               // of a full disk
	moments
)

func (m moment) String() string {
	return [...]string{"at the start", "anywhere", "in a commit", "in 2nd look", "when full", "at all"}[m]
}

// chain is a scan that is ended and continued until it is complete.
type chain struct {
	number int
	world  *crashWorld
	dir    string // of its own
	random *rand.Rand
	report *crashReport

	form  inputForm
	plain bool // with parts of the size that scans have by themselves
	small bool // on a small disk, which gets full

	out      string       // where the files of the scan are
	place    string       // what caascan is told: out, or the URL of that
	store    *objectStore // nil: a directory
	disk     *smallDisk   // nil: it is large enough
	complete bool
	rows     int64 // committed, at the end of the round before
	stalled  int   // rounds that have added none, one after the other
}

const (
	// mostStalled bounds the rounds without a row that a chain may have one after the other. The time that a round is given
	// grows with each.
	mostStalled = 30

	// endTime bounds what a process takes to end that was told to, or to complete a scan that nobody ends, beyond what the
	// undisturbed one took. Machines with much else to do are slow.
	endTime = 5 * time.Minute
)

// run runs the rounds, and examines what they have come to.
func (c *chain) run() error {
	c.out = filepath.Join(c.dir, "scan")
	if c.small {
		disk, err := newSmallDisk(filepath.Join(c.dir, "disk"))
		if err != nil {
			return err
		}
		defer disk.close()
		c.disk, c.out = disk, filepath.Join(disk.path, "scan")
	}
	c.place = c.out
	if c.store != nil {
		c.out, c.place = c.store.scan(fmt.Sprint("chain-", c.number))
	}
	found := &findings{}
	for !c.complete && len(found.wrong) == 0 {
		if err := c.round(found); err != nil {
			return err
		}
		if len(found.wrong) > 0 {
			break
		}
		m, err := standing(c.out, found)
		if err != nil {
			return err
		}
		if m.Totals.Rows > c.rows {
			c.stalled = 0
		} else if c.stalled++; c.stalled > mostStalled && !c.complete {
			found.add("%d rounds, and not a row more", c.stalled)
		}
		c.rows = m.Totals.Rows
	}
	if len(found.wrong) == 0 {
		data, err := c.world.readDataset(c.out)
		if err != nil {
			return err
		}
		of := c.world.examine(data)
		of.wrong = append(of.wrong, found.wrong...)
		found = of
		c.leftovers(found)
		c.verify(found)
	}
	c.report.done(c, found)
	c.report.say("chain %d of the %s is complete: %d lost, %d doubled, %d differ, %d wrong", c.number, c.world.name, found.lost, found.doubled, found.differs, len(found.wrong))
	return nil
}

// round runs one process until it is ended, or has completed the scan.
func (c *chain) round(found *findings) error {
	end, when := c.draw()
	cmd, err := c.world.command(c.form, c.place, c.flags()...)
	if err != nil {
		return err
	}
	defer closeInput(cmd)
	cmd.Env = c.environ()
	if end == fullDisk {
		if err := c.disk.leave(c.random.Int64N(c.world.octets/4 + 1)); err != nil {
			return err
		}
	} else if c.disk != nil {
		if err := c.disk.leave(4*c.world.octets + 64<<20); err != nil {
			return err
		}
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p, err := startEnding(cmd)
	if err != nil {
		return err
	}
	started := time.Now()
	if end < fullDisk && c.await(p, when) {
		p.signal(end, time.Duration(c.random.Int64N(int64(50*time.Millisecond))))
	}
	status, timely := p.wait(c.world.took + endTime)
	if !timely {
		found.add("the process did not end; ended by %v %v", end, when)
		return nil
	}
	c.complete = status.Exited() && status.ExitStatus() == 0
	c.report.say("chain %d: %v %v after %v: %v", c.number, end, when, time.Since(started).Round(time.Millisecond), describe(status))
	switch {
	case c.complete:
	case c.store != nil && refusedOnce(status, said.String()):
		c.report.say("chain %d: a request of the process before came late: another run", c.number)
	case !expected(end, status, said.String()):
		found.add("%v %v: %s: %s", end, when, describe(status), said.Bytes())
	default:
		c.report.add(end, when)
	}
	if status.Exited() && status.ExitStatus() == stoppedCode { // it had its say, and so has left nothing half done
		drafts(c.out, found)
	}
	return nil
}

// Exit codes of caascan.
const (
	usageCode   = 2
	stoppedCode = 3
)

// expected reports whether a process that was ended has ended as it should.
func expected(end ending, status syscall.WaitStatus, said string) bool {
	switch {
	case status.Signaled():
		signal := map[ending][]syscall.Signal{
			killed: {syscall.SIGKILL}, terminated: {syscall.SIGTERM}, interrupted: {syscall.SIGINT}, // before they are caught
			terminatedKilled: {syscall.SIGTERM, syscall.SIGKILL},
		}[end]
		for _, s := range signal {
			if status.Signal() == s {
				return true
			}
		}
		return false
	case end == fullDisk: // when it begins, nothing has been sent yet: that is wrong usage
		return (status.ExitStatus() == stoppedCode || status.ExitStatus() == usageCode) && strings.Contains(said, "no space left on device")
	case end == killed || end == unended:
		return false
	default:
		return status.ExitStatus() == stoppedCode
	}
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return status.Signal().String()
	}
	return fmt.Sprintf("exit code %d", status.ExitStatus())
}

// draw says how and when the next round ends.
func (c *chain) draw() (ending, moment) {
	if c.report.enough() {
		return unended, moments
	}
	if c.disk != nil && c.random.IntN(3) > 0 && c.stalled < 5 {
		return fullDisk, wheneverFull
	}
	end := killed
	switch n := c.random.IntN(100); {
	case c.plain && n < 70 || n < 15: // parts that are committed after minutes hold all of a round
		end = terminated
	case n < 25 || c.plain && n < 85:
		end = interrupted
	case n < 35:
		end = terminatedKilled
	}
	when := anywhere
	switch n := c.random.IntN(100); {
	case float64(c.rows) >= 0.6*float64(c.world.lines) && n < 40:
		when = inSecondLook
	case n < 12:
		when = atStart
	case n < 45 && !c.plain:
		when = inCommit
	}
	return end, when
}

// flags are those of the next round. How a scan goes about its work may change from run to run.
func (c *chain) flags() []string {
	flags := []string{"--in-flight", fmt.Sprint(1000 * (1 + c.random.IntN(20)))}
	if c.plain {
		return flags
	}
	return append(flags, "--part-rows", fmt.Sprint(c.world.lines/(10+c.random.IntN(90))+1), "--part-age", fmt.Sprint(200+c.random.IntN(1500), "ms"))
}

// await waits for the moment, and reports whether the process still runs then.
func (c *chain) await(p *ended, when moment) bool {
	share := 1 - float64(c.rows)/float64(c.world.lines)
	left := time.Duration(share * float64(c.world.took))
	// No more than what is left, and so that a chain has some ten rounds; but more and more if nothing comes of them: the names that
	// fail take long, and begin anew with each process.
	span := min(left, c.world.took/6)
	if c.plain {
		span = left
	}
	span = time.Duration(float64(span+c.world.took/12) * math.Pow(1.4, float64(c.stalled)))
	switch when {
	case atStart:
		return p.after(c.upTo(400 * time.Millisecond))
	case inCommit:
		return p.afterWrites(c.out, 1+c.random.IntN(60), c.upTo(3*time.Millisecond), 2*span)
	case inSecondLook:
		return p.afterRows(c.out, int64(c.world.reference.size()-c.world.reference.twice), c.world.took+endTime) && p.after(c.upTo(span+secondLookPause))
	default:
		return p.after(c.upTo(span))
	}
}

func (c *chain) upTo(most time.Duration) time.Duration {
	return time.Duration(c.random.Int64N(int64(max(most, 1))))
}

// ended is a process that is to be ended.
type ended struct {
	cmd  *exec.Cmd
	over context.Context // done when it has ended
}

func startEnding(cmd *exec.Cmd) (*ended, error) {
	over, end := context.WithCancel(context.Background())
	p := &ended{cmd, over}
	started := make(chan error)
	go func() {
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait() // how it ended is in its state
		}
		end()
	}()
	return p, <-started
}

// after waits, and reports whether the process still runs then.
func (p *ended) after(d time.Duration) bool {
	select {
	case <-p.over.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// afterWrites waits until files of the scan have been made, written, renamed or removed so many times, and a bit longer, but
// no longer than most.
func (p *ended) afterWrites(out string, count int, more, most time.Duration) bool {
	changes, err := watchFiles(out)
	if err != nil { // there is no scan yet
		return p.after(most / 4)
	}
	defer changes.Close()
	changes.SetReadDeadline(time.Now().Add(most))
	defer context.AfterFunc(p.over, func() { changes.SetReadDeadline(time.Now()) })()
	for events := make([]byte, 4096); count > 0; {
		n, err := changes.Read(events)
		if err != nil {
			break
		}
		for at := 0; at+unix.SizeofInotifyEvent <= n && count > 0; count-- {
			at += unix.SizeofInotifyEvent + int(events[at+12]) + int(events[at+13])<<8 // its name's length, which is small
		}
	}
	return p.after(more)
}

// watchFiles returns a file from which each change of files in the folders of a scan can be read.
func watchFiles(out string) (*os.File, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, err
	}
	watch := os.NewFile(uintptr(fd), "inotify")
	for _, folder := range []string{".", "domains", "caa_records", "nameservers", "journal"} {
		if _, err := unix.InotifyAddWatch(fd, filepath.Join(out, folder), unix.IN_CREATE|unix.IN_MODIFY|unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO|unix.IN_DELETE); err != nil {
			watch.Close()
			return nil, err
		}
	}
	return watch, nil
}

// afterRows waits until so many rows have been committed.
func (p *ended) afterRows(out string, rows int64, most time.Duration) bool {
	const look = 30 * time.Millisecond
	for deadline := time.Now().Add(most); time.Now().Before(deadline); {
		if text, err := os.ReadFile(filepath.Join(out, "manifest.json")); err == nil {
			var m output.Manifest
			if json.Unmarshal(text, &m) == nil && m.Totals.Rows >= rows {
				return p.after(0)
			}
		}
		if !p.after(look) {
			return false
		}
	}
	return true
}

// signal ends the process. Of two signals the second comes after a pause.
func (p *ended) signal(end ending, pause time.Duration) {
	first := map[ending]syscall.Signal{killed: syscall.SIGKILL, terminated: syscall.SIGTERM, interrupted: syscall.SIGINT, terminatedKilled: syscall.SIGTERM}[end]
	p.cmd.Process.Signal(first) // a process that has just ended needs none
	if end == terminatedKilled && p.after(pause) {
		p.cmd.Process.Signal(syscall.SIGKILL)
	}
}

// wait waits for the end. A process that does not end is killed, and not timely.
func (p *ended) wait(most time.Duration) (status syscall.WaitStatus, timely bool) {
	timely = true
	select {
	case <-p.over.Done():
	case <-time.After(most):
		timely = false
		p.cmd.Process.Kill()
		<-p.over.Done()
	}
	return p.cmd.ProcessState.Sys().(syscall.WaitStatus), timely
}

// smallDisk is a file system of its own, whose size can be changed.
type smallDisk struct{ path string }

// mayMount reports whether this process may mount one.
func mayMount() bool { return os.Geteuid() == 0 && os.Getenv(inNamespace) != "" }

func newSmallDisk(path string) (*smallDisk, error) {
	if err := os.Mkdir(path, 0o777); err != nil {
		return nil, err
	}
	if err := unix.Mount("none", path, "tmpfs", 0, "size=1m"); err != nil {
		return nil, fmt.Errorf("mount a small disk: %w", err)
	}
	return &smallDisk{path}, nil
}

// leave changes the size of the disk to what is on it and so many octets more.
func (d *smallDisk) leave(octets int64) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(d.path, &fs); err != nil {
		return err
	}
	used := int64(fs.Blocks-fs.Bfree) * fs.Bsize
	return unix.Mount("none", d.path, "tmpfs", unix.MS_REMOUNT, fmt.Sprintf("size=%d", max(used+octets, fs.Bsize)))
}

func (d *smallDisk) close() error {
	return errors.Join(unix.Unmount(d.path, unix.MNT_DETACH), os.Remove(d.path))
}
