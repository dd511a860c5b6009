package farm

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// verify checks that every set of a section but those that are glue or delegations is signed by the key, and rightly.
func verify(t *testing.T, what string, section []dns.RR, key *dns.DNSKEY) (verified int) {
	t.Helper()
	type set struct {
		name string
		typ  uint16
	}
	sets, sigs := map[set][]dns.RR{}, map[set]*dns.RRSIG{}
	for _, rr := range section {
		at := set{strings.ToLower(rr.Header().Name), rr.Header().Rrtype}
		if sig, ok := rr.(*dns.RRSIG); ok {
			sigs[set{at.name, sig.TypeCovered}] = sig
			continue
		}
		sets[at] = append(sets[at], rr)
	}
	for at, rrs := range sets {
		sig := sigs[at]
		if sig == nil {
			if at.typ != dns.TypeNS {
				t.Errorf("%s: %v is not signed", what, rrs)
			}
			continue
		}
		if err := sig.Verify(key, rrs); err != nil || !sig.ValidityPeriod(time.Now()) {
			t.Errorf("%s: %v by %v: %v", what, rrs, sig, err)
		}
		verified++
	}
	return verified
}

// keyAt returns the key of a zone from its server, after checking that it signs itself and is that of the DS set, if
// there is one.
func keyAt(t *testing.T, f *Farm, server netip.Addr, zone string, ds *dns.DS) *dns.DNSKEY {
	t.Helper()
	m := ask(t, f, server, zone, dns.TypeDNSKEY, true)
	key, ok := m.Answer[0].(*dns.DNSKEY)
	if !ok || verify(t, zone+" DNSKEY", m.Answer, key) != 1 {
		t.Fatalf("%s: no key that signs itself: %v", zone, m)
	}
	if ds != nil && key.ToDS(dns.SHA256).Digest != strings.ToLower(ds.Digest) {
		t.Errorf("%s: %v is not of %v", zone, ds, key)
	}
	return key
}

func find[T dns.RR](section []dns.RR) (found T) {
	for _, rr := range section {
		if rr, ok := rr.(T); ok {
			found = rr
		}
	}
	return found
}

// TestChain follows the chain of trust from the root to every name of a signed world, and verifies each signature.
func TestChain(t *testing.T) {
	for _, world := range []string{"signed", "insecure"} {
		t.Run(world, func(t *testing.T) {
			w, f := start(t, testWorlds[world])
			root := keyAt(t, f, ipv4(rootAddr), ".", nil)
			if !strings.Contains(w.trustAnchor(), root.PublicKey) {
				t.Errorf("trust anchor %s is not %v", w.trustAnchor(), root)
			}
			tldKeys := map[string]*dns.DNSKEY{}
			for i := range min(w.cfg.Names, 60) {
				name := w.Name(i) + "."
				_, tld, _ := strings.Cut(name, ".")
				path := follow(t, f, name, dns.TypeCAA, true)
				verify(t, "referral to "+tld, path[0].Ns, root)
				if tldKeys[tld] == nil {
					tldKeys[tld] = keyAt(t, f, ipv4(w.addrOf(w.tldServer(i%w.cfg.TLDs))), tld, find[*dns.DS](path[0].Ns))
				}
				if verify(t, "referral to "+name, path[1].Ns, tldKeys[tld]) != 1 {
					t.Errorf("referral to %s: no proof: %v", name, path[1])
				}
				ds, last := find[*dns.DS](path[1].Ns), path[2]
				if world == "insecure" {
					nsec := find[*dns.NSEC](path[1].Ns)
					if ds != nil || nsec == nil || nsec.Hdr.Name != name || len(nsec.TypeBitMap) != 3 || nsec.TypeBitMap[0] != dns.TypeNS {
						t.Errorf("referral to %s: not proven insecure: %v", name, path[1])
					}
					if find[*dns.RRSIG](append(last.Answer, last.Ns...)) != nil {
						t.Errorf("%s: signed in a zone that is not: %v", name, last)
					}
					continue
				}
				key := keyAt(t, f, w.Addr(w.serverOf(i)), name, ds)
				verify(t, name, last.Answer, key)
				verify(t, name, last.Ns, key)
				switch nsec := find[*dns.NSEC](last.Ns); {
				case w.setOf(i) >= 0:
					if find[*dns.CAA](last.Answer) == nil || find[*dns.RRSIG](last.Answer) == nil {
						t.Errorf("%s: no signed set: %v", name, last)
					}
				case nsec == nil || nsec.Hdr.Name != name || nsec.NextDomain != name || strings.Contains(nsec.String(), "CAA"):
					t.Errorf("%s: denied by %v", name, nsec)
				}
			}
		})
	}
}

