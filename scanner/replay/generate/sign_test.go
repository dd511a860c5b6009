package generate

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha1"
	"crypto/sha256"
	_ "crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/miekg/dns"
)

// Algorithms of keys (IANA, "DNS Security Algorithm Numbers").
const (
	rsaSHA1      = 5
	rsaNSEC3SHA1 = 7
	rsaSHA256    = 8
	rsaSHA512    = 10
	p256         = 13
	p384         = 14
	ed25519Alg   = 15
	ed448Alg     = 16
	unknownAlg   = 200 // nobody's: what it signs is made up
)

// rsaPrimes are two RSA keys of 2048 bits. They sign test data, and nothing else.
var rsaPrimes = [][2]string{
	{
		"ead57f6937be77d95ad85836c9fd05955a1696a917d600a8d010416f83ccb9a3e179a51c1dd3a4bcde6adb179637bba0c0ba4aa2c36062c04b27ec56c20a4adbb9f1800ed148e150fdabb4fc8dabc334b37e33218819a376d542f64788c1a282ffe28ef1ff8f6767d7ac00ac2fb4b9cdf09be66497326441fdefc2cc5cf38587",
		"fc2b7410337ddc720b0b0bc403bc4998fbaa8a6158186eb7d0d5d9f4371613b5d34c189ea52ba177898849741a86992b2658700a724794a81e88e397e0584719a9b785c3184545c124c25df0b66a553c766d90e96550093a9a314c955e40b3bba25404d11ac3d1f62ecb85f8c665b9b26e1765cf5574b50bd3d29742e4a18283",
	},
	{
		"f671bce2d4a16936d4e390eca5432f45989dffa3525f26bc36c30187b38e471c02d2c1609f443b3c01005de72466ba57f06a1ed9d906a55ffd0797fd9da47cd3106d34e80d337ad6e25fdfa15457863713e1820cbf00fc4dcfd3b508797f5db64cb922150b66d34e9c1b84b97f45dcaa6bb5490846e894e2052cf8244fa07b13",
		"d46bc74d942e6cf9cadb789078d2d4c390d5400f7f5db86fed4be7eeb10d0e06e85cc146e7904b0ea849c18d2046fc20520bbba96fb405473cff70429fb52a391629c4fae2156e676bac35be91b6dee92e67f3dd670ba142e185882a0748f8e931f4d42950544dfa39ac433fa56a659a08f69a3e5ff9873172a48a51d4ad2f45",
	},
}

// Flags of keys (RFC 4034 2.1.1, RFC 5011 7).
const (
	zskFlags = dns.ZONE
	kskFlags = dns.ZONE | dns.SEP
	revoked  = dns.REVOKE
)

// key is a DNSKEY with its private half. The same zone, flags, algorithm and number always make the same key.
type key struct {
	*dns.DNSKEY
	sign func(data []byte) []byte
}

func newKey(zone string, flags uint16, algorithm uint8, number int) *key {
	pair := newPair(fmt.Sprintf("caascan scenario key %s %d %d %d", zone, flags&kskFlags, algorithm, number), flags, algorithm, number)
	return &key{DNSKEY: &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: zone, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 3600},
		Flags: flags, Protocol: 3, Algorithm: algorithm, PublicKey: base64.StdEncoding.EncodeToString(pair.public),
	}, sign: pair.sign}
}

// pair is the two halves of a key.
type pair struct {
	public []byte
	sign   func(data []byte) []byte
}

// pairs are those made so far: most worlds have the same zones.
var pairs = map[string]pair{}

