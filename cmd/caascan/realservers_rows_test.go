package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// row is what the scan must show of one name.
type row struct {
	name     string // relative to the zone in tables of a zone
	climb    string // outcome of each level, from the name upwards; the last decides
	chain    string // "?" as for zone; targets of the aliases at the deciding level; relative to the zone unless they end in a dot
	posture  string // tls, tls_wild, smime, vmc; default: all absent, or all error
	issuers  string // of the same four, lists with commas, "-" for none; default: none
	findings string // apart from alias and inherited, which follow from the above
	mail     string // mx_status and email_rule; default "nodata no_address"
	exists   string // default: as follows from the climb
	zone     string // zone_apex; default: the zone of the table; "?": not compared, as what depends on the server
	ttl      int    // caa_ttl; default 3600
	tcp      bool   // the deciding answer came over TCP

	// dnssec_status, dnssec_reason, ds_present, dnssec_failed_at and mx_security: "-" for NULL, "?" is not compared, as what
	// the order of the names decides; default: that of the table.
	security string
}

const (
	allOpen    = "open open open open"
	allBlocked = "blocked blocked blocked blocked"
	tlsOnly    = "restricted restricted open open"
	noMail     = "nodata no_address"
	implicit   = "nodata implicit_mx"
	missing    = "nxdomain nxdomain"
	mailFailed = "error NULL"
	targetOnly = "target.example target.example - -"

	secure      = "secure - true - secure"
	optedOut    = "insecure opt-out false - insecure" // of an unsigned zone below com
	noDS        = "insecure no-ds false - insecure"   // and below another zone that is signed
	apexIssuers = "ca.example ca.example - -"
)

// apex returns what a name shows whose climb ends, after depth empty levels, at the apex of features.zone.
func apex(name, climb string) row {
	return row{name: name, climb: climb, posture: tlsOnly, issuers: apexIssuers}
}

func (r row) withMail(mail string) row     { r.mail = mail; return r }
func (r row) withExists(word string) row   { r.exists = word; return r }
func (r row) withSecurity(text string) row { r.security = text; return r }

// leaving is the security of names of a feature zone whose alias leads to another zone, or whose look-up fails.
type leaving struct{ own, loop, long, toBIND, toCom, across, nothingThere, lame, deleg, belowDeleg string }

// featureSecurity is the security of the names of each feature zone. Two are signed. The third is below org, which is
// not; the server holds org, too, so that nobody tells of a DS.
var featureSecurity = map[string]leaving{
	"caatest-nsd.com": {
		own: secure, loop: "indeterminate signed-zone true - indeterminate", long: "indeterminate signed-zone true - indeterminate", toBIND: "insecure no-ds true - insecure",
		toCom: "insecure opt-out true - insecure", across: "? ? true - ?", nothingThere: "secure - true - insecure", lame: noDS,
		deleg: noDS, belowDeleg: "secure - false - insecure",
	},
	"caatest-knot.net": { // the server holds deleg, too
		own: secure, loop: "indeterminate signed-zone true - indeterminate", long: "indeterminate signed-zone true - indeterminate", toBIND: "insecure no-ds true - insecure",
		toCom: "insecure opt-out true - insecure", across: "? ? true - ?", nothingThere: "secure - true - insecure", lame: noDS,
		deleg: "insecure no-ds true - insecure", belowDeleg: "secure - - - insecure",
	},
	"caatest-bind.org": {
		own: belowOrg, loop: noDS, long: noDS, toBIND: belowOrg, toCom: belowOrg, across: "? ? - - ?", nothingThere: belowOrg, lame: noDS,
		deleg: noDS, belowDeleg: noDS,
	},
}

const belowOrg = "insecure no-ds - - insecure"

