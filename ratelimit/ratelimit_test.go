package ratelimit

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	second = int64(time.Second)
	ms     = int64(time.Millisecond)
	grain  = int64(Grain)
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()

func mustNew(t testing.TB, l Limits) *Table {
	t.Helper()
	table, err := New(l)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func addr(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}) }

func TestNext(t *testing.T) {
	const interval = 10 * int64(time.Millisecond)
	tests := []struct {
		name              string
		stored, now       int64
		wantWhen, wantNew int64
	}{
		{"first ever", 0, start, start, start - grain + interval},
		{"long idle earns nothing but the grain", start - 100*second, start, start, start - grain + interval},
		{"punctual", start, start, start, start + interval},
		{"late within the grain keeps the schedule", start - grain/2, start, start, start - grain/2 + interval},
		{"late by the grain", start - grain, start, start, start - grain + interval},
		{"later than the grain", start - grain - 1, start, start, start - grain + interval},
		{"early", start + 1, start, start + 1, start + 1},
		{"early by an hour", start + 3600*second, start, start + 3600*second, start + 3600*second},
	}
	for _, tt := range tests {
		if when, then := next(tt.stored, tt.now, interval); when != tt.wantWhen || then != tt.wantNew {
			t.Errorf("%s: got %d, %d; want %d, %d", tt.name, when-start, then-start, tt.wantWhen-start, tt.wantNew-start)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, l := range []Limits{
		{PerServer: -1}, {PerOperator: -0.5}, {Total: math.NaN()}, {PerServer: math.Inf(1)},
		{Share: -1}, {Share: 1.5}, {Share: math.NaN()},
	} {
		if table, err := New(l); err == nil || table != nil {
			t.Errorf("New(%+v) = %v, %v; want an error", l, table, err)
		}
	}
}

func TestInterval(t *testing.T) {
	for _, tt := range []struct {
		rate float64
		want time.Duration
	}{
		{0, 0}, {1, time.Second}, {50, 20 * time.Millisecond}, {3, 333333334}, {0.5, 2 * time.Second},
		{1e12, 1}, {1e-300, maxInterval},
	} {
		if got := interval(tt.rate); got != int64(tt.want) {
			t.Errorf("interval(%v) = %d, want %d", tt.rate, got, tt.want)
		}
	}
}

// A caller who comes back at the moment Take named is always let through, and the packets leave one interval apart.
func TestSpacing(t *testing.T) {
	for _, rate := range []float64{0.1, 1, 50, 999, 2000, 1e5} {
		table := mustNew(t, Limits{PerServer: rate})
		slot := table.Slot(addr(1), 0, Leaf)
		var sent []int64
		for now := start; len(sent) < 1000; {
			when, by := table.Take(slot, now)
			switch {
			case by == None && when == now:
				sent = append(sent, now)
			case by == Server && when > now:
				now = when
			default:
				t.Fatalf("rate %v: Take = %d after now, %v", rate, when-now, by)
			}
		}
		checkWindow(t, sent, interval(rate))
		last := sent[len(sent)-1] - start
		if want := 999*interval(rate) - grain; last > max(want, 0) {
			t.Errorf("rate %v: the 1000th packet left after %v, want %v: the limit is not used", rate, last, want)
		}
	}
}

// A loop that comes up to a Grain late each time loses none of the rate.
func TestLatenessIsNotLost(t *testing.T) {
	const rate, packets = 200, 2000
	table := mustNew(t, Limits{PerServer: rate})
	slot := table.Slot(addr(1), 0, Leaf)
	rnd := rand.New(rand.NewPCG(1, 2))
	now, sent := start, []int64{}
	for len(sent) < packets {
		when, by := table.Take(slot, now)
		if by == None {
			sent = append(sent, now)
			continue
		}
		now = when + rnd.Int64N(grain)
	}
	checkWindow(t, sent, interval(rate))
	if took, want := now-start, (packets-1)*interval(rate)+grain; took > want {
		t.Errorf("%d packets took %v, want at most %v", packets, time.Duration(took), time.Duration(want))
	}
}

// checkWindow checks that N packets within any window of length T satisfy (N-1) * interval <= T + Grain.
func checkWindow(t testing.TB, sent []int64, interval int64) {
	t.Helper()
	slices.Sort(sent)
	// With f(k) = k*interval - sent[k] that is f(j) - f(i) <= Grain for all i < j.
	lowest := int64(math.MaxInt64)
	for k, at := range sent {
		f := int64(k)*interval - (at - start)
		if lowest = min(lowest, f); f-lowest > grain {
			t.Fatalf("packet %d at %v comes %v too early", k, time.Duration(at-start), time.Duration(f-lowest-grain))
		}
	}
}

// classOf is the class of server i of the tests.
func classOf(i int) Class { return Class(i % classes) }

// traffic is what each limit let through, in the order in which it did.
type traffic struct {
	server   map[int][]int64
	operator map[uint64][]int64
	total    []int64
}

func newTraffic() traffic { return traffic{server: map[int][]int64{}, operator: map[uint64][]int64{}} }

func (tr *traffic) add(server int, operator uint64, at int64) {
	tr.server[server] = append(tr.server[server], at)
	if operator != 0 {
		tr.operator[operator] = append(tr.operator[operator], at)
	}
	tr.total = append(tr.total, at)
}

func (tr *traffic) check(t *testing.T, table *Table) {
	t.Helper()
	for i, sent := range tr.server {
		checkWindow(t, sent, interval(table.bounds[classOf(i)].cap))
	}
	for _, sent := range tr.operator {
		checkWindow(t, sent, table.operator)
	}
	checkWindow(t, tr.total, table.total)
}

// Several loops with clocks of their own, each some way behind the true time, and impatient: they ask at random
// moments. Whatever the order, no limit is ever passed, and every word is in use.
func TestWindowBoundUnderInterleaving(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		limits := Limits{
			PerServer:   math.Exp(rnd.Float64()*9 - 2),
			PerTopLevel: math.Exp(rnd.Float64()*9 - 2),
			PerRoot:     math.Exp(rnd.Float64()*9 - 2),
			Start:       math.Exp(rnd.Float64()*9 - 2),
			PerOperator: math.Exp(rnd.Float64()*9 - 1),
			Total:       math.Exp(rnd.Float64() * 10),
			Share:       1 - rnd.Float64()/2,
		}
		table := mustNew(t, limits)
		tr := newTraffic()
		const loops, servers, operators = 5, 12, 3
		var clock [loops]int64
		for i := range clock {
			clock[i] = start
		}
		now := start
		step := max(1, table.total/2)
		for range 20000 {
			now += rnd.Int64N(step + 1)
			i := rnd.IntN(loops)
			if rnd.IntN(3) > 0 { // otherwise it goes on with the time of an earlier turn
				clock[i] = now
			}
			server := rnd.IntN(servers)
			operator := uint64(server % (operators + 1)) // some servers have none
			slot := table.Slot(addr(server), operator, classOf(server))
			when, by := table.Take(slot, clock[i])
			if (by == None) != (when == clock[i]) || when < clock[i] {
				t.Fatalf("Take = %d after now, %v", when-clock[i], by)
			}
			if by == None {
				tr.add(server, operator, clock[i])
				if sign := Sign(rnd.IntN(20)); sign <= Moot {
					table.Heard(slot, sign, clock[i], now+rnd.Int64N(second))
				} else {
					table.Heard(slot, Answered, clock[i], now+rnd.Int64N(100*ms))
				}
			}
		}
		if len(tr.total) == 0 {
			t.Fatalf("seed %d: nothing was let through", seed)
		}
		tr.check(t, table)
	}
}

// The same with goroutines that contend for the words.
func TestWindowBoundConcurrently(t *testing.T) {
	table := mustNew(t, Limits{PerServer: 2e5, PerTopLevel: 1e5, PerOperator: 4e5, Total: 1e6})
	const loops, servers, calls, stride = 4, 3, 20000, 100
	var clock atomic.Int64
	clock.Store(start)
	var all [loops]traffic
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() {
			all[i] = newTraffic()
			var slots [servers]Slot
			for s := range slots {
				slots[s] = table.Slot(addr(s), 1, classOf(s))
			}
			for k := range calls {
				s := k % servers
				now := clock.Add(stride)
				if _, by := table.Take(slots[s], now); by == None {
					all[i].add(s, 1, now)
					table.Heard(slots[s], Answered, now, now)
					table.Carried(100, now)
				}
				if k%1000 == 0 {
					for range table.Servers() {
					}
					table.Link()
				}
			}
		})
	}
	group.Wait()
	sum := newTraffic()
	for _, tr := range all {
		for s, sent := range tr.server {
			for _, at := range sent {
				sum.add(s, 1, at)
			}
		}
	}
	sum.check(t, table)
	// The operator is what holds them back; contention may cost some of its rate, not most.
	if got, most := int64(len(sum.total)), loops*calls*stride/table.operator; got < most/10 {
		t.Errorf("%d packets were let through, of %d that the operator allows", got, most)
	}
}

