package dnssec

import (
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
)

// job is a Job for the zone z or, if the name lies elsewhere, the root.
func job(t testing.TB, key *signer, claim Claim, about, typ string, denial ...RRset) *Job {
	t.Helper()
	j := &Job{Zone: name(key.dnskey.Hdr.Name), Keys: []*Key{key.key(t)}, At: now, Budget: Budget{plenty, plenty}, Denial: denial, Claim: claim}
	if about != "" {
		j.Name, j.Type = name(about), wireType(t, typ)
	}
	return j
}

// denialCase is a claim and the records to prove it.
type denialCase struct {
	rule   string
	claim  Claim
	name   string
	typ    string
	denial []RRset
	want   Verdict
	cut    Cut
}

func runDenials(t *testing.T, key *signer, cases []denialCase) {
	t.Helper()
	for _, test := range cases {
		j := job(t, key, test.claim, test.name, test.typ, key.signed(t, nil, test.denial...)...)
		if j.Do(); j.Verdict != test.want || j.Cut != test.cut {
			t.Errorf("%s: %v by %v, cut %d", test.rule, j.Verdict.Security, j.Verdict.Reason, j.Cut)
		}
		if len(j.Proven) != len(test.denial) {
			t.Errorf("%s: %d of %d records proven", test.rule, len(j.Proven), len(test.denial))
		}
		// The same with every signature expired proves nothing, however little there was to prove.
		j = job(t, key, test.claim, test.name, test.typ, key.signed(t, func(s *dns.RRSIG) { s.Expiration = now - 1 }, test.denial...)...)
		if j.Do(); j.Verdict != failure(Expired) || j.Cut != CutUnknown || j.Until != 0 || len(j.Proven) != 0 {
			t.Errorf("%s, expired: %v by %v, cut %d", test.rule, j.Verdict.Security, j.Verdict.Reason, j.Cut)
		}
	}
}

