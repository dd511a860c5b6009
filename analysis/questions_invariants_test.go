package analysis

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
)

// TestInvariants: what holds of the tables whatever the scan, of the names made up by hand, of thousands by chance, which have more groups
// than a table shows, and of a scan in which nothing was asked.
func TestInvariants(t *testing.T) {
	for name, scan := range map[string]*scantest.Scan{
		"by hand":   adoptionScan(t),
		"by chance": chanceScan(4500),
		"nothing":   {Domains: []output.Domain{{QueryName: "out.com", TLD: "com", PublicSuffix: "com", Labels: 2, IsRegistrable: true, Exists: "unresolved", Status: "blocked", TLSPosture: "error", SMIMEPosture: "error"}}},
	} {
		t.Run(name, func(t *testing.T) {
			tables := asked(t, prepared(t, scan), adoptionQuestions)
			r := report{t, tables}
			for id, table := range tables {
				if table.Missing == "" {
					r.bounds(id)
				}
			}
			r.populations(scan)
			r.sums()
			if name == "by chance" {
				r.folded()
			}
		})
	}
}

// report is the tables of a scan, by identifier.
type report struct {
	*testing.T
	tables map[string]*Table
}

// column returns the values of a column by the row.
func (r report) column(id, column string) []any {
	table := r.tables[id]
	i := table.Column(column)
	if i < 0 {
		r.Fatalf("table %s has no column %s", id, column)
	}
	values := make([]any, len(table.Rows))
	for j, row := range table.Rows {
		values[j] = row[i]
	}
	return values
}

// sum adds a column of counts up. Of a table without an answer it is 0.
func (r report) sum(id, column string) (sum int64) {
	if r.tables[id].Missing != "" {
		return 0
	}
	for _, v := range r.column(id, column) {
		sum += v.(int64)
	}
	return sum
}

// cell is a count in the row whose first cell is label; 0 if there is none.
func (r report) cell(id, label, column string) int64 {
	for i, v := range r.column(id, column) {
		if r.tables[id].Rows[i][0] == label {
			return v.(int64)
		}
	}
	return 0
}

// bounds: no count is negative, no part is larger than the whole, no share leaves 0 to 1, what is cumulative does not fall and ends at all.
func (r report) bounds(id string) {
	table := r.tables[id]
	n, of := table.Column("n"), table.Column("of")
	for j, row := range table.Rows {
		if n >= 0 && row[n].(int64) > row[of].(int64) {
			r.Errorf("table %s: more than all: %v", id, row)
		}
		for i, c := range table.Columns {
			switch v := row[i].(type) {
			case int64:
				if v < 0 {
					r.Errorf("table %s: %s = %d", id, c.Name, v)
				}
			case float64:
				if c.Kind != Share || v < 0 || v > 1+1e-9 {
					r.Errorf("table %s: %s = %v of kind %d", id, c.Name, v, c.Kind)
				}
				if c.Name == "cumulative_share" && (j > 0 && v < table.Rows[j-1][i].(float64) || j == len(table.Rows)-1 && v < 1-1e-9) {
					r.Errorf("table %s: cumulative share %v in row %d of %d", id, v, j+1, len(table.Rows))
				}
			}
		}
	}
}

// populations: two series of groups add up to all names, in every column; and names in scope are as many as there are.
func (r report) populations(scan *scantest.Scan) {
	for id, table := range r.tables {
		if len(table.Columns) == 0 || table.Columns[0].Name != "counted" {
			continue
		}
		for _, c := range table.Columns {
			if c.Kind != Count {
				continue
			}
			all := r.cell(id, "all names", c.Name)
			if sum := r.cell(id, "registrable domains", c.Name) + r.cell(id, "other names", c.Name); sum != all {
				r.Errorf("table %s: %s of registrable domains and other names is %d, of all %d", id, c.Name, sum, all)
			}
			if sum := r.cell(id, "e-mail-capable", c.Name) + r.cell(id, "not e-mail-capable", c.Name) + r.cell(id, "e-mail not known", c.Name); sum != all {
				r.Errorf("table %s: %s by mail is %d, of all %d", id, c.Name, sum, all)
			}
		}
		if names := r.cell(id, "all names", "of") + r.cell(id, "all names", "unknown"); names != int64(len(scan.Domains)) {
			r.Errorf("table %s: %d names in scope of %d", id, names, len(scan.Domains))
		}
	}
}

