package analysis_test

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// lookup is a name of the scan that these tests are about, and what was seen of it. The rows are made by output's encoder.
type lookup struct {
	name     string
	records  []string // of the set: flags, tag and value, as in zone files but for the quotation marks
	depth    int      // of the set
	alias    string   // whose set it is
	ttl      uint32   // default 3600
	operator string   // default op1.net
	rank     int64
	mx       string // its exchanger; "." is the null MX, "-" stands for neither MX nor address
	outcome  record.Outcome
	first    record.Outcome // of the first look, if that failed
	answer   func(*record.Answer)
	cost     record.Cost
	edit     func(*output.Domain) // what all servers said, and companions
}

// The names. Each shows something odd; what, the comments at the expectations say.
var lookups = []lookup{
	{name: "typo.com", records: []string{"0 issue letsencrypt.com"}, ttl: 300, rank: 5, mx: "mx.op1.net", edit: servers("same", 4, 4, 0, 0)},
	{name: "www.typo.com", records: []string{"0 issue letsencrypt.com"}, depth: 1, ttl: 300, rank: 6},
	{name: "host.com", records: []string{"0 issue www.letsencrypt.org", "0 issue sectigo.com"}, mx: "mx.op1.net", edit: hosts("found restricted")},
	{name: "ip.com", records: []string{"0 issue 192.0.2.1"}, mx: "mx.op2.org", edit: hosts("found open", "none absent")},
	{name: "word.com", records: []string{"0 issue digicert"}, mx: "mx.op2.org", edit: hosts("none absent")},
	{name: "dcv.com", records: []string{"0 issue 0a1b2c.sectigo.com", "0 issuewild ;"}, mx: "mx.op2.org", edit: hosts("found restricted", "error error")},
	{name: "dot.com", records: []string{"0 issue letsencrypt.org."}, edit: policy("published", "restricted", true)},
	{name: "list.com", records: []string{"0 issue digicert.com, sectigo.com"}, edit: policy("published", "absent", false)},
	{name: "url.com", records: []string{"0 issue https://letsencrypt.org"}, edit: policy("published", "error", false)},
	{name: "quotes.com", records: []string{`0 issue "digicert.com"`}, edit: policy("absent", "", false)},
	{name: "evil.com", records: []string{"0 issue <script>alert(1)</script>", "0 iodef =cmd|'/C calc'!A0", "1 <b>x</b> \x00\\"}, rank: 1},
	{name: "upper.com", records: []string{"0 issue LetsEncrypt.org"}, edit: servers("nodata_vs_caa", 4, 4, 0, 1)},
	{name: "stale.com", records: []string{"0 issue startcomca.com"}, edit: servers("caa_differs", 4, 3, 0, 1)},
	{name: "stale2.com", records: []string{"0 issue wosign.com", "0 issue letsencrypt.org"}, edit: servers("not_checked", 2, 1, 1, 0)},
	{name: "taken.com", records: []string{"0 issue entrust.net"}, mx: "mx.op1.net"},
	{name: "mailtls.com", records: []string{"0 issue letsencrypt.org", "0 issuemail letsencrypt.org"}},
	{name: "mailonly.com", records: []string{"0 issuemail digicert.com"}},
	{name: "nomail.com", records: []string{"0 issue pki.goog", "0 issuemail ;"}, mx: "."},
	{name: "flags.com", records: []string{"128 issue digicert.com", "0 issue digicert.com"}},
	{name: "crit.com", records: []string{"128 tbs Unknown", "0 issue letsencrypt.org"}},
	{name: "deny.com", records: []string{"0 issue ;", "0 issue sectigo.com"}},
	{name: "dup.com", records: []string{"0 issue sectigo.com", "0 issue sectigo.com;"}},
	{name: "wild.com", records: []string{"0 issue pki.goog", "0 issuewild pki.goog"}},
	{name: "acct.com", records: []string{"0 issue letsencrypt.org; accounturi=https://acme.example/acct/1; validationmethods=dns-01", "0 iodef mailto:sec@taken.com"}},
	{name: "beside.com", records: []string{"0 issue letsencrypt.org; accounturi=https://acme.example/acct/2", "0 issue letsencrypt.org", "0 iodef https://Report.example:8443/x"}},
	{name: "never.com", records: []string{"0 issue letsencrypt.org; validationmethods=", "0 issuewild letsencrypt.org; validationmethods=http-01"}},
	{name: "param.com", records: []string{"0 issue digicert.com; cansignhttpexchanges=yes", "0 issuemail sectigo.com; accounturi=x", "0 iodef mailto:abuse@nowhere.test"}},
	{name: "iodef.com", records: []string{"0 iodef security@flags.com", "0 iodef ", "0 iodef ftp://x.example"}},
	{name: "closed.com", records: []string{"0 issue ;", "0 iodef mailto:a@none.com"}},
	{name: "alias.com", records: []string{"0 issue letsencrypt.org"}, alias: "cdn.net", ttl: 86400, operator: "op2.org"},
	{name: "below.eu", records: []string{"0 issue letsencrypt.org"}, operator: "op2.org"},
	{name: "big.com", records: many(12, "0 issue letsencrypt.org; a=%d"), ttl: 1, operator: "op2.org", answer: func(a *record.Answer) {
		a.Size, a.Truncated, a.TCP, a.RTT, a.TTL, a.Security = 1500, true, true, 300*time.Millisecond, 0, record.Secure
	}, cost: record.Cost{Queries: 10, TCP: 1, Waited: 90 * time.Second}},
	{name: "none.com", mx: "."},
	{name: "nx.com", outcome: record.NXDomain},
	{name: "fail.com", outcome: record.Timeout, operator: "op2.org", cost: record.Cost{Queries: 6, Retries: 5}, first: record.Timeout},
	{name: "trunc.com", outcome: record.Truncated, answer: func(a *record.Answer) { a.Truncated, a.Size = true, 60 }, cost: record.Cost{Queries: 5, TCP: 3}},
	{name: "optout.com", outcome: record.Skipped},
	{name: "second.com", first: record.Timeout, cost: record.Cost{Queries: 7, Retries: 2, Waited: 20 * time.Millisecond}, edit: servers("nxdomain_vs_caa", 3, 3, 0, 1)},
}

