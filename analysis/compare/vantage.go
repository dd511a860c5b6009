package compare

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/scanner/caa"
)

//go:embed sql
var files embed.FS

// statements are the files of sql/, templates over the places of the perspectives: 0, 1 and so on.
var statements = template.Must(template.ParseFS(files, "sql/*.sql"))

// expand fills in a file of sql/.
func expand(file string, perspectives int) (string, error) {
	places := make([]int, perspectives)
	for i := range places {
		places[i] = i
	}
	var b bytes.Buffer
	err := statements.ExecuteTemplate(&b, file, places)
	return b.String(), err
}

// AnyOther is the CA that no set names: whoever that is fares alike.
const AnyOther = "any other CA"

// Case is what a CA asks itself at every perspective.
type Case struct {
	CA      string       // for people
	Request caa.Request  // without identifiers it is AnyOther's
	Profile *caa.Profile // covers the kind of the request
}

// FromVantages decides every name for every case on the evidence of each round, the first of which is that of the primary perspective, and
// says where the others do not corroborate it (spec rule R3.6). Each vantage is taken for a region of its own. Of more remotes than there are
// nothing can be said: a rule that demands more is applied to those there are.
func FromVantages(ctx context.Context, d *analysis.Data, rounds []int, cases []Case, opt analysis.ReportOptions, progress func(done, all int, what string)) (*analysis.Report, error) {
	if err := d.Turn(ctx, rounds[0]); err != nil {
		return nil, err
	}
	for i, r := range rounds {
		prefix := perspective(i)
		if err := d.View(ctx, prefix, d.Rounds[r].Scans); err != nil {
			return nil, err
		}
		if err := d.Reduce(ctx, prefix); err != nil {
			return nil, err
		}
	}
	if err := run(ctx, d, "vantage.sql", len(rounds)); err != nil {
		return nil, err
	}
	m := &corroboration{data: d, rounds: rounds, cases: cases, counts: map[tally]int64{}}
	if err := m.decide(ctx); err != nil {
		return nil, err
	}
	if err := m.judge(ctx); err != nil {
		return nil, err
	}
	text, err := expand("disagreements.sql", len(rounds))
	if err != nil {
		return nil, err
	}
	q, err := analysis.ReadQuestion(text)
	if err != nil {
		return nil, err
	}
	headlines, err := ask(ctx, d, "vantageheadlines.sql")
	if err != nil {
		return nil, err
	}
	if opt.Title == "" {
		opt.Title = fmt.Sprintf("CAA from %d vantages, %s", len(rounds), day(&d.Rounds[rounds[0]]))
	}
	return d.Answer(ctx, []analysis.Question{*q}, headlines, opt, progress)
}

// perspective is the prefix of the tables of a perspective.
func perspective(place int) string { return fmt.Sprintf("vantage%d_", place) }

