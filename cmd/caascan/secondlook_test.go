package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
)

// inBatches is a source of names, some at a time, each batch a while after the one before.
type inBatches struct {
	names, size int
	gap         time.Duration
	broken      error // in place of the end
	next        int
}

func (s *inBatches) Next(context.Context) ([]record.Target, error) {
	time.Sleep(s.gap)
	var batch []record.Target
	for len(batch) < s.size && s.next < s.names {
		s.next++
		batch = append(batch, record.Target{Name: fmt.Sprintf("n%d.example", s.next), Source: "list", Line: int64(s.next)})
	}
	if s.next < s.names {
		return batch, nil
	}
	return batch, cmp.Or(s.broken, io.EOF)
}

// recordOf is what a look at t ends in: a failure, or that there is no CAA.
func recordOf(t record.Target, failed bool) *record.Record {
	r := &record.Record{Target: t, Relevant: -1, Finished: step.Time(time.Now().UnixNano()), Climb: []record.Level{{Answer: &record.Answer{Outcome: record.NoData}}}}
	if failed {
		r.Relevant, r.Climb[0].Answer = 0, &record.Answer{Outcome: record.Timeout, Attempts: 1}
	}
	return r
}

// madeUpScan takes names as a scan does, has each look take some time, and gives records back in batches, out of order. fails says what comes
// of the look at a name.
func madeUpScan(ctx context.Context, l *secondLook, fails func(*record.Target) bool) error {
	var looking sync.WaitGroup
	defer looking.Wait()
	var write sync.Mutex // Write is for one goroutine
	for {
		targets, err := l.Next(ctx)
		for _, t := range targets {
			looking.Go(func() {
				time.Sleep(rand.N(3 * time.Second))
				r := recordOf(t, fails(&t))
				time.Sleep(rand.N(20 * time.Millisecond))
				write.Lock()
				defer write.Unlock()
				l.Write([]*record.Record{r})
			})
		}
		if err != nil {
			return err
		}
	}
}

// TestSecondLook: every name ends in one row; those that failed in one of their second look, which begins when all first looks are
// over, and at the earliest the pause after the name's own.
func TestSecondLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const names, pause = 500, 10 * time.Second
		file := &asideFile{}
		defer file.close()
		var rows collected
		l := newSecondLook(&inBatches{names: names, size: 30, gap: 2 * time.Second}, &rows, file, 0, pause)
		defer l.close()
		var mu sync.Mutex
		var first, second int
		var lastFirst, firstSecond time.Time
		fails := func(target *record.Target) bool {
			mu.Lock()
			defer mu.Unlock()
			now := time.Now()
			if target.First == nil {
				first, lastFirst = first+1, now
				return target.Line%5 == 0
			}
			if second++; second == 1 {
				firstSecond = now
			}
			if apart := now.Sub(time.Unix(0, int64(target.First.Finished))); apart < pause {
				t.Errorf("%s is looked at again after %v", target.Name, apart)
			}
			return target.Line%10 == 0
		}
		if err := madeUpScan(t.Context(), l, fails); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if first != names || second != names/5 || firstSecond.Before(lastFirst) {
			t.Errorf("%d first looks, %d second ones, which begin %v after the last first one", first, second, firstSecond.Sub(lastFirst))
		}
		seen := map[int64]bool{}
		for _, r := range rows.records {
			line := r.Target.Line
			if seen[line] || r.Failed() != (line%10 == 0) || (r.Target.First != nil) != (line%5 == 0) {
				t.Errorf("line %d: seen %v, failed %v, first look %+v", line, seen[line], r.Failed(), r.Target.First)
			}
			seen[line] = true
		}
		if len(seen) != names {
			t.Errorf("%d rows", len(seen))
		}
	})
}

// TestSecondLookOfNone: where no name failed nothing is waited for.
func TestSecondLookOfNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, names := range []int{0, 1, 100} {
			began := time.Now()
			l := newSecondLook(&inBatches{names: names, size: 30}, &collected{}, &asideFile{}, 0, time.Hour)
			if err := madeUpScan(t.Context(), l, func(*record.Target) bool { return false }); !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("%d names took %v", names, took)
			}
		}
	})
}

