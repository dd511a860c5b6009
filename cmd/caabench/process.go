package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/caascan/caascan/cmd/caabench/farm"
)

// The servers have one core, what is measured has another.
const (
	serverCore   = 0
	measuredCore = 1
)

// anyCore leaves it to the kernel where a process runs.
const anyCore = -1

// result is what a process said and took.
type result struct {
	stdout, stderr        []byte
	user, system, seconds float64
	peak                  float64 // largest resident set, in octets
}

// onCore runs a command on one core.
func onCore(core int, command ...string) (result, error) {
	return onCoreWith(core, nil, command...)
}

// onCoreWith is onCore with more variables in the environment.
func onCoreWith(core int, environ []string, command ...string) (result, error) {
	args := append(pinned(core), command...)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), environ...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return result{}, err
	}
	peak := watchPeak(cmd.Process.Pid)
	err := cmd.Wait()
	out := result{stdout: stdout.Bytes(), stderr: stderr.Bytes(), seconds: time.Since(started).Seconds(), peak: peak()}
	if err != nil {
		return out, fmt.Errorf("%s: %w: %s", strings.Join(command[:min(2, len(command))], " "), err, stderr.Bytes())
	}
	out.user, out.system = cmd.ProcessState.UserTime().Seconds(), cmd.ProcessState.SystemTime().Seconds()
	return out, nil
}

// watchPeak reads a process's high-water mark ten times a second until the function it returns is called. The kernel's
// own account at the end of a process (ru_maxrss) begins with what the parent had when it forked.
func watchPeak(pid int) (peak func() float64) {
	stop, last := make(chan struct{}), 0.0
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			if octets, err := peakOf(strconv.Itoa(pid)); err == nil {
				last = octets
			}
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	})
	return func() float64 {
		close(stop)
		watching.Wait()
		return last
	}
}

// peakOf returns a process's high-water mark in octets.
func peakOf(pid string) (float64, error) {
	text, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.ParseFloat(kib, 64)
	return n * 1024, err
}

func pinned(core int) []string {
	if core == anyCore {
		return nil
	}
	return []string{"taskset", "-c", strconv.Itoa(core)}
}

func self() string {
	path, err := os.Executable()
	if err != nil {
		panic("internal error: own path: " + err.Error())
	}
	return path
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// server is a process that serves a world: caabench farm, or caabench serve.
type server struct {
	process *exec.Cmd
	stdin   io.WriteCloser
	stdout  *bufio.Reader
	dir     string // with hints, trust anchor and names
	port    string
	world   *farm.World // of a farm, to check rows with
}

// startProcess starts one and waits until it listens: its first line is the port.
func startProcess(dir string, command ...string) (*server, error) {
	s := &server{process: exec.Command(command[0], command[1:]...), dir: dir}
	s.process.Stderr = os.Stderr
	stdin, err := s.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	s.stdin = stdin
	stdout, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	s.stdout = bufio.NewReader(stdout)
	line, err := s.stdout.ReadString('\n')
	if err != nil {
		s.stop()
		return nil, errors.New("the servers did not start")
	}
	s.port = strings.TrimSpace(line)
	return s, nil
}

// startServer starts the servers of a small Internet.
func startServer(dir string, world *worldFlags) (*server, error) {
	return startProcess(dir, append(pinned(serverCore), self(), "serve", "--dir", dir, "--names", strconv.Itoa(world.Names),
		"--caa-share", fmt.Sprint(world.CAAShare), "--delay", world.Delay.String(),
		"--signed-opt-out", fmt.Sprint(world.SignedOptOut), "--signed-full", fmt.Sprint(world.SignedFull))...)
}

// startFarm starts the servers of a made-up world, which change may change, in a directory of its own below dir. It has
// a file of packets for the floor, which ask for signatures if the world has any.
func startFarm(dir, name string, packets int, change func(*farm.Config)) (*server, error) {
	cfg := farm.Worlds[name]
	if change != nil {
		change(&cfg)
	}
	world, err := farm.Outline(cfg)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(cfg)
	if err != nil {
		return nil, err
	}
	if dir, err = os.MkdirTemp(dir, name+"-"); err != nil {
		return nil, err
	}
	args := []string{self(), "farm", name, "--set", string(text), "--dir", dir, "--core", strconv.Itoa(serverCore), "--packets", strconv.Itoa(packets)}
	if cfg.Security != farm.Unsigned {
		args = append(args, "--do")
	}
	s, err := startProcess(dir, args...)
	if err != nil {
		return nil, err
	}
	s.world = world
	return s, nil
}

// report asks a farm what it has seen.
func (s *server) report() (report farm.Report, err error) {
	if _, err := io.WriteString(s.stdin, "report\n"); err != nil {
		return report, err
	}
	line, err := s.stdout.ReadBytes('\n')
	if err != nil {
		return report, fmt.Errorf("the servers have ended: %w", err)
	}
	return report, json.Unmarshal(line, &report)
}

func (s *server) packets() string { return filepath.Join(s.dir, packetsFile) }

func (s *server) stop() {
	s.stdin.Close()
	s.process.Wait() // how it ended is of no interest any more
}
