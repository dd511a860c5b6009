package dnssec

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

func TestEveryAlgorithm(t *testing.T) {
	for _, algorithm := range []uint8{5, 7, 8, 10, 13, 14, 15} { // 16, which miekg/dns does not sign, is tested in algorithm
		key := newSigner(t, "example", algorithm, 256)
		set := key.sign(t, "www.example. 300 IN CAA 0 issue \"ca.example\"", "www.example. 300 IN CAA 0 iodef \"mailto:x@example\"")
		j := Job{Zone: name("example"), Keys: []*Key{key.key(t)}, At: now, Budget: Budget{plenty, 0}, Answer: []RRset{set}}
		if j.Do(); j.Verdict != secure || j.Until != expires || j.Budget.Checks != plenty-1 {
			t.Errorf("algorithm %d: %v, until %d, budget %d", algorithm, j.Verdict, j.Until, j.Budget.Checks)
		}
		j.Answer[0].Data[0].Data[0] ^= 0x80
		if j.Do(); j.Verdict != failure(BadSignature) || j.Until != 0 {
			t.Errorf("algorithm %d, changed: %v", algorithm, j.Verdict)
		}
	}
}

func TestSignatures(t *testing.T) {
	const www = "www.example. 300 IN A 192.0.2.1"
	key := newSigner(t, "example", dns.ECDSAP256SHA256, 256)
	other := newSigner(t, "example", dns.ECDSAP256SHA256, 256)
	child := newSigner(t, "www.example", dns.ECDSAP256SHA256, 256)
	sha1 := newSigner(t, "example", dns.RSASHA1, 256)
	time := func(inception, expiration uint32) func(*dns.RRSIG) {
		return func(s *dns.RRSIG) { s.Inception, s.Expiration = inception, expiration }
	}
	half := uint32(1<<31 - 9) // the longest time that serial numbers can tell, nearly
	both := func(a, b RRset) RRset { a.Sigs = slices.Concat(a.Sigs, b.Sigs); return a }
	mutate := func(set RRset, change func(*RRset)) RRset {
		set.Data, set.Sigs = slices.Clone(set.Data), slices.Clone(set.Sigs)
		for _, rrs := range [][]record.RR{set.Data, set.Sigs} {
			for i := range rrs {
				rrs[i].Data = slices.Clone(rrs[i].Data)
			}
		}
		change(&set)
		return set
	}
	good := key.sign(t, www)
	bad := mutate(good, func(s *RRset) { d := s.Sigs[0].Data; d[len(d)-1] ^= 1 })
	expired := key.signAs(t, time(now-2*day, now-1), www)
	future := key.signAs(t, time(now+1, expires), www)

	for _, test := range []struct {
		rule string
		set  RRset
		want Reason
	}{
		{"RFC 4035 5.3.3", good, None},
		{"RFC 4034 6.3: order and duplicates", mutate(key.sign(t, www, "www.example. 300 IN A 192.0.2.9", "www.example. 300 IN A 10.0.0.1"),
			func(s *RRset) { slices.Reverse(s.Data); s.Data = append(s.Data, s.Data[0], s.Data[1]) }), None},
		{"RFC 4034 6.2: TTLs count down", mutate(good, func(s *RRset) { s.Data[0].TTL, s.Sigs[0].TTL = 1, 2 }), None},
		{"RFC 4034 6.2: case of names", key.sign(t, "www.example. 300 IN MX 10 Mail.Example."), None},
		{"RFC 4034 6.2: case of the signer", key.signAs(t, func(s *dns.RRSIG) { s.SignerName = "EXAMPLE." }, www), None},
		{"RFC 6840 5.1: but not of NSEC", key.sign(t, "www.example. 300 IN NSEC ZZZ.example. A RRSIG NSEC"), None},
		{"a record more", mutate(good, func(s *RRset) { s.Data = append(s.Data, lines(t, "www.example. 300 IN A 192.0.2.66")...) }), BadSignature},
		{"a record less", mutate(key.sign(t, www, "www.example. 300 IN A 192.0.2.9"), func(s *RRset) { s.Data = s.Data[:1] }), BadSignature},
		{"no records", mutate(good, func(s *RRset) { s.Data = nil }), NoSignature},
		{"another owner", mutate(expanded(good, "wxw.example"), func(s *RRset) {}), BadSignature},
		{"another class", mutate(good, func(s *RRset) { s.Data[0].Class = 3 }), BadSignature},
		{"RFC 6840 5.11: any good one", both(bad, good), None},
		{"RFC 6840 5.11: after one by an unknown key", both(other.sign(t, www), good), None},
		{"none", mutate(good, func(s *RRset) { s.Sigs = nil }), NoSignature},
		{"of another type", mutate(good, func(s *RRset) { s.Sigs = key.sign(t, "www.example. 300 IN TXT x").Sigs }), NoSignature},
		{"of another owner", mutate(good, func(s *RRset) { s.Sigs[0].Owner = name("ww2.example") }), NoSignature},
		{"cut short", mutate(good, func(s *RRset) { s.Sigs[0].Data = s.Sigs[0].Data[:20] }), NoSignature},
		{"bad", bad, BadSignature},
		{"by another key", other.sign(t, www), NoMatchingKey},
		{"by an algorithm the policy refuses", sha1.sign(t, www), NoMatchingKey},
		{"by another zone", child.sign(t, www), WrongSigner},
		{"of an owner outside the zone", mutate(expanded(good, "www.example.org"), func(*RRset) {}), WrongSigner},
		{"RFC 4035 2.4: DS at the apex", key.sign(t, "example. 300 IN DS 1 13 2 "+strings.Repeat("00", 32)), WrongSigner},
		{"DS below", key.sign(t, "www.example. 300 IN DS 1 13 2 "+strings.Repeat("00", 32)), None},

		{"RFC 4034 3.1.5: expired a second ago", expired, Expired},
		{"RFC 4034 3.1.5: in the last second", key.signAs(t, time(now-day, now), www), None},
		{"RFC 4034 3.1.5: valid in a second", future, NotYetValid},
		{"RFC 4034 3.1.5: in the first second", key.signAs(t, time(now, expires), www), None},
		{"RFC 4034 3.1.5: over before it begins", key.signAs(t, time(now+1, now-1), www), Expired},
		{"RFC 4034 3.1.5: so too where both sides seem right", key.signAs(t, time(now-half, half+now), www), Expired},

		{"furthest: expired before unknown key", both(other.sign(t, www), expired), Expired},
		{"furthest: expired before not yet valid", both(expired, future), Expired},
		{"furthest: not yet valid before unknown key", both(future, other.sign(t, www)), NotYetValid},
		{"furthest: bad before expired", both(expired, bad), BadSignature},
		{"furthest: unknown key before wrong signer", both(other.sign(t, www), child.sign(t, www)), NoMatchingKey},

		{"RFC 4035 5.3.1: more labels than the owner", mutate(good, func(s *RRset) { s.Sigs[0].Data[3] = 3 }), BadSignature},
		{"RFC 4035 5.3.1: fewer, but no wildcard's", mutate(good, func(s *RRset) { s.Sigs[0].Data[3] = 1 }), BadSignature},
		{"a wildcard above the zone", mutate(good, func(s *RRset) { s.Sigs[0].Data[3] = 0 }), BadSignature},
		{"RFC 4034 3.1.3: the wildcard itself", key.sign(t, "*.example. 300 IN A 192.0.2.1"), None},
		{"no wildcard makes a DS", expanded(key.sign(t, "*.example. 300 IN DS 1 13 2 "+strings.Repeat("00", 32)), "a.example"), BadSignature},
	} {
		budget := Budget{plenty, 0}
		c := checker{zone: name("example"), keys: []*Key{key.key(t), sha1.key(t)}, at: now, policy: Policy{NoSHA1: true}, budget: &budget}
		encloser, reason := c.verify(&test.set)
		if reason != test.want || encloser != "" {
			t.Errorf("%s: %v", test.rule, reason)
		}
		if (reason == None) != (c.until != 0) {
			t.Errorf("%s: until %d", test.rule, c.until)
		}
	}
}

