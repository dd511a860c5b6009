package datasets

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/scanner/record"
)

// row is what a test looks at in a target.
type row struct {
	Name, Source, Bucket string
	Line, Rank           int64
	Mail                 bool
}

// Every format by the head of a file in it, as the publishers of these lists write them.
func TestFormats(t *testing.T) {
	for _, c := range []struct {
		what, file, content, format string
		want                        []row
		rejects                     []Reject
		skipped                     int64
	}{
		{"Tranco, CRLF", "tranco_K25XW.csv", "1,google.com\r\n2,amazonaws.com\r\n1000001,x.org\r\n", "ranked",
			[]row{{"google.com", "tranco:K25XW", "1-1k", 1, 1, false}, {"amazonaws.com", "tranco:K25XW", "1-1k", 2, 2, false},
				{"x.org", "tranco:K25XW", "1m+", 3, 1000001, false}}, nil, 0},
		{"Umbrella: hosts, TLDs, names that are none", "top-1m.csv", "1,google.com\n2,com\n3,_ldap._tcp.x.com\n4,host.lan\n5,printer.local\n6,\n7\n", "ranked",
			[]row{{"google.com", "top-1m.csv", "1-1k", 1, 1, false}, {"com", "top-1m.csv", "1-1k", 2, 2, false},
				{"_ldap._tcp.x.com", "top-1m.csv", "1-1k", 3, 3, false}, {"host.lan", "top-1m.csv", "1-1k", 4, 4, false}},
			[]Reject{{"top-1m.csv", 5, "printer.local", SpecialUse}, {"top-1m.csv", 6, "6,", BadRow}, {"top-1m.csv", 7, "7", BadRow}}, 0},
		{"Majestic", "majestic_million.csv", "GlobalRank,TldRank,Domain,TLD,RefSubNets,RefIPs,IDN_Domain,IDN_TLD,PrevGlobalRank,PrevTldRank,PrevRefSubNets,PrevRefIPs\n" +
			"1,1,google.com,com,474277,2294672,google.com,com,1,1,474577,2296054\n12345,700,example.de,de,1,1,example.de,de,1,1,1,1\n", "majestic",
			[]row{{"google.com", "majestic_million.csv", "1-1k", 2, 1, false}, {"example.de", "majestic_million.csv", "10k-100k", 3, 12345, false}}, nil, 1},
		{"CrUX: buckets, never ranks", "202610.csv", "origin,rank\nhttps://www.google.com,1000\nhttp://a.example.com:8080,5000\nhttps://b.org,10000\nhttps://c.org,50000\nhttps://d.org,1000000\nhttps://e.org,5000000\n", "crux",
			[]row{{"www.google.com", "crux:202610", "1-1k", 2, 0, false}, {"a.example.com", "crux:202610", "1k-10k", 3, 0, false},
				{"b.org", "crux:202610", "1k-10k", 4, 0, false}, {"c.org", "crux:202610", "10k-100k", 5, 0, false},
				{"d.org", "crux:202610", "100k-1m", 6, 0, false}, {"e.org", "crux:202610", "1m+", 7, 0, false}}, nil, 1},
		{"CrUX without its header", "crux.csv", "https://www.google.com,1000\n", "crux", []row{{"www.google.com", "crux.csv", "1-1k", 1, 0, false}}, nil, 0},
		{"Cloudflare Radar, a bucket's domains", "radar.csv", "domain\nb.com\na.com\n", "columns",
			[]row{{"b.com", "radar.csv", "", 2, 0, false}, {"a.com", "radar.csv", "", 3, 0, false}}, nil, 1},
		{"Cloudflare Radar, top 100", "radar.csv", "rank,domain,categories\n1,google.com,\"Search Engines;Technology\"\n", "ranked",
			[]row{{"google.com", "radar.csv", "1-1k", 2, 1, false}}, nil, 1},
		{"a CA's issued names", "issued.csv", "type,Domain,account\nDV,a.com,7\n", "columns", []row{{"a.com", "issued.csv", "", 2, 0, false}}, nil, 1},
		{"people and addresses: the address is taken", "m.csv", "name,email\nAlice Liddell,alice@x.org\nBob,b@y z\n", "columns",
			[]row{{"x.org", "m.csv", "", 2, 0, true}}, []Reject{{"m.csv", 3, "@y z", BadCharacter}}, 1},
		{"quotes, blanks, tabs", "q.csv", "\"1\", \"a.com\"\n \"2\" ,b.com\n3,\"c.com\"x\n", "ranked",
			[]row{{"a.com", "q.csv", "1-1k", 1, 1, false}, {"b.com", "q.csv", "1-1k", 2, 2, false}}, []Reject{{"q.csv", 3, `"c.com"x`, BadCharacter}}, 0},
		{"tabs", "t.tsv", "1\ta.com\n2\tb.com\n", "ranked", []row{{"a.com", "t.tsv", "1-1k", 1, 1, false}, {"b.com", "t.tsv", "1-1k", 2, 2, false}}, nil, 0},
		{"ranks that are none", "r.csv", "1,a.com\n0,b.com\n-3,c.com\nx,d.com\n9999999999999999999,e.com\n5,f.com\n", "ranked",
			[]row{{"a.com", "r.csv", "1-1k", 1, 1, false}, {"f.com", "r.csv", "1-1k", 6, 5, false}},
			[]Reject{{"r.csv", 2, "0,b.com", BadRow}, {"r.csv", 3, "-3,c.com", BadRow}, {"r.csv", 4, "x,d.com", BadRow}, {"r.csv", 5, "9999999999999999999,e.com", BadRow}}, 0},
		{"plain list: byte order mark, comments, blank lines, CRLF, no final line end", "list.txt",
			"\xef\xbb\xbf# names\r\n\r\n  \r\nExample.COM.\r\n*.a.org # a comment\r\nalice@b.org\r\nhttps://c.org/#frag\r\n#d.org\r\ne.org", "list",
			[]row{{"example.com", "list.txt", "", 4, 0, false}, {"a.org", "list.txt", "", 5, 0, false}, {"b.org", "list.txt", "", 6, 0, true},
				{"c.org", "list.txt", "", 7, 0, false}, {"e.org", "list.txt", "", 9, 0, false}}, nil, 4},
		{"plain list: junk between", "list.txt", "a.org\n1,b.org\n\x00\x01\xff\nc..org\nd.org\n", "list",
			[]row{{"a.org", "list.txt", "", 1, 0, false}, {"d.org", "list.txt", "", 5, 0, false}},
			[]Reject{{"list.txt", 2, "1,b.org", BadCharacter}, {"list.txt", 3, `\x00\x01\xff`, NotText}, {"list.txt", 4, "c..org", EmptyLabel}}, 0},
		{"byte order mark before a header", "bom.csv", "\xef\xbb\xbfrank,domain\n1,a.com\n", "ranked", []row{{"a.com", "bom.csv", "1-1k", 2, 1, false}}, nil, 1},
		{"a TLD that looks like a header", "list.txt", "name\nhost\nemail\n", "list",
			[]row{{"name", "list.txt", "", 1, 0, false}, {"host", "list.txt", "", 2, 0, false}, {"email", "list.txt", "", 3, 0, false}}, nil, 0},
		{"empty", "empty", "", "", nil, nil, 0},
		{"only a byte order mark", "bom", "\xef\xbb\xbf", "", nil, nil, 1},
		{"only blank lines", "blank", "\n\n\r\n", "", nil, nil, 3},
	} {
		t.Run(c.what, func(t *testing.T) {
			got := readAll(t, []string{writeFile(t, c.file, c.content)}, Config{})
			if diff := cmp.Diff(c.want, got.rows()); diff != "" {
				t.Errorf("targets: %s", diff)
			}
			if diff := cmp.Diff(c.rejects, got.rejects); diff != "" {
				t.Errorf("rejects: %s", diff)
			}
			in := got.inputs[0]
			if in.Format != c.format || in.Skipped != c.skipped {
				t.Errorf("format %q, %d skipped; want %q, %d", in.Format, in.Skipped, c.format, c.skipped)
			}
		})
	}
}