// The dimensions of break-downs, by the end of a table's identifier, and the populations to which they add up.
var breakdowns = map[string]map[string]string{ // table of populations -> population -> tables
	"issuemail":         {"e-mail-capable": "issuemail-by-bucket issuemail-by-tld issuemail-by-dns-operator issuemail-by-mail-operator"},
	"any-caa":           {"all names": "caa-by-bucket caa-by-list"},
	"mail-left-open":    {"e-mail-capable": "mail-left-open-by-bucket mail-left-open-by-tld mail-left-open-by-dns-operator mail-left-open-by-mail-operator"},
	"nobody-for-tls":    {"all names": "nobody-for-tls-by-bucket nobody-for-tls-by-tld nobody-for-tls-by-dns-operator"},
	"mail-only":         {"all names": "mail-only-by-bucket mail-only-by-tld"},
	"restricts-nothing": {"all names": "restricts-nothing-by-bucket restricts-nothing-by-tld restricts-nothing-by-dns-operator"},
	"cannot-be-checked": {"all names": "cannot-be-checked-by-dns-operator"},
	"one-owner":         {"all names": "one-owner-by-bucket"},
	"inherited":         {"other names": "inherited-by-tld"},
	"by-alias":          {"all names": "by-alias-by-bucket"},
}

// sums: break-downs add up to the group that they break down, and what every name is in once to all names.
func (r report) sums() {
	for whole, populations := range breakdowns {
		for population, ids := range populations {
			for _, id := range strings.Fields(ids) {
				if r.tables[id].Missing != "" {
					continue
				}
				for _, column := range []string{"n", "of", "unknown"} {
					if sum, all := r.sum(id, column), r.cell(whole, population, column); sum != all {
						r.Errorf("table %s: %s adds up to %d, of %s it is %d", id, column, sum, population, all)
					}
				}
			}
		}
	}
	for _, id := range []string{"caa-by-tld", "caa-by-dns-operator"} {
		for column, all := range map[string]string{"n": "at_the_name", "of": "of", "covered": "n", "unknown": "unknown"} {
			if sum, all := r.sum(id, column), r.cell("any-caa", "registrable domains", all); sum != all {
				r.Errorf("table %s: %s adds up to %d, of registrable domains it is %d", id, column, sum, all)
			}
		}
	}
	all := "all names"
	covered := r.cell("any-caa", all, "n")
	for id, want := range map[string]int64{
		"tag-combinations": covered, "postures-mail-tls": covered, "mail-against-tls": covered, "depths": covered, "inherited-from": covered, "sharing": covered, "shared-sets": covered,
		"nobody-for-tls-by-mx": r.cell("nobody-for-tls", all, "closed_for_tls"), "restricts-nothing-tags": r.cell("restricts-nothing", all, "n"),
		"failure-classes": r.cell("cannot-be-checked", all, "n"), "failure-classes-by-dns-operator": r.cell("cannot-be-checked", all, "n"),
		"dnssec-by-caa": r.cell("any-caa", all, "of"), "caa-by-dnssec": covered, "alias-hosters": r.cell("by-alias", all, "n"), "alias-targets": r.cell("by-alias", all, "n"),
		"issuer-counts": r.cell("market", "issue", "n"), "issuer-counts-mail": r.cell("market", "issuemail", "n"), "suffixes-with-caa": r.cell("inherited", all, "by_suffix"),
	} {
		if sum := r.sum(id, "n"); sum != want {
			r.Errorf("table %s: n adds up to %d, want %d", id, sum, want)
		}
	}
	any := r.tables["any-caa"]
	for _, row := range any.Rows {
		sum := int64(0)
		for _, c := range []string{"at_the_name", "by_alias", "inherited", "inherited_by_alias"} {
			sum += row[any.Column(c)].(int64)
		}
		if sum != row[any.Column("n")].(int64) {
			r.Errorf("table any-caa: the ways add up to %d: %v", sum, row)
		}
	}
	classes := r.tables["cannot-be-checked-by-dns-operator"]
	for _, row := range classes.Rows {
		sum := int64(0)
		for i := classes.Column("timeout"); i <= classes.Column("skipped"); i++ {
			sum += row[i].(int64)
		}
		if sum != row[classes.Column("n")].(int64) {
			r.Errorf("table %s: the classes add up to %d: %v", classes.ID, sum, row)
		}
	}
	for _, id := range []string{"tags", "tag-combinations", "postures-mail-tls", "mail-against-tls", "depths", "inherited-from", "market", "dnssec-by-caa", "owners-issue", "issuers-issue",
		"nobody-for-tls-by-mx", "mail-only-by-issuer", "restricts-nothing-tags", "one-kind-by-issuer", "shared-sets", "alias-hosters"} {
		if r.tables[id].Missing != "" {
			continue
		}
		for i, of := range r.column(id, "of") {
			if names, want := of.(int64)+r.column(id, "unknown")[i].(int64), r.cell("any-caa", all, "of")+r.cell("any-caa", all, "unknown"); names != want {
				r.Errorf("table %s, row %d: %d names in scope of %d", id, i+1, names, want)
			}
		}
	}
}

