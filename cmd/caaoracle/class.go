package main

import (
	"time"

	"github.com/miekg/dns"
)

// verdict is what a validating resolver says of an answer.
type verdict string

const (
	secure        verdict = "secure"
	insecure      verdict = "insecure"
	bogus         verdict = "bogus"
	failure       verdict = "failure"       // Unbound: SERVFAIL for another reason than validation
	indeterminate verdict = "indeterminate" // caascan: cannot be told
)

// signer is whose tools sign a zone.
type signer uint8

const (
	byBIND       signer = iota // dnssec-signzone, before it is served
	byKnot                     // knotd, when it loads the zone
	byKnotOnline               // knotd's module onlinesign, at each answer
)

// class is what is special about some zones. There is a zone for each of algs and denials; where there is none of
// algs, one that is not signed.
type class struct {
	name    string
	want    verdict // what Unbound must say of the SOA at the apex: that the world is what it is meant to be; "": anything
	algs    []uint8
	denials []denial
	below   []string // a zone below each of these TLDs; nil: below one of the signed TLDs, in turn

	signer   signer
	keys     func(alg uint8) []*key  // nil: kskAndZSK
	ds       func(ds []*dns.DS)      // what is wrong with the DS records
	from, to time.Duration           // of signatures, in relation to now; both 0: valid for a month
	edit     func(*signedZone) error // what is done to the zone once signed
	body     string                  // the records; "": fullBody
	hostedBy string                  // the hub that has the names of the servers; "": they are in the zone
	small    bool                    // smallBody, and few questions
	children bool                    // there are delegations of each kind below it

	anchored   bool                    // its DS is not in the parent but a trust anchor
	on         software                // which must serve them; "": any
	editSecond func(*signedZone) error // what is done to the zone on its second server; nil: it has one
}

// variant is one zone of a class.
type variant struct {
	alg    uint8
	denial denial
}

// variants returns the zones of the class. Algorithm 5 knows NSEC only (RFC 5155 2).
func (c *class) variants() []variant {
	if c.algs == nil {
		return []variant{{}}
	}
	var vs []variant
	for _, alg := range c.algs {
		for _, d := range c.denials {
			if alg != dns.RSASHA1 || !d.nsec3 {
				vs = append(vs, variant{alg, d})
			}
		}
	}
	return vs
}

var (
	everyAlgorithm = []uint8{5, 7, 8, 10, 13, 14, 15, 16}
	everyDenial    = []denial{nsec, nsec3, salted, optOut}
	rsaAndECDSA    = []uint8{8, 13}
	ecdsa          = []uint8{13}
	twoDenials     = []denial{nsec, nsec3}
	threeDenials   = []denial{nsec, nsec3, optOut}
)

// classes are all but the hubs, the TLDs and the children.
func classes() []*class {
	var all []*class
	for _, group := range [][]*class{soundClasses(), keyClasses(), dsClasses(), insecureClasses(), bogusClasses(), partlyBogusClasses(), parentClasses(), knotClasses()} {
		all = append(all, group...)
	}
	return all
}

func soundClasses() []*class {
	return []*class{
		{name: "sound", want: secure, algs: everyAlgorithm, denials: everyDenial},
		{name: "csk", want: secure, algs: []uint8{8, 13, 15}, denials: everyDenial, keys: csk},
		{name: "iterations 150", want: secure, algs: ecdsa, denials: []denial{{nsec3: true, salt: "-", iterations: 150}, {nsec3: true, salt: "ab", iterations: 150, optOut: true}}},
		{name: "wildcard at apex", want: secure, algs: rsaAndECDSA, denials: everyDenial, body: apexWildcardBody},
		{name: "dname at apex", want: secure, algs: ecdsa, denials: everyDenial, body: apexDNAMEBody, hostedBy: hubs[1].name},
		{name: "hosted in a sound zone", want: secure, algs: ecdsa, denials: twoDenials, hostedBy: hubs[2].name},
		{name: "hosted in an unsigned zone", want: secure, algs: ecdsa, denials: twoDenials, hostedBy: hubs[3].name},
		{name: "hosted in a broken zone", want: secure, algs: ecdsa, denials: twoDenials, hostedBy: hubs[4].name},
		{name: "empty", want: secure, algs: ecdsa, denials: everyDenial, body: "\n"},
		{name: "one server strips", want: secure, algs: rsaAndECDSA, denials: twoDenials, editSecond: dropSigs()},
		{name: "one server is stale", want: secure, algs: ecdsa, denials: twoDenials, editSecond: resigned(-60*day, -30*day)},
		{name: "ttl raised", want: secure, algs: ecdsa, denials: twoDenials, edit: raiseTTL},
		{name: "signed again", want: secure, algs: ecdsa, denials: twoDenials, edit: resigned(-time.Hour, day)},
	}
}

