package resolve

import (
	"cmp"
	"crypto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// signer signs a zone of the test world, with one key for all.
type signer struct {
	key     *dns.DNSKEY
	private crypto.Signer
	from    time.Time
}

// sign signs the zones with these apexes, wherever they are served, puts their DS into the zones above, and begins anew
// with a Resolver that has the keys of the given anchors.
func (w *world) sign(anchors []string, apexes ...string) {
	w.t.Helper()
	var zones []*zone
	keys := map[string]*signer{}
	for _, apex := range apexes {
		keys[dns.Fqdn(apex)] = w.makeKey(dns.Fqdn(apex))
	}
	for _, host := range w.hosts {
		for _, z := range host.zones {
			if z.key = keys[z.apex]; z.key != nil {
				z.rrs[z.apex][dns.TypeDNSKEY] = []dns.RR{z.key.key}
			}
			zones = append(zones, z)
		}
	}
	for _, z := range zones {
		for apex, key := range keys {
			if apex != z.apex && dns.IsSubDomain(z.apex, apex) && len(z.rrs[apex][dns.TypeNS]) > 0 {
				ds := key.key.ToDS(dns.SHA256)
				ds.Hdr = dns.RR_Header{Name: apex, Rrtype: dns.TypeDS, Class: dns.ClassINET, Ttl: 3600}
				z.rrs[apex][dns.TypeDS] = []dns.RR{ds}
			}
		}
	}
	for _, z := range zones {
		if z.key != nil {
			z.chain()
		}
	}
	w.cfg.Anchors = nil
	for _, apex := range anchors {
		ds := keys[dns.Fqdn(apex)].key.ToDS(dns.SHA256)
		packed := make([]byte, 512)
		n, err := dns.PackRR(ds, packed, 0, nil, false)
		if err != nil {
			w.t.Fatal(err)
		}
		w.cfg.Anchors = append(w.cfg.Anchors, record.RR{
			Owner: wire.MustName(apex), Type: wire.TypeDS, Class: wire.ClassIN, Data: packed[n-36 : n],
		})
	}
	w.r = New(w.cfg)
}

func (w *world) makeKey(apex string) *signer {
	key := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: apex, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 3600},
		Flags: 257, Protocol: 3, Algorithm: dns.ED25519,
	}
	private, err := key.Generate(256)
	for err == nil && key.KeyTag() == 0 { // which miekg/dns does not sign with
		private, err = key.Generate(256)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return &signer{key: key, private: private.(crypto.Signer), from: w.now.Wall()}
}

// authoritative reports whether the zone has a say about (name, typ): not below its cuts, and there only about DS.
func (z *zone) authoritative(name string, typ uint16) bool {
	for n := name; n != z.apex; n = parentOf(n) {
		if len(z.rrs[n][dns.TypeNS]) > 0 && (n != name || typ != dns.TypeDS && typ != dns.TypeNSEC) {
			return false
		}
	}
	return true
}

// chain makes the NSEC records (RFC 4034 4).
func (z *zone) chain() {
	var names []string
	for name := range z.rrs {
		if _, done := z.rrs[name][dns.TypeNSEC]; done {
			return // the zone stands at several servers
		}
		if dns.IsSubDomain(z.apex, name) && z.authoritative(name, dns.TypeNSEC) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return wire.MustName(a).Compare(wire.MustName(b)) })
	for i, name := range names {
		types := []uint16{dns.TypeNSEC, dns.TypeRRSIG}
		for typ := range z.rrs[name] {
			if typ == dns.TypeNS || z.authoritative(name, typ) {
				types = append(types, typ)
			}
		}
		slices.Sort(types)
		nsec := &dns.NSEC{
			Hdr:        dns.RR_Header{Name: name, Rrtype: dns.TypeNSEC, Class: dns.ClassINET, Ttl: 600},
			NextDomain: names[(i+1)%len(names)], TypeBitMap: types,
		}
		defer func() { z.rrs[name][dns.TypeNSEC] = []dns.RR{nsec} }()
	}
	z.names = names
}

// signatures returns the RRSIG over a set, made when it is first asked for.
func (z *zone) signatures(name string, typ uint16, set []dns.RR) []dns.RR {
	if z.key == nil || !dns.IsSubDomain(z.apex, name) || !z.authoritative(name, typ) {
		return nil
	}
	at := name + dns.TypeToString[typ]
	if z.sigs[at] == nil {
		sig := &dns.RRSIG{
			Hdr:       dns.RR_Header{Ttl: set[0].Header().Ttl},
			Algorithm: z.key.key.Algorithm, KeyTag: z.key.key.KeyTag(), SignerName: z.apex,
			Inception: uint32(z.key.from.Add(-time.Hour).Unix()), Expiration: uint32(z.key.from.Add(240 * time.Hour).Unix()),
		}
		if err := sig.Sign(z.key.private, set); err != nil {
			panic(err)
		}
		if z.sigs == nil {
			z.sigs = map[string][]dns.RR{}
		}
		z.sigs[at] = []dns.RR{sig}
	}
	return z.sigs[at]
}

