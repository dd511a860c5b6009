package resolve

import (
	"math/bits"
	"net/netip"
	"slices"
	"time"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

const (
	// rttBand: servers whose round trip lies within this of the best are equally good, and one of them is taken at
	// random. A wide band spreads the load and keeps answers hard to foretell; 400 ms is what Unbound uses.
	rttBand = 400 * time.Millisecond

	// unknownRTT is assumed of a server that was never asked: good enough to be tried beside a near one.
	unknownRTT = 300 * time.Millisecond

	// penalty is added to the round trip of a server that did not reply, or not usefully to this type, for penaltyTime.
	// It only changes the order: no server is ever switched off, since one odd answer says little
	// (research/literature.md, warning 6). For the same reason it takes streak failures in a row, if the server ever
	// replied: a hoster refuses what it no longer hosts, and serves the rest.
	penalty     = 3 * time.Second
	penaltyTime = 60 * time.Second
	streak      = 3

	// maxServerNames bounds the names remembered of an address that serves under very many.
	maxServerNames = 4
)

// server is what we know of one address.
type server struct {
	id       step.ServerID
	self     record.Server // address, and the first name
	operator step.OperatorID
	owner    string // registrable domain of the first name

	longest time.Duration          // of the latest round trips; 0 before the first reply
	srtt    time.Duration          // smoothed round trip (RFC 6298 2); 0 before the first reply
	slow    step.Time              // until then the server counts as slow: it never replied
	heard   [typeClasses]share     // of the exchanges that brought a reply
	helps   [typeClasses]share     // of the replies that were useful
	fails   [typeClasses]uint8     // exchanges in a row without a useful reply
	poor    [typeClasses]step.Time // until then it counts as slow for these types

	edns        record.Support
	caseKept    record.Support
	caa         record.Support
	mixedUseful bool // a question in mixed case got a useful reply

	load    int32         // questions under way
	checked *optOutList   // the list that banned is of
	banned  bool          // by its address
	turned  int32         // clients that were turned away and have not come back
	waited  time.Duration // of the last packet, for its turn

	names []wire.Name
	stats record.NameServer
	rtts  rttHistogram
}

// typeClass groups the types by which a server's refusals are remembered: a server that refuses CAA may answer A.
type typeClass uint8

const (
	addressTypes typeClass = iota
	mailTypes
	caaTypes
	otherTypes
	typeClasses
)

func classOf(t wire.Type) typeClass {
	switch t {
	case wire.TypeA, wire.TypeAAAA:
		return addressTypes
	case wire.TypeMX, wire.TypeTXT:
		return mailTypes
	case wire.TypeCAA:
		return caaTypes
	}
	return otherTypes
}

// serverAt returns the server with that address, known under name.
func (r *Resolver) serverAt(addr netip.Addr, name wire.Name) step.ServerID {
	addr = addr.Unmap()
	if id, ok := r.byAddr[addr]; ok {
		r.servers[id].addName(name)
		return id
	}
	id := step.ServerID(len(r.servers))
	s := &server{id: id, self: record.Server{Addr: addr, Name: name}}
	s.addName(name)
	s.owner, s.operator = r.cfg.Operator(name)
	r.servers = append(r.servers, s)
	r.byAddr[addr] = id
	return id
}

func (s *server) addName(name wire.Name) {
	for _, n := range s.names {
		if n == name {
			return
		}
	}
	if len(s.names) < maxServerNames {
		s.names = append(s.names, name)
	}
}

// candidate is a server that may be asked, and what it would take.
type candidate struct {
	at   *address
	host *host
	rtt  time.Duration
}

// bestServer picks at random among the servers of the cut whose expected round trip is near that of the best. It takes
// those that the stage allows.
func (r *Resolver) bestServer(now step.Time, q *question, stage stage) (step.ServerID, bool) {
	class, first := classOf(q.key.typ), r.first(q.client)
	if stage == triedBefore && first == nil {
		return 0, false
	}
	found := r.candidates[:0]
	best := time.Duration(0)
	for _, h := range q.cut.set.hosts {
		for f := range h.addrs {
			known := &h.addrs[f]
			if now >= known.expires {
				continue
			}
			for i := range known.servers {
				at, rtt := &known.servers[i], unknownRTT
				if r.banned(h, at) {
					q.banned = true
					continue
				}
				if stage == untried && askedBefore(first, at.addr) {
					continue
				}
				if s := r.known(at); s != nil {
					if q.tried > 0 && !r.mayTry(q, s.id, stage == triedNow) {
						continue
					}
					rtt = s.expectedRTT(now, class)
				} else if stage == triedNow {
					continue
				}
				if len(found) == 0 || rtt < best {
					best = rtt
				}
				found = append(found, candidate{at, h, rtt})
			}
		}
	}
	r.candidates = found
	near := found[:0]
	for _, c := range found {
		if c.rtt <= best+rttBand {
			near = append(near, c)
		}
	}
	if len(near) == 0 {
		return 0, false
	}
	c := near[0]
	if len(near) > 1 { // of two at random the one with less to do: so the lines grow and shrink together
		c = near[r.cfg.Rand.IntN(len(near))]
		if other := near[r.cfg.Rand.IntN(len(near))]; other.at.load() < c.at.load() {
			c = other
		}
	}
	if s := c.at.server; s != nil {
		s.addName(c.host.name)
		return s.id, true
	}
	return r.serverAt(c.at.addr, c.host.name), true
}

// expectedRTT is what an exchange about this type should take: the measure by which servers are chosen.
func (s *server) expectedRTT(now step.Time, class typeClass) time.Duration {
	rtt := s.srtt
	if rtt == 0 {
		rtt = unknownRTT
	}
	if now < s.slow {
		rtt += penalty
	}
	if now < s.poor[class] {
		rtt += penalty
	}
	return rtt
}

// noReply notes that a packet was lost, somewhere. If the server answers other questions, it may be this type that it
// drops (research/literature.md, warning 8).
func (s *server) noReply(now step.Time, q *question) {
	if s.stats.Answered == 0 {
		s.slow = now.Add(penaltyTime)
	}
	s.heard[classOf(q.key.typ)].note(false)
	s.failed(now, classOf(q.key.typ))
	if q.key.typ == wire.TypeCAA && s.caa == record.Unknown && !q.exchange.tcp {
		s.caa = record.Drops
	}
}

// failed notes an exchange without a useful reply.
func (s *server) failed(now step.Time, class typeClass) {
	if s.fails[class] < streak {
		s.fails[class]++
	}
	if s.fails[class] == streak {
		s.poor[class] = now.Add(penaltyTime)
	}
}

// learn notes what a reply shows of its server.
func (s *server) learn(q *question, m *wire.Message, rd *reading) {
	code := m.RCode()
	s.stats.CountCode(code)
	s.heard[classOf(q.key.typ)].note(true)
	s.helps[classOf(q.key.typ)].note(rd.verdict != notUseful)
	if s.edns == record.Unknown && m.HasOPT() {
		s.edns = record.Answers
	}
	if rd.verdict != notUseful {
		s.useful(q)
	} else if rd.outcome == record.Lame {
		s.stats.Lame++
	}
	if q.key.typ != wire.TypeCAA || s.caa == record.Answers {
		return
	}
	switch code {
	case wire.NoError, wire.NXDomain:
		s.caa = record.Answers
	case wire.NotImp:
		s.caa = record.NotImplemented
	default:
		s.caa = record.Refuses
	}
}

// useful notes a useful reply. If it came only once the question went without EDNS, or without letters in mixed case,
// that was the trouble.
func (s *server) useful(q *question) {
	class := classOf(q.key.typ)
	s.fails[class], s.poor[class] = 0, 0
	if q.plain && s.edns == record.Unknown {
		s.edns = record.Refuses
	}
	if q.mixed {
		s.mixedUseful = true
		return
	}
	for _, t := range q.inVain() {
		if t.server == s.id && t.errorCode() && s.caseKept != record.Refuses && !s.mixedUseful {
			s.caseKept = record.Refuses
		}
	}
}

// foresees reports whether an error code is to be expected to types of that class: the server never gave a useful reply to
// them, though it was asked and answers others.
func (s *server) foresees(class typeClass) bool {
	return s.helps[class] == 0 && s.fails[class] == streak && slices.ContainsFunc(s.helps[:], share.mostly)
}

// count books the end of an exchange.
func (s *server) count(q *question, ev *step.Event) {
	s.stats.Count(ev, q.exchange.tcp)
	if ev.Kind != step.Reply {
		return
	}
	s.slow = 0
	if !q.exchange.tcp { // a handshake is no round trip of a question
		s.measured(ev.Arrived.Sub(ev.Sent))
	}
}

// measured takes the time of a round trip.
func (s *server) measured(rtt time.Duration) {
	rtt = max(rtt, time.Microsecond)
	s.longest = max(rtt, s.longest-s.longest/64)
	if s.srtt == 0 {
		s.srtt = rtt
	} else {
		s.srtt += (rtt - s.srtt) / 8
	}
	s.rtts.add(rtt)
}

// NameServers returns what the resolvers of all loops saw of every server they asked, by address.
func NameServers(resolvers ...*Resolver) []record.NameServer {
	byAddr := map[netip.Addr]*server{}
	for _, r := range resolvers {
		for _, s := range r.servers {
			if s.stats.Sent == 0 && !s.stats.OptedOut {
				continue
			}
			if sum, ok := byAddr[s.self.Addr]; ok {
				sum.merge(s)
			} else {
				sum := *s
				sum.names = slices.Clone(s.names)
				byAddr[s.self.Addr] = &sum
			}
		}
	}
	seen := make([]record.NameServer, 0, len(byAddr))
	for _, s := range byAddr {
		seen = append(seen, s.summary())
	}
	slices.SortFunc(seen, func(a, b record.NameServer) int { return a.Addr.Compare(b.Addr) })
	return seen
}

// merge adds what another loop saw of the same address.
func (s *server) merge(t *server) {
	for _, n := range t.names {
		s.addName(n)
	}
	a, b := &s.stats, &t.stats
	a.Sent += b.Sent
	a.Answered += b.Answered
	a.Timeouts += b.Timeouts
	a.Unreachable += b.Unreachable
	a.ServFail += b.ServFail
	a.Refused += b.Refused
	a.FormErr += b.FormErr
	a.NotImp += b.NotImp
	a.Lame += b.Lame
	a.TCP += b.TCP
	a.Waited += b.Waited
	a.OptedOut = a.OptedOut || b.OptedOut
	if a.First == 0 || b.First != 0 && b.First < a.First {
		a.First = b.First
	}
	a.Last = max(a.Last, b.Last)
	for i, n := range t.rtts {
		s.rtts[i] += n
	}
	s.edns = moreTelling(s.edns, t.edns)
	s.caseKept = moreTelling(s.caseKept, t.caseKept)
	s.caa = moreTelling(s.caa, t.caa)
}

// moreTelling of two findings about one server: that it answers outweighs that once it did not.
func moreTelling(a, b record.Support) record.Support {
	if a == record.Answers || b == record.Unknown {
		return a
	}
	return b
}

func (s *server) summary() record.NameServer {
	ns := s.stats
	ns.Addr, ns.Names, ns.Operator = s.self.Addr, s.names, s.owner
	ns.EDNS, ns.CAA, ns.MixedCase = s.edns, s.caa, s.caseKept
	if ns.CAA == record.Drops && ns.Answered == 0 {
		ns.CAA = record.Unknown // it drops everything
	}
	ns.RTT50, ns.RTT95 = s.rtts.quantile(0.5), s.rtts.quantile(0.95)
	return ns
}

// rttHistogram counts round trips in buckets of half an octave from 16 µs to 16 s.
type rttHistogram [40]uint32

const rttFloor = 16 * time.Microsecond

func (h *rttHistogram) add(rtt time.Duration) {
	rtt = max(rtt, rttFloor)
	octave := bits.Len64(uint64(rtt/rttFloor)) - 1
	bucket := 2 * octave
	if low := rttFloor << octave; rtt-low >= low/2 {
		bucket++
	}
	h[min(bucket, len(h)-1)]++
}

// quantile returns the middle of the bucket in which the share p of the round trips is reached; 0 if there are none.
func (h *rttHistogram) quantile(p float64) time.Duration {
	total := 0
	for _, n := range h {
		total += int(n)
	}
	if total == 0 {
		return 0
	}
	rank := max(int(p*float64(total)+0.5), 1)
	for i, n := range h {
		if rank -= int(n); rank <= 0 {
			low := rttFloor << (i / 2)
			return low + low*time.Duration(1+2*(i%2))/4
		}
	}
	panic("internal error: quantile beyond the histogram")
}
