package simnet

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/caascan/caascan/scanner/wire"
)

// Addresses: 127.53.o.k is server k of operator o. The second octet keeps the world clear of the addresses that other
// software listens on (127.0.0.1, 127.0.0.53, 127.0.1.1).
const (
	addrFirst  = 127
	addrSecond = 53
	maxServers = 8 // of one operator
)

// tld is a top-level domain, or one with a public suffix below it where the registrations are.
type tld struct {
	label     string // "uk"
	suffix    string // "co.uk", or the label
	weight    float64
	servers   int
	glue      bool   // referrals carry the addresses of all servers below the TLD, not only those within the zone
	caa       string // pool/n if the TLD has CAA
	suffixCAA string // pool/n if the suffix has CAA (R1.3)

	scheme       *scheme // nil: the TLD is not signed
	suffixScheme *scheme // likewise for the suffix, if it is a zone of its own
	share        float64 // of the zones below that are signed

	op         *operator
	zone       *special
	suffixZone *special // nil if suffix and label are the same
	apexLen    int      // octets of the suffix's wire name
}

// registry returns the zone that delegates the registrations.
func (t *tld) registry() *special {
	if t.suffixZone != nil {
		return t.suffixZone
	}
	return t.zone
}

// unknownTLD does not exist in the world, nor outside: the code is for users' own use (ISO 3166-1).
const unknownTLD = "zz"

// tldTable: every TLD has an operator of its own with servers enough that one referral for each of 25,000 names takes
// seconds at 50 queries a second and server. All suffixes stand in the public suffix list.
//
// Most are signed, as in the Internet: the large ones with opt-out, where few names are signed, some that have records
// for all names, where many are. co.uk is signed, com.br is not, below a signed br; it and jp stand for what is left
// unsigned, so that below these three the signed zones are islands.
func tldTable() []*tld {
	return []*tld{
		{label: "com", suffix: "com", weight: 14, servers: 8, glue: true, scheme: optOutECDSA, share: 0.1},
		{label: "net", suffix: "net", weight: 9, servers: 6, glue: true, scheme: optOutECDSA, share: 0.1},
		{label: "org", suffix: "org", weight: 9, servers: 6, glue: true, scheme: optOutRSA, share: 0.1},
		{label: "de", suffix: "de", weight: 9, servers: 6, scheme: optOutECDSA, share: 0.1},
		{label: "uk", suffix: "co.uk", weight: 8, servers: 6, scheme: optOutECDSA, suffixScheme: optOutECDSA, share: 0.1},
		{label: "nl", suffix: "nl", weight: 6, servers: 5, scheme: fullECDSA, share: 0.6},
		{label: "fr", suffix: "fr", weight: 6, servers: 5, glue: true, scheme: optOutECDSA, share: 0.2},
		{label: "se", suffix: "se", weight: 5, servers: 4, scheme: nsecECDSA, share: 0.6},
		{label: "ch", suffix: "ch", weight: 5, servers: 4, scheme: fullECDSA, share: 0.5},
		{label: "it", suffix: "it", weight: 5, servers: 4, share: 0.05},
		{label: "pl", suffix: "pl", weight: 5, servers: 4, scheme: optOutECDSA, share: 0.1},
		{label: "io", suffix: "io", weight: 4, servers: 4, glue: true, scheme: optOutECDSA, share: 0.05},
		{label: "info", suffix: "info", weight: 4, servers: 4, glue: true, scheme: optOutECDSA, share: 0.1},
		{label: "jp", suffix: "jp", weight: 4, servers: 4, share: 0.05},
		{label: "eu", suffix: "eu", weight: 4, servers: 4, scheme: fullRSA, share: 0.3},
		{label: "cz", suffix: "cz", weight: 1.5, servers: 4, caa: "common/0", scheme: fullECDSA, share: 0.6},
		{label: "br", suffix: "com.br", weight: 1.5, servers: 4, suffixCAA: "common/0", scheme: nsecECDSA, share: 0.2},
	}
}

