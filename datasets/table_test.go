package datasets

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// The lines are as zdns (results of version 2 and of version 1) and Rapid7's forward DNS have them.
func TestJSONL(t *testing.T) {
	long := `{"results":{"A":{"data":"` + strings.Repeat("x", 3*bufferSize) + `"}},"name":"long.org"}`
	for _, c := range []struct{ what, text, want string }{
		{"zdns", `{"name":"Example.com","results":{"A":{"data":{"answers":[{"answer":"192.0.2.1","name":"other.com","type":"A"}]},"status":"NOERROR"}}}` + "\n" +
			`{"class":"IN","data":{"answers":[{"name":"x.org"}]},"name":"b.org","status":"NOERROR"}`, "example.com:1 b.org:2"},
		{"forward DNS", `{"timestamp":"1601480505","name":"0.example.net","type":"a","value":"192.0.2.1"}` + "\n" +
			`{"timestamp":"1601480505","name":"*.c.example.net","type":"cname","value":"d.net"}` + "\n\n# x\n", "0.example.net:1 c.example.net:2"},
		{"blanks, escapes, other values", "\xef\xbb\xbf  { \"a\" : [ { \"name\" : \"no.org\" } , \"}\\\"]\" ] , \"b\":-1e5,\"c\":true,\"n\\u0061me\" : \"b\\u00fccher.de\" }\r\n", "xn--bcher-kva.de:1"},
		{"lines longer than the buffer, the first too", long + "\n" + long + "\n{\"name\":\"a.org\"}\n" + long, "long.org:1 long.org:2 a.org:3 long.org:4"},
		{"lines that are none", `{"name":"a.org"}` + "\n" + `{"name":1}` + "\n[]\n{\n{}\n" + `{"x":"name"}` + "\n" + `{"a":{"name":"b.org"}}` + "\nc.org\n" + `{"name":"d.org"` + "\n" + `{"name":"..."}` + "\n" + `{"name":"\ud800"}` + "\n" + `{"name":"192.0.2.1"}` + "\n{\"name\":\"",
			"a.org:1 d.org:9 bad-row:2 bad-row:3 bad-row:4 bad-row:5 bad-row:6 bad-row:7 bad-row:8 empty-label:10 bad-idna:11 ip-address:12 bad-row:13"},
	} {
		for _, format := range []Format{Auto, JSONL} {
			got := readAll(t, []string{writeFile(t, "in.json", c.text)}, Config{Format: format})
			if names := got.zoneNames(); names != c.want || got.inputs[0].Format != "jsonl" || got.err != nil {
				t.Errorf("%s (%s): %s, want %s; %s, %v", c.what, format, names, c.want, got.inputs[0].Format, got.err)
			}
		}
	}
	if got := readAll(t, []string{writeFile(t, "in", `{"name":"a.org","host":"b.org"}`)}, Config{Column: "host"}); got.names() != "b.org" {
		t.Errorf("by member: %s", got.names())
	}
	endless := &endless{line: `"x",`, left: 4 * maxJSONLine}
	got := readAll(t, []string{"-"}, Config{Format: JSONL, Stdin: io.MultiReader(strings.NewReader(`{"a":[`), endless, strings.NewReader("\n{\"name\":\"a.org\"}"))})
	if got.zoneNames() != "a.org:2 too-long-line:1" {
		t.Errorf("a line too long even for JSONL: %s", got.zoneNames())
	}
}

