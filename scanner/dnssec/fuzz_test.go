package dnssec

import (
	"encoding/binary"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// foreign makes records of octets as they might come in a message: each has an octet for owner and type, two for the
// length of its data.
func foreign(b []byte) (rrs []record.RR) {
	owners := []wire.Name{name("z"), name("a.z"), name("*.z"), name("b.a.z"), name("z.y"), wire.Root}
	types := []wire.Type{wire.TypeNSEC, wire.TypeNSEC3, wire.TypeRRSIG, wire.TypeDS, wire.TypeDNSKEY, wire.TypeCAA, wire.TypeSOA}
	var hashedOwner wire.Name // of the NSEC3 record before
	for len(b) >= 4 {
		owner, typ, length := owners[int(b[0])%len(owners)], types[int(b[1])%len(types)], int(binary.BigEndian.Uint16(b[2:]))
		b = b[4:]
		if typ == wire.TypeNSEC3 && len(b) >= hashLabel { // any 32 letters as the owner
			label := append([]byte{hashLabel}, b[:hashLabel]...)
			for i := range label[1:] {
				label[1+i] = "0123456789abcdefghijklmnopqrstuvwxyz"[label[1+i]%36]
			}
			owner = wire.Name(label) + owner
			hashedOwner = owner
			b = b[hashLabel:]
		}
		length = min(length, len(b))
		if typ == wire.TypeRRSIG && length > 2 && wire.Type(binary.BigEndian.Uint16(b)) == wire.TypeNSEC3 && hashedOwner != "" {
			owner = hashedOwner
		}
		rrs = append(rrs, record.RR{Owner: owner, Type: typ, Class: wire.ClassIN, TTL: 300, Data: b[:length]})
		b = b[length:]
	}
	return rrs
}

// octets is foreign backwards, for the seeds.
func octets(sets ...RRset) (b []byte) {
	owners := map[wire.Name]byte{name("z"): 0, name("a.z"): 1, name("*.z"): 2, name("b.a.z"): 3}
	types := map[wire.Type]byte{wire.TypeNSEC: 0, wire.TypeNSEC3: 1, wire.TypeRRSIG: 2, wire.TypeDS: 3, wire.TypeDNSKEY: 4, wire.TypeCAA: 5}
	for _, set := range sets {
		for _, r := range append(append([]record.RR{}, set.Data...), set.Sigs...) {
			b = append(b, owners[r.Owner], types[r.Type])
			b = binary.BigEndian.AppendUint16(b, uint16(len(r.Data)))
			if r.Type == wire.TypeNSEC3 {
				for _, c := range []byte(r.Owner[1 : 1+hashLabel]) {
					if c >= 'a' {
						c -= 'a' - 10
					} else {
						c -= '0'
					}
					b = append(b, c)
				}
			}
			b = append(b, r.Data...)
		}
	}
	return b
}

// FuzzJob has any answer and denial. The key is made anew for every run: no input holds a good signature but the seeds.
func FuzzJob(f *testing.F) {
	key := newSigner(f, "z", dns.ED25519, 257)
	z := chained{zone: "z"}
	keys, _ := readKeys(records(f, key.dnskey), Policy{})
	f.Add(octets(key.sign(f, "a.z. 300 IN CAA 0 issue x")), octets(), uint8(0))
	f.Add(octets(expanded(key.sign(f, "*.z. 300 IN CAA 0 issue x"), "a.z")), octets(key.signed(f, nil, nsec(f, "z b.z NS SOA"))...), uint8(0))
	f.Add(octets(), octets(key.signed(f, nil, nsec(f, "z b.z NS SOA"))...), uint8(2))
	f.Add(octets(), octets(key.signed(f, nil, z.nsec3(f, "z", "", "NS SOA"), z.covering(f, "a.z"), z.covering(f, "*.z"))...), uint8(3))
	f.Add(octets(dnskeys(f, []*signer{key}, key)), octets(RRset{Data: key.ds(f, 2)}), uint8(1))
	if sets := Group(foreign(octets(key.signed(f, nil, z.covering(f, "a.z"))...))); len(sets) != 1 || len(sets[0].Sigs) != 1 {
		f.Fatal("the seeds do not come through")
	}
	f.Fuzz(func(t *testing.T, answer, denial []byte, claim uint8) {
		budget := Budget{20, 20}
		j := Job{Zone: name("z"), Keys: keys, At: now, Budget: budget, Answer: Group(foreign(answer)), Denial: Group(foreign(denial)),
			Claim: Claim(claim % 4), Name: name("a.z"), Type: wire.TypeCAA}
		j.Known, j.KnownUntil = j.Denial[:min(len(j.Denial), int(claim>>4))], now+9
		j.Do()
		good := j.Verdict.Security == record.Secure || j.Verdict.Security == record.Insecure
		switch {
		case j.Budget.Checks < 0 || j.Budget.Hashes < 0 || j.Budget.Checks > budget.Checks || j.Budget.Hashes > budget.Hashes:
			t.Fatalf("budget %v", j.Budget)
		case (j.Verdict.Reason == None) != (j.Verdict.Security == record.Secure):
			t.Fatalf("%v without its reason", j.Verdict)
		case j.Cut != CutUnknown && !good:
			t.Fatalf("cut %d though %v", j.Cut, j.Verdict)
		case good != (j.Until != 0):
			t.Fatalf("%v without a signature", j.Verdict)
		case len(j.Proven) > maxDenial:
			t.Fatalf("%d proven", len(j.Proven))
		}

		k := KeyJob{Zone: name("z"), At: now, Budget: budget, Vouched: foreign(denial)}
		for _, set := range j.Answer {
			if set.Type == wire.TypeDNSKEY {
				k.Set = set
			}
		}
		k.Do()
		if (k.Verdict == secure) != (len(k.Keys) > 0) || (k.Verdict == secure) != (k.Until != 0) || k.Budget.Checks < 0 {
			t.Fatalf("%v, %d keys until %d", k.Verdict, len(k.Keys), k.Until)
		}
	})
}

// FuzzDenial has any records for a proof, as if their signatures were good.
func FuzzDenial(f *testing.F) {
	z := chained{zone: "z", flags: 1}
	f.Add(octets(nsec(f, "z b.z NS SOA"), nsec(f, "a.z b.z A")), "a.b.z")
	f.Add(octets(z.nsec3(f, "z", "", "NS SOA"), z.covering(f, "b.z"), z.covering(f, "*.z")), "a.b.z")
	f.Add(octets(z.nsec3(f, "a.z", z.hash("a.z"), "NS")), "a.z")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		about, err := wire.ParseName(text)
		if err != nil {
			t.Skip()
		}
		hashes := 50
		d := denial{zone: name("z"), now: now, hashes: &hashes}
		sets := Group(foreign(data))
		for i := range sets {
			d.add(&sets[i], now+1, maxDenial)
		}
		noData, _ := d.proves(NoData, about, wire.TypeCAA)
		noName, _ := d.proves(NXDomain, about, wire.TypeCAA)
		_, cut := d.proves(NoSecureCut, about, wire.TypeDS)
		made := d.nsec.young.size+d.nsec3.young.size > 0
		switch {
		case hashes < 0:
			t.Fatal("more hashes than allowed")
		case (noData != Verdict{} || noName != Verdict{} || cut != CutUnknown) && (!made || !about.In(d.zone)):
			t.Fatalf("%v, %v, cut %d by nothing", noData, noName, cut)
		case noName == secure && cut == Unsigned:
			t.Fatal("a name that does not exist is a cut")
		}
	})
}

