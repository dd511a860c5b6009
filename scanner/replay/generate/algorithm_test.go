package generate

import (
	"fmt"

	"github.com/miekg/dns"
)

// algorithms make a world in which example.com alone has the algorithm.
func algorithmScenarios() (list []scenario) {
	for _, a := range []struct {
		number   uint8
		name, by string
	}{
		{rsaSHA1, "rsasha1", "RFC 3110, RFC 9905 2"}, {rsaNSEC3SHA1, "rsasha1-nsec3", "RFC 5155 2, RFC 9905 2"},
		{rsaSHA256, "rsasha256", "RFC 5702 3.1"}, {rsaSHA512, "rsasha512", "RFC 5702 3.2"},
		{p256, "ecdsap256sha256", "RFC 6605 4"}, {p384, "ecdsap384sha384", "RFC 6605 4"},
		{ed25519Alg, "ed25519", "RFC 8080 4"}, {ed448Alg, "ed448", "RFC 8080 4"},
	} {
		list = append(list,
			scenario{a.name, fmt.Sprintf("Signatures of algorithm %d are checked", a.number), a.by, func(w *world) {
				z := w.signed(wwwCAA).secure(a.number)
				if a.number == rsaNSEC3SHA1 {
					z.hashed(1, "ab", false)
				}
				w.ask(www).found(issue).isSecure()
				w.ask("gone.example.com. CAA").nxdomain("").isSecure()
			}},
			scenario{a.name + "-broken", fmt.Sprintf("A broken signature of algorithm %d is bogus", a.number), a.by, func(w *world) {
				w.signed(wwwCAA).secure(a.number).signs("www.example.com. CAA", signature{broken: true})
				w.ask(www).isBogus("bad-signature", "example.com.")
			}})
	}
	return list
}