func newPair(phrase string, flags uint16, algorithm uint8, number int) pair {
	if p, ok := pairs[phrase]; ok {
		return p
	}
	var p pair
	seed := sha256.Sum256([]byte(phrase))
	switch algorithm {
	case rsaSHA1, rsaNSEC3SHA1:
		p.public, p.sign = rsaKey(crypto.SHA1, flags, number)
	case rsaSHA256:
		p.public, p.sign = rsaKey(crypto.SHA256, flags, number)
	case rsaSHA512:
		p.public, p.sign = rsaKey(crypto.SHA512, flags, number)
	case p256:
		p.public, p.sign = ecdsaKey(elliptic.P256(), crypto.SHA256, seed[:])
	case p384:
		p.public, p.sign = ecdsaKey(elliptic.P384(), crypto.SHA384, seed[:])
	case ed25519Alg:
		private := ed25519.NewKeyFromSeed(seed[:])
		p.public = private.Public().(ed25519.PublicKey)
		p.sign = func(data []byte) []byte { return ed25519.Sign(private, data) }
	case ed448Alg:
		private := ed448.NewKeyFromSeed(append(seed[:], seed[:ed448.SeedSize-len(seed)]...))
		p.public = private.Public().(ed448.PublicKey)
		p.sign = func(data []byte) []byte { return ed448.Sign(private, data, "") }
	default:
		p.public = seed[:]
		p.sign = func(data []byte) []byte { sum := sha256.Sum256(data); return sum[:] }
	}
	pairs[phrase] = p
	return p
}

// made are the signatures of this run: a reply is asked for more than once.
var made = map[string][]byte{}

// signOnce returns a signature that is the caller's to change.
func (k *key) signOnce(data []byte) []byte {
	at := k.PublicKey + string(data) // the algorithm stands in the data
	if made[at] == nil {
		made[at] = k.sign(data)
	}
	return slices.Clone(made[at])
}

func digest(h crypto.Hash, data []byte) []byte {
	hash := h.New()
	hash.Write(data)
	return hash.Sum(nil)
}

func rsaKey(h crypto.Hash, flags uint16, number int) ([]byte, func([]byte) []byte) {
	primes := rsaPrimes[(int(flags&dns.SEP)+number)%len(rsaPrimes)]
	p, _ := new(big.Int).SetString(primes[0], 16)
	q, _ := new(big.Int).SetString(primes[1], 16)
	e := big.NewInt(65537)
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	private := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537},
		D:         new(big.Int).ModInverse(e, phi), Primes: []*big.Int{p, q},
	}
	private.Precompute()
	public := append([]byte{3, 1, 0, 1}, private.N.Bytes()...) // RFC 3110 2
	return public, func(data []byte) []byte {
		sig, err := rsa.SignPKCS1v15(nil, private, h, digest(h, data))
		must(err)
		return sig
	}
}

// ecdsaKey signs with the nonces of RFC 6979, as crypto/ecdsa does without a source of randomness.
func ecdsaKey(curve elliptic.Curve, h crypto.Hash, seed []byte) ([]byte, func([]byte) []byte) {
	size := (curve.Params().BitSize + 7) / 8
	scalar := make([]byte, size)
	copy(scalar[size-len(seed):], seed)
	scalar[0] &= 0x7f // below the order of the group
	private, err := ecdsa.ParseRawPrivateKey(curve, scalar)
	must(err)
	point, err := private.PublicKey.Bytes()
	must(err)
	return point[1:], func(data []byte) []byte { // RFC 6605 4: the point without its first octet
		der, err := private.Sign(nil, digest(h, data), h)
		must(err)
		var rs struct{ R, S *big.Int }
		_, err = asn1.Unmarshal(der, &rs)
		must(err)
		sig := make([]byte, 2*size)
		rs.R.FillBytes(sig[:size])
		rs.S.FillBytes(sig[size:])
		return sig
	}
}

// signature says how an RRset is signed, where that is not as it should be. The zero value changes nothing.
type signature struct {
	from, until uint32 // other times
	by          *key   // another key
	byAlso      []*key // more keys
	signer      string // another signer's name
	tag         uint16 // another key tag
	labels      int    // another label count, plus one
	origTTL     uint32 // another original TTL
	broken      bool   // one bit of it is wrong
	none        bool   // there is none
	copies      int    // so many broken ones come first
}

