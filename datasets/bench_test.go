package datasets

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/caascan/caascan/scanner/record"
)

// mixedName makes names as a list of the most visited sites has them: lengths and top-level domains vary.
func mixedName(i int) string {
	const letters = "etaoinshrdlucmfwypvbgkqjxz"
	tlds := [...]string{"com", "com", "com", "com", "com", "com", "com", "org", "net", "de", "ru", "co.uk", "com.br", "io", "fr", "github.io"}
	rng := rand.New(rand.NewPCG(1, uint64(i)))
	label := make([]byte, 3+rng.IntN(9)+rng.IntN(9))
	for at := range label {
		label[at] = letters[min(rng.IntN(26), rng.IntN(26))]
	}
	name := string(label) + "." + tlds[rng.IntN(len(tlds))]
	if rng.IntN(8) == 0 {
		return "www." + name
	}
	return name
}

// benchmarkReader reads an endless list of lines; one op is one name.
func benchmarkReader(b *testing.B, cfg Config, line func(i int) string) {
	var list strings.Builder
	for i := range 1_000_000 {
		list.WriteString(line(i))
	}
	cfg.Stdin = &endless{line: list.String()}
	r, err := Open([]string{"-"}, cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	next := func() int {
		batch, err := r.Next(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		return len(batch)
	}
	next() // fills the window
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; {
		done += next()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "names/s")
}

func BenchmarkReader(b *testing.B) {
	for _, c := range []struct {
		what string
		line func(i int) string
	}{
		{"list", func(i int) string { return fmt.Sprintf("www.name-%d.co.uk\n", i) }},
		{"ranked", func(i int) string { return fmt.Sprintf("%d,name-%d.com\r\n", i+1, i) }},
		{"mixed", func(i int) string { return mixedName(i) + "\n" }},
		{"mixed-ranked", func(i int) string { return fmt.Sprintf("%d,%s\r\n", i+1, mixedName(i)) }},
		{"mail", func(i int) string { return fmt.Sprintf("somebody.%d@name-%d.com\n", i, i) }},
		{"crux", func(i int) string { return fmt.Sprintf("https://www.name-%d.com,1000\n", i) }},
		{"u-labels", func(i int) string { return fmt.Sprintf("bücher-%d.de\n", i) }},
	} {
		b.Run(c.what, func(b *testing.B) { benchmarkReader(b, Config{}, c.line) })
	}
	b.Run("list-in-order", func(b *testing.B) {
		benchmarkReader(b, Config{Window: 1}, func(i int) string { return fmt.Sprintf("www.name-%d.co.uk\n", i) })
	})
}

func BenchmarkCanonical(b *testing.B) {
	opt := &Options{Suffixes: DefaultSuffixes()}
	line := []byte("www.example.co.uk")
	var t record.Target
	b.ReportAllocs()
	for b.Loop() {
		canonical(&t, line, opt)
	}
}

func BenchmarkSplit(b *testing.B) {
	s := DefaultSuffixes()
	for b.Loop() {
		s.Split("www.example.co.uk")
	}
}