// covering returns the NSEC record at name or, if there is none, that of the span that name lies in, signed.
func (z *zone) covering(name string) []dns.RR {
	at := z.names[len(z.names)-1]
	for _, n := range z.names {
		if wire.MustName(n).Compare(wire.MustName(name)) > 0 {
			break
		}
		at = n
	}
	return z.signed(at, dns.TypeNSEC, true)
}

// deny adds the proof that name does not exist, or a wildcard's answer that name itself does not; or that a type does not.
func (z *zone) deny(m *dns.Msg, do bool, names ...string) {
	if !do || z.key == nil {
		return
	}
	for _, name := range names {
		for _, rr := range z.covering(name) {
			if !slices.ContainsFunc(m.Ns, func(have dns.RR) bool { return dns.IsDuplicate(have, rr) }) {
				m.Ns = append(m.Ns, rr)
			}
		}
	}
}

// signedWorld has the root, com and example.com signed, org and plain.com not; sub.example.com is delegated without DS.
func signedWorld(t testing.TB, zone string, change ...func(*Config)) *world {
	w := comWorld(t, `
example.com. NS ns1.example.com.
example.com. NS ns2.example.com.
ns1.example.com. A 192.0.2.1
ns2.example.com. A 192.0.2.2
plain.com. NS ns1.plain.com.
ns1.plain.com. A 192.0.2.3
other.com. NS ns1.plain.com.
`, change...)
	w.serve(ns1Addr+" "+ns2Addr, soaOf("example.com")+`
example.com. NS ns1.example.com.
example.com. NS ns2.example.com.
ns1.example.com. A 192.0.2.1
ns2.example.com. A 192.0.2.2
sub.example.com. NS ns1.plain.com.
`+zone)
	w.serve(comAddr, soaOf("org"))
	w.serve("192.0.2.3", soaOf("plain.com")+"plain.com. NS ns1.plain.com.\nplain.com. CAA 0 issue \"ca.test\"\nalias.plain.com. CNAME example.com.\nloop.plain.com. CNAME loop.example.com.\n")
	w.serve("192.0.2.3", soaOf("other.com")+"other.com. NS ns1.plain.com.\nother.com. CAA 0 issue \"ca.test\"\nalias.other.com. CNAME plain.com.\nto.other.com. CNAME example.com.\n")
	w.serve("192.0.2.3", soaOf("sub.example.com")+"sub.example.com. NS ns1.plain.com.\nsub.example.com. CAA 0 issue \"ca.test\"\n")
	w.sign([]string{"."}, ".", "com", "example.com", "other.com")
	return w
}

const caaOfExample = `example.com. CAA 0 issue "ca.test"` + "\n*.wild.example.com. CAA 0 issue \"wild.test\"\na.ent.example.com. A 192.0.2.9\n" +
	"alias.example.com. CNAME www.other.com.\nto.example.com. CNAME plain.com.\ninner.example.com. CNAME example.com.\n"