func TestNSEC(t *testing.T) {
	sets := func(text ...string) (made []RRset) {
		for _, line := range text {
			made = append(made, nsec(t, line))
		}
		return made
	}
	wrong := failure(DenialWrong)
	runDenials(t, newSigner(t, "z", dns.ED25519, 256), []denialCase{
		{"RFC 4035 5.4: no such type", NoData, "a.z", "CAA", sets("a.z b.z A RRSIG NSEC"), secure, 0},
		{"there is", NoData, "a.z", "A", sets("a.z b.z A RRSIG NSEC"), wrong, 0},
		{"RFC 6840 4.3: a CNAME would answer", NoData, "a.z", "CAA", sets("a.z b.z CNAME RRSIG NSEC"), wrong, 0},
		{"of another name", NoData, "c.z", "CAA", sets("a.z b.z A RRSIG NSEC"), wrong, 0},
		{"apex", NoData, "z", "CAA", sets("z a.z NS SOA RRSIG NSEC DNSKEY"), secure, 0},
		{"a zone of one name", NoData, "z", "CAA", sets("z z NS SOA RRSIG NSEC DNSKEY"), secure, 0},
		{"RFC 6840 4.1: from above the cut, of what is below", NoData, "a.z", "CAA", sets("a.z b.z NS RRSIG NSEC"), wrong, 0},
		{"RFC 6840 4.1: but of DS", NoData, "a.z", "DS", sets("a.z b.z NS RRSIG NSEC"), secure, 0},
		{"RFC 6840 4.4: DS from below the cut", NoData, "z", "DS", sets("z a.z NS SOA RRSIG NSEC DNSKEY"), wrong, 0},
		{"RFC 4592 2.2.2: empty non-terminal", NoData, "b.z", "CAA", sets("a.z x.b.z A RRSIG NSEC"), secure, 0},
		{"RFC 4592 2.2.2: and two labels up", NoData, "b.z", "CAA", sets("a.z y.x.b.z A RRSIG NSEC"), secure, 0},
		{"the name is covered, so it does not exist", NoData, "b.z", "CAA", sets("a.z c.z A RRSIG NSEC"), wrong, 0},
		{"RFC 9824 3.1: a made-up name", NoData, "a.z", "CAA", sets(`a.z \000.a.z RRSIG NSEC NXNAME`), secure, 0},

		{"RFC 4035 5.4: no such name", NXDomain, "b.z", "CAA", sets("a.z c.z A RRSIG NSEC", "z a.z NS SOA RRSIG NSEC"), secure, 0},
		{"one record for both", NXDomain, "b.z", "CAA", sets("z c.z NS SOA RRSIG NSEC"), secure, 0},
		{"the wildcard not denied", NXDomain, "b.z", "CAA", sets("a.z c.z A RRSIG NSEC"), wrong, 0},
		{"the wildcard exists", NXDomain, "b.z", "CAA", sets("a.z c.z A RRSIG NSEC", "*.z a.z CAA RRSIG NSEC"), wrong, 0},
		{"the wildcard is an empty non-terminal", NXDomain, "b.z", "CAA", sets("a.z c.z A RRSIG NSEC", "z x.*.z NS SOA RRSIG NSEC"), wrong, 0},
		{"the name is an empty non-terminal", NXDomain, "b.z", "CAA", sets("a.z x.b.z A RRSIG NSEC", "z a.z NS SOA RRSIG NSEC"), wrong, 0},
		{"the name exists", NXDomain, "a.z", "CAA", sets("a.z c.z A RRSIG NSEC", "z a.z NS SOA RRSIG NSEC"), wrong, 0},
		{"the last of the zone", NXDomain, "x.z", "CAA", sets("c.z z A RRSIG NSEC", "z a.z NS SOA RRSIG NSEC"), secure, 0},
		{"below a name, whose wildcard counts", NXDomain, "x.y.a.z", "CAA", sets("a.z c.z A RRSIG NSEC"), secure, 0},
		{"below a name, by the next name", NXDomain, "x.a.z", "CAA", sets("b.a.z y.a.z A RRSIG NSEC", "a.z b.a.z A RRSIG NSEC"), secure, 0},
		{"below a name, with the wildcard of another", NXDomain, "x.a.z", "CAA", sets("b.a.z y.a.z A RRSIG NSEC", "z a.z NS SOA RRSIG NSEC"), wrong, 0},
		{"RFC 6840 4.1: below a cut", NXDomain, "x.a.z", "CAA", sets("a.z c.z NS RRSIG NSEC", "z a.z NS SOA RRSIG NSEC"), wrong, 0},
		{"RFC 6672 5.3.4.1: below a DNAME", NXDomain, "x.a.z", "CAA", sets("a.z c.z DNAME RRSIG NSEC", "z a.z NS SOA RRSIG NSEC"), wrong, 0},
		{"RFC 6672 5.3.4.1: below a DNAME at the apex", NXDomain, "x.z", "CAA", sets("z z NS SOA DNAME RRSIG NSEC"), wrong, 0},
		{"RFC 9824 3.1: a made-up name", NXDomain, "a.z", "CAA", sets(`a.z \000.a.z RRSIG NSEC NXNAME`), secure, 0},
		{"the zone itself", NXDomain, "z", "CAA", sets("z z NS SOA RRSIG NSEC"), wrong, 0},
		{"a name outside the zone", NXDomain, "b.y", "CAA", sets("z c.z NS SOA RRSIG NSEC"), wrong, 0},
		{"a next name outside the zone", NXDomain, "b.z", "CAA", sets("z zz NS SOA RRSIG NSEC"), wrong, 0},
		{"a next name before the owner", NXDomain, "d.z", "CAA", sets("c.z b.z A RRSIG NSEC", "z a.z NS SOA RRSIG NSEC"), wrong, 0},

		{"RFC 4035 3.1.3.4: wildcard without the type", NoData, "b.z", "CAA", sets("a.z c.z A RRSIG NSEC", "*.z a.z A RRSIG NSEC"), secure, 0},
		{"wildcard with the type", NoData, "b.z", "A", sets("a.z c.z A RRSIG NSEC", "*.z a.z A RRSIG NSEC"), wrong, 0},
		{"RFC 6840 4.3: wildcard with a CNAME", NoData, "b.z", "CAA", sets("a.z c.z A RRSIG NSEC", "*.z a.z CNAME RRSIG NSEC"), wrong, 0},
		{"wildcard that is an empty non-terminal", NoData, "b.z", "CAA", sets("a.z c.z A RRSIG NSEC", "z x.*.z NS SOA RRSIG NSEC"), secure, 0},
		{"wildcard of a name that is not the closest encloser", NoData, "x.a.z", "CAA", sets("a.z c.z A RRSIG NSEC", "*.z a.z A RRSIG NSEC"), wrong, 0},

		{"RFC 4035 5.2: a cut without DS", NoSecureCut, "a.z", "DS", sets("a.z b.z NS RRSIG NSEC"), insecure(NoDS), Unsigned},
		{"with DS", NoSecureCut, "a.z", "DS", sets("a.z b.z NS DS RRSIG NSEC"), wrong, 0},
		{"RFC 6840 4.4: from below the cut", NoSecureCut, "a.z", "DS", sets("a.z b.z NS SOA RRSIG NSEC"), wrong, 0},
		{"RFC 6840 4.4: no cut", NoSecureCut, "a.z", "DS", sets("a.z b.z A RRSIG NSEC"), secure, NoCut},
		{"an alias", NoSecureCut, "a.z", "DS", sets("a.z b.z CNAME RRSIG NSEC"), secure, NoCut},
		{"empty non-terminal", NoSecureCut, "b.z", "DS", sets("a.z x.b.z A RRSIG NSEC"), secure, NoCut},
		{"made from a wildcard", NoSecureCut, "b.z", "DS", sets("a.z c.z A RRSIG NSEC", "*.z a.z A RRSIG NSEC"), secure, NoCut},
		{"a wildcard's delegation is none", NoSecureCut, "b.z", "DS", sets("a.z c.z A RRSIG NSEC", "*.z a.z NS RRSIG NSEC"), wrong, 0},
		{"no such name", NoSecureCut, "b.z", "DS", sets("z c.z NS SOA RRSIG NSEC"), secure, NoName},
		{"RFC 9824 3.1: a made-up name", NoSecureCut, "a.z", "DS", sets(`a.z \000.a.z RRSIG NSEC NXNAME`), secure, NoName},
		{"below another cut", NoSecureCut, "x.a.z", "DS", sets("a.z c.z NS RRSIG NSEC"), wrong, 0},
		{"the zone itself", NoSecureCut, "z", "DS", sets("z a.z NS SOA RRSIG NSEC"), wrong, 0},
		{"the zone itself, as if from above", NoSecureCut, "z", "DS", sets("z a.z NS RRSIG NSEC"), wrong, 0},
	})
	runDenials(t, newSigner(t, ".", dns.ED25519, 256), []denialCase{
		{"RFC 6840 4.4: DS of the root", NoData, ".", "DS", sets(". a NS SOA RRSIG NSEC DNSKEY"), secure, 0},
		{"a name below the root", NXDomain, "b.q", "CAA", sets(". z NS SOA RRSIG NSEC DNSKEY"), secure, 0},
		{"the last one", NXDomain, "zzz", "CAA", sets("z . NS DS RRSIG NSEC", ". a NS SOA RRSIG NSEC DNSKEY"), secure, 0},
		{"a TLD without DS", NoSecureCut, "a", "DS", sets("a b NS RRSIG NSEC"), insecure(NoDS), Unsigned},
	})
}

