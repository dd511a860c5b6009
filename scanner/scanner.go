// Package scanner runs a scan: names in, one record a name out.
//
//	Source ──targets──► feed ──► loop 0 ─┐
//	                        ├──► loop 1 ─┼──records──► write ──► Sink
//	                        └──► loop n ─┘
//
// feed gives each target to the loop that owns its registrable domain, so that what the names of one domain share is
// asked for once. A loop is an engine.Loop with a machine (machine.go) that runs every name through the climb of RFC
// 8659, the look-up of its mail servers and of other companions, on a resolver of its own. All goroutines are started and awaited in Run.
// With the records go the exchanges that they were made of, if somebody wants these (exchanges.go).
// Where the sink is slow the channels fill, the loops admit no more names, and feed waits: memory does not grow.
//
// A target ends in exactly one record, whatever happens to its look-ups; only a cancelled scan leaves targets without.
package scanner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner/engine"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/stub"
	"github.com/caascan/caascan/scanner/wire"
)

// Network is how caascan speaks to name servers: what scans and single look-ups have in common.
type Network struct {
	Roots      []resolve.Root // root servers to start from
	Port       uint16         // of every server; 0 means 53
	IPv4, IPv6 bool           // families to use
	Source     []netip.Addr   // local addresses; none means any
	SpecialUse bool           // servers at special-use addresses are asked too, those on loopback if the roots are there
	Timeout    time.Duration
	Retries    int
	MaxQueries int // for one name
	Limits     ratelimit.Limits

	OptOuts *resolve.OptOuts // who is not to be asked; nil: everybody may be

	// Resolvers, if there are any, are asked instead of the authoritative servers: stub mode. They must validate.
	Resolvers []netip.AddrPort

	DNSSEC  DNSSEC
	Anchors []record.RR // trust anchors: DS and DNSKEY records; none: nothing is validated
	At      time.Time   // the clock against which signatures are checked; zero: the time of the scan

	// Operator returns the registrable domain of a server's name: the key of the limit for operators.
	Operator func(name string) string
}

// DNSSEC says how much is validated.
type DNSSEC uint8

const (
	Full DNSSEC = iota // every answer
	Lazy               // what a verdict depends on: CAA sets that were found, and failures
	Off                // nothing; no signatures are asked for
)

// Validate reports what cannot work: root servers that may not be asked, or not over the families in use.
func (n *Network) Validate() error {
	if len(n.Resolvers) > 0 {
		for _, addr := range n.Resolvers {
			if v4 := addr.Addr().Unmap().Is4(); v4 && !n.IPv4 || !v4 && !n.IPv6 {
				return fmt.Errorf("the resolver %v is not of the families in use", addr)
			}
		}
		return nil
	}
	allowed, special := serverFilter(n.SpecialUse, n.Roots), false
	for _, root := range n.Roots {
		for _, addr := range root.Addrs {
			addr = addr.Unmap()
			if addr.Is4() && !n.IPv4 || addr.Is6() && !n.IPv6 {
				continue
			}
			if allowed(addr) {
				return nil
			}
			special = true
		}
	}
	if special {
		return errors.New("the root servers have special-use addresses: that needs leave to ask such servers (--allow-special-use)")
	}
	return errors.New("no root server has an address of the families in use")
}

// Config is what a scan must be told.
type Config struct {
	Network
	InFlight int // names under way at once, over all loops
	Loops    int // 0 means one per core
	With     Companions
	DKIM     []string // selectors to look up, with the companion DKIM
	Seed     uint64   // of choices among servers

	// SecondLook says that names whose record is Again come back as targets with that first look: they count as finished
	// only then.
	SecondLook bool

	// Zones are the zone files at hand, which stand for the servers of their zones, as the Delegation of a target does. Nil:
	// there are none. Resolvers of stub mode know nothing of either.
	Zones resolve.Zones

	// Exchanges is the share of names (see share) whose exchanges go to the sink, which is an ExchangeSink then; 0: nobody's do.
	Exchanges float64

	// Watch, if not nil, may wrap the machine of each loop, to see the exchanges pass.
	Watch func(step.Machine) step.Machine
}

