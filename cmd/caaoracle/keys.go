package main

import "github.com/miekg/dns"

// maker makes a key of an algorithm; a class says with it which keys its zones have.
type maker func(alg uint8) *key

// but changes what a maker makes.
func (m maker) but(change func(*key)) maker {
	return func(alg uint8) *key {
		k := m(alg)
		change(k)
		return k
	}
}

var (
	ksk maker = func(alg uint8) *key {
		return &key{alg: alg, sep: true, published: true, signs: true, digests: []uint8{dns.SHA256}}
	}
	zsk maker = func(alg uint8) *key {
		return &key{alg: alg, published: true, signs: true}
	}
)

func without(k *key)       { k.digests = nil }     // no DS
func silent(k *key)        { k.signs = false }     // published, for now or still
func unpublished(k *key)   { k.published = false } // signs, but is not in the DNSKEY RRset
func absent(k *key)        { silent(k); unpublished(k) }
func revokedWithDS(k *key) { k.revoked = true } // RFC 5011 2.1
func revoked(k *key)       { revokedWithDS(k); without(k) }
func noZone(k *key)        { k.noZone = true } // the flag Zone Key is not set (RFC 4034 2.1.1)

// keys makes several keys of one algorithm.
func keys(makers ...maker) func(alg uint8) []*key {
	return func(alg uint8) []*key {
		var made []*key
		for _, m := range makers {
			made = append(made, m(alg))
		}
		return made
	}
}

var (
	kskAndZSK = keys(ksk, zsk)
	csk       = keys(ksk)
	noDS      = keys(ksk.but(without), zsk)
)

// beside makes KSK and ZSK of two algorithms.
func beside(other uint8) func(alg uint8) []*key {
	return func(alg uint8) []*key { return append(kskAndZSK(other), kskAndZSK(alg)...) }
}

// What may be wrong with DS records.

func wrongDigest(ds []*dns.DS) {
	for _, d := range ds {
		first := map[bool]string{true: "1", false: "0"}[d.Digest[0] == '0']
		d.Digest = first + d.Digest[1:]
	}
}

func wrongTag(ds []*dns.DS) {
	for _, d := range ds {
		d.KeyTag ^= 1
	}
}

// wrongAlgorithm names another algorithm that is known.
func wrongAlgorithm(ds []*dns.DS) {
	for _, d := range ds {
		d.Algorithm ^= dns.RSASHA256 ^ dns.ECDSAP256SHA256
	}
}

func unknownAlgorithm(ds []*dns.DS) {
	for _, d := range ds {
		d.Algorithm = 100
	}
}

func unknownDigest(ds []*dns.DS) {
	for _, d := range ds {
		d.DigestType = 100
	}
}

// only does to the DS records of one digest type what is done to all otherwise.
func only(digest uint8, wrong func([]*dns.DS)) func([]*dns.DS) {
	return func(ds []*dns.DS) {
		for _, d := range ds {
			if d.DigestType == digest {
				wrong([]*dns.DS{d})
			}
		}
	}
}
