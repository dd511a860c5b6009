//go:build linux

package scanner

import (
	"crypto"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
)

// hostileWorld is an internet on loopback addresses with real sockets: a signed root, a signed top-level domain, zones
// that do no harm, a victim, and servers that do what an attack does. It counts the packets that reach each server, and
// those about each hostile zone, so that a scan's own figures can be held against what was sent in truth.
//
//	127.83.0.1  .            signed
//	127.83.0.2  test.        signed; delegates to all below
//	127.83.1.x  good*.test.  every other one signed
//	127.83.2.1  victim.test. unsigned, nothing in it; who is sent there by an attack is to get little
//	127.83.3.x  h000.test., h001.test., ... as the attack says
//
// Nothing of a reply is kept: the memory of a scan is not mixed up with that of its servers.
type hostileWorld struct {
	port  uint16
	key   *dns.DNSKEY // of all zones that are signed; the owner is set where it is used
	priv  crypto.Signer
	hosts map[netip.Addr]*hostileHost

	closed chan struct{}
	group  sync.WaitGroup

	mu      sync.Mutex
	packets map[string]int // by hostile zone: those with its name in the question, at any server
	asked   map[string]int // by question: how often it came to a hostile server
	conns   map[net.Conn]bool
}

// hostileHost is one server address.
type hostileHost struct {
	world  *hostileWorld
	addr   netip.Addr
	answer answerer
	delay  time.Duration // of every reply

	mu      sync.Mutex
	queries int // received
}

// answerer makes the reply to a query; nil is silence.
type answerer func(*query) []byte

// query is what reached a server.
type query struct {
	name string // of the question, in lower case
	typ  uint16
	tcp  bool
	msg  *dns.Msg
	raw  []byte
}

// hostileZone finds the hostile zone in a name: by it packets are counted.
var hostileZone = regexp.MustCompile(`h\d\d\d`)

const (
	rootServer   = "127.83.0.1"
	tldServer    = "127.83.0.2"
	victimServer = "127.83.2.1"

	// udpLimit is the longest reply over UDP: what caascan says it takes. Longer ones are truncated.
	udpLimit = 1232
)

func goodServer(i int) string    { return fmt.Sprintf("127.83.1.%d", i+1) }
func hostileServer(i int) string { return fmt.Sprintf("127.83.3.%d", i+1) }

// newHostileWorld starts the servers of root, top-level domain, good zones and victim. delegate says where a hostile zone
// is, for the top-level domain.
func newHostileWorld(t *testing.T, delegate func(zone string) *delegation) *hostileWorld {
	t.Helper()
	w := &hostileWorld{
		hosts: map[netip.Addr]*hostileHost{}, closed: make(chan struct{}),
		packets: map[string]int{}, asked: map[string]int{}, conns: map[net.Conn]bool{},
	}
	w.key = &dns.DNSKEY{
		Hdr:   dns.RR_Header{Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 3600},
		Flags: dns.ZONE | dns.SEP, Protocol: 3, Algorithm: dns.ECDSAP256SHA256,
	}
	priv, err := w.key.Generate(256)
	if err != nil {
		t.Fatal(err)
	}
	w.priv = priv.(crypto.Signer)

	root := &signedZone{world: w, apex: ".", signed: true, delegate: func(zone string) *delegation {
		if zone != "test." {
			return nil
		}
		return &delegation{ns: []string{"ns.test."}, glue: []string{tldServer}, ds: []dns.RR{w.ds("test.")}}
	}}
	tld := &signedZone{world: w, apex: "test.", signed: true, delegate: func(zone string) *delegation {
		switch {
		case strings.HasPrefix(zone, "good"):
			d := &delegation{ns: []string{"ns1." + zone, "ns2." + zone}, glue: []string{goodServer(0), goodServer(1)}}
			if isSigned(zone) {
				d.ds = []dns.RR{w.ds(zone)}
			}
			return d
		case zone == "victim.test.":
			return &delegation{ns: []string{"ns.victim.test."}, glue: []string{victimServer}}
		case delegate != nil && strings.HasPrefix(zone, "h"):
			return delegate(zone)
		}
		return nil
	}}
	w.serve(rootServer, root.reply)
	w.serve(tldServer, tld.reply)
	w.serve(victimServer, (&signedZone{world: w, apex: "victim.test."}).reply)
	for i := range 2 {
		w.serve(goodServer(i), w.good)
	}
	return w
}

// isSigned says whether a good zone is signed: those with an even number are.
func isSigned(zone string) bool {
	digits := strings.TrimSuffix(zone, ".test.")
	return (digits[len(digits)-1]-'0')%2 == 0
}