// A column of CSV by its header or its number; headers that are none stay names.
func TestColumn(t *testing.T) {
	for _, c := range []struct{ what, column, text, want string }{
		{"by header", "Site", "id,site,rank\n7,a.org,1\n8,\"b.org\",2\n9,,3\n", "a.org:2 b.org:3 bad-row:4"},
		{"by header, semicolons", "SITE", "id;site\n7;a.org\n", "a.org:2"},
		{"by header, one column", "site", "site\na.org\n", "a.org:2"},
		{"quotes in quotes, separators too", "site", "about,site\n\"He said \"\"x, y\"\"\",a.org\n\"\"\"\",b.org\n\"x\"\"\",c.org\n", "a.org:2 b.org:3 c.org:4"},
		{"by number, with a header", "2", "id,host name\n7,a.org\n", "a.org:2"},
		{"by number, without", "2", "7,a.org\n8,b.org\n", "a.org:1 b.org:2"},
		{"by number, a header as of others", "1", "domain,x\na.org,1\n", "a.org:2"},
		{"by number, one that is rejected is no header", "1", "192.0.2.1,x\na.org,1\n", "a.org:2 ip-address:1"},
		{"by number, none so far right", "9", "x,y\na.org,1\n", "bad-row:2"},
	} {
		got := readAll(t, []string{writeFile(t, "in.csv", c.text)}, Config{Column: c.column})
		if names := got.zoneNames(); names != c.want || got.err != nil {
			t.Errorf("%s: %s, want %s; %v", c.what, names, c.want, got.err)
		}
	}
	if got := readAll(t, []string{writeFile(t, "in.csv", "a,b\n1,2\n")}, Config{Column: "site"}); got.err == nil || !strings.Contains(got.err.Error(), `no column "site"`) {
		t.Errorf("a column that is not there: %v", got.err)
	}
	for _, cfg := range []Config{{Format: List, Column: "a"}, {Format: ZoneFile, Column: "1"}, {Format: Columns}} {
		cfg.Stdin = strings.NewReader("")
		if r, err := Open([]string{"-"}, cfg); err == nil {
			r.Close()
			t.Errorf("%+v was taken", cfg)
		}
	}
}

type parquetRow struct {
	ID     int64    `parquet:"id"`
	Site   *string  `parquet:"site,optional,dict"`
	Domain string   `parquet:"Domain,zstd"`
	Rank   int32    `parquet:"rank"`
	Others []string `parquet:"others,list"`
	Seen   struct {
		At string `parquet:"at"`
	} `parquet:"seen"`
}