// FuzzGroup has no record lost that has a place, and none in the wrong one.
func FuzzGroup(f *testing.F) {
	key := newSigner(f, "z", dns.ED25519, 256)
	f.Add(octets(key.sign(f, "a.z. 300 IN CAA 0 issue x"), key.sign(f, "z. 300 IN CAA 0 issue x")))
	f.Add(octets(key.signed(f, nil, nsec(f, "z b.z NS SOA"), chained{zone: "z"}.covering(f, "b.z"))...))
	f.Fuzz(func(t *testing.T, data []byte) {
		rrs := foreign(data)
		sets := Group(rrs)
		kept, sigs := 0, 0
		for i, set := range sets {
			kept, sigs = kept+len(set.Data), sigs+len(set.Sigs)
			if len(set.Data) == 0 {
				t.Fatal("an RRset of nothing")
			}
			for _, r := range set.Data {
				if r.Owner != set.Owner || r.Type != set.Type || r.Type == wire.TypeRRSIG {
					t.Fatalf("%v %v in %v %v", r.Owner, r.Type, set.Owner, set.Type)
				}
			}
			for _, r := range set.Sigs {
				if r.Owner != set.Owner || r.Type != wire.TypeRRSIG || wire.Type(binary.BigEndian.Uint16(r.Data)) != set.Type {
					t.Fatalf("RRSIG of %v in %v %v", r.Owner, set.Owner, set.Type)
				}
			}
			for _, other := range sets[:i] {
				if other.Owner == set.Owner && other.Type == set.Type {
					t.Fatal("an RRset twice")
				}
			}
			if signer := Signer(set); signer != "" && !set.Owner.In(signer) {
				t.Fatalf("%v signed by %v", set.Owner, signer)
			}
			set.TTL()
		}
		all := 0
		for _, r := range rrs {
			if r.Type != wire.TypeRRSIG {
				all++
			}
		}
		if len(sets) > maxSets || len(sets) < maxSets && kept != all || kept+sigs > len(rrs) {
			t.Fatalf("%d and %d of %d records kept", kept, sigs, len(rrs))
		}
	})
}

