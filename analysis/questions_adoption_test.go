package analysis

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
)

// adoptionQuestions are the questions that this file holds against expectations.
var adoptionQuestions = []int{1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 23, 24, 26}

// madeUpSet is a set with what follows from it, each stated by hand: the kinds of certificates are those of spec section 8.
type madeUpSet struct {
	records            string // flags, tag and value of each, separated by bars, in the order of their text
	issuers            string // of the issue tags among them, in their order; a dash: nobody, by a value that is well formed; an exclamation mark: malformed
	tls, wild, smime   string // posture, and whom it names
	tlsOwners, byOwner string // groups of CAs that go by the issuers for TLS and for S/MIME
}

var madeUpSets = map[string]madeUpSet{
	"A": {`0 issue "letsencrypt.org"`, "letsencrypt.org", "restricted letsencrypt.org", "restricted letsencrypt.org", "open", "ISRG", ""},
	"B": {`0 iodef "mailto:a@b.com" | 0 issue "amazon.com" | 0 issuewild ";"`, "amazon.com -", "restricted amazon.com", "closed", "open", "Amazon,DigiCert", ""},
	"C": {`0 issue ";"`, "-", "closed", "closed", "open", "", ""},
	"D": {`0 issue "digicert.com" | 0 issue "letsencrypt.org" | 0 issuemail "digicert.com"`, "digicert.com letsencrypt.org digicert.com",
		"restricted digicert.com,letsencrypt.org", "restricted digicert.com,letsencrypt.org", "restricted digicert.com", "DigiCert,ISRG", "DigiCert"},
	"E": {`0 issuemail "sectigo.com"`, "sectigo.com", "open", "open", "restricted sectigo.com", "", "Sectigo"},
	"F": {`0 iodef "https://b.example/"`, "", "open", "open", "open", "", ""},
	"G": {`0 contactemail "a@g.de" | 0 issuevmc "digicert.com"`, "digicert.com", "open", "open", "open", "", ""},
	"H": {`0 <script> "=1+1" | 0 issue "ca.example" | 0 issuewild "ca.example"`, "ca.example ca.example", "restricted ca.example", "restricted ca.example", "open", "", ""},
	"I": {`0 issue "https://letsencrypt.org" | 0 issuemail ";"`, "! -", "closed", "closed", "closed", "", ""},
	"J": {`0 issue "letsencrypt.org" | 0 issuemail "letsencrypt.org" | 128 new "x"`, "letsencrypt.org letsencrypt.org", "blocked letsencrypt.org", "blocked letsencrypt.org", "blocked letsencrypt.org", "ISRG", "ISRG"},
	"K": {`0 issuemail "digicert.com" | 0 issuemail "sectigo.com" | 0 issuewild "digicert.com"`, "digicert.com sectigo.com digicert.com",
		"open", "restricted digicert.com", "restricted digicert.com,sectigo.com", "", "DigiCert,Sectigo"},
	"L": {`0 issue "sectigo.com" | 0 issuemail "sectigo.com"`, "sectigo.com sectigo.com", "restricted sectigo.com", "restricted sectigo.com", "restricted sectigo.com", "Sectigo", "Sectigo"},
}

// adoptionRelations are sets for what the names of testdata/adoption-names.txt do not show.
var adoptionRelations = []madeUpSet{
	{`0 issue "amazon.com" | 0 issuemail "sectigo.com"`, "amazon.com sectigo.com", "restricted amazon.com", "restricted amazon.com", "restricted sectigo.com", "Amazon,DigiCert", "Sectigo"},
	{`0 issue "letsencrypt.org, digicert.com"`, "!", "closed", "closed", "open", "", ""},
	{`0 issue ";" | 0 issuemail "sectigo.com"`, "- sectigo.com", "closed", "closed", "restricted sectigo.com", "", "Sectigo"},
	{`0 issue ";" | 0 issue "letsencrypt.org."`, "- !", "closed", "closed", "open", "", ""},
}

