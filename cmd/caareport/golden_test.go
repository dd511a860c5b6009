package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/simnet"
)

// fact is what is known of a name of the small Internet before it is asked about.
type fact struct {
	simnet.Truth
	rank        int64
	tld         string
	registrable bool
	set         caa.Set // the relevant one; zero if there is none
	depth       int     // labels up to it
}

func (f *fact) answered() bool { return f.Failure == record.Found }
func (f *fact) covered() bool  { return f.Relevant != "" }

// facts are those of a world.
func facts(world *simnet.World) (all []fact) {
	suffixes := datasets.DefaultSuffixes()
	for i := range world.Len() {
		f := fact{Truth: world.Truth(i), rank: int64(i + 1)}
		f.tld = f.Name[strings.LastIndexByte(f.Name, '.')+1:]
		f.registrable = suffixes.Operator(f.Name) == f.Name
		if f.covered() {
			f.set = caa.Judge(world.Properties(i))
			f.depth = strings.Count(f.Name, ".") - strings.Count(f.Relevant, ".")
		}
		all = append(all, f)
	}
	return all
}

// kind is the posture for a kind of certificate, in the words of files.
func (f *fact) kind(k caa.Kind) string { return f.Posture[k].String() }

// has reports whether the set holds a tag.
func (f *fact) has(tag string) bool {
	return slices.ContainsFunc(f.set.Properties, func(p caa.Property) bool { return p.Is(tag) })
}

// counts are the numbers of the rows of a table, by its labels with bars between. A row that is nil is one of which the truth tells nothing.
type counts map[string]map[string]int64

// add adds one in a column of a row, if it holds; the row is there either way.
func (c counts) add(label, column string, holds bool) {
	if c[label] == nil {
		c[label] = map[string]int64{}
	}
	if holds {
		c[label][column]++
	} else {
		c[label][column] += 0
	}
}

// share counts a name in n, of and unknown.
func (c counts) share(label string, f *fact, has bool) {
	c.add(label, "n", f.answered() && has)
	c.add(label, "of", f.answered())
	c.add(label, "unknown", !f.answered())
}

// groups are those that shares are stated of (sql/scope.sql), "responsive" apart: the truth does not say if a name exists whose look-up fails.
func (f *fact) groups() (labels []string) {
	for label, in := range map[string]bool{
		"all names": true, "registrable domains": f.registrable, "other names": !f.registrable,
		"e-mail-capable": f.Capable == simnet.CapableYes, "not e-mail-capable": f.Capable == simnet.CapableNo, "e-mail not known": f.Capable == simnet.CapableUnknown,
		"e-mail-capable registrable domains": f.Capable == simnet.CapableYes && f.registrable,
		"e-mail-capable by an MX":            f.Capable == simnet.CapableYes && f.MX == simnet.MailFound,
	} {
		if in {
			labels = append(labels, label)
		}
	}
	return labels
}

// byGroup counts names in columns, by who is counted.
func byGroup(columns map[string]func(f *fact) bool) func(all []fact) counts {
	return func(all []fact) counts {
		c := counts{"responsive": nil}
		for i := range all {
			f := &all[i]
			for _, label := range f.groups() {
				c.add(label, "of", f.answered())
				c.add(label, "unknown", !f.answered())
				for column, holds := range columns {
					c.add(label, column, f.covered() && holds(f))
				}
			}
		}
		return c
	}
}

// ofCovered counts the covered names by labels, of which a name may have several or none.
func ofCovered(labels func(f *fact) []string) func(all []fact) counts {
	return func(all []fact) counts {
		c := counts{}
		for i := range all {
			if f := &all[i]; f.covered() {
				for _, label := range slices.Compact(slices.Sorted(slices.Values(labels(f)))) {
					c.add(label, "n", true)
				}
			}
		}
		return c
	}
}

// folded is ofCovered where a table has the 1000 largest rows, and one for the names with any other label.
func folded(labels func(f *fact) []string) func(all []fact) counts {
	return func(all []fact) counts {
		c := ofCovered(labels)(all)
		largest := slices.SortedFunc(maps.Keys(c), func(a, b string) int {
			return cmp.Or(cmp.Compare(c[b]["n"], c[a]["n"]), strings.Compare(a, b))
		})
		others := map[string]bool{}
		for _, label := range largest[min(1000, len(largest)):] {
			others[label] = true
			delete(c, label)
		}
		for i := range all {
			if f := &all[i]; f.covered() && slices.ContainsFunc(labels(f), func(label string) bool { return others[label] }) {
				c.add("(all others)", "n", true)
			}
		}
		return c
	}
}

// knownTags in the order of tables.
var knownTags = []string{"issue", "issuewild", "issuemail", "issuevmc", "iodef", "contactemail", "contactphone"}

// tags are those of the set, each once, all unknown ones as one.
func tags(f *fact) (all []string) {
	for _, tag := range knownTags {
		if f.has(tag) {
			all = append(all, tag)
		}
	}
	if slices.ContainsFunc(f.set.Properties, func(p caa.Property) bool { return !p.Known() }) {
		all = append(all, "(unknown)")
	}
	return all
}

