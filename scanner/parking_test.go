package scanner

import (
	"container/heap"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// limitedWorld has a root that delegates every zone to one server, and servers that get a packet an interval: what
// comes sooner waits, as the limiter has it. A zone g… is of the giant, any other of one of many small servers.
type limitedWorld struct {
	interval time.Duration
	next     map[netip.Addr]step.Time // when a server may have its next packet
	sent     map[netip.Addr]int
}

const smallServers = 20

var rootOfLimited = netip.MustParseAddr("192.0.2.1")

func (w *limitedWorld) serverOf(zone string) string {
	if zone[0] == 'g' {
		return "192.0.2.10"
	}
	var n int
	fmt.Sscanf(zone, "s%d", &n)
	return fmt.Sprintf("192.0.2.%d", 20+n%smallServers)
}

func (w *limitedWorld) reply(t *testing.T, to netip.Addr, query []byte) []byte {
	t.Helper()
	q := new(dns.Msg)
	if err := q.Unpack(query); err != nil {
		t.Fatal(err)
	}
	r := new(dns.Msg).SetReply(q)
	name := strings.ToLower(q.Question[0].Name)
	zone := dns.SplitDomainName(name)[1]
	records := []string{name + ` 300 IN CAA 0 issue "ca.example"`}
	if to == rootOfLimited {
		records = []string{zone + ". 3600 IN NS ns." + zone + ".", "ns." + zone + ". 3600 IN A " + w.serverOf(zone)}
	}
	for i, text := range records {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case to != rootOfLimited:
			r.Authoritative, r.Answer = true, append(r.Answer, rr)
		case i == 0:
			r.Ns = append(r.Ns, rr)
		default:
			r.Extra = append(r.Extra, rr)
		}
	}
	packed, err := r.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

// leave returns when a packet to a server that is asked for now leaves.
func (w *limitedWorld) leave(now step.Time, to netip.Addr) step.Time {
	w.sent[to]++
	if to == rootOfLimited {
		return now
	}
	at := max(now, w.next[to])
	w.next[to] = at.Add(w.interval)
	return at
}

// pending are events to come, by time.
type pending []step.Event

func (p pending) Len() int           { return len(p) }
func (p pending) Less(i, j int) bool { return p[i].Now < p[j].Now }
func (p pending) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }
func (p *pending) Push(x any)        { *p = append(*p, x.(step.Event)) }
func (p *pending) Pop() any {
	last := (*p)[len(*p)-1]
	*p = (*p)[:len(*p)-1]
	return last
}

// One server has half of all names, ten times as many as it and the window can have under way. It is busy all the time,
// and yet the others' names do not wait for it.
func TestParking(t *testing.T) {
	const (
		names    = 2000
		room     = 200
		interval = 100 * time.Millisecond
		trip     = 20 * time.Millisecond
	)
	w := &limitedWorld{interval: interval, next: map[netip.Addr]step.Time{}, sent: map[netip.Addr]int{}}
	in, out := make(chan []record.Target, 1), make(chan delivery, names)
	var targets []record.Target
	for i := range names {
		zone := fmt.Sprintf("g%d", i)
		if i%2 == 1 {
			zone = fmt.Sprintf("s%d", i/2)
		}
		targets = append(targets, record.Target{Name: "www." + zone, Registrable: zone, Line: int64(i + 1)})
	}
	in <- targets
	close(in)
	m := &machine{
		resolver: resolve.New(resolve.Config{
			Roots: []resolve.Root{{Name: wire.MustName("a.root"), Addrs: []netip.Addr{rootOfLimited}}}, IPv4: true,
			Operator: func(wire.Name) (string, step.OperatorID) { return "", 0 },
			Crowd:    crowdOf(room),
		}),
		room: room, in: in, out: out, parking: newParking(),
	}
	m.parking.servers = m.resolver.(crowds)

	start := step.Time(1e9)
	now := start
	var events pending
	var asks []step.Ask
	mostBusy, mostParked := 0, 0
	for m.Admit(now, &asks); !m.Done(); m.Admit(now, &asks) {
		for _, ask := range asks {
			sent := w.leave(now, ask.Addr)
			reply := w.reply(t, ask.Addr, m.AppendQuery(ask.Ticket, 7, nil))
			heap.Push(&events, step.Event{
				Kind: step.Reply, Ticket: ask.Ticket, CaseKept: true, Now: sent.Add(trip), Arrived: sent.Add(trip),
				Sent: sent, Waited: sent.Sub(now), Msg: reply,
			})
		}
		asks = asks[:0]
		mostBusy, mostParked = max(mostBusy, m.busy), max(mostParked, m.parking.count)
		if len(events) == 0 {
			now = now.Add(batchAge) // the last batch is handed over
			continue
		}
		ev := heap.Pop(&events).(step.Event)
		now = ev.Now
		m.Handle(&ev, &asks)
	}
	m.flush()
	close(out)

	seen, lastSmall, last := map[int64]bool{}, time.Duration(0), time.Duration(0)
	for batch := range out {
		for _, r := range batch.records {
			if seen[r.Target.Line] || r.Relevant != 0 || r.Cost.Queries != 2 {
				t.Errorf("%s: again %v, relevant %d, %d queries", r.Target.Name, seen[r.Target.Line], r.Relevant, r.Cost.Queries)
			}
			seen[r.Target.Line] = true
			took := r.Finished.Sub(start)
			last = max(last, took)
			if r.Target.Registrable[0] == 's' {
				lastSmall = max(lastSmall, took)
			}
		}
	}
	bound := names / 2 * interval // what the giant's limit takes
	t.Logf("all done after %v (%v at least), the others' names after %v; %d names under way at most, %d parked", last, bound, lastSmall, mostBusy, mostParked)
	if len(seen) != names {
		t.Errorf("%d of %d names have a record", len(seen), names)
	}
	if last > bound+bound/50 {
		t.Errorf("done after %v, want %v", last, bound)
	}
	if lastSmall > bound/5 {
		t.Errorf("the others' names took %v", lastSmall)
	}
	if mostBusy > room || mostParked > (parkingFactor+1)*room { // those under way may be parked yet
		t.Errorf("%d names under way, %d parked; the most are %d and %d", mostBusy, mostParked, room, (parkingFactor+1)*room)
	}
}

// What a name takes that waits is a budget of the design.
func TestParkedSize(t *testing.T) {
	if size := unsafe.Sizeof(parked{}); size > 112 {
		t.Errorf("a parked name takes %d octets", size)
	}
}
