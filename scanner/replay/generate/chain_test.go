package generate

import (
	"github.com/miekg/dns"
)

// vouched makes example.com with the DS records that make returns of its key-signing and its zone-signing key.
func (w *world) vouched(ds func(ksk, zsk *key) []dns.RR) *zone {
	z := w.signed(wwwCAA)
	z.ds = ds(z.ksk[0], z.zsk[0])
	return z
}

// wrong returns a DS record with another digest.
func wrong(ds *dns.DS) *dns.DS {
	first := "0"
	if ds.Digest[0] == '0' {
		first = "1"
	}
	ds.Digest = first + ds.Digest[1:]
	return ds
}

var ds = []scenario{
	{"sha256", "A DS record with SHA-256 vouches for the key", "RFC 4509 2, RFC 4035 5.2", func(w *world) {
		w.vouched(func(ksk, _ *key) []dns.RR { return []dns.RR{digestOf(ksk, dns.SHA256)} })
		w.ask(www).found(issue).isSecure()
	}},
	{"sha384", "A DS record with SHA-384 vouches for the key", "RFC 6605 2", func(w *world) {
		w.vouched(func(ksk, _ *key) []dns.RR { return []dns.RR{digestOf(ksk, dns.SHA384)} })
		w.ask(www).found(issue).isSecure()
	}},
	{"sha1", "A DS record with SHA-1 alone vouches for the key", "RFC 4034 5.1.4, RFC 9905 2", func(w *world) {
		w.vouched(func(ksk, _ *key) []dns.RR { return []dns.RR{digestOf(ksk, dns.SHA1)} })
		w.ask(www).found(issue).isSecure()
	}},
	{"sha1-refused", "If policy refuses SHA-1, a DS record with SHA-1 alone makes the zone insecure", "RFC 9905 2, RFC 6840 5.2", func(w *world) {
		w.config = []string{"; caascan: no-sha1"}
		w.vouched(func(ksk, _ *key) []dns.RR { return []dns.RR{digestOf(ksk, dns.SHA1)} })
		w.ask(www).found(issue).isInsecure("unsupported-digest", "example.com.")
	}},
	{"unknown-digest", "DS records with unknown digests alone make the zone insecure", "RFC 6840 5.2", func(w *world) {
		w.vouched(func(ksk, _ *key) []dns.RR { return []dns.RR{digestOf(ksk, 3), digestOf(ksk, 199)} })
		w.ask(www).found(issue).isInsecure("unsupported-digest", "example.com.")
	}},
	{"unknown-digest-beside", "A DS record with an unknown digest beside a good one changes nothing", "RFC 6840 5.2", func(w *world) {
		w.vouched(func(ksk, _ *key) []dns.RR { return []dns.RR{digestOf(ksk, 199), digestOf(ksk, dns.SHA256)} })
		w.ask(www).found(issue).isSecure()
	}},
	{"unknown-digest-beside-wrong", "A DS record with an unknown digest does not excuse a wrong one", "RFC 6840 5.2, RFC 4035 5.2", func(w *world) {
		w.vouched(func(ksk, _ *key) []dns.RR { return []dns.RR{digestOf(ksk, 199), wrong(digestOf(ksk, dns.SHA256))} })
		w.ask(www).isBogus("no-matching-ds", "example.com.")
	}},
	{"sha1-wrong-beside", "A wrong SHA-1 digest beside a good SHA-256 one is not looked at", "RFC 4509 3", func(w *world) {
		w.vouched(func(ksk, _ *key) []dns.RR { return []dns.RR{wrong(digestOf(ksk, dns.SHA1)), digestOf(ksk, dns.SHA256)} })
		w.ask(www).found(issue).isSecure()
	}},
	{"sha1-right-beside", "A good SHA-1 digest does not help a wrong SHA-256 one: no downgrade", "RFC 4509 3", func(w *world) {
		w.vouched(func(ksk, _ *key) []dns.RR { return []dns.RR{digestOf(ksk, dns.SHA1), wrong(digestOf(ksk, dns.SHA256))} })
		w.ask(www).isBogus("no-matching-ds", "example.com.")
	}},
	{"wrong-digest", "A digest that does not fit makes the zone bogus", "RFC 4035 5.2", func(w *world) {
		w.vouched(func(ksk, _ *key) []dns.RR { return []dns.RR{wrong(digestOf(ksk, dns.SHA256))} })
		w.ask(www).isBogus("no-matching-ds", "example.com.")
	}},
	{"wrong-tag", "A DS record with the right digest and another key tag vouches for nothing", "RFC 4035 5.2", func(w *world) {
		w.vouched(func(ksk, _ *key) []dns.RR { ds := digestOf(ksk, dns.SHA256); ds.KeyTag ^= 1; return []dns.RR{ds} })
		w.ask(www).isBogus("no-matching-ds", "example.com.")
	}},
	{"wrong-algorithm", "A DS record with the right digest and another known algorithm vouches for nothing", "RFC 4035 5.2", func(w *world) {
		w.vouched(func(ksk, _ *key) []dns.RR {
			ds := digestOf(ksk, dns.SHA256)
			ds.Algorithm = rsaSHA256
			return []dns.RR{ds}
		})
		w.ask(www).isBogus("no-matching-ds", "example.com.")
	}},
	{"unknown-algorithm", "DS records with unknown algorithms alone make the zone insecure", "RFC 4035 5.2", func(w *world) {
		w.vouched(func(ksk, _ *key) []dns.RR {
			ds := digestOf(ksk, dns.SHA256)
			ds.Algorithm = unknownAlg
			return []dns.RR{ds}
		})
		w.ask(www).found(issue).isInsecure("unsupported-algorithm", "example.com.")
	}},
	{"stale-beside", "A DS record of a key that is gone beside a good one changes nothing", "RFC 4035 5.2, RFC 6781 4.1.2", func(w *world) {
		w.vouched(func(ksk, _ *key) []dns.RR {
			return []dns.RR{digestOf(newKey("example.com.", kskFlags, p256, 5), dns.SHA256), digestOf(ksk, dns.SHA256)}
		})
		w.ask(www).found(issue).isSecure()
	}},
	{"stale", "DS records of keys that are all gone make the zone bogus", "RFC 4035 5.2, RFC 6781 4.1.2", func(w *world) {
		w.vouched(func(_, _ *key) []dns.RR {
			return []dns.RR{digestOf(newKey("example.com.", kskFlags, p256, 5), dns.SHA256), digestOf(newKey("example.com.", kskFlags, ed25519Alg, 6), dns.SHA256)}
		})
		w.ask(www).isBogus("no-matching-ds", "example.com.")
	}},
	{"for-zone-signing-key", "A DS record may vouch for a key without the SEP flag", "RFC 4034 2.1.1, RFC 4035 5.2", func(w *world) {
		z := w.vouched(func(_, zsk *key) []dns.RR { return []dns.RR{digestOf(zsk, dns.SHA256)} })
		z.ksk = z.zsk
		z.ds = []dns.RR{digestOf(z.zsk[0], dns.SHA256)}
		w.ask(www).found(issue).isSecure()
	}},
	{"key-does-not-sign", "The key that a DS record vouches for must have signed the DNSKEY set", "RFC 4035 5.2", func(w *world) {
		z := w.signed(wwwCAA)
		z.ds = []dns.RR{digestOf(z.ksk[0], dns.SHA256)}
		z.signs("DNSKEY", signature{by: z.zsk[0]})
		w.ask(www).isBogus("no-matching-key", "example.com.")
	}},
	{"for-revoked-key", "A revoked key is no way in, though a DS record names it", "RFC 5011 2.1", func(w *world) {
		z := w.signed(wwwCAA)
		k := newKey("example.com.", kskFlags|revoked, p256, 0)
		z.keys, z.ksk = []*key{k, z.zsk[0]}, []*key{k}
		w.ask(www).isBogus("no-matching-ds", "example.com.")
	}},
	{"for-no-zone-key", "A key without the flag of a zone key is no way in, though a DS record names it", "RFC 4034 5.2", func(w *world) {
		z := w.signed(wwwCAA)
		k := newKey("example.com.", 0, p256, 0)
		z.keys, z.ksk = []*key{k, z.zsk[0]}, []*key{k}
		w.ask(www).isBogus("no-matching-ds", "example.com.")
	}},
	{"no-keys", "A zone with a DS record and without DNSKEY is bogus", "RFC 4035 5.2", func(w *world) {
		w.signed(wwwCAA)
		w.all("example.com. DNSKEY", func(m *dns.Msg) {
			m.Answer, m.Ns = nil, parse("example.com. SOA ns1.example.com. hostmaster.example.com. 1 7200 3600 1209600 600", ".")
		})
		w.ask(www).isBogus("no-dnskey", "example.com.")
	}},
	{"keys-unsigned", "A DNSKEY set without signature is bogus", "RFC 4035 5.2, 5.3", func(w *world) {
		w.signed(wwwCAA).signs("DNSKEY", signature{none: true})
		w.ask(www).isBogus("no-signature", "example.com.")
	}},
	{"keys-broken", "A DNSKEY set with a broken signature is bogus", "RFC 4035 5.3.3", func(w *world) {
		w.signed(wwwCAA).signs("DNSKEY", signature{broken: true})
		w.ask(www).isBogus("bad-signature", "example.com.")
	}},
	{"keys-wrong-at-one", "If one server has other keys, another is asked", "RFC 4035 5.5", func(w *world) {
		w.signed(wwwCAA)
		w.change(ns1, "example.com. DNSKEY", func(m *dns.Msg) {
			k := newKey("example.com.", kskFlags, p256, 9)
			m.Answer = []dns.RR{k.DNSKEY, rrsig(k, []dns.RR{k.DNSKEY}, from, until, signature{})}
		})
		w.ask(www).found(issue).isSecure()
	}},
	{"keys-silent", "If no server sends the keys, nothing can be told", "RFC 4035 4.3 (Indeterminate), spec rule R6.1", func(w *world) {
		w.signed(wwwCAA)
		w.all("example.com. DNSKEY", func(m *dns.Msg) { m.Rcode = silent })
		a := w.ask(www)
		a.rcode, a.noAnswer = "SERVFAIL", true
		a.isIndeterminate("chain-unreachable", "example.com.")
	}},
	{"unsigned", "A DS record without signature makes the zone bogus, at the zone above", "RFC 4035 5.2", func(w *world) {
		w.signed(wwwCAA)
		w.of("com.").signs("example.com. DS", signature{none: true})
		w.ask(www).isBogus("no-signature", "com.")
	}},
	{"broken", "A DS record with a broken signature makes the zone bogus, at the zone above", "RFC 4035 5.2", func(w *world) {
		w.signed(wwwCAA)
		w.of("com.").signs("example.com. DS", signature{broken: true})
		w.ask(www).isBogus("bad-signature", "com.")
	}},
	{"not-in-referral", "A DS record that the referral lacks is asked for", "RFC 4035 3.1.4.1, 5.2", func(w *world) {
		w.signed(wwwCAA)
		w.change(comAddr, "example.com. NS", noRecords)
		w.ask(www).found(issue).isSecure()
	}},
	{"forged-in-referral", "A DS record in the referral that is not right is asked for again", "RFC 4035 5.2", func(w *world) {
		w.signed(wwwCAA)
		w.change(comAddr, "example.com. NS", func(m *dns.Msg) {
			for i, rr := range m.Ns {
				if rr.Header().Rrtype == dns.TypeDS {
					m.Ns[i] = wrong(dns.Copy(rr).(*dns.DS))
				}
			}
		})
		w.ask(www).found(issue).isSecure()
	}},
	{"child-answers", "A server of the child denies its own DS; the zone above is believed", "RFC 4035 3.1.4.1, RFC 6840 4.1", func(w *world) {
		w.zone(".", rootAddr, "").secure(p256)
		com := w.zone("com.", comAddr+" 198.51.100.4", "").secure(p256)
		z := w.zone("example.com.", ns1, wwwCAA).secure(p256)
		for _, addr := range com.addrs {
			w.change(addr, "example.com. NS", noRecords)
		}
		w.change("198.51.100.4", "example.com. DS", denies(z, dns.RcodeSuccess, z.match("example.com.")))
		w.ask(www).found(issue).isSecure()
	}},
	{"parent-and-child", "Parent and child on one server: there is no referral, so the DS is asked for", "RFC 4035 3.1.4.1, 4.2", func(w *world) {
		w.zone(".", rootAddr, "").secure(p256)
		w.zone("com.", comAddr, "").secure(p256)
		w.zone("example.com.", comAddr, wwwCAA).secure(p256)
		w.ask(www).found(issue).isSecure()
	}},
	{"parent-and-unsigned-child", "Parent and unsigned child on one server: the missing DS is proven", "RFC 4035 5.2", func(w *world) {
		w.zone(".", rootAddr, "").secure(p256)
		w.zone("com.", comAddr, "").secure(p256)
		w.zone("example.com.", comAddr, wwwCAA)
		w.ask(www).found(issue).isInsecure("no-ds", "example.com.")
	}},
	{"parent-and-child-nodata", "Parent and child on one server: NODATA by the child's NSEC", "RFC 4035 4.2, 5.4", func(w *world) {
		w.zone(".", rootAddr, "").secure(p256)
		w.zone("com.", comAddr, "").secure(p256)
		w.zone("example.com.", comAddr, "www A 192.0.2.80").secure(p256)
		w.ask(www).nodata("").isSecure()
	}},
	{"grandparent-and-child", "Root and example.com on one server, com on another", "RFC 4035 3.1.4.1, 4.2", func(w *world) {
		w.zone(".", rootAddr, "").secure(p256)
		w.zone("com.", comAddr, "").secure(p256)
		w.zone("example.com.", rootAddr, wwwCAA).secure(p256)
		w.ask(www).found(issue).isSecure()
	}},
	{"three-on-one-server", "com, example.com and sub.example.com on one server, with sub unsigned", "RFC 4035 5.2", func(w *world) {
		w.zone(".", rootAddr, "").secure(p256)
		w.zone("com.", comAddr, "").secure(p256)
		w.zone("example.com.", comAddr, "").secure(p256)
		w.zone("sub.example.com.", comAddr, wwwCAA)
		w.ask("www.sub.example.com. CAA").found(`www.sub.example.com. CAA 0 issue "ca.example"`).isInsecure("no-ds", "sub.example.com.")
	}},
}