// TestDenials verifies the signatures and the meaning of the denials that a scan does not ask for.
func TestDenials(t *testing.T) {
	w, f := start(t, testWorlds["signed"])
	root, tldAddr := ipv4(rootAddr), ipv4(w.addrOf(w.tldServer(0)))
	rootKey, tldKey := keyAt(t, f, root, ".", nil), keyAt(t, f, tldAddr, "t0.", nil)
	zoneKey := keyAt(t, f, w.Addr(w.serverOf(0)), "z0.t0.", nil)
	for _, c := range []struct {
		server netip.Addr
		key    *dns.DNSKEY
		name   string
		typ    uint16
		rcode  int
	}{
		{root, rootKey, "com.", dns.TypeCAA, dns.RcodeNameError},
		{root, rootKey, "zz.", dns.TypeCAA, dns.RcodeNameError},
		{root, rootKey, "a.root.", dns.TypeCAA, dns.RcodeNameError},
		{root, rootKey, ".", dns.TypeCAA, dns.RcodeSuccess},
		{root, rootKey, "root.", dns.TypeCAA, dns.RcodeSuccess},
		{root, rootKey, "root.", dns.TypeA, dns.RcodeSuccess},
		{root, rootKey, ".", dns.TypeNS, dns.RcodeSuccess},
		{root, rootKey, ".", dns.TypeSOA, dns.RcodeSuccess},
		{root, rootKey, "t0.", dns.TypeDS, dns.RcodeSuccess},
		{tldAddr, tldKey, "t0.", dns.TypeCAA, dns.RcodeSuccess},
		{tldAddr, tldKey, "t0.", dns.TypeNS, dns.RcodeSuccess},
		{tldAddr, tldKey, "ns.t0.", dns.TypeA, dns.RcodeSuccess},
		{tldAddr, tldKey, "s1.t0.", dns.TypeA, dns.RcodeSuccess},
		{tldAddr, tldKey, "s1.t0.", dns.TypeCAA, dns.RcodeSuccess},
		{tldAddr, tldKey, "z0.t0.", dns.TypeDS, dns.RcodeSuccess},
		{tldAddr, tldKey, "a.t0.", dns.TypeCAA, dns.RcodeNameError},
		{tldAddr, tldKey, "z1.t0.", dns.TypeCAA, dns.RcodeNameError},
		{tldAddr, tldKey, "zz.t0.", dns.TypeCAA, dns.RcodeNameError},
		{tldAddr, tldKey, "b.a.s1.t0.", dns.TypeCAA, dns.RcodeNameError},
		{w.Addr(w.serverOf(0)), zoneKey, "z0.t0.", dns.TypeNS, dns.RcodeSuccess},
		{w.Addr(w.serverOf(0)), zoneKey, "z0.t0.", dns.TypeMX, dns.RcodeSuccess},
		{w.Addr(w.serverOf(0)), zoneKey, "n1.z0.t0.", dns.TypeCAA, dns.RcodeNameError},
	} {
		m := ask(t, f, c.server, c.name, c.typ, true)
		if m.Rcode != c.rcode {
			t.Errorf("%s %s: %s", c.name, dns.TypeToString[c.typ], dns.RcodeToString[m.Rcode])
		}
		if verify(t, c.name, append(m.Answer, m.Ns...), c.key) == 0 {
			t.Errorf("%s %s: nothing signed: %v", c.name, dns.TypeToString[c.typ], m)
		}
		if len(m.Answer) > 0 {
			if find[*dns.RRSIG](m.Answer) == nil {
				t.Errorf("%s: %v", c.name, m)
			}
			continue
		}
		if c.rcode == dns.RcodeSuccess {
			nsec := find[*dns.NSEC](m.Ns)
			if nsec == nil || nsec.Hdr.Name != c.name {
				t.Errorf("%s %s: denied by %v", c.name, dns.TypeToString[c.typ], nsec)
			}
			continue
		}
		if !covered(m.Ns, c.name) {
			t.Errorf("%s: not covered: %v", c.name, m)
		}
	}
}

// covered reports whether an NSEC record covers a name.
func covered(section []dns.RR, name string) bool {
	for _, rr := range section {
		if nsec, ok := rr.(*dns.NSEC); ok {
			after := canonicalLess(nsec.Hdr.Name, name)
			before := canonicalLess(name, nsec.NextDomain)
			last := !canonicalLess(nsec.Hdr.Name, nsec.NextDomain)
			if after && (before || last) {
				return true
			}
		}
	}
	return false
}

// canonicalLess is the order of RFC 4034 6.1, for names of plain letters.
func canonicalLess(a, b string) bool {
	x, y := dns.SplitDomainName(a), dns.SplitDomainName(b)
	for i := 1; i <= len(x) && i <= len(y); i++ {
		if p, q := x[len(x)-i], y[len(y)-i]; p != q {
			return p < q
		}
	}
	return len(x) < len(y)
}
