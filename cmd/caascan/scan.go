package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"time"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/engine"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
)

// scanCmd is the command scan.
type scanCmd struct {
	networkFlags
	scanFlags
	shardFlags
	inputFlags
	issuerFlags

	Input      []string      `arg:"" placeholder:"INPUT" help:"Files with names, - for stdin: one a line, ranked CSV (Tranco, Umbrella, Majestic, CrUX), mail addresses, zone files, JSONL, Parquet; plain, gz, zst, zip."`
	Out        string        `placeholder:"DIR" help:"Directory of the dataset (default: scan-<date>), or its URL in an object store (s3://bucket/prefix, gs://, azblob://); - for JSON lines on stdout."`
	Format     string        `default:"parquet" enum:"parquet,jsonl" help:"parquet or jsonl."`
	Restart    bool          `help:"Discard what the directory holds of an earlier scan."`
	SecondLook time.Duration `default:"1m" placeholder:"PAUSE" help:"Ask names that failed (time-out, SERVFAIL, REFUSED, lame, ...) once more at the end of the scan, this long after the failure at the earliest and at other servers first; 0: never."`
	DryRun     bool          `help:"Read the input and say what would be asked of whom, and how long that takes at the limits; send nothing."`
	PlanFrom   []string      `placeholder:"DIR" help:"With --dry-run: the dataset of an earlier scan that tells which operators hold how many names (repeatable)."`
}

// scanFlags are the flags that scan and demo share.
type scanFlags struct {
	InFlight int      `placeholder:"N" help:"Names under way at once (default: by memory)."`
	With     []string `default:"mx" placeholder:"LIST" help:"What to look up besides CAA, or none: mx, spf, dmarc, mta-sts, tls-rpt, bimi, dkim:SELECTOR (repeatable), mx-hosts (CAA of the mail servers), all-servers (do the name servers agree?)."`
	Seed     uint64   `placeholder:"N" help:"Order of the names and choices among servers (default: from the input)."`
	Loops    int      `placeholder:"N" help:"Event loops (default: one per core)."`
	Vantage  string   `placeholder:"TEXT" help:"Where this machine stands, for the rows."`
	Quiet    bool     `help:"No progress, no summary."`
	Metrics  string   `placeholder:"ADDR:PORT" help:"Where Prometheus finds figures (/metrics); on an address of loopback also profiles (/debug/pprof)."`

	Tables        []string `default:"domains,caa_records,nameservers" placeholder:"LIST" help:"Tables to write: domains, caa_records, nameservers, queries (a row for each packet sent)."`
	SampleQueries float64  `default:"1" placeholder:"F" help:"Write the table queries for this share of the registrable domains, from 0 to 1, all packets of each."`

	metrics *metricsServer

	PartRows int           `default:"1000000" placeholder:"N" help:"Rows in one part of the dataset, at most."`
	PartAge  time.Duration `default:"3m" help:"How long rows wait for their part to be finished, at most: what a crash can cost."`

	pause time.Duration // before the second look; 0: there is none
}

// Example implements command.Exampler.
func (*scanCmd) Example() string {
	return "caascan scan tranco_K25XW.csv.zip --out scan-2026-11-21\n  cut -d, -f2 names.csv | caascan scan - --out - --format jsonl"
}

// Run does the scan.
func (c *scanCmd) Run(env *environ) error {
	network, err := c.network(env)
	if err != nil {
		return command.Usage(err)
	}
	if err := c.chooseTables(env); err != nil {
		return command.Usage(err)
	}
	if c.Out == "-" && c.hasQueries() {
		return command.Usage(errors.New("--tables: stdout (--out -) takes the rows of domains only, no queries"))
	}
	rejects := &lateRejects{}
	reading := c.reading()
	input := newStdin(env.stdin)
	reading.Stdin, reading.Reject = input, rejects.add
	reader, err := datasets.Open(c.Input, reading)
	if err != nil {
		return command.Usage(err)
	}
	defer reader.Close()
	if c.DryRun {
		return c.plan(env, reader, &network)
	}
	if len(c.PlanFrom) > 0 {
		return command.Usage(errors.New("--plan-from goes with --dry-run"))
	}
	c.exclusion.catchHangup()
	c.pause = c.SecondLook
	scan, err := c.newScan(env, network, reader.Seed(), reader.Zones())
	if err != nil {
		return command.Usage(err)
	}
	issuers, err := c.issuers(env)
	if err != nil {
		return command.Usage(err)
	}
	sink, err := c.sink(env, reader, issuers)
	if err != nil {
		return command.Usage(err)
	}
	rejects.sink = sink
	source := &source{reader: reader, stdin: input, sink: sink, primed: !reading.NamesOnly}
	if source.resume() {
		rows, waiting, _ := sink.writer.Resumed()
		env.log.Info("continuing the scan in "+c.Out, "rows_in_all", rows, "names_to_look_at_again", waiting)
	}
	defer c.exclusion.rereadOnHangup(env.ctx, env.log, sink.excluded)()
	return c.scanFlags.run(env, scan, source, sink, sink, c.exclusion.stopSignals())
}

