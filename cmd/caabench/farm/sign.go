package farm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"runtime"
	"sync"
	"time"

	"github.com/caascan/caascan/scanner/wire"
)

const (
	algorithmP256 = 13  // RFC 6605
	digestSHA256  = 2   // RFC 4509
	keyFlags      = 257 // one key signs a zone's keys and all else

	signedBefore = time.Hour           // signatures are good from so long before the world is made
	signedAfter  = 30 * 24 * time.Hour // to so long after
)

// security is what is signed: the keys of all zones, and the signatures that a scan asks for, made ahead.
type security struct {
	w                     *World
	inception, expiration uint32
	root                  upper
	tlds                  []upper
	leaves                []leaf // in a world where all is signed
}

// upper is the root or a top-level domain.
type upper struct {
	name        []byte // in wire form
	key         *key
	digest      [sha256.Size]byte // of the DS record
	keySig, soa signature
	chain       []string // labels of the owners of NSEC records, in order; the apex is ""
	denials     []signature
	at          []uint32    // places in chain of the zones below, in the order of their numbers
	ds          []signature // of the same
}

// leaf is a signed leaf zone.
type leaf struct {
	public      [64]byte
	digest      [sha256.Size]byte // of the DS record
	tag         uint16
	keySig      signature
	soa, denial signature // or, of a zone with CAA:
	caa         signature
}

// signature is that of an RRSIG record (RFC 6605 4). One of zeros has not been made ahead.
type signature [64]byte

// key is the key of a zone.
type key struct {
	secret *ecdsa.PrivateKey
	public [64]byte
	tag    uint16
}

// newKey returns the key of the zone with a number: a function of that, so that it need not be kept.
func newKey(number int) *key {
	material := sha512.Sum512(binary.BigEndian.AppendUint64([]byte("caabench farm "), uint64(number)))
	material[0] &= 0x7f // below the order of the curve
	secret, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), material[:32])
	if err != nil {
		panic("internal error: farm: " + err.Error())
	}
	point, err := secret.PublicKey.Bytes()
	if err != nil {
		panic("internal error: farm: " + err.Error())
	}
	k := &key{secret: secret, public: [64]byte(point[1:])}
	parsed, err := wire.ParseDNSKEY(keyData(nil, &k.public))
	if err != nil {
		panic("internal error: farm: " + err.Error())
	}
	k.tag = parsed.KeyTag()
	return k
}

// keyData appends the data of a DNSKEY record.
func keyData(buf []byte, public *[64]byte) []byte {
	return append(append(buf, keyFlags>>8, keyFlags&0xff, 3, algorithmP256), public[:]...)
}

// keyDigest is that of a DS record (RFC 4034 5.1.4).
func keyDigest(name []byte, public *[64]byte) [sha256.Size]byte {
	return sha256.Sum256(keyData(append([]byte(nil), name...), public))
}

func (w *World) tldKey(tld int) *key   { return newKey(1 + tld) }
func (w *World) zoneKey(zone int) *key { return newKey(1 + w.cfg.TLDs + zone) }

// newSecurity makes all keys and signatures.
func newSecurity(w *World, now time.Time) *security {
	s := &security{
		w: w, inception: uint32(now.Add(-signedBefore).Unix()), expiration: uint32(now.Add(signedAfter).Unix()),
		tlds: make([]upper, w.cfg.TLDs),
	}
	s.root = upper{name: []byte{0}, key: newKey(0)}
	s.root.chain, s.root.at = w.rootChain()
	for t := range s.tlds {
		u := upper{name: tldName(t), key: w.tldKey(t)}
		u.digest = keyDigest(u.name, &u.key.public)
		u.chain, u.at = w.tldChain(t)
		s.tlds[t] = u
	}
	if w.cfg.Security == Signed {
		s.leaves = make([]leaf, w.cfg.Zones)
		inParallel(len(s.leaves), s.signLeaf)
	}
	s.signUpper(-1, &s.root)
	for t := range s.tlds {
		s.signUpper(t, &s.tlds[t])
	}
	return s
}

// inParallel calls do for each number below n.
func inParallel(n int, do func(int)) {
	var done sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for k := range workers {
		done.Go(func() {
			for i := k; i < n; i += workers {
				do(i)
			}
		})
	}
	done.Wait()
}