func TestForcedFormat(t *testing.T) {
	for _, c := range []struct {
		format  Format
		content string
		names   string
		rejects int
		skipped int64
	}{
		{List, "1,a.com\nb.com\n", "b.com", 1, 0},
		{Ranked, "a.com\n1,b.com\n", "b.com", 0, 1}, // what stands where the rank belongs is a header, once
		{Ranked, "rank,domain\n1,b.com\nx,c.com\n", "b.com", 1, 1},
		{Ranked, "1;b.com\n", "b.com", 0, 0},
		{Majestic, "1,1,a.com,com\n", "a.com", 0, 0},
		{Majestic, "GlobalRank,TldRank,Domain,TLD\n1,1,a.com,com\n", "a.com", 0, 1},
		{CrUX, "www.a.com,1000\nb.com,5000\n", "www.a.com b.com", 0, 0},
		{CrUX, "host,bucket\nb.com,5000\n", "b.com", 0, 1},
	} {
		got := readAll(t, []string{writeFile(t, "in", c.content)}, Config{Format: c.format})
		if names := got.names(); names != c.names || len(got.rejects) != c.rejects || got.inputs[0].Skipped != c.skipped {
			t.Errorf("%s on %q: names %q, rejects %v, %d skipped", c.format, c.content, names, got.rejects, got.inputs[0].Skipped)
		}
		for _, target := range got.targets {
			if (target.Rank == 0) != (c.format == CrUX || c.format == List) {
				t.Errorf("%s: %s has rank %d", c.format, target.Name, target.Rank)
			}
		}
	}
}

