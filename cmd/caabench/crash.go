package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// crashCmd is caabench crash: scans that are ended at random moments, again and again, and continued each time until they
// are complete. Of each such chain the rows must be those of a scan that nobody disturbed.
//
// Most chains scan the names of a farm (crashworld.go), some the small Internet with all its faults. A round of a chain is one
// process (crashround.go): it is killed, told to end, or meets a full disk. The scans are written to directories, or to an object
// store whose requests fail (crashstore.go). What holds after each round and at the end of
// a chain is in crashcheck.go.
type crashCmd struct {
	scanFlags
	Names    int     `default:"200000" help:"Names of the farm."`
	Internet int     `default:"10000" help:"Names of the small Internet, which one chain in five scans; 0: none does."`
	Rounds   int     `default:"200" help:"Rounds that are to be ended before their time."`
	Pace     int     `default:"15" help:"Seconds that a scan of the farm takes, about: the processes are to have time to be killed."`
	Store    string  `enum:"dir,s3" default:"dir" help:"Where the scans are written: dir, a directory; s3, an object store on this machine, on a way on which requests fail."`
	Faults   float64 `default:"0.03" help:"Share of the requests to the object store that meet a fault."`
	AtOnce   int     `default:"2" help:"Chains under way at once."`
	Seed     uint64  `default:"1" help:"Of what is done when. What a process is doing at that moment is not in our hands."`
	Verbose  bool    `help:"Tell of each round."`
}

// inNamespace in the environment says that this process has a mount namespace of its own.
const inNamespace = "CAABENCH_MOUNT_NAMESPACE"

// Run runs the chains and prints what came of them. It fails unless all is right.
func (c *crashCmd) Run() error {
	if os.Geteuid() == 0 && os.Getenv(inNamespace) == "" {
		return againInNamespace()
	}
	dir, err := os.MkdirTemp("", "caabench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	report, err := c.run(dir)
	if err != nil {
		return err
	}
	fmt.Print(report)
	if len(report.wrong) > 0 {
		return errors.New("a scan that was continued is not as one that was not disturbed")
	}
	if !report.full() && c.Store == "dir" {
		fmt.Println("no disk was full: only root may mount one that is small")
	}
	return nil
}

// againInNamespace runs this command again in a mount namespace of its own: the small disks that it mounts are seen by
// nobody else, and go with it.
func againInNamespace() error {
	cmd := exec.Command(self(), os.Args[1:]...)
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGTERM}
	err := cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		os.Exit(failed.ExitCode()) // it has said why
	}
	return err
}

// run runs the chains in a directory.
func (c *crashCmd) run(dir string) (*crashReport, error) {
	report := &crashReport{began: time.Now(), wanted: c.Rounds, tell: c.Verbose}
	worlds := []*crashWorld{}
	defer func() {
		for _, w := range worlds {
			w.stop()
		}
	}()
	add := func(name string, start func(dir string) (*crashWorld, error)) error {
		at := filepath.Join(dir, name)
		if err := os.Mkdir(at, 0o777); err != nil {
			return err
		}
		w, err := start(at)
		if err != nil {
			return err
		}
		w.name, w.dir, w.caascan, w.flags = name, at, c.Caascan, append(w.flags, c.ScanFlag...)
		worlds = append(worlds, w)
		return nil
	}
	if err := add("farm", func(at string) (*crashWorld, error) { return farmWorld(at, c.Names, c.Pace) }); err != nil {
		return nil, err
	}
	if c.Internet > 0 {
		if err := add("internet", func(at string) (*crashWorld, error) { return internetWorld(at, c.Internet) }); err != nil {
			return nil, err
		}
	}
	var store *objectStore
	if c.Store == "s3" {
		var err error
		if store, err = startObjectStore(dir, c.Faults, c.Seed); err != nil {
			return nil, err
		}
		defer store.stop()
		report.store = store
	}
	for _, w := range worlds {
		if err := w.scanUndisturbed(); err != nil {
			return nil, err
		}
		report.say("%s: %d lines of input, %d rows, %d of them of names looked at twice; undisturbed it takes %v",
			w.name, w.lines, w.reference.size(), w.reference.twice, w.took.Round(100*time.Millisecond))
	}
	var chains errgroup.Group
	chains.SetLimit(max(c.AtOnce, 1))
	for n := 0; !report.enough(); n++ {
		chains.Go(func() error {
			if report.enough() {
				return nil
			}
			return c.chain(n, worlds, store, report)
		})
	}
	err := chains.Wait()
	report.took = time.Since(report.began)
	return report, err
}