func TestNSEC3(t *testing.T) {
	z := chained{zone: "z", salt: "ab12", iterations: 5}
	optOut := chained{zone: "z", salt: "ab12", iterations: 5, flags: 1}
	many := chained{zone: "z", iterations: DefaultIterations + 1}
	match := func(owner, types string) RRset { return z.nsec3(t, owner, "", types) }
	sets := func(s ...RRset) []RRset { return s }
	apex := match("z", "NS SOA RRSIG DNSKEY NSEC3PARAM")
	rawHash := func(algorithm, flags byte) RRset {
		s := z.covering(t, "b.z")
		s.Data[0].Data[0], s.Data[0].Data[1] = algorithm, flags
		return s
	}
	wrong := failure(DenialWrong)
	runDenials(t, newSigner(t, "z", dns.ED25519, 256), []denialCase{
		{"RFC 5155 8.5: no such type", NoData, "a.z", "CAA", sets(match("a.z", "A RRSIG")), secure, 0},
		{"there is", NoData, "a.z", "A", sets(match("a.z", "A RRSIG")), wrong, 0},
		{"RFC 5155 8.5: a CNAME would answer", NoData, "a.z", "CAA", sets(match("a.z", "CNAME RRSIG")), wrong, 0},
		{"RFC 5155 7.1: empty non-terminal", NoData, "a.z", "CAA", sets(match("a.z", "")), secure, 0},
		{"RFC 6840 4.1: from above the cut", NoData, "a.z", "CAA", sets(match("a.z", "NS")), wrong, 0},
		{"RFC 5155 8.6: DS", NoData, "a.z", "DS", sets(match("a.z", "NS")), secure, 0},
		{"RFC 6840 4.4: DS from below the cut", NoData, "z", "DS", sets(apex), wrong, 0},
		{"RFC 5155 8.6: DS by opt-out", NoData, "b.z", "DS", sets(apex, optOut.covering(t, "b.z")), insecure(OptOut), 0},
		{"RFC 5155 9.2: any type by opt-out", NoData, "b.z", "CAA", sets(apex, optOut.covering(t, "b.z")), insecure(OptOut), 0},
		{"but without opt-out", NoData, "b.z", "DS", sets(apex, z.covering(t, "b.z")), wrong, 0},
		{"RFC 5155 8.7: wildcard without the type", NoData, "b.z", "CAA", sets(apex, z.covering(t, "b.z"), match("*.z", "A RRSIG")), secure, 0},
		{"RFC 5155 8.7: wildcard with the type", NoData, "b.z", "A", sets(apex, z.covering(t, "b.z"), match("*.z", "A RRSIG")), wrong, 0},
		{"RFC 5155 8.7: wildcard with a CNAME", NoData, "b.z", "CAA", sets(apex, z.covering(t, "b.z"), match("*.z", "CNAME RRSIG")), wrong, 0},
		{"RFC 5155 9.2: wildcard and opt-out", NoData, "b.z", "CAA", sets(apex, optOut.covering(t, "b.z"), match("*.z", "A RRSIG")), insecure(OptOut), 0},
		{"the wildcard has what is missing, opt-out or not", NoData, "b.z", "A", sets(apex, optOut.covering(t, "b.z"), match("*.z", "A RRSIG")), wrong, 0},

		{"RFC 5155 8.4: no such name", NXDomain, "b.z", "CAA", sets(apex, z.covering(t, "b.z"), z.covering(t, "*.z")), secure, 0},
		{"deep below", NXDomain, "e.d.c.b.z", "CAA", sets(apex, z.covering(t, "b.z"), z.covering(t, "*.z")), secure, 0},
		{"below a name", NXDomain, "e.d.a.z", "CAA", sets(match("a.z", "A RRSIG"), z.covering(t, "d.a.z"), z.covering(t, "*.a.z")), secure, 0},
		{"RFC 5155 9.2: by opt-out", NXDomain, "b.z", "CAA", sets(apex, optOut.covering(t, "b.z"), z.covering(t, "*.z")), insecure(OptOut), 0},
		{"no closest encloser", NXDomain, "b.z", "CAA", sets(z.covering(t, "b.z"), z.covering(t, "*.z")), wrong, 0},
		{"next closer name not covered", NXDomain, "x.b.z", "CAA", sets(apex, z.covering(t, "x.b.z"), z.covering(t, "*.z")), wrong, 0},
		{"wildcard not covered", NXDomain, "b.z", "CAA", sets(apex, z.covering(t, "b.z")), wrong, 0},
		{"wildcard of another encloser", NXDomain, "x.b.z", "CAA", sets(apex, z.covering(t, "b.z"), z.covering(t, "*.b.z")), wrong, 0},
		{"wildcard exists", NXDomain, "b.z", "CAA", sets(apex, z.covering(t, "b.z"), match("*.z", "A RRSIG")), wrong, 0},
		{"RFC 5155 8.3: encloser is a cut", NXDomain, "x.a.z", "CAA", sets(match("a.z", "NS"), z.covering(t, "x.a.z"), z.covering(t, "*.a.z")), wrong, 0},
		{"RFC 5155 8.3: encloser has a DNAME", NXDomain, "x.a.z", "CAA", sets(match("a.z", "DNAME RRSIG"), z.covering(t, "x.a.z"), z.covering(t, "*.a.z")), wrong, 0},
		{"RFC 5155 8.2: another salt", NXDomain, "b.z", "CAA", sets(apex, chained{zone: "z", salt: "ab13", iterations: 5}.covering(t, "b.z"), z.covering(t, "*.z")), wrong, 0},
		{"RFC 5155 8.2: other iterations", NXDomain, "b.z", "CAA", sets(apex, chained{zone: "z", salt: "ab12", iterations: 4}.covering(t, "b.z"), z.covering(t, "*.z")), wrong, 0},
		{"RFC 5155 8.1: another hash algorithm", NXDomain, "b.z", "CAA", sets(apex, rawHash(2, 0), z.covering(t, "*.z")), wrong, 0},
		{"RFC 5155 8.2: unknown flags", NXDomain, "b.z", "CAA", sets(apex, rawHash(1, 2), z.covering(t, "*.z")), wrong, 0},
		{"the zone itself", NXDomain, "z", "CAA", sets(apex), wrong, 0},

		{"RFC 5155 8.9: a cut without DS", NoSecureCut, "a.z", "DS", sets(match("a.z", "NS")), insecure(NoDS), Unsigned},
		{"with DS", NoSecureCut, "a.z", "DS", sets(match("a.z", "NS DS RRSIG")), wrong, 0},
		{"RFC 5155 8.9: by opt-out", NoSecureCut, "b.z", "DS", sets(apex, optOut.covering(t, "b.z")), insecure(OptOut), Unsigned},
		{"RFC 5155 8.9: by opt-out, below", NoSecureCut, "x.b.z", "DS", sets(apex, optOut.covering(t, "b.z")), insecure(OptOut), Unsigned},
		{"RFC 5155 8.9: opt-out elsewhere", NoSecureCut, "b.z", "DS", sets(apex, optOut.covering(t, "c.z")), wrong, 0},
		{"RFC 6840 4.4: no cut", NoSecureCut, "a.z", "DS", sets(match("a.z", "A RRSIG")), secure, NoCut},
		{"empty non-terminal", NoSecureCut, "a.z", "DS", sets(match("a.z", "")), secure, NoCut},
		{"no such name", NoSecureCut, "b.z", "DS", sets(apex, z.covering(t, "b.z"), z.covering(t, "*.z")), secure, NoName},
		{"made from a wildcard", NoSecureCut, "b.z", "DS", sets(apex, z.covering(t, "b.z"), match("*.z", "A RRSIG")), secure, NoCut},

		{"RFC 9276 3.2: too many iterations", NoData, "a.z", "CAA", sets(many.nsec3(t, "a.z", "", "A RRSIG")), insecure(Iterations), 0},
		{"RFC 9276 3.2: no matter what they say", NXDomain, "a.z", "CAA", sets(many.nsec3(t, "a.z", "", "A RRSIG")), insecure(Iterations), 0},
		{"RFC 9276 3.2: a cut", NoSecureCut, "a.z", "DS", sets(many.nsec3(t, "a.z", "", "NS")), insecure(Iterations), Unsigned},
		{"RFC 9276 3.2: not if others prove it", NoData, "a.z", "CAA", sets(many.nsec3(t, "z", "", "A RRSIG"), match("a.z", "A RRSIG")), secure, 0},
	})
}

