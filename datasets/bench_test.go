package datasets

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/caascan/caascan/scanner/record"
)

// benchmarkReader reads an endless list of lines; one op is one name.
func benchmarkReader(b *testing.B, cfg Config, line func(i int) string) {
	var list strings.Builder
	for i := range 100_000 {
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
