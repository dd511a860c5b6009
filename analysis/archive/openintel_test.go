package archive

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// openINTELFile is a row of OpenINTEL's Parquet, as far as it bears on what is read; A rows stand for the many others.
type openINTELFile struct {
	QueryType    string   `parquet:"query_type"`
	QueryName    string   `parquet:"query_name"`
	ResponseType *string  `parquet:"response_type,optional"`
	ResponseName *string  `parquet:"response_name,optional"`
	ResponseTTL  *int32   `parquet:"response_ttl,optional"`
	Timestamp    int64    `parquet:"timestamp"`
	RTT          *float64 `parquet:"rtt,optional"`
	WorkerID     int32    `parquet:"worker_id"`
	StatusCode   int32    `parquet:"status_code"`
	ADFlag       *int32   `parquet:"ad_flag,optional"`
	CNAMEName    *string  `parquet:"cname_name,optional"`
	MXAddress    *string  `parquet:"mx_address,optional"`
	MXPreference *int32   `parquet:"mx_preference,optional"`
	NSAddress    *string  `parquet:"ns_address,optional"`
	TXTText      *string  `parquet:"txt_text,optional"`
	CAAFlags     *int32   `parquet:"caa_flags,optional"`
	CAATag       *string  `parquet:"caa_tag,optional"`
	CAAValue     *string  `parquet:"caa_value,optional"`
}

func ref[T any](v T) *T { return &v }

// daily makes rows of one day.
type daily struct {
	at   time.Time
	rows []openINTELFile
}

func (d *daily) add(query, typ string, status int32, fill func(*openINTELFile)) {
	row := openINTELFile{QueryName: query, QueryType: typ, StatusCode: status, Timestamp: d.at.UnixMilli(), WorkerID: 3}
	if status < 4096 {
		row.RTT = ref(0.0125)
	}
	if fill != nil {
		fill(&row)
	}
	d.rows = append(d.rows, row)
}

func (d *daily) caa(query, owner, tag, value string, ad int32) {
	d.add(query, "CAA", 0, func(r *openINTELFile) {
		r.ResponseType, r.ResponseName, r.ResponseTTL, r.ADFlag = ref("CAA"), &owner, ref(int32(300)), &ad
		r.CAAFlags, r.CAATag, r.CAAValue = ref(int32(0)), &tag, &value
	})
}

func (d *daily) write(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := parquet.WriteFile(path, d.rows); err != nil {
		t.Fatal(err)
	}
}

// measuredDay is a day of OpenINTEL: the records of one name lie apart.
func measuredDay(at time.Time, issuer string) *daily {
	d := &daily{at: at}
	d.caa("own.nl.", "own.nl.", "issue", issuer, 1)
	d.caa("www.alias.nl.", "end.example.net.", "issue", issuer, 0)
	d.add("own.nl.", "MX", 0, func(r *openINTELFile) {
		r.ResponseType, r.ResponseName, r.MXAddress, r.MXPreference = ref("MX"), ref("own.nl."), ref("mx.own.nl."), ref(int32(5))
	})
	d.add("own.nl.", "TXT", 0, func(r *openINTELFile) { r.ResponseType, r.TXTText = ref("TXT"), ref("v=spf1 -all") })
	d.add("own.nl.", "NS", 0, func(r *openINTELFile) {
		r.ResponseType, r.ResponseName, r.NSAddress = ref("NS"), ref("own.nl."), ref("ns2.dns.example.net.")
	})
	d.add("none.nl.", "CAA", 0, nil)
	d.add("gone.nl.", "CAA", 3, nil)
	d.add("slow.nl.", "CAA", 65535, nil)
	d.add("slower.nl.", "CAA", 65533, nil)
	d.add("odd.nl.", "CAA", 65534, nil)
	d.add("broken.nl.", "CAA", 2, nil)
	d.add("unasked.nl.", "A", 0, nil)
	d.add("www.alias.nl.", "CAA", 0, func(r *openINTELFile) {
		r.ResponseType, r.ResponseName, r.CNAMEName = ref("CNAME"), ref("www.alias.nl."), ref("end.example.net.")
	})
	d.caa("own.nl.", "own.nl.", "issuemail", ";", 1)
	d.caa("own.nl.", "own.nl.", "issue", issuer, 1) // once more, from another part of the day's files
	d.add("own.nl.", "NS", 0, func(r *openINTELFile) {
		r.ResponseType, r.ResponseName, r.NSAddress = ref("NS"), ref("own.nl."), ref("ns1.dns.example.net.")
	})
	d.add("bad name.nl.", "CAA", 0, nil)
	d.add("half.nl.", "CAA", 0, func(r *openINTELFile) {
		r.ResponseType, r.ResponseName, r.CAATag = ref("CAA"), ref("half.nl."), ref("issue")
	})
	return d
}