func TestMalformedDenials(t *testing.T) {
	key := newSigner(t, "z", dns.ED25519, 256)
	z := chained{zone: "z"}
	good := z.nsec3(t, "a.z", "", "A RRSIG")
	at := func(owner string) RRset { return expanded(good, owner) }
	short := expanded(good, good.Owner.String())
	short.Data[0].Data = slices.Clone(short.Data[0].Data)
	short.Data[0].Data = slices.Delete(short.Data[0].Data, 6, 7) // an octet of the next hash
	short.Data[0].Data[5] = 19
	two := good
	two.Data = append(slices.Clone(good.Data), z.nsec3(t, "b.z", "", "A RRSIG").Data...)
	two.Data[1].Owner = two.Owner
	twice := good
	twice.Data = slices.Concat(good.Data, good.Data)
	hash := z.hash("a.z")

	for what, set := range map[string]RRset{
		"next hash of 19 octets": short, "two records": two, "no records": {Owner: good.Owner, Type: good.Type},
		"owner two labels below": at(hash + ".x.z"), "owner at the apex": at("z"), "owner in another zone": at(hash + ".y"),
		"owner that is no hash": at(strings.Repeat("z", 32) + ".z"), "owner of 31 letters": at(hash[1:] + ".z"), "owner of 33": at("0" + hash + ".z"),
	} {
		if _, _, ok := readNSEC3(&set, name("z")); ok {
			t.Errorf("NSEC3, %s: taken", what)
		}
	}
	if _, _, ok := readNSEC3(&twice, name("z")); !ok {
		t.Error("NSEC3 that came twice: not taken")
	}
	outside := nsec(t, "a.y b.y A")
	if _, ok := readNSEC(&outside, name("z")); ok {
		t.Error("NSEC of another zone: taken")
	}

	// What is no denial is passed over; what cannot be read proves nothing.
	soa := key.sign(t, "z. 300 IN SOA a. b. 1 2 3 4 5")
	j := job(t, key, NoData, "a.z", "CAA", append(key.signed(t, nil, good), soa)...)
	if j.Do(); j.Verdict != secure || len(j.Proven) != 1 {
		t.Errorf("with SOA: %v, %d proven", j.Verdict, len(j.Proven))
	}
	j = job(t, key, NoData, "a.z", "CAA", soa)
	if j.Do(); j.Verdict != failure(DenialMissing) {
		t.Errorf("SOA alone: %v", j.Verdict)
	}
}