// good answers for all good zones: each has a CAA record at its apex and an address at www. A zone whose name begins
// with goodtcp has so many records that they need TCP.
func (w *hostileWorld) good(q *query) []byte {
	labels := dns.SplitDomainName(q.name)
	if len(labels) < 2 {
		return nil
	}
	apex := strings.Join(labels[len(labels)-2:], ".") + "."
	z := &signedZone{world: w, apex: apex, signed: isSigned(apex), records: []dns.RR{
		mustRR("www.%s 300 IN A 192.0.2.1", apex),
		mustRR(`%s 300 IN CAA 0 issue "ca.example"`, apex),
	}}
	if strings.HasPrefix(apex, "goodtcp") {
		for i := range 30 {
			z.records = append(z.records, mustRR(`%s 300 IN CAA 0 iodef "mailto:somebody%d@security.example"`, apex, i))
		}
	}
	return z.reply(q)
}

// serve adds a server. All must be there before listen.
func (w *hostileWorld) serve(addr string, answer answerer) *hostileHost {
	h := &hostileHost{world: w, addr: netip.MustParseAddr(addr), answer: answer}
	w.hosts[h.addr] = h
	return h
}

// listen opens the sockets, all at one port, and closes them when the test is over.
func (w *hostileWorld) listen(t *testing.T) {
	t.Helper()
	var udp []*net.UDPConn
	var tcp []*net.TCPListener
	open := func() error {
		w.port = 0
		for addr := range w.hosts {
			u, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, w.port)))
			if err != nil {
				return err
			}
			udp = append(udp, u)
			if err := u.SetReadBuffer(4 << 20); err != nil {
				return err
			}
			w.port = u.LocalAddr().(*net.UDPAddr).AddrPort().Port()
			l, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, w.port)))
			if err != nil {
				return err
			}
			tcp = append(tcp, l)
		}
		return nil
	}
	shut := func() {
		for _, c := range udp {
			c.Close()
		}
		for _, l := range tcp {
			l.Close()
		}
		udp, tcp = nil, nil
	}
	var err error
	for range 20 { // another program may have the port at one of the addresses
		if err = open(); err == nil {
			break
		}
		shut()
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := range udp {
		host := w.hosts[udp[i].LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()]
		w.group.Go(func() { host.serveUDP(udp[i]) })
		w.group.Go(func() { host.serveTCP(tcp[i]) })
	}
	t.Cleanup(func() {
		close(w.closed)
		shut()
		w.mu.Lock()
		for c := range w.conns {
			c.Close()
		}
		w.mu.Unlock()
		w.group.Wait()
	})
}

func (h *hostileHost) serveUDP(conn *net.UDPConn) {
	buf := make([]byte, 4096)
	for {
		n, peer, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // the refusal of an earlier reply
		}
		reply := h.handle(buf[:n], false)
		switch {
		case reply == nil:
		case h.delay == 0:
			conn.WriteToUDPAddrPort(reply, peer)
		default:
			h.world.group.Go(func() {
				select {
				case <-time.After(h.delay):
					conn.WriteToUDPAddrPort(reply, peer)
				case <-h.world.closed:
				}
			})
		}
	}
}

// serveTCP answers one query a connection. Silence is to keep the connection open until the other side gives up.
func (h *hostileHost) serveTCP(l *net.TCPListener) {
	w := h.world
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		w.conns[conn] = true
		w.mu.Unlock()
		w.group.Go(func() {
			defer func() {
				conn.Close()
				w.mu.Lock()
				delete(w.conns, conn)
				w.mu.Unlock()
			}()
			var length [2]byte
			if _, err := io.ReadFull(conn, length[:]); err != nil {
				return
			}
			msg := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(conn, msg); err != nil {
				return
			}
			reply := h.handle(msg, true)
			if reply != nil {
				conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
			}
			io.Copy(io.Discard, conn)
		})
	}
}

// handle counts a query and has it answered.
func (h *hostileHost) handle(raw []byte, tcp bool) []byte {
	q := &query{msg: new(dns.Msg), tcp: tcp, raw: raw}
	if err := q.msg.Unpack(raw); err != nil || len(q.msg.Question) != 1 {
		return nil
	}
	q.name, q.typ = strings.ToLower(q.msg.Question[0].Name), q.msg.Question[0].Qtype
	h.mu.Lock()
	h.queries++
	h.mu.Unlock()
	if id := hostileZone.FindString(q.name); id != "" {
		h.world.mu.Lock()
		h.world.packets[id]++
		h.world.mu.Unlock()
	}
	return h.answer(q)
}

// received returns the queries that reached a server.
func (w *hostileWorld) received(addr string) int {
	h := w.hosts[netip.MustParseAddr(addr)]
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.queries
}