// unsigned makes a signed world in which example.com is not.
func (w *world) unsigned(text string) *zone { return w.signed(text).insecure() }

var insecure = []scenario{
	{"no-ds", "A delegation proven to have no DS: the answer is insecure", "RFC 4035 5.2, 4.3", func(w *world) {
		w.unsigned(wwwCAA)
		w.ask(www).found(issue).isInsecure("no-ds", "example.com.")
	}},
	{"nodata", "NODATA of an insecure zone", "RFC 4035 4.3", func(w *world) {
		w.unsigned("")
		w.ask("example.com. CAA").nodata("").isInsecure("no-ds", "example.com.")
	}},
	{"nxdomain", "NXDOMAIN of an insecure zone", "RFC 4035 4.3", func(w *world) {
		w.unsigned("")
		w.ask(www).nxdomain("").isInsecure("no-ds", "example.com.")
	}},
	{"failure", "The look-up fails in a zone that is proven insecure", "spec rules R3.4, R6.3", func(w *world) {
		w.unsigned(wwwCAA)
		w.says("", www, dns.RcodeServerFailure)
		a := w.ask(www).fails("servfail")
		a.isInsecure("no-ds", "example.com.")
	}},
	{"failure-in-signed-zone", "The look-up fails in a zone that is signed", "spec rules R3.4, R6.1", func(w *world) {
		w.signed(wwwCAA)
		w.says("", www, dns.RcodeServerFailure)
		w.ask(www).fails("servfail").isIndeterminate("signed-zone", "")
	}},
	{"silent", "All servers of an insecure zone are silent", "spec rules R3.4, R6.3", func(w *world) {
		w.unsigned(wwwCAA)
		w.says("", www, silent)
		w.ask(www).fails("timeout").isInsecure("no-ds", "example.com.")
	}},
	{"denial-missing", "A referral without DS and without denial, and none to be had: bogus", "RFC 4035 5.2", func(w *world) {
		w.unsigned(wwwCAA)
		w.change(comAddr, "example.com. NS", noRecords)
		w.change(comAddr, "example.com. DS", noRecords)
		w.ask(www).isBogus("denial-missing", "com.")
	}},
	{"denial-only-when-asked", "A referral without denial of the DS: it is asked for", "RFC 4035 5.2, 3.1.4", func(w *world) {
		w.unsigned(wwwCAA)
		w.change(comAddr, "example.com. NS", noRecords)
		w.ask(www).found(issue).isInsecure("no-ds", "example.com.")
	}},
	{"denial-unsigned", "The missing DS is denied by an unsigned NSEC record: bogus", "RFC 4035 5.2", func(w *world) {
		w.unsigned(wwwCAA)
		w.of("com.").signs("example.com. NSEC", signature{none: true})
		w.ask(www).isBogus("denial-unsigned", "com.")
	}},
	{"ds-withheld", "The DS of a signed zone cannot be withheld: its NSEC record says that it is there", "RFC 4035 5.2", func(w *world) {
		w.signed(wwwCAA)
		com := w.of("com.")
		w.withholdDS(com.match("example.com."))
		w.ask(www).isBogus("denial-wrong", "com.")
	}},
	{"no-ns-bit", "An NSEC record without NS proves no delegation, so no insecure one", "RFC 6840 4.4", func(w *world) {
		w.unsigned(wwwCAA)
		w.of("com.").claims("example.com.", dns.TypeA, dns.TypeRRSIG, dns.TypeNSEC)
		w.ask(www).isBogus("", "")
	}},
	{"soa-bit", "An NSEC record with SOA is the child's: it says nothing about the DS", "RFC 6840 4.1, RFC 4035 5.2", func(w *world) {
		w.unsigned(wwwCAA)
		w.of("com.").claims("example.com.", dns.TypeNS, dns.TypeSOA, dns.TypeRRSIG, dns.TypeNSEC)
		w.ask(www).isBogus("denial-wrong", "com.")
	}},
	{"child-denies", "A signed child's NSEC cannot deny its own DS", "RFC 6840 4.1, RFC 4035 5.3.1", func(w *world) {
		z := w.signed(wwwCAA)
		w.withholdDS(z.match("example.com."))
		w.ask(www).isBogus("", "com.")
	}},
	{"neighbour", "The NSEC record of another delegation proves nothing", "RFC 4035 5.2", func(w *world) {
		w.unsigned(wwwCAA)
		com := w.of("com.").add("zzz NS ns.example.net.")
		w.changeCut(comAddr, noDenial, func(m *dns.Msg) { add(m, com.matching("zzz.com.")) })
		w.ask(www).isBogus("denial-wrong", "com.")
	}},
	{"below-secure", "An unsigned zone below a signed domain", "RFC 4035 5.2, spec rule R6.3", func(w *world) {
		w.signed("")
		w.zone("sub.example.com.", other, wwwCAA)
		w.ask("www.sub.example.com. CAA").found(`www.sub.example.com. CAA 0 issue "ca.example"`).isInsecure("no-ds", "sub.example.com.")
	}},
	{"signed-below-insecure", "Signatures below an insecure zone prove nothing, good or bad", "RFC 4035 4.3, spec rule R6.3", func(w *world) {
		w.zone(".", rootAddr, "").secure(p256)
		w.zone("com.", comAddr, "")
		w.zone("example.com.", ns1, wwwCAA).secure(p256).signs("www.example.com. CAA", signature{broken: true})
		w.ask(www).found(issue).isInsecure("no-ds", "com.")
	}},
	{"island-unused", "A signed zone without DS is insecure, even if its signatures are broken", "RFC 4033 2 (island of security), RFC 4035 4.3", func(w *world) {
		z := w.signed(wwwCAA)
		z.noDS = true
		z.signs("", signature{broken: true})
		w.ask(www).found(issue).isInsecure("no-ds", "example.com.")
	}},
	{"island", "A signed zone with a trust anchor of its own is secure", "RFC 4035 5, RFC 4033 2", func(w *world) {
		z := w.signed(wwwCAA)
		w.of(".").insecure()
		w.of("com.").insecure()
		w.anchors = []string{digestOf(z.ksk[0], dns.SHA256).String()}
		w.ask(www).found(issue).isSecure()
		w.ask("com. CAA").nodata("").isInsecure("no-anchor", "")
	}},
	{"island-in-insecure", "A trust anchor below an insecure zone makes an island", "RFC 4033 2, RFC 4035 5", func(w *world) {
		w.zone(".", rootAddr, "").secure(p256)
		w.zone("com.", comAddr, "")
		z := w.zone("example.com.", ns1, wwwCAA).secure(p256)
		w.anchors = []string{digestOf(w.of(".").ksk[0], dns.SHA256).String(), digestOf(z.ksk[0], dns.SHA256).String()}
		w.ask(www).found(issue).isSecure()
		w.ask("com. CAA").nodata("").isInsecure("no-ds", "com.")
	}},
	{"closest-anchor", "The trust anchor closest to the name counts", "RFC 4035 5, RFC 6840 appendix C.1", func(w *world) {
		z := w.signed(wwwCAA)
		z.ds = []dns.RR{wrong(digestOf(z.ksk[0], dns.SHA256))}
		w.anchors = []string{digestOf(w.of(".").ksk[0], dns.SHA256).String(), digestOf(z.ksk[0], dns.SHA256).String()}
		w.ask(www).found(issue).isSecure()
	}},
	{"closest-anchor-wrong", "A wrong trust anchor at a zone makes it bogus", "RFC 4035 5, RFC 6840 appendix C.1", func(w *world) {
		z := w.signed(wwwCAA)
		w.anchors = []string{digestOf(w.of(".").ksk[0], dns.SHA256).String(), wrong(digestOf(z.ksk[0], dns.SHA256)).String()}
		w.ask(www).isBogus("no-matching-ds", "example.com.")
	}},
	{"two-anchors", "Of several trust anchors at one name one must fit", "RFC 4035 5", func(w *world) {
		w.signed(wwwCAA)
		w.anchors = []string{digestOf(newKey(".", kskFlags, p256, 4), dns.SHA256).String(), digestOf(w.of(".").ksk[0], dns.SHA256).String()}
		w.ask(www).found(issue).isSecure()
	}},
	{"anchor-is-key", "A trust anchor may be a DNSKEY record", "RFC 4035 5, RFC 4033 2", func(w *world) {
		w.signed(wwwCAA)
		w.anchors = []string{w.of(".").ksk[0].DNSKEY.String()}
		w.ask(www).found(issue).isSecure()
	}},
	{"wrong-anchor", "A root that does not fit its trust anchor is bogus", "RFC 4035 5", func(w *world) {
		w.signed(wwwCAA)
		w.anchors = []string{digestOf(newKey(".", kskFlags, p256, 4), dns.SHA256).String()}
		w.ask(www).isBogus("no-matching-ds", ".")
	}},
	{"no-anchor", "Without trust anchors nothing is validated", "RFC 4033 5", func(w *world) {
		w.noAnchor = true
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{broken: true})
		w.ask(www).found(issue).isIndeterminate("not-validated", "")
	}},
	{"all-stripped", "A signed zone whose servers strip everything is bogus, not insecure", "RFC 4035 4.3", func(w *world) {
		w.signed(wwwCAA)
		w.all(www, unsign())
		w.all("example.com. DNSKEY", func(m *dns.Msg) {
			m.Answer, m.Ns = nil, parse("example.com. SOA ns1.example.com. hostmaster.example.com. 1 7200 3600 1209600 600", ".")
		})
		w.ask(www).isBogus("no-dnskey", "example.com.")
	}},
	{"address-of-server-bogus", "The address of a name server need not be secure: what it leads to is", "RFC 4035 4.2, 5", func(w *world) {
		w.zone(".", rootAddr, "").secure(p256)
		com := w.zone("com.", comAddr, "example NS dns.example.net.").secure(p256)
		z := w.zone("example.com.", ns1, wwwCAA).secure(p256)
		z.foreign = true
		com.put(digestOf(z.ksk[0], dns.SHA256))
		w.signedNet("dns A "+ns1).signs("dns.example.net. A", signature{broken: true})
		w.also = []string{"dns.example.net. A", "dns.example.net. AAAA"}
		w.ask(www).found(issue).isSecure()
	}},
}