func TestSerialTimes(t *testing.T) {
	const end = ^uint32(0)
	for _, test := range []struct {
		inception, expiration, at uint32
		want                      Reason
	}{
		{end - 100, 100, 0, None}, // across 2106-02-07 (RFC 1982)
		{end - 100, 100, end - 100, None},
		{end - 100, 100, 101, Expired},
		{end - 100, 100, end - 101, NotYetValid},
		{0, 1<<31 - 1, 1 << 30, None},
	} {
		sig := wire.RRSIG{Inception: test.inception, Expiration: test.expiration}
		if got := inTime(&sig, test.at); got != test.want {
			t.Errorf("%d to %d at %d: %v", test.inception, test.expiration, test.at, got)
		}
	}
	for _, test := range [][3]uint32{{0, 5, 5}, {5, 0, end}, {0, 0, end}, {7, 5, 5}, {5, 7, 5}, {3, end, end}, {end, 3, end}} {
		if got := earlier(test[0], test[1]); got != test[2] {
			t.Errorf("earlier of %d and %d: %d", test[0], test[1], got)
		}
	}
}

func TestWildcardEncloser(t *testing.T) {
	for _, test := range []struct {
		owner  string
		labels int
		typ    wire.Type
		want   string
		ok     bool
	}{
		{"a.b.example", 3, wire.TypeA, "", true},
		{"a.b.example", 2, wire.TypeA, "b.example", true},
		{"a.b.example", 1, wire.TypeA, "example", true},
		{"a.b.example", 0, wire.TypeA, "", false}, // *. is not in the zone example
		{"a.b.example", 4, wire.TypeA, "", false},
		{"*.b.example", 2, wire.TypeA, "", true},
		{"*.b.example", 3, wire.TypeA, "", false},
		{"*.b.example", 1, wire.TypeA, "example", true}, // the name *.b made from *
		{"a.*.example", 2, wire.TypeA, "*.example", true},
		{"*.*.example", 2, wire.TypeA, "", true},
		{"example", 1, wire.TypeSOA, "", true},
		{"example", 0, wire.TypeA, "", false},
		{"a.example", 1, wire.TypeDNSKEY, "", false},
		{"a.example", 1, wire.TypeNSEC, "example", true},
	} {
		set := RRset{Owner: name(test.owner), Type: test.typ}
		got, ok := wildcardEncloser(&set, test.labels, name("example"))
		want := wire.Name("")
		if test.want != "" {
			want = name(test.want)
		}
		if ok != test.ok || ok && got != want {
			t.Errorf("%s, %d labels: %v %t", test.owner, test.labels, got, ok)
		}
	}
	root := RRset{Owner: name("a"), Type: wire.TypeA}
	if got, ok := wildcardEncloser(&root, 0, wire.Root); !ok || got != wire.Root {
		t.Errorf("a wildcard of the root: %v %t", got, ok)
	}
}