// golden says how to find the numbers of a table from the facts: those of the columns that it gives, row by row.
var golden = map[string]struct {
	labels []string // columns
	from   func(all []fact) counts
}{
	"any-caa": {[]string{"counted"}, byGroup(map[string]func(f *fact) bool{"n": func(f *fact) bool { return true }})},
	"caa-by-bucket": {[]string{"rank_bucket"}, func(all []fact) counts {
		c := counts{}
		for i := range all {
			c.share(datasets.RankBucket(all[i].rank), &all[i], all[i].covered())
		}
		return c
	}},
	"caa-by-tld": {[]string{"tld"}, func(all []fact) counts {
		c := counts{}
		for i := range all {
			if f := &all[i]; f.registrable {
				c.add(f.tld, "covered", f.covered())
				c.add(f.tld, "of", f.answered())
				c.add(f.tld, "unknown", !f.answered())
			}
		}
		return c
	}},
	"tags":             {[]string{"tag"}, ofCovered(tags)},
	"tag-combinations": {[]string{"tags"}, ofCovered(func(f *fact) []string { return []string{strings.Join(tags(f), " + ")} })},
	"issuemail": {[]string{"counted"}, byGroup(map[string]func(f *fact) bool{
		"governed":   func(f *fact) bool { return f.has("issuemail") },
		"restricted": func(f *fact) bool { return f.has("issuemail") && f.kind(caa.SMIME) == "restricted" },
		"closed":     func(f *fact) bool { return f.has("issuemail") && f.kind(caa.SMIME) == "closed" },
		"blocked":    func(f *fact) bool { return f.has("issuemail") && f.kind(caa.SMIME) == "blocked" },
	})},
	"issuemail-by-tld": {[]string{"tld"}, func(all []fact) counts {
		c := counts{}
		for i := range all {
			if f := &all[i]; f.Capable == simnet.CapableYes {
				c.add(f.tld, "governed", f.covered() && f.has("issuemail"))
				c.add(f.tld, "of", f.answered())
				c.add(f.tld, "unknown", !f.answered())
			}
		}
		return c
	}},
	"mail-left-open": {[]string{"counted"}, byGroup(map[string]func(f *fact) bool{
		"n":          func(f *fact) bool { return f.has("issue") && f.kind(caa.SMIME) == "open" },
		"with_issue": func(f *fact) bool { return f.has("issue") },
	})},
	"postures-mail-tls": {[]string{"tls_posture", "smime_posture"}, func(all []fact) counts {
		c := counts{}
		for i := range all {
			if f := &all[i]; f.covered() {
				label := f.kind(caa.TLS) + "|" + f.kind(caa.SMIME)
				c.add(label, "n", true)
				c.add(label, "registrable_domains", f.registrable)
				c.add(label, "email_capable", f.Capable == simnet.CapableYes)
			}
		}
		return c
	}},
	"nobody-for-tls": {[]string{"counted"}, byGroup(map[string]func(f *fact) bool{
		"n":              func(f *fact) bool { return f.kind(caa.TLS) == "closed" && f.kind(caa.SMIME) == "open" },
		"closed_for_tls": func(f *fact) bool { return f.kind(caa.TLS) == "closed" },
	})},
	"mail-only": {[]string{"counted"}, byGroup(map[string]func(f *fact) bool{
		"n":                    func(f *fact) bool { return f.has("issuemail") && !f.has("issue") },
		"with_issuemail":       func(f *fact) bool { return f.has("issuemail") },
		"wildcards_restricted": func(f *fact) bool { return f.has("issuemail") && !f.has("issue") && f.has("issuewild") },
	})},
	"restricts-nothing": {[]string{"counted"}, byGroup(map[string]func(f *fact) bool{
		"n": func(f *fact) bool {
			return f.kind(caa.TLS) == "open" && f.kind(caa.TLSWildcard) == "open" && f.kind(caa.SMIME) == "open"
		},
		"covered": func(f *fact) bool { return true },
	})},
	"cannot-be-checked": {[]string{"counted"}, func(all []fact) counts {
		c := counts{"responsive": nil}
		for i := range all {
			for _, label := range all[i].groups() {
				c.add(label, "n", !all[i].answered())
				c.add(label, "of", true)
				c.add(label, "unknown", false)
			}
		}
		return c
	}},
	"failure-classes": {[]string{"class"}, func(all []fact) counts {
		c := counts{}
		for i := range all {
			if f := &all[i]; !f.answered() {
				c.add(f.Failure.String(), "n", true)
				c.add(f.Failure.String(), "registrable_domains", f.registrable)
			}
		}
		return c
	}},
	"owners-issue": {[]string{"owner"}, ofCovered(func(f *fact) []string {
		named := f.issuers("issue")
		if all := owners(named); len(all) > 0 || len(named) == 0 {
			return all
		}
		return []string{"(no known owner)"}
	})},
	"issuers-issue":      {[]string{"issuer"}, folded(func(f *fact) []string { return f.issuers("issue") })},
	"issuers-issuewild":  {[]string{"issuer"}, folded(func(f *fact) []string { return f.issuers("issuewild") })},
	"issuers-issuemail":  {[]string{"issuer"}, folded(func(f *fact) []string { return f.issuers("issuemail") })},
	"issuer-counts":      {[]string{"issuers"}, ofCovered(func(f *fact) []string { return atLeastOne(len(f.set.Issuers[caa.TLS])) })},
	"issuer-counts-mail": {[]string{"issuers"}, ofCovered(func(f *fact) []string { return atLeastOne(len(f.set.Issuers[caa.SMIME])) })},
	"owner-counts": {[]string{"owners"}, ofCovered(func(f *fact) []string {
		if len(f.set.Issuers[caa.TLS]) == 0 {
			return nil
		}
		return []string{fmt.Sprint(len(owners(f.set.Issuers[caa.TLS])))}
	})},
	"depths": {[]string{"depth"}, ofCovered(func(f *fact) []string { return []string{fmt.Sprint(f.depth)} })},
	"inherited": {[]string{"counted"}, byGroup(map[string]func(f *fact) bool{
		"n":       func(f *fact) bool { return f.depth > 0 },
		"covered": func(f *fact) bool { return true },
	})},
	"caa-by-dnssec": {[]string{"dnssec_status"}, func(all []fact) counts {
		c := counts{}
		for i := range all {
			f := &all[i]
			c.share(f.Security.String(), f, f.covered())
			c.add(f.Security.String(), "with_issuemail", f.covered() && f.has("issuemail"))
		}
		return c
	}},
	"flag-values": {[]string{"flags"}, ofCovered(func(f *fact) (flags []string) {
		for _, p := range f.set.Properties {
			flags = append(flags, fmt.Sprint(p.Flags))
		}
		return flags
	})},
	"unknown-tags": {[]string{"tag"}, ofCovered(func(f *fact) (unknown []string) {
		for _, p := range f.set.Properties {
			if !p.Known() {
				unknown = append(unknown, output.Octets(strings.ToLower(p.Tag)))
			}
		}
		return unknown
	})},
	"set-records": {[]string{"records"}, func(all []fact) counts {
		c := counts{}
		for n := range 10 {
			c.add(fmt.Sprint(n+1), "n", false)
		}
		for i := range all {
			for _, step := range []struct {
				label    string
				from, to int
			}{{"11 to 20", 11, 20}, {"21 to 50", 21, 50}, {"51 to 100", 51, 100}, {"over 100", 101, 1 << 20}} {
				c.add(step.label, "n", all[i].Count >= step.from && all[i].Count <= step.to)
			}
			if n := all[i].Count; n >= 1 && n <= 10 {
				c.add(fmt.Sprint(n), "n", true)
			}
		}
		return c
	}},
}

