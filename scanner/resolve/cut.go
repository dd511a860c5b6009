package resolve

import (
	"net/netip"
	"time"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

const (
	// maxServersPerZone bounds how many name servers of one delegation we keep. Real zones have up to 13, a few have
	// dozens; a referral that names hundreds is an attack on somebody (NXNSAttack, CVE-2020-8616).
	maxServersPerZone = 32

	// maxAddrsPerName bounds the addresses we keep of one server name and family.
	maxAddrsPerName = 16

	// Delegations and addresses are kept for their TTL, within these bounds: a scan must not run on data older than
	// a day, nor ask a TLD again for every name because somebody published a TTL of 0.
	maxTTL = 24 * time.Hour
	minTTL = 30 * time.Second

	// maxNegativeTTL bounds how long a denial is believed: 3 hours, as RFC 2308 5 suggests.
	maxNegativeTTL = 3 * time.Hour

	// failureTTL is how long a failed look-up is not repeated (RFC 9520 3.2: at least one second, at most five minutes).
	failureTTL = 30 * time.Second
)

// cut is a zone cut: a zone and the servers to which its parent delegates it.
type cut struct {
	zone    wire.Name
	set     *serverSet
	since   step.Time // when the parent said so
	expires step.Time

	// The chain of trust (trust.go).
	above    *cut            // whose servers said so; nil for the root
	told     record.Presence // of a DS, in the referral
	source   source
	denied   dnssec.Reason // with which a zone file says that there is no DS; None if it does not
	evidence []record.RR   // DS, or NSEC and NSEC3, with RRSIGs, from the referral; nil once ds is known
	ds, keys *trust        // what questions for DS and DNSKEY have brought; nil before
}

// serverSet is the set of name servers that a zone is delegated to. Hosters delegate many zones to one set.
type serverSet struct {
	names []wire.Name // sorted
	hosts []*host     // in the order of names
	asked uint        // questions that came to it
}

// host is a name server by name, with what we know of its addresses.
type host struct {
	name    wire.Name
	addrs   [families]addresses
	checked *optOutList // the list that banned is of
	banned  bool
}

// family is an address family. Questions for addresses go out in this order.
type family uint8

const (
	ipv4 family = iota
	ipv6
	families
)

func (f family) rrType() wire.Type { return [...]wire.Type{wire.TypeA, wire.TypeAAAA}[f] }

func familyOf(a netip.Addr) family {
	if a.Is4() {
		return ipv4
	}
	return ipv6
}

// addresses of one family. Empty and not expired means: known to have none.
type addresses struct {
	servers []address
	expires step.Time
	glue    bool // from a referral; what the zone itself says replaces it (RFC 2181 5.4.1)
	failed  bool // the look-up did
}

// address is that of a name server. Only one that is asked becomes a server, which is remembered for good: a referral
// can name more addresses than anybody needs.
type address struct {
	addr   netip.Addr
	server *server // nil before it was asked as this host's
}

// settled reports whether there is no need to look for the addresses of h in a family.
func (r *Resolver) settled(now step.Time, h *host, f family) bool {
	known := &h.addrs[f]
	return now < known.expires && !(known.failed && r.outdated(known.expires))
}

// known returns the server at the address, nil if it was never asked.
func (r *Resolver) known(a *address) *server {
	if a.server == nil {
		if id, ok := r.byAddr[a.addr]; ok {
			a.server = r.servers[id]
		}
	}
	return a.server
}

// load is how many questions are under way at the address.
func (a *address) load() int32 {
	if a.server == nil {
		return 0
	}
	return a.server.load
}

func (r *Resolver) uses(f family) bool {
	if f == ipv4 {
		return r.cfg.IPv4
	}
	return r.cfg.IPv6
}

// rootCut makes the cut of the root zone from the hints. It never expires.
func (r *Resolver) rootCut(roots []Root) *cut {
	c := &cut{zone: wire.Root, set: &serverSet{}, expires: 1<<63 - 1}
	for _, root := range roots {
		h := &host{name: root.Name}
		for f := range families {
			h.addrs[f].expires = c.expires
		}
		for _, addr := range root.Addrs {
			addr = addr.Unmap()
			if f := familyOf(addr); r.uses(f) && r.allowed(addr) {
				h.addrs[f].servers = append(h.addrs[f].servers, address{addr: addr})
			}
		}
		c.set.names = append(c.set.names, root.Name)
		c.set.hosts = append(c.set.hosts, h)
	}
	return c
}

func (r *Resolver) allowed(a netip.Addr) bool { return r.cfg.Allowed == nil || r.cfg.Allowed(a) }

// findCut returns the closest enclosing zone of the name in k whose servers are known (RFC 1034 5.3.3 step 2), be it from the
// cache or from the client's own delegation. The DS of a zone is looked up at its parent's servers (RFC 4035 3.1.4.1).
func (r *Resolver) findCut(now step.Time, k key, own *cut) *cut {
	zone, hash := k.name, k.hash
	if k.typ == wire.TypeDS {
		zone = zone.Parent()
		hash = r.hash(zone)
	}
	for zone != wire.Root {
		if own != nil && own.zone == zone && now < own.expires {
			r.counts.Delegations.Hits++
			return own
		}
		if c, ok := r.cuts.get(hash, zone); ok && now < c.expires {
			r.counts.Delegations.Hits++
			return c
		}
		zone = zone.Parent()
		hash = r.hash(zone)
	}
	r.counts.Delegations.Misses++
	return r.root
}

// delegate makes the cut of a referral by the servers of above, and remembers it.
func (r *Resolver) delegate(now step.Time, above *cut, rd *reading) *cut {
	ref := &rd.referral
	set := r.serverSet(ref.names)
	for _, g := range ref.readGlue(&r.msg, above.zone, set.names) {
		r.addGlue(now, set.hosts[g.server], g)
	}
	c := &cut{zone: ref.zone, set: set, since: now, expires: now.Add(boundTTL(ref.ttl)), above: above}
	if len(ref.ds) > 0 {
		c.told = record.Present
	}
	if r.validates() {
		r.takeEvidence(now, c, rd)
	}
	r.cuts.put(r.hash(c.zone), c.zone, c)
	return c
}

// takeEvidence keeps what a referral says about the DS of its zone, unless that is known already: because the zone
// above is insecure, or from a span that it has proven for others (RFC 8198).
func (r *Resolver) takeEvidence(now step.Time, c *cut, rd *reading) {
	if c.told == record.NotKnown {
		c.told = record.Absent
	}
	above := r.knownKeys(now, c.above.zone, c.above)
	switch {
	case above != nil && !above.signs():
	case r.cfg.Lazy || octets(rd.referral.ds) > maxKept: // it is asked for when it is needed, which is seldom
	case c.told == record.Present:
		c.evidence = copyRecords(rd.referral.ds)
	default:
		if above != nil && above.spans != nil {
			found, verdict, ok := above.spans.Cut(r.clock(now), c.zone)
			ok = ok && found == dnssec.Unsigned
			if r.counts.Spans.count(ok); ok {
				c.ds = &trust{zone: c.zone, Verdict: verdict, brokenAt: c.zone, cut: found, expires: c.expires}
				return
			}
		}
		c.evidence = copyRecords(rd.appendDenial(rd.referral.ds, &r.msg))
	}
}

// serverSet returns the set with these names, which are sorted. Sets and hosts that are known cost no memory.
func (r *Resolver) serverSet(names [][]byte) *serverSet {
	k := r.nameBuf[:0]
	for _, n := range names {
		k = append(k, n...)
	}
	r.nameBuf = k
	hash := r.hashBytes(k)
	if set, ok := r.sets.find(hash, k); ok {
		return set
	}
	set := &serverSet{names: make([]wire.Name, len(names)), hosts: make([]*host, len(names))}
	for i, n := range names {
		hash := r.hashBytes(n)
		h, ok := r.hosts.find(hash, n)
		if !ok {
			h = &host{name: wire.Name(n)}
			r.hosts.put(hash, h.name, h)
		}
		set.names[i], set.hosts[i] = h.name, h
	}
	r.sets.put(hash, string(k), set)
	return set
}

// addGlue takes an address from a referral, unless the zone itself has told one already. Glue that is about to expire
// is renewed, so that a new delegation has all its glue. A name that has glue has none in the families that are missing:
// nothing is looked up that the parent would have told.
func (r *Resolver) addGlue(now step.Time, h *host, g glue) {
	glued := familyOf(g.addr)
	for f := range h.addrs {
		known := &h.addrs[f]
		lasting := now.Add(minTTL) <= known.expires
		if !lasting || family(f) == glued && !known.glue && len(known.servers) == 0 {
			*known = addresses{expires: now.Add(boundTTL(g.ttl)), glue: true}
		}
	}
	known := &h.addrs[glued]
	if !known.glue || !r.uses(glued) || !r.allowed(g.addr) {
		return
	}
	for i := range known.servers {
		if known.servers[i].addr == g.addr {
			return
		}
	}
	if len(known.servers) < maxAddrsPerName {
		known.servers = append(known.servers, address{addr: g.addr})
	}
}

// learnAddresses takes the answer to the look-up of a server's addresses. If it holds none, glue goes on being used:
// it is what everybody reaches the zone by.
func (r *Resolver) learnAddresses(now step.Time, h *host, f family, a *record.Answer) {
	known := addresses{expires: max(a.Expires, now.Add(minTTL)), failed: a.Outcome.Failed()}
	if a.Outcome == record.Found {
		for _, rr := range a.Set() {
			addr, ok := netip.AddrFromSlice(rr.Data)
			if ok && rr.Type == a.Type && usable(addr) && r.allowed(addr) && len(known.servers) < maxAddrsPerName {
				known.servers = append(known.servers, address{addr: addr})
			}
		}
	}
	if was := &h.addrs[f]; len(known.servers) == 0 && was.glue && now < was.expires {
		return
	}
	h.addrs[f] = known
}

// usable reports whether a packet can be sent to addr as it stands in an A or AAAA record: an IPv4 address in the
// clothes of an IPv6 one would slip past the rules for either.
func usable(addr netip.Addr) bool {
	return !addr.Is4In6() && !addr.IsUnspecified() && !addr.IsMulticast()
}

func boundTTL(seconds uint32) time.Duration {
	return min(max(time.Duration(seconds)*time.Second, minTTL), maxTTL)
}