// FuzzSpans has any records added in any order and asked for: Spans find what a Job with them would, or nothing.
func FuzzSpans(f *testing.F) {
	z := chained{zone: "z", flags: 1}
	f.Add(octets(nsec(f, "z b.z NS SOA"), nsec(f, "a.z b.z A")), octets(nsec(f, "a.z d.z NS")), "a.b.z")
	f.Add(octets(z.nsec3(f, "z", "", "NS SOA"), z.covering(f, "b.z")), octets(z.covering(f, "*.z")), "b.z")
	f.Fuzz(func(t *testing.T, first, second []byte, text string) {
		about, err := wire.ParseName(text)
		if err != nil {
			t.Skip()
		}
		s := NewSpans(name("z"), Policy{}, 6)
		one, two := Group(foreign(first)), Group(foreign(second))
		s.Add(one, now+10)
		s.Add(two, now+20)
		if s.Len() > 12 {
			t.Fatalf("%d spans", s.Len())
		}
		cut, v, ok := s.Cut(now, about)
		if ok != (cut != CutUnknown) || ok && v.Security != record.Secure && v.Security != record.Insecure || !ok && v != (Verdict{}) {
			t.Fatalf("cut %d, %v, %t", cut, v, ok)
		}
		claim, v, ttl, ok := s.Denies(now, about, wire.TypeCAA)
		if ok && (v != secure || ttl < 1 || ttl > 20 || claim == Records || !about.In(name("z"))) || !ok && (v != Verdict{} || ttl != 0) {
			t.Fatalf("claim %d, %v, %d s, %t", claim, v, ttl, ok)
		}
		for _, sets := range [][]RRset{one, two} {
			for i := range sets {
				if until, ok := s.Known(now, &sets[i]); ok && until != now+10 && until != now+20 {
					t.Fatalf("until %d", until)
				}
			}
		}
		if _, _, ok := s.Cut(now+20, about); ok || s.Len() > 12 {
			t.Fatal("known for ever")
		}
	})
}
