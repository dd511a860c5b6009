package dnssec

import (
	"strconv"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// The worked examples of the RFCs.

// exampleKey signs the zone of RFC 4035 Appendix A; its key tag is 38519.
const exampleKey = "example. 3600 IN DNSKEY 256 3 5 AQOy1bZVvpPqhg4j7EJoM9rI3ZmyEx2OzDBVrZy/lvI5CQePxXHZS4i8dANH4DX3tbHol61ek8EFMcsGXxKciJFHyhl94C+NwILQdzsUlSFovBZsyl/NX6yEbtw/xN9ZNcrbYvgjjZ/UVPZIySFNsgEYvh0z2542lzMKR4Dh8uZffQ=="

// exampleSet makes an RRset with the signature that RFC 4035 Appendix B prints.
func exampleSet(t testing.TB, labels int, signature string, text ...string) RRset {
	t.Helper()
	first := rr(t, text[0])
	line := first.Header().Name + " 3600 IN RRSIG " + dns.TypeToString[first.Header().Rrtype] + " 5 " + strconv.Itoa(labels) +
		" 3600 20040509183619 20040409183619 38519 example. " + signature
	return Group(lines(t, append(text, line)...))[0]
}

// rfcExample is a reply of an Appendix B, or one that lacks a part of it, and what it is worth.
type rfcExample struct {
	section string
	answer  []RRset
	denial  []RRset
	claim   Claim
	name    string
	typ     wire.Type
	want    Verdict
	cut     Cut
}

// job judges the example in the zone "example".
func (e *rfcExample) job(key *Key, at uint32, budget Budget) *Job {
	j := &Job{Zone: name("example"), Keys: []*Key{key}, At: at, Budget: budget,
		Answer: e.answer, Denial: e.denial, Claim: e.claim, Type: e.typ}
	if e.name != "" {
		j.Name = name(e.name)
	}
	return j
}

func TestRFC4035AppendixB(t *testing.T) {
	key, ok := NewKey(lines(t, exampleKey)[0].Data)
	if !ok || key.Tag() != 38519 {
		t.Fatalf("key tag %d", key.Tag())
	}
	soa := exampleSet(t, 1, "ONx0k36rcjaxYtcNgq6iQnpNV5+drqYAsC9h7TSJaHCqbhE67Sr6aH2xDUGcqQWu/n0UVzrFvkgO9ebarZ0GWDKcuwlM6eNB5SiX2K74l5LWDA7S/Un/IbtDq4Ay8NMNLQI7Dw7n4p8/rjkBjV7j86HyQgM5e7+miRAz8V01b0I=",
		"example. 3600 IN SOA ns1.example. bugs.x.w.example. 1081539377 3600 300 3600000 3600")
	ns := exampleSet(t, 1, "gl13F00f2U0R+SWiXXLHwsMY+qStYy5k6zfdEuivWc+wd1fmbNCyql0Tk7lHTX6UOxc8AgNf4ISFve8XqF4q+o9qlnqIzmppU3LiNeKT4FZ8RO5urFOvoMRTbQxW3U0hXWuggE4g3ZpsHv480HjMeRaZB/FRPGfJPajngcq6Kwg=",
		"example. 3600 IN NS ns1.example.", "example. 3600 IN NS ns2.example.")
	mx := exampleSet(t, 3, "Il2WTZ+Bkv+OytBx4LItNW5mjB4RCwhOO8y1XzPHZmZUTVYL7LaA63f6T9ysVBzJRI3KRjAPH3U1qaYnDoN1DrWqmi9RJe4FoObkbcdm7P3Ikx70ePCoFgRz1Yq+bVVXCvGuAU4xALv3W/Y1jNSlwZ2mSWKHfxFQxPtLj8s32+k=",
		"x.w.example. 3600 IN MX 1 xx.example.")
	aaaa := exampleSet(t, 2, "Zzj0yodDxcBLnnOIwDsuKo5WqiaK24DlKg9CaGaxDFiKgKobUj2jilYQHpGFn2poFRetZd4zulyQkssz2QHrVrPuTMS22knudCiwP4LWpVTrU4zfeA+rDz9stmSBP/4PekH/x2IoAYnwctd/xS9cL2QgW7FChw16mzlkH6/vsfs=",
		"xx.example. 3600 IN AAAA 2001:db8::f00:baaa")
	apex := exampleSet(t, 1, "O0k558jHhyrC97ISHnislm4kLMW48C7U7cBmFTfhke5iVqNRVTB1STLMpgpbDIC9hcryoO0VZ9ME5xPzUEhbvGnHd5sfzgFVeGxr5Nyyq4tWSDBgIBiLQUv1ivy29vhXy7WgR62dPrZ0PWvmjfFJ5arXf4nPxp/kEowGgBRzY/U=",
		"example. 3600 IN NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY")
	b := exampleSet(t, 2, "GNuxHn844wfmUhPzGWKJCPY5ttEX/RfjDoOx9ueK1PtYkOWKOOdiJ/PJKCYB3hYX+858dDWSxb2qnV/LSTCNVBnkm6owOpysY97MVj5VQEWs0lm9tFoqjcptQkmQKYPrwUnCSNwvvclSF1xZvhRXgWT7OuFXldoCG6TfVFMs9xE=",
		"b.example. 3600 IN NSEC ns1.example. NS RRSIG NSEC")
	ns1 := exampleSet(t, 2, "I4hj+Kt6+8rCcHcUdolks2S+Wzri9h3fHas81rGN/eILdJHN7JpV6lLGPIh/8fIBkfvdyWnBjjf1q3O7JgYO1UdI7FvBNWqaaEPJK3UkddBqZIaLi8Qr2XHkjq38BeQsbp8X0+6h4ETWSGT8IZaIGBLryQWGLw6Y6X8dqhlnxJM=",
		"ns1.example. 3600 IN NSEC ns2.example. A RRSIG NSEC")
	ds := exampleSet(t, 2, "oXIKit/QtdG64J/CB+Gi8dOvnwRvqrto1AdQoRkAN15FP3iZ7suB7gvTBmXzCjL7XUgQVcoHkdhyCuzp8W9qJHgRUSwKKkczSyuL64nhgjuDEML8l9wlWVsl7PR2VnZduM9bLyBhaaPmRKX/Fm+v6ccF2EGNLRiY08kdkz+XHHo=",
		"a.example. 3600 IN DS 57855 5 1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B")
	wildMX := expanded(exampleSet(t, 2, "OMK8rAZlepfzLWW75Dxd63jy2wswESzxDKG2f9AMN1CytCd10cYISAxfAdvXSZ7xujKAtPbctvOQ2ofO7AZJ+d01EeeQTVBPq4/6KCWhqe2XTjnkVLNvvhnc0u28aoSsG0+4InvkkOHknKxw4kX18MMR34i8lC36SR5xBni8vHI=",
		"*.w.example. 3600 IN MX 1 ai.example."), "a.z.w.example")
	xyw := exampleSet(t, 4, "OvE6WUzN2ziieJcvKPWbCAyXyP6ef8cr6CspArVSTzKSquNwbezZmkU7E34o5lmb6CWSSSpgxw098kNUFnHcQf/LzY2zqRomubrNQhJTiDTXa0ArunJQCzPjOYq5t0SLjm6qp6McJI1AP5VrQoKqJDCLnoAlcPOPKAm/jJkn3jk=",
		"x.y.w.example. 3600 IN NSEC xx.example. MX RRSIG NSEC")
	star := exampleSet(t, 2, "r/mZnRC3I/VIcrelgIcteSxDhtsdlTDt8ng9HSBlABOlzLxQtfgTnn8f+aOwJIAFe1Ee5RvU5cVhQJNP5XpXMJHfyps8tVvfxSAXfahpYqtx91gsmcV/1V9/bZAG55CefP9cM4Z9Y9NT9XQ8s1InQ2UoIv6tJEaaKkP701j8OLA=",
		"*.w.example. 3600 IN NSEC x.w.example. MX RRSIG NSEC")

	const (
		may1       uint32 = 1083412800 // 2004-05-01 12:00
		expiration uint32 = 1084127779
	)
	for _, test := range []rfcExample{
		{section: "B.1 answer", answer: []RRset{mx, ns, aaaa}, want: secure},
		{section: "B.2 name error", answer: []RRset{soa}, denial: []RRset{b, apex}, claim: NXDomain, name: "ml.example", want: secure},
		{section: "B.2 without the denial of the wildcard", denial: []RRset{b}, claim: NXDomain, name: "ml.example", want: failure(DenialWrong)},
		{section: "B.3 no data", denial: []RRset{ns1}, claim: NoData, name: "ns1.example", typ: wire.TypeMX, want: secure},
		{section: "B.3 but there is", denial: []RRset{ns1}, claim: NoData, name: "ns1.example", typ: wire.TypeA, want: failure(DenialWrong)},
		{section: "B.4 referral to signed zone", answer: []RRset{ds}, name: "a.example", want: secure, cut: Signed},
		{section: "B.5 referral to unsigned zone", denial: []RRset{b}, claim: NoSecureCut, name: "b.example", want: insecure(NoDS), cut: Unsigned},
		{section: "B.6 wildcard expansion", answer: []RRset{wildMX, ns}, denial: []RRset{xyw}, want: secure},
		{section: "B.6 without the proof", answer: []RRset{wildMX, ns}, want: failure(DenialMissing)},
		{section: "B.7 wildcard no data", denial: []RRset{xyw, star}, claim: NoData, name: "a.z.w.example", typ: wire.TypeAAAA, want: secure},
		{section: "B.7 without the wildcard", denial: []RRset{xyw}, claim: NoData, name: "a.z.w.example", typ: wire.TypeAAAA, want: failure(DenialWrong)},
		{section: "B.8 DS of the zone itself (RFC 6840 4.4)", denial: []RRset{apex}, claim: NoData, name: "example", typ: wire.TypeDS, want: failure(DenialWrong)},
	} {
		j := test.job(key, may1, Budget{plenty, 0})
		j.Do()
		if j.Verdict != test.want || j.Cut != test.cut {
			t.Errorf("%s: %v by %v, cut %d", test.section, j.Verdict.Security, j.Verdict.Reason, j.Cut)
		}
		if j.Verdict.Security == record.Secure && j.Until != expiration {
			t.Errorf("%s: until %d", test.section, j.Until)
		}
		j.At = may1 + 365*day
		if j.Do(); j.Verdict != failure(Expired) && j.Verdict != failure(DenialMissing) {
			t.Errorf("%s, a year later: %v", test.section, j.Verdict.Reason)
		}
		j.At, j.Policy.NoSHA1 = may1, true
		if j.Do(); j.Verdict.Security != record.BogusData || j.Until != 0 {
			t.Errorf("%s, without SHA-1: %v", test.section, j.Verdict.Reason)
		}
	}
}

// The zone of RFC 5155 Appendix A: every NSEC3 has opt-out set, so that what the examples of Appendix B prove by a
// covering one is insecure (9.2).
func TestRFC5155AppendixB(t *testing.T) {
	example := chained{zone: "example", salt: "aabbccdd", iterations: 12, flags: 1}
	for owner, hash := range map[string]string{
		"example": "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "ns1.example": "2t7b4g4vsa5smi47k61mv5bv1a22bojr",
		"x.y.w.example": "2vptu5timamqttgl4luu9kg21e0aor3s", "a.example": "35mthgpgcu1qg68fab165klnsnk3dpvl",
		"x.w.example": "b4um86eghhds6nea196smvmlo4ors995", "y.w.example": "ji6neoaepv8b5o6k4ev33abha8ht9fgc",
		"w.example": "k8udemvp1j2f7eg6jebps17vp3n8i58h", "*.w.example": "r53bq7cc2uvmubfu5ocmm6pers9tk9en",
	} {
		p := params{mustHex(t, example.salt), example.iterations}
		want, ok := decodeHash(hash)
		if got := p.hash(name(owner), false); !ok || got != want {
			t.Errorf("hash of %s: %x", owner, got)
		}
	}
	if p := (params{mustHex(t, example.salt), 12}); p.hash(name("w.example"), true) != p.hash(name("*.w.example"), false) {
		t.Error("hash of the wildcard")
	}

	key := newSigner(t, "example", dns.ECDSAP256SHA256, 256)
	chain := key.signed(t, nil,
		example.raw(t, "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "2t7b4g4vsa5smi47k61mv5bv1a22bojr", "NS SOA MX RRSIG DNSKEY NSEC3PARAM"),
		example.raw(t, "2t7b4g4vsa5smi47k61mv5bv1a22bojr", "2vptu5timamqttgl4luu9kg21e0aor3s", "A RRSIG"),
		example.raw(t, "35mthgpgcu1qg68fab165klnsnk3dpvl", "b4um86eghhds6nea196smvmlo4ors995", "NS DS RRSIG"),
		example.raw(t, "b4um86eghhds6nea196smvmlo4ors995", "gjeqe526plbf1g8mklp59enfd789njgi", "MX RRSIG"),
		example.raw(t, "ji6neoaepv8b5o6k4ev33abha8ht9fgc", "k8udemvp1j2f7eg6jebps17vp3n8i58h", ""),
		example.raw(t, "k8udemvp1j2f7eg6jebps17vp3n8i58h", "q04jkcevqvmu85r014c7dkba38o0ji5r", ""),
		example.raw(t, "q04jkcevqvmu85r014c7dkba38o0ji5r", "r53bq7cc2uvmubfu5ocmm6pers9tk9en", "A RRSIG"),
		example.raw(t, "r53bq7cc2uvmubfu5ocmm6pers9tk9en", "t644ebqk9bibcna874givr6joj62mlhv", "MX RRSIG"))
	apex, ns1, a, xw, yw, w, ns2, star := chain[0], chain[1], chain[2], chain[3], chain[4], chain[5], chain[6], chain[7]
	wildMX := expanded(key.sign(t, "*.w.example. 3600 IN MX 1 ai.example."), "a.z.w.example")

	for _, test := range []rfcExample{
		{"B.1 name error", nil, []RRset{apex, xw, a}, NXDomain, "a.c.x.w.example", wire.TypeA, insecure(OptOut), 0},
		{"B.1 without the closest encloser", nil, []RRset{apex, a}, NXDomain, "a.c.x.w.example", wire.TypeA, failure(DenialWrong), 0},
		{"B.1 without the wildcard", nil, []RRset{apex, xw}, NXDomain, "a.c.x.w.example", wire.TypeA, failure(DenialWrong), 0},
		{"B.2 no data", nil, []RRset{ns1}, NoData, "ns1.example", wire.TypeMX, secure, 0},
		{"B.2.1 empty non-terminal", nil, []RRset{yw}, NoData, "y.w.example", wire.TypeA, secure, 0},
		{"B.3 opt-out referral", nil, []RRset{a, apex}, NoSecureCut, "c.example", wire.TypeDS, insecure(OptOut), Unsigned},
		{"B.3 as no data", nil, []RRset{a, apex}, NoData, "c.example", wire.TypeDS, insecure(OptOut), 0},
		{"B.4 wildcard expansion", []RRset{wildMX}, []RRset{ns2}, Records, "", 0, insecure(OptOut), 0},
		{"B.5 wildcard no data", nil, []RRset{w, ns2, star}, NoData, "a.z.w.example", wire.TypeAAAA, insecure(OptOut), 0},
		{"B.5 but the wildcard has it", nil, []RRset{w, ns2, star}, NoData, "a.z.w.example", wire.TypeMX, failure(DenialWrong), 0},
		{"B.6 DS of the zone itself", nil, []RRset{apex}, NoData, "example", wire.TypeDS, failure(DenialWrong), 0},
	} {
		j := test.job(key.key(t), now, Budget{plenty, plenty})
		j.Do()
		if j.Verdict != test.want || j.Cut != test.cut || len(j.Proven) != len(test.denial) {
			t.Errorf("%s: %v by %v, cut %d, %d proven", test.section, j.Verdict.Security, j.Verdict.Reason, j.Cut, len(j.Proven))
		}
	}
}