// KeyTrap: many keys of one tag, many signatures by it, none right.
func TestSignatureBounds(t *testing.T) {
	key := newSigner(t, "example", dns.ECDSAP256SHA256, 256)
	set := key.sign(t, "www.example. 300 IN A 192.0.2.1")
	good := set.Sigs[0]
	bad := good
	bad.Data = slices.Clone(good.Data)
	bad.Data[len(bad.Data)-1] ^= 1
	keys := slices.Repeat([]*Key{key.key(t)}, 40)
	check := func(budget int, keys []*Key, sigs ...record.RR) (Reason, int) {
		b := Budget{budget, 0}
		c := checker{zone: name("example"), keys: keys, at: now, budget: &b}
		set.Sigs = sigs
		_, reason := c.verify(&set)
		return reason, budget - b.Checks
	}
	for _, test := range []struct {
		what   string
		budget int
		keys   []*Key
		sigs   []record.RR
		want   Reason
		checks int
	}{
		{"colliding keys", plenty, keys, []record.RR{bad}, WorkLimit, maxChecks},
		{"many signatures", plenty, keys[:1], slices.Repeat([]record.RR{bad}, 50), WorkLimit, maxChecks},
		{"both", plenty, keys, slices.Repeat([]record.RR{bad}, 50), WorkLimit, maxChecks},
		{"seven bad ones", plenty, keys[:1], append(slices.Repeat([]record.RR{bad}, maxChecks-1), good), None, maxChecks},
		{"as many as are checked", plenty, keys[:1], slices.Repeat([]record.RR{bad}, maxChecks), BadSignature, maxChecks},
		{"budget used up", 0, keys[:1], []record.RR{good}, WorkLimit, 0},
		{"budget used up on the way", 2, keys[:1], slices.Repeat([]record.RR{bad}, 3), WorkLimit, 2},
		{"signatures by nobody", plenty, nil, slices.Repeat([]record.RR{good}, maxSigs+1), WorkLimit, 0},
	} {
		if reason, checks := check(test.budget, test.keys, test.sigs...); reason != test.want || checks != test.checks {
			t.Errorf("%s: %v after %d checks", test.what, reason, checks)
		}
	}
}