// TestAdoptionRelations: who names one authority for TLS and another for S/MIME; who is closed by malformed values alone, and who by an empty
// issuer, too; who names somebody for S/MIME only.
func TestAdoptionRelations(t *testing.T) {
	scan := new(scantest.Scan)
	for i, set := range adoptionRelations {
		d := madeUpDomain(t, []string{fmt.Sprintf("n%d.de", i), "zone", "", "", "de", "exists", "ok", "found:yes", "google.com", "op.de", "found", "0", "", "A", "insecure", "", "", ""})
		d.CAA = nil
		set.put(&d, fmt.Sprint(i))
		scan.Domains = append(scan.Domains, d)
	}
	tables := asked(t, prepared(t, scan), []int{4, 7})
	for id, want := range map[string]string{
		"mail-against-tls": "permits | n | of | share | of_covered_share | own_names | email_capable | unknown | unknown_share\n" +
			"some or nobody for TLS, everybody for S/MIME | 2 | 4 | 0.5000 | 0.5000 | 2 | 2 | 0 | 0.0000\n" +
			"more for S/MIME than for TLS | 1 | 4 | 0.2500 | 0.2500 | 1 | 1 | 0 | 0.0000\n" +
			"some for TLS only, others for S/MIME only | 1 | 4 | 0.2500 | 0.2500 | 1 | 1 | 0 | 0.0000\n",
		"nobody-for-tls-by-mx": "mx_status | smime_posture | n | of | share | of_closed_share | email_capable | unknown | unknown_share\n" +
			"found | open | 2 | 4 | 0.5000 | 0.6667 | 2 | 0 | 0.0000\n" +
			"found | restricted | 1 | 4 | 0.2500 | 0.3333 | 1 | 0 | 0.0000\n",
		// sectigo.com: named for S/MIME only by the first and third, and TLS is not left to it by any. To amazon.com S/MIME is closed by the first and third,
		// TLS by all but the first. The second and fourth leave S/MIME to everybody and TLS to nobody.
		"one-kind-by-issuer": "issuer | owners | n | of | share | tls_only_by_name | smime_only | smime_only_share | smime_only_by_name | named_for_both | unknown | unknown_share\n" +
			"sectigo.com | Sectigo | 0 | 4 | 0.0000 | 0 | 4 | 1.0000 | 2 | 0 | 0 | 0.0000\n" +
			"amazon.com | Amazon, DigiCert | 1 | 4 | 0.2500 | 1 | 2 | 0.5000 | 0 | 0 | 0 | 0.0000\n" +
			"(whom no set names) | - | 0 | 4 | 0.0000 | 0 | 2 | 0.5000 | 0 | 0 | 0 | 0.0000\n",
	} {
		if got := lines(tables[id]); got != want {
			t.Errorf("table %s:\n%s\nwant:\n%s", id, got, want)
		}
	}
	all := tables["nobody-for-tls"]
	for column, want := range map[string]int64{"n": 2, "on_purpose": 1, "by_malformed_values": 1, "closed_for_tls": 3} {
		if got := all.Rows[0][all.Column(column)]; got != want {
			t.Errorf("table nobody-for-tls: %s of all names is %v, want %d", column, got, want)
		}
	}
}

// list makes a list of a text with commas; empty, not NULL, of none.
func list(text string) []string {
	if text == "" {
		return []string{}
	}
	return strings.Split(text, ",")
}

