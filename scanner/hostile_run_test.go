//go:build linux

package scanner

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
)

// The bounds of resolve and dnssec that hostile zones are held against (heads of question.go, prove.go, reply.go there).
const (
	maxQueries        = 64
	maxAddressLookups = 6
	maxTries          = 10
	maxReferrals      = 32
	maxAliases        = 16
	maxDepth          = 8
	maxChecks         = 128
	maxHashes         = 128
	checksOfRRset     = 8
)

// attack is one way to make a scanner work. Every hostile zone hNNN.test does it, each to its own target.
type attack struct {
	hosts   int // addresses that serve the hostile zones
	delay   time.Duration
	timeout time.Duration // of one exchange; 0 means 2 s
	nomail  bool          // do not look for mail, after CAA
	signed  bool          // there is a DS for every hostile zone

	delegate func(w *hostileWorld, zone string) *delegation // nil: to all hosts, with glue
	answer   func(w *hostileWorld, zone string, q *query) []byte
	target   func(id string) string // nil: www.<id>.test

	good  string // beginning of the names of the good zones; "" means good
	names int    // hostile ones in the smaller of two scans; the larger has four times as many

	// What is claimed of every hostile name, at most.
	packets, checks, hashes int
	heap                    int      // octets that stay in the caches; 0 means usualHeap
	outcomes                []string // "outcome/cause/security/reason" of the deciding level, each of which must occur
	victim                  int      // packets to the server of victim.test
	cost                    int      // processor time, as a multiple of a good name's; 0 means usualCost
}

// What the first name of a scan pays for all: the keys of the root and of the top-level domain, and the way there.
const (
	sharedPackets = 4
	sharedChecks  = 4
)

// goodZones is the number of good names in every scan.
const goodZones = 24

const (
	// usualCost is what a name that has all its packets sent may cost the processor, beside a good one, which has four. The
	// worst are replies that take long to read, and each failure is tried twice (R3.4) at each level of the climb.
	usualCost = 48

	// usualHeap is what may stay of a name that has all its packets sent: a KiB and a quarter for each, when each goes to a
	// server of its own, which the resolver and the limiter remember.
	usualHeap = maxQueries * 5 << 8
)

// seen is what a scan showed.
type seen struct {
	good     []time.Duration // of each good name, from Admitted to Finished
	most     record.Cost     // of a hostile name
	outcomes map[string]int
	slowest  time.Duration // of a hostile name
	booked   int           // packets, by all records

	packets int           // most at the servers about one hostile zone, by their own count
	loop    time.Duration // processor time of the loop's turns, in all
	turn    time.Duration // of the longest
	work    time.Duration // of the signatures checked between them or beside them
	victim  int           // at the server of victim.test, in all
	heap    int64         // that the scan holds at its end
}

// observe takes a record: of a hostile name what it cost, of a good one whether it is right.
func (s *seen) observe(t *testing.T, r *record.Record) {
	took := r.Finished.Sub(r.Admitted)
	s.booked += int(r.Cost.Queries)
	first, last := r.Climb[0].Answer, r.Climb[len(r.Climb)-1].Answer
	if !strings.HasPrefix(r.Target.Registrable, "good") {
		s.most.Queries = max(s.most.Queries, r.Cost.Queries)
		s.most.Checks = max(s.most.Checks, r.Cost.Checks)
		s.most.Hashes = max(s.most.Hashes, r.Cost.Hashes)
		s.slowest = max(s.slowest, took)
		s.outcomes[fmt.Sprintf("%v/%s/%v/%s", first.Outcome, first.Cause, first.Security, first.Reason)]++
		return
	}
	s.good = append(s.good, took)
	security := record.Insecure
	if isSigned(r.Target.Registrable + ".") {
		security = record.Secure
	}
	if r.Posture[caa.TLS] != caa.Restricted || last.Security != security || last.Name.String() != r.Target.Registrable {
		t.Errorf("%s: posture %v, %v %s %v %s at %s", r.Target.Name, r.Posture[caa.TLS],
			last.Outcome, last.Cause, last.Security, last.Reason, last.Name)
	}
}

// observer is the Sink of a scan.
type observer struct {
	t *testing.T
	*seen
}

