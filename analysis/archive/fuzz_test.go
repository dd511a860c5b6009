package archive

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// FuzzLine feeds any line to the readers: whatever it holds, it is staged, skipped or rejected, and what is staged comes back from the
// stage as it was, and makes a row that claims no more than the line says.
func FuzzLine(f *testing.F) {
	for _, line := range strings.Split(zdns2, "\n") {
		f.Add(line)
	}
	for _, line := range []string{
		`{"name":"example.com","status":"NOERROR","timestamp":"x","data":{"answers":[{"type":"CAA","name":"example.com","tag":"\\195","value":"\u0000\ud800","flag":-1}]}}`,
		`{"name":"example.com.","type":"CAA","class":"IN","status":"NOERROR","rx_ts":1715940000123456789,"data":{"answers":[{"ttl":4294967295,"type":"CAA","class":"IN","name":"example.com.","data":"0 issue \"a\\\"b\""}]},"flags":["tc"],"resolver":"[::1%eth0]:53","proto":"UDP"}`,
		`{"name":"example.com.","type":"CAA","class":"IN","error":"TIMEOUT"}`,
		`{"query_name":"example.com.","query_type":"CAA","resp_name":"example.com.","resp_type":"DNAME","data":"."}`,
		`{"timestamp":"1569888000","name":"example.com","type":"caa","value":"\\# 3 000161"}`,
		`example.com. IN 300 CAA 0 issue "a"`, "example.com.\tCAA\t0", `example.com. MX 70000 x`,
		`{"name":"a.com","results":{"CAA":{"status":"NOERROR","data":{"answers":[{"type":"DNAME","name":"com","answer":"a.com"}]}}}}`,
	} {
		f.Add(line)
	}
	encoder := output.NewEncoder(output.Config{ScanID: "s", Secondhand: true})
	f.Fuzz(func(t *testing.T, line string) {
		r := &lineReader{o: &Options{From: Auto, Type: wire.TypeCAA}, line: 1, noTime: 1}
		r.emit = func(name string, l *look) error {
			back := &look{name: l.name, typ: l.typ, at: l.at, source: l.source, line: l.line}
			if err := back.readTold(l.appendTold(nil)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if back.outcome != l.outcome || back.cause != l.cause || back.security != l.security || back.reason != l.reason || back.rcode != l.rcode ||
				back.server != l.server || back.part != l.part || back.unreadable != l.unreadable || back.truncated != l.truncated || back.tcp != l.tcp ||
				!slices.EqualFunc(back.records, l.records, sameRecord) {
				t.Fatalf("%s: staged as %+v, came back as %+v", name, l, back)
			}
			if got := nameOf(key(name)); got != name {
				t.Fatalf("the key of %q is that of %q", name, got)
			}
			claims(t, encoder, name, back)
			return nil
		}
		if err := r.read([]byte(line), true); err != nil {
			if _, ok := err.(unread); !ok {
				t.Fatalf("%v: no line may end the reading", err)
			}
		}
	})
}

func sameRecord(a, b record.RR) bool {
	return a.Owner == b.Owner && a.Type == b.Type && a.TTL == b.TTL && string(a.Data) == string(b.Data)
}

// claims makes the row of a name of which only one look-up is known, and holds it against that.
func claims(t *testing.T, encoder *output.Encoder, name string, l *look) {
	c := &climber{sources: []string{"x"}, suffixes: datasets.DefaultSuffixes()}
	c.emit = func(_ int, r *record.Record) error {
		d, records := encoder.Rows(r)
		if _, err := d.Evidence(); err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, rr := range l.records {
			if rr.Type == wire.TypeCAA {
				found++
			}
		}
		switch {
		case d.CAAStatus == "none" && strings.Contains(name, "."):
			t.Fatalf("%s: none, where nothing above the name is known: %+v", name, l)
		case d.CAAStatus == "none" && found > 0, d.CAAStatus == "found" && (found == 0 || l.unreadable || l.outcome.Failed()):
			t.Fatalf("%s: %s of %+v", name, d.CAAStatus, l)
		case d.DNSSECStatus == "secure" && l.security != record.Secure, len(records) > found:
			t.Fatalf("%s: %s and %d records of %+v", name, d.DNSSECStatus, len(records), l)
		}
		return nil
	}
	if err := c.add(name, l); err != nil {
		t.Fatal(err)
	}
	if err := c.finish(); err != nil {
		t.Fatal(err)
	}
}

// FuzzReadCAA: what is read of a record in presentation form is written back by package caa as the same record.
func FuzzReadCAA(f *testing.F) {
	for _, text := range []string{`0 issue "letsencrypt.org"`, `128 tbs ""`, `0 issue ca.example; a=b`, `0 \105ssue "a\"b\\c\000\255"`, `\# 7 00056973737565`, `\# 3 00`, `256 issue "a"`, `0 issue "a`, `0 issue "a\"`, ``} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		data, err := readCAA(text)
		if err != nil {
			return
		}
		if len(data) > maxRecordOctets {
			t.Fatalf("%d octets", len(data))
		}
		p, err := caa.ParseRData(data)
		if err != nil {
			return // as an answer it is malformed
		}
		again, err := readCAA(p.String())
		if err != nil || string(again) != string(data) {
			t.Fatalf("%q is %x, and written back as %s is %x, %v", text, data, p, again, err)
		}
	})
}