// receivedInAll returns the queries that reached all servers.
func (w *hostileWorld) receivedInAll() (n int) {
	for addr := range w.hosts {
		n += w.received(addr.String())
	}
	return n
}

// aboutZones returns the packets about each hostile zone since it was last called.
func (w *hostileWorld) aboutZones() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	about := w.packets
	w.packets, w.asked = map[string]int{}, map[string]int{}
	return about
}

// times returns how often the question of q has come, q included, since aboutZones was called.
func (w *hostileWorld) times(q *query) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := fmt.Sprint(q.name, q.typ)
	w.asked[key]++
	return w.asked[key]
}

// network is how a scan finds this world.
func (w *hostileWorld) network(timeout time.Duration) Network {
	ds := w.ds(".").(*dns.DS)
	anchors, err := ReadAnchors(strings.NewReader(ds.String()+"\n"), "test")
	if err != nil {
		panic(err)
	}
	return Network{
		Roots: []resolve.Root{{Name: "\x04root\x00", Addrs: []netip.Addr{netip.MustParseAddr(rootServer)}}},
		Port:  w.port, IPv4: true, SpecialUse: true, Timeout: timeout, Retries: 3, MaxQueries: maxQueries,
		Anchors: anchors, Operator: func(name string) string { return name },
	}
}

// reply makes an authoritative reply without records.
func (q *query) reply() *dns.Msg {
	m := new(dns.Msg).SetReply(q.msg)
	m.Authoritative = true
	m.Compress = true
	if q.msg.IsEdns0() != nil {
		m.SetEdns0(udpLimit, true)
	}
	return m
}

// truncated is a reply without anything, that refers to TCP.
func (q *query) truncated() []byte {
	m := q.reply()
	m.Truncated = true
	return q.pack(m)
}

// rcode is a reply that is an error code and nothing more.
func (q *query) rcode(code int) []byte {
	m := q.reply()
	m.Rcode = code
	return q.pack(m)
}

// pack packs m, truncated if it is too long for UDP.
func (q *query) pack(m *dns.Msg) []byte {
	if !q.tcp && m.Len() > udpLimit {
		m.Truncated, m.Answer, m.Ns, m.Extra = true, nil, nil, nil
	}
	raw, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return raw
}

// records makes a reply over TCP of n records of the type at the name asked, whose data data(i) gives; over UDP one that
// is truncated. Their owner is a pointer to the question. It ends before 64 KiB.
func (q *query) records(n int, typ uint16, data func(i int) []byte) []byte {
	question := len(q.name) + 1 + 4
	m := append([]byte(nil), q.raw[:12+question]...)
	m[2], m[3] = 0x84, 0
	clear(m[4:12])
	m[5] = 1
	if !q.tcp {
		m[2] |= 2
		return m
	}
	for i := range n {
		rdata := data(i)
		if len(m)+12+len(rdata) > 65535 {
			n = i
			break
		}
		m = append(m, 0xc0, 12)
		m = binary.BigEndian.AppendUint16(m, typ)
		m = append(m, 0, 1, 0, 0, 1, 44)
		m = binary.BigEndian.AppendUint16(m, uint16(len(rdata)))
		m = append(m, rdata...)
	}
	binary.BigEndian.PutUint16(m[6:], uint16(n))
	return m
}

// delegation is what a zone says about one below it.
type delegation struct {
	ns   []string
	glue []string // addresses of the first of ns, one each; "" for none
	ds   []dns.RR
}

// signedZone answers for a zone as an honest server does; it signs what it says at the time it says it, and denies by
// NSEC records that span nothing (RFC 4470), so that nothing can be kept of them for other names.
type signedZone struct {
	world    *hostileWorld
	apex     string
	signed   bool
	records  []dns.RR
	keys     []dns.RR                      // besides the zone's own
	delegate func(zone string) *delegation // by the name one label below the apex
}