func (o observer) Write(batch []*record.Record) error {
	for _, r := range batch {
		o.observe(o.t, r)
	}
	return nil
}

// list is a Source.
type list []record.Target

func (l list) Next(context.Context) ([]record.Target, error) { return l, io.EOF }

// between spreads the hostile targets evenly among the good ones.
func between(good, hostile []record.Target) list {
	var all list
	for len(good)+len(hostile) > 0 {
		if len(good)*len(hostile) == 0 || len(good) > len(hostile) {
			if len(good) > 0 {
				all, good = append(all, good[0]), good[1:]
				continue
			}
		}
		all, hostile = append(all, hostile[0]), hostile[1:]
	}
	for i := range all {
		all[i].Line = int64(i + 1)
	}
	return all
}

// stopwatch is a Machine that measures the processor time that another one and its Work take. That is what every other
// name of the loop waits for, and other than the time on the clock it does not depend on what else the computer does.
type stopwatch struct {
	step.Machine
	turns, longest time.Duration
	work           atomic.Int64
}

// threadTime is the processor time of the thread.
func threadTime() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		panic(err)
	}
	return time.Duration(now.Nano())
}

func (s *stopwatch) turn(out *[]step.Ask, do func()) {
	before, asks := threadTime(), len(*out)
	do()
	took := threadTime() - before
	s.turns += took
	s.longest = max(s.longest, took)
	for i := range (*out)[asks:] {
		if ask := &(*out)[asks+i]; ask.Work != nil {
			ask.Work = timed{ask.Work, s}
		}
	}
}

func (s *stopwatch) Admit(now step.Time, out *[]step.Ask) {
	s.turn(out, func() { s.Machine.Admit(now, out) })
}

func (s *stopwatch) Handle(ev *step.Event, out *[]step.Ask) {
	s.turn(out, func() { s.Machine.Handle(ev, out) })
}

// timed is Work whose time is added up.
type timed struct {
	step.Work
	watch *stopwatch
}