func TestRefusalCountsNothing(t *testing.T) {
	table := mustNew(t, Limits{PerServer: 1, PerOperator: 10, Total: 100})
	a, b, c := table.Slot(addr(1), 9, Leaf), table.Slot(addr(2), 9, Leaf), table.Slot(addr(3), 8, Leaf)
	now := start
	if _, by := table.Take(a, now); by != None {
		t.Fatalf("first packet refused by %v", by)
	}
	if when, by := table.Take(a, now); by != Server || when != now+second-grain {
		t.Errorf("same server: %v, %v", time.Duration(when-now), by)
	}
	if when, by := table.Take(b, now); by != Operator || when != now+100*ms-grain {
		t.Errorf("same operator: %v, %v", time.Duration(when-now), by)
	}
	if when, by := table.Take(c, now); by != Total || when != now+10*ms-grain {
		t.Errorf("total: %v, %v", time.Duration(when-now), by)
	}
	// The refused servers have lost nothing: each may send as soon as what refused it allows.
	if _, by := table.Take(c, now+10*ms); by != None {
		t.Errorf("after the total's interval refused by %v", by)
	}
	if _, by := table.Take(b, now+100*ms); by != None {
		t.Errorf("after the operator's interval refused by %v", by)
	}
}

func TestLate(t *testing.T) {
	table := mustNew(t, Limits{PerServer: 10, PerOperator: 20, Total: 100})
	slot := table.Slot(addr(1), 5, Leaf)
	table.Take(slot, start)
	table.Late(slot, start+second)
	if when, by := table.Take(slot, start+second); by != Server || when != start+second+100*ms-grain {
		t.Errorf("same server: %v, %v", time.Duration(when-start), by)
	}
	if when, by := table.Take(table.Slot(addr(2), 5, Leaf), start+second); by != Operator || when != start+second+50*ms-grain {
		t.Errorf("same operator: %v, %v", time.Duration(when-start), by)
	}
	if when, by := table.Take(table.Slot(addr(3), 0, Leaf), start+second); by != Total || when != start+second+10*ms-grain {
		t.Errorf("total: %v, %v", time.Duration(when-start), by)
	}
	table.Late(slot, start) // never moves back
	if when, _ := table.Take(slot, start+second); when != start+second+100*ms-grain {
		t.Errorf("a word moved back to %v", time.Duration(when-start))
	}
}