func many(n int, format string) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf(format, i+1))
	}
	return all
}

// servers is what all servers of the zone said.
func servers(consistency string, tried, answered, lame, inconsistent int8) func(*output.Domain) {
	return func(d *output.Domain) {
		d.CAAConsistency, d.NSIPCount, d.NSTried, d.NSAnswered, d.NSLame, d.NSInconsistent = consistency, &tried, &tried, &answered, &lame, &inconsistent
	}
}

// hosts is CAA of the exchangers, each as status and posture.
func hosts(seen ...string) func(*output.Domain) {
	return func(d *output.Domain) {
		for i, s := range seen {
			status, posture, _ := strings.Cut(s, " ")
			h := output.MXHost{Name: fmt.Sprintf("mx%d.%s", i+1, d.MXOperator), CAAStatus: status, TLSPosture: posture, TLSIssuers: []string{}, Security: "insecure"}
			switch {
			case status == "error":
				h.Error, h.Security = "timeout", "indeterminate"
			case posture == "restricted":
				h.CAAName, h.TLSIssuers = d.MXOperator, []string{"sectigo.com"}
			case status == "found":
				h.CAAName = d.MXOperator
			}
			d.MXHosts = append(d.MXHosts, h)
		}
	}
}

// policy is the announcement of a policy of MTA-STS, the posture of its host, and a BIMI record.
func policy(announced, posture string, inherited bool) func(*output.Domain) {
	return func(d *output.Domain) {
		d.MTASTS, d.MTASTSCAAPosture, d.BIMI = announced, posture, "absent"
		if posture == "restricted" {
			d.MTASTSCAAInherited, d.BIMI = &inherited, "evidenced"
		}
	}
}

