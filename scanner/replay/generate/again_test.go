package generate

import (
	"github.com/miekg/dns"
)

// Several questions in a row: what was proven for one may serve the next, and must not serve it wrongly (RFC 8198); and
// servers that hold, or claim to hold, more than the zone that was delegated to them.

var positiveAgain = []scenario{
	{"bogus-then-good", "What was bogus is asked for again after a while", "RFC 9520 3.2, RFC 4035 4.7", func(w *world) {
		w.clock = true
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{from: now + 100})
		w.ask(www).isBogus("not-yet-valid", "example.com.")
		w.ask(www).want("packets 0").isBogus("not-yet-valid", "example.com.")
		w.passes(301)
		w.ask(www).found(issue).isSecure()
	}},
	{"keys-used-again", "The keys of a zone are fetched once", "RFC 4035 4.5, 5.3", func(w *world) {
		w.signed(wwwCAA + "\n" + `mail CAA 0 issue "ca.example"`)
		w.ask(www).found(issue).isSecure()
		w.ask("mail.example.com. CAA").found(`mail.example.com. CAA 0 issue "ca.example"`).isSecure()
	}},
	{"parent-forges", "A server of the zone above that forges data of a signed child is found out", "RFC 4035 5.2, 5.5", func(w *world) {
		w.signed(wwwCAA)
		w.entryOf(comAddr, www, answers(func() []dns.RR { return parse(`www.example.com. CAA 0 issue "evil.example"`, ".") }))
		w.ask(www).isBogus("", "")
	}},
	{"parent-signs", "What the zone above answers and signs itself, without a delegation, is its own", "RFC 4035 5.3.1", func(w *world) {
		w.signed(wwwCAA)
		com := w.of("com.")
		w.entryOf(comAddr, www, answers(func() []dns.RR {
			set := parse(issue, ".")
			return append(set, rrsig(com.zsk[0], set, from, until, signature{}))
		}))
		w.ask(www).found(issue).want("zone com.").isSecure()
	}},
	{"parent-forges-insecure", "A server of the zone above holds an unsigned child and refers nobody", "RFC 4035 5.2, spec rule R6.3", func(w *world) {
		w.unsigned("")
		w.entryOf(comAddr, www, answers(func() []dns.RR { return parse(issue, ".") }))
		w.ask(www).found(issue).isInsecure("no-ds", "example.com.")
	}},
}