func TestSecurity(t *testing.T) {
	for _, c := range []struct {
		name     string
		typ      wire.Type
		outcome  record.Outcome
		security record.Security
		reason   string
		brokenAt string
	}{
		{"example.com", wire.TypeCAA, record.Found, record.Secure, "", ""},
		{"example.com", wire.TypeMX, record.NoData, record.Secure, "", ""},
		{"none.example.com", wire.TypeCAA, record.NXDomain, record.Secure, "", ""},
		{"x.wild.example.com", wire.TypeCAA, record.Found, record.Secure, "", ""},
		{"x.wild.example.com", wire.TypeMX, record.NoData, record.Secure, "", ""},
		{"ent.example.com", wire.TypeCAA, record.NoData, record.Secure, "", ""},
		{"example.com", wire.TypeDNSKEY, record.Found, record.Secure, "", ""},
		{"example.com", wire.TypeDS, record.Found, record.Secure, "", ""},
		{"plain.com", wire.TypeDS, record.NoData, record.Secure, "", ""},
		{"com", wire.TypeCAA, record.NoData, record.Secure, "", ""},
		{"nothere.com", wire.TypeCAA, record.NXDomain, record.Secure, "", ""},
		{"nothere", wire.TypeCAA, record.NXDomain, record.Secure, "", ""},
		{"plain.com", wire.TypeCAA, record.Found, record.Insecure, "no-ds", "plain.com"},
		{"x.plain.com", wire.TypeCAA, record.NXDomain, record.Insecure, "no-ds", "plain.com"},
		{"org", wire.TypeCAA, record.NoData, record.Insecure, "no-ds", "org"},
		{"x.org", wire.TypeCAA, record.NXDomain, record.Insecure, "no-ds", "org"},
		{"sub.example.com", wire.TypeCAA, record.Found, record.Insecure, "no-ds", "sub.example.com"},
		{"inner.example.com", wire.TypeCAA, record.Found, record.Secure, "", ""},
		{"to.example.com", wire.TypeCAA, record.Found, record.Insecure, "no-ds", "plain.com"},
		{"alias.plain.com", wire.TypeCAA, record.Found, record.Insecure, "no-ds", "plain.com"},
		{"to.other.com", wire.TypeCAA, record.Found, record.Secure, "", ""},
	} {
		w := signedWorld(t, caaOfExample)
		for range 2 { // the second time with all that is known by then
			a := w.lookup(c.name, c.typ)
			if a.Outcome != c.outcome || a.Security != c.security || a.Reason != c.reason || a.BrokenAt != nameOrNone(c.brokenAt) {
				t.Errorf("%s %v: %v, %v (%s at %v)", c.name, c.typ, a.Outcome, a.Security, a.Reason, a.BrokenAt)
			}
		}
	}
}

func nameOrNone(text string) wire.Name {
	if text == "" {
		return ""
	}
	return wire.MustName(text)
}

// Bogus data are asked of another server before the answer is bogus (RFC 4035 4.7 leaves that to the resolver).
func TestBogus(t *testing.T) {
	stripped := func(x *served) { x.reply.Answer, x.reply.Ns = unsigned(x.reply.Answer), unsigned(x.reply.Ns) }
	forged := ifType(dns.TypeCAA, says(true, "example.com. 60 CAA 0 issue \"evil.test\"\n", "", ""))
	for _, c := range []struct {
		name     string
		servers  string
		fault    fault
		outcome  record.Outcome
		security record.Security
		reason   string
		brokenAt string
	}{
		{"stripped at one", ns1Addr, ifType(dns.TypeCAA, stripped), record.Found, record.Secure, "", ""},
		{"forged at one", ns2Addr, forged, record.Found, record.Secure, "", ""},
		{"keys stripped at one", ns2Addr, ifType(dns.TypeDNSKEY, stripped), record.Found, record.Secure, "", ""},
		{"stripped at both", ns1Addr + " " + ns2Addr, ifType(dns.TypeCAA, stripped), record.Bogus, record.BogusData, "no-signature", "example.com"},
		{"forged at both", ns1Addr + " " + ns2Addr, forged, record.Bogus, record.BogusData, "no-signature", "example.com"},
		{"keys stripped at both", ns1Addr + " " + ns2Addr, ifType(dns.TypeDNSKEY, stripped), record.Bogus, record.BogusData, "no-signature", "example.com"},
		{"no keys", ns1Addr + " " + ns2Addr, ifType(dns.TypeDNSKEY, says(true, "", "", "")), record.Bogus, record.BogusData, "no-dnskey", "example.com"},
		{"keys not to be had", ns1Addr + " " + ns2Addr, ifType(dns.TypeDNSKEY, silent), record.Timeout, record.Indeterminate, "chain-unreachable", "example.com"},
		{"nothing to be had", ns1Addr + " " + ns2Addr, silent, record.Timeout, record.Indeterminate, "signed-zone", ""},
		{"referral stripped", comAddr, ifType(dns.TypeCAA, stripped), record.Found, record.Secure, "", ""},
		{"zone above stripped", comAddr, stripped, record.Bogus, record.BogusData, "no-signature", "com"},
	} {
		w := signedWorld(t, caaOfExample)
		for _, addr := range strings.Fields(c.servers) {
			w.fault(addr, c.fault)
		}
		for i := range 4 {
			w.r.cfg.Rand = newRand(uint64(i))
			a := w.lookup("example.com", wire.TypeCAA)
			if a.Outcome != c.outcome || a.Security != c.security || a.Reason != c.reason || a.BrokenAt != nameOrNone(c.brokenAt) {
				t.Errorf("%s: %v, %v (%s at %v)", c.name, a.Outcome, a.Security, a.Reason, a.BrokenAt)
			}
			if a.Outcome.Failed() && a.Outcome != record.Bogus && a.Attempts < 2 {
				t.Errorf("%s: %d attempts, R3.4 asks for two", c.name, a.Attempts)
			}
			w.r = New(w.cfg)
		}
	}
}

