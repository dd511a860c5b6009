package generate

import (
	"encoding/base64"
	"strings"

	"github.com/miekg/dns"
)

func toBase64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

var positive = []scenario{
	{"chain", "An answer whose chain reaches the trust anchor is secure", "RFC 4035 5, 5.3.3", func(w *world) {
		w.signed(wwwCAA)
		w.ask(www).found(issue).isSecure()
	}},
	{"apex", "An answer at the apex is secure", "RFC 4035 5.3", func(w *world) {
		w.signed(`@ CAA 0 issue ";"`)
		w.ask("example.com. CAA").found(`example.com. CAA 0 issue ";"`).isSecure()
	}},
	{"order-and-duplicates", "Records are put into canonical order before they are checked, each once", "RFC 4034 6.3", func(w *world) {
		w.signed("www CAA 0 issue \"b.example\"\nwww CAA 0 issue \"a.example\"\nwww CAA 128 tbs \"x\"\nwww CAA 0 iodef \"mailto:a@example.com\"")
		w.all(www, func(m *dns.Msg) {
			m.Answer[0], m.Answer[2] = m.Answer[2], m.Answer[0]
			m.Answer = append(m.Answer, m.Answer[1])
		})
		a := w.ask(www).found("www.example.com. CAA 0 issue \"b.example\"\nwww.example.com. CAA 0 issue \"a.example\"\nwww.example.com. CAA 128 tbs \"x\"\nwww.example.com. CAA 0 iodef \"mailto:a@example.com\"")
		a.noAnswer = true // whether the copy is shown is nobody's rule
		a.isSecure()
	}},
	{"case", "Names in owner and data are checked in lower case", "RFC 4034 6.2, RFC 6840 5.1", func(w *world) {
		w.signed("@ MX 10 Mail.EXAMPLE.com.\n@ MX 20 b.example.com.")
		w.all("example.com. MX", func(m *dns.Msg) {
			for _, rr := range m.Answer {
				rr.Header().Name = "eXample.COM."
			}
		})
		w.ask("example.com. MX").found("example.com. MX 10 mail.example.com.\nexample.com. MX 20 b.example.com.").isSecure()
	}},
	{"ttl-has-run-down", "A signature is made over the original TTL, not the one received", "RFC 4034 3.1.4, RFC 4035 5.3.2", func(w *world) {
		w.signed(wwwCAA)
		w.all(www, func(m *dns.Msg) {
			for i := range m.Answer {
				m.Answer[i] = dns.Copy(m.Answer[i])
				m.Answer[i].Header().Ttl = 77
			}
		})
		w.ask(www).found(issue).isSecure()
	}},
	{"original-ttl-forged", "Another original TTL in the signature breaks it", "RFC 4034 3.1.8.1", func(w *world) {
		w.signed(wwwCAA)
		w.all(www, func(m *dns.Msg) { m.Answer[1].(*dns.RRSIG).OrigTtl = 7200 })
		w.ask(www).isBogus("bad-signature", "example.com.")
	}},
	{"broken-then-good", "Of two signatures by one key one may be broken", "RFC 4035 5.3.3, RFC 6840 5.4", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{copies: 1})
		w.ask(www).found(issue).isSecure()
	}},
	{"single-key", "A zone may have one key for everything", "RFC 6781 3.1, RFC 4034 2.1.1", func(w *world) {
		z := w.signed(wwwCAA)
		z.keys, z.zsk = z.ksk, z.ksk
		w.ask(www).found(issue).isSecure()
	}},
	{"broken", "An answer with a broken signature at all servers is bogus", "RFC 4035 5.5", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{broken: true})
		w.ask(www).isBogus("bad-signature", "example.com.")
	}},
	{"forged-data", "An answer with other data than was signed is bogus", "RFC 4035 5.3.3, 5.5", func(w *world) {
		w.signed(wwwCAA)
		w.all(www, func(m *dns.Msg) { m.Answer[0] = parse(`www.example.com. CAA 0 issue "evil.example"`, ".")[0] })
		w.ask(www).isBogus("bad-signature", "example.com.")
	}},
	{"record-added", "A record slipped into a signed set makes the whole set bogus", "RFC 4035 5.3.2", func(w *world) {
		w.signed(wwwCAA)
		w.all(www, func(m *dns.Msg) {
			m.Answer = append(m.Answer, parse(`www.example.com. CAA 0 issue "evil.example"`, ".")[0])
		})
		w.ask(www).isBogus("bad-signature", "example.com.")
	}},
	{"record-removed", "A record taken from a signed set makes the rest bogus", "RFC 4035 5.3.2", func(w *world) {
		w.signed(wwwCAA + "\nwww CAA 0 issuewild \";\"")
		w.all(www, func(m *dns.Msg) { m.Answer = m.Answer[1:] })
		w.ask(www).isBogus("bad-signature", "example.com.")
	}},
	{"stripped", "An answer of a signed zone without signatures is bogus", "RFC 4035 5.5, 4.3", func(w *world) {
		w.signed(wwwCAA)
		w.all(www, unsign())
		w.ask(www).isBogus("no-signature", "example.com.")
	}},
	{"stripped-at-one", "If one server strips signatures, another is asked before the answer counts as bogus", "RFC 4035 5.5, spec rule R3.4", func(w *world) {
		w.signed(wwwCAA)
		w.change(ns1, www, unsign())
		w.ask(www).found(issue).want("by " + ns2).isSecure()
	}},
	{"broken-at-one", "If one server has a broken signature, another is asked", "RFC 4035 5.5", func(w *world) {
		w.signed(wwwCAA)
		w.change(ns2, www, spoil())
		w.ask(www).found(issue).want("by " + ns1).isSecure()
	}},
	{"forged-at-one", "If one server tells something else, the signed answer of another counts", "RFC 4035 5.5", func(w *world) {
		w.signed(wwwCAA)
		w.change(ns1, www, func(m *dns.Msg) { m.Answer[0] = parse(`www.example.com. CAA 0 issue "evil.example"`, ".")[0] })
		w.ask(www).found(issue).want("by " + ns2).isSecure()
	}},
	{"both-different", "One server strips, the other breaks: bogus", "RFC 4035 5.5", func(w *world) {
		w.signed(wwwCAA)
		w.change(ns1, www, unsign())
		w.change(ns2, www, spoil())
		w.ask(www).isBogus("", "example.com.")
	}},
	{"wrong-signer", "A signature by the zone above does not count, though its keys are good", "RFC 4035 5.3.1", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{by: newKey("com.", zskFlags, p256, 0)})
		w.ask(www).isBogus("wrong-signer", "example.com.")
	}},
	{"signer-below", "A signature whose signer is below the owner does not count", "RFC 4035 5.3.1", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{by: newKey("www.example.com.", zskFlags, p256, 0)})
		w.ask(www).isBogus("wrong-signer", "example.com.")
	}},
	{"unknown-key", "A signature by a key that the zone does not publish does not count", "RFC 4035 5.3.1", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{by: newKey("example.com.", zskFlags, p256, 7)})
		w.ask(www).isBogus("no-matching-key", "example.com.")
	}},
	{"wrong-tag", "A signature under another key's tag does not count", "RFC 4034 3.1.6, RFC 4035 5.3.1", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{tag: 4711})
		w.ask(www).isBogus("no-matching-key", "example.com.")
	}},
	{"tag-collision", "Of two keys with one tag the one that fits is found", "RFC 4034 appendix B, RFC 4035 5.3.1", func(w *world) {
		z := w.signed(wwwCAA)
		z.keys = append([]*key{colliding(z.zsk[0], 1)}, z.keys...)
		w.ask(www).found(issue).isSecure()
	}},
	{"too-many-labels", "A signature that counts more labels than its owner has does not count", "RFC 4035 5.3.1", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{labels: 4 + 1})
		w.ask(www).isBogus("bad-signature", "example.com.")
	}},
	{"no-zone-key", "A key without the flag of a zone key signs nothing", "RFC 4034 2.1.1, RFC 4035 5.3.1", func(w *world) {
		z := w.signed(wwwCAA)
		host := newKey("example.com.", 0, p256, 3)
		z.keys = append(z.keys, host)
		z.signs("www.example.com. CAA", signature{by: host})
		w.ask(www).isBogus("no-matching-key", "example.com.")
	}},
	{"wrong-protocol", "A key whose protocol is not 3 signs nothing", "RFC 4034 2.1.2", func(w *world) {
		z := w.signed(wwwCAA)
		k := newKey("example.com.", zskFlags, p256, 3)
		k.Protocol = 2
		z.keys = append(z.keys, k)
		z.signs("www.example.com. CAA", signature{by: k})
		w.ask(www).isBogus("no-matching-key", "example.com.")
	}},
	{"revoked-key", "A revoked key signs nothing but its own set", "RFC 5011 2.1", func(w *world) {
		z := w.signed(wwwCAA)
		k := newKey("example.com.", zskFlags|revoked, p256, 3)
		z.keys = append(z.keys, k)
		z.signs("www.example.com. CAA", signature{by: k})
		w.ask(www).isBogus("no-matching-key", "example.com.")
	}},
	{"unsigned-beside", "Unsigned name servers beside a signed answer change nothing", "RFC 4035 3.1.1, 5.3", func(w *world) {
		w.signed(wwwCAA)
		w.all(www, func(m *dns.Msg) {
			m.Ns, m.Extra = parse("example.com. NS ns1.example.com.", "."), parse("ns1.example.com. A "+ns1, ".")
		})
		w.ask(www).found(issue).isSecure()
	}},
	{"deep", "A chain of six zones holds", "RFC 4035 5", func(w *world) {
		w.signed("")
		name := "example.com."
		for i, addr := range strings.Fields("203.0.113.11 203.0.113.12 203.0.113.13") {
			name = below(string(rune('a'+i)), name)
			w.zone(name, addr, wwwCAA).secure(p256)
		}
		w.ask("www." + name + " CAA").found("www." + name + ` CAA 0 issue "ca.example"`).isSecure()
	}},
	{"empty-labels-between", "A delegation two labels below its parent is found", "RFC 1034 4.2.1, RFC 4035 5.2", func(w *world) {
		w.signed("")
		w.zone("a.b.example.com.", other, wwwCAA).secure(p256)
		w.ask("www.a.b.example.com. CAA").found(`www.a.b.example.com. CAA 0 issue "ca.example"`).isSecure()
	}},
	{"lazy-found", "In lazy mode a set that was found is validated", "spec rule R6.2", func(w *world) {
		w.config = []string{"; caascan: lazy"}
		w.signed(wwwCAA)
		w.ask(www).found(issue).isSecure()
	}},
	{"lazy-bogus", "In lazy mode a set that was found and is broken is bogus", "spec rule R6.8", func(w *world) {
		w.config = []string{"; caascan: lazy"}
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{broken: true})
		w.ask(www).isBogus("bad-signature", "example.com.")
	}},
	{"lazy-empty", "In lazy mode nothing is claimed of an empty answer", "spec rule R6.1", func(w *world) {
		w.config = []string{"; caascan: lazy"}
		w.signed("www A 192.0.2.80")
		w.ask(www).nodata("").isIndeterminate("not-validated", "")
	}},
	{"dnssec-unaware-server", "A server that knows nothing of DNSSEC beside one that does", "RFC 4035 5.5", func(w *world) {
		w.signed(wwwCAA)
		w.change(ns1, "", unsign())
		w.change(ns1, "example.com. DNSKEY", func(m *dns.Msg) {
			m.Answer, m.Ns = nil, parse("example.com. SOA ns1.example.com. hostmaster.example.com. 1 7200 3600 1209600 600", ".")
		})
		w.ask(www).found(issue).isSecure()
	}},
}

