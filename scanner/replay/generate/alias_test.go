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
	{"plain-wildcard", "A wildcard's alias is followed", "RFC 4592 3.3.3", func(w *world) {
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