// keyClasses are the states of a key rollover (RFC 6781 4.1, RFC 7583), and sets of keys of several algorithms.
func keyClasses() []*class {
	of := func(name string, want verdict, keys func(uint8) []*key, edit func(*signedZone) error) *class {
		return &class{name: name, want: want, algs: rsaAndECDSA, denials: twoDenials, keys: keys, edit: edit}
	}
	return []*class{
		{name: "two algorithms", want: secure, algs: []uint8{5, 7, 13, 14, 15, 16}, denials: twoDenials, keys: beside(8)},
		{name: "ksk rsa, zsk other", want: secure, algs: []uint8{13, 15}, denials: twoDenials, keys: func(alg uint8) []*key {
			return []*key{ksk(8), zsk(alg)}
		}},
		of("two ksk, two ds", secure, keys(ksk, ksk, zsk), nil),
		of("two ksk, one ds", secure, keys(ksk, ksk.but(without), zsk), nil),
		of("two ksk, the one without ds signs", bogus, keys(ksk.but(silent), ksk.but(without), zsk), nil),
		of("zsk pre-published", secure, keys(ksk, zsk, zsk.but(silent)), nil),
		of("zsk double signature", secure, keys(ksk, zsk, zsk), nil),
		of("standby ds", secure, keys(ksk, ksk.but(absent), zsk), nil),
		of("standby ksk", secure, keys(ksk, ksk.but(silent), zsk), nil),
		of("revoked ksk", secure, keys(ksk, ksk.but(revoked), zsk), nil),
		of("one of two signatures corrupt", secure, keys(ksk, zsk, zsk), corruptSecondKey),
		of("ds of revoked ksk only", "", keys(ksk.but(without), ksk.but(revokedWithDS), zsk), nil),
		of("signatures before keys", secure, keys(ksk, zsk, zsk.but(unpublished)), dropKeys(func(k *key) bool { return !k.published && k.signs })),
	}
}

func dsClasses() []*class {
	of := func(name string, want verdict, digests []uint8, ds func([]*dns.DS)) *class {
		keys := func(alg uint8) []*key { return []*key{ksk.but(func(k *key) { k.digests = digests })(alg), zsk(alg)} }
		return &class{name: name, want: want, algs: rsaAndECDSA, denials: twoDenials, keys: keys, ds: ds}
	}
	return []*class{
		of("ds sha1", secure, []uint8{1}, nil),
		of("ds sha384", secure, []uint8{4}, nil),
		of("ds sha1 sha256 sha384", secure, []uint8{1, 2, 4}, nil),
		of("ds sha1 wrong beside sha256", secure, []uint8{1, 2}, only(1, wrongDigest)),
		of("ds sha256 wrong beside sha1", "", []uint8{1, 2}, only(2, wrongDigest)),
		of("ds sha384 wrong beside sha256", "", []uint8{2, 4}, only(4, wrongDigest)),
		of("ds sha256 wrong beside sha384", "", []uint8{2, 4}, only(2, wrongDigest)),
		of("ds unknown digest beside sha256", secure, []uint8{2, 4}, only(4, unknownDigest)),
		of("ds unknown algorithm beside known", secure, []uint8{2, 4}, only(4, unknownAlgorithm)),
		of("ds unknown digest", insecure, []uint8{2}, unknownDigest),
		of("ds unknown algorithm", insecure, []uint8{2}, unknownAlgorithm),
		of("ds wrong digest", bogus, []uint8{2}, wrongDigest),
		of("ds wrong tag", bogus, []uint8{2}, wrongTag),
		of("ds wrong algorithm", bogus, []uint8{2}, wrongAlgorithm),
	}
}

