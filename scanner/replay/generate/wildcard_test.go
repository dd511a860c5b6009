package generate

import (
	"github.com/miekg/dns"
)

var wildcard = []scenario{
	{"positive", "An answer from a wildcard is secure with proof that the name itself does not exist", "RFC 4035 5.3.4", func(w *world) {
		w.signed(`* CAA 0 issue "ca.example"`)
		w.ask(www).found(issue).isSecure()
	}},
	{"no-proof", "An answer from a wildcard without that proof is bogus", "RFC 4035 5.3.4", func(w *world) {
		w.signed(`* CAA 0 issue "ca.example"`)
		w.all(www, noDenial)
		w.ask(www).isBogus("denial-missing", "example.com.")
	}},
	{"wrong-proof", "An answer from a wildcard with a span that does not hold the name is bogus", "RFC 4035 5.3.4", func(w *world) {
		z := w.signed(`* CAA 0 issue "ca.example"` + "\nz A 192.0.2.80")
		w.all(www, noDenial, func(m *dns.Msg) { add(m, z.matching("z.example.com.")) })
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"unsigned-proof", "An answer from a wildcard with an unsigned span is bogus", "RFC 4035 5.3.4", func(w *world) {
		w.signed(`* CAA 0 issue "ca.example"`)
		w.all(www, unsign(dns.TypeNSEC))
		w.ask(www).isBogus("denial-unsigned", "example.com.")
	}},
	{"name-exists", "A wildcard's answer cannot be put in the place of a name that exists", "RFC 4035 5.3.4", func(w *world) {
		z := w.signed(`* CAA 0 issue "evil.example"` + "\n" + wwwCAA)
		w.all(www, func(m *dns.Msg) {
			m.Answer = renamed(z.set("*.example.com.", dns.TypeCAA), "www.example.com.")
			add(m, z.matching("www.example.com."))
		})
		w.ask(www).isBogus("", "example.com.")
	}},
	{"itself", "The wildcard asked for by its own name needs no further proof", "RFC 4592 2.1.1, RFC 4035 5.3.4", func(w *world) {
		w.signed(`* CAA 0 issue "ca.example"`)
		w.ask("*.example.com. CAA").found(`*.example.com. CAA 0 issue "ca.example"`).isSecure()
	}},
	{"many-labels", "A wildcard stands for names of several labels", "RFC 4592 2.2.1, RFC 4035 5.3.4", func(w *world) {
		w.signed(`* CAA 0 issue "ca.example"`)
		w.ask("a.b.c.example.com. CAA").found(`a.b.c.example.com. CAA 0 issue "ca.example"`).isSecure()
	}},
	{"nodata", "NODATA at a wildcard: the wildcard has no such type, and the name itself does not exist", "RFC 4035 5.4, 3.1.3.4", func(w *world) {
		w.signed("* A 192.0.2.80")
		w.ask(www).nodata("").isSecure()
	}},
	{"nodata-no-name", "NODATA at a wildcard without proof that the name itself does not exist is bogus", "RFC 4035 5.4", func(w *world) {
		z := w.signed("* A 192.0.2.80\nzzz A 192.0.2.81")
		w.all(www, denies(z, dns.RcodeSuccess, z.match("*.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"nodata-no-wildcard", "NODATA at a wildcard without the wildcard's NSEC record is bogus", "RFC 4035 5.4", func(w *world) {
		z := w.signed("* A 192.0.2.80\na A 192.0.2.82\nzzz A 192.0.2.81")
		w.all(www, denies(z, dns.RcodeSuccess, z.cover("www.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"nodata-withheld", "A wildcard's set cannot be withheld", "RFC 4035 5.4", func(w *world) {
		z := w.signed(`* CAA 0 issue "ca.example"`)
		w.all(www, denies(z, dns.RcodeSuccess, z.match("*.example.com."), z.cover("www.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"nodata-cname", "A wildcard's alias cannot be withheld", "RFC 6840 4.3", func(w *world) {
		z := w.signed("* CNAME example.net.")
		w.all(www, denies(z, dns.RcodeSuccess, z.match("*.example.com."), z.cover("www.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"closer-encloser", "A wildcard above the closest encloser does not stand for the name", "RFC 4592 3.3.1, RFC 4035 5.3.4", func(w *world) {
		z := w.signed(`* CAA 0 issue "evil.example"` + "\nsub A 192.0.2.80\nzzz A 192.0.2.81")
		w.all("www.sub.example.com. CAA", func(m *dns.Msg) {
			m.Rcode, m.Answer, m.Ns = dns.RcodeSuccess, renamed(z.set("*.example.com.", dns.TypeCAA), "www.sub.example.com."), nil
			add(m, z.covering("www.sub.example.com."))
		})
		w.ask("www.sub.example.com. CAA").isBogus("denial-wrong", "example.com.")
	}},
	{"fewer-labels-forged", "A signature whose label count was lowered is not a wildcard's", "RFC 4035 5.3.2", func(w *world) {
		w.signed(wwwCAA)
		w.all(www, func(m *dns.Msg) { m.Answer[1].(*dns.RRSIG).Labels = 2 })
		w.ask(www).isBogus("bad-signature", "example.com.")
	}},
	{"nsec3-positive", "An answer from a wildcard with NSEC3: the next closer name is covered", "RFC 5155 8.8", func(w *world) {
		w.signed(`* CAA 0 issue "ca.example"`).hashed(0, "", false)
		w.ask(www).found(issue).isSecure()
	}},
	{"nsec3-no-proof", "An answer from a wildcard without NSEC3 is bogus", "RFC 5155 8.8", func(w *world) {
		w.signed(`* CAA 0 issue "ca.example"`).hashed(0, "", false)
		w.all(www, noDenial)
		w.ask(www).isBogus("denial-missing", "example.com.")
	}},
	{"nsec3-name-exists", "A wildcard's answer with the NSEC3 record of the name itself is bogus", "RFC 5155 8.8", func(w *world) {
		z := w.signed(`* CAA 0 issue "ca.example"`+"\n"+wwwCAA).hashed(0, "", false)
		w.all(www, func(m *dns.Msg) {
			m.Answer = renamed(z.set("*.example.com.", dns.TypeCAA), "www.example.com.")
			add(m, z.matching("www.example.com."))
		})
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"nsec3-nodata", "NODATA at a wildcard with NSEC3", "RFC 5155 8.7", func(w *world) {
		w.signed("* A 192.0.2.80").hashed(0, "", false)
		w.ask(www).nodata("").isSecure()
	}},
	{"nsec3-nodata-no-name", "NODATA at a wildcard with NSEC3 without the next closer name is bogus", "RFC 5155 8.7", func(w *world) {
		z := w.signed("* A 192.0.2.80").hashed(0, "", false)
		w.all(www, denies(z, dns.RcodeSuccess, z.match("example.com."), z.match("*.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
}