// Source yields the targets. Next is called from one goroutine and returns io.EOF after the last.
type Source interface {
	Next(context.Context) ([]record.Target, error)
}

// Sink takes the records. Write is called from one goroutine; the batch is the sink's.
type Sink interface {
	Write([]*record.Record) error
}

// Scan is one run.
type Scan struct {
	cfg      Config
	limits   *ratelimit.Table
	machines []*machine
	loops    []*engine.Loop
	inputs   []chan []record.Target
	records  chan delivery
	pages    pages
	seed     maphash.Seed
}

// New makes a scan and opens its sockets; nothing is sent before Run.
func New(cfg Config) (*Scan, error) {
	if cfg.Loops <= 0 {
		cfg.Loops = runtime.GOMAXPROCS(0)
	}
	if cfg.InFlight < 1 {
		return nil, errors.New("a scan needs room for at least one name in flight")
	}
	if cfg.With.Has(AllServers) && len(cfg.Resolvers) > 0 {
		return nil, errors.New("resolvers cannot ask every server of a zone")
	}
	if !share(cfg.Exchanges).valid() {
		return nil, errShare
	}
	cfg.Loops = min(cfg.Loops, cfg.InFlight)
	limits, err := ratelimit.New(cfg.Limits)
	if err != nil {
		return nil, err
	}
	s := &Scan{cfg: cfg, limits: limits, records: make(chan delivery, 2*cfg.Loops), seed: maphash.MakeSeed()}
	for i := range cfg.Loops {
		input := make(chan []record.Target, 4)
		m := &machine{
			with:      cfg.With.whole(),
			comesBack: cfg.SecondLook,
			selectors: cfg.DKIM,
			room:      (cfg.InFlight + cfg.Loops - 1 - i) / cfg.Loops,
			in:        input,
			log:       newExchangeLog(cfg.Exchanges, &s.pages),
			out:       s.records,
			parking:   newParking(),
		}
		m.resolver = cfg.Network.resolver(rand.New(rand.NewPCG(cfg.Seed, uint64(i))), crowdOf(cfg.InFlight/cfg.Loops), m, cfg.Zones)
		m.parking.servers, _ = m.resolver.(crowds)
		m.surveys, _ = m.resolver.(surveys)
		var driven step.Machine = m
		if cfg.Watch != nil {
			driven = cfg.Watch(m)
		}
		loop, err := engine.New(cfg.engine(limits), driven)
		if err != nil {
			for _, opened := range s.loops {
				opened.Close()
			}
			return nil, err
		}
		s.machines = append(s.machines, m)
		s.loops = append(s.loops, loop)
		s.inputs = append(s.inputs, input)
	}
	return s, nil
}

// resolver turns questions into answers: a resolve.Resolver or, in stub mode, a stub.Resolver.
type resolver interface {
	Ask(now step.Time, c *resolve.Client, name wire.Name, typ wire.Type, out *[]step.Ask) *record.Answer
	Handle(ev *step.Event, out *[]step.Ask)
	AppendQuery(t step.Ticket, id uint16, buf []byte) []byte
	Finished() (resolve.Result, bool)

	// What rows about exchanges are made of.
	Exchange(t step.Ticket, x *record.Exchange) *resolve.Client
	Reply() *wire.Message

	// What figures are made of.
	Counts() *resolve.Counts
	Servers() int
	Server(step.ServerID) (self record.Server, operator string, sent int)
}

