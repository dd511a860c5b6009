package generate

import (
	"github.com/miekg/dns"
)

var alias = []scenario{
	{"plain-in-zone", "An alias within its zone is followed in the reply", "RFC 1034 4.3.2 step 3a", func(w *world) {
		w.plain("www CNAME real\n" + `real CAA 0 issue "ca.example"`)
		w.ask(www).found("www.example.com. CNAME real.example.com.\n" + `real.example.com. CAA 0 issue "ca.example"`).want("packets 3").done()
	}},
	{"plain-to-other-zone", "An alias into another zone is followed by a new question", "RFC 1034 5.3.3 step 4c", func(w *world) {
		w.plain("www CNAME www.example.net.")
		w.hoster(wwwCAA)
		w.ask(www).found("www.example.com. CNAME www.example.net.\n" + `www.example.net. CAA 0 issue "ca.example"`).want("zone example.net.").done()
	}},
	{"plain-poison", "Records of another zone that come with an alias are not believed", "RFC 5452 6, RFC 2181 5.4.1", func(w *world) {
		w.plain("www CNAME www.example.net.")
		w.hoster(wwwCAA)
		w.change("", www, func(m *dns.Msg) {
			m.Answer = append(m.Answer, parse(`www.example.net. CAA 0 issue "evil.example"`, ".")...)
		})
		w.ask(www).found("www.example.com. CNAME www.example.net.\n" + `www.example.net. CAA 0 issue "ca.example"`).done()
	}},
	{"plain-to-nodata", "An alias to a name without the type is an empty answer", "RFC 2308 2.2.1", func(w *world) {
		w.plain("www CNAME real\nreal A 192.0.2.80")
		w.ask(www).nodata("www.example.com. CNAME real.example.com.").done()
	}},
	{"plain-to-nxdomain", "An alias to a name that does not exist is NXDOMAIN", "RFC 6604 3, RFC 2308 2.1", func(w *world) {
		w.plain("www CNAME gone")
		w.ask(www).nxdomain("www.example.com. CNAME gone.example.com.").done()
	}},
	{"plain-wildcard", "A wildcard's alias is followed", "RFC 4592 4.4", func(w *world) {
		w.plain("* CNAME real\n" + `real CAA 0 issue "ca.example"`)
		w.ask(www).found("www.example.com. CNAME real.example.com.\n" + `real.example.com. CAA 0 issue "ca.example"`).done()
	}},
	{"plain-dname", "A DNAME rewrites the names below it, with the CNAME made from it", "RFC 6672 2.2, 3.1", func(w *world) {
		w.plain("old DNAME new\n" + `www.new CAA 0 issue "ca.example"`)
		w.ask("www.old.example.com. CAA").found("old.example.com. DNAME new.example.com.\nwww.old.example.com. CNAME www.new.example.com.\n" +
			`www.new.example.com. CAA 0 issue "ca.example"`).done()
	}},
	{"plain-dname-to-other-zone", "A DNAME into another zone is followed by a new question", "RFC 6672 3.2", func(w *world) {
		w.plain("old DNAME example.net.")
		w.hoster(wwwCAA)
		w.ask("www.old.example.com. CAA").found("old.example.com. DNAME example.net.\nwww.old.example.com. CNAME www.example.net.\n" +
			`www.example.net. CAA 0 issue "ca.example"`).want("zone example.net.").done()
	}},
	{"plain-dname-owner", "A DNAME says nothing about its own owner", "RFC 6672 2.3", func(w *world) {
		w.plain("old DNAME new\n" + `old CAA 0 issue "ca.example"`)
		w.ask("old.example.com. CAA").found(`old.example.com. CAA 0 issue "ca.example"`).done()
	}},
	{"plain-dname-wrong-cname", "A CNAME beside a DNAME that leads elsewhere is no reply", "RFC 6672 5.3.1", func(w *world) {
		w.plain("old DNAME example.net.")
		w.hoster(wwwCAA)
		w.change(ns1, "www.old.example.com. CAA", func(m *dns.Msg) { m.Answer[1].(*dns.CNAME).Target = "www.evil.example." })
		w.ask("www.old.example.com. CAA").found("old.example.com. DNAME example.net.\nwww.old.example.com. CNAME www.example.net.\n" +
			`www.example.net. CAA 0 issue "ca.example"`).done()
	}},
	{"plain-dname-too-long", "A DNAME that makes a name too long leads nowhere", "RFC 6672 2.2 (YXDOMAIN)", func(w *world) {
		long := "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
		w.plain("old DNAME new")
		w.change("", long+long+long+"old.example.com. CAA", func(m *dns.Msg) {
			m.Answer, m.Rcode, m.Ns = parse("old.example.com. DNAME "+long+"example.net.", "."), dns.RcodeYXDomain, nil
		})
		w.ask(long + long + long + "old.example.com. CAA").fails("rcode").done()
	}},
	{"plain-other-failing", "If the target of an alias cannot be had, the whole cannot", "RFC 1034 5.3.3, RFC 8659 3", func(w *world) {
		w.plain("www CNAME www.example.net.")
		w.hoster(wwwCAA)
		w.says("", "www.example.net. CAA", dns.RcodeServerFailure)
		w.ask(www).fails("servfail").want("zone example.net.").done()
	}},
	{"plain-sixteen", "A chain of 16 aliases is followed", "RFC 1034 3.6.2", func(w *world) {
		w.plain(chainOf(16))
		records := ""
		for _, rr := range parse(chainOf(16), "example.com.") {
			records += rr.String() + "\n"
		}
		w.ask("a0.example.com. CAA").found(records).done()
	}},
}