func (t timed) Do() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTime()
	t.Work.Do()
	t.watch.work.Add(int64(threadTime() - before))
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// scan runs the good targets and n hostile ones through one scan.
func (a *attack) scan(t *testing.T, w *hostileWorld, good []record.Target, n int) *seen {
	t.Helper()
	var hostile []record.Target
	for i := range n {
		id := fmt.Sprintf("h%03d", i)
		name := "www." + id + ".test"
		if a.target != nil {
			name = a.target(id)
		}
		labels := strings.Split(name, ".")
		hostile = append(hostile, record.Target{Name: name, Registrable: strings.Join(labels[len(labels)-2:], ".")})
	}
	timeout := a.timeout
	if timeout == 0 {
		timeout = 2 * time.Second
	}
	victim, all := w.received(victimServer), w.receivedInAll()
	w.aboutZones()
	before := heapInUse()
	s := &seen{outcomes: map[string]int{}}
	watch := &stopwatch{}
	with := MX
	if a.nomail {
		with = 0
	}
	scan, err := New(Config{
		Network: w.network(timeout), InFlight: 10_000, Loops: 1, With: with, Seed: 1,
		Watch: func(m step.Machine) step.Machine {
			watch.Machine = m
			return watch
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := scan.Run(context.Background(), between(good, hostile), observer{t, s}); err != nil {
		t.Fatal(err)
	}
	s.loop, s.turn, s.work = watch.turns, watch.longest, time.Duration(watch.work.Load())
	s.heap = heapInUse() - before
	runtime.KeepAlive(scan)
	if len(s.good) != len(good) {
		t.Errorf("%d of %d good names have a record", len(s.good), len(good))
	}
	for _, packets := range w.aboutZones() {
		s.packets = max(s.packets, packets)
	}
	s.victim = w.received(victimServer) - victim
	if sent, came := scan.Progress().Sent, w.receivedInAll()-all; int64(s.booked) != sent || int64(came) > sent {
		t.Errorf("%d packets sent, %d in the records, %d came to servers", sent, s.booked, came)
	}
	return s
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// world makes the internet of the attack.
func (a *attack) world(t *testing.T) *hostileWorld {
	t.Helper()
	var w *hostileWorld
	delegate := func(zone string) *delegation {
		if a.delegate != nil {
			return a.delegate(w, zone)
		}
		return a.everyHost(w, zone)
	}
	w = newHostileWorld(t, delegate)
	for i := range a.hosts {
		w.serve(hostileServer(i), func(q *query) []byte {
			labels := dns.SplitDomainName(q.name)
			if len(labels) < 2 {
				return q.rcode(dns.RcodeRefused)
			}
			return a.answer(w, strings.Join(labels[len(labels)-2:], ".")+".", q)
		}).delay = a.delay
	}
	w.listen(t)
	return w
}

// everyHost delegates a zone to all hosts.
func (a *attack) everyHost(w *hostileWorld, zone string) *delegation {
	d := &delegation{}
	for i := range a.hosts {
		d.ns = append(d.ns, fmt.Sprintf("ns%d.%s", i, zone))
		d.glue = append(d.glue, hostileServer(i))
	}
	if a.signed {
		d.ds = []dns.RR{w.ds(zone)}
	}
	return d
}

// run scans good names alone, then with hostile ones, then with four times as many, and checks what is claimed.
func (a *attack) run(t *testing.T) {
	t.Helper()
	w := a.world(t)
	good := goodNames(cmp.Or(a.good, "good"), goodZones)
	alone := a.scan(t, w, good, 0)
	few := a.scan(t, w, good, a.names)
	many := a.scan(t, w, good, 4*a.names)
	heap := (many.heap - few.heap) / int64(3*a.names)
	usual, delayed := median(alone.good), median(many.good)
	t.Logf("a name at most: %d packets, %d by the servers' count, %d signatures, %d hashes; %v; victim %.1f packets a name, heap %d octets a name",
		many.most.Queries, many.packets, many.most.Checks, many.most.Hashes, many.slowest.Round(time.Millisecond),
		float64(many.victim)/float64(4*a.names), heap)
	t.Logf("good names: %v beside %d hostile ones, %v alone, %.1f times",
		delayed.Round(10*time.Microsecond), 4*a.names, usual.Round(10*time.Microsecond), float64(delayed)/float64(usual))
	cost := (many.loop + many.work - few.loop - few.work) / time.Duration(3*a.names)
	times := float64(cost) / float64((alone.loop+alone.work)/goodZones)
	t.Logf("processor time a name %v, %.1f times that of a good name; longest turn of the loop %v, %v without hostile names", cost, times, many.turn, alone.turn)
	t.Logf("outcomes %v", many.outcomes)

	for _, s := range []*seen{few, many} {
		if most := min(a.packets+sharedPackets, maxQueries); int(s.most.Queries) > most || s.packets > a.packets {
			t.Errorf("%d packets for one name by its record, %d by the servers' count; at most %d, %d are claimed",
				s.most.Queries, s.packets, most, a.packets)
		}
		if most := min(a.checks+sharedChecks, maxChecks); int(s.most.Checks) > most || int(s.most.Hashes) > a.hashes {
			t.Errorf("%d signatures, %d hashes for one name; at most %d, %d are claimed", s.most.Checks, s.most.Hashes, most, a.hashes)
		}
		if got := slices.Sorted(maps.Keys(s.outcomes)); !slices.Equal(got, a.outcomes) {
			t.Errorf("outcomes %q, want %q", got, a.outcomes)
		}
	}
	if many.victim > 4*a.names*a.victim {
		t.Errorf("%d packets to the victim for %d names, want at most %d a name", many.victim, 4*a.names, a.victim)
	}
	if most := cmp.Or(a.cost, usualCost) * slowness; times > float64(most) {
		t.Errorf("a hostile name costs the processor %.1f times what a good one does, want at most %d times", times, most)
	}
	if most := cmp.Or(a.heap, usualHeap); heap > int64(most) {
		t.Errorf("%d octets of heap a name, want at most %d", heap, most)
	}
	// What delays a good name is sharing the processors with hostile ones and with the servers of this test. It never
	// waits for one of them to end.
	if limit := 20*usual + 500*time.Millisecond; delayed > limit {
		t.Errorf("good names take %v beside hostile ones, %v alone; want at most %v", delayed, usual, limit)
	}
}