// rrsig signs a set.
func rrsig(k *key, set []dns.RR, from, until uint32, how signature) *dns.RRSIG {
	h := set[0].Header()
	labels := dns.CountLabel(h.Name)
	if h.Name[0] == '*' {
		labels--
	}
	if how.labels > 0 {
		labels = how.labels - 1
	}
	sig := &dns.RRSIG{
		Hdr:         dns.RR_Header{Name: h.Name, Rrtype: dns.TypeRRSIG, Class: dns.ClassINET, Ttl: h.Ttl},
		TypeCovered: h.Rrtype, Algorithm: k.Algorithm, Labels: uint8(labels), OrigTtl: cmp.Or(how.origTTL, h.Ttl),
		Inception: cmp.Or(how.from, from), Expiration: cmp.Or(how.until, until),
		KeyTag: cmp.Or(how.tag, k.KeyTag()), SignerName: cmp.Or(how.signer, k.Hdr.Name),
	}
	octets := k.signOnce(signedData(sig, set))
	if how.broken {
		octets[len(octets)/2] ^= 1
	}
	sig.Signature = base64.StdEncoding.EncodeToString(octets)
	return sig
}

// signedData is what a signature is made over (RFC 4034 3.1.8.1): the RRSIG's data without the signature, and the
// records in canonical form and order (6.2, 6.3).
func signedData(sig *dns.RRSIG, set []dns.RR) []byte {
	data := binary.BigEndian.AppendUint16(nil, sig.TypeCovered)
	data = append(data, sig.Algorithm, sig.Labels)
	data = binary.BigEndian.AppendUint32(data, sig.OrigTtl)
	data = binary.BigEndian.AppendUint32(data, sig.Expiration)
	data = binary.BigEndian.AppendUint32(data, sig.Inception)
	data = binary.BigEndian.AppendUint16(data, sig.KeyTag)
	data = append(data, wireName(sig.SignerName)...)
	var packed [][]byte
	for _, rr := range set {
		rr = canonical(dns.Copy(rr))
		rr.Header().Ttl = sig.OrigTtl
		buf := make([]byte, dns.MaxMsgSize)
		n, err := dns.PackRR(rr, buf, 0, nil, false)
		must(err)
		packed = append(packed, buf[:n])
	}
	slices.SortFunc(packed, func(a, b []byte) int { return bytes.Compare(rdata(a), rdata(b)) })
	packed = slices.CompactFunc(packed, bytes.Equal)
	return append(data, slices.Concat(packed...)...)
}

// rdata returns the data of a packed record.
func rdata(packed []byte) []byte {
	_, off, err := dns.UnpackDomainName(packed, 0)
	must(err)
	return packed[off+10:]
}

func wireName(name string) []byte {
	buf := make([]byte, 256)
	n, err := dns.PackDomainName(dns.CanonicalName(name), buf, 0, nil, false)
	must(err)
	return buf[:n]
}

// canonical puts the names of a record in lower case (RFC 4034 6.2, RFC 6840 5.1), as far as our scenarios have them.
func canonical(rr dns.RR) dns.RR {
	rr.Header().Name = dns.CanonicalName(rr.Header().Name)
	switch rr := rr.(type) {
	case *dns.NS:
		rr.Ns = dns.CanonicalName(rr.Ns)
	case *dns.CNAME:
		rr.Target = dns.CanonicalName(rr.Target)
	case *dns.DNAME:
		rr.Target = dns.CanonicalName(rr.Target)
	case *dns.MX:
		rr.Mx = dns.CanonicalName(rr.Mx)
	case *dns.SOA:
		rr.Ns, rr.Mbox = dns.CanonicalName(rr.Ns), dns.CanonicalName(rr.Mbox)
	}
	return rr
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
