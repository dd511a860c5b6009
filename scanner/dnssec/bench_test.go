package dnssec

import (
	"crypto/sha1"
	"encoding/binary"
	"slices"
	"strconv"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// Sinks keep the compiler from dropping what is measured.
var (
	sinkVerdict Verdict
	sinkSpan    *span
	sinkSets    []RRset
	sinkHash    hashed
)

// manySpans is an opt-out TLD of which as many spans are known: the whole chain.
func manySpans(b *testing.B, count int, nsec bool) (*Spans, []wire.Name) {
	b.Helper()
	s := NewSpans(name("tld"), Policy{}, 2*count)
	d := &s.known
	var keys []string
	var names []wire.Name
	for i := range count {
		n := name("name-" + strconv.Itoa(i*7919%count) + ".tld")
		names = append(names, name("other-"+strconv.Itoa(i)+".tld"))
		if nsec {
			keys = append(keys, keyOf(n, d.zone))
		} else {
			h := d.params.hash(n, false)
			keys = append(keys, string(h[:]))
		}
	}
	apexSet := chained{zone: "tld"}.nsec3(b, "tld", "", "NS SOA")
	s.Add([]RRset{apexSet}, now+60)
	apex := d.params.hash(d.zone, false)
	if nsec {
		keys = append(keys, "")
	} else {
		keys = append(keys, string(apex[:]))
	}
	slices.Sort(keys)
	nsec3, err := wire.ParseNSEC3(apexSet.Data[0].Data)
	if err != nil {
		b.Fatal(err)
	}
	for i, key := range keys {
		both := key + keys[(i+1)%len(keys)]
		x := &span{owner: both[:len(key)], next: both[len(key):], types: nsec3.Types, until: now + 60, optOut: true}
		if nsec {
			d.nsec.put(x, s.most)
		} else {
			d.nsec3.put(x, s.most)
		}
	}
	return s, names
}

func BenchmarkSpansCut(b *testing.B) {
	for _, count := range []int{1000, 100_000} {
		for kind, nsec := range map[string]bool{"nsec": true, "nsec3": false} {
			s, names := manySpans(b, count, nsec)
			b.Run(kind+"/"+strconv.Itoa(count), func(b *testing.B) {
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					_, v, ok := s.Cut(now, names[i%len(names)])
					if !ok {
						b.Fatal("not known")
					}
					sinkVerdict = v
					i++
				}
			})
		}
	}
}

func BenchmarkSpansAdd(b *testing.B) {
	z := chained{zone: "tld", flags: 1}
	s := NewSpans(name("tld"), Policy{}, 10000)
	sets := []RRset{z.nsec3(b, "tld", "", "NS SOA"), z.covering(b, "a.tld")}
	for b.Loop() {
		s.Add(sets, now+60)
	}
}

// BenchmarkFloor is the search alone.
func BenchmarkFloor(b *testing.B) {
	const count = 100_000
	key := func(i int) (h hashed) {
		return sha1.Sum(binary.BigEndian.AppendUint64(nil, uint64(i)))
	}
	var x index
	for i := range count {
		h := key(i)
		s := &span{owner: string(h[:])}
		x.put(s)
	}
	var asked [1 << 12]hashed
	for i := range asked {
		asked[i] = key(count + i)
	}
	b.Run("index", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			sinkSpan = x.floor(asked[i%len(asked)][:])
		}
	})
}

func BenchmarkHash(b *testing.B) {
	for _, iterations := range []uint16{0, 10, 150} {
		p := params{iterations: iterations, salt: []byte{1, 2, 3, 4}}
		n := name("www.example.org")
		b.Run(strconv.Itoa(int(iterations)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sinkHash = p.hash(n, false)
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, algorithm := range []uint8{8, 13, 15} {
		key := newSigner(b, "example", algorithm, 256)
		rrs := []dns.RR{rr(b, "www.example. 300 IN CAA 0 issue \"ca.example\""), rr(b, "www.example. 300 IN CAA 0 iodef \"mailto:x@example\"")}
		sig := key.sig(b, nil, rrs...)
		set := Group(records(b, append(slices.Clone(rrs), sig)...))[0]
		b.Run(dns.AlgorithmToString[algorithm]+"/Job", func(b *testing.B) {
			b.ReportAllocs()
			keys := []*Key{key.key(b)}
			for b.Loop() {
				j := Job{Zone: name("example"), Keys: keys, At: now, Budget: Budget{1, 0}, Answer: []RRset{set}}
				if j.Do(); j.Verdict != secure {
					b.Fatal(j.Verdict)
				}
			}
		})
		b.Run(dns.AlgorithmToString[algorithm]+"/miekg", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := sig.Verify(key.dnskey, rrs); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkJob(b *testing.B) {
	key := newSigner(b, "z", dns.ECDSAP256SHA256, 256)
	z := chained{zone: "z"}
	keys := []*Key{key.key(b)}
	for what, denial := range map[string][]RRset{
		"nxdomain-nsec":  key.signed(b, nil, nsec(b, "a.z c.z A"), nsec(b, "z a.z NS SOA")),
		"nxdomain-nsec3": key.signed(b, nil, z.nsec3(b, "z", "", "NS SOA"), z.covering(b, "b.z"), z.covering(b, "*.z")),
	} {
		for _, known := range []bool{false, true} {
			b.Run(what+map[bool]string{true: "-known"}[known], func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					j := Job{Zone: name("z"), Keys: keys, At: now, Budget: Budget{9, 9}, Denial: denial, Claim: NXDomain, Name: "\x01b\x01z\x00", Type: wire.TypeCAA}
					if known {
						j.Known, j.KnownUntil = denial, now+60
					}
					if j.Do(); j.Verdict != secure {
						b.Fatal(j.Verdict)
					}
				}
			})
		}
	}
}

func BenchmarkGroup(b *testing.B) {
	key := newSigner(b, "z", dns.ECDSAP256SHA256, 256)
	z := chained{zone: "z"}
	var flat []record.RR
	for _, set := range key.signed(b, nil, z.nsec3(b, "z", "", "NS SOA"), z.covering(b, "b.z"), z.covering(b, "*.z")) {
		flat = append(append(flat, set.Data...), set.Sigs...)
	}
	b.ReportAllocs()
	for b.Loop() {
		sinkSets = Group(flat)
	}
}