// An RRset made from a wildcard needs the proof that the wildcard stands for its owner.
func TestWildcardAnswers(t *testing.T) {
	key := newSigner(t, "z", dns.ED25519, 256)
	wild := key.sign(t, "*.z. 300 IN CAA 0 issue x")
	deep := key.sign(t, "*.a.z. 300 IN CAA 0 issue x")
	alias := key.sign(t, "*.z. 300 IN CNAME a.z.")
	z, optOut := chained{zone: "z"}, chained{zone: "z", flags: 1}
	sets := func(s ...RRset) []RRset { return s }
	for _, test := range []struct {
		rule   string
		answer []RRset
		denial []RRset
		want   Verdict
	}{
		{"RFC 4035 5.3.4", sets(expanded(wild, "b.z")), sets(nsec(t, "a.z c.z A")), secure},
		{"RFC 4035 5.3.4: two labels", sets(expanded(wild, "x.b.z")), sets(nsec(t, "a.z c.z A")), secure},
		{"without the proof", sets(expanded(wild, "b.z")), nil, failure(DenialMissing)},
		{"the name exists", sets(expanded(wild, "a.z")), sets(nsec(t, "a.z c.z A")), failure(DenialWrong)},
		{"the name is an empty non-terminal", sets(expanded(wild, "b.z")), sets(nsec(t, "a.z x.b.z A")), failure(DenialWrong)},
		{"a closer name exists, above", sets(expanded(wild, "x.b.z")), sets(nsec(t, "b.z c.z A")), failure(DenialWrong)},
		{"a closer name exists, beside", sets(expanded(wild, "x.b.z")), sets(nsec(t, "a.z y.b.z A")), failure(DenialWrong)},
		{"RFC 6840 4.1: below a cut", sets(expanded(wild, "x.b.z")), sets(nsec(t, "b.z c.z NS")), failure(DenialWrong)},
		{"RFC 5155 8.8", sets(expanded(wild, "b.z")), sets(z.covering(t, "b.z")), secure},
		{"RFC 5155 8.8: next closer name", sets(expanded(deep, "y.x.a.z")), sets(z.covering(t, "x.a.z")), secure},
		{"RFC 5155 8.8: not the name itself", sets(expanded(deep, "y.x.a.z")), sets(z.covering(t, "y.x.a.z")), failure(DenialWrong)},
		{"RFC 5155 9.2: by opt-out", sets(expanded(wild, "b.z")), sets(optOut.covering(t, "b.z")), insecure(OptOut)},
		{"RFC 9276 3.2", sets(expanded(wild, "b.z")), sets(chained{zone: "z", iterations: 200}.covering(t, "b.z")), insecure(Iterations)},
		{"a chain: each link its own proof", sets(expanded(alias, "b.z"), expanded(deep, "x.a.z")), sets(nsec(t, "a.z c.z A")), secure},
		{"a chain: one proof missing", sets(expanded(alias, "b.z"), expanded(deep, "x.a.z")), sets(nsec(t, "a.z x.a.z A"), nsec(t, "x.a.z c.z A")), failure(DenialWrong)},
		{"a chain: bogus after insecure", sets(expanded(wild, "b.z"), expanded(wild, "c.z")), sets(optOut.covering(t, "b.z")), failure(DenialWrong)},
		{"the wildcard itself", sets(wild), nil, secure},
	} {
		j := job(t, key, Records, "", "", key.signed(t, nil, test.denial...)...)
		j.Answer = test.answer
		if j.Do(); j.Verdict != test.want || j.Cut != CutUnknown {
			t.Errorf("%s: %v by %v", test.rule, j.Verdict.Security, j.Verdict.Reason)
		}
	}

	// CVE-2017-15105: an NSEC record is about its owner, also where a wildcard has one.
	star := key.signed(t, nil, nsec(t, "*.z a.z A RRSIG NSEC"))[0]
	j := job(t, key, NoData, "b.z", "CAA", expanded(star, "b.z"))
	if j.Do(); j.Verdict != failure(DenialUnsigned) || len(j.Proven) != 0 {
		t.Errorf("an NSEC made from a wildcard: %v", j.Verdict)
	}
	// As an answer to a question for NSEC it is right.
	j = job(t, key, Records, "", "", key.signed(t, nil, nsec(t, "a.z c.z A"))...)
	j.Answer = []RRset{expanded(star, "b.z")}
	if j.Do(); j.Verdict != secure {
		t.Errorf("an NSEC made from a wildcard, asked for: %v", j.Verdict)
	}
}

