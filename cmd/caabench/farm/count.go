package farm

import (
	"net/netip"
	"sync/atomic"
	"time"
)

// Report is what a farm has seen since its start.
type Report struct {
	Port    uint16         `json:"port"`
	Strays  int            `json:"strays"`       // datagrams that were no query, or for no server
	Drops   int            `json:"kernel_drops"` // lost because they came faster than they were read
	Waiting int            `json:"waiting"`      // replies that wait for their time
	Most    int            `json:"most_waiting"` // that ever did at once
	Servers []ServerReport `json:"servers"`
}

// ServerReport is what one server has seen: root, top-level domains, then the leaf servers.
type ServerReport struct {
	Addr     netip.Addr `json:"addr"`
	Leaf     bool       `json:"leaf"`
	Zones    int        `json:"zones"` // that it holds, of a leaf server
	Names    int        `json:"names"` // in them
	Got      int        `json:"got"`   // queries that were sent to it over UDP
	Lost     int        `json:"lost"`  // of them, those that it was made not to see
	Limited  int        `json:"limited"`
	Answered int        `json:"answered"`
	LostOut  int        `json:"lost_out"` // of the answers, those that were made to get lost
	TCP      int        `json:"tcp"`      // queries over TCP, not in Got

	// With Config.Count, by the kernel's clock at the moment each packet came:
	Peak    int       `json:"peak,omitzero"`    // most packets within any second, wherever that begins
	First   time.Time `json:"first,omitzero"`   // when the first came
	Last    time.Time `json:"last,omitzero"`    // and the last
	Seconds []int     `json:"seconds,omitzero"` // how many came in each second from First on
}

// Leaves returns the reports of the leaf servers.
func (r Report) Leaves() []ServerReport {
	for i := range r.Servers {
		if r.Servers[i].Leaf {
			return r.Servers[i:]
		}
	}
	return nil
}

// server is one address of a farm. Its fields belong to the loop, tcp apart.
type server struct {
	limiter
	got, lost, limited, answered, lostOut int
	tcp                                   atomic.Int64

	first, last int64
	peak        int
	bySecond    []int
	recent      times
}

// times are the arrivals of the last second, as a queue.
type times struct {
	ring       []int64 // a power of two long
	head, size int
}

// push adds a time.
func (t *times) push(at int64) {
	if t.size == len(t.ring) {
		larger := make([]int64, max(64, 2*len(t.ring)))
		for i := range t.size {
			larger[i] = t.ring[(t.head+i)&(len(t.ring)-1)]
		}
		t.ring, t.head = larger, 0
	}
	t.ring[(t.head+t.size)&(len(t.ring)-1)] = at
	t.size++
}

// dropBefore takes away the times up to and with one.
func (t *times) dropUpTo(at int64) {
	for t.size > 0 && t.ring[t.head] <= at {
		t.head = (t.head + 1) & (len(t.ring) - 1)
		t.size--
	}
}

// note counts a packet by when it came.
func (s *server) note(at int64) {
	if s.first == 0 {
		s.first = at
	}
	at = max(at, s.last) // two cores may put packets into the queue a little out of order
	s.last = at
	s.recent.dropUpTo(at - int64(time.Second))
	s.recent.push(at)
	s.peak = max(s.peak, s.recent.size)
	second := int((at - s.first) / int64(time.Second))
	for len(s.bySecond) <= second {
		s.bySecond = append(s.bySecond, 0)
	}
	s.bySecond[second]++
}

// report copies what the server has noted.
func (s *server) report(w *World, index int) ServerReport {
	r := ServerReport{
		Addr: ipv4(w.addrOf(index)), Got: s.got, Lost: s.lost, Limited: s.limited, Answered: s.answered, LostOut: s.lostOut,
		TCP: int(s.tcp.Load()), Peak: s.peak, Seconds: append([]int(nil), s.bySecond...),
	}
	if k := index - 1 - w.cfg.TLDs; k >= 0 {
		r.Leaf = true
		r.Zones, r.Names = w.Held(k)
	}
	if s.first != 0 {
		r.First, r.Last = time.Unix(0, s.first), time.Unix(0, s.last)
	}
	return r
}
