package analysis

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/caascan/caascan/output"
)

const complete = output.Complete

// scanner is the program whose flags and ways are known here.
const scanner = "caascan"

// Methods tell how the answers were come by, from what the scans say of themselves.
type Methods struct {
	Passages []Passage
	Facts    *Table // scan, fact, value: what the manifests hold
	Parts    *Table // the files with their SHA-256
}

// Passage is a piece of text under a heading.
type Passage struct {
	Heading string
	Text    []string // paragraphs
}

// methods writes the section.
func (d *Data) methods(r *Report) *Methods {
	first := &r.Round.Scans[0]
	return &Methods{
		Passages: []Passage{
			{"What was measured", r.Round.measured()},
			{"How it was asked", first.asked()},
			{"Who was left alone", r.Round.leftAlone()},
			{"How to read the shares", reading(r.Sample)},
			{"What this method cannot see", r.Round.blind()},
		},
		Facts: r.Round.facts(),
		Parts: r.Round.parts(d.verified),
	}
}

// setting is a flag of the first run of a scan; "" if it had none or there are none.
func (s *Scan) setting(name string) string {
	flags, _ := s.Config.(map[string]any)
	return settingText(flags[name])
}

func settingText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		words := make([]string, len(v))
		for i := range v {
			words[i] = settingText(v[i])
		}
		return strings.Join(words, ", ")
	case float64: // of JSON: large numbers are not written with an exponent
		if v == float64(int64(v)) {
			return fmt.Sprint(int64(v))
		}
	}
	return fmt.Sprint(v)
}

// measured says what, when, by what, and whether all of it.
func (r *Round) measured() []string {
	var rows, lines, rejects, skipped, folded, elsewhere int64
	runs, vantages := 0, map[string]bool{}
	first := &r.Scans[0]
	for i := range r.Scans {
		s := &r.Scans[i]
		rows, lines, rejects, runs = rows+s.Totals.Rows, lines+s.Totals.Lines, rejects+s.Totals.Rejects, runs+len(s.Runs)
		for _, in := range s.Inputs {
			skipped, folded, elsewhere = skipped+in.Skipped, folded+in.Folded, elsewhere+in.Elsewhere
		}
		for _, run := range s.Runs {
			if run.Vantage != "" {
				vantages[run.Vantage] = true
			}
		}
		if s.Vantage != "" {
			vantages[s.Vantage] = true
		}
	}
	began, ended := r.Began().UTC(), r.Ended().UTC()
	what := fmt.Sprintf("%s names of %s were looked up", grouped(rows), r.source())
	when := fmt.Sprintf(" between %s and %s (%s)", moment(began), moment(ended), ended.Sub(began).Round(time.Second))
	by := fmt.Sprintf(" by %s.", toolText(first.Tool))
	account := fmt.Sprintf("Every line of the input ends in exactly one row or in the list of rejects: of %s lines, %s became rows and %s %s rejected.",
		grouped(lines), grouped(rows), grouped(rejects), plural(int(min(rejects, 2)), "was", "were"))
	if skipped+folded+elsewhere > 0 {
		account += fmt.Sprintf(" Not counted there are %s lines that are blank, comments or headers, %s names that had come before, and %s that are the part of other machines.",
			grouped(skipped), grouped(folded), grouped(elsewhere))
	}
	text := []string{what + when + by, account}
	if here, of := r.Shards(); of > 1 {
		text = append(text, fmt.Sprintf("The input was cut into %d shards by a hash of the registrable domain, of which %d %s here.", of, here, plural(here, "is", "are")))
	}
	if runs > len(r.Scans) {
		text = append(text, fmt.Sprintf("The measurement was interrupted and continued: %d processes worked on it, one after the other, without asking twice for what was done.", runs))
	}
	if len(vantages) > 0 {
		text = append(text, "It was made from "+strings.Join(slices.Sorted(maps.Keys(vantages)), ", ")+".")
	} else {
		text = append(text, "From where in the network it was made is not stated.")
	}
	return text
}