func (z *signedZone) reply(q *query) []byte {
	m := q.reply()
	below := dns.CountLabel(q.name) - dns.CountLabel(z.apex)
	if below > 0 && z.delegate != nil {
		labels := dns.SplitDomainName(q.name)
		zone := strings.Join(labels[below-1:], ".") + "."
		if d := z.delegate(zone); d != nil && (below > 1 || q.typ != dns.TypeDS) {
			z.refer(m, zone, d)
			return q.pack(m)
		} else if d != nil && len(d.ds) > 0 {
			m.Answer = z.sign(d.ds)
			return q.pack(m)
		} else if d != nil {
			z.deny(m, q.name, dns.TypeNS)
			return q.pack(m)
		}
	}
	var found []dns.RR
	types := []uint16{}
	exists := q.name == z.apex
	for _, rr := range z.records {
		exists = exists || dns.IsSubDomain(q.name, rr.Header().Name)
		if rr.Header().Name != q.name {
			continue
		}
		types = append(types, rr.Header().Rrtype)
		if rr.Header().Rrtype == q.typ {
			found = append(found, rr)
		}
	}
	if q.name == z.apex {
		types = append(types, dns.TypeNS, dns.TypeSOA)
		if q.typ == dns.TypeDNSKEY && z.signed {
			found = append([]dns.RR{z.world.keyOf(z.apex)}, z.keys...)
		}
	}
	if len(found) > 0 {
		m.Answer = z.sign(found)
		return q.pack(m)
	}
	if !exists && !z.signed {
		m.Rcode = dns.RcodeNameError
	}
	z.deny(m, q.name, types...)
	return q.pack(m)
}

// refer makes m a referral to the zone of d.
func (z *signedZone) refer(m *dns.Msg, zone string, d *delegation) {
	m.Authoritative = false
	for _, ns := range d.ns {
		m.Ns = append(m.Ns, &dns.NS{Hdr: dns.RR_Header{Name: zone, Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 300}, Ns: ns})
	}
	for i, addr := range d.glue {
		if addr != "" {
			m.Extra = append(m.Extra, &dns.A{
				Hdr: dns.RR_Header{Name: d.ns[i], Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 300}, A: net.ParseIP(addr),
			})
		}
	}
	switch {
	case len(d.ds) > 0:
		m.Ns = append(m.Ns, z.sign(d.ds)...)
	case z.signed:
		m.Ns = append(m.Ns, z.sign([]dns.RR{z.nsec(zone, dns.TypeNS)})...)
	}
}

// deny makes m say that the name has no other types than these.
func (z *signedZone) deny(m *dns.Msg, name string, types ...uint16) {
	m.Ns = z.sign([]dns.RR{mustRR("%s 300 IN SOA ns. host. 1 2 3 4 300", z.apex)})
	if z.signed {
		m.Ns = append(m.Ns, z.sign([]dns.RR{z.nsec(name, types...)})...)
	}
}

// nsec makes the record that says which types a name has, and that nothing is between it and the next name there can be.
func (z *signedZone) nsec(name string, types ...uint16) dns.RR {
	types = append(slices.Clone(types), dns.TypeRRSIG, dns.TypeNSEC)
	slices.Sort(types)
	next := `\000.` + name
	if name == "." {
		next = `\000.`
	}
	return &dns.NSEC{
		Hdr:        dns.RR_Header{Name: name, Rrtype: dns.TypeNSEC, Class: dns.ClassINET, Ttl: 300},
		NextDomain: next, TypeBitMap: slices.Compact(types),
	}
}

// sign returns an RRset with its signature, if the zone is signed.
func (z *signedZone) sign(set []dns.RR) []dns.RR {
	if !z.signed {
		return set
	}
	return append(slices.Clip(set), z.world.signature(z.apex, set))
}

// signature signs an RRset by the key of a zone.
func (w *hostileWorld) signature(zone string, set []dns.RR) *dns.RRSIG {
	now := time.Now()
	sig := &dns.RRSIG{
		Hdr:       dns.RR_Header{Ttl: set[0].Header().Ttl},
		Algorithm: w.key.Algorithm, KeyTag: w.key.KeyTag(), SignerName: zone,
		Inception: uint32(now.Add(-time.Hour).Unix()), Expiration: uint32(now.Add(24 * time.Hour).Unix()),
	}
	if err := sig.Sign(w.priv, set); err != nil {
		panic(err)
	}
	return sig
}

// keyOf returns the DNSKEY record of a zone.
func (w *hostileWorld) keyOf(zone string) dns.RR {
	k := *w.key
	k.Hdr.Name = zone
	return &k
}

// ds returns the DS record of a zone.
func (w *hostileWorld) ds(zone string) dns.RR {
	ds := w.keyOf(zone).(*dns.DNSKEY).ToDS(dns.SHA256)
	ds.Hdr.Ttl = 300
	return ds
}

func mustRR(format string, args ...any) dns.RR {
	rr, err := dns.NewRR(fmt.Sprintf(format, args...))
	if err != nil {
		panic(err)
	}
	return rr
}

// goodNames are targets in good zones, with the first of them at number from.
func goodNames(prefix string, n int) []record.Target {
	var targets []record.Target
	for i := range n {
		zone := fmt.Sprintf("%s%d.test", prefix, i)
		targets = append(targets, record.Target{Name: "www." + zone, Registrable: zone})
	}
	return targets
}