var openINTELWant = []string{
	"broken.nl servfail error error indeterminate broken.nl=servfail nl=not_asked",
	"gone.nl not_asked error error indeterminate gone.nl=nxdomain nl=not_asked",
	"half.nl malformed error error indeterminate half.nl=malformed nl=not_asked",
	"none.nl not_asked error error indeterminate none.nl=nodata nl=not_asked",
	"odd.nl skipped error error indeterminate odd.nl=skipped/unknown-status nl=not_asked",
	"own.nl ok found restricted secure own.nl=found",
	"slow.nl timeout error error indeterminate slow.nl=timeout nl=not_asked",
	"slower.nl timeout error error indeterminate slower.nl=timeout nl=not_asked",
	"www.alias.nl ok found restricted indeterminate www.alias.nl=found",
}

// TestOpenINTEL: rows of one name and day are put together, wherever they lie.
func TestOpenINTEL(t *testing.T) {
	day := time.Date(2024, 5, 17, 1, 2, 3, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "part-0.gz.parquet")
	measuredDay(day, "letsencrypt.org").write(t, path)
	d, scans := made(t, Options{From: OpenINTEL}, path)
	if diff := cmp.Diff(openINTELWant, rows(t, d, evidence)); diff != "" {
		t.Error(diff)
	}
	got := rows(t, d, `SELECT tls_issuers, smime_posture, mx_address, ns_address, zone_apex, caa_count, rtt_us, caa_ttl, timestamp FROM domains WHERE query_name = 'own.nl'`)
	if diff := cmp.Diff([]string{`["letsencrypt.org"] closed ["mx.own.nl"] ["ns1.dns.example.net","ns2.dns.example.net"] own.nl 2 <nil> <nil> 2024-05-17 01:02:03 +0000 UTC`}, got); diff != "" {
		t.Error(diff)
	}
	if got := rows(t, d, `SELECT response_name, from_alias, rtt, response_ttl FROM caa_records WHERE query_name = 'www.alias.nl'`); strings.Join(got, "|") != "end.example.net www.alias.nl 0.0125 300" {
		t.Error(got)
	}
	m, err := output.ReadManifest(scans[0].Dir)
	if err != nil {
		t.Fatal(err)
	}
	if in := m.Inputs[0]; in.Lines != 18 || in.Skipped != 1 || m.Totals.Rejects != 1 || in.SHA256 == "" || !m.StartedAt.Equal(day) {
		t.Errorf("%+v, %d rejects, began %v", in, m.Totals.Rejects, m.StartedAt)
	}
}

// TestOpenINTELDays: each day is a measurement of its own, and what tells them apart is not lost.
func TestOpenINTELDays(t *testing.T) {
	dir := t.TempDir()
	first := time.Date(2024, 5, 17, 23, 59, 0, 0, time.UTC)
	measuredDay(first, "a.example").write(t, filepath.Join(dir, "year=2024", "month=05", "day=17", "part-0.parquet"))
	measuredDay(first.Add(2*time.Minute), "b.example").write(t, filepath.Join(dir, "year=2024", "month=05", "day=18", "part-0.parquet"))
	os.WriteFile(filepath.Join(dir, "_SUCCESS"), nil, 0o644)
	d, scans := made(t, Options{}, dir)
	if len(scans) != 2 || filepath.Base(scans[0].Dir) != "day=2024-05-17" || filepath.Base(scans[1].Dir) != "day=2024-05-18" {
		t.Fatalf("%+v", scans)
	}
	got := rows(t, d, `SELECT s.round, d.tls_issuers, d.source_list FROM all_domains d JOIN scans s USING (scan_id) WHERE query_name = 'own.nl' ORDER BY 1`)
	if strings.Join(got, "|") != `1 ["a.example"] part-0.parquet|2 ["b.example"] part-0.parquet#2` {
		t.Error(got)
	}
}