// reading says how the inputs are read.
func (c *scanCmd) reading() datasets.Config {
	cfg := c.inputFlags.config(c.DryRun || len(c.Resolver) > 0)
	cfg.AllowSpecialUse, cfg.Seed, cfg.Shard = c.AllowSpecialUse, c.Seed, c.Shard
	return cfg
}

func must[T any](v T, err error) T {
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return v
}

// newScan makes the scan, and notes in env what was decided by default.
func (f *scanFlags) newScan(env *environ, network scanner.Network, seed uint64, zones resolve.Zones) (*scanner.Scan, error) {
	if f.pause < 0 {
		return nil, errors.New("--second-look: a pause cannot be negative")
	}
	beside, err := f.accompaniment(&network)
	if err != nil {
		return nil, err
	}
	inFlight, loops := cmp.Or(f.InFlight, defaultInFlight()), cmp.Or(f.Loops, runtime.GOMAXPROCS(0))
	env.flags["in-flight"], env.flags["loops"], env.flags["seed"] = inFlight, loops, seed
	cfg := scanner.Config{
		Network: network, InFlight: inFlight, Loops: loops, Seed: seed, With: beside.with, DKIM: beside.selectors, Zones: zones,
		SecondLook: f.pause > 0, Exchanges: f.exchanges(),
	}
	for _, short := range scanner.Check(cfg) {
		if short.Fatal {
			return nil, errors.New(short.Text)
		}
		env.log.Warn(short.Text)
	}
	if f.metrics, err = listenMetrics(f.Metrics); err != nil {
		return nil, err
	}
	return scanner.New(cfg)
}

// defaultInFlight takes a quarter of the memory that is free, at 2 KiB a name, but no more names than a polite scan can
// keep busy.
func defaultInFlight() int {
	const most, perName = 200_000, 2 << 10
	free := engine.FreeMemory()
	if free == 0 {
		return most / 10
	}
	return int(min(max(free/4/perName, 1000), most))
}

// sink opens the output.
func (c *scanCmd) sink(env *environ, reader *datasets.Reader, issuers *datasets.Issuers) (*lockedSink, error) {
	cfg := c.outputConfig(reader.Seed())
	cfg.Issuers = datasets.Registry{Issuers: issuers}
	cfg.Scan, cfg.Exclude = env.flags, c.exclusion.about()
	cfg.Format = output.Format(c.Format)
	cfg.Restart = c.Restart
	if c.Out == "-" {
		if c.Format != "jsonl" {
			return nil, errors.New("--out -: stdout takes --format jsonl only")
		}
		stream, err := output.NewStream(env.stdout, cfg)
		return &lockedSink{sink: stream}, err
	}
	if c.Out == "" {
		c.Out = "scan-" + time.Now().UTC().Format("2006-01-02")
	}
	// What a later run may continue is known by its inputs.
	cfg.Inputs = (&source{reader: reader}).inputs()
	if err := sumInputs(c.Input, cfg.Inputs); err != nil {
		return nil, err
	}
	var err error
	if cfg.Identity, err = identity(env.flags, cfg.Inputs); err != nil {
		return nil, err
	}
	writer, err := output.Create(c.Out, cfg)
	if err != nil {
		return nil, err
	}
	return &lockedSink{sink: writer, writer: writer, dir: onDisk(c.Out)}, nil
}

func (f *scanFlags) outputConfig(seed uint64) output.Config {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	suffixes := datasets.DefaultSuffixes()
	return output.Config{
		ScanID:  time.Now().UTC().Format("20060102T150405.000Z"),
		Version: release, Commit: commit(), PSL: suffixes.Version(), Worker: host, Vantage: f.Vantage, Seed: seed,
		Registrable: suffixes.Operator, PartRows: f.PartRows, PartAge: f.PartAge, Tables: f.Tables,
	}
}

// run runs a scan to its end or to the first of the signals, and closes the sink. The records go to takes: the sink, or what
// looks at them on their way there.
func (f *scanFlags) run(env *environ, scan *scanner.Scan, source *source, sink *lockedSink, takes scanner.Sink, signals []os.Signal) error {
	ctx, stop := signal.NotifyContext(env.ctx, signals...)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	defer paceCollector()()
	from, to, phased := scanner.Source(source), takes, phased(nil)
	if f.pause > 0 {
		looks := newSecondLook(source, takes, sink, sink.waiting(), f.pause)
		defer looks.close()
		from, to, phased = looks, looks, looks
	}
	show := f.watch(env, scan, source, sink, phased)
	err := scan.Run(ctx, from, to)
	show.end()

	if errors.Is(err, datasets.ErrOtherStream) { // of which nothing is to be in the scan, rejects neither: it stays as after a crash
		return command.Usage(err)
	}
	state := output.Running
	if err == nil {
		state = output.Complete
	}
	closing := sink.finish(scan.NameServers(), source.inputs(), state)
	switch {
	case errors.Is(err, context.Canceled):
		return command.Exit{Code: exitStopped, Err: errors.New("stopped early; everything written so far is valid, and the same command continues it")}
	case err != nil:
		return command.Exit{Code: exitStopped, Err: errors.Join(err, closing)}
	case closing != nil:
		return command.Exit{Code: exitStopped, Err: closing}
	}
	totals := sink.totals()
	env.log.Info("scan ended", "rows_in_all", totals.Rows, "rejects", totals.Rejects, "queries", scan.Progress().Sent)
	return f.complete(source, sink)
}