// chain runs one chain. An error is one of ours; what is wrong with the scan is in the report.
func (c *crashCmd) chain(n int, worlds []*crashWorld, store *objectStore, report *crashReport) error {
	ch := &chain{
		number: n, world: worlds[0], random: rand.New(rand.NewPCG(c.Seed, uint64(n))), report: report,
		form: inputForm(n % int(inputForms)), plain: n%6 == 4, small: n%3 == 1 && mayMount() && store == nil, store: store,
	}
	if n%5 == 3 {
		ch.world = worlds[len(worlds)-1]
	}
	ch.dir = filepath.Join(ch.world.dir, fmt.Sprint("chain-", n))
	if err := os.Mkdir(ch.dir, 0o777); err != nil {
		return err
	}
	defer os.RemoveAll(ch.dir)
	return ch.run()
}

// crashReport is what the chains came to.
type crashReport struct {
	began  time.Time
	took   time.Duration
	wanted int
	tell   bool
	store  *objectStore // nil: directories

	mu       sync.Mutex
	rounds   [endings][moments]int
	chains   map[string]int
	lines    int // of input, in all chains
	verified int // chains that caascan verify found clean
	lost     int
	doubled  int
	differs  int
	wrong    []string
}

// enough reports whether as many rounds have been ended as are wanted, or something is wrong already.
func (r *crashReport) enough() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sum() >= r.wanted || len(r.wrong) > 0
}

func (r *crashReport) sum() (sum int) {
	for _, row := range r.rounds {
		for _, n := range row {
			sum += n
		}
	}
	return sum
}

func (r *crashReport) full() bool { return r.rounds[fullDisk][wheneverFull] > 0 }

func (r *crashReport) say(format string, args ...any) {
	if r.tell {
		fmt.Fprintf(os.Stderr, "%7.1fs  %s\n", time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
	}
}

// add counts a round.
func (r *crashReport) add(end ending, when moment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rounds[end][when]++
}

// done counts a chain.
func (r *crashReport) done(ch *chain, found *findings) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.chains == nil {
		r.chains = map[string]int{}
	}
	r.chains[ch.world.name]++
	r.lines += ch.world.lines
	if found.verified {
		r.verified++
	}
	r.lost += found.lost
	r.doubled += found.doubled
	r.differs += found.differs
	for _, text := range found.wrong {
		r.wrong = append(r.wrong, fmt.Sprintf("chain %d (%s): %s", ch.number, ch.world.name, text))
	}
}

// String is the table.
func (r *crashReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-18s", "ended by")
	for when := range moments {
		fmt.Fprintf(&b, "%16s", when)
	}
	fmt.Fprintf(&b, "%10s\n", "rounds")
	for end, row := range r.rounds {
		fmt.Fprintf(&b, "%-18s", ending(end))
		sum := 0
		for _, n := range row {
			fmt.Fprintf(&b, "%16d", n)
			sum += n
		}
		fmt.Fprintf(&b, "%10d\n", sum)
	}
	chains := 0
	for _, n := range r.chains {
		chains += n
	}
	fmt.Fprintf(&b, "\n%d rounds ended before their time, in %d chains (%v), each continued until complete; %v\n", r.sum(), chains, r.chains, r.took.Round(time.Second))
	fmt.Fprintf(&b, "%d lines of input: %d lost, %d doubled, %d rows or records that differ from those of the undisturbed scan\n", r.lines, r.lost, r.doubled, r.differs)
	if r.store != nil {
		fmt.Fprintf(&b, "requests to the object store, by what became of them: %v\n", r.store.faults.Counts())
	}
	if r.verified == 0 {
		fmt.Fprintf(&b, "caascan verify was not asked: this binary has no such command\n")
	} else {
		fmt.Fprintf(&b, "caascan verify: %d of %d chains clean\n", r.verified, chains)
	}
	const shown = 20
	for _, text := range r.wrong[:min(shown, len(r.wrong))] {
		fmt.Fprintf(&b, "WRONG: %s\n", text)
	}
	return b.String()
}
