package simnet

import (
	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
)

// A zone with MX of its own, so that mail does not hang on a denial, and hosts.
const (
	mailed        = "@ MX 10 mail\n mail A 198.51.100.2\n www A 198.51.100.1\n"
	mailedWithCAA = mailed + "@ CAA any/0\n"
)

// soundChains are zones signed in ways that are rare, or worth a name for certain, and chains that end in between. In
// all of them the security is what follows from which zones are signed.
var soundChains = []scenario{
	// Algorithms (R6.6): one validator or another may not know them; ours takes them all.
	{class: "signed-algorithm-5", weight: 1, sign: signedBy(scheme{algorithms: []uint8{rsaSHA1}, bits: [2]int{2048, 1024}, split: true}), zone: withCAA, want: at(0, "any/0")},
	{class: "signed-algorithm-7", weight: 1, sign: signedBy(scheme{algorithms: []uint8{rsaSHA1NSEC3}, bits: [2]int{2048, 1024}, split: true, denial: nsec3}), zone: bare, want: nothing},
	{class: "signed-algorithm-8", weight: 2, sign: signedBy(scheme{algorithms: []uint8{rsaSHA256}, bits: [2]int{2048, 2048}, denial: nsec3}), zone: withCAA, want: at(0, "any/0")},
	{class: "signed-algorithm-10", weight: 2, sign: signedBy(scheme{algorithms: []uint8{rsaSHA512}, bits: [2]int{2048, 1024}, split: true}), zone: bare, want: nothing},
	{class: "signed-algorithm-14", weight: 2, sign: signedBy(scheme{algorithms: []uint8{ecdsaP384}, denial: nsec3}), zone: withCAA, want: at(0, "any/0")},
	{class: "signed-algorithm-15", weight: 2, sign: signedBy(scheme{algorithms: []uint8{ed25519Sign}, denial: nsec3}), zone: bare, want: nothing},
	{class: "signed-algorithm-16", weight: 2, sign: signedBy(scheme{algorithms: []uint8{ed448Sign}, split: true}), zone: withCAA, want: at(0, "any/0")},
	{class: "signed-twice", weight: 2, sign: signedBy(scheme{algorithms: []uint8{rsaSHA256, ecdsaP256}, bits: [2]int{2048, 1024}, split: true, denial: nsec3}), zone: withCAA, want: at(0, "any/0")},
	{class: "signed-twice", weight: 2, sign: signedBy(scheme{algorithms: []uint8{ecdsaP256, ed25519Sign}}), zone: bare, want: nothing},

	// States of a key rollover (RFC 7583).
	{class: "rollover-double-ksk", weight: 2, sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}, split: true, rollover: doubleKSK}), zone: withCAA, want: at(0, "any/0")},
	{class: "rollover-double-ds", weight: 2, sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}, split: true, rollover: doubleDS, denial: nsec3}), zone: bare, want: nothing},
	{class: "rollover-standby", weight: 2, sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}, rollover: standbyKSK, denial: nsec3}), zone: withCAA, want: at(0, "any/0")},
	{class: "rollover-zsk", weight: 2, sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}, split: true, rollover: prepublishedZSK}), zone: bare, want: nothing},

	// Denials (R6.4).
	{class: "signed-wildcard", weight: 2, name: "any", sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}}), zone: bare + "* CAA any/0\n * A 198.51.100.7", want: at(0, "any/0"), mail: mailImplicit},
	{class: "signed-wildcard", weight: 2, name: "far.down", sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}, denial: nsec3}), zone: bare + "* CAA any/0\n * MX 10 mail", want: at(0, "any/0"), mail: mailMX},
	{class: "signed-wildcard-nodata", weight: 2, name: "any", sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}}), zone: withCAA + "* A 198.51.100.7", want: at(1, "any/0"), mail: mailImplicit},
	{class: "signed-wildcard-nodata", weight: 2, name: "far.down", sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}, denial: nsec3}), zone: bare + "* A 198.51.100.7", want: nothing, mail: mailImplicit},
	{class: "signed-wildcard-alias", weight: 2, name: "any", sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}}), zone: bare + "* CNAME %.with.cdn-dns-1.net.", via: []string{"cdn-dns-1.net"}, want: at(0, "any/0"), mail: mailDrawn},
	{class: "signed-ent", weight: 2, name: "b", sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}}), zone: bare + "a.b A 198.51.100.6", want: nothing, mail: mailNone},
	{class: "signed-ent", weight: 2, name: "b", sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}, denial: nsec3}), zone: bare + "a.b A 198.51.100.6", want: nothing, mail: mailNone},
	{class: "signed-missing", weight: 2, name: "not.there", sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}}), zone: bare, want: nothing, mail: mailNX},
	{class: "signed-missing", weight: 2, name: "not.there", sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}, denial: nsec3}), zone: bare, want: nothing, mail: mailNX},
	{class: "signed-online", weight: 2, name: "www", sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}, denial: nsecOnline}), zone: bare, want: nothing, mail: mailImplicit},
	{class: "signed-dname", weight: 2, name: "x.d", sign: signedBy(scheme{algorithms: []uint8{ecdsaP256}, denial: nsec3}), zone: bare + "d DNAME %.tree.cdn-dns-1.net.", via: []string{"cdn-dns-1.net"}, want: at(0, "any/0"), mail: mailImplicit},
	{class: "iterations-150", weight: 2, sign: iterated(dnssec.DefaultIterations), zone: bare, want: nothing},

	// Where the chain ends (R6.3).
	{class: "chain-sub-secure", weight: 2, name: "dev", sign: signSpec{rule: always}, zone: withCAA + "dev CUT", sub: &subZone{sign: signSpec{rule: always}, zone: "@ CAA any/1\n @ MAIL"}, want: at(0, "any/1")},
	{class: "chain-sub-insecure", weight: 2, name: "dev", sign: signSpec{rule: always}, zone: withCAA + "dev CUT", sub: &subZone{sign: signSpec{rule: never}, zone: "@ CAA any/1\n @ MAIL"}, want: at(0, "any/1")},
	{class: "chain-sub-insecure", weight: 2, name: "dev", sign: signSpec{rule: always}, zone: withCAA + "dev CUT", sub: &subZone{sign: signSpec{rule: never}, zone: "@ MAIL"}, want: at(1, "any/0")},
	{class: "chain-sub-insecure", weight: 2, name: "dev", sign: signSpec{rule: always}, zone: bare + "dev CUT", sub: &subZone{sign: signSpec{rule: never}, zone: "@ MAIL"}, want: nothing},
	{class: "chain-sub-island", weight: 2, name: "dev", sign: signSpec{rule: never}, zone: withCAA + "dev CUT", sub: &subZone{sign: signSpec{rule: always}, zone: "@ CAA any/1\n @ MAIL"}, want: at(0, "any/1")},
	{class: "chain-island", weight: 2, sign: signSpec{rule: always, noDS: true}, zone: withCAA, want: at(0, "any/0")},
	{class: "chain-island", weight: 2, sign: signSpec{rule: always, noDS: true}, zone: bare, want: nothing},
	{class: "alias-secure-secure", weight: 2, name: "www", sign: signSpec{rule: always}, zone: aliased("%.with.cdn-dns-1.net."), via: []string{"cdn-dns-1.net"}, want: at(0, "any/0")},
	{class: "alias-secure-secure", weight: 2, name: "www", sign: signSpec{rule: always}, zone: aliased("%.without.cdn-dns-1.net."), via: []string{"cdn-dns-1.net"}, want: nothing, mail: mailImplicit},
	{class: "alias-secure-secure", weight: 2, name: "www", sign: signSpec{rule: always}, zone: aliased("%.gone.cdn-dns-1.net."), via: []string{"cdn-dns-1.net"}, want: nothing, mail: mailNX},
	{class: "alias-secure-insecure", weight: 2, name: "www", sign: signSpec{rule: always}, zone: aliased("%.with.cdn-dns-2.com."), via: []string{"cdn-dns-2.com"}, want: at(0, "any/0")},
	{class: "alias-secure-insecure", weight: 2, name: "www", sign: signSpec{rule: always}, zone: aliased("%.without.cdn-dns-2.com."), via: []string{"cdn-dns-2.com"}, want: nothing, mail: mailImplicit},
	{class: "alias-secure-insecure", weight: 2, name: "www", sign: signSpec{rule: always}, zone: aliased("%.without.cdn-dns-2.com.") + "@ CAA any/0", want: at(1, "any/0"), mail: mailImplicit},
	{class: "alias-insecure-secure", weight: 2, name: "www", sign: signSpec{rule: never}, zone: aliased("%.with.cdn-dns-1.net."), via: []string{"cdn-dns-1.net"}, want: at(0, "any/0")},
}