// featureRows are the names of features.zone.
func featureRows(zone string) []row {
	loop, long := loopOutcomes(zone)
	security := featureSecurity[zone]
	lame, child := "refused", "deleg."+zone
	if zone == "caatest-knot.net" {
		child = "?" // Knot serves it, too: no server tells of the cut
	}
	if zone == "caatest-nsd.com" { // the server that the delegation names serves the zone above, and answers from it
		lame = "lame"
	}
	manyIssuers := make([]string, manyRecords)
	for i := range manyIssuers {
		manyIssuers[i] = fmt.Sprintf("ca%04d.example", i)
	}
	many := strings.Join(manyIssuers, ",")
	tour := "tour-1.caatest-nsd.com. tour-2.caatest-knot.net. tour-3.caatest-bind.org. target.caatest-nsd.com."
	chain := func(from int) string {
		links := ""
		for i := from - 1; i > 0; i-- {
			links += fmt.Sprintf("chain-%d ", i)
		}
		return links + "target"
	}
	const mx = "found mx"
	return []row{
		apex("@", "found").withMail(mx),
		apex("mail", "nodata found").withMail(implicit),
		apex("x.any", "nodata nodata found").withMail(implicit),

		{name: "mixed", climb: "found", posture: "restricted closed open open", issuers: "ca.example - - -"},
		{name: "generic", climb: "found", posture: tlsOnly, issuers: "generic.example generic.example - -"},
		{name: "records-1001", climb: "found", posture: tlsOnly, issuers: many + " " + many + " - -", tcp: true},
		{name: "long-value", climb: "found", posture: tlsOnly, issuers: "long.example long.example - -"},
		apex("many-mx", "nodata found").withMail(mx),
		apex("many-txt", "nodata found"),

		{name: "cname", climb: "found", chain: "target", posture: tlsOnly, issuers: targetOnly, ttl: 600},
		{name: "target", climb: "found", posture: tlsOnly, issuers: targetOnly, ttl: 600},
		{name: "cname-nsd", climb: "found", chain: "target.caatest-nsd.com.", posture: tlsOnly, issuers: targetOnly, ttl: 600},
		{name: "cname-knot", climb: "found", chain: "target.caatest-knot.net.", posture: tlsOnly, issuers: targetOnly, ttl: 600},
		{name: "cname-bind", climb: "found", chain: "target.caatest-bind.org.", posture: tlsOnly, issuers: targetOnly, ttl: 600, security: security.toBIND},
		{name: "tour", climb: "found", chain: tour, posture: tlsOnly, issuers: targetOnly, ttl: 600, security: security.toBIND},
		apex("cname-empty", "nodata found").withMail(implicit), // never the tree of the target (R1.6)
		{name: "leaf.tree", climb: "nodata found", posture: tlsOnly, issuers: "never-climbed-to.example never-climbed-to.example - -", mail: implicit},
		apex("cname-nx", "nxdomain found").withMail(missing).withExists("exists"),
		apex("cname-out-nx", "nxdomain found").withMail(missing).withExists("exists").withSecurity(security.nothingThere),
		{name: "cname-lame", climb: "refused", chain: "www.lame-knot.com.", mail: mailFailed, exists: "exists", security: security.toCom},
		{name: "parent", climb: "found", chain: "target", posture: tlsOnly, issuers: targetOnly, ttl: 600},
		{name: "child.parent", climb: "nodata found", chain: "target", posture: tlsOnly, issuers: targetOnly, ttl: 600, mail: implicit},
		{name: "chain-1", climb: "found", chain: chain(1), posture: tlsOnly, issuers: targetOnly, ttl: 600},
		{name: "chain-9", climb: "found", chain: chain(9), posture: tlsOnly, issuers: targetOnly, ttl: 600, tcp: zone == "caatest-nsd.com"}, // ten signatures
		{name: "loop", climb: loop, chain: "?", mail: mailFailed, exists: "?", zone: "?", security: security.loop},
		{name: "long-18", climb: long, chain: "?", mail: mailFailed, exists: "?", zone: "?", security: security.long},
		{name: "across", climb: "loop", chain: "?", mail: mailFailed, exists: "exists", security: security.across},

		{name: "dname", climb: "found", posture: tlsOnly, issuers: "dname-owner.example dname-owner.example - -"},
		{name: "host.dname", climb: "found", chain: "host.dname-target", posture: tlsOnly, issuers: "dname.example dname.example - -"},
		{name: "nothing.dname", climb: "nxdomain found", posture: tlsOnly, issuers: "dname-owner.example dname-owner.example - -", mail: missing, exists: "nxdomain"},
		{name: "host.dname-out", climb: "found", chain: "host.dname-target.caatest-knot.net.", posture: tlsOnly, issuers: "dname.example dname.example - -"},
		{name: "host.dname-cname", climb: "found", chain: "host.dname-aliases target", posture: tlsOnly, issuers: targetOnly, ttl: 600},
		apex("dname-target", "nodata found"),

		{name: "x.wild", climb: "found", posture: tlsOnly, issuers: "wild.example wild.example - -"},
		{name: "a.b.c.wild", climb: "found", posture: tlsOnly, issuers: "wild.example wild.example - -"},
		apex("wild", "nodata found"),
		apex("exists.wild", "nodata nodata found").withMail(implicit),
		apex("below.exists.wild", "nxdomain nodata nodata found").withMail(missing),
		{name: "y.wild-cname", climb: "found", chain: "target", posture: tlsOnly, issuers: targetOnly, ttl: 600},
		apex("leaf.ent", "nodata nodata found").withMail(implicit),
		apex("ent", "nodata found"),
		apex("nosuch", "nxdomain found").withMail(missing),
		apex("a.b.nosuch", "nxdomain nxdomain nxdomain found").withMail(missing),

		{name: "script", climb: "found", posture: "closed closed open open", findings: "bad-iodef malformed-value"},
		{name: "control", climb: "found", posture: "closed closed open open", findings: "bad-iodef malformed-value"},
		{name: "quotes", climb: "found", posture: "closed closed open open", findings: "malformed-value"},
		{name: "formula", climb: "found", posture: "closed closed open open", findings: "malformed-value"},

		{name: "wild-closed", climb: "found", posture: "restricted closed open open", issuers: "ca.example - - -"},
		{name: "wild-only", climb: "found", posture: "open restricted open open", issuers: "- wild-ca.example - -"},
		{name: "closed", climb: "found", posture: "closed closed open open"},
		{name: "empty-value", climb: "found", posture: "closed closed open open"},
		{name: "malformed", climb: "found", posture: "closed closed open open", findings: "malformed-value"},
		{name: "several", climb: "found", posture: tlsOnly, issuers: "a.example,b.example a.example,b.example - -"},
		{name: "params", climb: "found", posture: tlsOnly, issuers: apexIssuers},

		{name: "mail-only", climb: "found", posture: "open open restricted open", issuers: "- - smime.example -"},
		{name: "mail-closed", climb: "found", posture: "open open closed open"},
		{name: "mail-malformed", climb: "found", posture: "open open closed open", findings: "malformed-value"},
		{name: "mail-and-tls", climb: "found", posture: "restricted restricted restricted open", issuers: "tls.example tls.example smime.example -"},
		{name: "mail-parent", climb: "found", posture: "open open restricted open", issuers: "- - smime.example -"},
		{name: "sub.mail-parent", climb: "found", posture: "closed closed open open"}, // hides the parent's issuemail (R1.4)
		{name: "host.mail-parent", climb: "nodata found", posture: "open open restricted open", issuers: "- - smime.example -", mail: implicit},
		{name: "vmc", climb: "found", posture: "open open open restricted", issuers: "- - - marks.example"},

		{name: "critical", climb: "found", posture: allBlocked, issuers: apexIssuers, findings: "unknown-critical unknown-tag"},
		{name: "critical-known", climb: "found", posture: tlsOnly, issuers: apexIssuers},
		{name: "unknown", climb: "found", posture: allOpen, findings: "unknown-tag"},
		{name: "reserved", climb: "found", posture: tlsOnly, issuers: apexIssuers, findings: "reserved-flag-bits"},
		{name: "iodef-only", climb: "found", posture: allOpen},
		{name: "bad-iodef", climb: "found", posture: allOpen, findings: "bad-iodef"},
		{name: "contact", climb: "found", posture: allOpen},

		apex("nullmx", "nodata found").withMail("null_mx null_mx"),
		apex("implicit", "nodata found").withMail(implicit),
		apex("implicit6", "nodata found").withMail(implicit),
		apex("nomail", "nodata found"),
		apex("several-mx", "nodata found").withMail(mx),
		apex("mx-alias", "nodata found").withMail(mx),

		{name: "www.deleg", climb: "nodata nodata found", posture: tlsOnly, issuers: apexIssuers, mail: implicit, zone: "deleg." + zone, security: security.belowDeleg},
		{name: "caa.deleg", climb: "found", posture: tlsOnly, issuers: "child.example child.example - -", zone: child, security: security.deleg},
		{name: "www.lame", climb: lame, mail: mailFailed, exists: "unresolved", zone: "lame." + zone, security: security.lame},
		{name: "xn--bcher-kva", climb: "found", posture: tlsOnly, issuers: "idn.example idn.example - -"},
		{name: "_service", climb: "found", posture: tlsOnly, issuers: "underscore.example underscore.example - -"},
	}
}