// put fills the columns about the relevant RRset.
func (s madeUpSet) put(d *output.Domain, hash string) {
	d.CAARRsetHash = hash
	issuers := strings.Fields(s.issuers)
	has := map[string]bool{}
	for text := range strings.SplitSeq(s.records, " | ") {
		fields := strings.SplitN(text, " ", 3)
		flags, err := strconv.ParseUint(fields[0], 10, 8)
		if err != nil {
			panic(err)
		}
		p := output.Property{Flags: uint8(flags), Tag: fields[1], Value: strings.Trim(fields[2], `"`), Critical: flags == 128, Params: []output.Param{}, Syntax: "ok"}
		tag := p.Tag
		switch tag {
		case "issue", "issuewild", "issuemail", "issuevmc":
			switch issuers[0] {
			case "-":
			case "!":
				p.Syntax = "malformed"
			default:
				p.IssuerDomain = issuers[0]
			}
			issuers = issuers[1:]
		case "iodef", "contactemail", "contactphone":
		default:
			tag, p.Syntax = "", "unchecked"
		}
		has[tag] = true
		d.CAA = append(d.CAA, p)
	}
	flag := func(tag string) *bool { return new(has[tag]) }
	d.IssueSet, d.IssuewildSet, d.IodefSet, d.IssuemailSet = flag("issue"), flag("issuewild"), flag("iodef"), flag("issuemail")
	d.IssuevmcSet, d.ContactemailSet, d.ContactphoneSet, d.UnknownTagSet = flag("issuevmc"), flag("contactemail"), flag("contactphone"), flag("")
	var named string
	d.TLSPosture, named, _ = strings.Cut(s.tls, " ")
	d.TLSIssuers = list(named)
	d.TLSWildPosture, named, _ = strings.Cut(s.wild, " ")
	d.TLSWildIssuers = list(named)
	d.SMIMEPosture, named, _ = strings.Cut(s.smime, " ")
	d.SMIMEIssuers = list(named)
	d.TLSCAOwners, d.SMIMECAOwners = list(s.tlsOwners), list(s.byOwner)
	d.IssuerCountTLS, d.IssuerCountSMIME, d.OwnerCountTLS = new(int16(len(d.TLSIssuers))), new(int16(len(d.SMIMEIssuers))), new(int16(len(d.TLSCAOwners)))
	d.CAACount = new(int16(len(d.CAA)))
}

// adoptionScan reads testdata/adoption-names.txt.
func adoptionScan(t testing.TB) *scantest.Scan {
	t.Helper()
	text, err := os.ReadFile("testdata/adoption-names.txt")
	if err != nil {
		t.Fatal(err)
	}
	scan := new(scantest.Scan)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 18 {
			t.Fatalf("%d cells: %s", len(cells), line)
		}
		for i := range cells {
			if cells[i] = strings.TrimSpace(cells[i]); cells[i] == "-" {
				cells[i] = ""
			}
		}
		scan.Domains = append(scan.Domains, madeUpDomain(t, cells))
	}
	scan.Servers = adoptionServers()
	return scan
}

// madeUpDomain makes a row of the cells of a line.
func madeUpDomain(t testing.TB, cells []string) output.Domain {
	t.Helper()
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	name, suffix := cells[0], cells[4]
	labels := strings.Split(name, ".")
	d := output.Domain{
		QueryName: name, SourceList: cells[1], RankBucket: cells[3], PublicSuffix: suffix, PSLSection: "icann", TLD: labels[len(labels)-1],
		Labels: int8(len(labels)), IsRegistrable: len(labels) == len(strings.Split(suffix, "."))+1,
		Exists: cells[5], Status: cells[6], MXOperator: cells[8], DNSOperator: cells[9], CAAStatus: cells[10], CAAViaAlias: cells[12],
		DNSSECStatus: cells[14], DMARCPolicy: cells[15], MTASTS: cells[16], TLSPosture: "error", SMIMEPosture: "error",
	}
	if cells[2] != "" {
		d.Rank = number(cells[2])
	}
	mx, capable, _ := strings.Cut(cells[7], ":")
	if mx != "-" {
		d.MXStatus = mx
	}
	if capable != "-" {
		d.EmailCapable = new(capable == "yes")
	}
	switch d.CAAStatus {
	case "found":
		depth := int8(number(cells[11]))
		d.CAADepth, d.CAAAtName = &depth, new(depth == 0)
		d.CAAName = strings.Join(labels[depth:], ".")
		madeUpSets[cells[13]].put(&d, strings.ToLower(cells[13]))
	case "none":
		d.CAAAtName, d.TLSPosture, d.SMIMEPosture = new(false), "absent", "absent"
	case "error":
		if d.Status == "lame" || d.Status == "blocked" { // above the name, which has none
			d.CAAAtName = new(false)
		}
	}
	if answered, tried, ok := strings.Cut(cells[17], "/"); ok {
		d.NSAnswered, d.NSTried = new(int8(number(answered))), new(int8(number(tried)))
	}
	return d
}