func TestJobResults(t *testing.T) {
	key := newSigner(t, "z", dns.ED25519, 256)
	for1 := func(s *dns.RRSIG) { s.Expiration = now + 100 }
	ds := key.signAs(t, for1, "a.z. 300 IN DS 1 13 2 "+strings.Repeat("00", 32))
	caa := key.sign(t, "a.z. 300 IN CAA 0 issue x")
	late := key.signed(t, for1, nsec(t, "a.z c.z A"))
	good := key.signed(t, nil, nsec(t, "z a.z NS SOA"))

	j := job(t, key, Records, "a.z", "DS", late...)
	j.Answer = []RRset{ds, caa}
	if j.Do(); j.Verdict != secure || j.Cut != Signed || j.Until != now+100 || len(j.Proven) != 0 || j.Budget.Checks != plenty-2 {
		t.Errorf("DS: %+v", j)
	}

	j = job(t, key, NXDomain, "b.z", "CAA", append(late, good...)...)
	if j.Do(); j.Verdict != secure || j.Until != now+100 || len(j.Proven) != 2 || j.Cut != CutUnknown {
		t.Errorf("NXDOMAIN: %+v", j)
	}
	j.Zone = name("y") // Do begins anew
	if j.Do(); j.Verdict != failure(DenialUnsigned) || j.Until != 0 || j.Proven != nil {
		t.Errorf("again: %+v", j)
	}

	// An answer that is not right makes the rest not worth looking at.
	j = job(t, key, NXDomain, "b.z", "CAA", append(late, good...)...)
	j.Answer = []RRset{{Owner: caa.Owner, Type: caa.Type, Data: caa.Data}, ds}
	if j.Do(); j.Verdict != failure(NoSignature) || j.Proven != nil || j.Cut != CutUnknown || j.Budget.Checks != plenty {
		t.Errorf("unsigned: %+v", j)
	}

	// Records proven before are not checked again.
	j = job(t, key, NXDomain, "b.z", "CAA", append(late, good...)...)
	j.Known, j.KnownUntil = []RRset{{Owner: late[0].Owner, Type: late[0].Type, Data: late[0].Data}}, now+50
	if j.Do(); j.Verdict != secure || j.Until != now+50 || len(j.Proven) != 2 || j.Budget.Checks != plenty-1 {
		t.Errorf("known: %+v", j)
	}
	j.Known[0].Type = 50
	if j.Do(); j.Verdict != secure || j.Until != now+100 || j.Budget.Checks != plenty-3 {
		t.Errorf("another type known: %+v", j)
	}
	j.Known[0].Type, j.Known[0].Owner = 47, name("b.z")
	if j.Do(); j.Verdict != secure || j.Until != now+100 || j.Budget.Checks != plenty-5 {
		t.Errorf("another owner known: %+v", j)
	}

	// The worst counts: here an alias from a wildcard in an opt-out span, then a proof that is secure.
	z, optOut := chained{zone: "z"}, chained{zone: "z", flags: 1}
	j = job(t, key, NoData, "a.z", "CAA", key.signed(t, nil, optOut.covering(t, "b.z"), z.nsec3(t, "a.z", "", "A"))...)
	j.Answer = []RRset{expanded(key.sign(t, "*.z. 300 IN CNAME a.z."), "b.z")}
	if j.Do(); j.Verdict != insecure(OptOut) {
		t.Errorf("insecure, then secure: %v", j.Verdict)
	}

	// Half a proof is none, nor does it say until when.
	j = job(t, key, NXDomain, "b.z", "CAA", late...)
	if j.Do(); j.Verdict != failure(DenialWrong) || j.Until != 0 || len(j.Proven) != 1 {
		t.Errorf("half: %+v", j)
	}
	j = job(t, key, Records, "a.z", "CAA")
	if j.Do(); j.Verdict != failure(DenialMissing) {
		t.Errorf("nothing: %+v", j)
	}
}

