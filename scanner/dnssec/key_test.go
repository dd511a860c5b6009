package dnssec

import (
	"slices"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// ds makes DS records of a key.
func (s *signer) ds(t testing.TB, digests ...uint8) (made []record.RR) {
	t.Helper()
	for _, digest := range digests {
		ds := s.dnskey.ToDS(min(digest, dns.SHA384))
		ds.DigestType = digest
		made = append(made, records(t, ds)...)
	}
	return made
}

// dnskeys makes the DNSKEY RRset of keys, signed by some of them.
func dnskeys(t testing.TB, keys []*signer, by ...*signer) RRset {
	t.Helper()
	var rrs []dns.RR
	for _, k := range keys {
		rrs = append(rrs, k.dnskey)
	}
	all := slices.Clone(rrs)
	for _, k := range by {
		all = append(all, k.sig(t, nil, rrs...))
	}
	return Group(records(t, all...))[0]
}

// changed returns a copy of one DS record with another octet at a place in its data.
func changed(rrs []record.RR, at int, to byte) []record.RR {
	r := rrs[0]
	r.Data = slices.Clone(r.Data)
	r.Data[at] = to
	return []record.RR{r}
}

func TestNewKey(t *testing.T) {
	good := newSigner(t, "example", dns.ECDSAP256SHA256, 257)
	data := records(t, good.dnskey)[0].Data
	with := func(at int, to byte) []byte { d := slices.Clone(data); d[at] = to; return d }
	for _, test := range []struct {
		rule string
		data []byte
		ok   bool
	}{
		{"good", data, true},
		{"RFC 4034 2.1.1: no SEP bit is needed", with(1, 0), true},
		{"RFC 4034 2.1.1: no zone key", with(0, 0), false},
		{"RFC 4034 2.1.2: protocol", with(2, 2), false},
		{"RFC 5011 2.1: revoked", with(1, 0x81), false},
		{"unknown algorithm", with(3, 253), false},
		{"not of this algorithm", with(3, 15), false},
		{"cut short", data[:len(data)-1], false},
		{"no fields", data[:3], false},
		{"nothing", nil, false},
	} {
		k, ok := NewKey(test.data)
		if ok != test.ok || ok != (k != nil) {
			t.Errorf("%s: %t", test.rule, ok)
		}
	}
	k, _ := NewKey(data)
	if k.Tag() != good.dnskey.KeyTag() {
		t.Errorf("tag %d, miekg/dns: %d", k.Tag(), good.dnskey.KeyTag())
	}
	clear(data)
	if k.DNSKEY.KeyTag() != k.Tag() {
		t.Error("the key lives in the caller's octets")
	}
}

func TestUsableDS(t *testing.T) {
	key := newSigner(t, "example", dns.RSASHA256, 257)
	old := newSigner(t, "example", dns.RSASHA1, 257)
	noSHA1 := Policy{NoSHA1: true}
	for _, test := range []struct {
		rule   string
		ds     []record.RR
		policy Policy
		want   Reason
	}{
		{"good", key.ds(t, 2), Policy{}, None},
		{"SHA-1 digest", key.ds(t, 1), Policy{}, None},
		{"RFC 9905: SHA-1 digest refused", key.ds(t, 1), noSHA1, UnsupportedDigest},
		{"RFC 9905: algorithm 5 refused", old.ds(t, 2), noSHA1, UnsupportedAlgorithm},
		{"RFC 6840 5.2: unknown digest", key.ds(t, 200), Policy{}, UnsupportedDigest},
		{"RFC 4035 5.2: unknown algorithm", changed(key.ds(t, 2), 2, 200), Policy{}, UnsupportedAlgorithm},
		{"RFC 9906: GOST", changed(key.ds(t, 2), 2, 12), Policy{}, UnsupportedAlgorithm},
		{"both, of different records", slices.Concat(changed(key.ds(t, 2), 2, 200), key.ds(t, 200)), Policy{}, UnsupportedDigest},
		{"one is enough", slices.Concat(changed(key.ds(t, 2), 2, 200), key.ds(t, 2)), Policy{}, None},
		{"a trust anchor", records(t, key.dnskey), Policy{}, None},
		{"a trust anchor refused", records(t, old.dnskey), noSHA1, UnsupportedAlgorithm},
		{"cut short", []record.RR{{Owner: name("example"), Type: wire.TypeDS, Data: []byte{1, 2}}}, Policy{}, UnsupportedAlgorithm},
		{"no DS", lines(t, "example. 1 IN A 192.0.2.1"), Policy{}, UnsupportedAlgorithm},
		{"none: nothing says insecure", nil, Policy{}, None},
	} {
		if got := UsableDS(test.ds, test.policy); got != test.want {
			t.Errorf("%s: %v", test.rule, got)
		}
	}
}

func TestKeyJob(t *testing.T) {
	ksk := newSigner(t, "example", dns.ECDSAP256SHA256, 257)
	zsk := newSigner(t, "example", dns.ECDSAP256SHA256, 256)
	next := newSigner(t, "example", dns.ED25519, 257)
	sha1 := newSigner(t, "example", dns.RSASHA1, 257)
	all := []*signer{ksk, zsk, next}
	set := dnskeys(t, all, ksk)

	revoked := *ksk
	copied := *ksk.dnskey
	copied.Flags |= dns.REVOKE
	revoked.dnskey = &copied
	noZone := *ksk
	other := *ksk.dnskey
	other.Flags = 1
	noZone.dnskey = &other
	late := *ksk
	tooMany := RRset{Owner: set.Owner, Type: set.Type, Data: slices.Repeat(set.Data, 30), Sigs: set.Sigs}

	sigBy := func(change func(*dns.RRSIG)) RRset {
		rrs := []dns.RR{ksk.dnskey, zsk.dnskey, next.dnskey}
		return Group(records(t, append(rrs, late.sig(t, change, rrs...))...))[0]
	}
	for _, test := range []struct {
		rule    string
		vouched []record.RR
		set     RRset
		policy  Policy
		want    Verdict
		keys    int
	}{
		{"RFC 4035 5.2", ksk.ds(t, 2), set, Policy{}, secure, 3},
		{"SHA-384", ksk.ds(t, 4), set, Policy{}, secure, 3},
		{"SHA-1 digest", ksk.ds(t, 1), set, Policy{}, secure, 3},
		{"two digests", ksk.ds(t, 1, 2, 4), set, Policy{}, secure, 3},
		{"a key signing key is not needed", zsk.ds(t, 2), dnskeys(t, all, zsk), Policy{}, secure, 3},
		{"in a roll: the next key's DS beside", slices.Concat(newSigner(t, "example", 13, 257).ds(t, 2), ksk.ds(t, 2)), set, Policy{}, secure, 3},
		{"RFC 6840 5.11: one algorithm of two", slices.Concat(next.ds(t, 2), ksk.ds(t, 2)), set, Policy{}, secure, 3},
		{"unknown digest beside", slices.Concat(ksk.ds(t, 200), ksk.ds(t, 2)), set, Policy{}, secure, 3},
		{"trust anchor: DNSKEY", records(t, ksk.dnskey), set, Policy{}, secure, 3},
		{"keys the policy refuses are left out", ksk.ds(t, 2), dnskeys(t, append(all, sha1), ksk), Policy{NoSHA1: true}, secure, 3},
		{"keys that cannot be read are left out", ksk.ds(t, 2), dnskeys(t, append(all, &noZone), ksk), Policy{}, secure, 3},

		{"signed by another of its keys", ksk.ds(t, 2), dnskeys(t, all, zsk), Policy{}, failure(NoMatchingKey), 0},
		{"another key's DS", newSigner(t, "example", 13, 257).ds(t, 2), set, Policy{}, failure(NoMatchingDS), 0},
		{"wrong digest", changed(ksk.ds(t, 2), 10, 0x55), set, Policy{}, failure(NoMatchingDS), 0},
		{"a digest of nothing", []record.RR{{Owner: name("example"), Type: wire.TypeDS, Data: ksk.ds(t, 2)[0].Data[:4]}}, set, Policy{}, failure(NoMatchingDS), 0},
		{"RFC 4509 3: SHA-1 does not count beside SHA-256", slices.Concat(ksk.ds(t, 1), changed(ksk.ds(t, 2), 10, 0x55)), set, Policy{}, failure(NoMatchingDS), 0},
		{"RFC 4509 3: but beside one of an unknown algorithm", slices.Concat(ksk.ds(t, 1), changed(ksk.ds(t, 2), 2, 200)), set, Policy{}, secure, 3},
		{"a trust anchor with other flags", changed(records(t, ksk.dnskey), 1, 0), set, Policy{}, failure(NoMatchingDS), 0},
		{"DS of another zone", newSigner(t, "other", 13, 257).ds(t, 2), set, Policy{}, failure(NoMatchingDS), 0},
		{"a key of another zone", lines(t, "other."+ksk.dnskey.String()[len("example."):]), set, Policy{}, failure(NoMatchingDS), 0},
		{"RFC 5011 2.1: a revoked key's DS", revoked.ds(t, 2), dnskeys(t, []*signer{&revoked, zsk}, &revoked), Policy{}, failure(NoMatchingDS), 0},
		{"RFC 5011 2.1: a trust anchor since revoked", records(t, ksk.dnskey), dnskeys(t, []*signer{&revoked, zsk}, &revoked), Policy{}, failure(NoMatchingDS), 0},
		{"RFC 4034 5.2: a DS for a key without the zone bit", noZone.ds(t, 2), dnskeys(t, []*signer{&noZone, zsk}, &noZone), Policy{}, failure(NoMatchingDS), 0},
		{"nothing vouches", nil, set, Policy{}, failure(NoMatchingDS), 0},
		{"no DNSKEY", ksk.ds(t, 2), RRset{Owner: name("example"), Type: wire.TypeDNSKEY}, Policy{}, failure(NoDNSKEY), 0},
		{"of another zone", ksk.ds(t, 2), RRset{Owner: name("other"), Type: wire.TypeDNSKEY, Data: set.Data, Sigs: set.Sigs}, Policy{}, failure(NoDNSKEY), 0},
		{"unsigned", ksk.ds(t, 2), dnskeys(t, all), Policy{}, failure(NoSignature), 0},
		{"expired", ksk.ds(t, 2), sigBy(func(s *dns.RRSIG) { s.Expiration = now - 1 }), Policy{}, failure(Expired), 0},
		{"still to come", ksk.ds(t, 2), sigBy(func(s *dns.RRSIG) { s.Inception = now + 1 }), Policy{}, failure(NotYetValid), 0},
		{"signed for another name", ksk.ds(t, 2), sigBy(func(s *dns.RRSIG) { s.SignerName = "." }), Policy{}, failure(WrongSigner), 0},
		{"no usable DS", ksk.ds(t, 200), set, Policy{}, insecure(UnsupportedDigest), 0},
		{"no usable DS, no keys either", changed(ksk.ds(t, 2), 2, 200), RRset{}, Policy{}, insecure(UnsupportedAlgorithm), 0},
		{"too many keys", ksk.ds(t, 2), tooMany, Policy{}, failure(WorkLimit), 0},
		{"KeyTrap: many DS of one tag", slices.Repeat(changed(ksk.ds(t, 2), 10, 0x55), 2*maxDigests), set, Policy{}, failure(WorkLimit), 0},
	} {
		j := KeyJob{Zone: name("example"), Vouched: test.vouched, At: now, Policy: test.policy, Budget: Budget{Checks: plenty}, Set: test.set}
		j.Do()
		if j.Verdict != test.want || len(j.Keys) != test.keys || (j.Until == expires) != (test.keys > 0) {
			t.Errorf("%s: %v by %v, %d keys until %d", test.rule, j.Verdict.Security, j.Verdict.Reason, len(j.Keys), j.Until)
		}
	}

	j := KeyJob{Zone: name("example"), Vouched: ksk.ds(t, 2), At: now, Set: set}
	if j.Do(); j.Verdict != failure(WorkLimit) {
		t.Errorf("no budget: %v", j.Verdict)
	}
}

// The trust anchors of the root (spec rule R6.10) and the keys they are for.
func TestRootAnchor(t *testing.T) {
	const ksk2017 = ". 172800 IN DNSKEY 257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU="
	set := Group(lines(t, ksk2017))[0]
	j := KeyJob{Zone: wire.Root, At: now, Budget: Budget{Checks: plenty}, Set: set, Vouched: lines(t,
		". 172800 IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
		". 172800 IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16")}
	if j.Do(); j.Verdict != failure(NoSignature) { // past NoMatchingDS
		t.Errorf("%v", j.Verdict)
	}
}