// NXDOMAIN with the proof that the name exists without such records is NODATA; with no such proof it is bogus.
func TestDenialDecides(t *testing.T) {
	w := signedWorld(t, caaOfExample)
	for _, addr := range []string{ns1Addr, ns2Addr} {
		w.fault(addr, ifType(dns.TypeMX, func(x *served) { x.reply.Rcode = dns.RcodeNameError }))
	}
	if a := w.lookup("example.com", wire.TypeMX); a.Outcome != record.NoData || a.Security != record.Secure {
		t.Errorf("%v %v %s", a.Outcome, a.Security, a.Reason)
	}
	if a := w.lookup("x.wild.example.com", wire.TypeMX); a.Outcome != record.NoData || a.Security != record.Secure {
		t.Errorf("wildcard: %v %v %s", a.Outcome, a.Security, a.Reason)
	}
	if a := w.lookup("none.example.com", wire.TypeMX); a.Outcome != record.NXDomain || a.Security != record.Secure {
		t.Errorf("no name: %v %v %s", a.Outcome, a.Security, a.Reason)
	}
}

// A failure shows whether its zone is proven unsigned (spec rule R3.4).
func TestFailureSecurity(t *testing.T) {
	w := signedWorld(t, caaOfExample)
	w.fault("192.0.2.3", rcode(dns.RcodeServerFailure))
	a := w.lookup("plain.com", wire.TypeCAA)
	if a.Outcome != record.ServFail || a.Security != record.Insecure || a.Reason != "no-ds" || a.BrokenAt != wire.MustName("plain.com") {
		t.Errorf("%v %v %s %v", a.Outcome, a.Security, a.Reason, a.BrokenAt)
	}
	a = w.lookup("other.com", wire.TypeCAA)
	if a.Outcome != record.ServFail || a.Security != record.Indeterminate || a.Reason != "signed-zone" {
		t.Errorf("%v %v %s", a.Outcome, a.Security, a.Reason)
	}
}

func unsigned(rrs []dns.RR) []dns.RR {
	return slices.DeleteFunc(rrs, func(rr dns.RR) bool {
		return slices.Contains([]uint16{dns.TypeRRSIG, dns.TypeNSEC, dns.TypeDS}, rr.Header().Rrtype)
	})
}

// TestLazy: what no verdict depends on is not proven, and not asked for.
func TestLazy(t *testing.T) {
	w := signedWorld(t, caaOfExample, func(c *Config) { c.Lazy = true })
	a := w.lookup("example.com", wire.TypeMX)
	if a.Security != record.Indeterminate || a.Reason != "not-validated" || len(w.sentFor("example.com", dns.TypeDNSKEY)) > 0 {
		t.Errorf("%v %s", a.Security, a.Reason)
	}
	a = w.lookup("inner.example.com", wire.TypeCAA)
	if a.Security != record.Secure || a.Outcome != record.Found {
		t.Errorf("%v %v %s", a.Outcome, a.Security, a.Reason)
	}
}

// Islands of security: anchors below an unsigned zone (RFC 4033 2), with no anchor at the root, and at both.
func TestIslands(t *testing.T) {
	for _, anchors := range [][]string{{"example.com"}, {".", "example.com"}} {
		w := signedWorld(t, caaOfExample)
		w.sign(anchors, ".", "com", "example.com")
		a, b := w.lookup("example.com", wire.TypeCAA), w.lookup("com", wire.TypeCAA)
		wantCom := cmp.Or(len(anchors)-1, 2) // secure with the root's anchor, insecure without
		if a.Security != record.Secure || int(b.Security) != wantCom {
			t.Errorf("%v: example.com %v %s, com %v %s", anchors, a.Security, a.Reason, b.Security, b.Reason)
		}
	}
}

// Of a loop of aliases through several zones no security is claimed, whoever asks first, and at the same time.
func TestLoopSecurity(t *testing.T) {
	for first := range 3 {
		for _, together := range []bool{false, true} {
			w := signedWorld(t, "loop.example.com. CNAME loop.plain.com.\nin.example.com. CNAME loop.plain.com.\n")
			names := []string{"loop.example.com", "loop.plain.com", "in.example.com"}
			var clients [3]Client
			for i := range names {
				at := (first + i) % len(names)
				w.ask(&clients[at], names[at], wire.TypeCAA)
				if !together {
					w.run()
				}
			}
			w.run()
			for i := range names {
				a := w.results[&clients[i]][0]
				if a.Outcome != record.AliasLoop || a.Security != record.Indeterminate || a.Reason != "" {
					t.Errorf("%s, %s first, together %v: %v, %v (%s)", names[i], names[first], together, a.Outcome, a.Security, a.Reason)
				}
			}
		}
	}
}