// folded: a table shows 1000 groups, and one row of all others at the end; fewer groups where some of the 1000 have no name that it is about.
func (r report) folded() {
	for i, ids := range []string{
		"nobody-for-tls-by-dns-operator nobody-for-tls-by-tld mail-only-by-tld restricts-nothing-by-dns-operator issuers-issue issuers-issuemail " +
			"mail-only-by-issuer alias-hosters alias-targets shared-sets shared-sets-by-operator",
		"issuemail-by-tld issuemail-by-dns-operator issuemail-by-mail-operator caa-by-tld caa-by-dns-operator mail-left-open-by-tld inherited-by-tld cannot-be-checked-by-dns-operator",
	} {
		for _, id := range strings.Fields(ids) {
			rows := r.tables[id].Rows
			if len(rows) > 1001 || i == 0 && len(rows) != 1001 || rows[len(rows)-1][0] != "(all others)" {
				r.Errorf("table %s has %d rows, the last %v", id, len(rows), rows[len(rows)-1])
			}
		}
	}
}

// chanceScan makes up n names by chance, the same every time, with groups of most sorts more than a table shows: TLDs, operators,
// issuers, hosters, sets.
func chanceScan(n int) *scantest.Scan {
	rng := rand.New(rand.NewPCG(7, 26))
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	letters := strings.Split("ABCDEFGHIJKL", "")
	var issuers, hosters int // given so far
	scan := new(scantest.Scan)
	for i := range n {
		const groups = 1050
		tld := fmt.Sprintf("t%d", i%groups)
		d := output.Domain{
			QueryName: fmt.Sprintf("n%d.%s", i, tld), SourceList: pick("x", "y"), RankBucket: pick("", "1-1k", "1k-10k", "10k-100k", "1m+"), TLD: tld, PublicSuffix: tld,
			PSLSection: "icann", Labels: 2, IsRegistrable: true, Exists: pick("exists", "exists", "exists", "nxdomain", "unresolved"), Status: "ok",
			MXStatus: pick("found", "nodata", "null_mx", "error"), MXOperator: fmt.Sprintf("mx%d.example", rng.IntN(groups)), DNSOperator: fmt.Sprintf("dns%d.example", (i+i/groups)%groups),
			CAAStatus: pick("found", "found", "found", "found", "none", "error"), DNSSECStatus: pick("secure", "insecure"), DMARCPolicy: pick("", "none", "reject"), MTASTS: pick("", "absent", "published"),
		}
		if rng.IntN(3) == 0 {
			d.QueryName, d.Labels, d.IsRegistrable = "www."+d.QueryName, 3, false
		}
		if d.MXStatus != "error" {
			d.EmailCapable = new(d.MXStatus != "null_mx")
		}
		switch d.CAAStatus {
		case "error":
			d.Status = pick("timeout", "servfail", "bogus", "loop", "blocked", "skipped", "rcode")
		case "found":
			depth := int8(rng.IntN(int(d.Labels)))
			d.CAADepth, d.CAAAtName = &depth, new(depth == 0)
			set := pick(letters...)
			put, hash := madeUpSets[set], strings.ToLower(set)
			if rng.IntN(8) > 0 {
				issuer := fmt.Sprintf("ca%d.example", issuers/2%groups)
				hash = fmt.Sprintf("%s-%s", hash, issuer)
				put = madeUpSet{records: `0 issue "` + issuer + `" | 0 issuemail "` + issuer + `"`, issuers: issuer + " " + issuer,
					tls: "restricted " + issuer, wild: "restricted " + issuer, smime: "restricted " + issuer}
				if issuers++; issuers%2 == 0 {
					hash, put = hash+"-mail", madeUpSet{records: `0 issuemail "` + issuer + `"`, issuers: issuer, tls: "open", wild: "open", smime: "restricted " + issuer}
				}
			}
			put.put(&d, hash)
			if rng.IntN(2) == 0 {
				hosters++
				d.CAAViaAlias = fmt.Sprintf("e%d.cdn%d.t1", rng.IntN(3), hosters%groups)
			}
		}
		scan.Domains = append(scan.Domains, d)
	}
	scan.Servers = adoptionServers()
	return scan
}
