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