// otherRows are names outside the feature zones: what delegations and servers do.
func otherRows() []row {
	plain := func(name, climb string) row {
		return row{name: name, climb: climb, posture: tlsOnly, issuers: "plain.example plain.example - -", mail: "found mx"}
	}
	rows := []row{
		plain("three.com", "found"),
		plain("half-lame.com", "found"), plain("half-dead.com", "found"), plain("half-silent.com", "found"), // the live server answers
		plain("glueless.com", "found"), plain("v6only.com", "found"), plain("own.museum", "found").withSecurity(noDS),
		{name: "www.three.com", climb: "found", chain: "three.com.", posture: tlsOnly, issuers: "plain.example plain.example - -", mail: "found mx", zone: "three.com"},
		{name: "v6only-glueless.net", climb: "nodata nodata", mail: implicit, security: noDS},
		{name: "www.nocaa.museum", climb: "nodata nodata found", posture: tlsOnly, issuers: "tld.example tld.example - -", mail: implicit, zone: "nocaa.museum", security: "secure - false - insecure"},
		{name: "nocaa.museum", climb: "nodata found", posture: tlsOnly, issuers: "tld.example tld.example - -", mail: implicit, security: "secure - false - insecure"},
		{name: "museum", climb: "found", posture: tlsOnly, issuers: "tld.example tld.example - -", security: secure},
		{name: "nosuch.museum", climb: "nxdomain found", posture: tlsOnly, issuers: "tld.example tld.example - -", mail: missing, zone: "museum", security: secure},
		{name: "nosuch.com", climb: "nxdomain nodata", mail: missing, zone: "com", security: "insecure opt-out true - insecure"},
		{name: "www.nosuchtld", climb: "nxdomain nxdomain", mail: missing, zone: ".", security: "secure - - - secure"},

		{name: "lame-nsd.com", climb: "refused", mail: mailFailed, exists: "unresolved"},
		{name: "lame-knot.com", climb: "refused", mail: mailFailed, exists: "unresolved"},
		{name: "lame-bind.com", climb: "refused", mail: mailFailed, exists: "unresolved"},
		{name: "www.any.aero", climb: "refused", mail: mailFailed, exists: "unresolved", zone: "aero", security: noDS},
		{name: "servfail-nsd.com", climb: "servfail", mail: mailFailed, exists: "unresolved"},
		{name: "servfail-knot.com", climb: "servfail", mail: mailFailed, exists: "unresolved"},
		{name: "servfail-bind.com", climb: "servfail", mail: mailFailed, exists: "unresolved"},
		{name: "dead.com", climb: "unreachable", mail: mailFailed, exists: "unresolved"},
		{name: "silent.com", climb: "timeout", mail: mailFailed, exists: "unresolved"},
		{name: "noaddress.com", climb: "lame", mail: mailFailed, exists: "unresolved"},
		{name: "nsloop-a.com", climb: "lame", mail: mailFailed, exists: "unresolved"},
		{name: "bad.unreadable.com", climb: "malformed", mail: noMail, exists: "exists", zone: "unreadable.com"},

		{name: "zero-ttl.net", climb: "found", posture: tlsOnly, issuers: "zero.example zero.example - -", mail: "found mx", ttl: -1, security: noDS},
		{name: "alias.zero-ttl.net", climb: "found", chain: "caa.zero-ttl.net.", posture: tlsOnly, issuers: "alias-of-zero.example alias-of-zero.example - -", ttl: -1, zone: "zero-ttl.net", security: noDS},
	}
	rows = append(rows, signedRows()...)
	for i := range 60 { // so many that the three servers share them
		rows = append(rows, row{
			name: fmt.Sprintf("h%d.many.three.com", i), climb: "nodata nodata found", mail: implicit, zone: "three.com",
			posture: tlsOnly, issuers: "plain.example plain.example - -",
		})
	}
	return rows
}