var algorithm = append(algorithmScenarios(),
	scenario{"rsasha1-refused", "If policy refuses SHA-1, a zone with algorithm 5 alone is insecure, even if broken", "RFC 9905 2, spec rule R6.6", func(w *world) {
		w.config = []string{"; caascan: no-sha1"}
		w.signed(wwwCAA).secure(rsaSHA1).signs("www.example.com. CAA", signature{broken: true})
		w.ask(www).found(issue).isInsecure("unsupported-algorithm", "example.com.")
	}},
	scenario{"rsasha1-nsec3-refused", "If policy refuses SHA-1, a zone with algorithm 7 alone is insecure", "RFC 9905 2, spec rule R6.6", func(w *world) {
		w.config = []string{"; caascan: no-sha1"}
		w.signed(wwwCAA).secure(rsaNSEC3SHA1).hashed(1, "", false)
		w.ask(www).found(issue).isInsecure("unsupported-algorithm", "example.com.")
	}},
	scenario{"rsasha1-refused-beside", "If policy refuses SHA-1, the zone's other algorithm counts", "RFC 9905 2, RFC 6840 5.11", func(w *world) {
		w.config = []string{"; caascan: no-sha1"}
		w.twoAlgorithms(rsaSHA1, p256)
		w.ask(www).found(issue).isSecure()
	}},
	scenario{"unknown", "A zone whose only algorithm nobody knows is insecure", "RFC 4035 5.2", func(w *world) {
		w.signed(wwwCAA).secure(unknownAlg)
		w.ask(www).found(issue).isInsecure("unsupported-algorithm", "example.com.")
	}},
	scenario{"gost", "A zone with GOST alone is insecure", "RFC 9906 2, RFC 4035 5.2", func(w *world) {
		w.signed(wwwCAA).secure(12)
		w.ask(www).found(issue).isInsecure("unsupported-algorithm", "example.com.")
	}},
	scenario{"rsamd5", "A zone with RSA/MD5 alone is insecure", "RFC 6725 2, RFC 4035 5.2", func(w *world) {
		w.signed(wwwCAA).secure(1)
		w.ask(www).found(issue).isInsecure("unsupported-algorithm", "example.com.")
	}},
	scenario{"private", "A zone with a private algorithm alone is insecure", "RFC 4034 A.1.1, RFC 4035 5.2", func(w *world) {
		w.signed(wwwCAA).secure(253)
		w.ask(www).found(issue).isInsecure("unsupported-algorithm", "example.com.")
	}},
	scenario{"unknown-root", "A trust anchor whose algorithm nobody knows makes everything insecure", "RFC 4035 5.2", func(w *world) {
		w.signed(wwwCAA)
		w.of(".").secure(unknownAlg)
		w.ask(www).found(issue).isInsecure("unsupported-algorithm", ".")
	}},
	scenario{"two", "A zone with two algorithms", "RFC 4035 2.2, RFC 6840 5.11", func(w *world) {
		w.twoAlgorithms(rsaSHA256, ed25519Alg)
		w.ask(www).found(issue).isSecure()
	}},
	scenario{"two-one-signs", "Of two algorithms in the DS set one signature is enough", "RFC 6840 5.11", func(w *world) {
		z := w.twoAlgorithms(rsaSHA256, p256)
		z.zsk = z.zsk[1:]
		w.ask(www).found(issue).isSecure()
	}},
	scenario{"two-one-broken", "Of signatures of two algorithms one may be broken", "RFC 6840 5.11", func(w *world) {
		w.twoAlgorithms(p256, ed25519Alg)
		w.all(www, func(m *dns.Msg) {
			for _, rr := range m.Answer {
				if sig, ok := rr.(*dns.RRSIG); ok && sig.Algorithm == p256 {
					sig.Signature = toBase64(make([]byte, 64))
				}
			}
		})
		w.ask(www).found(issue).isSecure()
	}},
	scenario{"two-unknown-signs", "Where only an unknown algorithm signs what a known one should, the answer is bogus", "RFC 6840 5.11, RFC 4035 5.3.1", func(w *world) {
		z := w.twoAlgorithms(p256, unknownAlg)
		z.zsk = z.zsk[1:]
		w.ask(www).isBogus("no-matching-key", "example.com.")
	}},
	scenario{"unknown-beside", "An unknown algorithm beside a known one changes nothing", "RFC 4035 5.2, RFC 6840 5.11", func(w *world) {
		w.twoAlgorithms(unknownAlg, p384)
		w.ask(www).found(issue).isSecure()
	}},
	scenario{"ksk-and-zsk-differ", "Keys of different algorithms: the DS names that of one", "RFC 4035 5.3.1", func(w *world) {
		z := w.signed(wwwCAA)
		zsk := newKey("example.com.", zskFlags, ed25519Alg, 0)
		z.keys, z.zsk = []*key{z.ksk[0], zsk}, []*key{zsk}
		w.ask(www).found(issue).isSecure()
	}},
	scenario{"key-too-short", "A key that is no key of its algorithm signs nothing", "RFC 6605 4", func(w *world) {
		z := w.signed(wwwCAA)
		zsk := newKey("example.com.", zskFlags, p256, 0)
		zsk.PublicKey = toBase64(make([]byte, 31))
		z.keys, z.zsk = []*key{z.ksk[0], zsk}, []*key{zsk}
		w.ask(www).isBogus("no-matching-key", "example.com.")
	}},
	scenario{"signature-too-short", "A signature cut short is broken", "RFC 6605 4", func(w *world) {
		w.signed(wwwCAA)
		w.all(www, func(m *dns.Msg) { m.Answer[1].(*dns.RRSIG).Signature = toBase64(make([]byte, 63)) })
		w.ask(www).isBogus("bad-signature", "example.com.")
	}},
)

// twoAlgorithms makes example.com with keys of two algorithms, which both sign.
func (w *world) twoAlgorithms(a, b uint8) *zone {
	z := w.signed(wwwCAA)
	z.keys, z.ksk, z.zsk = nil, nil, nil
	for _, algorithm := range []uint8{a, b} {
		ksk, zsk := newKey(z.name, kskFlags, algorithm, 0), newKey(z.name, zskFlags, algorithm, 0)
		z.keys, z.ksk, z.zsk = append(z.keys, ksk, zsk), append(z.ksk, ksk), append(z.zsk, zsk)
	}
	return z
}