func TestSlots(t *testing.T) {
	table := mustNew(t, Limits{PerServer: 10, PerOperator: 10})
	v4, mapped := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("::ffff:192.0.2.1")
	if a, b := table.Slot(v4, 1, Leaf), table.Slot(mapped, 1, Leaf); a != b {
		t.Error("an address and its IPv4-mapped form have different words")
	}
	if a, b := table.Slot(v4, 1, Leaf), table.Slot(v4, 2, Leaf); a.server != b.server || a.operator == b.operator {
		t.Error("words do not follow address and operator")
	}
	if s := table.Slot(v4, 0, Leaf); s.operator != nil {
		t.Error("an unknown operator is limited")
	}
	words := map[*server]bool{}
	for i := range 5000 {
		words[table.Slot(addr(i), 0, Leaf).server] = true
	}
	if len(words) != 5000 {
		t.Errorf("5000 addresses have %d words", len(words))
	}
	if s := mustNew(t, Limits{}).Slot(v4, 1, Leaf); s.server == nil || s.operator != nil {
		t.Error("without limits a server is to have its place, and an operator none")
	}
}

func TestNoLimit(t *testing.T) {
	table := mustNew(t, Limits{Share: 0.5})
	if table.PerOperator() {
		t.Error("a table without limits says operators are limited")
	}
	slot := table.Slot(addr(1), 1, Leaf)
	for range 1000 {
		if when, by := table.Take(slot, start); by != None || when != start {
			t.Fatalf("Take = %d, %v", when, by)
		}
	}
	table.Late(slot, start)
}

