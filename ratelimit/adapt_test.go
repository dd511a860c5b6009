package ratelimit

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

var rtts = []time.Duration{500 * time.Microsecond, 30 * time.Millisecond, 200 * time.Millisecond}

// result is what came of asking one server, as means over the runs.
type result struct{ waste, goodput float64 }

// ask sends so many packets to a server that bears limit a second as the model does, in several runs.
func ask(t *testing.T, l Limits, model string, limit int, over Sign, rtt time.Duration, packets, runs int) (r result) {
	t.Helper()
	for seed := range uint64(runs) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		h := &host{bearer: models(limit, rnd)[model](), rtt: int64(rtt), over: over, work: 1e9}
		w := newWorld(t, l, seed, h)
		w.most = packets
		w.run(start + 100_000*second)
		if h.sent != packets {
			t.Fatalf("%d packets left, want %d", h.sent, packets)
		}
		r.waste += float64(h.wasted) / float64(h.sent) / float64(runs)
		r.goodput += float64(h.sent-h.wasted) * 1e9 / float64(h.end-h.begun) / float64(limit) / float64(runs)
	}
	return r
}

// A server that bears 200 packets a second, in whatever way it counts and whatever it does to the others, gets nearly
// that many and little more, its first seconds included; without a cap as with one.
//
// Two things cannot be had. A bucket that holds a single token lets every second packet through as soon as they come
// the least bit too fast: what goes wrong then looks like half the limit. And from 10 a second the first replies come
// after 200 ms only, of the seven seconds in all.
func TestUnknownLimit(t *testing.T) {
	for _, l := range []Limits{{PerServer: 1000, Start: 100}, {Start: 100}, {Start: 10}} {
		for _, model := range modelNames {
			for _, over := range []Sign{Silent, Refused, ServFail, Truncated} {
				for _, rtt := range rtts {
					least := 0.92
					switch {
					case model == "bucket 1":
						least = 0.8
					case l.Start == 10 && rtt == 200*time.Millisecond:
						least = 0.85
					}
					if !thorough && over > Refused {
						continue
					}
					r := ask(t, l, model, 200, over, rtt, 1500, 5)
					what := fmt.Sprintf("cap %v, start %v, %s, %v, %v: %.1f%% wasted, %.0f%% of the limit used",
						l.PerServer, l.Start, model, over, rtt, 100*r.waste, 100*r.goodput)
					t.Log(what)
					if r.waste > 0.08 || r.goodput < least {
						t.Error(what)
					}
				}
			}
		}
	}
}

// With a low limit and under a low cap the same, in the long run at far lower cost.
func TestLowLimit(t *testing.T) {
	for _, model := range modelNames {
		for _, over := range []Sign{Silent, Refused} {
			for _, rtt := range rtts {
				for _, packets := range []int{400, 2000, 20000} {
					if !thorough && packets > 2000 {
						continue
					}
					most := map[int]float64{400: 0.12, 2000: 0.03, 20000: 0.015}[packets]
					r := ask(t, Limits{PerServer: 50, Start: 10}, model, 20, over, rtt, packets, 3)
					what := fmt.Sprintf("%s, %v, %v, %d packets: %.1f%% wasted, %.0f%% of the limit used",
						model, over, rtt, packets, 100*r.waste, 100*r.goodput)
					t.Log(what)
					if r.waste > most || r.goodput < 0.9 && packets > 400 {
						t.Error(what)
					}
				}
			}
		}
	}
}

// Five hundred servers of very unequal shares, of which each drops above 20 packets a second: the scan as a whole
// wastes few.
func TestLowLimitOfManyServers(t *testing.T) {
	const servers, names = 500, 200_000
	rnd := rand.New(rand.NewPCG(1, 2))
	sent, wasted := 0, 0
	harmonic := 0.0
	for i := 1; i < servers; i++ {
		harmonic += 1 / float64(i)
	}
	for i := range servers {
		packets := names / 10
		if i > 0 {
			packets = max(1, int(0.9*names/harmonic/float64(i)))
		}
		h := &host{bearer: models(20, rnd)[modelNames[i%len(modelNames)]](), rtt: int64(1+rnd.IntN(20)) * ms, over: Silent, work: packets}
		w := newWorld(t, Limits{PerServer: 50, Start: 10}, uint64(i), h)
		w.run(start + 1_000_000*second)
		if h.good != packets {
			t.Fatalf("server %d answered %d of %d", i, h.good, packets)
		}
		sent += h.sent
		wasted += h.wasted
	}
	t.Logf("%d packets, %.2f%% wasted", sent, 100*float64(wasted)/float64(sent))
	if float64(wasted) > 0.03*float64(sent) {
		t.Errorf("%d of %d packets are wasted", wasted, sent)
	}
}