// run runs a file of sql/.
func run(ctx context.Context, d *analysis.Data, file string, perspectives int) error {
	text, err := expand(file, perspectives)
	if err != nil {
		return err
	}
	if _, err := d.Select(ctx, text); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// corroboration is FromVantages under way.
type corroboration struct {
	data   *analysis.Data
	rounds []int
	cases  []Case

	seen   []map[int64][]verdict // of each perspective, by evidence: the verdict of each case
	counts map[tally]int64       // names
}

// verdict is what a perspective comes to for a name, and what it saw there as far as it explains why that is not what another comes to.
type verdict struct {
	caa.Decision
	present  bool // the scan has the name
	nxdomain bool // the name does not exist
	set      bool // a set decided
}

// measured reports whether anything follows from what the scan has of the name: it may have opted out there.
func (v *verdict) measured() bool { return v.present && v.Reason != caa.NotStored }

// tally is what names are counted by.
type tally struct {
	place, remote    int
	here, there, why string
}

// decide decides all evidence of all perspectives.
func (m *corroboration) decide(ctx context.Context) error {
	for i := range m.rounds {
		verdicts := map[int64][]verdict{}
		if err := m.data.Evidences(ctx, perspective(i), func(e *analysis.Evidence) error {
			all := make([]verdict, len(m.cases))
			for j := range m.cases {
				v := verdict{Decision: caa.Decide(&e.Evidence, &m.cases[j].Request, m.cases[j].Profile), present: true}
				v.nxdomain = len(e.Levels) > 0 && e.Levels[0].Outcome == caa.NXDomain
				v.set = v.Level >= 0 && e.Levels[v.Level].Outcome == caa.Found
				all[j] = v
			}
			verdicts[e.Number] = all
			return nil
		}); err != nil {
			return err
		}
		m.seen = append(m.seen, verdicts)
	}
	return nil
}

// at is the verdict of a perspective, by the number of its evidence, NULL for a name that the scan does not have.
func (m *corroboration) at(place int, evidence any, which int) verdict {
	if number, is := evidence.(int64); is {
		return m.seen[place][number][which]
	}
	return verdict{Decision: caa.Decision{Reason: caa.NotStored, Retry: caa.RetryMayAnswer, Level: -1, Record: -1}}
}

// judge fills the tables of vantage.sql.
func (m *corroboration) judge(ctx context.Context) error {
	views, err := expand("views.sql", len(m.rounds))
	if err != nil {
		return err
	}
	if err := m.data.Append(ctx, "vantage_verdicts", func(add func(row ...any) error) error {
		return m.data.Each(ctx, views, func(_ []analysis.Column, row []any) error {
			if row == nil {
				return nil
			}
			for which := range m.cases {
				if err := m.corroborate(row, which, add); err != nil {
					return err
				}
			}
			return nil
		})
	}); err != nil {
		return err
	}
	if err := m.data.Append(ctx, "vantage_counts", func(add func(row ...any) error) error {
		for t, names := range m.counts {
			var why any
			if t.why != "" {
				why = t.why
			}
			c := &m.cases[t.place]
			if err := add(int32(t.place), c.CA, c.Request.Kind.String(), int32(t.remote), t.here, t.there, why, names); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := m.data.Append(ctx, "vantage_perspectives", m.perspectives); err != nil {
		return err
	}
	return m.data.Append(ctx, "vantage_cases", func(add func(row ...any) error) error {
		for i := range m.cases {
			c := &m.cases[i]
			rule := c.Profile.MPICAt(m.data.Rounds[m.rounds[0]].Began())
			if err := add(int32(i), c.CA, c.Request.Kind.String(), c.Profile.Name, int32(rule.Remotes), int32(rule.Regions), int32(len(m.rounds)-1)); err != nil {
				return err
			}
		}
		return nil
	})
}

// perspectives adds the rows of that table.
func (m *corroboration) perspectives(add func(row ...any) error) error {
	for i, r := range m.rounds {
		round := &m.data.Rounds[r]
		var lines int64
		for j := range round.Scans {
			lines += round.Scans[j].Totals.Rows
		}
		if err := add(int32(i), vantageOf(round), round.Began().UTC(), lines, round.Complete()); err != nil {
			return err
		}
	}
	return nil
}

// vantageOf names where a round was measured: the scan's own word for it, or else the machine, or else the directory.
func vantageOf(r *analysis.Round) string {
	s := &r.Scans[0]
	for _, word := range []string{s.Vantage, s.Worker, s.Dir} {
		if word != "" {
			return word
		}
	}
	return ""
}

// corroborate adds the row of one view and one case, and counts its names.
func (m *corroboration) corroborate(row []any, which int, add func(row ...any) error) error {
	view, names, evidences := row[0].(int64), row[1].(int64), row[2:]
	here := m.at(0, evidences[0], which)
	if !here.present {
		return nil
	}
	var remotes []caa.Remote
	var said []string
	differing, lost := 0, 0
	for i := 1; i < len(m.rounds); i++ {
		there := m.at(i, evidences[i], which)
		vantage := vantageOf(&m.data.Rounds[m.rounds[i]])
		t := tally{place: which, remote: i, here: here.Permitted.String(), there: there.Permitted.String()}
		switch {
		case !there.measured():
			t.why = notMeasured
		case there.Permitted != here.Permitted:
			differing++
			if here.Permitted == caa.Yes {
				lost++
			}
			t.why = why(&here, &there)
			said = append(said, fmt.Sprintf("%s: %s, %s (%s)", vantage, there.Permitted, there.Reason, t.why))
		}
		m.counts[t] += names
		if there.measured() {
			remotes = append(remotes, caa.Remote{Decision: there.Decision, Region: vantage})
		}
	}
	c := &m.cases[which]
	final := here.Decision
	if rule := c.Profile.MPICAt(m.data.Rounds[m.rounds[0]].Began()); len(remotes) > 0 {
		rule.Remotes, rule.Regions = min(rule.Remotes, len(remotes)), min(rule.Regions, regions(remotes))
		final = caa.Corroborate(here.Decision, remotes, rule)
	} else if here.Permitted == caa.Yes {
		final = caa.Decision{Permitted: caa.Undetermined, Reason: caa.MPICCount}
	}
	return add(view, int32(which), c.CA, c.Request.Kind.String(), here.Permitted.String(), here.Reason.String(), int32(len(remotes)), int32(differing), int32(lost),
		strings.Join(said, "; "), final.Permitted.String(), final.Reason.String())
}

// regions counts the regions that remotes are in.
func regions(remotes []caa.Remote) int {
	seen := map[string]bool{}
	for i := range remotes {
		seen[remotes[i].Region] = true
	}
	return len(seen)
}

// notMeasured is why nothing is known of a remote's verdict. It stands in disagreements.sql, too.
const notMeasured = "not measured there"

// why says what one perspective saw that explains why its verdict is not the other's.
func why(here, there *verdict) string {
	for _, side := range []struct {
		v     *verdict
		where string
	}{{there, "there"}, {here, "here"}} {
		switch {
		case side.v.Reason == caa.NotStored:
			return "not measured " + side.where // here, as where is there it is no disagreement
		case side.v.Reason == caa.DNSSECBogus:
			return "bogus " + side.where
		case analysis.Failed(side.v.Reason):
			return "failure " + side.where
		}
	}
	switch {
	case there.nxdomain && !here.nxdomain:
		return "NXDOMAIN there"
	case here.nxdomain && !there.nxdomain:
		return "NXDOMAIN here"
	case there.set && !here.set:
		return "a set there, none here"
	case here.set && !there.set:
		return "a set here, none there"
	}
	return "another set there"
}

// WriteVantageList writes every name on which some remote has another verdict than the primary perspective, in the forms of WriteList.
func WriteVantageList(ctx context.Context, d *analysis.Data, perspectives int, path string) error {
	text, err := expand("vantagelist.sql", perspectives)
	if err != nil {
		return err
	}
	return write(ctx, d, text, path)
}