// TestSecondLookStatus: those who watch are told what is being waited for.
func TestSecondLookStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := &asideFile{}
		defer file.close()
		l := newSecondLook(&inBatches{names: 3, size: 3}, &collected{}, file, 0, time.Minute)
		defer l.close()
		targets, err := l.Next(t.Context())
		is := func(name string, left int64, wait time.Duration) {
			t.Helper()
			if n, l, w := l.Phase(); n != name || l != left || w != wait {
				t.Errorf("phase %q, %d left, %v to wait; want %q, %d, %v", n, l, w, name, left, wait)
			}
		}
		if err != nil || len(targets) != 3 {
			t.Fatalf("%d targets, %v", len(targets), err)
		}
		is("", 0, 0)
		l.Write([]*record.Record{recordOf(targets[0], true), recordOf(targets[1], true), recordOf(targets[2], false)})
		is("", 0, 0)
		var waiting sync.WaitGroup
		waiting.Go(func() {
			if targets, err = l.Next(t.Context()); err != nil || len(targets) != 2 {
				t.Errorf("%d targets, %v", len(targets), err)
			}
		})
		time.Sleep(20 * time.Second)
		is("second look", 2, 40*time.Second)
		waiting.Wait()
		is("second look", 2, 0)
		l.Write([]*record.Record{recordOf(targets[0], true)})
		is("second look", 1, 0)
	})
}

// TestSecondLookStops: a scan that is stopped waits for nothing, be it for names under way or for a pause to be over.
func TestSecondLookStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, back := range []int{1, 2} {
			file := &asideFile{}
			l := newSecondLook(&inBatches{names: 2, size: 2}, &collected{}, file, 0, time.Hour)
			targets, _ := l.Next(t.Context())
			for _, target := range targets[:back] {
				l.Write([]*record.Record{recordOf(target, true)})
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			began := time.Now()
			if targets, err := l.Next(ctx); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
				t.Errorf("%d back: %d targets, %v after %v", back, len(targets), err, time.Since(began))
			}
			l.close()
			file.close()
		}
	})
}

// brokenAside fails where it is told to.
type brokenAside struct {
	asideFile
	deferring, deferred error
}

func (b *brokenAside) Defer(targets []record.Target) error {
	if b.deferring != nil {
		return b.deferring
	}
	return b.asideFile.Defer(targets)
}

func (b *brokenAside) Deferred() iter.Seq2[[]record.Target, error] {
	if b.deferred == nil {
		return b.asideFile.Deferred()
	}
	return func(yield func([]record.Target, error) bool) { yield(nil, b.deferred) }
}

// TestSecondLookErrors: errors of our own reach the scan, and an input that breaks off is the end of it.
func TestSecondLookErrors(t *testing.T) {
	broken := errors.New("broken")
	l := newSecondLook(&inBatches{names: 2, size: 2, broken: broken}, &collected{}, &asideFile{}, 0, time.Hour)
	if targets, err := l.Next(t.Context()); err != broken || len(targets) != 2 {
		t.Errorf("source: %d targets, %v", len(targets), err)
	}
	for _, aside := range []*brokenAside{{deferring: broken}, {deferred: broken}} {
		l := newSecondLook(&inBatches{names: 1, size: 1}, &collected{}, aside, 0, time.Hour)
		targets, _ := l.Next(t.Context())
		if err := l.Write([]*record.Record{recordOf(targets[0], true)}); err != aside.deferring {
			t.Errorf("set aside: %v", err)
		}
		if _, err := l.Next(t.Context()); aside.deferring == nil && err != broken {
			t.Errorf("taken from there: %v", err)
		}
		l.close()
		aside.close()
	}
}