// operator runs name servers. Its own domain is what a scan takes for the operator's identity.
type operator struct {
	kind   string
	domain string // "hoster-07.net"
	tld    *tld   // that the domain is under; nil for the root's and the TLDs' operators
	groups []*group
	number int // third octet of the addresses
}

// group is the servers of an operator that a zone is delegated to.
type group struct {
	op    *operator
	hosts []host
}

// host is a name server as an NS record and its address records tell of it.
type host struct {
	name  string // wire form
	addr  netip.Addr
	ns    []byte // the NS record behind its owner
	glue  []byte // the address record behind its owner
	owner string // wire form of the operator's domain
}

// role is which part of the tree a name server serves.
type role uint8

const (
	serveRoot role = iota
	serveTLD
	serveLeaf
)

// nameServer is one server: one address.
type nameServer struct {
	addr  netip.Addr
	name  string // presentation form, also what it gives as NSID (RFC 5001)
	op    *operator
	tld   *tld // of a TLD's server
	role  role
	fault fault
}

// kindSpec says how many operators of a kind there are, how many servers each has, and what these do wrong.
type kindSpec struct {
	kind    string
	count   int
	servers int
	faults  []fault // of server 0, 1, ...; the last one for all further servers; none: all healthy
	bare    bool    // never signed: without EDNS nobody could tell, and without SOA
	away    bool    // the operator's own zone is served by the anchor operator: its names are glueless
}

// hosters is the number of ordinary operators. Their sizes are Zipf-like: weight 1/(rank+hosterFlat), which gives the
// largest 8 % of the zones.
const (
	hosters    = 50
	hosterFlat = 5
)

// kindTable lists the operators besides the ordinary ones. Where servers are at fault the operator's own zone is
// served by a healthy one, so that the names of the servers can be looked up and the fault itself is met.
var kindTable = []kindSpec{
	{kind: "anchor", count: 1, servers: 4},
	{kind: "cdn", count: 3, servers: 4},
	{kind: "glueless", count: 2, servers: 3, away: true},
	{kind: "v6", count: 1, servers: 1, away: true},

	{kind: "silent", count: 3, servers: 2, faults: []fault{silent}, away: true},
	{kind: "one-silent", count: 2, servers: 3, faults: []fault{silent, healthy}, away: true},
	{kind: "one-lame", count: 1, servers: 3, faults: []fault{refused, healthy}, away: true},
	{kind: "one-servfail", count: 1, servers: 3, faults: []fault{servFail, healthy}, away: true},
	{kind: "slow", count: 2, servers: 3, faults: []fault{slow}, away: true},
	{kind: "servfail", count: 1, servers: 2, faults: []fault{servFail}, away: true},
	{kind: "servfail-caa", count: 1, servers: 2, faults: []fault{servFailCAA}, away: true},
	{kind: "notimp-caa", count: 1, servers: 2, faults: []fault{notImpCAA}, away: true},
	{kind: "drop-caa", count: 2, servers: 2, faults: []fault{dropCAA}, away: true},
	{kind: "formerr", count: 1, servers: 2, faults: []fault{formErr}, away: true},
	{kind: "notauth", count: 1, servers: 2, faults: []fault{notAuth}, away: true},
	{kind: "nonauth", count: 1, servers: 2, faults: []fault{nonAuth}, away: true},
	{kind: "formerr-edns", count: 1, servers: 2, faults: []fault{ednsFormErr}, away: true, bare: true},
	{kind: "badvers-edns", count: 1, servers: 2, faults: []fault{ednsBadVers}, away: true, bare: true},
	{kind: "no-edns", count: 1, servers: 2, faults: []fault{ednsIgnored}, away: true, bare: true},
	{kind: "lower-case", count: 1, servers: 2, faults: []fault{lowerCase}, away: true},
	{kind: "mixed-refused", count: 1, servers: 2, faults: []fault{mixedRefused}, away: true},
	{kind: "tc-always", count: 1, servers: 2, faults: []fault{tcAlways}, away: true},
	{kind: "tc-no-tcp", count: 1, servers: 2, faults: []fault{tcNoTCP}, away: true},
	{kind: "overrun", count: 1, servers: 2, faults: []fault{overrun}, away: true},
	{kind: "stray", count: 1, servers: 2, faults: []fault{stray}, away: true},
	{kind: "qr-clear", count: 1, servers: 2, faults: []fault{qrClear}, away: true},
	{kind: "wrong-question", count: 1, servers: 2, faults: []fault{wrongQuestion}, away: true},
	{kind: "no-soa", count: 1, servers: 2, faults: []fault{noSOA}, away: true, bare: true},
	{kind: "limit-silent", count: 1, servers: 3, faults: []fault{limitSilent}, away: true},
	{kind: "limit-refused", count: 1, servers: 3, faults: []fault{limitRefused}, away: true},
	{kind: "limit-tc", count: 1, servers: 3, faults: []fault{limitTC}, away: true},
}