// resolver makes the resolver of one loop, for a scan in which so many questions make a crowd at a server; 0 is for single
// look-ups, which ask servers for their instance. What is known of a client beforehand, be it by a first look or by a zone
// file, tasks tell.
func (n *Network) resolver(rnd *rand.Rand, crowd int, tasks *machine, zones resolve.Zones) resolver {
	single := crowd == 0
	var first func(client uint32) *record.Look
	var delegation func(client uint32) *record.Delegation
	if tasks != nil {
		first, delegation = tasks.first, tasks.delegation
	}
	retries := n.Retries
	if retries == 0 {
		retries = -1 // both read 0 as their default
	}
	if len(n.Resolvers) > 0 {
		return stub.New(stub.Config{
			Resolvers: n.Resolvers, Anchor: n.anchor(), Timeout: n.Timeout, Retries: retries, MaxQueries: n.MaxQueries,
			NSID: single, OptOuts: n.OptOuts, First: first, Rand: rnd,
		})
	}
	cfg := resolve.Config{
		Roots: n.Roots, IPv4: n.IPv4, IPv6: n.IPv6,
		Timeout: n.Timeout, Retries: retries, MaxQueries: n.MaxQueries,
		Allowed: serverFilter(n.SpecialUse, n.Roots),
		Operator: func(server wire.Name) (string, step.OperatorID) {
			operator := n.Operator(server.String())
			return operator, operatorID(operator)
		},
		NSID: single, Rand: rnd, Crowd: crowd, OptOuts: n.OptOuts, First: first, Delegation: delegation, Zones: zones,
	}
	if n.DNSSEC != Off {
		cfg.Anchors, cfg.Lazy = n.Anchors, n.DNSSEC == Lazy
	}
	if !n.At.IsZero() {
		cfg.At = uint32(n.At.Unix())
	}
	return resolve.New(cfg)
}

// anchor returns the zone that the resolvers of stub mode are believed to have a trust anchor for: that of the trust anchors,
// if they are all for one.
func (n *Network) anchor() wire.Name {
	for _, rr := range n.Anchors {
		if rr.Owner != n.Anchors[0].Owner {
			return wire.Root
		}
	}
	if len(n.Anchors) == 0 {
		return wire.Root
	}
	return n.Anchors[0].Owner
}

// operatorSeed makes operator keys that nobody can foretell, so that no two operators can be made to share a limit.
var operatorSeed = maphash.MakeSeed()

func operatorID(operator string) step.OperatorID {
	if operator == "" {
		return 0
	}
	return step.OperatorID(max(maphash.String(operatorSeed, operator), 1))
}

// engine is the configuration of an engine loop.
func (n *Network) engine(limits *ratelimit.Table) engine.Config {
	return engine.Config{
		Clock: clock, Limits: limits, Port: n.Port, Source: n.Source, IPv4: n.IPv4, IPv6: n.IPv6,
	}
}

// engine is the configuration of one of a scan's loops.
func (c *Config) engine(limits *ratelimit.Table) engine.Config {
	of := c.Network.engine(limits)
	of.InFlight = (c.InFlight + c.Loops - 1) / c.Loops
	return of
}

// perName is what a name in flight takes outside of the engine, in octets, with its share of what the collector lets
// lie.
const perName = 700

// Check says what of the system is short for a scan: open files, ports, buffers, memory. It raises the limit of open
// files if it may.
func Check(cfg Config) []engine.Finding {
	cfg.Loops = cmp.Or(cfg.Loops, runtime.GOMAXPROCS(0))
	return engine.Check(cfg.engine(nil), engine.Demand{
		Loops: cfg.Loops, InFlight: cfg.InFlight, Memory: uint64(cfg.InFlight) * perName,
	})
}

// started anchors the clock of all loops.
var started = time.Now()

// clock is the wall clock at the start plus monotonic time since.
func clock() step.Time { return step.Time(started.UnixNano() + int64(time.Since(started))) }