// TestReadCAA: RFC 8659 4.1.1, RFC 1035 5.1, RFC 3597 5.
func TestReadCAA(t *testing.T) {
	for text, want := range map[string]string{
		`0 issue "letsencrypt.org"`: "\x00\x05issueletsencrypt.org",
		`128 tbs ""`:                "\x80\x03tbs",
		"0\tissue\t\"a\"":           "\x00\x05issuea",
		`0 issue ca.example; x=y`:   "\x00\x05issueca.example; x=y",
		`0 issue "a\"b\\c\059\;"`:   "\x00\x05issuea\"b\\c;;",
		`\# 7 0005 6973737565`:      "\x00\x05issue",
		`0 issue  "two  blanks"`:    "\x00\x05issuetwo  blanks",
		`0 issue "a" "b"`:           "",
		`0 issue "a"b"`:             "",
		`0 issue "a`:                "",
		`0 issue "a\"`:              "",
		`0 issue "\256"`:            "",
		`256 issue "a"`:             "",
		`-1 issue "a"`:              "",
		`0`:                         "",
		`0 "issue" "a"`:             "",
		`\# 8 00056973737565`:       "",
		`\# 1 zz`:                   "",
	} {
		got, err := readCAA(text)
		if string(got) != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
}

// TestKeys: the order of keys is the one that the climb relies on: a name, then all below it.
func TestKeys(t *testing.T) {
	names := []string{"com", "example.com", "a.example.com", "b.a.example.com", "z.example.com", "example-1.com", "a.example-1.com", "example0.com", "net", "a.net"}
	sorted := slices.SortedFunc(slices.Values([]string{"a.net", "z.example.com", "example0.com", "com", "a.example-1.com", "net", "b.a.example.com", "example.com", "example-1.com", "a.example.com"}),
		func(a, b string) int { return strings.Compare(string(key(a)), string(key(b))) })
	if !slices.Equal(sorted, names) {
		t.Errorf("%v\nwant %v", sorted, names)
	}
}

// TestParseTime: the forms that tools write, and no others.
func TestParseTime(t *testing.T) {
	want := time.Date(2024, 5, 17, 14, 0, 0, 0, time.UTC).UnixNano()
	for text, known := range map[string]bool{
		"2024-05-17T10:00:00-04:00": true, "2024-05-17T14:00:00Z": true, "2024-05-17T14:00:00": true, "2024-05-17 14:00:00 +0000 UTC": true, "": false, "yesterday": false, "0001-01-01T00:00:00Z": false,
	} {
		if got := parseTime(text); (int64(got) == want) != known || !known && got != 0 {
			t.Errorf("%q: %d", text, got)
		}
	}
}