// Records that the scenarios with aliases expect.
const (
	toNet  = "www.example.com. CNAME www.example.net.\n"
	inNet  = `www.example.net. CAA 0 issue "ca.example"`
	toReal = "www.example.com. CNAME real.example.com.\n"
	inReal = `real.example.com. CAA 0 issue "ca.example"`
)

var signedAlias = []scenario{
	{"secure", "An alias and its target in one signed zone", "RFC 4035 5.3, spec rule R6.7", func(w *world) {
		w.signed("www CNAME real\n" + `real CAA 0 issue "ca.example"`)
		w.ask(www).found(toReal + inReal).isSecure()
	}},
	{"secure-to-secure", "An alias from a signed zone into another", "spec rule R6.7", func(w *world) {
		w.signed("www CNAME www.example.net.")
		w.signedNet(wwwCAA)
		w.ask(www).found(toNet + inNet).isSecure()
	}},
	{"secure-to-insecure", "An alias from a signed zone into an unsigned one is insecure", "spec rule R6.7", func(w *world) {
		w.signed("www CNAME www.example.net.")
		w.signedNet(wwwCAA).insecure()
		w.ask(www).found(toNet+inNet).isInsecure("no-ds", "example.net.")
	}},
	{"insecure-to-secure", "An alias from an unsigned zone into a signed one is insecure", "spec rule R6.7", func(w *world) {
		w.unsigned("www CNAME www.example.net.")
		w.signedNet(wwwCAA)
		w.ask(www).found(toNet+inNet).isInsecure("no-ds", "example.com.")
	}},
	{"secure-insecure-secure", "A chain is as secure as its worst link", "spec rule R6.7", func(w *world) {
		w.signed("www CNAME www.example.net.\n" + `real CAA 0 issue "ca.example"`)
		w.signedNet("www CNAME real.example.com.").insecure()
		w.ask(www).found(toNet+"www.example.net. CNAME real.example.com.\n"+inReal).isInsecure("no-ds", "example.net.")
	}},
	{"to-bogus", "An alias to a bogus target is bogus", "spec rule R6.7, RFC 4035 5.5", func(w *world) {
		w.signed("www CNAME www.example.net.")
		w.signedNet(wwwCAA).signs("www.example.net. CAA", signature{broken: true})
		w.ask(www).isBogus("bad-signature", "example.net.")
	}},
	{"insecure-to-bogus", "An alias from an unsigned zone to a bogus target is bogus", "spec rule R6.7", func(w *world) {
		w.unsigned("www CNAME www.example.net.")
		w.signedNet(wwwCAA).signs("www.example.net. CAA", signature{broken: true})
		w.ask(www).isBogus("bad-signature", "example.net.")
	}},
	{"bogus-to-insecure", "A bogus alias is bogus wherever it leads", "RFC 4035 5.5", func(w *world) {
		w.signed("www CNAME www.example.net.").signs("www.example.com. CNAME", signature{broken: true})
		w.signedNet(wwwCAA).insecure()
		w.ask(www).isBogus("bad-signature", "example.com.")
	}},
	{"unsigned-cname", "An alias without signature in a signed zone is bogus", "RFC 4035 5.5", func(w *world) {
		w.signed("www CNAME www.example.net.").signs("www.example.com. CNAME", signature{none: true})
		w.signedNet(wwwCAA)
		w.ask(www).isBogus("no-signature", "example.com.")
	}},
	{"forged-cname", "A forged alias in the place of a signed set is bogus", "RFC 4035 5.5", func(w *world) {
		w.signed(wwwCAA)
		w.signedNet(wwwCAA)
		w.also = []string{"www.example.net. CAA"}
		w.all(www, answers(func() []dns.RR { return parse(toNet, ".") }))
		w.ask(www).isBogus("no-signature", "example.com.")
	}},
	{"to-nodata", "An alias to a name without the type: link and denial are proven", "RFC 4035 5.4, RFC 2308 2.2.1", func(w *world) {
		w.signed("www CNAME real\nreal A 192.0.2.80")
		w.ask(www).nodata(toReal).isSecure()
	}},
	{"to-nodata-unproven", "An alias to a name without the type, without denial, is bogus", "RFC 4035 5.4", func(w *world) {
		w.signed("www CNAME real\nreal A 192.0.2.80")
		w.all(www, noDenial)
		w.all("real.example.com. CAA", noDenial)
		w.ask(www).isBogus("denial-missing", "example.com.")
	}},
	{"to-nxdomain", "An alias to a name that does not exist: link and denial are proven", "RFC 4035 5.4, RFC 6604 3", func(w *world) {
		w.signed("www CNAME gone")
		w.ask(www).nxdomain("www.example.com. CNAME gone.example.com.").isSecure()
	}},
	{"to-nxdomain-elsewhere", "An alias to a name that does not exist in another signed zone", "RFC 4035 5.4, spec rule R6.7", func(w *world) {
		w.signed("www CNAME www.example.net.")
		w.signedNet("")
		w.ask(www).nxdomain(toNet).isSecure()
	}},
	{"to-nxdomain-insecure", "An alias to a name that does not exist in an unsigned zone", "spec rule R6.7", func(w *world) {
		w.signed("www CNAME www.example.net.")
		w.signedNet("").insecure()
		w.ask(www).nxdomain(toNet).isInsecure("no-ds", "example.net.")
	}},
	{"wildcard", "An alias from a wildcard is secure with proof that there is no closer name", "RFC 4035 5.3.4, RFC 4592 4.4", func(w *world) {
		w.signed("* CNAME www.example.net.")
		w.signedNet(wwwCAA)
		w.ask(www).found(toNet + inNet).isSecure()
	}},
	{"wildcard-unproven", "An alias from a wildcard without that proof is bogus", "RFC 4035 5.3.4", func(w *world) {
		w.signed("* CNAME www.example.net.")
		w.signedNet(wwwCAA)
		w.all(www, noDenial)
		w.ask(www).isBogus("denial-missing", "example.com.")
	}},
	{"dname", "A signed DNAME proves the CNAME that was made from it", "RFC 6672 5.3.1, RFC 4035 3.1.1", func(w *world) {
		w.signed("old DNAME example.net.")
		w.signedNet(wwwCAA)
		w.ask("www.old.example.com. CAA").found("old.example.com. DNAME example.net.\nwww.old.example.com. CNAME www.example.net.\n" + inNet).isSecure()
	}},
	{"dname-in-zone", "A signed DNAME within its zone", "RFC 6672 5.3.1", func(w *world) {
		w.signed("old DNAME new\n" + `www.new CAA 0 issue "ca.example"`)
		w.ask("www.old.example.com. CAA").found("old.example.com. DNAME new.example.com.\nwww.old.example.com. CNAME www.new.example.com.\n" +
			`www.new.example.com. CAA 0 issue "ca.example"`).isSecure()
	}},
	{"dname-without-cname", "A signed DNAME without the CNAME made from it is followed, too", "RFC 6672 3.4, 5.3.1", func(w *world) {
		w.signed("old DNAME example.net.")
		w.signedNet(wwwCAA)
		w.all("www.old.example.com. CAA", remove(dns.TypeCNAME))
		a := w.ask("www.old.example.com. CAA").found("")
		w.also = append(w.also, "www.example.net. CAA")
		a.noAnswer = true // whether the CNAME is made up afterwards is nobody's rule
		a.isSecure()
	}},
	{"dname-forged-cname", "A CNAME that does not follow from the signed DNAME beside it is no answer", "RFC 6672 5.3.1, spec rule R6.7", func(w *world) {
		w.signed("old DNAME example.net.")
		w.signedNet(wwwCAA + "\n" + `evil CAA 0 issue "evil.example"`)
		w.also = []string{"evil.example.net. CAA", "www.example.net. CAA"}
		w.all("www.old.example.com. CAA", func(m *dns.Msg) {
			for _, rr := range m.Answer {
				if c, ok := rr.(*dns.CNAME); ok {
					c.Target = "evil.example.net."
				}
			}
		})
		a := w.ask("www.old.example.com. CAA")
		a.rcode = "SERVFAIL"
		a.done()
	}},
	{"dname-broken", "A DNAME with a broken signature is bogus", "RFC 6672 5.3.1", func(w *world) {
		w.signed("old DNAME example.net.").signs("old.example.com. DNAME", signature{broken: true})
		w.signedNet(wwwCAA)
		w.ask("www.old.example.com. CAA").isBogus("bad-signature", "example.com.")
	}},
	{"dname-missing", "A CNAME as if from a DNAME that is not there is bogus", "RFC 6672 5.3.1, RFC 4035 5.5", func(w *world) {
		w.signed("old DNAME example.net.")
		w.signedNet(wwwCAA)
		w.all("www.old.example.com. CAA", remove(dns.TypeDNAME))
		w.ask("www.old.example.com. CAA").isBogus("no-signature", "example.com.")
	}},
	{"dname-chain", "A DNAME into a zone whose DNAME leads on", "RFC 6672 3.2, spec rule R6.7", func(w *world) {
		w.signed("old DNAME new.example.net.\n" + `www.real CAA 0 issue "ca.example"`)
		w.signedNet("new DNAME real.example.com.")
		w.ask("www.old.example.com. CAA").found("old.example.com. DNAME new.example.net.\nwww.old.example.com. CNAME www.new.example.net.\n" +
			"new.example.net. DNAME real.example.com.\nwww.new.example.net. CNAME www.real.example.com.\n" + `www.real.example.com. CAA 0 issue "ca.example"`).isSecure()
	}},
	{"signed-sixteen", "Sixteen aliases of one signed zone are each proven", "spec rule R6.7", func(w *world) {
		w.signed(chainOf(16))
		records := ""
		for _, rr := range parse(chainOf(16), "example.com.") {
			records += rr.String() + "\n"
		}
		w.ask("a0.example.com. CAA").found(records).isSecure()
	}},
	{"one-of-sixteen-broken", "One broken link of sixteen makes the chain bogus", "spec rule R6.7", func(w *world) {
		w.signed(chainOf(16)).signs("a9.example.com. CNAME", signature{broken: true})
		w.ask("a0.example.com. CAA").isBogus("bad-signature", "example.com.")
	}},
}