// iterated is a zone with NSEC3 of so many iterations.
func iterated(n uint16) signSpec {
	return signedBy(scheme{algorithms: []uint8{ecdsaP256}, denial: nsec3, iterations: n, salt: "\x5a"})
}

// brokenChains are the faults: want is what is there for those who do not validate.
var brokenChains = []scenario{
	// The CAA set itself.
	{class: "bogus-expired", weight: 3, sign: broken(expiredCAA), zone: withCAA, want: at(0, "any/0"), full: bogus(0, dnssec.Expired)},
	{class: "bogus-expired", weight: 2, name: "www", sign: broken(expiredCAA), zone: withCAA, want: at(1, "any/0"), mail: mailImplicit, full: bogus(1, dnssec.Expired)},
	{class: "bogus-not-yet-valid", weight: 2, sign: broken(futureCAA), zone: withCAA, want: at(0, "any/0"), full: bogus(0, dnssec.NotYetValid)},
	{class: "bogus-no-signature", weight: 2, sign: broken(unsignedCAA), zone: withCAA, want: at(0, "any/0"), full: bogus(0, dnssec.NoSignature)},
	{class: "bogus-bad-signature", weight: 2, sign: broken(forgedCAA), zone: withCAA, want: at(0, "any/0"), full: bogus(0, dnssec.BadSignature)},
	{class: "bogus-no-matching-key", weight: 2, sign: broken(strangerCAA), zone: withCAA, want: at(0, "any/0"), full: bogus(0, dnssec.NoMatchingKey)},
	{class: "bogus-wrong-signer", weight: 2, sign: broken(wrongSignerCAA), zone: withCAA, want: at(0, "any/0"), full: bogus(0, dnssec.WrongSigner)},
	{class: "bogus-at-one-server", weight: 3, sign: broken(forgedAtOne), zone: withCAA, want: at(0, "any/0")},
	{class: "bogus-at-one-server", weight: 3, sign: broken(forgedAtOne), zone: bare, want: nothing},
	{class: "bogus-mx", weight: 3, sign: broken(expiredMX), zone: mailedWithCAA, want: at(0, "any/0"), mail: mailMX, mailBogus: true},
	{class: "bogus-mx", weight: 2, sign: broken(expiredMX), zone: mailed, want: nothing, mail: mailMX, mailBogus: true},

	// The way into the zone.
	{class: "bogus-wrong-ds", weight: 3, sign: broken(wrongDS), zone: withCAA, want: at(0, "any/0"), full: bogus(0, dnssec.NoMatchingDS).all()},
	{class: "bogus-wrong-ds", weight: 2, sign: broken(wrongDS), zone: bare, want: nothing, full: bogus(0, dnssec.NoMatchingDS).all()},
	{class: "bogus-wrong-ds", weight: 2, name: "www", sign: broken(wrongDS), zone: withCAA, want: at(1, "any/0"), mail: mailImplicit, full: bogus(0, dnssec.NoMatchingDS).all()},
	{class: "bogus-stripped", weight: 3, sign: broken(stripped), zone: withCAA, want: at(0, "any/0"), full: bogus(0, dnssec.NoDNSKEY).all()},
	{class: "bogus-stripped", weight: 2, sign: broken(stripped), zone: bare, want: nothing, full: bogus(0, dnssec.NoDNSKEY).all()},
	{class: "bogus-keys-expired", weight: 2, sign: broken(expiredKeys), zone: withCAA, want: at(0, "any/0"), full: bogus(0, dnssec.Expired).all()},
	{class: "bogus-keys-forged", weight: 2, sign: broken(forgedKeys), zone: withCAA, want: at(0, "any/0"), full: bogus(0, dnssec.BadSignature).all()},
	{class: "bogus-ds-expired", weight: 2, sign: broken(expiredDS), zone: withCAA, want: at(0, "any/0"), full: bogus(0, dnssec.Expired).at(registryZone).all()},
	{class: "bogus-sub-wrong-ds", weight: 2, name: "dev", sign: signSpec{rule: always}, zone: withCAA + "dev CUT", sub: &subZone{sign: broken(wrongDS), zone: "@ CAA any/1\n @ MAIL"},
		want: at(0, "any/1"), full: bogus(0, dnssec.NoMatchingDS).at(cutZone).all()},
	{class: "bogus-delegation", weight: 2, name: "dev", sign: signSpec{rule: always}, zone: withCAA + "dev CUT",
		sub: &subZone{sign: signSpec{rule: never, fault: noDelegationDenial}, zone: "@ CAA any/1\n @ MAIL"}, want: at(0, "any/1"), full: bogus(0, dnssec.DenialMissing).all()},
	{class: "chain-unreachable", weight: 2, sign: signSpec{rule: always}, fault: dropDNSKEY, zone: withCAA, want: at(0, "any/0"), full: unreachable(0, record.Timeout)},
	{class: "chain-unreachable", weight: 1, sign: signSpec{rule: always}, fault: dropDNSKEY, zone: bare, want: nothing, full: unreachable(0, record.Timeout)},
	{class: "chain-unreachable", weight: 2, sign: signSpec{rule: always}, fault: servFailDNSKEY, zone: withCAA, want: at(0, "any/0"), full: unreachable(0, record.ServFail)},

	// What does not exist.
	{class: "bogus-denial-missing", weight: 3, sign: broken(noDenial), zone: mailed, want: nothing, mail: mailMX, full: bogusEmpty(0, dnssec.DenialMissing)},
	{class: "bogus-denial-missing", weight: 2, name: "www", sign: broken(noDenial), zone: mailedWithCAA, want: at(1, "any/0"), mail: mailImplicit, full: bogusEmpty(0, dnssec.DenialMissing)},
	{class: "bogus-denial-wrong", weight: 2, sign: broken(wrongDenial), zone: mailed, want: nothing, mail: mailMX, full: bogusEmpty(0, dnssec.DenialWrong)},
	{class: "bogus-denial-wrong", weight: 2, name: "www", sign: broken(wrongDenial), zone: mailedWithCAA, want: at(1, "any/0"), mail: mailImplicit, full: bogusEmpty(0, dnssec.DenialWrong)},
	{class: "bogus-denial-forged", weight: 2, sign: broken(forgedDenial), zone: mailed, want: nothing, mail: mailMX, full: bogusEmpty(0, dnssec.DenialUnsigned)},
	{class: "bogus-denial-forged", weight: 2, sign: broken(forgedDenial), zone: mailedWithCAA, want: at(0, "any/0"), mail: mailMX},

	// What nobody can follow is insecure.
	{class: "unknown-algorithm", weight: 2, sign: signSpec{rule: always, scheme: unknownSigner}, zone: withCAA, want: at(0, "any/0"), full: insecureFor(dnssec.UnsupportedAlgorithm)},
	{class: "unknown-algorithm", weight: 2, sign: signSpec{rule: always, scheme: privateSigner}, zone: bare, want: nothing, full: insecureFor(dnssec.UnsupportedAlgorithm)},
	{class: "unknown-digest", weight: 2, sign: broken(unknownDigest), zone: withCAA, want: at(0, "any/0"), full: insecureFor(dnssec.UnsupportedDigest)},
	{class: "unknown-digest", weight: 2, sign: broken(unknownDigest), zone: bare, want: nothing, full: insecureFor(dnssec.UnsupportedDigest)},
	{class: "iterations-above", weight: 2, sign: iterated(dnssec.DefaultIterations + 1), zone: bare, want: nothing, full: insecureFor(dnssec.Iterations)},
	{class: "iterations-above", weight: 2, sign: iterated(2500), zone: bare, want: nothing, full: insecureFor(dnssec.Iterations)},
	{class: "iterations-above", weight: 2, sign: iterated(500), zone: withCAA, want: at(0, "any/0")}, // the set needs no denial

	// Aliases into a zone whose CAA sets have expired, below com, whatever the zone they start from.
	{class: "alias-secure-bogus", weight: 2, name: "www", sign: signSpec{rule: always}, zone: aliased("%.with.cdn-bogus.com."), want: at(0, "any/0"), full: bogus(0, dnssec.Expired).at("cdn-bogus.com")},
	{class: "alias-insecure-bogus", weight: 2, name: "www", sign: signSpec{rule: never}, zone: aliased("%.with.cdn-bogus.com."), want: at(0, "any/0"), full: bogus(0, dnssec.Expired).at("cdn-bogus.com")},
	// Level 0 leads into a zone without keys: what is found above does not count any more.
	{class: "alias-secure-bogus", weight: 2, name: "www", sign: signSpec{rule: always}, zone: aliased("%.without.cdn-stripped.com.") + "@ CAA any/0", want: at(1, "any/0"), mail: mailImplicit,
		full: bogusEmpty(0, dnssec.NoDNSKEY).at("cdn-stripped.com").all()},
	{class: "alias-bogus-secure", weight: 2, name: "www", sign: broken(wrongDS), zone: aliased("%.with.cdn-dns-1.net."), via: []string{"cdn-dns-1.net"}, want: at(0, "any/0"), full: bogus(0, dnssec.NoMatchingDS).all()},
}
