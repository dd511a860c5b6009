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
	"syscall"
	"time"
)

// speedCmd is caabench speed.
type speedCmd struct {
	worldFlags
	Caascan  string `default:"bin/caascan" help:"The binary to measure."`
	Runs     int    `default:"5" help:"Repetitions; medians are shown."`
	InFlight int    `default:"2000" help:"Names, and the floor's exchanges, under way at once."`
}

// Run measures floor and scan in turns.
func (c *speedCmd) Run() error {
	dir, err := os.MkdirTemp("", "caabench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	server, err := startServer(dir, &c.worldFlags)
	if err != nil {
		return err
	}
	defer server.stop()
	packets := filepath.Join(dir, "packets")
	if _, err := onCore(1, self(), "bare", "--dir", dir, "--port", server.port, "--record", packets, "--names", strconv.Itoa(min(c.Names, 50000))); err != nil {
		return err
	}
	fmt.Printf("%d names, %d in flight; servers on core 0, the measured process on core 1; %d runs\n\n", c.Names, c.InFlight, c.Runs)
	fmt.Printf("%-6s%12s%12s%12s%12s%14s%10s\n", "", "exchanges", "user µs", "system µs", "sum µs", "exchanges/s", "lost")
	var floors, bares, scans []cost
	for range c.Runs {
		floor, err := c.part("floor", packets, "--port", server.port, "--exchanges", strconv.Itoa(c.Names*3), "--window", strconv.Itoa(c.InFlight))
		if err != nil {
			return err
		}
		bare, err := c.part("bare", "--dir", dir, "--port", server.port, "--names", strconv.Itoa(c.Names), "--in-flight", strconv.Itoa(c.InFlight))
		if err != nil {
			return err
		}
		scan, err := c.scan(server, dir)
		if err != nil {
			return err
		}
		floor.print("floor")
		bare.print("bare")
		scan.print("scan")
		floors, bares, scans = append(floors, floor), append(bares, bare), append(scans, scan)
	}
	toFloor := func(costs []cost, of func(cost) float64) float64 {
		ratios := make([]float64, len(costs))
		for i := range costs {
			ratios[i] = of(costs[i]) / of(floors[i])
		}
		return median(ratios)
	}
	perSecond := make([]float64, len(scans))
	for i, s := range scans {
		perSecond[i] = float64(c.Names) / s.seconds
	}
	fmt.Printf("\nCPU an exchange as a multiple of the floor's, median of the runs    user    user and system\n")
	fmt.Printf("  bare: names, engine and resolver, no output                    %8.2f %18.2f\n", toFloor(bares, cost.userMicros), toFloor(bares, cost.micros))
	fmt.Printf("  scan: the whole command, Parquet written                       %8.2f %18.2f\n", toFloor(scans, cost.userMicros), toFloor(scans, cost.micros))
	fmt.Printf("names a second, median: %.0f\n", median(perSecond))
	return nil
}

// cost is what a process took for its exchanges.
type cost struct {
	exchanges, lost       int
	user, system, seconds float64
}

func (c cost) userMicros() float64 { return c.user / float64(c.exchanges) * 1e6 }
func (c cost) micros() float64     { return (c.user + c.system) / float64(c.exchanges) * 1e6 }

func (c cost) print(name string) {
	fmt.Printf("%-6s%12d%12.3f%12.3f%12.3f%14.0f%10d\n", name, c.exchanges, c.userMicros(), c.micros()-c.userMicros(), c.micros(),
		float64(c.exchanges)/c.seconds, c.lost)
}

// part runs one of the other commands, which says itself what it took.
func (c *speedCmd) part(command ...string) (cost, error) {
	out, err := onCore(1, append([]string{self()}, command...)...)
	if err != nil {
		return cost{}, err
	}
	var r usageReport
	if err := json.Unmarshal(out.stdout, &r); err != nil {
		return cost{}, err
	}
	return cost{r.Exchanges, r.Lost, r.User, r.System, r.Seconds}, nil
}

// scan runs the whole command: names read, Parquet written.
func (c *speedCmd) scan(server *server, dir string) (cost, error) {
	out, status, err := scanOnce(c.Caascan, server, dir, c.InFlight, "off")
	if err != nil {
		return cost{}, err
	}
	if status.Rows != c.Names || status.Failed > 0 {
		return cost{}, fmt.Errorf("scan: %d of %d names have rows, %d of them failed", status.Rows, c.Names, status.Failed)
	}
	return cost{status.Queries, 0, out.user, out.system, out.seconds}, nil
}

// scanStatus is what the bench reads of caascan's last status line.
type scanStatus struct {
	Rows    int `json:"rows"`
	Failed  int `json:"failed"`
	Queries int `json:"queries"`
	Checks  int `json:"checks"`
}

// scanOnce scans all names of the world, without limits.
func scanOnce(caascan string, server *server, dir string, inFlight int, dnssec string) (result, scanStatus, error) {
	data := filepath.Join(dir, "scan")
	defer os.RemoveAll(data)
	out, err := onCore(1, caascan, "scan", filepath.Join(dir, "names.txt"), "--out", data,
		"--root-hints", filepath.Join(dir, "root.hints"), "--server-port", server.port, "--allow-special-use", "--ipv4-only",
		"--rate-per-server", "0", "--rate-per-operator", "0", "--in-flight", strconv.Itoa(inFlight), "--timeout", "10s",
		"--trust-anchor", filepath.Join(dir, "root.anchor"), "--dnssec", dnssec)
	if err != nil {
		return out, scanStatus{}, err
	}
	var status scanStatus
	lines := bytes.Split(bytes.TrimSpace(out.stderr), []byte("\n"))
	return out, status, json.Unmarshal(lines[len(lines)-1], &status)
}

// memoryCmd is caabench memory.
type memoryCmd struct {
	Caascan string `default:"bin/caascan" help:"The binary to measure."`
	Most    int    `default:"100000" help:"Names in flight."`
	Least   int    `default:"1000" help:"Names in flight of the run that shows what caascan takes besides."`
}

// memoryPace is the pace at which caascan lets the collector run with very many names in flight.
const memoryPace = "20"

// Run scans the same names with few and with many in flight.
func (c *memoryCmd) Run() error {
	dir, err := os.MkdirTemp("", "caabench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	os.Setenv("GOGC", memoryPace) // for both runs alike: caascan would choose by the number in flight
	fmt.Printf("%-12s%14s%20s%16s%12s\n", "in flight", "names", "servers answer in", "peak MiB", "seconds")
	peak := map[int]float64{}
	for _, inFlight := range []int{c.Least, c.Most} {
		world := worldFlags{Names: 2 * c.Most, CAAShare: 0.05} // the same rows to write, the same caches to fill
		if inFlight == c.Most {
			world.Delay = 5 * time.Second
		}
		server, err := startServer(dir, &world)
		if err != nil {
			return err
		}
		out, status, err := scanOnce(c.Caascan, server, dir, inFlight, "off")
		server.stop()
		if err != nil {
			return err
		}
		if status.Rows != world.Names || status.Failed > 0 {
			return fmt.Errorf("scan: %d of %d names have rows, %d of them failed", status.Rows, world.Names, status.Failed)
		}
		peak[inFlight] = out.peak
		fmt.Printf("%-12d%14d%20v%16.1f%12.1f\n", inFlight, world.Names, world.Delay, out.peak/(1<<20), out.seconds)
	}
	fmt.Printf("\n%.0f octets of peak memory for each name in flight, all told; %.0f beyond what %d names in flight take\n",
		peak[c.Most]/float64(c.Most), (peak[c.Most]-peak[c.Least])/float64(c.Most-c.Least), c.Least)
	return nil
}

// server is a caabench serve under way.
type server struct {
	process *exec.Cmd
	stdin   io.Closer
	port    string
}

// startServer starts the servers on core 0 and waits until they listen.
func startServer(dir string, world *worldFlags) (*server, error) {
	args := append(pinned(0), self(), "serve", "--dir", dir, "--names", strconv.Itoa(world.Names),
		"--caa-share", fmt.Sprint(world.CAAShare), "--delay", world.Delay.String(),
		"--signed-opt-out", fmt.Sprint(world.SignedOptOut), "--signed-full", fmt.Sprint(world.SignedFull))
	s := &server{process: exec.Command(args[0], args[1:]...)}
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
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		s.stop()
		return nil, errors.New("the servers did not start")
	}
	s.port = strings.TrimSpace(line)
	return s, nil
}

func (s *server) stop() {
	s.stdin.Close()
	s.process.Wait() // how it ended is of no interest any more
}

// result is what a process said and took.
type result struct {
	stdout, stderr        []byte
	user, system, seconds float64
	peak                  float64 // largest resident set, in octets
}

// onCore runs a command on one core.
func onCore(core int, command ...string) (result, error) {
	args := append(pinned(core), command...)
	cmd := exec.Command(args[0], args[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	started := time.Now()
	err := cmd.Run()
	out := result{stdout: stdout.Bytes(), stderr: stderr.Bytes(), seconds: time.Since(started).Seconds()}
	if err != nil {
		return out, fmt.Errorf("%s: %w: %s", strings.Join(command[:2], " "), err, stderr.Bytes())
	}
	ru := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	out.user, out.system = cmd.ProcessState.UserTime().Seconds(), cmd.ProcessState.SystemTime().Seconds()
	out.peak = float64(ru.Maxrss) * 1024
	return out, nil
}

func pinned(core int) []string { return []string{"taskset", "-c", strconv.Itoa(core)} }

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