// parquetOf makes a file of n rows in several row groups; every seventh has no site.
func parquetOf(t testing.TB, n int) string {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[parquetRow](&b, parquet.MaxRowsPerRowGroup(700), parquet.PageBufferSize(1000))
	for i := range n {
		row := parquetRow{ID: int64(i), Domain: fmt.Sprintf("n%d.example.com", i), Rank: int32(i + 1), Others: []string{"x.org", "y.org"}[:i%3]}
		row.Seen.At = fmt.Sprintf("at%d.example.com", i)
		if site := fmt.Sprintf("s%d.example.com", i); i%7 > 0 {
			row.Site = &site
		}
		if _, err := w.Write([]parquetRow{row}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestParquet(t *testing.T) {
	const rows = 3000
	file := parquetOf(t, rows)
	for column, prefix := range map[string]string{"": "n", "domain": "n", "site": "s", "2": "s", "seen.at": "at"} {
		for _, stdin := range []bool{false, true} {
			cfg, path := Config{Column: column, Stdin: strings.NewReader(file)}, "-"
			if !stdin {
				path = writeFile(t, "names.parquet", file)
			}
			got := readAll(t, []string{path}, cfg)
			want, skipped := 0, int64(0)
			for i := range rows {
				if prefix == "s" && i%7 == 0 {
					skipped++
					continue
				}
				if target := got.targets[want]; target.Name != fmt.Sprintf("%s%d.example.com", prefix, i) || target.Line != int64(i+1) || target.Rank != int64(i+1) {
					t.Fatalf("column %q: row %d is %+v", column, i+1, target)
				}
				want++
			}
			in := got.inputs[0]
			if len(got.targets) != want || in.Lines != rows || in.Skipped != skipped || in.Format != "parquet" || in.Compression != "" || in.SHA256 == "" || in.Octets != int64(len(file)) {
				t.Errorf("column %q: %d targets, %+v", column, len(got.targets), in)
			}
		}
	}
	for column, want := range map[string]string{"x": "no column", "99": "no column", "id": "one text a row", "others.list.element": "one text a row"} {
		if _, err := Open([]string{writeFile(t, "names", file)}, Config{Column: column}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("column %q: %v", column, err)
		}
	}
	for _, c := range []struct {
		content string
		format  Format
	}{{file, List}, {"a.org\n", Parquet}, {file[:len(file)-9], Auto}, {"PAR1", Auto}} {
		if r, err := Open([]string{writeFile(t, "names", c.content)}, Config{Format: c.format}); err == nil {
			r.Close()
			t.Errorf("%q as %s was opened", c.content[:4], c.format)
		}
	}
	if l, err := OpenLines(writeFile(t, "names", file), nil); err == nil {
		if _, err := l.Next(); err == nil || err == io.EOF {
			t.Errorf("Lines of Parquet: %v", err)
		}
		l.Close()
	}
}

// Several inputs of different forms keep their sources, and are told apart by them.
func TestSourcesOfForms(t *testing.T) {
	got := readAll(t, []string{writeFile(t, "kiel.txt", czds), writeFile(t, "n.parquet", parquetOf(t, 2)), writeFile(t, "fdns.json.gz", gzipOf(t, `{"name":"a.org"}`)), writeFile(t, "l", "b.org\n")}, Config{Tables: DefaultTables})
	var sources []string
	for i, target := range got.targets {
		sources = append(sources, target.Source)
		if (got.known[i] != nil) != (target.Source == "kiel.txt") {
			t.Errorf("%s: %v", target.Name, got.known[i])
		}
	}
	if s := strings.Join(sources, " "); s != "kiel.txt kiel.txt kiel.txt kiel.txt n.parquet n.parquet fdns.json l" {
		t.Error(s)
	}
}

// TestFold: what comes again is counted, in whichever input and form; what takes mail is something else.
func TestFold(t *testing.T) {
	paths := []string{writeFile(t, "ct", "a.org\n*.a.org\nA.org.\nb.org\nx@a.org\ny@A.org\nhttps://b.org/x\nc..d\nc..d\n"), writeFile(t, "r", "1,b.org\n2,c.org\n"),
		writeFile(t, "z", "org. IN SOA a. b. 1 1 1 1 1\nc.org. IN NS n.\nd.org. IN NS n.\nd.org. IN NS m.\n"), writeFile(t, "j", `{"name":"d.org"}`)}
	got := readAll(t, paths, Config{Fold: DefaultFold})
	if got.names() != "a.org b.org a.org c.org d.org" || len(got.rejects) != 2 {
		t.Errorf("%s, %v", got.names(), got.rejects)
	}
	for i, want := range []int64{4, 1, 1, 1} {
		if got.inputs[i].Folded != want {
			t.Errorf("%s: %d folded, want %d", got.inputs[i].Path, got.inputs[i].Folded, want)
		}
	}
	if got := readAll(t, paths[:2], Config{}); len(got.targets) != 9 {
		t.Errorf("without: %s", got.names())
	}
}

// TestFoldIsBounded: a list longer than the memory loses no name, and folds what comes again soon.
func TestFoldIsBounded(t *testing.T) {
	const names, bound = 200_000, 6 << 20
	var list strings.Builder
	for i := range 3 * names {
		for range 1 + i%10/9 { // every tenth comes again at once
			fmt.Fprintf(&list, "name-%d.example.com\n", i%names)
		}
	}
	r, err := Open([]string{"-"}, Config{Fold: bound, Window: 1, Stdin: strings.NewReader(list.String())})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	times := map[string]int{}
	for {
		batch, err := r.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range batch {
			times[target.Name]++
		}
		if n := r.recall.young.octets(); n > bound/2 {
			t.Fatalf("%d octets", n)
		}
	}
	in := r.Inputs()[0]
	if len(times) != names || in.Folded < 3*names/10 || in.Targets+in.Folded != in.Lines {
		t.Errorf("%d names, %+v", len(times), in)
	}
}

// TestNameIndex against a map.
func TestNameIndex(t *testing.T) {
	x, want := newNameIndex(), map[string]string{}
	for i := range 150_000 {
		name, data := fmt.Sprintf("n%d.example.com", i*7919%100_000), fmt.Sprintf("%6d", i)
		if i%3 == 0 {
			name = strings.Repeat("x", MaxName-len(name)) + name
		}
		if !x.put([]byte(name), []byte(data)) {
			t.Fatal("full")
		}
		want[name] = data
	}
	if x.names != len(want) {
		t.Errorf("%d names, want %d", x.names, len(want))
	}
	for name, data := range want {
		if got := x.find([]byte(name)); len(got) < 6 || string(got[:6]) != data {
			t.Fatalf("%s: %.6q, want %q", name, got, data)
		}
	}
	if x.find([]byte("absent")) != nil || x.find(nil) != nil {
		t.Error("absent names were found")
	}
	x.put([]byte{}, nil)
	if x.find([]byte{}) == nil {
		t.Error("the empty name was not found")
	}
}