func TestShare(t *testing.T) {
	table := mustNew(t, Limits{PerServer: 100, PerTopLevel: 400, PerOperator: 200, Total: 1000, Start: 40, Share: 0.25})
	if got, want := table.bounds, ([classes]bounds{{10, 2.5, 25}, {10, 5, 100}, {10, 2.5, 25}}); got != want {
		t.Errorf("bounds of the classes %v, want %v", got, want)
	}
	if got, want := table.operator, 20*ms; got != want {
		t.Errorf("an operator's interval is %d, want %d", got, want)
	}
	if got, want := table.total, ms; got != want {
		t.Errorf("the interval of the whole scan is %d, want %d: the share is not for it", got, want)
	}
	if !table.PerOperator() {
		t.Error("a limited table says it is not")
	}
}

func BenchmarkTake(b *testing.B) {
	for _, bb := range []struct {
		name   string
		limits Limits
	}{{"none", Limits{}}, {"server", Limits{PerServer: 1e9}}, {"all", Limits{PerServer: 1e9, PerOperator: 1e9, Total: 1e9}}} {
		b.Run(bb.name, func(b *testing.B) {
			table := mustNew(b, bb.limits)
			slot := table.Slot(addr(1), 1, Leaf)
			for i := range b.N {
				table.Take(slot, start+int64(i))
			}
		})
	}
}

func BenchmarkExchange(b *testing.B) {
	table := mustNew(b, Limits{PerServer: 1e9, PerOperator: 1e9, Total: 1e9})
	var slots [200]Slot
	for i := range slots {
		slots[i] = table.Slot(addr(i), uint64(i/10+1), Leaf)
	}
	now := start
	for i := range b.N {
		now += 7000 // 143,000 a second
		slot := slots[i%len(slots)]
		table.Take(slot, now)
		table.Heard(slots[(i+100)%len(slots)], Answered, now-700_000, now)
	}
}

// A server has the cap of the highest class for which it was asked for, at once and for all slots.
func TestClasses(t *testing.T) {
	table := mustNew(t, Limits{PerServer: 10, PerTopLevel: 100, PerRoot: 1000})
	slot := table.Slot(addr(1), 0, Leaf)
	for _, tt := range []struct {
		class Class
		limit float64
	}{{Leaf, 10}, {TopLevel, 100}, {Leaf, 100}, {RootZone, 1000}, {TopLevel, 1000}} {
		if other := table.Slot(addr(1), 0, tt.class); other != slot {
			t.Fatalf("class %d has a slot of its own", tt.class)
		}
		if got := float64(second) / float64(slot.server.spacing()); math.Abs(got-tt.limit) > 1e-6*tt.limit {
			t.Errorf("after class %d: %v packets a second, want %v", tt.class, got, tt.limit)
		}
	}
}

func TestServers(t *testing.T) {
	table := mustNew(t, Limits{PerServer: 50})
	for i := range 1000 {
		slot := table.Slot(addr(i), 0, Leaf)
		for k := range i % 3 {
			if _, by := table.Take(slot, start+int64(k)*100*ms); by != None {
				t.Fatalf("refused by %v", by)
			}
		}
	}
	met := 0
	for a, d := range table.Servers() {
		b := a.As4()
		i := int(b[2])<<8 | int(b[3])
		if met++; d != (Decision{Sent: uint64(i % 3), Peak: i % 3, Limit: 50}) {
			t.Errorf("%v: %+v", a, d)
		}
	}
	if met != 1000 {
		t.Errorf("%d servers, want 1000", met)
	}
	for range table.Servers() {
		break
	}
}

// Peak is the most that left within eight eighths of a second, however long ago.
func TestPeak(t *testing.T) {
	var w tally
	var most uint32
	rnd := rand.New(rand.NewPCG(1, 9))
	now, sent := start, []int64{}
	for range 5000 {
		now += rnd.Int64N(40*ms) * int64(1+rnd.IntN(2)*rnd.IntN(2)*100)
		sent = append(sent, now)
		most = max(most, w.add(now))
		n := uint32(0)
		for _, at := range sent[max(0, len(sent)-2000):] {
			if at/eighth > now/eighth-8 {
				n++
			}
		}
		if w.sum != n {
			t.Fatalf("%d within the last second, want %d", w.sum, n)
		}
	}
	if most < 20 {
		t.Errorf("the test never had more than %d", most)
	}
}
