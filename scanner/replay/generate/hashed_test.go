package generate

import (
	"strings"

	"github.com/miekg/dns"
)

// hashedZone makes the world of signed, in which example.com has NSEC3.
func (w *world) hashedZone(text string) *zone { return w.signed(text).hashed(0, "", false) }

// hashEdit changes the NSEC3 records of the zone before they are signed.
func hashEdit(z *zone, proof func() []dns.RR, edit func(*dns.NSEC3)) func() []dns.RR {
	return func() []dns.RR {
		n := dns.Copy(proof()[0]).(*dns.NSEC3)
		edit(n)
		return z.sign([]dns.RR{n})
	}
}

const gone = "gone.example.com. CAA"

// nameError denies gone.example.com as it should be, each NSEC3 record edited.
func nameError(z *zone, edit func(*dns.NSEC3)) func(*dns.Msg) {
	return denies(z, dns.RcodeNameError,
		hashEdit(z, z.match("example.com."), edit), hashEdit(z, z.cover("gone.example.com."), edit), hashEdit(z, z.cover("*.example.com."), edit))
}

var nsec3 = []scenario{
	{"nodata", "An NSEC3 record that matches the name, without the type", "RFC 5155 8.5", func(w *world) {
		w.hashedZone("www A 192.0.2.80")
		w.ask(www).nodata("").isSecure()
	}},
	{"nxdomain", "Closest encloser, next closer name and wildcard", "RFC 5155 8.4, 8.3", func(w *world) {
		w.hashedZone(wwwCAA)
		w.ask(gone).nxdomain("").isSecure()
	}},
	{"nxdomain-deep", "The closest encloser lies several labels above the name", "RFC 5155 8.3", func(w *world) {
		w.hashedZone("a.b A 192.0.2.80")
		w.ask("x.y.z.b.example.com. CAA").nxdomain("").isSecure()
	}},
	{"empty-non-terminal", "An empty non-terminal has an NSEC3 record with no types", "RFC 5155 7.1, 8.5", func(w *world) {
		w.hashedZone("a.b A 192.0.2.80")
		w.ask("b.example.com. CAA").nodata("").isSecure()
	}},
	{"apex", "NODATA at the apex", "RFC 5155 8.5", func(w *world) {
		w.hashedZone("")
		w.ask("example.com. CAA").nodata("").isSecure()
	}},
	{"salt-and-iterations", "Hashes with salt and iterations", "RFC 5155 5", func(w *world) {
		w.hashedZone(wwwCAA).hashed(12, "aabbccdd", false)
		w.ask(gone).nxdomain("").isSecure()
	}},
	{"iterations-150", "150 iterations are still counted", "RFC 9276 3.2, disputed point C16", func(w *world) {
		w.hashedZone(wwwCAA).hashed(150, "", false)
		w.ask(gone).nxdomain("").isSecure()
	}},
	{"iterations-151", "More than 150 iterations make a denial insecure", "RFC 9276 3.2, disputed point C16", func(w *world) {
		w.hashedZone(wwwCAA).hashed(151, "", false)
		w.ask(gone).nxdomain("").isInsecure("iterations", "example.com.")
	}},
	{"iterations-nodata", "More than 150 iterations make NODATA insecure", "RFC 9276 3.2", func(w *world) {
		w.hashedZone("www A 192.0.2.80").hashed(2500, "", false)
		w.ask(www).nodata("").isInsecure("iterations", "example.com.")
	}},
	{"iterations-positive", "Iterations do not matter to a set that is there", "RFC 9276 3.2", func(w *world) {
		w.hashedZone(wwwCAA).hashed(2500, "", false)
		w.ask(www).found(issue).isSecure()
	}},
	{"iterations-broken", "Iterations are only looked at under a good signature", "RFC 9276 3.2", func(w *world) {
		w.hashedZone(wwwCAA).hashed(2500, "", false).signs("NSEC3", signature{broken: true})
		w.ask(gone).isBogus("denial-unsigned", "example.com.")
	}},
	{"iterations-policy", "The bound on iterations is a matter of policy", "RFC 9276 3.2, spec rule R6.5", func(w *world) {
		w.config = []string{"; caascan: max-iterations 50"}
		w.hashedZone(wwwCAA).hashed(100, "", false)
		w.ask(gone).nxdomain("").isInsecure("iterations", "example.com.")
	}},
	{"iterations-delegation", "More than 150 iterations in the zone above make the child insecure, even a broken one", "RFC 9276 3.2", func(w *world) {
		w.signed(wwwCAA).insecure()
		w.of("com.").hashed(500, "", false)
		w.ask(www).found(issue).isInsecure("iterations", "")
	}},
	{"no-closest-encloser", "Without the closest encloser NXDOMAIN is bogus", "RFC 5155 8.3, 8.4", func(w *world) {
		z := w.hashedZone(wwwCAA)
		w.all(gone, denies(z, dns.RcodeNameError, z.around("gone.example.com."), z.around("*.example.com.")))
		w.ask(gone).isBogus("denial-wrong", "example.com.")
	}},
	{"no-next-closer", "Without the next closer name NXDOMAIN is bogus", "RFC 5155 8.3, 8.4", func(w *world) {
		z := w.hashedZone(wwwCAA)
		w.all(gone, denies(z, dns.RcodeNameError, z.only("example.com."), z.around("*.example.com.")))
		w.ask(gone).isBogus("denial-wrong", "example.com.")
	}},
	{"no-wildcard", "Without proof that there is no wildcard NXDOMAIN is bogus", "RFC 5155 8.4", func(w *world) {
		z := w.hashedZone(wwwCAA)
		w.all(gone, denies(z, dns.RcodeNameError, z.only("example.com."), z.around("gone.example.com.")))
		w.ask(gone).isBogus("denial-wrong", "example.com.")
	}},
	{"white-lies", "Spans made for the question prove as well as those of a chain", "RFC 7129 appendix B", func(w *world) {
		z := w.hashedZone(wwwCAA)
		w.all(gone, denies(z, dns.RcodeNameError, z.only("example.com."), z.around("gone.example.com."), z.around("*.example.com.")))
		w.ask(gone).nxdomain("").isSecure()
	}},
	{"missing", "NXDOMAIN of a signed zone without NSEC3 is bogus", "RFC 5155 8.4", func(w *world) {
		w.hashedZone(wwwCAA)
		w.all(gone, noDenial)
		w.ask(gone).isBogus("denial-missing", "example.com.")
	}},
	{"answer-withheld", "A set that exists cannot be withheld", "RFC 5155 8.5", func(w *world) {
		z := w.hashedZone(wwwCAA)
		w.all(www, denies(z, dns.RcodeSuccess, z.match("www.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"cname-bit", "NODATA cannot be claimed where there is a CNAME", "RFC 5155 8.5, RFC 6840 4.3", func(w *world) {
		z := w.hashedZone("www CNAME other")
		w.all(www, denies(z, dns.RcodeSuccess, z.match("www.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"name-exists", "NXDOMAIN cannot be claimed of a name that exists", "RFC 5155 8.4", func(w *world) {
		z := w.hashedZone(wwwCAA)
		w.all(www, denies(z, dns.RcodeNameError, z.match("example.com."), z.match("www.example.com."), z.cover("*.example.com.")))
		w.ask(www).isBogus("denial-wrong", "example.com.")
	}},
	{"unsigned", "NSEC3 records without signatures prove nothing", "RFC 5155 8, RFC 4035 5.4", func(w *world) {
		w.hashedZone(wwwCAA).signs("NSEC3", signature{none: true})
		w.ask(gone).isBogus("denial-unsigned", "example.com.")
	}},
	{"unknown-hash", "NSEC3 records with an unknown hash are ignored: bogus", "RFC 5155 8.1", func(w *world) {
		z := w.hashedZone(wwwCAA)
		w.all(gone, nameError(z, func(n *dns.NSEC3) { n.Hash = 2 }))
		w.ask(gone).isBogus("denial-wrong", "example.com.")
	}},
	{"unknown-flags", "NSEC3 records with unknown flags are ignored: bogus", "RFC 5155 8.2", func(w *world) {
		z := w.hashedZone(wwwCAA)
		w.all(gone, nameError(z, func(n *dns.NSEC3) { n.Flags = 2 }))
		w.ask(gone).isBogus("denial-wrong", "example.com.")
	}},
	{"mixed-parameters", "NSEC3 records of two chains do not prove together, as a validator may choose", "RFC 5155 8.2", func(w *world) {
		z := w.hashedZone(wwwCAA)
		salted := func(proof func() []dns.RR) func() []dns.RR {
			return func() []dns.RR {
				z.salt = "ab"
				defer func() { z.salt = "" }()
				return proof()
			}
		}
		w.all(gone, denies(z, dns.RcodeNameError, z.only("example.com."), salted(z.around("gone.example.com.")), z.around("*.example.com.")))
		w.ask(gone).isBogus("denial-wrong", "example.com.")
	}},
	{"upper-case-hash", "The hash in the owner's name may be in upper case", "RFC 5155 3, RFC 4648 7", func(w *world) {
		w.hashedZone(wwwCAA)
		w.all(gone, func(m *dns.Msg) {
			for i, rr := range m.Ns {
				if covers(rr) == dns.TypeNSEC3 {
					m.Ns[i] = dns.Copy(rr)
					label, rest, _ := strings.Cut(rr.Header().Name, ".")
					m.Ns[i].Header().Name = strings.ToUpper(label) + "." + rest
				}
			}
		})
		w.ask(gone).nxdomain("").isSecure()
	}},
	{"delegation-nodata", "The NSEC3 record of a delegation says nothing about types in the child", "RFC 5155 8.9, RFC 6840 4.1", func(w *world) {
		z := w.hashedZone(signedSub)
		w.entriesBelow("sub.example.com. CAA", denies(z, dns.RcodeSuccess, z.match("sub.example.com.")))
		w.ask("sub.example.com. CAA").isBogus("denial-wrong", "example.com.")
	}},
	{"delegation-encloser", "A delegation is no closest encloser for names below it", "RFC 5155 8.3", func(w *world) {
		z := w.hashedZone(signedSub)
		w.entriesBelow("www.sub.example.com. CAA", denies(z, dns.RcodeNameError,
			z.only("sub.example.com."), z.around("www.sub.example.com."), z.around("*.sub.example.com.")))
		w.ask("www.sub.example.com. CAA").isBogus("denial-wrong", "example.com.")
	}},
	{"dname-encloser", "An owner of a DNAME is no closest encloser for names below it", "RFC 5155 8.3", func(w *world) {
		z := w.hashedZone("sub DNAME example.net.")
		w.all("www.sub.example.com. CAA", denies(z, dns.RcodeNameError,
			z.only("sub.example.com."), z.around("www.sub.example.com."), z.around("*.sub.example.com.")))
		w.ask("www.sub.example.com. CAA").isBogus("denial-wrong", "example.com.")
	}},
	{"insecure-delegation", "An unsigned delegation: the NSEC3 record matches and has NS but no DS", "RFC 5155 8.9, RFC 4035 5.2", func(w *world) {
		w.signed(wwwCAA).insecure()
		w.of("com.").hashed(0, "", false)
		w.ask(www).found(issue).isInsecure("no-ds", "example.com.")
	}},
	{"delegation-without-ns", "An NSEC3 record without NS proves no delegation", "RFC 5155 8.9, RFC 6840 4.4", func(w *world) {
		w.signed(wwwCAA).insecure()
		w.of("com.").hashed(0, "", false).claims("example.com.", dns.TypeA, dns.TypeRRSIG)
		w.ask(www).isBogus("", "")
	}},
	{"delegation-ds-withheld", "The DS of a signed child cannot be withheld", "RFC 5155 8.6, RFC 4035 5.2", func(w *world) {
		w.signed(wwwCAA)
		com := w.of("com.").hashed(0, "", false)
		w.withholdDS(com.match("example.com."))
		w.ask(www).isBogus("denial-wrong", "com.")
	}},
	{"single-name", "A chain of one record covers everything but itself", "RFC 5155 7.1", func(w *world) {
		w.hashedZone("")
		w.of("example.com.").sets["ns1.example.com."] = nil
		z := w.of("example.com.")
		delete(z.sets, "ns1.example.com.")
		delete(z.sets, "ns2.example.com.")
		z.sets["example.com."][dns.TypeNS] = parse("example.com. NS dns.example.net.", ".")
		z.foreign = true
		com := w.of("com.")
		com.add("example NS dns.example.net.")
		com.put(digestOf(z.ksk[0], dns.SHA256))
		w.signedNet("dns A " + ns1)
		w.also = []string{"dns.example.net. A", "dns.example.net. AAAA"}
		w.ask(gone).nxdomain("").isSecure()
	}},
}

func (z *zone) only(name string) func() []dns.RR { return func() []dns.RR { return z.spanAt(name) } }

func (z *zone) around(name string) func() []dns.RR {
	return func() []dns.RR { return z.spanAround(name) }
}

// optOutWorld makes the world of signed, in which com has opt-out.
func (w *world) optOutWorld(text string) *zone {
	z := w.signed(text)
	w.of("com.").hashed(0, "", true)
	return z
}

var optout = []scenario{
	{"unsigned-delegation", "An unsigned delegation lies in an opt-out span", "RFC 5155 8.9, 8.6, RFC 4035 5.2", func(w *world) {
		w.optOutWorld(wwwCAA).insecure()
		w.ask(www).found(issue).isInsecure("opt-out", "example.com.")
	}},
	{"signed-delegation", "A signed delegation beside opt-out spans is secure", "RFC 5155 6", func(w *world) {
		w.optOutWorld(wwwCAA)
		w.ask(www).found(issue).isSecure()
	}},
	{"nodata", "NODATA of a signed zone below opt-out", "RFC 5155 6", func(w *world) {
		w.optOutWorld("www A 192.0.2.80")
		w.ask(www).nodata("").isSecure()
	}},
	{"nxdomain", "NXDOMAIN in an opt-out span is insecure: there may be an unsigned delegation", "RFC 5155 9.2, 12.2, spec rule R6.4", func(w *world) {
		w.optOutWorld("")
		w.ask("www.gone.com. CAA").nxdomain("").isInsecure("opt-out", "")
	}},
	{"apex-nodata", "NODATA at a name that has an NSEC3 record is secure under opt-out, too", "RFC 5155 8.5", func(w *world) {
		w.optOutWorld("")
		w.ask("com. CAA").nodata("").isSecure()
	}},
	{"no-flag", "Without the flag, a span does not make a delegation insecure", "RFC 5155 8.6, 8.9", func(w *world) {
		w.optOutWorld(wwwCAA).insecure()
		com := w.of("com.")
		plain := func(proof func() []dns.RR) func() []dns.RR {
			return hashEdit(com, proof, func(n *dns.NSEC3) { n.Flags = 0 })
		}
		w.changeCut(comAddr, noDenial, func(m *dns.Msg) {
			add(m, plain(com.match("com."))())
			add(m, plain(com.cover("example.com."))())
		})
		w.ask(www).isBogus("denial-wrong", "com.")
	}},
	{"no-closest-encloser", "An opt-out span without the closest encloser proves nothing", "RFC 5155 8.6", func(w *world) {
		w.optOutWorld(wwwCAA).insecure()
		com := w.of("com.")
		w.changeCut(comAddr, noDenial, func(m *dns.Msg) { add(m, com.spanAround("example.com.")) })
		w.ask(www).isBogus("denial-wrong", "com.")
	}},
	{"ds-withheld", "An opt-out span cannot hide a signed delegation that has its NSEC3 record", "RFC 5155 8.6", func(w *world) {
		w.optOutWorld(wwwCAA)
		com := w.of("com.")
		w.withholdDS(com.match("com."), com.match("example.com."))
		w.ask(www).isBogus("denial-wrong", "com.")
	}},
	{"matching-record", "An unsigned delegation that has an NSEC3 record of its own in an opt-out zone", "RFC 5155 7.1, 8.9", func(w *world) {
		w.optOutWorld(wwwCAA).insecure()
		com := w.of("com.")
		own := func() []dns.RR {
			com.optOut = false
			defer func() { com.optOut = true }()
			return com.matching("example.com.")
		}
		w.changeCut(comAddr, noDenial, func(m *dns.Msg) { add(m, own()) })
		w.ask(www).found(issue).isInsecure("no-ds", "example.com.")
	}},
	{"wildcard", "A wildcard's answer whose next closer name lies in an opt-out span is insecure", "RFC 5155 9.2, 8.8", func(w *world) {
		w.signed(`* CAA 0 issue "ca.example"`).hashed(0, "", true)
		w.ask(www).found(issue).isInsecure("opt-out", "")
	}},
	{"wildcard-nodata", "NODATA at a wildcard whose next closer name lies in an opt-out span is insecure", "RFC 5155 9.2, 8.7", func(w *world) {
		w.signed("* A 192.0.2.80").hashed(0, "", true)
		w.ask(www).nodata("").isInsecure("opt-out", "")
	}},
	{"below-unsigned-delegation", "Everything below an unsigned delegation in an opt-out span is insecure", "RFC 5155 6, RFC 4035 4.3", func(w *world) {
		w.optOutWorld("sub NS ns.sub\nns.sub A " + other).insecure()
		z := w.zone("sub.example.com.", other, wwwCAA).secure(p256)
		z.foreign = true
		z.signs("", signature{broken: true})
		w.ask("www.sub.example.com. CAA").found(`www.sub.example.com. CAA 0 issue "ca.example"`).isInsecure("opt-out", "example.com.")
	}},
	{"empty-non-terminal", "An unsigned delegation two labels down leaves no empty non-terminal in an opt-out chain", "RFC 5155 7.1, 8.6", func(w *world) {
		w.signed("").hashed(0, "", true)
		w.zone("a.b.example.com.", other, wwwCAA)
		w.ask("www.a.b.example.com. CAA").found(`www.a.b.example.com. CAA 0 issue "ca.example"`).isInsecure("opt-out", "")
	}},
	{"broken-nxdomain", "NXDOMAIN in an opt-out span under a broken signature is bogus, not insecure", "RFC 5155 9.2, RFC 4035 5.4", func(w *world) {
		w.optOutWorld("")
		w.of("com.").signs("NSEC3", signature{broken: true})
		w.ask("www.gone.com. CAA").isBogus("denial-unsigned", "com.")
	}},
}