var nodataAgain = []scenario{
	{"nsec-from-wildcard", "An NSEC record made from a wildcard denies nothing", "CVE-2017-15105, RFC 4035 5.4", func(w *world) {
		z := w.signed("* A 192.0.2.80\n" + wwwCAA)
		w.all(www, denies(z, dns.RcodeSuccess), func(m *dns.Msg) { add(m, renamed(z.matching("*.example.com."), "www.example.com.")) })
		w.ask(www).isBogus("denial-unsigned", "example.com.")
	}},
	{"other-type-after", "That one type is missing says nothing about another", "RFC 8198 5.2, RFC 4035 5.4", func(w *world) {
		w.signed("@ MX 10 mail")
		w.ask("example.com. CAA").nodata("").isSecure()
		w.ask("example.com. MX").found("example.com. MX 10 mail.example.com.").isSecure()
	}},
	{"below-empty-non-terminal", "That a name is empty says nothing about the names below it", "RFC 4592 2.2.2, RFC 8198 5.1", func(w *world) {
		w.signed(`a.b CAA 0 issue "ca.example"`)
		w.ask("b.example.com. CAA").nodata("").isSecure()
		w.ask("a.b.example.com. CAA").found(`a.b.example.com. CAA 0 issue "ca.example"`).isSecure()
	}},
	{"child-after-delegation", "What the zone above proved at a delegation does not deny types in the child", "RFC 8198 5.2, RFC 6840 4.1", func(w *world) {
		w.unsigned(`@ CAA 0 issue "ca.example"`)
		w.ask("example.com. DS").nodata("").want("zone com.").isSecure()
		w.ask("example.com. CAA").found(`example.com. CAA 0 issue "ca.example"`).isInsecure("no-ds", "example.com.")
	}},
	{"ds-of-unsigned-zone", "That there is no DS at a delegation is itself secure", "RFC 4035 5.4, 3.1.4.1", func(w *world) {
		w.unsigned("")
		w.ask("example.com. DS").nodata("").want("zone com.").isSecure()
	}},
	{"two-nsec-at-one-name", "Two NSEC records at one name prove nothing", "RFC 4034 4, RFC 4035 5.4", func(w *world) {
		z := w.signed("www A 192.0.2.80")
		w.all(www, denies(z, dns.RcodeSuccess, func() []dns.RR {
			return z.sign(parse("www.example.com. 600 NSEC zzz.example.com. A RRSIG NSEC\nwww.example.com. 600 NSEC xxx.example.com. A RRSIG NSEC CAA", "."))
		}))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
}

var nxdomainAgain = []scenario{
	{"span-serves-next", "A span proven for one name answers for the next without a packet", "RFC 8198 5.1", func(w *world) {
		w.signed("")
		w.ask("www.gone.com. CAA").nxdomain("").isSecure()
		w.ask("www.lost.com. CAA").nxdomain("").isSecure()
		w.ask("www.lost.com. MX").nxdomain("").isSecure()
	}},
	{"span-ends", "A name behind the end of a proven span is asked for", "RFC 8198 5.1", func(w *world) {
		w.signed(wwwCAA)
		w.ask("www.aaa.com. CAA").nxdomain("").isSecure()
		w.ask(www).found(issue).isSecure()
	}},
	{"wildcard-after", "A span does not deny what a wildcard stands for", "RFC 8198 5.3, RFC 4035 5.3.4", func(w *world) {
		w.signed(`* CAA 0 issue "ca.example"` + "\nsub A 192.0.2.80")
		w.ask("www.sub.example.com. CAA").nxdomain("").isSecure()
		w.ask(www).found(issue).isSecure()
	}},
	{"forged-not-kept", "A span whose signature is broken serves nobody", "RFC 8198 5, RFC 4035 4.7", func(w *world) {
		w.signed(wwwCAA)
		com := w.of("com.")
		w.all("www.gone.com. CAA", func(m *dns.Msg) {
			m.Ns = append(com.soa(), parse("com. 600 NSEC com. NS SOA RRSIG NSEC DNSKEY", ".")...)
			m.Ns = append(m.Ns, rrsig(com.zsk[0], m.Ns[len(m.Ns)-1:], from, until, signature{broken: true}))
		})
		w.ask("www.gone.com. CAA").isBogus("denial-unsigned", "com.")
		w.ask(www).found(issue).isSecure()
	}},
}

var wildcardAgain = []scenario{
	{"two-names", "Each name that a wildcard stands for is answered", "RFC 4592 3.3.1, RFC 8198 5.3", func(w *world) {
		w.signed(`* CAA 0 issue "ca.example"`)
		w.ask(www).found(issue).isSecure()
		w.ask("mail.example.com. CAA").found(`mail.example.com. CAA 0 issue "ca.example"`).isSecure()
	}},
	{"name-beside", "A name that exists beside a wildcard keeps its own set", "RFC 4592 3.3.1, RFC 8198 5.3", func(w *world) {
		w.signed(`* CAA 0 issue "ca.example"` + "\n" + `mail CAA 0 issue ";"`)
		w.ask(www).found(issue).isSecure()
		w.ask("mail.example.com. CAA").found(`mail.example.com. CAA 0 issue ";"`).isSecure()
	}},
}

var dsAgain = []scenario{
	{"keys-are-alias", "A zone that answers the question for its keys with an alias has none", "RFC 4035 5.2, RFC 1034 3.6.2", func(w *world) {
		w.signed(wwwCAA)
		w.all("example.com. DNSKEY", answers(func() []dns.RR { return parse("example.com. CNAME example.net.", ".") }))
		w.ask(www).isBogus("no-dnskey", "example.com.")
	}},
	{"keys-of-other-name", "Keys of another name in the reply are nobody's", "RFC 4035 5.2", func(w *world) {
		w.signed(wwwCAA)
		w.all("example.com. DNSKEY", func(m *dns.Msg) {
			for i := range m.Answer {
				m.Answer[i] = dns.Copy(m.Answer[i])
				m.Answer[i].Header().Name = "www.example.com."
			}
		})
		w.ask(www).isBogus("no-dnskey", "example.com.")
	}},
	{"of-other-zone", "The DS record of another zone in the referral is nobody's", "RFC 4035 5.2", func(w *world) {
		w.unsigned(wwwCAA)
		com := w.of("com.").add("other NS ns.other\nns.other A " + other)
		k := newKey("other.com.", kskFlags, p256, 0)
		com.put(digestOf(k, dns.SHA256))
		w.change(comAddr, "example.com. NS", func(m *dns.Msg) {
			for _, rr := range com.set("other.com.", dns.TypeDS) {
				rr = dns.Copy(rr)
				rr.Header().Name = "example.com."
				m.Ns = append(m.Ns, rr)
			}
		})
		w.ask(www).found(issue).isInsecure("no-ds", "example.com.")
	}},
	{"one-server-without", "One server of the zone above has no DS records", "RFC 4035 5.5, 3.1.4.1", func(w *world) {
		w.zone(".", rootAddr, "").secure(p256)
		w.zone("com.", comAddr+" 198.51.100.4", "").secure(p256)
		w.zone("example.com.", ns1, wwwCAA).secure(p256)
		w.changeCut("198.51.100.4", noRecords)
		w.ask(www).found(issue).isSecure()
	}},
}

var insecureAgain = []scenario{
	{"two-names", "The proof that a zone is unsigned serves all its names", "RFC 4035 5.2, 4.5", func(w *world) {
		w.unsigned(wwwCAA + "\n" + `mail CAA 0 issue "ca.example"`)
		w.ask(www).found(issue).isInsecure("no-ds", "example.com.")
		w.ask("mail.example.com. CAA").found(`mail.example.com. CAA 0 issue "ca.example"`).want("packets 1").isInsecure("no-ds", "example.com.")
	}},
	{"lazy-failure", "In lazy mode the zone of a failure is proven insecure", "spec rule R3.4", func(w *world) {
		w.config = []string{"; caascan: lazy"}
		w.unsigned(wwwCAA)
		w.says("", www, dns.RcodeRefused)
		w.ask(www).fails("refused").isInsecure("no-ds", "example.com.")
	}},
	{"failure-no-proof", "A failing zone whose missing DS is not proven is not insecure", "spec rules R3.4, R6.1", func(w *world) {
		w.unsigned(wwwCAA)
		w.says("", www, dns.RcodeServerFailure)
		w.change(comAddr, "example.com. NS", noRecords)
		w.change(comAddr, "example.com. DS", noRecords)
		w.ask(www).fails("servfail").want("security bogus").because("denial-missing", "com.").done()
	}},
	{"failure-chain-silent", "A failing zone whose DS cannot be asked for is not insecure", "spec rules R3.4, R6.1", func(w *world) {
		w.unsigned(wwwCAA)
		w.says("", www, dns.RcodeServerFailure)
		w.change(comAddr, "example.com. NS", noRecords)
		w.change(comAddr, "example.com. DS", func(m *dns.Msg) { m.Rcode = silent })
		w.ask(www).fails("servfail").isIndeterminate("chain-unreachable", "")
	}},
}

var nsec3Again = []scenario{
	{"span-serves-next", "NSEC3 spans proven for one name do not deny one that exists", "RFC 8198 5.1, 5.4", func(w *world) {
		w.signed(wwwCAA)
		w.of("com.").hashed(0, "", false)
		w.ask("www.gone.com. CAA").nxdomain("").isSecure()
		w.ask(www).found(issue).isSecure()
		w.ask("www.lost.com. CAA").nxdomain("").isSecure()
	}},
}

var optoutAgain = []scenario{
	{"span-hides-nothing", "An opt-out span proven for one name does not deny an unsigned delegation in it", "RFC 8198 5.4, RFC 5155 12.2", func(w *world) {
		w.optOutWorld(wwwCAA).insecure()
		w.of("com.").add("zzz NS ns.zzz\nns.zzz A 203.0.113.77")
		w.ask("www.gone.com. CAA").nxdomain("").isInsecure("opt-out", "")
		w.ask(www).found(issue).isInsecure("opt-out", "example.com.")
		w.ask("www.lost.com. CAA").nxdomain("").isInsecure("opt-out", "")
	}},
	{"apex-serves-nothing", "The apex record of an opt-out zone, proven once, denies no delegation", "RFC 8198 5.4, RFC 5155 8.5", func(w *world) {
		w.optOutWorld(wwwCAA).insecure()
		w.ask("com. CAA").nodata("").isSecure()
		w.ask(www).found(issue).isInsecure("opt-out", "example.com.")
	}},
}