func TestDenialReasons(t *testing.T) {
	key, other := newSigner(t, "z", dns.ED25519, 256), newSigner(t, "z", dns.ED25519, 256)
	record1, record2 := nsec(t, "a.z c.z A"), nsec(t, "z a.z NS SOA")
	times := func(inception, expiration uint32) func(*dns.RRSIG) {
		return func(s *dns.RRSIG) { s.Inception, s.Expiration = inception, expiration }
	}
	good := key.signed(t, nil, record1)[0]
	junk := key.signed(t, nil, nsec(t, "x.z y.z A"))
	chain := chained{zone: "z", iterations: 3}
	deep := strings.Repeat("a.", 50) + "z"
	for _, test := range []struct {
		rule   string
		name   string
		denial []RRset
		budget Budget
		want   Verdict
	}{
		{"none", "b.z", nil, Budget{plenty, plenty}, failure(DenialMissing)},
		{"not enough", "b.z", []RRset{good}, Budget{plenty, plenty}, failure(DenialWrong)},
		{"unsigned", "b.z", []RRset{good, record2}, Budget{plenty, plenty}, failure(DenialUnsigned)},
		{"by another key", "b.z", []RRset{good, other.signed(t, nil, record2)[0]}, Budget{plenty, plenty}, failure(DenialUnsigned)},
		{"expired", "b.z", []RRset{good, key.signed(t, times(now-9, now-1), record2)[0]}, Budget{plenty, plenty}, failure(Expired)},
		{"not yet valid", "b.z", []RRset{good, key.signed(t, times(now+1, expires), record2)[0]}, Budget{plenty, plenty}, failure(NotYetValid)},
		{"expired and unsigned", "b.z", []RRset{key.signed(t, times(now-9, now-1), record1)[0], record2}, Budget{plenty, plenty}, failure(Expired)},
		{"bad ones beside good ones", "b.z", append([]RRset{record1}, key.signed(t, nil, record1, record2)...), Budget{plenty, plenty}, secure},
		{"no signature may be checked any more", "b.z", key.signed(t, nil, record1, record2), Budget{1, plenty}, failure(WorkLimit)},
		{"CVE-2023-50868: no hash may be computed any more", "b.z", key.signed(t, nil, chain.nsec3(t, "z", "", "SOA")), Budget{plenty, 1}, failure(WorkLimit)},
		{"CVE-2023-50868: many labels", deep, key.signed(t, nil, chain.nsec3(t, "z", "", "SOA")), Budget{plenty, 20}, failure(WorkLimit)},
		{"just enough hashes", "b.z", key.signed(t, nil, chain.nsec3(t, "z", "", "NS SOA"), chain.covering(t, "b.z"), chain.covering(t, "*.z")), Budget{3, 3}, secure},
		{"too many records", "b.z", append(slices.Repeat(junk, maxDenial-1), key.signed(t, nil, record1, record2)...), Budget{plenty, plenty}, failure(WorkLimit)},
		{"as many as are looked at", "b.z", append(slices.Repeat(junk, maxDenial-2), key.signed(t, nil, record1, record2)...), Budget{plenty, plenty}, secure},
	} {
		j := job(t, key, NXDomain, test.name, "CAA", test.denial...)
		before := test.budget
		j.Budget = before
		j.Do()
		if j.Verdict != test.want {
			t.Errorf("%s: %v by %v", test.rule, j.Verdict.Security, j.Verdict.Reason)
		}
		if j.Budget.Checks < 0 || j.Budget.Hashes < 0 || before.Checks-j.Budget.Checks > len(test.denial) {
			t.Errorf("%s: budget left %v of %v", test.rule, j.Budget, before)
		}
	}
}