// Loss and refusals that do not depend on the rate do not keep it down.
func TestAmbient(t *testing.T) {
	for _, l := range []Limits{{PerServer: 50, Start: 10}, {PerServer: 200, Start: 50}, {PerServer: 50}} {
		for _, c := range []struct{ loss, refuses float64 }{{0.19, 0}, {0.36, 0}, {0, 0.3}, {0.01, 0.3}} {
			for _, rtt := range rtts {
				if !thorough && rtt != 30*time.Millisecond {
					continue
				}
				const runs = 10
				var mean float64
				for seed := range uint64(runs) {
					h := &host{bearer: always{}, rtt: int64(rtt), jitter: int64(rtt) / 4, work: 1e9, refuses: c.refuses}
					w := newWorld(t, l, seed, h)
					w.loss = c.loss
					w.run(start + 10*second)
					before := h.sent
					w.run(start + 70*second)
					mean += float64(h.sent-before) / 60 / l.PerServer / runs
				}
				what := fmt.Sprintf("cap %v, start %v, %v lost, %v refused, %v: %.0f%% of the cap after 10 s",
					l.PerServer, l.Start, c.loss, c.refuses, rtt, 100*mean)
				t.Log(what)
				if mean < 0.8 {
					t.Error(what)
				}
			}
		}
	}
}

// A loss-free server gets its cap, whatever its round-trip time and jitter, and nothing slows it down.
func TestNoTrouble(t *testing.T) {
	for _, rtt := range []time.Duration{time.Millisecond, 100 * time.Millisecond, 3 * time.Second, 10 * time.Second} {
		h := &host{bearer: always{}, rtt: int64(rtt), jitter: int64(rtt) / 2, work: 1e9}
		w := newWorld(t, Limits{PerServer: 50, Start: 10}, 1, h)
		w.timeout = 20 * second
		w.run(start + 40*second)
		before := h.sent
		w.run(start + 60*second)
		if got := float64(h.sent-before) / 20; got < 49.9 {
			t.Errorf("round trips of %v: %v packets a second, want 50", rtt, got)
		}
		for _, d := range w.table.Servers() {
			if d.Slowed != 0 || d.SlowedBy != "" || d.Peak > 51 || d.Sent != uint64(h.sent) || d.Limit != 50 {
				t.Errorf("round trips of %v: %+v", rtt, d)
			}
		}
	}
}

// A loop that stands still, so that replies are read late, is not taken for servers that lose packets.
func TestStalls(t *testing.T) {
	for _, servers := range []int{1, 100} {
		hosts := make([]*host, servers)
		for i := range hosts {
			hosts[i] = &host{bearer: always{}, rtt: 10 * ms, jitter: 5 * ms, work: 1e9}
		}
		w := newWorld(t, Limits{PerServer: 200}, 1, hosts...)
		w.stall = 150 * ms
		w.run(start + 30*second)
		sent := 0
		for _, h := range hosts {
			sent += h.sent
		}
		used := float64(sent) / 30 / 200 / float64(servers)
		t.Logf("%d servers: %.0f%% of the cap used", servers, 100*used)
		if used < 0.9 {
			t.Errorf("%d servers: %.0f%% of the cap used", servers, 100*used)
		}
	}
}

// never is a server that is not there.
type never struct{}

func (never) admit(int64) bool { return false }

// Of a server that never answered nothing can be said: it stays at the start.
func TestNeverAnswers(t *testing.T) {
	for _, over := range []Sign{Silent, Refused, ServFail} {
		h := &host{bearer: never{}, rtt: 10 * ms, over: over, work: 1e9}
		w := newWorld(t, Limits{PerServer: 50, Start: 10}, 1, h)
		w.run(start + 100*second)
		for _, d := range w.table.Servers() {
			if d.Limit != 10 || d.Slowed != 0 || d.Sent < 990 || d.Sent > 1001 {
				t.Errorf("%v: %+v", over, d)
			}
		}
	}
}

// switched admits nothing for a while.
type switched struct{ from, to int64 }