// hosterServers returns how many servers the hoster of a rank has: enough that its zones are asked within half a
// minute, at 50 queries a second and server, in a scan of 25,000 names.
func hosterServers(rank int) int {
	switch {
	case rank < 10:
		return 8
	case rank < 20:
		return 6
	case rank < 30:
		return 4
	default:
		return 2 + rank%2
	}
}

func (w *World) buildTLDs() {
	w.tlds = tldTable()
	if w.cfg.Plain && (w.cfg.SignedOptOut > 0 || w.cfg.SignedFull > 0) {
		w.halve()
	}
	w.tldOf = map[string]*tld{}
	w.byKind = map[string][]*operator{}
	weights := make([]float64, len(w.tlds))
	for i, t := range w.tlds {
		t.apexLen = len(mustWire(t.suffix))
		weights[i] = t.weight
		w.tldOf[t.label] = t
	}
	fillPicks(w.pickTLD[:], weights)

	root := w.addOperator("root", "root-servers.net", nil)
	w.addServers(root, serveRoot, 4, nil)
	for _, t := range w.tlds {
		t.op = w.addOperator("tld", "nic."+t.label, nil)
		w.addServers(t.op, serveTLD, t.servers, nil)
		for _, ns := range w.serversOf(t.op) {
			ns.tld = t
		}
	}
}

// halve leaves all names of a signed Plain world to two TLDs, half to either.
func (w *World) halve() {
	for _, t := range w.tlds {
		switch t.label {
		case "com":
			t.weight, t.share = 1, w.cfg.SignedOptOut
		case "nl":
			t.weight, t.share = 1, w.cfg.SignedFull
		default:
			t.weight = 0
		}
	}
}

func (w *World) buildOperators() {
	weights := make([]float64, hosters)
	for rank := range hosters {
		op := w.addOperator("hoster", fmt.Sprintf("hoster-%02d", rank), w.operatorTLD(rank))
		w.addServers(op, serveLeaf, hosterServers(rank), nil)
		weights[rank] = 1 / float64(rank+hosterFlat)
	}
	fillPicks(w.pickHost[:], weights)
	for _, spec := range kindTable {
		for k := range spec.count {
			op := w.addOperator(spec.kind, fmt.Sprintf("%s-dns-%d", spec.kind, k+1), w.operatorTLD(k))
			w.addServers(op, serveLeaf, spec.servers, spec.faults)
		}
	}
}

// operatorTLD spreads the operators' own domains over a few large TLDs.
func (w *World) operatorTLD(k int) *tld {
	return w.tldOf[[...]string{"net", "com", "de", "net", "io", "org", "nl", "net", "eu", "com"}[k%10]]
}

func (w *World) addOperator(kind, domain string, t *tld) *operator {
	if t != nil {
		domain += "." + t.label
	}
	op := &operator{kind: kind, domain: domain, tld: t, number: len(w.operators)}
	if op.number > 255 {
		panic("internal error: more operators than a third octet of an address can tell")
	}
	w.operators = append(w.operators, op)
	w.byKind[kind] = append(w.byKind[kind], op)
	return op
}

