package resolve

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// testFile is the file of a zone of the test world: what its servers hold when it is made. It implements Zones.
type testFile struct {
	zone        *record.Zone
	delegations map[wire.Name]*record.Delegation
	only        *record.Delegation
}

func (f *testFile) Zone(apex wire.Name) *record.Zone {
	if apex != f.zone.Apex {
		return nil
	}
	return f.zone
}

func (f *testFile) Delegation(apex, name wire.Name) *record.Delegation {
	var found *record.Delegation
	for ; apex == f.zone.Apex && name.Below(apex); name = name.Parent() {
		if d := f.delegations[name]; d != nil {
			found = d
		}
	}
	return found
}

// recordsOf converts records of miekg/dns.
func recordsOf(t testing.TB, from []dns.RR) (all []record.RR) {
	t.Helper()
	for _, rr := range from {
		msg := dns.Msg{Question: []dns.Question{{Name: ".", Qtype: dns.TypeANY, Qclass: dns.ClassINET}}, Answer: []dns.RR{rr}}
		packed, err := msg.Pack()
		if err != nil {
			t.Fatal(err)
		}
		var m wire.Message
		if err := m.Parse(packed); err != nil {
			t.Fatal(err)
		}
		owner, err := m.Owner(m.RRs[0])
		if err != nil {
			t.Fatal(err)
		}
		data, err := m.AppendRData(nil, m.RRs[0])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, record.RR{Owner: owner, Type: m.RRs[0].Type, Class: wire.ClassIN, TTL: m.RRs[0].TTL, Data: data})
	}
	return all
}

// file makes the file of a zone that the server at addr has, as it was so long ago, and has the Resolver use it.
func (w *world) file(addr, apex string, age time.Duration) *testFile {
	w.t.Helper()
	zones := w.server(addr).zones
	at := slices.IndexFunc(zones, func(z *zone) bool { return z.apex == dns.Fqdn(apex) })
	z := zones[at]
	f := &testFile{delegations: map[wire.Name]*record.Delegation{}}
	f.zone = &record.Zone{ZoneVersion: record.ZoneVersion{Apex: wire.MustName(apex), Serial: 7}, At: uint32(w.now.Add(-age) / 1e9)}
	if z.key != nil {
		f.zone.Signed = f.zone.At
	}
	for typ := range z.rrs[z.apex] {
		f.zone.Records = append(f.zone.Records, recordsOf(w.t, z.signed(z.apex, typ, true))...)
	}
	for owner, sets := range z.rrs {
		if owner == z.apex || len(sets[dns.TypeNS]) == 0 {
			continue
		}
		d := &record.Delegation{Name: wire.MustName(owner), Zone: f.zone, TTL: sets[dns.TypeNS][0].Header().Ttl, Whole: true}
		if len(sets[dns.TypeDS]) > 0 {
			d.DS = recordsOf(w.t, z.signed(owner, dns.TypeDS, true))
		}
		for _, rr := range sets[dns.TypeNS] {
			s := record.DelegatedServer{Name: wire.MustName(rr.(*dns.NS).Ns), TTL: 3600}
			for _, glue := range z.rrs[rr.(*dns.NS).Ns][dns.TypeA] {
				addr, _ := netip.AddrFromSlice(glue.(*dns.A).A.To4())
				s.Addrs = append(s.Addrs, addr)
			}
			d.Servers = append(d.Servers, s)
		}
		slices.SortFunc(d.Servers, func(a, b record.DelegatedServer) int { return strings.Compare(string(a.Name), string(b.Name)) })
		f.delegations[d.Name] = d
	}
	w.r.cfg.Zones = f
	w.r.cfg.Delegation = func(uint32) *record.Delegation { return f.only }
	return f
}

// wantParent holds the packets to the servers of com against what is wanted.
func (w *world) wantParent(what string, want int) {
	w.t.Helper()
	if sent := w.sentTo(comAddr); len(sent) != want {
		w.t.Errorf("%s: %d packets to the servers of the zone of the file, want %d: %v", what, len(sent), want, sent)
	}
}