func (s switched) admit(now int64) bool { return now < s.from || now >= s.to }

// While a server is down it is asked once in a while; when it is back it soon has its rate.
func TestRecovers(t *testing.T) {
	h := &host{bearer: switched{start + 20*second, start + 80*second}, rtt: 20 * ms, over: Silent, work: 1e9}
	w := newWorld(t, Limits{PerServer: 50, Start: 10}, 1, h)
	w.run(start + 25*second)
	before := h.sent
	w.run(start + 75*second)
	if down := h.sent - before; down > 150 || down < 40 {
		t.Errorf("%d packets within 50 s while it was down", down)
	}
	for at, d := range w.table.Servers() {
		if d.Slowed == 0 || d.SlowedBy != "timeouts" || d.Limit > 2 || !d.Lowest {
			t.Errorf("while down: %+v", d)
		}
		if same, met := w.table.Server(at); !met || same != d {
			t.Errorf("by itself %+v, among all %+v", same, d)
		}
	}
	if d, met := w.table.Server(addr(200)); met || d != (Decision{}) {
		t.Errorf("a server that was never met: %+v", d)
	}
	w.run(start + 110*second)
	before = h.sent
	w.run(start + 120*second)
	if back := float64(h.sent-before) / 10; back < 45 {
		t.Errorf("half a minute after it came back: %v packets a second", back)
	}
	for _, d := range w.table.Servers() {
		if d.Lowest {
			t.Errorf("half a minute after it came back: %+v", d)
		}
	}
}

// Moot says nothing of a rate, and each other sign is told as what it was.
func TestSigns(t *testing.T) {
	for sign, want := range map[Sign]string{Silent: "timeouts", Refused: "refused", ServFail: "servfail", Truncated: "truncation", Moot: ""} {
		h := &host{bearer: newBucket(200, 20), rtt: 20 * ms, over: sign, work: 1e9}
		w := newWorld(t, Limits{PerServer: 400}, 1, h)
		w.run(start + 10*second)
		for _, d := range w.table.Servers() {
			if d.SlowedBy != want || (d.Slowed > 0) != (want != "") {
				t.Errorf("%v: %+v", sign, d)
			}
		}
	}
}

// Whatever is told in whatever order, a rate stays between the floor and the cap.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07"), uint16(50), uint16(10))
	f.Add([]byte{255, 0, 17, 34, 51, 68, 85, 102, 119, 136, 153, 170, 187, 204, 221, 238}, uint16(0), uint16(0))
	rnd := rand.New(rand.NewPCG(1, 1))
	long := make([]byte, 4000)
	for i := range long {
		long[i] = byte(rnd.Uint32())
	}
	f.Add(long, uint16(1000), uint16(100))
	f.Fuzz(func(t *testing.T, data []byte, limit, begin uint16) {
		table := mustNew(t, Limits{PerServer: float64(limit), Start: float64(begin), PerRoot: 2 * float64(limit)})
		slot := table.Slot(addr(1), 0, Leaf)
		v := slot.server
		now := start
		var sent []int64
		for i, b := range data {
			if b == 77 {
				table.Slot(addr(1), 0, RootZone)
			}
			switch b % 3 {
			case 0:
				now += int64(b) * ms / 2
				fallthrough
			case 1:
				if when, by := table.Take(slot, now); by == None {
					sent = append(sent, now)
				} else if when <= now {
					t.Fatalf("Take = %d before now, %v", now-when, by)
				}
			default:
				at := now - int64(b)*int64(i%50)*ms
				if len(sent) > 0 && b&4 != 0 {
					at = sent[i%len(sent)]
				}
				table.Heard(slot, Sign(b>>3)%7, at, now+int64(b&8)*ms)
			}
			if !(v.rate >= v.bounds.floor && v.rate <= v.bounds.cap) || v.spacing() < 0 {
				t.Fatalf("rate %v, bounds %+v, %+v", v.rate, *v.bounds, v.control)
			}
			if !(v.ambient >= 0 && v.ambient <= 1) || !(v.probe >= 0) || !(v.trouble >= 0) {
				t.Fatalf("%+v", v.control)
			}
			for _, d := range table.Servers() {
				if !(d.Limit >= 0) || d.Sent != uint64(len(sent)) {
					t.Fatalf("%+v after %d packets", d, len(sent))
				}
			}
		}
	})
}