// addServers gives op its servers and forms groups of them.
func (w *World) addServers(op *operator, r role, count int, faults []fault) {
	var hosts []host
	for k := range count {
		ns := nameServer{name: fmt.Sprintf("ns%d.%s", k+1, op.domain), op: op, role: r}
		ns.addr = netip.AddrFrom4([4]byte{addrFirst, addrSecond, byte(op.number), byte(k + 1)})
		if op.kind == "v6" && w.cfg.IPv6 {
			ns.addr = netip.IPv6Loopback()
		}
		if len(faults) > 0 {
			ns.fault = faults[min(k, len(faults)-1)]
		}
		w.servers = append(w.servers, ns)
		if ns.addr.Is6() {
			w.onV6 = len(w.servers)
		} else {
			w.byAddr[op.number][k+1] = int16(len(w.servers))
		}
		hosts = append(hosts, newHost(ns))
	}
	size := groupSize(r, count)
	for ; len(hosts) > 0; hosts = hosts[size:] {
		op.groups = append(op.groups, &group{op: op, hosts: hosts[:size:size]})
	}
}

// groupSize returns how many of an operator's servers one zone is delegated to: all, but a large hoster's zones to
// half of them.
func groupSize(r role, count int) int {
	if r == serveLeaf && count >= 6 {
		return count / 2
	}
	return count
}

func newHost(ns nameServer) host {
	h := host{name: mustWire(ns.name), addr: ns.addr, owner: mustWire(ns.op.domain)}
	head := rrHead(wire.TypeNS, ttlNS)
	h.ns = append(append(h.ns, head[:]...), 0, byte(len(h.name)))
	h.ns = append(h.ns, h.name...)
	typ := wire.TypeA
	if ns.addr.Is6() {
		typ = wire.TypeAAAA
	}
	head = rrHead(typ, ttlNS)
	data := ns.addr.AsSlice()
	h.glue = append(append(h.glue, head[:]...), 0, byte(len(data)))
	h.glue = append(h.glue, data...)
	return h
}

// serverAt returns the number of the server with the given address.
func (w *World) serverAt(addr netip.Addr) (int, bool) {
	if addr = addr.Unmap(); addr.Is6() {
		return w.onV6 - 1, w.onV6 > 0 && addr == netip.IPv6Loopback()
	}
	a := addr.As4()
	if a[0] != addrFirst || a[1] != addrSecond || int(a[3]) > maxServers {
		return 0, false
	}
	n := int(w.byAddr[a[2]][a[3]])
	return n - 1, n > 0
}

// serversOf returns the servers of op, for writing while the world is built.
func (w *World) serversOf(op *operator) []*nameServer {
	var out []*nameServer
	for i := range w.servers {
		if w.servers[i].op == op {
			out = append(out, &w.servers[i])
		}
	}
	return out
}

// draw picks one of the operators of a kind, and "" means an ordinary hoster, by the bits of h.
func (w *World) draw(kind string, h uint64) *operator {
	if kind == "" {
		return w.byKind["hoster"][w.pickHost[h>>hostShift%pickSize]]
	}
	ops := w.byKind[kind]
	return ops[h>>hostShift%pickSize%uint64(len(ops))]
}

// drawGroup picks one of the groups of op by the bits of h.
func (op *operator) drawGroup(h uint64) *group {
	return op.groups[h>>groupShift&0xff%uint64(len(op.groups))]
}

// RootHints returns the root hints in master-file form (RFC 1035 5).
func (w *World) RootHints() []byte {
	var b strings.Builder
	b.WriteString("; root hints of a simulated Internet on loopback\n")
	for _, h := range w.root.ns[0].hosts {
		name := wire.Name(h.name).String()
		typ := "A"
		if h.addr.Is6() {
			typ = "AAAA"
		}
		fmt.Fprintf(&b, ".\t%d\tIN\tNS\t%s.\n%s.\t%d\tIN\t%s\t%s\n", ttlNS, name, name, ttlNS, typ, h.addr)
	}
	return []byte(b.String())
}