// signUpper signs what a scan asks the root, or a top-level domain, for.
func (s *security) signUpper(tld int, u *upper) {
	u.keySig = s.signature(u.key, u.name, u.name, wire.TypeDNSKEY, keyData(nil, &u.key.public))
	u.soa = s.signature(u.key, u.name, u.name, wire.TypeSOA, soaData(u.name))
	u.ds, u.denials = make([]signature, len(u.at)), make([]signature, len(u.chain))
	a := apex{upper: tld}
	u.denials[0] = s.signature(u.key, u.name, u.name, wire.TypeNSEC, s.denialData(a, 0))
	inParallel(len(u.at), func(i int) {
		number := i
		if tld >= 0 {
			number = i*s.w.cfg.TLDs + tld
		}
		owner := append(wireName(u.chain[u.at[i]])[:1+len(u.chain[u.at[i]])], u.name...)
		if s.w.signedBelow(a) {
			u.ds[i] = s.signature(u.key, u.name, owner, wire.TypeDS, s.appendDS(nil, a, number))
		} else {
			u.denials[u.at[i]] = s.signature(u.key, u.name, owner, wire.TypeNSEC, s.denialData(a, int(u.at[i])))
		}
	})
}

// signLeaf signs what a scan asks a leaf zone for.
func (s *security) signLeaf(zone int) {
	l, name, k := &s.leaves[zone], s.w.zoneName(zone), s.w.zoneKey(zone)
	l.public, l.tag, l.digest = k.public, k.tag, keyDigest(name, &k.public)
	l.keySig = s.signature(k, name, name, wire.TypeDNSKEY, keyData(nil, &k.public))
	if set := s.w.setOf(zone); set >= 0 {
		l.caa = s.signature(k, name, name, wire.TypeCAA, setData[set])
		return
	}
	l.soa = s.signature(k, name, name, wire.TypeSOA, soaData(name))
	l.denial = s.signature(k, name, name, wire.TypeNSEC, s.w.leafDenial(name, zone))
}

// soaData returns the data of a zone's SOA record in canonical form.
func soaData(name []byte) []byte {
	data := append([]byte(nil), name...)
	data = append(append(data, byte(len(hostmaster))), hostmaster...)
	return append(append(data, name...), soaTimes...)
}

// signature signs a set of one record (RFC 4034 3.1.8.1). Names are in canonical form, and so is data.
func (s *security) signature(k *key, signer, owner []byte, typ wire.Type, data []byte) signature {
	signed := s.signatureData(make([]byte, 0, 512), k.tag, countLabels(owner), typ)
	signed = append(append(signed, signer...), owner...)
	signed = append(signed, byte(typ>>8), byte(typ), 0, wire.ClassIN)
	signed = binary.BigEndian.AppendUint32(signed, ttl)
	signed = binary.BigEndian.AppendUint16(signed, uint16(len(data)))
	digest := sha256.Sum256(append(signed, data...))
	der, err := k.secret.Sign(nil, digest[:], crypto.SHA256) // without randomness: RFC 6979
	if err != nil {
		panic("internal error: farm: " + err.Error())
	}
	return plainSignature(der)
}

// signatureData appends what an RRSIG record holds before the signer's name (RFC 4034 3.1).
func (s *security) signatureData(buf []byte, tag uint16, labels int, typ wire.Type) []byte {
	buf = append(buf, byte(typ>>8), byte(typ), algorithmP256, byte(labels))
	buf = binary.BigEndian.AppendUint32(buf, ttl)
	buf = binary.BigEndian.AppendUint32(buf, s.expiration)
	buf = binary.BigEndian.AppendUint32(buf, s.inception)
	return binary.BigEndian.AppendUint16(buf, tag)
}

func countLabels(name []byte) (n int) {
	for i := 0; name[i] != 0; i += 1 + int(name[i]) {
		n++
	}
	return n
}

// plainSignature turns a DER sequence of two positive integers into two of 32 octets each.
func plainSignature(der []byte) (sig signature) {
	rest := der[2:] // 30 length; the whole is shorter than 128 octets
	for i := range 2 {
		n := int(rest[1]) // 02 length value
		value := rest[2 : 2+n]
		if len(value) > 32 {
			value = value[1:] // the zero that keeps it positive
		}
		copy(sig[(i+1)*32-len(value):], value)
		rest = rest[2+n:]
	}
	return sig
}