// issuers are those that the records of a tag name.
func (f *fact) issuers(tag string) (named []string) {
	for i, p := range f.set.Properties {
		if id := f.set.Issuances[i].Issuer; p.Is(tag) && id != "" {
			named = append(named, id)
		}
	}
	return named
}

// owners are the groups that go by one of the issuers now.
func owners(issuers []string) (all []string) {
	registry := datasets.Registry{Issuers: datasets.DefaultIssuers()}
	for _, id := range issuers {
		all = append(all, registry.Issuer(id).Families...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func atLeastOne(n int) []string {
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprint(n)}
}

// TestGolden scans a small Internet, whose truth is known, and holds the tables of the report against what follows from that truth.
func TestGolden(t *testing.T) {
	world, dir := smallInternet(t, 7, 2500)
	data, err := analysis.Open(t.Context(), []string{dir}, analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	if err := data.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	questions, err := analysis.Questions()
	if err != nil {
		t.Fatal(err)
	}
	all, left := facts(world), maps.Clone(golden)
	for _, q := range questions {
		for _, p := range q.Parts {
			expect, ok := left[p.ID]
			if !ok {
				continue
			}
			delete(left, p.ID)
			table, err := data.Ask(t.Context(), &p, false)
			if err != nil {
				t.Fatal(err)
			}
			want := expect.from(all)
			if diff := gocmp.Diff(want, numbers(table, expect.labels, want)); diff != "" {
				t.Errorf("question %d, table %s (-truth +report):\n%s", q.Number, p.ID, diff)
			}
		}
	}
	if len(left) > 0 {
		t.Errorf("no such tables: %q", slices.Sorted(maps.Keys(left)))
	}
}

// numbers are those of a table in the columns that something is known about.
func numbers(t *analysis.Table, labels []string, known counts) counts {
	columns := map[string]bool{}
	for _, row := range known {
		for column := range row {
			columns[column] = true
		}
	}
	c := counts{}
	for _, row := range t.Rows {
		var parts []string
		for _, label := range labels {
			parts = append(parts, fmt.Sprint(row[t.Column(label)]))
		}
		label := strings.Join(parts, "|")
		if row, ok := known[label]; ok && row == nil {
			c[label] = nil
			continue
		}
		c[label] = map[string]int64{}
		for i, column := range t.Columns {
			if columns[column.Name] {
				c[label][column.Name], _ = row[i].(int64)
			}
		}
	}
	return c
}
