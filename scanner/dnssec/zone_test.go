package dnssec

import (
	"crypto"
	"encoding/base32"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// now is when everything in these tests happens, unless one says otherwise: 2026-03-15.
const (
	now     uint32 = 1773532800
	day     uint32 = 86400
	plenty         = 1000 // of checks or hashes
	expires        = now + 7*day
)

func name(text string) wire.Name { return wire.MustName(text) }

// rr reads a line of a zone file.
func rr(t testing.TB, line string) dns.RR {
	t.Helper()
	r, err := dns.NewRR(line)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return r
}

// records makes records as the resolver does: from a message, so that their data is in canonical form.
func records(t testing.TB, rrs ...dns.RR) []record.RR {
	t.Helper()
	packed, err := (&dns.Msg{Question: []dns.Question{{Name: ".", Qtype: 1, Qclass: 1}}, Answer: rrs}).Pack()
	if err != nil {
		t.Fatal(err)
	}
	var m wire.Message
	if err := m.Parse(packed); err != nil {
		t.Fatal(err)
	}
	made := make([]record.RR, len(m.RRs))
	for i, r := range m.RRs {
		owner, err := m.Owner(r)
		if err != nil {
			t.Fatal(err)
		}
		data, err := m.AppendRData(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		made[i] = record.RR{Owner: owner, Data: data, TTL: r.TTL, Type: r.Type, Class: r.Class}
	}
	return made
}

// lines makes records of zone file lines.
func lines(t testing.TB, text ...string) []record.RR {
	t.Helper()
	var rrs []dns.RR
	for _, line := range text {
		rrs = append(rrs, rr(t, line))
	}
	return records(t, rrs...)
}

// signer is a key pair.
type signer struct {
	dnskey  *dns.DNSKEY
	private crypto.Signer
}

func newSigner(t testing.TB, zone string, algorithm uint8, flags uint16) *signer {
	t.Helper()
	bits := map[uint8]int{5: 1024, 7: 1024, 8: 1024, 10: 1024, 13: 256, 14: 384, 15: 256}[algorithm]
	k := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: dns.Fqdn(zone), Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 3600},
		Flags: flags, Protocol: 3, Algorithm: algorithm,
	}
	private, err := k.Generate(bits)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{k, private.(crypto.Signer)}
}

// key returns the public key as validators have it.
func (s *signer) key(t testing.TB) *Key {
	t.Helper()
	k, ok := NewKey(records(t, s.dnskey)[0].Data)
	if !ok {
		t.Fatal("NewKey refuses a good key")
	}
	return k
}

// sig makes the RRSIG of miekg/dns over records of one RRset. change, which may be nil, is given it before it is signed.
func (s *signer) sig(t testing.TB, change func(*dns.RRSIG), rrs ...dns.RR) *dns.RRSIG {
	t.Helper()
	sig := &dns.RRSIG{
		Hdr:       dns.RR_Header{Ttl: rrs[0].Header().Ttl},
		Inception: now - day, Expiration: expires,
		KeyTag: s.dnskey.KeyTag(), SignerName: s.dnskey.Hdr.Name, Algorithm: s.dnskey.Algorithm,
	}
	if change != nil {
		change(sig)
	}
	if err := sig.Sign(s.private, rrs); err != nil {
		t.Fatal(err)
	}
	return sig
}

// sign makes an RRset of zone file lines, with its signature.
func (s *signer) sign(t testing.TB, text ...string) RRset {
	t.Helper()
	return s.signAs(t, nil, text...)
}

func (s *signer) signAs(t testing.TB, change func(*dns.RRSIG), text ...string) RRset {
	t.Helper()
	var rrs []dns.RR
	for _, line := range text {
		rrs = append(rrs, rr(t, line))
	}
	sig := s.sig(t, change, rrs...)
	sets := Group(records(t, append(rrs, sig)...))
	if len(sets) != 1 {
		t.Fatalf("%d RRsets of %q", len(sets), text)
	}
	return sets[0]
}