// record makes what the scanner would have.
func (l *lookup) record(line int) *record.Record {
	registrable := strings.Join(lastLabels(l.name, 2), ".")
	tld := lastLabels(l.name, 1)[0]
	operator := cmp.Or(l.operator, "op1.net")
	ns := []wire.Name{wire.MustName("ns1." + operator), wire.MustName("ns2." + operator)}
	began := step.Time(time.Date(2026, 11, 1, 12, 0, line, 0, time.UTC).UnixNano())
	r := &record.Record{
		Target:   record.Target{Name: l.name, Source: "list.csv", Line: int64(line), Rank: l.rank, Registrable: registrable, Suffix: tld, ICANN: true},
		Admitted: began, Finished: began.Add(time.Second), Relevant: -1, Posture: caa.Uniform(caa.Absent), Cost: l.cost,
	}
	if r.Cost.Queries == 0 {
		r.Cost.Queries = 4
	}
	answer := func(name string, t wire.Type) *record.Answer {
		return &record.Answer{
			Name: wire.MustName(name), Type: t, Outcome: record.NoData, Security: record.Insecure, TTL: cmp.Or(l.ttl, 3600), Zone: wire.MustName(registrable), NS: ns, Attempts: 1,
			By: &record.Server{Addr: netip.MustParseAddr("192.0.2.1"), Name: ns[0]}, RTT: 5 * time.Millisecond, Size: 100,
		}
	}
	for name := l.name; name != ""; _, name, _ = strings.Cut(name, ".") {
		r.Climb = append(r.Climb, record.Level{Name: wire.MustName(name), Answer: answer(name, wire.TypeCAA)})
	}
	switch first := r.Climb[0].Answer; {
	case l.records != nil:
		r.Climb, r.Relevant = r.Climb[:l.depth+1], l.depth
		a := r.Climb[l.depth].Answer
		a.Outcome = record.Found
		owner := a.Name
		if l.alias != "" {
			owner = wire.MustName(l.alias)
			a.Chain = []record.Alias{{Owner: a.Name, Target: owner, TTL: a.TTL}}
			a.Records = append(a.Records, record.RR{Owner: a.Name, Type: wire.TypeCNAME, Class: wire.ClassIN, TTL: a.TTL, Data: []byte(owner)})
		}
		var properties []caa.Property
		for _, text := range l.records {
			p := property(text)
			properties = append(properties, p)
			a.Records = append(a.Records, record.RR{Owner: owner, Type: wire.TypeCAA, Class: wire.ClassIN, TTL: a.TTL, Data: p.AppendRData(nil)})
		}
		r.CAA = caa.Judge(properties)
		r.Posture = r.CAA.Posture
	case l.outcome == record.NXDomain:
		first.Outcome = record.NXDomain
	case l.outcome == record.Skipped:
		r.Climb, r.Relevant, r.Posture, r.Cost = r.Climb[:1], 0, caa.Uniform(caa.NotApplicable), record.Cost{}
		*first = record.Answer{Name: first.Name, Type: first.Type, Outcome: record.Skipped}
	case l.outcome != 0:
		first.Outcome, first.Security = l.outcome, record.Indeterminate
		r.Climb, r.Relevant, r.Posture = r.Climb[:1], 0, caa.Uniform(caa.Error)
		if l.outcome == record.Timeout {
			first.By, first.Size, first.RTT = nil, 0, 0
		}
	}
	if l.answer != nil {
		l.answer(r.Climb[max(r.Relevant, 0)].Answer)
	}
	if l.first != 0 {
		r.Target.First = &record.Look{Finished: began, Climb: []record.Try{{Outcome: l.first, Attempts: 3}}}
	}
	if l.mx != "" {
		r.Mail.MX = answer(l.name, wire.TypeMX)
		r.Mail.MX.Outcome = record.Found
		exchange := wire.Root
		if l.mx != "." {
			exchange = wire.MustName(l.mx)
		}
		r.Mail.Exchange = []record.MX{{Preference: 10, Exchange: exchange}}
	}
	return r
}