// What is found with the file of com is what TestSecurity finds without, at its apex and below, and its servers are asked
// nothing; nor when the delegation is known of the name alone.
func TestZoneFile(t *testing.T) {
	for _, c := range []struct {
		name     string
		typ      wire.Type
		outcome  record.Outcome
		security record.Security
		reason   string
		brokenAt string
		told     record.Presence
	}{
		{"example.com", wire.TypeCAA, record.Found, record.Secure, "", "", record.Present},
		{"none.example.com", wire.TypeCAA, record.NXDomain, record.Secure, "", "", record.Present},
		{"com", wire.TypeCAA, record.NoData, record.Secure, "", "", record.Present},
		{"com", wire.TypeSOA, record.Found, record.Secure, "", "", record.Present},
		{"com", wire.TypeDNSKEY, record.Found, record.Secure, "", "", record.Present},
		{"plain.com", wire.TypeCAA, record.Found, record.Insecure, "no-ds", "plain.com", record.Absent},
		{"x.plain.com", wire.TypeCAA, record.NXDomain, record.Insecure, "no-ds", "plain.com", record.Absent},
		{"sub.example.com", wire.TypeCAA, record.Found, record.Insecure, "no-ds", "sub.example.com", record.Absent},
		{"to.example.com", wire.TypeCAA, record.Found, record.Insecure, "no-ds", "plain.com", record.Present},
		{"to.other.com", wire.TypeCAA, record.Found, record.Secure, "", "", record.Present},
	} {
		w := signedWorld(t, caaOfExample)
		w.file(comAddr, "com", time.Hour)
		for range 2 {
			a := w.lookup(c.name, c.typ)
			if a.Outcome != c.outcome || a.Security != c.security || a.Reason != c.reason || a.BrokenAt != nameOrNone(c.brokenAt) || a.DS != c.told {
				t.Errorf("%s %v: %v, %v (%s at %v), DS %v", c.name, c.typ, a.Outcome, a.Security, a.Reason, a.BrokenAt, a.DS)
			}
		}
		w.wantParent(c.name, 0)
	}
	w := signedWorld(t, caaOfExample)
	f := w.file(comAddr, "com", time.Hour)
	f.only = f.delegations[wire.MustName("example.com")]
	f.delegations = nil
	if a := w.lookup("example.com", wire.TypeCAA); a.Security != record.Secure || len(a.NS) != 2 {
		t.Errorf("%v, servers %v", a.Security, a.NS)
	}
	w.wantParent("a delegation alone", 0)
}