func TestPolicyIterations(t *testing.T) {
	key := newSigner(t, "z", dns.ED25519, 256)
	for _, test := range []struct {
		most, has uint16
		want      Verdict
	}{
		{0, 150, secure}, {0, 151, insecure(Iterations)}, {50, 50, secure}, {50, 51, insecure(Iterations)}, {500, 500, secure},
	} {
		set := chained{zone: "z", iterations: test.has}.nsec3(t, "a.z", "", "A RRSIG")
		j := job(t, key, NoData, "a.z", "CAA", key.signed(t, nil, set)...)
		j.Policy.MaxIterations = test.most
		if j.Do(); j.Verdict != test.want {
			t.Errorf("%d of at most %d: %v", test.has, test.most, j.Verdict)
		}
		// RFC 9276 3.2: not before the signature was checked.
		j = job(t, key, NoData, "a.z", "CAA", set)
		if j.Do(); j.Verdict != failure(DenialUnsigned) {
			t.Errorf("%d, unsigned: %v", test.has, j.Verdict)
		}
	}
}

func TestWorse(t *testing.T) {
	order := []Verdict{secure, insecure(NoDS), {record.Indeterminate, WorkLimit}, failure(Expired)}
	for i, a := range order {
		for k, b := range order {
			if got := worse(a, b); got != order[max(i, k)] {
				t.Errorf("%v and %v: %v", a, b, got)
			}
		}
	}
}

func TestReasonWords(t *testing.T) {
	seen := map[string]Reason{}
	for r := range Reason(Reasons) {
		word := r.String()
		if other, twice := seen[word]; twice || word == "" && r != None || strings.ToLower(word) != word {
			t.Errorf("reason %d: %q, as %d", r, word, other)
		}
		seen[word] = r
	}
}