// expanded returns set, which is of a wildcard, as a server makes it for another owner.
func expanded(set RRset, owner string) RRset {
	made := RRset{Owner: name(owner), Type: set.Type, Data: slices.Clone(set.Data), Sigs: slices.Clone(set.Sigs)}
	for _, rrs := range [][]record.RR{made.Data, made.Sigs} {
		for i := range rrs {
			rrs[i].Owner = made.Owner
		}
	}
	return made
}

// typesOf reads "A CAA".
func typesOf(t testing.TB, text string) (types []uint16) {
	t.Helper()
	for _, word := range strings.Fields(text) {
		typ, ok := dns.StringToType[word]
		if !ok {
			t.Fatalf("type %q", word)
		}
		types = append(types, typ)
	}
	slices.Sort(types)
	return types
}

func wireType(t testing.TB, word string) wire.Type { t.Helper(); return wire.Type(typesOf(t, word)[0]) }

// nsec makes an unsigned NSEC RRset: "a.z b.z A CAA".
func nsec(t testing.TB, line string) RRset {
	t.Helper()
	f := strings.SplitN(line+" ", " ", 3)
	return Group(records(t, &dns.NSEC{
		Hdr:        dns.RR_Header{Name: dns.Fqdn(f[0]), Rrtype: dns.TypeNSEC, Class: dns.ClassINET, Ttl: 300},
		NextDomain: dns.Fqdn(f[1]), TypeBitMap: typesOf(t, f[2]),
	}))[0]
}

// chained is an NSEC3 chain's parameters in a test.
type chained struct {
	zone       string
	salt       string
	iterations uint16
	flags      uint8
}

var hex32 = base32.HexEncoding.WithPadding(base32.NoPadding)

func (c chained) hash(name string) string {
	return strings.ToLower(dns.HashName(dns.Fqdn(name), dns.SHA1, c.iterations, c.salt))
}

// nsec3 makes an unsigned NSEC3 RRset that matches a name, and whose next is the hash given: or, if that is "", the one
// just behind.
func (c chained) nsec3(t testing.TB, owner, next string, types string) RRset {
	t.Helper()
	return c.raw(t, c.hash(owner), next, types)
}

func (c chained) raw(t testing.TB, hash, next, types string) RRset {
	t.Helper()
	if next == "" {
		next = shift(t, hash, 1)
	}
	return Group(records(t, &dns.NSEC3{
		Hdr:  dns.RR_Header{Name: hash + "." + dns.Fqdn(c.zone), Rrtype: dns.TypeNSEC3, Class: dns.ClassINET, Ttl: 300},
		Hash: dns.SHA1, Flags: c.flags, Iterations: c.iterations, SaltLength: uint8(len(c.salt) / 2), Salt: c.salt,
		HashLength: 20, NextDomain: next, TypeBitMap: typesOf(t, types),
	}))[0]
}

// covering makes an unsigned NSEC3 RRset that just covers a name.
func (c chained) covering(t testing.TB, name string) RRset {
	t.Helper()
	h := c.hash(name)
	return c.raw(t, shift(t, h, -1), shift(t, h, 1), "A RRSIG")
}

// shift adds a number to a hash.
func shift(t testing.TB, hash string, by int) string {
	t.Helper()
	h, err := hex32.DecodeString(strings.ToUpper(hash))
	if err != nil {
		t.Fatal(err)
	}
	for i := len(h) - 1; i >= 0; i-- {
		sum := int(h[i]) + by
		h[i] = byte(sum)
		if by = sum >> 8; by == 0 {
			break
		}
	}
	return strings.ToLower(hex32.EncodeToString(h))
}

// signed signs an RRset that was made without.
func (s *signer) signed(t testing.TB, change func(*dns.RRSIG), sets ...RRset) []RRset {
	t.Helper()
	made := make([]RRset, len(sets))
	for i, set := range sets {
		var rrs []dns.RR
		for _, r := range set.Data {
			full := wire.AppendRR(nil, r.Owner, r.Type, r.Class, r.TTL, r.Data)
			unpacked, _, err := dns.UnpackRR(full, 0)
			if err != nil {
				t.Fatal(err)
			}
			rrs = append(rrs, unpacked)
		}
		made[i] = Group(records(t, append(rrs, s.sig(t, change, rrs...))...))[0]
	}
	return made
}

func mustHex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