// TestOpenINTELQuoted: a file all of whose values stand in quotes has them in presentation form.
func TestOpenINTELQuoted(t *testing.T) {
	d := &daily{at: time.Date(2018, 5, 17, 0, 0, 0, 0, time.UTC)}
	d.caa("a.nl.", "a.nl.", "issue", `"letsencrypt.org; x=\"1\"\059"`, 0)
	path := filepath.Join(t.TempDir(), "x.parquet")
	d.write(t, path)
	data, _ := made(t, Options{}, path)
	if got := rows(t, data, `SELECT caa[1].value FROM domains`); got[0] != `letsencrypt.org; x="1";` {
		t.Error(got)
	}
}

// TestNoOpenINTEL: a Parquet file of something else is refused, and so are two kinds of inputs at once.
func TestNoOpenINTEL(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.parquet")
	if err := parquet.WriteFile(path, []struct {
		Name string `parquet:"name"`
	}{{"a"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Make(t.Context(), Options{Paths: []string{path}, Out: filepath.Join(dir, "out")}); err == nil || !strings.Contains(err.Error(), "query_name") {
		t.Error(err)
	}
	good := filepath.Join(dir, "good.parquet")
	measuredDay(time.Now(), "a.example").write(t, good)
	if _, err := Make(t.Context(), Options{Paths: []string{good, file(t, "z", zdns2)}, Out: filepath.Join(dir, "out")}); err == nil || !strings.Contains(err.Error(), "different measurements") {
		t.Error(err)
	}
	if _, err := Make(t.Context(), Options{From: ZDNS, Paths: []string{good}, Out: filepath.Join(dir, "out")}); err == nil || !strings.Contains(err.Error(), "OpenINTEL only") {
		t.Error(err)
	}
}

// ownScan writes a scan of caascan's own in which every name up to the top-level domains was scanned too, so that data without a
// climb hold it all the same.
func ownScan(t *testing.T) *analysis.Data {
	t.Helper()
	rnd := rand.New(rand.NewPCG(7, 7))
	sets := [][]string{{`0 issue "letsencrypt.org"`}, {`0 issue ";"`}, {`0 issue "a.example"`, `0 issuewild "b.example; accounturi=x"`, `128 iodef "mailto:a@b.example"`},
		{`0 issuemail ";"`}, {`0 issue "\009CA.Example\009; a = b"`, `0 issue "c:\\d \"e\""`}, {`128 tbs "unknown"`}, {`0 issue "letsencrypt.org"`, `0 issuevmc "digicert.com"`, `0 contactemail "x@y.example"`}}
	answers := map[wire.Name]*record.Answer{}
	answer := func(name wire.Name) *record.Answer {
		if a := answers[name]; a != nil {
			return a
		}
		a := &record.Answer{Name: name, Type: wire.TypeCAA, Security: record.Insecure, By: &record.Server{}, RTT: time.Millisecond, Attempts: 1}
		answers[name] = a
		owner := name
		switch n := rnd.IntN(10); {
		case n == 0:
			a.Outcome, a.RCode = record.NXDomain, wire.NXDomain
			return a
		case n == 1:
			a.Outcome, a.RCode = record.ServFail, wire.ServFail
			return a
		case n == 2:
			a.Outcome, a.By = record.Timeout, nil
			return a
		case n <= 5 || name.Labels() < 2:
			a.Outcome = record.NoData
			return a
		case n == 6:
			owner = wire.MustName("end.example.net")
			a.Chain = []record.Alias{{Owner: name, Target: wire.MustName("middle.example.net"), TTL: 5}, {Owner: wire.MustName("middle.example.net"), Target: owner, TTL: 5}}
		}
		a.Outcome, a.TTL = record.Found, 300
		for _, text := range sets[rnd.IntN(len(sets))] {
			data, err := readCAA(text)
			if err != nil {
				t.Fatal(err)
			}
			a.Records = append(a.Records, record.RR{Owner: owner, Type: wire.TypeCAA, Class: wire.ClassIN, TTL: 300, Data: data})
		}
		return a
	}
	dir := filepath.Join(t.TempDir(), "own")
	w, err := output.Create(dir, output.Config{ScanID: "own", Format: output.JSONL})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for i := range 300 {
		name := fmt.Sprintf("h%d.d%d.%s", i, rnd.IntN(60), []string{"com", "org", "co.uk", "github.io"}[rnd.IntN(4)])
		for ; name != ""; _, name, _ = strings.Cut(name, ".") {
			names[name] = true
		}
	}
	line := int64(0)
	for name := range names {
		target, why := datasets.Canonical(name, datasets.Options{})
		if why != datasets.Accepted {
			t.Fatal(name, why)
		}
		line++
		target.Source, target.Line = "list", line
		var climb []record.Level
		for at := wire.MustName(name); at != wire.Root; at = at.Parent() {
			climb = append(climb, record.Level{Name: at, Answer: answer(at)})
			if answer(at).Outcome == record.Found {
				break
			}
		}
		v := record.Conclude(climb)
		at := step.Time(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC).UnixNano())
		if err := w.Write([]*record.Record{{Target: target, Admitted: at, Finished: at, Climb: v.Climb, Relevant: v.Relevant, CAA: v.CAA, Posture: v.Posture}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(output.Complete); err != nil {
		t.Fatal(err)
	}
	d, err := analysis.Open(t.Context(), []string{dir}, analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// meaning is what must come back: what was found, at which level, and what it means.
const meaning = `SELECT query_name || ' ' || caa_status || ' ' || status || ' ' || exists || ' ' || coalesce(caa_name, '-') || ' ' || coalesce(caa_via_alias, '-') || ' ' || coalesce(caa_rrset_hash, '-') || ' ' ||
	tls_posture || ' ' || tls_wild_posture || ' ' || smime_posture || ' ' || vmc_posture || ' ' || array_to_string(list_transform(climb, lambda l: l.name || '=' || l.outcome), ' ') FROM domains ORDER BY query_name`

// TestRoundTrip: caascan's own rows, exported as OpenINTEL's Parquet and as JSON of zdns, and read back, say the same of every name.
func TestRoundTrip(t *testing.T) {
	own := ownScan(t)
	want := rows(t, own, meaning)
	kinds := map[string]int{}
	for _, line := range want {
		kinds[strings.Fields(line)[1]]++
	}
	if len(want) < 400 || kinds["found"] < 50 || kinds["none"] < 20 || kinds["error"] < 50 {
		t.Fatalf("a poor sample: %v", kinds)
	}
	t.Run("openintel", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x.parquet")
		if err := own.RunToParquet(t.Context(), "SELECT * FROM openintel ORDER BY hash(query_name, caa_value)", path); err != nil {
			t.Fatal(err)
		}
		d, _ := made(t, Options{}, path)
		if diff := cmp.Diff(want, rows(t, d, meaning)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("zdns", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x.jsonl")
		exportZDNS(t, own, path)
		d, _ := made(t, Options{}, path)
		if diff := cmp.Diff(want, rows(t, d, meaning)); diff != "" {
			t.Error(diff)
		}
	})
}

// exportZDNS writes the look-ups of a scan at the names themselves as zdns would have.
func exportZDNS(t *testing.T, d *analysis.Data, path string) {
	t.Helper()
	found, err := d.Select(t.Context(), `SELECT rtrim(query_name, '.'), status_code, rtrim(response_name, '.'), response_type, rtrim(cname_name, '.'), caa_flags, caa_tag, caa_value FROM openintel ORDER BY query_name`)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := bufio.NewWriter(f)
	defer out.Flush()
	var name, status string
	var answers []map[string]any
	flush := func() {
		if name == "" {
			return
		}
		line, err := json.Marshal(map[string]any{"name": name, "results": map[string]any{"CAA": map[string]any{
			"status": status, "timestamp": "2026-03-04T05:06:07Z", "data": map[string]any{"answers": answers, "protocol": "udp", "resolver": "192.0.2.53:53"},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(out, "%s\n", line)
		answers = nil
	}
	for _, row := range found.Rows {
		if row[0] != name {
			flush()
			name = row[0].(string)
		}
		status = map[int64]string{0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 65535: "TIMEOUT"}[row[1].(int64)]
		switch row[3] {
		case "CAA":
			answers = append(answers, map[string]any{"type": "CAA", "class": "IN", "ttl": 300, "name": row[2], "flag": row[5], "tag": row[6], "value": unescaped(row[7].(string))})
		case "CNAME":
			answers = append(answers, map[string]any{"type": "CNAME", "class": "IN", "ttl": 5, "name": row[2], "answer": row[4]})
		}
	}
	flush()
}