func insecureClasses() []*class {
	everyTLD := append([]string{"iter", "plain"}, signedTLDs...)
	return []*class{
		{name: "unsigned", want: insecure, below: everyTLD},
		{name: "island", want: insecure, algs: ecdsa, denials: []denial{nsec3}, keys: noDS, below: everyTLD},
		{name: "broken island", want: insecure, algs: ecdsa, denials: twoDenials, keys: noDS, from: -60 * day, to: -30 * day},
		{name: "ds below unsigned", want: insecure, algs: ecdsa, denials: twoDenials, below: []string{"plain"}},
		{name: "ds below iterations", want: secure, algs: ecdsa, denials: twoDenials, below: []string{"iter"}},
		{name: "anchored island", want: secure, algs: ecdsa, denials: twoDenials, anchored: true, below: []string{"plain", "nsec", "optout"}},
		{name: "anchored by a wrong ds", want: bogus, algs: ecdsa, denials: twoDenials, anchored: true, ds: wrongDigest, below: []string{"plain", "nsec"}},
		{name: "wrong ds below unsigned", want: insecure, algs: ecdsa, denials: twoDenials, below: []string{"plain"}, ds: wrongDigest},
	}
}

func bogusClasses() []*class {
	of := func(name string, edits ...func(*signedZone) error) *class {
		return &class{name: name, want: bogus, algs: rsaAndECDSA, denials: twoDenials, edit: all(edits)}
	}
	return []*class{
		{name: "expired", want: bogus, algs: rsaAndECDSA, denials: everyDenial, from: -60 * day, to: -30 * day},
		{name: "not yet valid", want: bogus, algs: rsaAndECDSA, denials: twoDenials, from: 30 * day, to: 60 * day},
		{name: "expired just now", want: bogus, algs: ecdsa, denials: twoDenials, from: -30 * day, to: -5 * time.Minute},
		{name: "valid in an hour", want: bogus, algs: ecdsa, denials: twoDenials, from: time.Hour, to: 30 * day},
		{name: "ds of an absent key", want: bogus, algs: rsaAndECDSA, denials: twoDenials, keys: keys(ksk.but(without), ksk.but(absent), zsk)},
		of("no signatures", dropSigs()),
		of("no signature of dnskey", dropSigs(dns.TypeDNSKEY)),
		of("no dnskey", dropTypes(dns.TypeDNSKEY)),
		of("corrupt signatures", corruptSigs()),
		of("corrupt signature of dnskey", corruptSigs(dns.TypeDNSKEY)),
		of("wrong signer", wrongSigner),
		of("zsk absent", dropKeys(func(k *key) bool { return !k.sep })),
		{name: "keys are no zone keys", want: bogus, algs: rsaAndECDSA, denials: twoDenials, keys: keys(ksk.but(noZone), zsk.but(noZone)), edit: noZoneKeys},
		of("ds, but not signed", dropSigs(), dropTypes(dns.TypeDNSKEY, dns.TypeNSEC, dns.TypeNSEC3, dns.TypeNSEC3PARAM)),
	}
}