// signedRows are names of signed zones, whole and broken ones, and of zones that are not signed below others that are.
func signedRows() []row {
	const (
		own     = "signed.example signed.example - -"
		none    = "- - - -"
		mx      = "found mx"
		stopped = "error NULL"
	)
	var rows []row
	add := func(zone, security string, table []row) {
		for _, r := range table {
			r.name, r.zone, r.security = strings.TrimPrefix(r.name+"."+zone, "@."), zone, cmp.Or(r.security, security)
			if r.posture = tlsOnly; r.issuers == none {
				r.posture = ""
			}
			if r.chain != "" && !strings.HasSuffix(r.chain, ".") {
				r.chain += "." + zone + "."
			}
			rows = append(rows, r)
		}
	}
	whole := []row{ // what every zone made from signed.zone shows whose data reach us
		{name: "@", climb: "found", issuers: own, mail: mx},
		{name: "alias", climb: "found", chain: "caa", issuers: "caa.signed.example caa.signed.example - -"},
		{name: "host.dname", climb: "found", chain: "host.target", issuers: "dname.signed.example dname.signed.example - -"},
		{name: "x.wild", climb: "found", issuers: "wild.signed.example wild.signed.example - -"},
		{name: "leaf.ent", climb: "nodata nodata found", issuers: own, mail: implicit},
		{name: "no.such", climb: "nxdomain nxdomain found", issuers: own, mail: missing},
	}
	add("timed.com", secure, whole)
	for _, zone := range []string{"signed-nsec.com", "signed-nsec3.com"} {
		add(zone, secure, whole)
		add(zone, secure, []row{ // a chain of aliases is what its worst link is (R6.7)
			{name: "to-signed", climb: "found", chain: "caa.signed-nsec.com.", issuers: "caa.signed.example caa.signed.example - -"},
			{name: "host.dname-out", climb: "found", chain: "host.target.signed-nsec3.com.", issuers: "dname.signed.example dname.signed.example - -"},
			{name: "to-insecure", climb: "found", chain: "www.three.com. three.com.", issuers: "plain.example plain.example - -", mail: mx, security: "insecure opt-out true - insecure"},
			{name: "to-bogus", climb: "bogus", chain: "caa.expired.com.", issuers: none, mail: stopped, security: "bogus expired true expired.com bogus"},
			{name: "to-tampered", climb: "bogus", chain: "tampered.com.", issuers: none, mail: mx, security: "bogus bad-signature true tampered.com secure"},
			{name: "to-dead", climb: "unreachable", chain: "www.dead.com.", issuers: none, mail: stopped, security: "insecure opt-out true - insecure"},
			{name: "to-dead-signed", climb: "unreachable", chain: "www.dead-signed.com.", issuers: none, mail: stopped, security: "indeterminate signed-zone true - indeterminate"},
		})
	}
	// Signed, but nothing above vouches for it; or only by what nobody can check.
	add("island.com", optedOut, whole)
	add("odd-digest.com", "insecure unsupported-digest true - insecure", whole)
	add("island.org", belowOrg, []row{{name: "@", climb: "found", issuers: "island.example island.example - -", mail: implicit}})
	add("sub.island.org", belowOrg, whole)

	bogus := []row{ // of which nothing may be used, whatever it is
		{name: "@", climb: "bogus", issuers: none, mail: stopped, exists: "unresolved"},
		{name: "alias", climb: "bogus", issuers: none, mail: stopped, exists: "unresolved"},
		{name: "x.wild", climb: "bogus", issuers: none, mail: stopped, exists: "unresolved"},
		{name: "leaf.ent", climb: "bogus", issuers: none, mail: stopped, exists: "unresolved"},
		{name: "no.such", climb: "bogus", issuers: none, mail: stopped, exists: "unresolved"},
	}
	for zone, reason := range map[string]string{
		"expired.com": "expired", "future.com": "not-yet-valid", "wrong-ds.com": "no-matching-ds", "no-dnskey.com": "no-dnskey",
		"stripped.com": "no-signature",
	} {
		security := fmt.Sprintf("bogus %s true %s bogus", reason, zone)
		if zone == "stripped.com" { // its denials are there
			unsigned := "bogus denial-unsigned true stripped.com bogus"
			add(zone, security, bogus[:3])
			add(zone, unsigned, bogus[3:])
			continue
		}
		add(zone, security, bogus)
	}
	add("tampered.com", "bogus bad-signature true tampered.com secure", []row{
		{name: "@", climb: "bogus", issuers: none, mail: mx},
		{name: "mx", climb: "nodata bogus", issuers: none, mail: implicit},
		{name: "x.wild", climb: "bogus", issuers: none},
		{name: "no.such", climb: "nxdomain nxdomain bogus", issuers: none, mail: missing, exists: "nxdomain"},
	})
	add("no-denial.com", "bogus denial-missing true no-denial.com bogus", []row{
		{name: "@", climb: "found", issuers: own, mail: mx, security: secure},
		{name: "alias", climb: "found", chain: "caa", issuers: "caa.signed.example caa.signed.example - -", mail: stopped, security: "secure - true - bogus"},
		{name: "x.wild", climb: "bogus", issuers: none, mail: stopped, exists: "unresolved"}, // that no closer name exists needs a denial, too
		{name: "mx", climb: "bogus", issuers: none, mail: stopped, exists: "unresolved"},
		{name: "no.such", climb: "bogus", issuers: none, mail: stopped, exists: "unresolved"},
	})
	// A failure may count as permission only where the zone is proven not to be signed (R3.4).
	failing := "indeterminate signed-zone true - indeterminate"
	for _, r := range []row{
		{name: "www.dead.com", climb: "unreachable", security: optedOut, zone: "dead.com"},
		{name: "dead.net", climb: "unreachable", security: noDS},
		{name: "dead-signed.com", climb: "unreachable", security: failing},
		{name: "www.dead-signed.com", climb: "unreachable", security: failing, zone: "dead-signed.com"},
		{name: "dead-signed.net", climb: "unreachable", security: failing},
		{name: "servfail-signed.com", climb: "servfail", security: failing},
	} {
		r.mail, r.exists = mailFailed, "unresolved"
		rows = append(rows, r)
	}
	return rows
}