func TestParseFormat(t *testing.T) {
	for _, f := range []Format{Auto, List, Ranked, Majestic, CrUX, ZoneFile, JSONL, Parquet} {
		if got, err := ParseFormat(f.String()); got != f || err != nil {
			t.Errorf("ParseFormat(%q) = %v, %v", f, got, err)
		}
	}
	for _, word := range []string{"", "columns", "LIST"} {
		if f, err := ParseFormat(word); err == nil {
			t.Errorf("ParseFormat(%q) = %v", word, f)
		}
	}
}

func TestBucket(t *testing.T) {
	for rank, want := range map[int64]string{0: "", 1: "1-1k", 1000: "1-1k", 1001: "1k-10k", 10_000: "1k-10k", 10_001: "10k-100k",
		100_000: "10k-100k", 100_001: "100k-1m", 1_000_000: "100k-1m", 1_000_001: "1m+"} {
		if got := RankBucket(rank); got != want {
			t.Errorf("RankBucket(%d) = %q, want %q", rank, got, want)
		}
	}
}

func TestSourceName(t *testing.T) {
	for path, want := range map[string]string{
		"/a/list.txt": "list.txt", "list.txt.gz": "list.txt", "x.csv.ZST": "x.csv", "a.zip": "a", ".gz": ".gz",
		"tranco_K25XW.csv": "tranco:K25XW", "tranco_K25XW-1m.csv.zip": "tranco:K25XW", "d/tranco-2026-11-01-K25XW.csv.gz": "tranco:2026-11-01:K25XW",
		"tranco_list.csv": "tranco_list.csv", "tranco_202611.csv": "tranco_202611.csv", "tranco.csv": "tranco.csv", "202610.csv.gz": "202610.csv",
	} {
		if got := sourceName(path); got != want {
			t.Errorf("sourceName(%q) = %q, want %q", path, got, want)
		}
	}
	if got := sourceOf("202610.csv", List); got != "202610.csv" {
		t.Errorf("a list called 202610.csv is no CrUX list: %q", got)
	}
}

// result is all that came out of a Reader.
type result struct {
	targets []record.Target
	rejects []Reject
	known   []*record.Delegation // of each target
	inputs  []Input
	err     error // other than io.EOF
}

func (r *result) rows() []row {
	var rows []row
	for _, t := range r.targets {
		rows = append(rows, row{t.Name, t.Source, t.RankBucket, t.Line, t.Rank, t.Mail})
	}
	return rows
}

func (r *result) names() string {
	var names []string
	for _, t := range r.targets {
		names = append(names, t.Name)
	}
	return strings.Join(names, " ")
}
