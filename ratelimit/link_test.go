package ratelimit

import (
	"testing"
	"time"
)

// A link that is too slow for all is used nearly whole and loses little, however fast each server could be asked.
// Loss on all paths lowers the rate for a moment only. A few servers say nothing of the link.
func TestLink(t *testing.T) {
	slow := func() *bottleneck { return &bottleneck{interval: second / 2000, queue: 50 * ms} }
	for _, c := range []struct {
		name      string
		servers   int
		cap       float64
		loss      float64
		link      *bottleneck
		rate      float64 // at least in the end, packets a second
		congested bool
	}{
		{"far too fast", 100, 1000, 0, slow(), 1700, true},
		{"too fast", 100, 50, 0, slow(), 1700, true},
		{"10% lost", 100, 50, 0.1, nil, 4000, true},
		{"36% lost", 100, 20, 0.36, nil, 1500, true},
		{"few servers", 10, 50, 0.19, nil, 350, false},
	} {
		if !thorough && c.cap == 1000 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			hosts := make([]*host, c.servers)
			for i := range hosts {
				hosts[i] = &host{bearer: always{}, rtt: int64(5+i) * ms, work: 1e9, over: Silent}
			}
			w := newWorld(t, Limits{PerServer: c.cap, Start: 10}, 1, hosts...)
			w.loss, w.link = c.loss, c.link
			count := func() (sent, wasted float64) {
				for _, h := range hosts {
					sent += float64(h.sent)
					wasted += float64(h.wasted)
				}
				return
			}
			congested := false
			for i := range int64(20) {
				w.run(start + i*second)
				congested = congested || w.table.Link().Congested
			}
			sent, wasted := count()
			w.run(start + 35*second)
			s, x := count()
			rate, loss := (s-sent)/15, (x-wasted)/(s-sent)
			t.Logf("%.0f packets a second, %.1f%% of them lost, %+v", rate, 100*loss, w.table.Link())
			if congested != c.congested {
				t.Errorf("congested at some time: %v", congested)
			}
			if rate < c.rate || loss > c.loss+0.05 {
				t.Errorf("%.0f packets a second, %.1f%% lost; want %v and %v", rate, 100*loss, c.rate, c.loss)
			}
			if l := w.table.Link(); c.link == nil && (l.Congested || l.Limit != 0) {
				t.Errorf("loss on the paths is taken for that of the link: %+v", l)
			}
		})
	}
}

// No packet leaves until what was carried would have passed.
func TestBits(t *testing.T) {
	const bits = 1e6
	table := mustNew(t, Limits{Bits: bits, PerOperator: 1e6})
	slot := table.Slot(addr(1), 7, Leaf)
	table.Carried(1250, start) // a hundredth of a second's worth
	when, by := table.Take(slot, start)
	if by != Total || when != start-grain+10*ms {
		t.Fatalf("Take = %v after now, %v", time.Duration(when-start), by)
	}
	if _, by := table.Take(slot, when); by != None {
		t.Errorf("refused by %v when it has passed", by)
	}
	carried, now := 0, start+second
	for now < start+11*second {
		when, by := table.Take(slot, now)
		if by == None {
			carried += 100
			table.Carried(60, now)
			table.Carried(40, now)
		} else {
			now = when
		}
	}
	if got := float64(carried) * 8 / 10; got > 1.01*bits || got < 0.99*bits {
		t.Errorf("%v bits a second, want %v", got, bits)
	}
}