// What the file of a zone says, where it is older than a referral may get, or bogus, or lacks something.
func TestZoneFileInDoubt(t *testing.T) {
	moved := func(f *testFile, w *world) { // the file has servers that do not serve the zone any more
		d := *f.delegations[wire.MustName("example.com")]
		d.Servers = []record.DelegatedServer{{Name: wire.MustName("ns1.plain.com"), Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.3")}, TTL: 3600}}
		f.delegations[d.Name] = &d
	}
	nowhere := func(f *testFile, w *world) { // no server has an address
		d := *f.delegations[wire.MustName("example.com")]
		d.Servers = []record.DelegatedServer{{Name: wire.MustName("gone.plain.com")}}
		f.delegations[d.Name] = &d
	}
	otherKey := func(f *testFile, w *world) { // the DS is that of a key that is not there any more, and signed
		d := *f.delegations[wire.MustName("other.com")]
		d.Name = wire.MustName("example.com")
		d.Servers = f.delegations[d.Name].Servers
		z := w.server(comAddr).zones[0]
		ds := dns.Copy(z.rrs["other.com."][dns.TypeDS][0]).(*dns.DS)
		ds.Hdr.Name = "example.com."
		sig := &dns.RRSIG{Hdr: dns.RR_Header{Ttl: 3600}, Algorithm: z.key.key.Algorithm, KeyTag: z.key.key.KeyTag(), SignerName: "com.",
			Inception: uint32(z.key.from.Add(-time.Hour).Unix()), Expiration: uint32(z.key.from.Add(240 * time.Hour).Unix())}
		if err := sig.Sign(z.key.private, []dns.RR{ds}); err != nil {
			t.Fatal(err)
		}
		d.DS = recordsOf(t, []dns.RR{ds, sig})
		f.delegations[d.Name] = &d
	}
	forged := func(f *testFile, w *world) {
		d := *f.delegations[wire.MustName("example.com")]
		d.DS = slices.Clone(d.DS)
		last := &d.DS[len(d.DS)-1]
		last.Data = slices.Clone(last.Data)
		last.Data[len(last.Data)-1] ^= 1
		f.delegations[d.Name] = &d
	}
	stripped := func(f *testFile, w *world) { // of all signatures, and of DS and keys with them
		f.zone.Signed = 0
		f.zone.Records = slices.DeleteFunc(f.zone.Records, func(rr record.RR) bool { return rr.Type != wire.TypeSOA && rr.Type != wire.TypeNS })
		for _, d := range f.delegations {
			d.DS = nil
		}
	}
	const day = 24 * time.Hour
	for _, c := range []struct {
		what     string
		age      time.Duration
		change   func(*testFile, *world)
		outcome  record.Outcome
		security record.Security
		reason   string
		parent   int // packets
	}{
		{"as good as a cached referral: moved", 10 * time.Minute, moved, record.Refused, record.Indeterminate, "signed-zone", 0},
		{"older: moved", 9 * day, moved, record.Found, record.Secure, "", 1},
		{"of unknown age: moved", 1 << 62, moved, record.Found, record.Secure, "", 1},
		{"as good as a cached referral: without address", 10 * time.Minute, nowhere, record.Lame, record.Indeterminate, "signed-zone", 0},
		{"older: without address", 9 * day, nowhere, record.Found, record.Secure, "", 1},
		{"as good as a cached referral: other key", 10 * time.Minute, otherKey, record.Bogus, record.BogusData, "no-matching-ds", 0},
		{"older: other key", 9 * day, otherKey, record.Found, record.Secure, "", 2},
		{"as good as a cached referral: forged", 10 * time.Minute, forged, record.Bogus, record.BogusData, "bad-signature", 0},
		{"older: forged", 9 * day, forged, record.Found, record.Secure, "", 1},
		{"stripped", time.Hour, stripped, record.Found, record.Secure, "", 2},
		{"older", 9 * day, func(*testFile, *world) {}, record.Found, record.Secure, "", 0},
	} {
		w := signedWorld(t, caaOfExample)
		f := w.file(comAddr, "com", min(c.age, 9*day))
		if c.age > 9*day {
			f.zone.At = 0
		}
		c.change(f, w)
		w.fault("192.0.2.3", ifName("example.com.", func(x *served) { x.reply.Rcode, x.reply.Answer, x.reply.Ns = dns.RcodeRefused, nil, nil }))
		a := w.lookup("example.com", wire.TypeCAA)
		if a.Outcome != c.outcome || a.Security != c.security || a.Reason != c.reason {
			t.Errorf("%s: %v (%s), %v (%s at %v)", c.what, a.Outcome, a.Cause, a.Security, a.Reason, a.BrokenAt)
		}
		w.wantParent(c.what, c.parent)
	}
}

// ifName applies a fault to questions about a name.
func ifName(name string, f fault) fault {
	return func(x *served) {
		if strings.EqualFold(x.query.Question[0].Name, name) {
			f(x)
		}
	}
}

// Where the file's keys do not hold, those of the servers are asked for, and what the file answers of the apex is proven by
// them.
func TestZoneFileWithWrongKeys(t *testing.T) {
	w := signedWorld(t, caaOfExample)
	f := w.file(comAddr, "com", time.Hour)
	for i, rr := range f.zone.Records {
		if rr.Type == wire.TypeDNSKEY {
			f.zone.Records[i].Data = slices.Clone(rr.Data)
			f.zone.Records[i].Data[10] ^= 1
		}
	}
	if a := w.lookup("com", wire.TypeCAA); a.Security != record.Secure || a.Outcome != record.NoData {
		t.Errorf("%v %v (%s)", a.Outcome, a.Security, a.Reason)
	}
	w.wantParent("keys", 1)
}

// Many names at once, with none of the links known: each way down is by the file.
func TestZoneFileForMany(t *testing.T) {
	w := signedWorld(t, caaOfExample)
	w.file(comAddr, "com", time.Hour)
	names := []string{"example.com", "plain.com", "other.com", "www.example.com", "com", "x.plain.com"}
	clients := make([]Client, 5*len(names))
	for i := range clients {
		w.ask(&clients[i], names[i%len(names)], wire.TypeCAA)
	}
	w.run()
	for i := range clients {
		if a := w.results[&clients[i]]; len(a) != 1 || a[0].Outcome.Failed() {
			t.Errorf("%s: %v", names[i%len(names)], a)
		}
	}
	w.wantParent("many", 0)
	w.idle()
}

// Without validation the file's delegation is taken, and nothing is said of DS, as without the file.
func TestZoneFileUnvalidated(t *testing.T) {
	w := exampleWorld(t, someCAA)
	w.file(comAddr, "com", time.Hour)
	a := w.lookup("example.com", wire.TypeCAA)
	if a.Outcome != record.Found || a.DS != record.NotKnown || a.Reason != "not-validated" {
		t.Errorf("%v, DS %v, %s", a.Outcome, a.DS, a.Reason)
	}
	if a := w.lookup("com", wire.TypeCAA); a.Outcome != record.NoData || a.Reason != "not-validated" || a.TTL == 0 {
		t.Errorf("com: %v (%s), TTL %d", a.Outcome, a.Reason, a.TTL)
	}
	w.wantParent("unvalidated", 0)
}