// signedSub is a delegation of sub.example.com to nowhere, with a DS record: what is said of it must have signatures.
var signedSub = "sub NS ns.sub\nns.sub A 203.0.113.9\n" + digestOf(newKey("sub.example.com.", kskFlags, p256, 0), dns.SHA256).String()

var nodata = []scenario{
	{"nsec", "An NSEC record at the name without the type proves that there is none", "RFC 4035 5.4, 3.1.3.1", func(w *world) {
		w.signed("www A 192.0.2.80")
		w.ask(www).nodata("").isSecure()
	}},
	{"apex", "NODATA at the apex", "RFC 4035 5.4", func(w *world) {
		w.signed("")
		w.ask("example.com. CAA").nodata("").isSecure()
	}},
	{"empty-non-terminal", "A span that ends below the name proves that it exists without records", "RFC 4035 5.4, RFC 4592 2.2.2", func(w *world) {
		w.signed("a.b A 192.0.2.80")
		w.ask("b.example.com. CAA").nodata("").isSecure()
	}},
	{"missing", "NODATA of a signed zone without NSEC is bogus", "RFC 4035 5.4", func(w *world) {
		w.signed("www A 192.0.2.80")
		w.all(www, noDenial)
		w.ask(www).isBogus("denial-missing", "example.com.")
	}},
	{"missing-at-one", "If one server leaves out the NSEC record, another is asked", "RFC 4035 5.5", func(w *world) {
		w.signed("www A 192.0.2.80")
		w.change(ns2, www, noDenial)
		w.ask(www).nodata("").isSecure()
	}},
	{"answer-withheld", "A set that exists cannot be withheld", "RFC 4035 5.4", func(w *world) {
		z := w.signed(wwwCAA)
		w.all(www, denies(z, dns.RcodeSuccess, z.match("www.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"cname-bit", "NODATA cannot be claimed where there is a CNAME", "RFC 6840 4.3", func(w *world) {
		z := w.signed("www CNAME other")
		w.all(www, denies(z, dns.RcodeSuccess, z.match("www.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"delegation-nsec", "The NSEC of a delegation says nothing about types in the child", "RFC 6840 4.1, RFC 4035 2.3", func(w *world) {
		z := w.signed(signedSub)
		w.also = []string{"sub.example.com. CAA"}
		w.entriesBelow("sub.example.com. CAA", denies(z, dns.RcodeSuccess, z.match("sub.example.com.")))
		w.ask("sub.example.com. CAA").isBogus("denial-wrong", "example.com.")
	}},
	{"delegation-nsec-below", "The NSEC of a delegation does not show that a name below it is an empty non-terminal", "RFC 6840 4.1", func(w *world) {
		z := w.signed(signedSub)
		w.entriesBelow("www.sub.example.com. CAA", denies(z, dns.RcodeNameError, z.match("sub.example.com."), z.cover("*.example.com.")))
		w.ask("www.sub.example.com. CAA").isBogus("denial-wrong", "example.com.")
	}},
	{"below-unsigned-delegation", "The zone above denies what lies below an unsigned delegation: insecure, whatever it proves", "spec rule R6.3, RFC 4035 4.3", func(w *world) {
		z := w.signed("sub NS ns.sub\nns.sub A 203.0.113.9")
		w.entriesBelow("www.sub.example.com. CAA", denies(z, dns.RcodeNameError, z.match("sub.example.com."), z.cover("*.example.com.")))
		w.ask("www.sub.example.com. CAA").nxdomain("").isInsecure("no-ds", "sub.example.com.")
	}},
	{"unsigned", "An NSEC record without signature proves nothing", "RFC 4035 5.4", func(w *world) {
		w.signed("www A 192.0.2.80")
		w.all(www, unsign(dns.TypeNSEC))
		w.ask(www).isBogus("denial-unsigned", "example.com.")
	}},
	{"broken", "An NSEC record with a broken signature proves nothing", "RFC 4035 5.4", func(w *world) {
		w.signed("www A 192.0.2.80")
		w.all(www, spoil(dns.TypeNSEC))
		w.ask(www).isBogus("denial-unsigned", "example.com.")
	}},
	{"forged-bitmap", "An NSEC record whose types were changed proves nothing", "RFC 4035 5.4", func(w *world) {
		z := w.signed(wwwCAA)
		w.all(www, denies(z, dns.RcodeSuccess, z.match("www.example.com.")), func(m *dns.Msg) {
			for i, rr := range m.Ns {
				if n, ok := rr.(*dns.NSEC); ok {
					n = dns.Copy(n).(*dns.NSEC)
					n.TypeBitMap = []uint16{dns.TypeRRSIG, dns.TypeNSEC}
					m.Ns[i] = n
				}
			}
		})
		w.ask(www).isBogus("denial-unsigned", "example.com.")
	}},
	{"neighbour", "The NSEC record of another name proves nothing", "RFC 4035 5.4", func(w *world) {
		z := w.signed(wwwCAA + "\nzzz A 192.0.2.81")
		w.all(www, denies(z, dns.RcodeSuccess, z.match("zzz.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"span-for-existing", "A span that holds the name does not prove NODATA but that there is no such name", "RFC 4035 5.4", func(w *world) {
		z := w.signed("zzz A 192.0.2.81")
		w.all(www, denies(z, dns.RcodeSuccess, z.cover("www.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"no-soa", "The proof counts without an SOA record, too", "RFC 4035 5.4, RFC 2308 2.2", func(w *world) {
		w.signed("www A 192.0.2.80")
		w.all(www, remove(dns.TypeSOA))
		w.ask(www).nodata("").isSecure()
	}},
	{"compact", "Compact denial: an NSEC made for the name, with the next name right behind it", "RFC 9824 3.1", func(w *world) {
		z := w.signed("")
		w.all(www, denies(z, dns.RcodeSuccess, func() []dns.RR {
			return z.sign(parse(`www.example.com. 600 NSEC \000.www.example.com. RRSIG NSEC TYPE128`, "."))
		}))
		w.ask(www).nodata("").isSecure()
	}},
	{"nsec-of-child-zone", "The NSEC record of a zone below cannot deny a type above", "RFC 4035 5.4, 5.3.1", func(w *world) {
		w.signed("www A 192.0.2.80")
		sub := w.zone("sub.example.com.", other, "").secure(p256)
		w.all(www, noDenial, func(m *dns.Msg) { add(m, sub.matching("sub.example.com.")) })
		w.ask(www).isBogus("", "example.com.")
	}},
	{"mail", "NODATA for MX", "RFC 4035 5.4", func(w *world) {
		w.signed("")
		w.ask("example.com. MX").nodata("").isSecure()
	}},
}

var nxdomain = []scenario{
	{"two-spans", "One span for the name and one for the wildcard prove that there is neither", "RFC 4035 5.4, 3.1.3.2", func(w *world) {
		w.signed("a A 192.0.2.80\nz A 192.0.2.81")
		w.ask(www).nxdomain("").isSecure()
	}},
	{"one-span", "One span may prove both", "RFC 4035 3.1.3.2", func(w *world) {
		w.signed("")
		w.ask("!.example.com. CAA").nxdomain("").isSecure()
	}},
	{"wrap", "The last span of the zone, which leads back to the apex", "RFC 4034 4.1.1", func(w *world) {
		w.signed("a A 192.0.2.80")
		w.ask("zzz.example.com. CAA").nxdomain("").isSecure()
	}},
	{"deep", "A name several labels below the closest encloser", "RFC 4035 5.4, RFC 4592 3.3.1", func(w *world) {
		w.signed("a A 192.0.2.80")
		w.ask("x.y.a.example.com. CAA").nxdomain("").isSecure()
	}},
	{"wildcard-not-denied", "Without proof that there is no wildcard, NXDOMAIN is bogus", "RFC 4035 5.4", func(w *world) {
		z := w.signed("a A 192.0.2.80\nz A 192.0.2.81")
		w.all(www, denies(z, dns.RcodeNameError, z.cover("www.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"wildcard-exists", "NXDOMAIN cannot be claimed where a wildcard stands for the name", "RFC 4035 5.4", func(w *world) {
		z := w.signed(`* CAA 0 issue "ca.example"`)
		w.all(www, denies(z, dns.RcodeNameError, z.cover("www.example.com."), z.match("*.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"name-not-covered", "Without a span that holds the name, NXDOMAIN is bogus", "RFC 4035 5.4", func(w *world) {
		z := w.signed("a A 192.0.2.80\nz A 192.0.2.81")
		w.all(www, denies(z, dns.RcodeNameError, z.cover("*.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"name-exists", "NXDOMAIN cannot be claimed of a name that exists", "RFC 4035 5.4", func(w *world) {
		z := w.signed(wwwCAA)
		w.all(www, denies(z, dns.RcodeNameError, z.match("www.example.com."), z.cover("*.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"missing", "NXDOMAIN of a signed zone without NSEC is bogus", "RFC 4035 5.4", func(w *world) {
		w.signed("")
		w.all(www, noDenial)
		w.ask(www).isBogus("denial-missing", "example.com.")
	}},
	{"unsigned", "NXDOMAIN with unsigned NSEC records is bogus", "RFC 4035 5.4", func(w *world) {
		w.signed("")
		w.all(www, unsign(dns.TypeNSEC))
		w.ask(www).isBogus("denial-unsigned", "example.com.")
	}},
	{"one-unsigned", "One NSEC record of two without signature is one too few", "RFC 4035 5.4", func(w *world) {
		z := w.signed("a A 192.0.2.80\nz A 192.0.2.81")
		w.all(www, func(m *dns.Msg) {
			span := z.covering("www.example.com.")[0].Header().Name
			sections(m, func(rr dns.RR) bool { return !isSignature(rr) || rr.Header().Name != span })
		})
		w.ask(www).isBogus("", "example.com.")
	}},
	{"below-delegation", "The span that a delegation begins does not hold the names below it", "RFC 6840 4.1", func(w *world) {
		z := w.signed(signedSub)
		w.entriesBelow("www.sub.example.com. CAA", denies(z, dns.RcodeNameError, z.match("sub.example.com."), z.cover("*.example.com."), z.cover("*.sub.example.com.")))
		w.ask("www.sub.example.com. CAA").isBogus("denial-wrong", "example.com.")
	}},
	{"below-dname", "The span that a DNAME begins does not hold the names below it", "RFC 6840 4.1", func(w *world) {
		z := w.signed("sub DNAME example.net.")
		w.all("www.sub.example.com. CAA", denies(z, dns.RcodeNameError, z.match("sub.example.com."), z.cover("*.example.com.")))
		w.ask("www.sub.example.com. CAA").isBogus("denial-wrong", "example.com.")
	}},
	{"other-zone", "Spans of the zone above do not count", "RFC 4035 5.4, 5.3.1", func(w *world) {
		w.signed("")
		com := w.of("com.")
		w.all(www, noDenial, func(m *dns.Msg) { add(m, com.matching("example.com.")) })
		w.ask(www).isBogus("", "example.com.")
	}},
	{"tld", "A top-level domain that does not exist", "RFC 4035 5.4", func(w *world) {
		w.signed("")
		w.ask("www.example.gone. CAA").nxdomain("").want("zone .").isSecure()
	}},
	{"below-missing-domain", "A name below a domain that is not delegated", "RFC 8020 2, RFC 4035 5.4", func(w *world) {
		w.signed("")
		w.ask("www.gone.com. CAA").nxdomain("").want("zone com.").isSecure()
	}},
	{"one-server-lies", "If one server says NXDOMAIN without proof, another is asked", "RFC 4035 5.5", func(w *world) {
		z := w.signed(wwwCAA)
		w.change(ns1, www, denies(z, dns.RcodeNameError))
		w.ask(www).found(issue).want("by " + ns2).isSecure()
	}},
}
