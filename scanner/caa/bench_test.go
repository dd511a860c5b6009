package caa

import (
	"strings"
	"testing"
)

var (
	usualOne   = zone("issue letsencrypt.org")
	usualThree = zone("issue letsencrypt.org", "issuewild ;", "iodef mailto:security@example.com")
)

func BenchmarkParseRData(b *testing.B) {
	data := usualOne[0].AppendRData(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseRData(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseIssuance(b *testing.B) {
	for _, bench := range []struct{ name, value string }{
		{"name", "letsencrypt.org"},
		{"params", "letsencrypt.org; accounturi=https://acme.example/acct/1; validationmethods=dns-01"},
		{"64k-hyphens", "a" + strings.Repeat("-", 65_000) + "."},
		{"64k-labels", strings.Repeat("a.", 32_500)},
		{"64k-params", ";" + strings.Repeat("a=;", 21_600)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.value)))
			b.ReportAllocs()
			for b.Loop() {
				ParseIssuance(bench.value)
			}
		})
	}
}

func BenchmarkJudge(b *testing.B) {
	for _, bench := range []struct {
		name string
		set  []Property
	}{
		{"one", usualOne}, {"three", usualThree}, {"1001", largeSet(1001)}, {"10010", largeSet(10010)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Judge(bench.set)
			}
		})
	}
}

func BenchmarkHash(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Hash(usualThree)
	}
}

// stored is evidence as scans have it: how often each sort comes is that of a list of popular names.
func stored() (evidence []*Evidence) {
	nothing := seen(with(NoData, Insecure, 1))
	one, three := seen(with(NoData, Secure, 1), found("issue ca.example")), seen(found("issue other.example", "issue ca.example", "iodef mailto:a@example"))
	ten := make([]string, 0, 12)
	for range 5 {
		ten = append(ten, "issue other.example", "issuewild other.example; cansignhttpexchanges=yes")
	}
	many := seen(found(append(ten, "issue ca.example; validationmethods=dns-01", "issuewild ;")...))
	failed := seen(with(ServFail, Insecure, 3, 22, 23))
	for range 12 {
		evidence = append(evidence, nothing)
	}
	return append(evidence, one, one, three, many, failed)
}

// BenchmarkDecide tells the decisions a second of one core.
func BenchmarkDecide(b *testing.B) {
	evidence := stored()
	for _, bench := range []struct {
		profile string
		kind    Kind
	}{{"tls-2026-06", TLS}, {"tls-2027-03", TLSWildcard}, {"smime-2026-03", SMIME}, {"le-boulder", TLS}} {
		b.Run(bench.profile+"/"+bench.kind.String(), func(b *testing.B) {
			p, req := profile(b, bench.profile, bench.kind), ours(bench.kind)
			req.AccountURIs, req.Methods = []string{"https://ca.example/acct/1"}, []string{"dns-01"}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				decided = Decide(evidence[i], req, p)
				if i++; i == len(evidence) {
					i = 0
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
	for _, bench := range []struct {
		name string
		ev   *Evidence
	}{{"no-caa", evidence[0]}, {"set", evidence[12]}, {"set-of-12", evidence[15]}, {"failure", evidence[16]}} {
		b.Run(bench.name, func(b *testing.B) {
			p, req := profile(b, "tls-2026-06", TLS), ours(TLS)
			b.ReportAllocs()
			for b.Loop() {
				decided = Decide(bench.ev, req, p)
			}
		})
	}
}

func BenchmarkReadProfiles(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadProfiles("profiles.yaml", builtIn, nil); err != nil {
			b.Fatal(err)
		}
	}
}

var decided Decision