func TestGroup(t *testing.T) {
	all := lines(t,
		"a.example. 300 IN RRSIG A 13 2 300 20260401000000 20260301000000 1 example. AAAA",
		"a.example. 300 IN A 192.0.2.1",
		"b.example. 300 IN A 192.0.2.2",
		"A.example. 200 IN A 192.0.2.3",
		"a.example. 300 CH A 192.0.2.4",
		"a.example. 300 IN TXT x",
		"a.example. 100 IN RRSIG TXT 13 2 300 20260401000000 20260301000000 1 other. AAAA",
		"a.example. 100 IN RRSIG TXT 13 2 50 20260401000000 20260301000000 1 example. AAAA",
		"c.example. 300 IN RRSIG A 13 2 300 20260401000000 20260301000000 1 example. AAAA",
		"a.example. 300 IN RRSIG MX 13 2 300 20260401000000 20260301000000 1 example. AAAA",
	)
	short := all[0]
	short.Data = short.Data[:1]
	sets := Group(append(all, short))
	type shape struct {
		owner      string
		typ        wire.Type
		data, sigs int
		signer     wire.Name
		ttl        uint32
	}
	var got []shape
	for _, s := range sets {
		got = append(got, shape{s.Owner.String(), s.Type, len(s.Data), len(s.Sigs), Signer(s), s.TTL()})
	}
	want := []shape{
		{"a.example", wire.TypeA, 2, 1, name("example"), 200},
		{"b.example", wire.TypeA, 1, 0, "", 300},
		{"a.example", wire.TypeA, 1, 0, "", 300}, // of class CH
		{"a.example", wire.TypeTXT, 1, 2, name("example"), 50},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if len(Group(nil)) != 0 || (RRset{}).TTL() != 0 {
		t.Error("of nothing")
	}
	sets[0].Sigs = append(sets[0].Sigs, sets[1].Data...)
	if sets[0].Data[0].Type != wire.TypeA || len(sets[1].Data) != 1 || sets[1].Data[0].Owner != name("b.example") {
		t.Error("the RRsets share room")
	}

	var many []record.RR
	for i := range 2 * maxSets {
		r := all[1]
		r.Type = wire.Type(1000 + i)
		many = append(many, r)
	}
	if n := len(Group(many)); n != maxSets {
		t.Errorf("%d RRsets", n)
	}
}

func TestSigner(t *testing.T) {
	for _, test := range []struct{ owner, typ, signer, want string }{
		{"a.example", "A", "example", "example"},
		{"a.example", "A", "a.example", "a.example"},
		{"a.example", "A", ".", "."},
		{"a.example", "A", "b.example", ""},
		{"a.example", "DS", "a.example", ""},
		{"a.example", "DS", "example", "example"},
	} {
		sig := lines(t, test.owner+". 300 IN RRSIG "+test.typ+" 13 2 300 20260401000000 20260301000000 1 "+dns.Fqdn(test.signer)+" AAAA")
		got := Signer(RRset{Owner: name(test.owner), Type: wireType(t, test.typ), Sigs: sig})
		if got.String() != test.want {
			t.Errorf("%v: %v", test, got)
		}
	}
}

func TestFromDNAME(t *testing.T) {
	long := strings.Repeat("a123456789012345678901234567890123456789012345678.", 4)
	for _, test := range []struct {
		rule, cname, dname string
		want               Reason
	}{
		{"RFC 6672 2.2", "a.b.example. 0 IN CNAME a.b.target.", "example. 0 IN DNAME target.", None},
		{"RFC 6672 2.2: case", "A.b.example. 0 IN CNAME a.B.target.", "EXAMPLE. 0 IN DNAME Target.", None},
		{"to the root", "a.example. 0 IN CNAME a.", "example. 0 IN DNAME .", None},
		{"elsewhere", "a.example. 0 IN CNAME b.target.", "example. 0 IN DNAME target.", BadDNAME},
		{"RFC 6672 2.3: the owner is not rewritten", "example. 0 IN CNAME target.", "example. 0 IN DNAME target.", BadDNAME},
		{"another ending", "a.exampla. 0 IN CNAME a.target.", "example. 0 IN DNAME target.", BadDNAME},
		{"RFC 6672 2.2: too long", long + "example. 0 IN CNAME x.", "example. 0 IN DNAME " + long, BadDNAME},
		{"no DNAME", "a.example. 0 IN CNAME a.target.", "example. 0 IN CNAME target.", BadDNAME},
		{"no CNAME", "a.example. 0 IN NS a.target.", "example. 0 IN DNAME target.", BadDNAME},
	} {
		if got := FromDNAME(lines(t, test.cname)[0], lines(t, test.dname)[0]); got != test.want {
			t.Errorf("%s: %v", test.rule, got)
		}
	}
}

// TestAgreesWithMiekg holds verify against miekg/dns on RRsets of random shape, signed and then disturbed at random.
func TestAgreesWithMiekg(t *testing.T) {
	key := newSigner(t, "example", dns.ED25519, 256)
	rng := rand.New(rand.NewPCG(7, 7))
	good, rounds := 0, 400
	for range rounds {
		owner := []string{"a.example.", "*.example.", "x.*.a.example.", "example."}[rng.IntN(4)]
		var rrs []dns.RR
		line := [...]string{" IN A 192.0.2.", " IN TXT ", " IN MX ", " IN CAA 0 issue "}[rng.IntN(4)]
		for range 1 + rng.IntN(4) {
			number := string(rune('0' + rng.IntN(8)))
			if strings.Contains(line, "MX") {
				number += " Mail.Example."
			}
			rrs = append(rrs, rr(t, owner+" 300"+line+number))
		}
		signedSet := rrs // miekg/dns does not drop duplicates when it signs
		slices.SortFunc(signedSet, func(a, b dns.RR) int { return strings.Compare(a.String(), b.String()) })
		signedSet = slices.CompactFunc(signedSet, func(a, b dns.RR) bool { return a.String() == b.String() })
		sig := key.sig(t, nil, signedSet...)
		if strings.HasPrefix(owner, "*") && rng.IntN(2) == 0 {
			for _, r := range signedSet {
				r.Header().Name = "made.from.example."
			}
			sig.Hdr.Name = "made.from.example."
		}
		switch rng.IntN(6) {
		case 0:
			sig.OrigTtl++
		case 1:
			sig.Labels--
		case 2:
			more := dns.Copy(signedSet[0])
			if a, ok := more.(*dns.A); ok {
				a.A[3] ^= 0x55
				signedSet = append(signedSet, more)
			}
		}
		want := sig.Verify(key.dnskey, signedSet) == nil
		sets := Group(records(t, append(slices.Clone(signedSet), sig)...))
		budget := Budget{plenty, 0}
		c := checker{zone: name("example"), keys: []*Key{key.key(t)}, at: now, budget: &budget}
		_, reason := c.verify(&sets[0])
		if (reason == None) != want {
			t.Fatalf("%v; miekg/dns: %t\n%v\n%v", reason, want, signedSet, sig)
		}
		if want {
			good++
		}
	}
	if good < rounds/4 || good > rounds*9/10 {
		t.Errorf("%d of %d good", good, rounds)
	}
}