// adoptionServers are name servers: two that answer, of which one dropped the question in another run; one each that drops it, refuses everything,
// and does not implement it; one that in two runs did two things; one that answers nothing, and one that opted out.
func adoptionServers() []output.NameServer {
	server := func(ip, operator string, run int16, support string, answered, refused, notimp int64) output.NameServer {
		return output.NameServer{ServerIP: ip, ServerNames: []string{}, DNSOperator: operator, Run: run, CAASupport: support,
			Sent: answered, Answered: answered, Refused: refused, NotImp: notimp}
	}
	return []output.NameServer{
		server("192.0.2.1", "op1.net", 1, "answers", 10, 0, 0),
		server("192.0.2.1", "op1.net", 2, "drops", 5, 0, 0),
		server("192.0.2.2", "op1.net", 1, "drops", 5, 0, 0),
		server("192.0.2.3", "op2.net", 1, "refuses", 4, 4, 0),
		server("192.0.2.4", "op3.de", 1, "notimp", 6, 0, 2),
		server("192.0.2.5", "op3.de", 1, "", 0, 0, 0),
		{ServerIP: "192.0.2.6", ServerNames: []string{}, DNSOperator: "op3.de", Run: 1, OptedOut: true},
		server("192.0.2.7", "", 1, "refuses", 3, 1, 0),
		server("192.0.2.7", "", 2, "notimp", 1, 0, 1),
		server("192.0.2.8", "op1.net", 1, "answers", 7, 0, 0),
	}
}

// asked answers the questions with the numbers, by the identifiers of the tables.
func asked(t testing.TB, d *Data, numbers []int) map[string]*Table {
	t.Helper()
	questions, err := Questions()
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]*Table{}
	for _, q := range questions {
		if !slices.Contains(numbers, q.Number) {
			continue
		}
		for _, p := range q.Parts {
			table, err := d.Ask(t.Context(), &p, false)
			if err != nil {
				t.Fatalf("question %d: %v", q.Number, err)
			}
			tables[p.ID] = table
		}
	}
	return tables
}

// prepared opens a scan and prepares the questions.
func prepared(t testing.TB, scan *scantest.Scan) *Data {
	t.Helper()
	d, err := Open(context.Background(), []string{scan.Write(t, t.TempDir())}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// lines writes a table as testdata/adoption-tables.txt has it: the columns, then the rows; shares with four digits, nothing as a dash.
func lines(table *Table) string {
	var b strings.Builder
	names := make([]string, len(table.Columns))
	for i, c := range table.Columns {
		names[i] = c.Name
	}
	fmt.Fprintln(&b, strings.Join(names, " | "))
	for _, row := range table.Rows {
		cells := make([]string, len(row))
		for i, v := range row {
			switch v := v.(type) {
			case nil:
				cells[i] = "-"
			case float64:
				cells[i] = fmt.Sprintf("%.4f", v)
			default:
				cells[i] = fmt.Sprint(v)
			}
		}
		fmt.Fprintln(&b, strings.Join(cells, " | "))
	}
	return b.String()
}

// TestAdoption holds every table of these questions against testdata/adoption-tables.txt, which says of each why it must be so.
func TestAdoption(t *testing.T) {
	text, err := os.ReadFile("testdata/adoption-tables.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	var id string
	for line := range strings.Lines(string(text)) {
		if said, ok := strings.CutPrefix(line, "== "); ok {
			id = strings.TrimSpace(said)
		} else if !strings.HasPrefix(line, "#") && strings.TrimSpace(line) != "" {
			want[id] += line
		}
	}
	tables := asked(t, prepared(t, adoptionScan(t)), adoptionQuestions)
	for id, table := range tables {
		if got := lines(table); got != want[id] {
			t.Errorf("table %s:\n%s\nwant:\n%s", id, got, want[id])
		}
		delete(want, id)
	}
	for id := range want {
		t.Errorf("there is no table %s", id)
	}
}