// property reads flags, tag and value.
func property(text string) (p caa.Property) {
	flags, rest, _ := strings.Cut(text, " ")
	p.Tag, p.Value, _ = strings.Cut(rest, " ")
	fmt.Sscan(flags, &p.Flags)
	return p
}

func lastLabels(name string, n int) []string {
	labels := strings.Split(name, ".")
	return labels[len(labels)-n:]
}

// oddRecords opens a scan of the names above.
func oddRecords(t *testing.T, opt analysis.Options) *analysis.Data {
	t.Helper()
	const id = "odd"
	at := func(second int) output.Micros {
		return output.Micros(time.Date(2026, 11, 1, 12, 0, second, 0, time.UTC).UnixMicro())
	}
	scan := scantest.Scan{Manifest: output.Manifest{ScanID: id, Vantage: "<vantage>", Inputs: []output.Input{{Path: "list.csv"}}}, Servers: []output.NameServer{
		{ScanID: id, ServerIP: "192.0.2.1", ServerNames: []string{"ns1.op1.net", `ns"2.op1.net`}, DNSOperator: "op1.net", Sent: 100, Answered: 98, Timeouts: 2,
			RTTP50Us: 5000, RTTP95Us: 20000, ThrottledMs: 700, SentPeak: 12, RateLimitQPS: 10, Backoffs: 1, BackoffCause: "refused", Refused: 3, FirstAt: at(1), LastAt: at(9), Run: 1},
		{ScanID: id, ServerIP: "192.0.2.1", ServerNames: []string{"=ns1.op1.net"}, DNSOperator: "op1.net", Sent: 20, Answered: 20,
			RTTP50Us: 6000, RTTP95Us: 30000, SentPeak: 4, RateLimitQPS: 20, FirstAt: at(20), LastAt: at(30), Run: 2},
		{ScanID: id, ServerIP: "192.0.2.2", ServerNames: []string{"ns1.op2.org"}, DNSOperator: "op2.org", Sent: 10, Timeouts: 10, SentPeak: 2, FirstAt: at(2), LastAt: at(12), Run: 1},
		{ScanID: id, ServerIP: "192.0.2.3", ServerNames: []string{}, OptedOut: true, Run: 1},
		{ScanID: id, ServerIP: "192.0.2.4", ServerNames: []string{"ns2.op2.org"}, DNSOperator: "op2.org", Sent: 5, Answered: 5, SentPeak: 60, RateLimitQPS: 50, FirstAt: at(3), LastAt: at(3), Run: 1},
	}}
	return prepared(t, scan, lookups, opt)
}