// source names the input with its hash.
func (r *Round) source() string {
	var all []string
	for _, in := range r.Scans[0].Inputs {
		one := in.Path
		if in.SHA256 != "" {
			one += " (SHA-256 " + in.SHA256 + ")"
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		return "an input that is not named"
	}
	return strings.Join(all, ", ")
}

// Ended is when the last of the scans ended, or last wrote something.
func (r *Round) Ended() time.Time {
	var last time.Time
	for _, s := range r.Scans {
		at := s.UpdatedAt
		if s.EndedAt != nil {
			at = *s.EndedAt
		}
		if at.After(last) {
			last = at
		}
	}
	if last.Before(r.Began()) {
		return r.Began()
	}
	return last
}

func moment(t time.Time) string { return t.Format("2006-01-02 15:04 UTC") }

func toolText(t output.Tool) string {
	text := strings.TrimSpace(t.Name + " " + t.Version)
	if text == "" {
		text = "a program that is not named"
	}
	if t.Commit != "" {
		text += " (commit " + t.Commit + ")"
	}
	return text
}

// asked says whom the scan asked, how often at most, and what it believed.
func (s *Scan) asked() []string {
	var text []string
	if s.Tool.Name != scanner {
		return []string{"The measurement is that of " + toolText(s.Tool) + ": whom it asked, how fast, and what it checked is for its makers to say."}
	}
	if resolvers := s.setting("resolver"); resolvers != "" {
		text = append(text, "Validating resolvers were asked ("+resolvers+"), and what they said of DNSSEC was believed.")
	} else {
		text = append(text, "The authoritative servers of each zone were asked, from the root servers down. For each name CAA was looked up at the name and "+
			"then at each parent, up to the first set that is not empty (RFC 8659 section 3).")
	}
	if with := s.setting("with"); with != "" && with != "none" {
		text = append(text, "Besides CAA: "+with+".")
	}
	text = append(text, s.limits())
	switch s.setting("dnssec") {
	case "off":
		text = append(text, "Signatures were not checked: nothing is said about DNSSEC.")
	case "lazy":
		text = append(text, "Signatures were checked where the verdict depends on it (a set, or a failure); "+s.anchors())
	case "full":
		text = append(text, "The signatures of every answer were checked, and of every denial; "+s.anchors())
	}
	if s.PSL != "" {
		text = append(text, "Registrable domains and operators are by the public suffix list: "+s.PSL+".")
	}
	if pause := s.setting("second-look"); pause != "" && pause != "0s" {
		text = append(text, "Names whose look-up failed were looked at once more at the end, "+pause+" after the failure at the earliest and at other servers first; the second result counts.")
	}
	return text
}

// anchors says on whose word signatures rest.
func (s *Scan) anchors() string {
	if file := s.setting("trust-anchor"); file != "" {
		return "the trust anchors are those of " + file + " (" + s.Identity["--trust-anchor"] + ")."
	}
	if s.setting("world") != "" {
		return "the trust anchors are those of the small Internet of the demonstration, which the scan was made in."
	}
	return "the trust anchors are those of the root zone (key tags 20326 and 38696)."
}

// limits says what servers were spared.
func (s *Scan) limits() string {
	var kept []string
	for _, limit := range []struct{ flag, says string }{
		{"rate-per-server", "%s queries a second to one server address"}, {"rate-per-operator", "%s to all servers of one operator"},
		{"rate-per-tld", "%s to one server of a top-level domain"}, {"rate-per-root", "%s to one root server"},
		{"rate-total", "%s in all"}, {"rate-bits", "%s bits a second in all"},
	} {
		if v := s.setting(limit.flag); v != "" && v != "0" {
			kept = append(kept, fmt.Sprintf(limit.says, v))
		}
	}
	switch {
	case len(kept) == 0 && s.setting("polite") == "true": // of the demonstration
		return "The limits of speed of an ordinary scan were kept."
	case len(kept) == 0:
		return "No limit of speed is stated."
	}
	text := "At most " + strings.Join(kept, ", ")
	if part := s.setting("rate-share"); part != "" && part != "1" {
		text += "; of the limits of servers and operators only the part " + part
	}
	return text + ". A server that showed that it could not bear so many got fewer."
}

// leftAlone tells of opt-outs.
func (r *Round) leftAlone() []string {
	var text []string
	for i := range r.Scans {
		x := r.Scans[i].Exclude
		if x == nil {
			continue
		}
		for _, list := range x.Lists {
			var entries []string
			for _, kind := range slices.Sorted(maps.Keys(list.Entries)) {
				entries = append(entries, fmt.Sprintf("%s %s", grouped(int64(list.Entries[kind])), kind))
			}
			text = append(text, fmt.Sprintf("The opt-out list %s (SHA-256 %s; entries: %s) was in force from %s.",
				list.File, list.SHA256, strings.Join(entries, ", "), moment(list.Since.UTC())))
		}
		text = append(text, fmt.Sprintf("%s names were not asked about because of it. They have rows, and count as unknown.", grouped(x.NamesSkipped)))
	}
	if text == nil {
		return []string{"The scan had no opt-out list."}
	}
	return text
}

// reading says what the columns of tables are.
func reading(sample Sampling) []string {
	text := []string{
		"n counts the names that have a property, of those of which it is known whether they have it. unknown are the names of which it is not known, " +
			"because their look-up failed; they are in no denominator. A failure is never taken for \"no CAA\". unknown share is unknown in all of them together.",
		"What is inherited from a parent or reached through an alias is not a name's own choice; tables say which of them they count.",
		sample.Why,
	}
	if sample.Is {
		text = append(text, "Intervals are those of Wilson (1927) for 95 %: 19 times of 20 the share among all names, of which these are a sample, lies within. They hold if names are "+
			"independent of each other. Names of one registrable domain or of one operator are not, and so intervals of what operators decide are too narrow. "+
			"They cover chance only, not what is unknown.")
	}
	return text
}

// blind says what to be careful about.
func (r *Round) blind() []string {
	text := []string{
		"Servers may answer differently elsewhere: what was asked from one place is what that place is told. A CA that looks from several places may see something else.",
		"Each name was asked at one moment. What was changed during the scan is seen in some names and not in others.",
		"What could not be looked up may have CAA more often than other names, or less: the share of unknown names says how far a result could be off at most.",
	}
	if r.Scans[0].setting("second-look") == "0s" {
		text = append(text, "Names that failed had no second look: failures that pass are among the unknown.")
	}
	for _, in := range r.Scans[0].Inputs {
		if in.Primed {
			text = append(text, "Delegations were taken from the zone file "+in.Path+", and are as of its serial.")
		}
	}
	return text
}

// facts are what the manifests say, one a row.
func (r *Round) facts() *Table {
	t := &Table{ID: "scan-facts", Title: "What the scans say of themselves", Columns: []Column{{"scan", Text}, {"fact", Text}, {"value", Text}}}
	for i := range r.Scans {
		s := &r.Scans[i]
		add := func(fact, value string) {
			if value != "" {
				t.Rows = append(t.Rows, []any{s.ScanID, fact, value})
			}
		}
		add("state", string(s.State))
		add("software", toolText(s.Tool))
		add("began", s.StartedAt.UTC().Format(time.RFC3339))
		if s.EndedAt != nil {
			add("ended", s.EndedAt.UTC().Format(time.RFC3339))
		}
		add("machine", s.Worker)
		add("vantage", s.Vantage)
		for j, in := range s.Inputs {
			add(fmt.Sprintf("input %d", j+1), in.Path)
			add(fmt.Sprintf("input %d, SHA-256", j+1), in.SHA256)
			add(fmt.Sprintf("input %d, lines", j+1), grouped(in.Lines))
		}
		add("lines dealt with", grouped(s.Totals.Lines))
		add("rows", grouped(s.Totals.Rows))
		add("rejects", grouped(s.Totals.Rejects))
		add("CAA records", grouped(s.Totals.Records))
		add("server addresses", grouped(s.Totals.Servers))
		add("public suffix list", s.PSL)
		add("seed", fmt.Sprint(s.Seed))
		for j, run := range s.Runs {
			add(fmt.Sprintf("run %d", j+1), runText(&run))
		}
		if s.Exclude != nil {
			add("names not asked about", grouped(s.Exclude.NamesSkipped))
		}
		for _, flag := range slices.Sorted(maps.Keys(s.Identity)) { // which decide what rows say
			add(flag, s.Identity[flag])
		}
		flags, _ := s.Config.(map[string]any)
		for _, flag := range slices.Sorted(maps.Keys(flags)) {
			if _, decides := s.Identity["--"+flag]; !decides && flag != "seed" { // which stands above, with all its digits
				add("--"+flag, settingText(flags[flag]))
			}
		}
	}
	return t
}

// runText is a run in a line.
func runText(run *output.Run) string {
	text := "from " + run.StartedAt.UTC().Format(time.RFC3339)
	if run.EndedAt != nil {
		text += " to " + run.EndedAt.UTC().Format(time.RFC3339)
	} else {
		text += ", without an end"
	}
	text += ", " + toolText(run.Tool)
	if run.State != "" {
		text += ", " + string(run.State)
	}
	for _, flag := range slices.Sorted(maps.Keys(run.Config)) {
		text += fmt.Sprintf(", --%s %s", flag, settingText(run.Config[flag]))
	}
	return text
}

// parts are the files.
func (r *Round) parts(verified bool) *Table {
	t := &Table{ID: "scan-parts", Title: "The files of the scans", Columns: []Column{
		{"scan", Text}, {"file", Text}, {"rows", Count}, {"octets", Count}, {"sha256", Text}}}
	if verified {
		t.Note = []string{"Each file has been read and has the size and the SHA-256 that its manifest says."}
	} else {
		t.Note = []string{"Each file has the size that its manifest says. Their SHA-256 have not been checked."}
	}
	for _, s := range r.Scans {
		for _, p := range s.Parts {
			t.Rows = append(t.Rows, []any{s.ScanID, p.File, p.Rows, p.Bytes, p.SHA256})
		}
	}
	return t
}
