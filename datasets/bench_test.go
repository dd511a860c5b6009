package datasets

import (
	"bufio"
	"context"
	"fmt"
	"io"
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
	b.Run("mixed-shard", func(b *testing.B) { // one op is one name of the shard, and one of the other
		benchmarkReader(b, Config{Shard: Shard{1, 2}}, func(i int) string { return mixedName(i) + "\n" })
	})
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

// writeZone writes a zone as registries publish theirs: two servers a name, every twentieth signed, glue for every fiftieth, in
// alphabetical order.
func writeZone(to io.Writer, names int) error {
	b := bufio.NewWriter(to)
	b.WriteString("kiel.\t900\tin\tsoa\tns1.nic.kiel. host.nic.kiel. 2026112201 1800 900 604800 86400\n")
	for i := range names {
		name := fmt.Sprintf("name-%08d.kiel.", i)
		for s := range 2 {
			if i%50 == 0 {
				fmt.Fprintf(b, "%s\t86400\tin\tns\tns%d.%s\n", name, s+1, name)
			} else {
				fmt.Fprintf(b, "%s\t86400\tin\tns\tns%d.hoster-%d.net.\n", name, s+1, i*7919%5000)
			}
		}
		if i%20 == 0 {
			fmt.Fprintf(b, "%s\t86400\tin\tds\t12345 13 2 e2d3c916f6deeac73294e8268fb5885044a833fc5459588f4a9184cfc41a5766\n", name)
		}
	}
	for s := range 2 {
		for i := 0; i < names; i += 50 {
			fmt.Fprintf(b, "ns%d.name-%08d.kiel.\t86400\tin\ta\t192.0.2.%d\n", s+1, i, s)
		}
	}
	return b.Flush()
}

// BenchmarkZone reads a zone file to its end; one op is one line.
func BenchmarkZone(b *testing.B) {
	var zone strings.Builder
	if err := writeZone(&zone, 300_000); err != nil {
		b.Fatal(err)
	}
	text := zone.String()
	general := strings.ReplaceAll(strings.ReplaceAll(text, "\tin\tns\t", " ( in ns ) "), "\tin\ta\t", " ( in a ) ")
	for _, c := range []struct {
		what, text string
		pipe       bool
	}{{"file", text, false}, {"pipe", text, true}, {"general", general, false}} {
		b.Run(c.what, func(b *testing.B) {
			path := writeFile(b, "zone", c.text)
			lines, octets := 0, 0
			b.ReportAllocs()
			for lines < b.N {
				cfg, path := Config{Stdin: strings.NewReader(c.text)}, path
				if c.pipe {
					path = "-"
				}
				r, err := Open([]string{path}, cfg)
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, err = r.Next(context.Background())
				}
				lines += int(r.Inputs()[0].Lines)
				octets += len(c.text)
				r.Close()
			}
			b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
			b.ReportMetric(float64(octets)/1e6/b.Elapsed().Seconds(), "MB/s")
			b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(lines), "ns/line")
		})
	}
}

// BenchmarkZoneParser is the parser alone; one op is one line.
func BenchmarkZoneParser(b *testing.B) {
	for _, c := range []struct{ what, line string }{
		{"plain", "name-00001234.kiel.\t86400\tin\tns\tns1.hoster-4711.net."},
		{"plain-ds", "name-00001234.kiel.\t86400\tin\tds\t12345 13 2 e2d3c916f6deeac73294e8268fb5885044a833fc5459588f4a9184cfc41a5766"},
		{"plain-nsec3", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.kiel.\t86400\tin\tnsec3\t1 1 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NS SOA RRSIG DNSKEY NSEC3PARAM"},
		{"general", "name-00001234.kiel.\t86400\tin\tns\tns1.hoster-4711.net. ;"},
		{"relative", "name-00001234\tin\tns\tns1"},
	} {
		b.Run(c.what, func(b *testing.B) {
			p, line := newZoneParser("kiel."), []byte(c.line)
			b.ReportAllocs()
			b.SetBytes(int64(len(line) + 1))
			for b.Loop() {
				if p.take(line, 1) != zoneTaken {
					b.Fatal("not taken")
				}
			}
		})
	}
}