// Run scans until the source is at its end and every record is written, an error of our own stops it, or ctx is
// cancelled: then what is in flight ends without records, and the records made so far are still written. An error of
// the source stops only the intake: what it yielded before is scanned.
func (s *Scan) Run(ctx context.Context, source Source, sink Sink) error {
	if _, takes := sink.(ExchangeSink); s.cfg.Exchanges > 0 && !takes {
		return errors.New("the sink takes no exchanges")
	}
	run, ctx := errgroup.WithContext(ctx)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var intake error
	run.Go(func() error {
		intake = s.feed(ctx, source)
		return nil
	})
	run.Go(func() error {
		defer close(s.records)
		return s.runLoops(ctx)
	})
	run.Go(func() error { return s.write(sink, stop) })
	err := run.Wait()
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return cmp.Or(err, intake)
}

// runLoops runs all loops to their end.
func (s *Scan) runLoops(ctx context.Context) error {
	loops, ctx := errgroup.WithContext(ctx)
	ended := make(chan struct{})
	var waker sync.WaitGroup
	waker.Go(func() { s.wakeFor(ended) })
	defer waker.Wait()
	defer close(ended)
	for i, loop := range s.loops {
		loops.Go(func() error {
			err := loop.Run(ctx)
			s.machines[i].flush()
			return err
		})
	}
	return loops.Wait()
}

// wakeFor wakes loops that have finished records in a batch that does not fill, until ended.
func (s *Scan) wakeFor(ended <-chan struct{}) {
	ticker := time.NewTicker(batchAge)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			for i, m := range s.machines {
				if m.open.Load() {
					s.loops[i].Wake()
				}
			}
		case <-ended:
			return
		}
	}
}

// feed hands the targets to the loops.
func (s *Scan) feed(ctx context.Context, source Source) error {
	batches := make([][]record.Target, len(s.loops))
	send := func(i int) error {
		select {
		case s.inputs[i] <- batches[i]:
			batches[i] = nil
			s.loops[i].Wake()
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer func() {
		for i := range s.inputs {
			close(s.inputs[i])
			s.loops[i].Wake()
		}
	}()
	for {
		targets, err := source.Next(ctx)
		for _, t := range targets {
			i := s.owner(&t)
			if batches[i] == nil {
				batches[i] = make([]record.Target, 0, batchSize)
			}
			if batches[i] = append(batches[i], t); len(batches[i]) == batchSize {
				if err := send(i); err != nil {
					return err
				}
			}
		}
		for i := range batches { // the next ones may be long in coming
			if len(batches[i]) > 0 {
				if err := send(i); err != nil {
					return err
				}
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return nil
		default:
			return fmt.Errorf("reading names: %w", err)
		}
	}
}

// owner returns the loop for a target: the one of its registrable domain.
func (s *Scan) owner(t *record.Target) int {
	domain := t.Registrable
	if domain == "" {
		domain = t.Name
	}
	return int(maphash.String(s.seed, domain) % uint64(len(s.loops)))
}

// write hands the records to the sink until the loops have ended. After an error of the sink it stops the scan and goes
// on taking batches, so that the loops can come to their end.
func (s *Scan) write(sink Sink, stop context.CancelCauseFunc) error {
	var failed error
	for d := range s.records {
		if failed != nil {
			continue
		}
		if failed = s.deliver(sink, d); failed != nil {
			stop(failed)
		}
		for i, m := range s.machines {
			if m.stalled.Load() {
				s.loops[i].Wake()
			}
		}
	}
	return failed
}

// NameServers returns what was seen of every server. It is to be called after Run.
func (s *Scan) NameServers() []record.NameServer {
	var iterating []*resolve.Resolver
	var asking []*stub.Resolver
	for _, m := range s.machines {
		switch r := m.resolver.(type) {
		case *resolve.Resolver:
			iterating = append(iterating, r)
		case *stub.Resolver:
			asking = append(asking, r)
		}
	}
	seen := append(resolve.NameServers(iterating...), stub.NameServers(asking...)...)
	decided := maps.Collect(s.limits.Servers())
	for i := range seen {
		d := decided[seen[i].Addr]
		seen[i].Peak, seen[i].RateLimit, seen[i].Slowed, seen[i].SlowedBy = d.Peak, d.Limit, d.Slowed, d.SlowedBy
	}
	return seen
}