// complete checks that every line of the input that is this machine's has its row or its reject.
func (f *scanFlags) complete(source *source, sink *lockedSink) error {
	var lines, skipped, folded, elsewhere int64
	for _, in := range source.reader.Inputs() {
		lines += in.Lines
		skipped += in.Skipped
		folded += in.Folded
		elsewhere += in.Elsewhere
	}
	totals := sink.totals()
	if totals.Lines+skipped+folded+elsewhere != lines {
		return command.Exit{Code: exitNo, Err: fmt.Errorf("rows are missing: %d lines of input, %d of them blank or comment, %d with names that came before and %d of other shards, but %d rows and %d rejects",
			lines, skipped, folded, elsewhere, totals.Rows, totals.Rejects)}
	}
	return nil
}

// lockedSink lets the reader's rejects and the scanner's records, which come from two goroutines, into one sink.
type lockedSink struct {
	mu     sync.Mutex
	sink   output.Sink
	writer *output.Writer // nil for a stream
	dir    string         // where that writes, "" if not on this machine
	failed error          // of a reject
	tally  tally
	spare  asideFile // what is set aside, if the sink does not keep it
}

// Write implements scanner.Sink.
func (s *lockedSink) Write(batch []*record.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, kept := countRows(batch), int64(0)
	if err := cmp.Or(s.failed, s.sink.Write(batch)); err != nil {
		return err
	}
	if s.writer != nil {
		kept = s.writer.Totals().Rows
	}
	s.tally.add(&rows, kept)
	return nil
}

// Defer implements setAside.
func (s *lockedSink) Defer(targets []record.Target) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.aside().Defer(targets)
}

// Deferred implements setAside. Between two batches others may write.
func (s *lockedSink) Deferred() iter.Seq2[[]record.Target, error] {
	return func(yield func([]record.Target, error) bool) {
		s.mu.Lock()
		next, stop := iter.Pull2(s.aside().Deferred())
		s.mu.Unlock()
		defer stop()
		for {
			s.mu.Lock()
			targets, err, more := next()
			s.mu.Unlock()
			if !more || !yield(targets, err) {
				return
			}
		}
	}
}

// waiting is how many names were set aside before the scan was continued.
func (s *lockedSink) waiting() (names int64) {
	if s.writer != nil {
		_, names, _ = s.writer.Resumed()
	}
	return names
}

// aside is where targets are set aside: durably, with the rows, if the sink can.
func (s *lockedSink) aside() setAside {
	if keeps, ok := s.sink.(setAside); ok {
		return keeps
	}
	return &s.spare
}

// Exchanges implements scanner.ExchangeSink.
func (s *lockedSink) Exchanges(batch []record.Exchange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writer.Exchanges(batch)
}

// excluded notes that another opt-out list is in force.
func (s *lockedSink) excluded(list *output.ExcludeList) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writer != nil {
		s.writer.SetExclude(*list)
	}
}

// read notes what was read of the inputs.
func (s *lockedSink) read(inputs []output.Input) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writer.SetInputs(inputs)
}

// finish writes what is known only at the end and closes the sink.
func (s *lockedSink) finish(servers []record.NameServer, inputs []output.Input, state output.State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := cmp.Or(s.failed, s.sink.NameServers(servers))
	if s.writer != nil {
		s.writer.SetInputs(inputs)
	}
	if err != nil {
		state = output.Running
	}
	return errors.Join(err, s.sink.Close(state), s.spare.close())
}

func (s *lockedSink) totals() output.Totals {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sink.(interface{ Totals() output.Totals }).Totals()
}

// lateRejects passes rejects to a sink that is opened after the input; without one, in a dry run, the reader only counts
// them. A failing sink shows when rows are written.
type lateRejects struct{ sink *lockedSink }

func (l *lateRejects) add(r datasets.Reject) {
	if l.sink == nil {
		return
	}
	l.sink.mu.Lock()
	defer l.sink.mu.Unlock()
	err := l.sink.sink.Reject(r.Source, r.Line, r.Reason.String(), r.Text)
	l.sink.failed = cmp.Or(l.sink.failed, err)
}
