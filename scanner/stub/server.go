package stub

import (
	"net/netip"
	"slices"
	"time"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// streak is how many exchanges without a reply in a row, about any names, put a resolver behind the others: one or two
// may be due to a name whose servers are silent.
const streak = 3

// keptRTTs is how many of the last round trips are kept for the report.
const keptRTTs = 1 << 10

// server is what we know of one resolver.
type server struct {
	id        step.ServerID
	self      record.Server
	port      uint16
	validates bool // it gave AD
	plain     bool // it does not speak EDNS
	spoke     bool // it does: a reply had an OPT record
	mangles   bool // the case of questions
	kept      bool // the case of a question
	caa       record.Support
	streak    int
	stats     record.NameServer
	rtts      []time.Duration // the last ones, going round
	measured  int
}

// count books the end of an exchange.
func (s *server) count(q *question, ev *step.Event) {
	s.stats.Count(ev, q.exchange.tcp)
	if ev.Kind != step.Reply {
		s.streak++
		return
	}
	s.streak = 0
	s.kept = s.kept || q.mixed && ev.CaseKept
	if !q.exchange.tcp { // a handshake is no round trip of a question
		s.measure(ev.Arrived.Sub(ev.Sent))
	}
}

func (s *server) measure(rtt time.Duration) {
	if len(s.rtts) < keptRTTs {
		s.rtts = append(s.rtts, rtt)
	} else {
		s.rtts[s.measured%keptRTTs] = rtt
	}
	s.measured++
}

// learn notes what a whole reply shows of its resolver. If it came only without EDNS, that was the trouble.
func (s *server) learn(q *question, m *wire.Message) {
	code := m.RCode()
	s.stats.CountCode(code)
	s.spoke = s.spoke || m.HasOPT()
	if q.plain && !code.IsError() && !s.spoke {
		s.plain = true
	}
	if q.key.typ == wire.TypeCAA && !code.IsError() {
		s.caa = record.Answers
	}
}

// NameServers returns what the Resolvers of all loops saw of every resolver they asked, by address.
func NameServers(resolvers ...*Resolver) []record.NameServer {
	type seen struct {
		record.NameServer
		rtts []time.Duration
	}
	byAddr := map[netip.Addr]*seen{}
	for _, r := range resolvers {
		for _, s := range r.servers {
			if s.stats.Sent == 0 {
				continue
			}
			sum := byAddr[s.self.Addr]
			if sum == nil {
				sum = &seen{NameServer: record.NameServer{Addr: s.self.Addr, First: s.stats.First}}
				byAddr[s.self.Addr] = sum
			}
			s.addTo(&sum.NameServer)
			sum.rtts = append(sum.rtts, s.rtts...)
		}
	}
	all := make([]record.NameServer, 0, len(byAddr))
	for _, sum := range byAddr {
		if n := len(sum.rtts); n > 0 {
			slices.Sort(sum.rtts)
			sum.RTT50, sum.RTT95 = sum.rtts[n/2], sum.rtts[n*95/100]
		}
		all = append(all, sum.NameServer)
	}
	slices.SortFunc(all, func(a, b record.NameServer) int { return a.Addr.Compare(b.Addr) })
	return all
}

// addTo adds what s saw to the sum of its address.
func (s *server) addTo(sum *record.NameServer) {
	st := &s.stats
	sum.Sent += st.Sent
	sum.Answered += st.Answered
	sum.Timeouts += st.Timeouts
	sum.Unreachable += st.Unreachable
	sum.ServFail += st.ServFail
	sum.Refused += st.Refused
	sum.FormErr += st.FormErr
	sum.NotImp += st.NotImp
	sum.Lame += st.Lame
	sum.TCP += st.TCP
	sum.Waited += st.Waited
	sum.First, sum.Last = min(sum.First, st.First), max(sum.Last, st.Last)
	support := func(to *record.Support, answers, refuses bool) {
		switch {
		case answers:
			*to = record.Answers
		case refuses && *to == record.Unknown:
			*to = record.Refuses
		}
	}
	support(&sum.EDNS, s.spoke, s.plain)
	support(&sum.MixedCase, s.kept, s.mangles)
	support(&sum.CAA, s.caa == record.Answers, false)
}
