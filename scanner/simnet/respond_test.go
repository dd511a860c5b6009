package simnet

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/caascan/caascan/scanner/wire"
)

// queriesFor returns queries as a scan sends them, each with the server it is for.
func queriesFor(w *World, n int) (queries [][]byte, servers []*nameServer) {
	return queriesWith(w, n, false)
}

// queriesWith is queriesFor with or without DO, and with it a question for the keys of each zone.
func queriesWith(w *World, n int, do bool) (queries [][]byte, servers []*nameServer) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range n {
		i := rng.IntN(w.Len())
		sc, d := w.scenarioOf(i), w.domain(w.hostIndex(i))
		if sc.noAddress || sc.unknownTLD {
			continue
		}
		name := w.Name(i)
		if sc.sibling {
			sc = w.scenarioOf(i - 1)
		}
		z := w.zoneOf(w.hostIndex(i), &d, sc, 0)
		leaf, _ := w.serverAt(z.ns[0].hosts[rng.IntN(len(z.ns[0].hosts))].addr)
		tld, _ := w.serverAt(d.tld.op.groups[0].hosts[0].addr)
		types := []wire.Type{wire.TypeCAA, wire.TypeCAA, wire.TypeMX}
		if do {
			types = append(types, wire.TypeDNSKEY)
		}
		for k, typ := range types {
			at := name
			if typ == wire.TypeDNSKEY {
				at = dropLabels(name, len(sc.labels))
			}
			q := wire.AppendQuery(nil, uint16(rng.Uint32()), wire.MustName(at), typ, wire.Query{EDNS: true, UDPSize: 1232, DO: do})
			wire.MixCase(q, rng.Uint64())
			queries = append(queries, q)
			if k == 0 {
				servers = append(servers, &w.servers[tld])
			} else {
				servers = append(servers, &w.servers[leaf])
			}
		}
	}
	return queries, servers
}

// BenchmarkRespond answers the mixture that a scan asks: one referral, CAA and MX for each name.
func BenchmarkRespond(b *testing.B) {
	for _, cfg := range []struct {
		name string
		cfg  Config
	}{
		{"full", Config{Seed: 1, Names: 1_000_000}},
		{"plain", Config{Seed: 1, Names: 10_000_000, Plain: true, CAAShare: 0.1}},
	} {
		b.Run(cfg.name, func(b *testing.B) {
			w := testWorld(b, cfg.cfg)
			queries, servers := queriesFor(w, 4096)
			benchmarkAnswers(b, w, queries, servers)
		})
	}
}

// BenchmarkSigned answers the same questions with DO, and those for keys. Keys and signatures of zones of the list are
// made anew, as for a scan, and those of the TLDs come from their cache, but for DS.
func BenchmarkSigned(b *testing.B) {
	for _, cfg := range []struct {
		name string
		cfg  Config
	}{
		{"full", Config{Seed: 1, Names: 1_000_000}},
		{"plain", Config{Seed: 1, Names: 1_000_000, Plain: true, CAAShare: 0.1, SignedOptOut: 0.1, SignedFull: 0.6}},
	} {
		b.Run(cfg.name, func(b *testing.B) {
			w := testWorld(b, cfg.cfg)
			queries, servers := queriesWith(w, 1<<15, true)
			benchmarkAnswers(b, w, queries, servers)
		})
	}
}

// benchmarkAnswers asks servers, each for the query at its place, over and over.
func benchmarkAnswers(b *testing.B, w *World, queries [][]byte, servers []*nameServer) {
	r := &responder{w: w}
	buf := make([]byte, 0, 0xffff)
	b.ReportAllocs()
	b.ResetTimer()
	octets := 0
	for i := 0; b.Loop(); i++ {
		at := i % len(queries)
		msg, _ := r.respond(servers[at], queries[at], false, false, buf)
		octets += len(msg)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/s")
	b.ReportMetric(float64(octets)/float64(b.N), "octets/answer")
}

// BenchmarkNew makes signed worlds: what the registries cost in time and memory.
func BenchmarkNew(b *testing.B) {
	for _, cfg := range []Config{
		{Seed: 1, Names: 25_000},
		{Seed: 1, Names: 100_000},
		{Seed: 1, Names: 1_000_000},
		{Seed: 1, Names: 1_000_000, Plain: true},
		{Seed: 1, Names: 1_000_000, Plain: true, SignedOptOut: 0.1, SignedFull: 0.6},
	} {
		b.Run(fmt.Sprintf("%d-plain-%v-signed-%v", cfg.Names, cfg.Plain, !cfg.Plain || cfg.SignedFull > 0), func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var w *World
			for b.Loop() {
				w = testWorld(b, cfg)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/(1<<20), "MiB")
			runtime.KeepAlive(w)
		})
	}
}
