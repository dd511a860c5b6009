package main

import (
	"crypto"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// signedExample is a small zone with NSEC, signed here.
func signedExample(t *testing.T) *signedZone {
	t.Helper()
	record := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: "z.test.", Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 60},
		Flags: dns.ZONE | dns.SEP, Protocol: 3, Algorithm: dns.ECDSAP256SHA256,
	}
	private, err := record.Generate(256)
	if err != nil {
		t.Fatal(err)
	}
	s := &signedZone{
		zone: &zone{name: "z.test.", parent: &zone{name: "test."}},
		now:  time.Now(),
		keys: []signingKey{{&key{alg: record.Algorithm, published: true}, record, private.(crypto.Signer)}},
	}
	s.rrs = append(records(t,
		"z.test. 60 IN SOA ns.z.test. h.z.test. 1 2 3 4 60",
		"a.z.test. 60 IN A 192.0.2.1",
		"cut.z.test. 60 IN NS ns.elsewhere.test.",
		"z.test. 60 IN NSEC a.z.test. SOA RRSIG NSEC DNSKEY",
		"a.z.test. 60 IN NSEC cut.z.test. A RRSIG NSEC",
		"cut.z.test. 60 IN NSEC z.test. NS RRSIG NSEC",
	), record)
	for _, rr := range s.rrs {
		if rr.Header().Rrtype == dns.TypeNS {
			continue
		}
		sig := &dns.RRSIG{
			Hdr: dns.RR_Header{Ttl: 60}, Algorithm: record.Algorithm, KeyTag: record.KeyTag(), SignerName: "z.test.",
			Inception: uint32(s.now.Add(-time.Hour).Unix()), Expiration: uint32(s.now.Add(time.Hour).Unix()),
		}
		if err := sig.Sign(s.keys[0].signer, []dns.RR{rr}); err != nil {
			t.Fatal(err)
		}
		s.rrs = append(s.rrs, sig)
	}
	return s
}

// rrset returns a record and the signature of its RRset; nil for what is not there.
func (s *signedZone) rrset(owner string, typ uint16) (rr dns.RR, sig *dns.RRSIG) {
	for _, r := range s.rrs {
		if r.Header().Name != owner {
			continue
		}
		if covering, ok := r.(*dns.RRSIG); ok && covering.TypeCovered == typ {
			sig = covering
		} else if r.Header().Rrtype == typ {
			rr = r
		}
	}
	return rr, sig
}

// verify says what is wrong with the signature of a set.
func (s *signedZone) verify(owner string, typ uint16) error {
	rr, sig := s.rrset(owner, typ)
	return sig.Verify(s.keys[0].record, []dns.RR{rr})
}