// TestAsideFile: what was set aside comes back in order, and no file is left.
func TestAsideFile(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	file := &asideFile{}
	var want []record.Target
	for i := range 100 {
		batch := make([]record.Target, 1+i%7)
		for k := range batch {
			batch[k] = recordOf(record.Target{Name: "a.example", Line: int64(len(want) + k)}, true).Target
			batch[k].First = &record.Look{Finished: step.Time(i), Climb: []record.Try{{Outcome: record.Lame, Attempts: 3}}, Servers: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}
		}
		if err := file.Defer(batch); err != nil {
			t.Fatal(err)
		}
		want = append(want, batch...)
	}
	var got []record.Target
	for batch, err := range file.Deferred() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, batch...)
	}
	same := func(a, b record.Target) bool {
		return a.Line == b.Line && a.First.Finished == b.First.Finished && slices.Equal(a.First.Servers, b.First.Servers) && slices.Equal(a.First.Climb, b.First.Climb)
	}
	if !slices.EqualFunc(got, want, same) {
		t.Errorf("%d targets come back of %d", len(got), len(want))
	}
	if err := file.close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// flakyNet is an internet on loopback addresses: a root (127.84.0.1), a top-level domain (127.84.0.2), and zones below it
// whose servers do as they are told. All is unsigned.
type flakyNet struct {
	port string

	mu    sync.Mutex
	ill   map[string]func(*dns.Msg) *dns.Msg // by address of a server: what it makes of a reply; nil is silence
	zones map[string][]string                // below test.: the addresses of the servers
	asked []string                           // "address name type" of each query that reached a zone's server
}

const (
	flakyRoot = "127.84.0.1"
	flakyTLD  = "127.84.0.2"
)

var illnesses = map[string]func(*dns.Msg) *dns.Msg{
	"timeout":  func(*dns.Msg) *dns.Msg { return nil },
	"refused":  func(m *dns.Msg) *dns.Msg { m.Rcode, m.Answer, m.Ns = dns.RcodeRefused, nil, nil; return m },
	"servfail": func(m *dns.Msg) *dns.Msg { m.Rcode, m.Answer, m.Ns = dns.RcodeServerFailure, nil, nil; return m },
	"lame":     func(m *dns.Msg) *dns.Msg { m.Authoritative, m.Answer, m.Ns = false, nil, nil; return m },
}

func newFlakyNet(t *testing.T, zones map[string][]string) *flakyNet {
	n := &flakyNet{ill: map[string]func(*dns.Msg) *dns.Msg{}, zones: zones}
	addrs := []string{flakyRoot, flakyTLD}
	for _, servers := range zones {
		addrs = append(addrs, servers...)
	}
	n.port = "0"
	for _, addr := range addrs {
		conn, err := net.ListenPacket("udp4", net.JoinHostPort(addr, n.port))
		if err != nil {
			t.Fatal(err)
		}
		_, n.port, _ = net.SplitHostPort(conn.LocalAddr().String())
		server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
			if reply := n.reply(addr, q); reply != nil {
				w.WriteMsg(reply)
			}
		})}
		var serving sync.WaitGroup
		up := make(chan struct{})
		server.NotifyStartedFunc = func() { close(up) }
		serving.Go(func() { server.ActivateAndServe() })
		<-up
		t.Cleanup(func() { server.Shutdown(); serving.Wait() })
	}
	return n
}

func (n *flakyNet) reply(addr string, q *dns.Msg) *dns.Msg {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := new(dns.Msg)
	m.SetReply(q)
	if q.IsEdns0() != nil {
		m.SetEdns0(1232, false)
	}
	name, typ := strings.ToLower(q.Question[0].Name), q.Question[0].Qtype
	record := func(section *[]dns.RR, text string) {
		rr, err := dns.NewRR(text)
		if err != nil {
			panic(err)
		}
		*section = append(*section, rr)
	}
	switch {
	case addr == flakyRoot && dns.IsSubDomain("test.", name):
		record(&m.Ns, "test. 3600 NS ns.test.")
		record(&m.Extra, "ns.test. 3600 A "+flakyTLD)
		return m
	case addr == flakyTLD && name != "test.":
		zone := dns.Fqdn(strings.Join(dns.SplitDomainName(name)[max(dns.CountLabel(name)-2, 0):], "."))
		for i, server := range n.zones[zone] {
			record(&m.Ns, fmt.Sprintf("%s 3600 NS ns%d.%s", zone, i, zone))
			record(&m.Extra, fmt.Sprintf("ns%d.%s 3600 A %s", i, zone, server))
		}
		if len(m.Ns) > 0 {
			return m
		}
	case addr != flakyRoot && addr != flakyTLD:
		n.asked = append(n.asked, addr+" "+name+" "+dns.TypeToString[typ])
	}
	m.Authoritative = true
	apex := map[string]string{flakyRoot: ".", flakyTLD: "test."}[addr]
	for zone, servers := range n.zones {
		if slices.Contains(servers, addr) {
			apex = zone
		}
	}
	if typ == dns.TypeCAA && name == apex && apex != "." && apex != "test." {
		record(&m.Answer, apex+` 60 CAA 0 issue "ca.example"`)
	} else {
		record(&m.Ns, apex+" 60 SOA ns."+apex+" hostmaster."+apex+" 1 1800 900 604800 60")
	}
	if ill, ok := n.ill[addr]; ok {
		return ill(m)
	}
	return m
}

