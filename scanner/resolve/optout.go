package resolve

import (
	"net/netip"
	"slices"
	"sync/atomic"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// CauseOptedOut is the word of record.Answer.Cause of an answer that nobody was asked for: the name, or all servers that
// could tell, are on the opt-out list. Its outcome is record.Skipped.
const CauseOptedOut = "opted-out"

// OptOut is a list of names and servers that are not to be asked.
type OptOut interface {
	Name(wire.Name) bool   // no question is asked about the name
	Server(wire.Name) bool // the server of that name gets no packet
	Addr(netip.Addr) bool  // nor does one at that address
}

// OptOuts holds the list in force. It may be replaced at any time, by any goroutine; the zero value holds an empty one.
type OptOuts struct{ list atomic.Pointer[optOutList] }

// optOutList is one list. What servers remember of it holds for as long as it is the same pointer.
type optOutList struct{ OptOut }

// Replace puts another list in force.
func (o *OptOuts) Replace(list OptOut) { o.list.Store(&optOutList{list}) }

// Name reports whether no question is asked about name.
func (o *OptOuts) Name(name wire.Name) bool {
	list := o.list.Load()
	return list != nil && list.Name(name)
}

// optedOut ends q if no question is asked about its name.
func (r *Resolver) optedOut(now step.Time, q *question) bool {
	if r.cfg.OptOuts == nil || !r.cfg.OptOuts.Name(q.key.name) {
		return false
	}
	q.cut = r.root
	r.stopBanned(now, q)
	a := &q.answer.Answer
	a.Zone, a.NS, a.DS = "", nil, record.NotKnown // no zone was looked for
	return true
}

// banned reports whether the server of h at that address gets no packet. One that does not is remembered, so that the
// scan can tell of it.
func (r *Resolver) banned(h *host, at *address) bool {
	if r.cfg.OptOuts == nil {
		return false
	}
	list := r.cfg.OptOuts.list.Load()
	if list == nil {
		return false
	}
	if h.checked != list {
		h.checked, h.banned = list, list.Server(h.name)
	}
	s := r.known(at)
	if s == nil {
		if !h.banned && !list.Addr(at.addr) {
			return false
		}
		s = r.servers[r.serverAt(at.addr, h.name)]
	}
	if s.checked != list {
		s.checked, s.banned = list, list.Addr(s.self.Addr)
	}
	if h.banned || s.banned {
		s.stats.OptedOut = true
		return true
	}
	return false
}

// forbidden reports whether the packet of q must not leave, though it might when it was made: another list has come into force
// while it waited for its turn.
func (r *Resolver) forbidden(q *question) bool {
	if r.cfg.OptOuts == nil {
		return false
	}
	list := r.cfg.OptOuts.list.Load()
	if list == r.optOuts {
		return false
	}
	s := r.servers[q.server]
	if list.Name(q.key.name) || list.Addr(s.self.Addr) {
		return true
	}
	if q.key.use == probing {
		_, c := r.probed(q)
		return r.banned(c.host, c.at)
	}
	for _, h := range q.cut.set.hosts {
		for f := range h.addrs {
			for i := range h.addrs[f].servers {
				if at := &h.addrs[f].servers[i]; at.addr == s.self.Addr && !r.banned(h, at) {
					return false
				}
			}
		}
	}
	return slices.ContainsFunc(s.names, list.Server) // by each of its names in the zone, or it is not among its servers any more
}

// withdrawn takes q up again, whose packet was forbidden: it has cost nothing, and other servers may be asked.
func (r *Resolver) withdrawn(now step.Time, q *question) {
	cost := &q.client.Cost
	cost.Queries--
	if q.tried > 0 {
		cost.Retries--
	}
	if q.exchange.tcp {
		cost.TCP--
	}
	switch {
	case q.key.use == probing:
		q.failed(evidence{outcome: record.Skipped})
	case !r.optedOut(now, q):
		q.tcp, q.plain, q.state = false, false, choosingServer
	}
}

// stopBanned ends q without an answer, since nobody is to be asked.
func (r *Resolver) stopBanned(now step.Time, q *question) {
	r.stop(q, record.Skipped, CauseOptedOut)
	q.answer.Expires = now.Add(failureTTL)
}