// TestEdits: an edit changes what it says, and what it signs again is well signed.
func TestEdits(t *testing.T) {
	edited := func(edits ...func(*signedZone) error) *signedZone {
		s := signedExample(t)
		if err := all(edits)(s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	bitmap := func(s *signedZone, owner string) string {
		rr, _ := s.rrset(owner, dns.TypeNSEC)
		_, list, _ := strings.Cut(rr.(*dns.NSEC).String(), "test. ")
		return list
	}

	s := edited(setBits(atCuts, dns.TypeSOA))
	if bitmap(s, "cut.z.test.") != "NS SOA RRSIG NSEC" || bitmap(s, "a.z.test.") != "A RRSIG NSEC" {
		t.Error("setBits at cuts:", bitmap(s, "cut.z.test."), "and", bitmap(s, "a.z.test."))
	}
	if err := s.verify("cut.z.test.", dns.TypeNSEC); err != nil {
		t.Error("setBits:", err)
	}
	if s := edited(clearBits(belowApex, dns.TypeA, dns.TypeRRSIG)); bitmap(s, "a.z.test.") != "NSEC" || bitmap(s, "z.test.") != "SOA RRSIG NSEC DNSKEY" {
		t.Error("clearBits below the apex:", bitmap(s, "a.z.test."), "and", bitmap(s, "z.test."))
	}
	if err := edited(corruptSigs(dns.TypeA)).verify("a.z.test.", dns.TypeA); err == nil {
		t.Error("corruptSigs left a good signature")
	}
	if err := edited(corruptSigs(dns.TypeA)).verify("a.z.test.", dns.TypeNSEC); err != nil {
		t.Error("corruptSigs of A did so to NSEC:", err)
	}
	s = edited(resigned(-2*day, -day, dns.TypeA))
	if _, sig := s.rrset("a.z.test.", dns.TypeA); sig.ValidityPeriod(s.now) || s.verify("a.z.test.", dns.TypeA) != nil {
		t.Error("resigned into the past: not expired, or not well signed")
	}
	s = edited(dropSigs(dns.TypeA), dropTypes(dns.TypeNSEC))
	if _, sig := s.rrset("a.z.test.", dns.TypeA); sig != nil {
		t.Error("dropSigs left a signature")
	}
	if rr, sig := s.rrset("a.z.test.", dns.TypeNSEC); rr != nil || sig != nil {
		t.Error("dropTypes left NSEC")
	}
	s = edited(wrongSigner)
	if _, sig := s.rrset("a.z.test.", dns.TypeA); sig.SignerName != "test." {
		t.Error("wrongSigner:", sig)
	}
	s = edited(raiseTTL)
	if rr, sig := s.rrset("a.z.test.", dns.TypeA); rr.Header().Ttl != 120 || sig.OrigTtl != 60 || s.verify("a.z.test.", dns.TypeA) != nil {
		t.Error("raiseTTL:", rr, sig)
	}
	s = edited(spanAll)
	if rr, _ := s.rrset("z.test.", dns.TypeNSEC); rr.(*dns.NSEC).NextDomain != "z.test." || s.verify("z.test.", dns.TypeNSEC) != nil {
		t.Error("spanAll:", rr)
	}
	s = edited(overlap)
	if rr, _ := s.rrset("z.test.", dns.TypeNSEC); rr.(*dns.NSEC).NextDomain != "cut.z.test." || s.verify("z.test.", dns.TypeNSEC) != nil {
		t.Error("overlap:", rr)
	}
	s = edited(dropEveryThird(1))
	if rr, sig := s.rrset("a.z.test.", dns.TypeNSEC); rr != nil || sig != nil {
		t.Error("dropEveryThird left the second:", rr, sig)
	}
	if rr, sig := s.rrset("z.test.", dns.TypeNSEC); rr == nil || sig == nil {
		t.Error("dropEveryThird took the first")
	}
}

// TestDisguise: the signature is that of the wildcard of the parent (RFC 4035 5.3.2).
func TestDisguise(t *testing.T) {
	s := signedExample(t)
	if err := disguise(s); err != nil {
		t.Fatal(err)
	}
	rr, sig := s.rrset("a.z.test.", dns.TypeA)
	if sig == nil || sig.Labels != 2 {
		t.Fatalf("no signature of a wildcard: %v", sig)
	}
	if err := sig.Verify(s.keys[0].record, []dns.RR{rr}); err != nil {
		t.Error("does not verify as made from a wildcard:", err)
	}
}

// TestNoZoneKeys: without the flag a key has another tag, and its signatures say so.
func TestNoZoneKeys(t *testing.T) {
	s := signedExample(t)
	s.keys[0].noZone = true
	changed := *s.keys[0].record // as readKey gives it
	changed.Flags &^= dns.ZONE
	s.keys[0].record = &changed
	if err := noZoneKeys(s); err != nil {
		t.Fatal(err)
	}
	rr, sig := s.rrset("z.test.", dns.TypeDNSKEY)
	if record := rr.(*dns.DNSKEY); record.Flags != dns.SEP || sig.KeyTag != record.KeyTag() {
		t.Errorf("%v signed by %d", record, sig.KeyTag)
	}
}