// get is to make servers ill, or well if with is nil.
func (n *flakyNet) get(with func(*dns.Msg) *dns.Msg, addrs ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, addr := range addrs {
		if n.ill[addr] = with; with == nil {
			delete(n.ill, addr)
		}
	}
}

// queries returns what zones' servers were asked since the last call.
func (n *flakyNet) queries() (asked []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	asked, n.asked = n.asked, nil
	return asked
}

func (n *flakyNet) hints() string { return ". 3600 NS root.\nroot. 3600 A " + flakyRoot + "\n" }

func (n *flakyNet) flags(t *testing.T, more ...string) []string {
	path := filepath.Join(t.TempDir(), "hints")
	if err := os.WriteFile(path, []byte(n.hints()), 0o600); err != nil {
		t.Fatal(err)
	}
	return append([]string{"--root-hints", path, "--server-port", n.port, "--allow-special-use", "--dnssec", "off",
		"--rate-per-server", "0", "--rate-per-operator", "0"}, more...)
}

// scan is a scan of this internet.
func (n *flakyNet) scan(t *testing.T, retries int, with ...scanner.Companions) *scanner.Scan {
	t.Helper()
	roots, err := scanner.ReadHints(strings.NewReader(n.hints()), "hints")
	if err != nil {
		t.Fatal(err)
	}
	port := netip.MustParseAddrPort("127.0.0.1:" + n.port).Port()
	scan, err := scanner.New(scanner.Config{
		Network: scanner.Network{
			Roots: roots, Port: port, IPv4: true, SpecialUse: true, Timeout: 300 * time.Millisecond, Retries: retries, MaxQueries: 64,
			DNSSEC: scanner.Off, Operator: func(name string) string { return name },
		},
		InFlight: 10, Loops: 1, SecondLook: true, With: append(with, 0)[0],
	})
	if err != nil {
		t.Fatal(err)
	}
	return scan
}

// hookedAside calls a function once something was set aside.
type hookedAside struct {
	setAside
	hook func([]record.Target)
}

func (h *hookedAside) Defer(targets []record.Target) error {
	err := h.setAside.Defer(targets)
	h.hook(targets)
	return err
}

func flakyTarget(zone string, line int64) record.Target {
	name := strings.TrimSuffix(zone, ".")
	return record.Target{Name: name, Registrable: name, Suffix: "test", Source: "list", Line: line}
}

