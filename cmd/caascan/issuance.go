package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
)

// ruleFlags say by which rule is judged.
type ruleFlags struct {
	Profile  string `group:"Judging" placeholder:"NAME" help:"Rule to judge by, such as tls-2027-03, strict or w-issue-for-mail (default: the one in force at --at)."`
	Profiles string `group:"Judging" placeholder:"FILE" help:"Rules of your own in YAML, besides the built-in ones."`
}

// rulebook is what verdicts are found by.
type rulebook struct {
	rules *caa.Rules
	at    time.Time // for the rule in force
}

func (f *ruleFlags) rulebook(at time.Time) (*rulebook, error) {
	if at.IsZero() {
		at = time.Now()
	}
	rules, err := command.Rules(f.Profiles)
	if err != nil {
		return nil, err
	}
	b := &rulebook{rules: rules, at: at}
	return b, b.check(f.Profile)
}

// check reports whether there is a rule with that name; "" is the one in force.
func (b *rulebook) check(name string) error {
	if names := b.rules.Names(); name != "" && !slices.Contains(names, name) {
		return fmt.Errorf("--profile %s: no such rule; there are %s", name, strings.Join(names, ", "))
	}
	return nil
}

// rule returns the rule with that name for certificates of a kind, "" for the one in force; nil if it says nothing of them.
func (b *rulebook) rule(name string, kind caa.Kind) *caa.Profile {
	p, ok := b.rules.ForTime(kind, b.at)
	if name != "" {
		p, ok = b.rules.ByName(name, kind)
	}
	if !ok {
		return nil
	}
	return p
}

// issuance is one question: may a CA issue for this.
type issuance struct {
	text    string // as given
	kind    caa.Kind
	target  record.Target // zero unless scope is InScope
	scope   caa.Scope
	profile string // "": the rule in force
	request caa.Request
}

// kindWords are the values of --for.
var kindWords = func() map[string]caa.Kind {
	words := map[string]caa.Kind{}
	for kind := range caa.Kinds {
		words[caa.Kind(kind).String()] = caa.Kind(kind)
	}
	return words
}()

// newIssuance reads what is asked about (spec rules R1.1, R1.2). The word is that of a kind, "" for what the form of the
// text says: "*.x" is a wildcard name, "user@x" a mail address, all else a name of a server.
func newIssuance(text, word string, opt datasets.Options) issuance {
	q := issuance{text: text}
	target, reason := datasets.Canonical(text, opt)
	mail, wildcard := target.Mail, target.Wildcard
	if reason != datasets.Accepted {
		mail, wildcard = strings.Contains(text, "@"), strings.HasPrefix(text, "*.")
	}
	switch kind, given := kindWords[word]; {
	case given:
		q.kind = kind
	case mail:
		q.kind = caa.SMIME
	}
	if q.kind == caa.TLS && wildcard {
		q.kind = caa.TLSWildcard
	}
	switch {
	case reason.OutOfScope() || reason == datasets.SpecialUse:
		q.scope = caa.OutOfScope
	case reason != datasets.Accepted,
		mail && q.kind != caa.SMIME,                            // a mail address is no dNSName
		wildcard && (q.kind == caa.SMIME || q.kind == caa.VMC): // there is no wildcard form (R2.13)
		q.scope = caa.InvalidName
	default:
		q.target = target
	}
	return q
}

// verdict is the answer: what caascan check --json prints (design/cli.md).
type verdict struct {
	Name         string              `json:"name"`
	For          string              `json:"for"`
	Profile      string              `json:"profile"`
	Permitted    permitted           `json:"permitted"`
	Reason       string              `json:"reason"`
	RelevantName string              `json:"relevant_name"`
	RRsetOwner   string              `json:"rrset_owner"`
	Climb        []output.Level      `json:"climb"`
	Posture      map[string]string   `json:"posture"`
	Issuers      map[string][]string `json:"issuers"`
	Flags        []string            `json:"flags"`
	Security     string              `json:"security"`
	Queries      int                 `json:"queries"`
	Record       string              `json:"record"` // the one that decided, in the form of zone files; "" if none did
	Retry        string              `json:"retry"`  // what asking again could change
}