// prepared opens a scan with rows for names added to it.
func prepared(t *testing.T, scan scantest.Scan, names []lookup, opt analysis.Options) *analysis.Data {
	t.Helper()
	encoder := output.NewEncoder(output.Config{
		Registrable: datasets.DefaultSuffixes().Operator, Issuers: datasets.Registry{Issuers: datasets.DefaultIssuers()}, Vantage: scan.Manifest.Vantage,
	})
	for i := range names {
		row, _ := encoder.Rows(names[i].record(i + 1))
		if names[i].edit != nil {
			names[i].edit(&row)
		}
		scan.Domains = append(scan.Domains, row)
	}
	d, err := analysis.Open(t.Context(), []string{scan.Write(t, t.TempDir())}, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// ofRecords are the questions that are held against expectations here.
var ofRecords = []int{13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 25, 27, 28, 31, 32}

// cells writes a table: columns and rows, NULL as -, without what measure has made of n, of and unknown.
func cells(t *analysis.Table) string {
	var b strings.Builder
	line := func(cell func(i int) any) {
		var row []string
		for i, c := range t.Columns {
			if c.Name == "share" || c.Name == "unknown_share" || c.Name == "meaning" || c.Name == "notes" {
				continue
			}
			switch v := cell(i).(type) {
			case nil:
				row = append(row, "-")
			case float64:
				row = append(row, fmt.Sprintf("%.4g", v))
			case time.Time:
				row = append(row, v.Format(time.RFC3339))
			default:
				row = append(row, fmt.Sprint(v))
			}
		}
		b.WriteString(strings.Join(row, " | ") + "\n")
	}
	line(func(i int) any { return t.Columns[i].Name })
	for _, row := range t.Rows {
		line(func(i int) any { return row[i] })
	}
	return b.String()
}

// askRecords asks all of these questions.
func askRecords(t *testing.T, d *analysis.Data) map[string]*analysis.Table {
	t.Helper()
	questions, err := analysis.Questions()
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]*analysis.Table{}
	for _, q := range questions {
		if !slices.Contains(ofRecords, q.Number) {
			continue
		}
		for i := range q.Parts {
			table, err := d.Ask(t.Context(), &q.Parts[i], false)
			if err != nil {
				t.Errorf("question %d: %v", q.Number, err)
				continue
			}
			tables[table.ID] = table
		}
	}
	return tables
}

// TestOddRecords holds every table of these questions against what follows from the names above, with one thread and with several.
func TestOddRecords(t *testing.T) {
	for _, threads := range []int{1, 3} {
		tables := askRecords(t, oddRecords(t, analysis.Options{Threads: threads}))
		for id, table := range tables {
			want, ok := wantTables[id]
			if got := cells(table); !ok || got != strings.TrimPrefix(want, "\n") {
				t.Errorf("%d threads, table %s:\n%s\nwant\n%s", threads, id, got, want)
			}
		}
		for id := range wantTables {
			if tables[id] == nil {
				t.Errorf("no question has a table %s", id)
			}
		}
		checkTables(t, tables)
	}
}

// TestNothingThere asks the questions of scans without names, without covered names, and in which all look-ups failed.
func TestNothingThere(t *testing.T) {
	for _, names := range [][]lookup{nil, {{name: "none.com"}}, {{name: "fail.com", outcome: record.Timeout}, {name: "optout.com", outcome: record.Skipped}}} {
		tables := askRecords(t, prepared(t, scantest.Scan{}, names, analysis.Options{}))
		checkTables(t, tables)
		for _, id := range []string{"locked-out", "flag-uses", "all-findings", "rfc8657", "set-records", "iodef"} {
			for _, row := range tables[id].Rows {
				if n, of := row[tables[id].Column("n")], row[tables[id].Column("of")]; n != int64(0) || of != int64(0) {
					t.Errorf("%d names: table %s has %v of %v: %v", len(names), id, n, of, row)
				}
			}
		}
	}
}

// wholes are the tables whose rows are all the parts of one whole.
var wholes = []string{"ttl-distribution", "set-records", "reply-octets", "response-time", "waiting"}

// checkTables holds what is true of every scan: a share is between 0 and 1 and of what its table says, parts make a whole, and what is
// told from records is what the scan itself has said.
func checkTables(t *testing.T, tables map[string]*analysis.Table) {
	t.Helper()
	number := func(id string, row int, column string) int64 {
		v, _ := tables[id].Rows[row][max(tables[id].Column(column), 0)].(int64)
		return v
	}
	for id, table := range tables {
		if len(table.Rows) > 1002 {
			t.Errorf("table %s has %d rows", id, len(table.Rows))
		}
		if table.Figure != nil && table.Missing == "" {
			for option, columns := range table.Figure.Options {
				for column := range strings.SplitSeq(columns, "+") {
					if table.Column(column) < 0 {
						t.Errorf("table %s has no column %s, which its figure takes for %s", id, column, option)
					}
				}
			}
		}
		n, of := table.Column("n"), table.Column("of")
		for i, row := range table.Rows {
			for c, column := range table.Columns {
				if v, ok := row[c].(float64); ok && column.Kind == analysis.Share && (v < 0 || v > 1) {
					t.Errorf("table %s: %s is %v in %v", id, column.Name, v, row)
				}
			}
			if n < 0 {
				continue
			}
			if of < 0 || table.Column("unknown") < 0 {
				t.Errorf("table %s counts names, and has no denominator or does not say how many are unknown", id)
				break
			}
			if a, b := number(id, i, "n"), number(id, i, "of"); a < 0 || a > b || number(id, i, "unknown") < 0 {
				t.Errorf("table %s: %v", id, row)
			}
			if own := table.Column("own_names"); own >= 0 && number(id, i, "own_names") > number(id, i, "n") {
				t.Errorf("table %s: more own names than names: %v", id, row)
			}
		}
	}
	for _, id := range wholes {
		var sum int64
		for i := range tables[id].Rows {
			sum += number(id, i, "n")
		}
		if of := number(id, 0, "of"); sum != of {
			t.Errorf("table %s: the rows have %d names, of %d", id, sum, of)
		}
	}
	var outcomes int64
	for i := 1; i < len(tables["look-ups"].Rows); i++ {
		outcomes += number("look-ups", i, "n")
	}
	if of := number("look-ups", 0, "of"); outcomes != of {
		t.Errorf("the outcomes are of %d names, of %d", outcomes, of)
	}
	found := map[any]int64{}
	for i, row := range tables["all-findings"].Rows {
		found[row[0]] = number("all-findings", i, "n")
		if meaning, _ := row[tables["all-findings"].Column("meaning")].(string); meaning == "" || strings.ContainsAny(meaning, "{}") {
			t.Errorf("finding %v means %q", row[0], meaning)
		}
	}
	for _, same := range []struct {
		id, finding string
		row         int
	}{
		{"locked-out", "all_unknown_locked_out", 0}, {"stale-issuers", "issuer_distrusted", 0}, {"smime-trust", "issuer_no_smime_trust", 2},
		{"flag-uses", "critical_unknown_tag", 2}, {"flag-uses", "reserved_flag_bits", 3}, {"odd-tags", "unknown-tag", 0},
	} {
		if got := number(same.id, same.row, "n"); got != found[same.finding] {
			t.Errorf("table %s has %d names, the finding %s has %d", same.id, got, same.finding, found[same.finding])
		}
	}
}

// TestInjectedRecords is about an operator that adds a record to all sets, and gives those a set who have none: where owners have bound
// their records to an account, the one that it adds lets everybody in.
func TestInjectedRecords(t *testing.T) {
	var names []lookup
	for i := range 10 {
		names = append(names, lookup{name: fmt.Sprintf("bound%d.com", i), operator: "cdn.net", records: []string{
			fmt.Sprintf("0 issue pki.goog; accounturi=https://ca.example/%d", i), "0 issue pki.goog", "0 issue ssl.com; cansignhttpexchanges=yes",
		}})
	}
	for i := range 10 {
		names = append(names, lookup{name: fmt.Sprintf("default%d.org", i), operator: "cdn.net", records: []string{"0 issue pki.goog", "0 issue ssl.com; cansignhttpexchanges=yes"}})
	}
	names = append(names,
		lookup{name: "www.default0.org", depth: 1, operator: "cdn.net", records: []string{"0 issue pki.goog", "0 issue ssl.com; cansignhttpexchanges=yes"}}, // inherited
		lookup{name: "other.com", operator: "own.net", records: []string{"0 issue pki.goog; accounturi=https://ca.example/1", "0 issue ssl.com"}},           // another CA unbound
		lookup{name: "fail.com", operator: "cdn.net", outcome: record.ServFail})
	tables := askRecords(t, prepared(t, scantest.Scan{}, names, analysis.Options{}))
	for id, want := range map[string]string{
		// Eleven different sets at the operator, in all of which the unbound record stands.
		"rfc8657-by-operator": "dns_operator | n | of | common | unknown | different_sets\ncdn.net | 10 | 10 | 10 | 1 | 11\nown.net | 0 | 1 | 0 | 0 | 1\n",
		// One set is at ten registrable domains; two records stand in all eleven.
		"operator-sets": "dns_operator | n | of | unknown | different_sets | largest | in_all_records\ncdn.net | 10 | 20 | 1 | 11 | 10 | 2\nown.net | 0 | 1 | 0 | 1 | 1 | -\n",
	} {
		if got := cells(tables[id]); got != want {
			t.Errorf("table %s:\n%s\nwant\n%s", id, got, want)
		}
	}
	checkTables(t, tables)
}

// TestLongTables is about more issuers, values, tags, parameters, targets and operators than a table shows: the smallest, and of equals the last by the
// alphabet, are in one row together.
func TestLongTables(t *testing.T) {
	var names []lookup
	for i := range 1100 {
		names = append(names, lookup{
			name: fmt.Sprintf("d%04d.com", i), operator: fmt.Sprintf("op%04d.net", i), mx: fmt.Sprintf("mx.mail%04d.net", i),
			records: []string{
				fmt.Sprintf("0 issue nobody%04d.example; p%04d=1", i, i), fmt.Sprintf("0 issue %04d.example.", i), fmt.Sprintf("128 private%04d x", i),
				fmt.Sprintf("0 iodef mailto:x@report%04d.example", i), "0 issue pki.goog; accounturi=https://ca.example/1",
			},
			edit: func(d *output.Domain) { servers("caa_differs", 2, 2, 0, 1)(d); hosts("found restricted")(d) },
		})
	}
	tables := askRecords(t, prepared(t, scantest.Scan{}, names, analysis.Options{}))
	checkTables(t, tables)
	for id, want := range map[string][2]string{ // the last row that is one thing, and the last
		"unknown-issuers":         {"nobody0999.example | 1 | 1 | issue | - | -", "(all others) | 100 | 100 | - | - | -"},
		"malformed-values":        {"issue | 0999.example. | 1 | 1 | issuer_trailing_dot | 0999.example", "(all others) | - | 100 | 100 | - | -"},
		"iodef-targets":           {"mailto | report0999.example | 1 | 1", "(all others) | - | 100 | 100"},
		"unknown-tags":            {"private0999 | private | 1 | 1100 | 1 | 1 | 0", "(all others) | - | 100 | 1100 | 100 | 100 | 0"},
		"other-parameters":        {"p0999 | 1 | 1100 | 1 | 0 | 1 | 0", "(all others) | 100 | 1100 | 100 | 0 | - | 0"},
		"rfc8657-by-operator":     {"op0999.net | 0 | 1 | 0 | 0 | 1", "(all others) | 0 | 100 | 0 | 0 | -"},
		"operator-sets":           {"op0999.net | 0 | 1 | 0 | 1 | 1 | -", "(all others) | 0 | 100 | 0 | - | - | -"},
		"ttl-by-operator":         {"op0999.net | 0 | 1 | 0", "(all others) | 0 | 100 | 0"},
		"consistency-by-operator": {"op0999.net | 1 | 1 | 0 | 0 | 0 | 1 | 0", "(all others) | 100 | 100 | 0 | 0 | 0 | 100 | 0"},
		"mx-hosts-by-operator":    {"mail0999.net | 1 | 1 | 0", "(all others) | 100 | 100 | 0"},
	} {
		rows := strings.Split(strings.TrimSpace(cells(tables[id])), "\n")
		if got := [2]string(rows[len(rows)-2:]); got != want {
			t.Errorf("table %s ends in\n%s\nwant\n%s", id, strings.Join(got[:], "\n"), strings.Join(want[:], "\n"))
		}
	}
}