// TestSecondLookFinds: zones whose servers all are ill at first, and well by the second look. Their rows show what there is,
// and that it took two looks.
func TestSecondLookFinds(t *testing.T) {
	zones := map[string][]string{"well.test.": {"127.84.1.1"}}
	want := map[string]string{"well.test": ""}
	targets := []record.Target{flakyTarget("well.test.", 1)}
	for i, illness := range slices.Sorted(maps.Keys(illnesses)) {
		zone := illness + ".test."
		zones[zone] = []string{fmt.Sprintf("127.84.1.%d", 10+2*i), fmt.Sprintf("127.84.1.%d", 11+2*i)}
		want[illness+".test"] = illness
		targets = append(targets, flakyTarget(zone, int64(i+2)))
	}
	n := newFlakyNet(t, zones)
	for illness, cure := range illnesses {
		n.get(cure, zones[illness+".test."]...)
	}
	const pause = 100 * time.Millisecond
	file := &asideFile{}
	defer file.close()
	var asked []string
	aside := &hookedAside{file, func(set []record.Target) {
		asked = append(asked, n.queries()...)
		for _, target := range set {
			n.get(nil, zones[target.Name+"."]...)
			about := " " + target.Name + ". MX"
			if slices.ContainsFunc(asked, func(q string) bool { return strings.HasSuffix(q, about) }) {
				t.Errorf("%s was asked for MX, too, though it comes back", target.Name)
			}
		}
	}}
	var rows collected
	l := newSecondLook(&given{targets}, &rows, aside, 0, pause)
	scan := n.scan(t, 1, scanner.MX)
	if err := scan.Run(t.Context(), l, l); err != nil {
		t.Fatal(err)
	}
	l.close()
	if p := scan.Progress(); p.Admitted != int64(len(targets)) || p.Finished != p.Admitted || p.Failed != 0 {
		t.Errorf("progress: %d admitted, %d finished, %d failed", p.Admitted, p.Finished, p.Failed)
	}
	encoder := output.NewEncoder(output.Config{ScanID: "s"})
	for _, r := range rows.records {
		row, _ := encoder.Rows(r)
		first, known := want[row.QueryName]
		delete(want, row.QueryName)
		looks := int8(2)
		if first == "" {
			looks = 1
		}
		if row.MXStatus != "nodata" {
			t.Errorf("%s: MX %q", row.QueryName, row.MXStatus)
		}
		if !known || row.Status != "ok" || row.CAAName != row.QueryName || row.Looks != looks || row.FirstLookStatus != first {
			t.Errorf("%s: %s, %d looks, the first %q", row.QueryName, row.Status, row.Looks, row.FirstLookStatus)
		}
		if looks == 1 {
			continue
		}
		if apart := time.Duration(row.Timestamp-row.FirstLookAt) * time.Microsecond; apart < pause || *row.FirstLookAttempts < 2 {
			t.Errorf("%s: looked at again after %v, and %d attempts", row.QueryName, apart, *row.FirstLookAttempts)
		}
		if int32(row.QueryCount) != r.Cost.Queries || row.QueryCount <= int16(*row.FirstLookAttempts)+1 {
			t.Errorf("%s: %d queries in all, %d of the first look about CAA alone", row.QueryName, row.QueryCount, *row.FirstLookAttempts)
		}
	}
	if len(want) != 0 {
		t.Errorf("no rows of %v", want)
	}
}

// TestSecondLookElsewhere: with one attempt a look, the second goes to the server that the first did not ask.
func TestSecondLookElsewhere(t *testing.T) {
	zones := map[string][]string{"a.test.": {"127.84.2.1", "127.84.2.2"}}
	n := newFlakyNet(t, zones)
	for range 5 {
		n.get(illnesses["timeout"], zones["a.test."]...)
		file := &asideFile{}
		var tried []string
		aside := &hookedAside{file, func([]record.Target) {
			tried = n.queries()
			addr, _, _ := strings.Cut(tried[0], " ")
			n.get(nil, zones["a.test."]...)
			n.get(illnesses["timeout"], addr) // only the other one is well
		}}
		var rows collected
		l := newSecondLook(&given{[]record.Target{flakyTarget("a.test.", 1)}}, &rows, aside, 0, time.Millisecond)
		if err := n.scan(t, 0).Run(t.Context(), l, l); err != nil {
			t.Fatal(err)
		}
		l.close()
		file.close()
		again := n.queries()
		if r := rows.records[0]; len(tried) != 1 || len(again) != 1 || tried[0] == again[0] || r.Failed() || r.Target.First == nil {
			t.Errorf("first %v, then %v; %+v", tried, again, r.Target.First)
		}
	}
}