// permitted is true, false or "unknown".
type permitted caa.Verdict

// MarshalJSON implements json.Marshaler.
func (p permitted) MarshalJSON() ([]byte, error) {
	if word := caa.Verdict(p).String(); caa.Verdict(p) != caa.Undetermined {
		return []byte(word), nil
	}
	return []byte(`"unknown"`), nil
}

// decide answers q by what its target showed; nil for one that is not asked for.
func (b *rulebook) decide(q *issuance, r *record.Record, rows *output.Encoder) verdict {
	v := verdict{
		Name: output.Text(q.text), For: q.kind.String(), Profile: q.profile, Climb: []output.Level{}, Flags: []string{},
		Posture: map[string]string{}, Issuers: map[string][]string{}, Security: record.Indeterminate.String(),
	}
	var ev caa.Evidence
	posture := caa.Uniform(caa.NotApplicable)
	if r == nil {
		ev.Scope = q.scope
	} else {
		ev, posture = r.Evidence(nil), r.Posture
		v.show(r, rows)
	}
	for kind, p := range posture {
		v.Posture[strings.ReplaceAll(caa.Kind(kind).String(), "-", "_")] = p.String()
	}
	v.nameIssuers(r)
	d := caa.Decision{Reason: caa.ScopeExcluded, Level: -1, Record: -1}
	if rule := b.rule(q.profile, q.kind); rule != nil {
		v.Profile = rule.Name
		q.request.Kind = q.kind
		d = caa.Decide(&ev, &q.request, rule)
	}
	v.Permitted, v.Reason, v.Retry = permitted(d.Permitted), d.Reason.String(), d.Retry.String()
	if d.Level >= 0 && d.Record >= 0 {
		v.Record = ev.Levels[d.Level].Set.Properties[d.Record].String()
	}
	return v
}

// show fills what the look-ups showed.
func (v *verdict) show(r *record.Record, rows *output.Encoder) {
	row, _ := rows.Rows(r)
	v.Climb, v.Security, v.Queries = row.Climb, cmp.Or(row.DNSSECStatus, v.Security), int(r.Cost.Queries)
	if r.Relevant >= 0 && !r.Failed() {
		v.RelevantName, v.RRsetOwner = row.CAAName, r.Climb[r.Relevant].Answer.Owner().String()
	}
	for _, f := range r.CAA.Findings {
		v.Flags = append(v.Flags, string(f))
	}
}

// nameIssuers lists the issuers that the records of each tag name.
func (v *verdict) nameIssuers(r *record.Record) {
	tags := []string{"issue", "issuewild", "issuemail", "issuevmc"}
	for _, tag := range tags {
		v.Issuers[tag] = []string{}
	}
	if r == nil {
		return
	}
	for i, p := range r.CAA.Properties {
		issuer := r.CAA.Issuances[i].Issuer
		at := slices.IndexFunc(tags, p.Is)
		if issuer == "" || at < 0 {
			continue
		}
		v.Issuers[tags[at]] = append(v.Issuers[tags[at]], issuer)
	}
	for tag, issuers := range v.Issuers {
		slices.Sort(issuers)
		v.Issuers[tag] = slices.Compact(issuers)
	}
}

// text is the verdict as a line for a person.
func (v *verdict) text() string {
	word := map[caa.Verdict]string{caa.Yes: "yes", caa.No: "no", caa.Undetermined: "unknown"}[caa.Verdict(v.Permitted)]
	line := fmt.Sprintf("%-7s  %s  %s: %s", word, v.Name, v.For, v.Reason)
	switch {
	case v.Record != "":
		line += fmt.Sprintf(" (%s CAA %s)", v.RelevantName, shortened(v.Record))
	case v.RelevantName != "":
		line += fmt.Sprintf(" (the records of %s)", v.RelevantName)
	}
	if v.Profile != "" {
		line += "  [" + v.Profile + "]"
	}
	return line
}

// shortened is a text for a line on a screen.
func shortened(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return text[:most] + "..."
}