// allRows are the expected rows by name, with everything spelled out.
func allRows() map[string]row {
	all := map[string]row{}
	add := func(r row) {
		last := r.climb[strings.LastIndexByte(r.climb, ' ')+1:]
		failed := !slices.Contains([]string{"found", "nodata", "nxdomain"}, last)
		if r.posture == "" {
			r.posture = "absent absent absent absent"
			if failed {
				r.posture = "error error error error"
			}
		}
		if r.exists == "" {
			r.exists = "exists"
			if strings.HasPrefix(r.climb, "nxdomain") {
				r.exists = "nxdomain"
			}
		}
		r.issuers = cmp.Or(r.issuers, "- - - -")
		r.mail = cmp.Or(r.mail, noMail)
		r.ttl = max(cmp.Or(r.ttl, 3600), 0)
		all[r.name] = r
	}
	for _, zone := range featureZones {
		for _, r := range featureRows(zone) {
			r.name = strings.TrimPrefix(r.name+"."+zone, "@.")
			r.zone = cmp.Or(r.zone, zone)
			r.security = cmp.Or(r.security, featureSecurity[zone].own)
			targets := strings.Fields(r.chain)
			for i, target := range targets {
				if !strings.HasSuffix(target, ".") && target != "?" {
					targets[i] = target + "." + zone + "."
				}
			}
			r.chain = strings.Join(targets, " ")
			add(r)
		}
	}
	for _, r := range otherRows() {
		r.zone = cmp.Or(r.zone, r.name)
		r.security = cmp.Or(r.security, optedOut)
		add(r)
	}
	return all
}