// partlyBogusClasses have sound keys, and some bad answers.
func partlyBogusClasses() []*class {
	of := func(name string, edits ...func(*signedZone) error) *class {
		return &class{name: name, want: secure, algs: ecdsa, denials: threeDenials, edit: all(edits)}
	}
	return []*class{
		of("no signature of a and caa", dropSigs(dns.TypeA, dns.TypeCAA)),
		of("no signature of cname and dname", dropSigs(dns.TypeCNAME, dns.TypeDNAME)),
		of("corrupt signature of caa", corruptSigs(dns.TypeCAA)),
		of("corrupt signature of cname and dname", corruptSigs(dns.TypeCNAME, dns.TypeDNAME)),
		of("expired caa", resigned(-60*day, -30*day, dns.TypeCAA)),
		onNSD(of("no denial", dropTypes(dns.TypeNSEC, dns.TypeNSEC3))),
		onNSD(of("every third denial missing, from the first", dropEveryThird(0))),
		onNSD(of("every third denial missing, from the second", dropEveryThird(1))),
		onNSD(of("every third denial missing, from the third", dropEveryThird(2))),
		of("denials overlap", overlap),
		of("no signature of denial", dropSigs(dns.TypeNSEC, dns.TypeNSEC3)),
		of("expired denial", resigned(-60*day, -30*day, dns.TypeNSEC, dns.TypeNSEC3)),
		of("bitmaps claim too much", setBits(atOrBelowApex, dns.TypeCAA, dns.TypeTXT, dns.TypeMX)),
		of("bitmaps claim cname", setBits(belowApex, dns.TypeCNAME)),
		of("bitmaps claim too little", clearBits(atOrBelowApex, dns.TypeCAA, dns.TypeTXT, dns.TypeA)),
		of("bitmaps of a delegation", setBits(belowApex, dns.TypeNS)),
		of("first denial spans all", spanAll),
		{name: "nsec3 with unknown flags", want: secure, algs: ecdsa, denials: []denial{nsec3, optOut}, edit: unknownFlags},
		of("disguised as wildcard", disguise),
	}
}

// parentClasses have delegations of each kind below them.
func parentClasses() []*class {
	of := func(name string, want verdict, edits ...func(*signedZone) error) *class {
		return &class{name: name, want: want, algs: ecdsa, denials: threeDenials, edit: all(edits), children: true}
	}
	expired := of("expired parent", bogus)
	expired.from, expired.to = -60*day, -30*day
	sound := of("parent", secure)
	sound.denials = everyDenial
	island := of("island parent", insecure)
	island.keys, island.denials = noDS, []denial{nsec3}
	return []*class{
		sound, expired, island,
		{name: "unsigned parent", want: insecure, children: true},
		{name: "parent signed by knot", want: secure, algs: ecdsa, denials: threeDenials, signer: byKnot, children: true},
		{name: "parent signed online", want: secure, algs: ecdsa, denials: []denial{nsec}, signer: byKnotOnline, children: true},
		{name: "parent with iterations", want: secure, algs: ecdsa, denials: []denial{{nsec3: true, salt: "-", iterations: 200}}, signer: byKnot, children: true},
		onNSD(of("parent without denial", secure, dropTypes(dns.TypeNSEC, dns.TypeNSEC3))),
		of("cuts without ns bit", secure, clearBits(atCuts, dns.TypeNS)),
		of("cuts with soa bit", secure, setBits(atCuts, dns.TypeSOA)),
		of("cuts with ds bit", secure, setBits(atCuts, dns.TypeDS)),
		of("unsigned ds", secure, dropSigs(dns.TypeDS)),
		of("corrupt ds", secure, corruptSigs(dns.TypeDS)),
	}
}

// onNSD puts a class with holes in the proofs of absence on NSD. Knot 3.2.6 crashes where it finds none, and BIND 9.18
// serves a zone without NSEC as if it were not signed.
func onNSD(c *class) *class {
	c.on = nsd
	return c
}

// knotClasses are signed by Knot, on its own idea of a signed zone.
func knotClasses() []*class {
	limit := func(iterations int) denial { return denial{nsec3: true, salt: "-", iterations: iterations} }
	return []*class{
		{name: "signed by knot", want: secure, algs: []uint8{8, 13, 14, 15, 16}, denials: everyDenial, signer: byKnot},
		{name: "signed by knot, csk", want: secure, algs: ecdsa, denials: everyDenial, signer: byKnot, keys: csk},
		{name: "iterations 151", want: secure, algs: rsaAndECDSA, denials: []denial{limit(151)}, signer: byKnot},
		{name: "iterations 2500", want: secure, algs: ecdsa, denials: []denial{limit(2500), {nsec3: true, salt: "ab", iterations: 2500, optOut: true}}, signer: byKnot},
		{name: "signed online", want: secure, algs: []uint8{8, 13, 15}, denials: []denial{nsec}, signer: byKnotOnline},
	}
}