// TestSecondLookContinued: a scan that is stopped in the pause has no row of the names set aside; one that continues it looks at them
// for the second time.
func TestSecondLookContinued(t *testing.T) {
	zones := map[string][]string{"a.test.": {"127.84.3.1"}, "b.test.": {"127.84.3.2"}}
	n := newFlakyNet(t, zones)
	n.get(illnesses["servfail"], "127.84.3.1")
	dir := filepath.Join(t.TempDir(), "scan")
	scan := func(ctx context.Context, targets []record.Target, pause time.Duration, hook func([]record.Target), state output.State) error {
		writer, err := output.Create(dir, output.Config{ScanID: "s", Format: output.JSONL})
		if err != nil {
			t.Fatal(err)
		}
		sink := &lockedSink{sink: writer, writer: writer}
		l := newSecondLook(&given{targets}, sink, &hookedAside{sink, hook}, 0, pause)
		ended := n.scan(t, 0).Run(ctx, l, l)
		l.close()
		if err := sink.finish(nil, nil, state); err != nil {
			t.Fatal(err)
		}
		return ended
	}
	ctx, cancel := context.WithCancel(t.Context())
	targets := []record.Target{flakyTarget("a.test.", 1), flakyTarget("b.test.", 2)}
	if err := scan(ctx, targets, time.Hour, func([]record.Target) { cancel() }, output.Running); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	n.get(nil, "127.84.3.1")
	again := func(set []record.Target) { t.Errorf("set aside again: %v", set) }
	if err := scan(t.Context(), nil, time.Millisecond, again, output.Complete); err != nil {
		t.Fatal(err)
	}
	parts, _ := filepath.Glob(filepath.Join(dir, "domains", "*.jsonl"))
	rows := map[string]output.Domain{}
	for _, part := range parts {
		text, err := os.ReadFile(part)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var row output.Domain
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatal(err)
			}
			if _, twice := rows[row.QueryName]; twice {
				t.Errorf("two rows of %s", row.QueryName)
			}
			rows[row.QueryName] = row
		}
	}
	if a, ok := rows["a.test"]; !ok || a.Looks != 2 || a.FirstLookStatus != "servfail" || a.Status != "ok" {
		t.Errorf("a.test has the row %+v", a)
	}
}

// TestSecondLookCommand: the flag, what of it stands in the rows and in the manifest, and that a failure which each look met with a
// single attempt counts as retried (R3.4).
func TestSecondLookCommand(t *testing.T) {
	n := newFlakyNet(t, map[string][]string{"dead.test.": {"127.84.4.1"}, "well.test.": {"127.84.4.2"}})
	n.get(illnesses["timeout"], "127.84.4.1")
	rows := func(names string, more ...string) map[string]output.Domain {
		t.Helper()
		args := append([]string{"scan", "-", "--out", "-", "--format", "jsonl", "--with", "none", "--retries", "0", "--timeout", "200ms"}, n.flags(t, more...)...)
		rows := map[string]output.Domain{}
		for line := range strings.Lines(mustCaascan(t, names, args...)) {
			var row output.Domain
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatal(err)
			}
			rows[row.QueryName] = row
		}
		return rows
	}
	both := "dead.test\nwell.test\n"
	got := rows(both, "--second-look", "10ms")
	if dead := got["dead.test"]; len(got) != 2 || dead.Looks != 2 || dead.Status != "timeout" || dead.FirstLookStatus != "timeout" ||
		*dead.FirstLookAttempts != 1 || dead.Climb[0].Attempts != 2 || got["well.test"].Looks != 1 {
		t.Errorf("two looks: %+v", got)
	}
	got = rows(both, "--second-look", "0")
	if dead := got["dead.test"]; len(got) != 2 || dead.Looks != 1 || dead.FirstLookAttempts != nil || dead.Climb[0].Attempts != 1 {
		t.Errorf("one look: %+v", got)
	}
	if got = rows("well.test\n", "--second-look", "10h"); len(got) != 1 || got["well.test"].Looks != 1 { // does not wait
		t.Errorf("nothing failed: %+v", got)
	}
	code, _, stderr := caascan(t, "well.test\n", append([]string{"scan", "-", "--out", "-", "--format", "jsonl"}, n.flags(t, "--second-look", "-1s")...)...)
	if code != exitUsage || !strings.Contains(stderr, "--second-look") {
		t.Errorf("a negative pause: %d, %s", code, stderr)
	}
	dir := filepath.Join(t.TempDir(), "scan")
	mustCaascan(t, "well.test\n", append([]string{"scan", "-", "--out", dir}, n.flags(t, "--second-look", "3m")...)...)
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct{ Config map[string]any }
	if err := json.Unmarshal(text, &manifest); err != nil || fmt.Sprint(manifest.Config["second-look"]) != "3m0s" {
		t.Errorf("manifest: second-look %v, %v", manifest.Config["second-look"], err)
	}
}
