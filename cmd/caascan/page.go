package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/mail"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// page writes what names showed for a person: a mail administrator, a CA's support desk. All that came from the DNS is
// written by output.Octets or in presentation form, so that it cannot steer a terminal.
type page struct {
	issuers *datasets.Issuers
	doctor  *caa.Diagnoser
}

func newPage(issuers *datasets.Issuers) *page {
	return &page{issuers, caa.NewDiagnoser(datasets.Registry{Issuers: issuers})}
}

// print writes the page of one name.
func (p *page) print(to io.Writer, r *record.Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.Target.Name)
	p.printPermissions(&b, r)
	printSet(&b, r)
	at := r.Circumstances()
	printFailure(&b, r)
	p.printFindings(&b, r, &at)
	p.printRecommendation(&b, r, &at)
	printClimb(&b, r)
	printMail(&b, r)
	p.printCompanions(&b, r)
	printSurvey(&b, r)
	fmt.Fprintf(&b, "\n%d queries, %d of them repeated, %d over TCP\n\n", r.Cost.Queries, r.Cost.Retries, r.Cost.TCP)
	_, err := io.WriteString(to, b.String())
	return err
}

// certificates are the kinds in words for who does not know CAA.
var certificates = [caa.Kinds]string{
	caa.TLS: "web servers (TLS)", caa.TLSWildcard: "wildcard names (TLS)", caa.SMIME: "e-mail (S/MIME)", caa.VMC: "brand marks (VMC)",
}

// printPermissions says who may issue.
func (p *page) printPermissions(b *strings.Builder, r *record.Record) {
	b.WriteString("\nWho may issue certificates\n")
	for kind := range caa.Kinds {
		fmt.Fprintf(b, "  %-21s %s\n", certificates[kind], p.permission(r, caa.Kind(kind)))
	}
}

// permission is the posture for one kind of certificate in words.
func (p *page) permission(r *record.Record, kind caa.Kind) string {
	posture := r.Posture[kind]
	switch posture {
	case caa.Absent:
		return "any CA: no CAA record is on the path (absent)"
	case caa.Open:
		return "any CA: the records say nothing for this kind (open)"
	case caa.Restricted:
		var names []string
		for _, id := range r.CAA.Issuers[kind] {
			names = append(names, id+p.ownersOf(id))
		}
		return "only " + strings.Join(names, ", ") + " (restricted)"
	case caa.Closed:
		return "no CA (closed)"
	case caa.Blocked:
		return "no CA: an unknown critical property forbids it (blocked)"
	case caa.Error:
		return "not known: the look-up failed (error)"
	}
	return posture.String()
}

// ownersOf says in parentheses who goes by an identifier.
func (p *page) ownersOf(identifier string) string {
	var names []string
	for _, o := range p.issuers.Owners(identifier) {
		if o.Standing < datasets.StandingDoubtful && !slices.Contains(names, o.Name) {
			names = append(names, o.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " [" + strings.Join(names, " or ") + "]"
}

// printSet shows the relevant RRset.
func printSet(b *strings.Builder, r *record.Record) {
	if r.Relevant < 0 || r.Failed() {
		return
	}
	level := r.Climb[r.Relevant]
	fmt.Fprintf(b, "\nPublished at %s", level.Name)
	if owner := level.Answer.Owner(); owner != level.Name {
		fmt.Fprintf(b, " by way of %s", owner)
	}
	fmt.Fprintf(b, " (TTL %d s, %s", level.Answer.TTL, level.Answer.Security)
	if level.Answer.By != nil {
		fmt.Fprintf(b, ", asked of %s", level.Answer.By.Addr)
	}
	b.WriteString(")\n")
	for i, p := range r.CAA.Properties {
		if i == mostRecords {
			fmt.Fprintf(b, "  ... and %d more\n", len(r.CAA.Properties)-mostRecords)
			break
		}
		fmt.Fprintf(b, "  %s\n", shortened(p.String()))
	}
}

// Bounds of what a page shows, in records and findings: sets may have thousands.
const (
	mostRecords  = 40
	mostFindings = 40
)

// printFindings says what is amiss, the gravest first.
func (p *page) printFindings(b *strings.Builder, r *record.Record, at *caa.Circumstances) {
	found := caa.Essential(nil, p.doctor.Diagnose(&r.CAA, at))
	if len(found) == 0 || r.Failed() {
		return
	}
	b.WriteString("\nWhat should be looked at\n")
	for i, d := range found {
		if i == mostFindings {
			fmt.Fprintf(b, "  ... and %d more\n", len(found)-mostFindings)
			break
		}
		explanation, advice := d.Explain(&r.CAA, at)
		fmt.Fprintf(b, "  %-8s %s\n", d.Finding.Severity(), output.Octets(string(d.Word())))
		paragraph(b, explanation)
		paragraph(b, advice)
	}
}

// paragraph writes a text in lines of a readable length.
func paragraph(b *strings.Builder, text string) {
	const indent, width = "           ", 110
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(indent)+len(line)+1+len(word) > width {
			b.WriteString(indent + line + "\n")
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		b.WriteString(indent + line + "\n")
	}
}

// printFailure says what a failed look-up means under the rules in force, and what to do.
func printFailure(b *strings.Builder, r *record.Record) {
	if !r.Failed() {
		return
	}
	level := r.Climb[r.Relevant]
	zone := level.Answer.FailedAt()
	if zone == "" {
		zone = level.Name
	}
	ev := r.Evidence(nil)
	rule, ok := caa.BuiltIn().ForTime(caa.TLS, r.Finished.Wall())
	if !ok {
		return
	}
	d := caa.Decide(&ev, &caa.Request{Kind: caa.TLS}, rule)
	texts, known := failures[d.Reason]
	if !known {
		return
	}
	fmt.Fprintf(b, "\nWhy nobody knows\n  error    %s at %s, servers of %s\n", level.Answer.Outcome, level.Name, zone)
	for _, text := range texts {
		paragraph(b, text)
	}
}

// failures tell the owner of a domain what failures mean for CAs, by today's rules (R3.4, R6.8), and what to do.
var failures = map[caa.Reason][]string{
	caa.DNSSECBogus: {
		"The zone is signed with DNSSEC, and the signatures do not verify. No CA may issue for the name, whatever its CAA records say.",
		"Have the zone signed again, or its DS record at the parent corrected; \"lookup --trace --type CAA\" shows which signature fails."},
	caa.FailureSigned: {
		"The zone is signed with DNSSEC, and its servers give no usable answer to questions for CAA. No CA may issue for the name.",
		"Have the operator of the name servers answer type CAA (257), if only with an empty, signed answer."},
	caa.FailureInsecure: {
		"The servers of the zone give no usable answer to questions for CAA. As the zone is not signed, a CA may issue all the same, but many do not.",
		"Have the operator of the name servers answer type CAA (257), if only with an empty answer."},
	caa.FailureUnretried: {
		"The look-up came to nothing, and asking again would be to no avail. A CA that meets this may not issue for the name.",
		"Check the delegation and the aliases of the name."},
	caa.FailureIndeterminate: {
		"The servers of the zone do not answer, and whether it is signed cannot be told. No CA may issue for the name.",
		"Check the delegation of the zone and that its servers answer questions for DS, DNSKEY and CAA."},
	caa.ResolverPolicy: {
		"The resolver says that it filters the name, so that nobody can know from here what the domain publishes.",
		"Ask again without that resolver."},
}

// printRecommendation shows the records to publish instead, ready for a zone file.
func (p *page) printRecommendation(b *strings.Builder, r *record.Record, at *caa.Circumstances) {
	if r.Relevant < 0 || r.Failed() {
		return
	}
	better := p.doctor.Recommend(&r.CAA, at)
	if better.Changed(&r.CAA) && len(better.Records) <= mostRecords {
		b.WriteString("\nWhat to publish instead")
		if at.Aliased {
			fmt.Fprintf(b, ", which is for those to do who run %s", better.Owner)
		}
		b.WriteByte('\n')
		for _, property := range better.Records {
			fmt.Fprintf(b, "  %s\n", caa.Line(better.Owner, property))
		}
	}
	for _, option := range better.Options {
		fmt.Fprintf(b, "\nPerhaps also: %s\n", option.Because)
		for _, property := range option.Records {
			fmt.Fprintf(b, "  %s\n", caa.Line(better.Owner, property))
		}
	}
}

// printClimb shows every level asked.
func printClimb(b *strings.Builder, r *record.Record) {
	b.WriteString("\nAsked\n")
	for _, level := range r.Climb {
		a := level.Answer
		fmt.Fprintf(b, "  %s CAA: %s, %s", level.Name, a.Outcome, a.Security)
		for _, word := range []string{a.Reason, a.Cause} {
			if word != "" {
				fmt.Fprintf(b, " (%s)", word)
			}
		}
		if a.Outcome.Failed() && a.FailedAt() != "" {
			fmt.Fprintf(b, ", at the servers of %s after %d tries", a.FailedAt(), a.Attempts)
		}
		for _, link := range a.Chain {
			fmt.Fprintf(b, "\n    alias of %s", link.Target)
		}
		for _, ede := range a.EDE() {
			fmt.Fprintf(b, "\n    extended error %d %s", ede.Code, output.Octets(ede.Text))
		}
		b.WriteByte('\n')
	}
}

// printMail shows what was learned about mail.
func printMail(b *strings.Builder, r *record.Record) {
	mx := r.Mail.MX
	if mx == nil {
		return
	}
	b.WriteString("\nMail\n")
	switch {
	case mx.Outcome != record.Found:
		fmt.Fprintf(b, "  MX: %s\n", mx.Outcome)
		if a := r.Mail.Address; a != nil {
			fmt.Fprintf(b, "  address: %s\n", a.Outcome)
		}
	case len(r.Mail.Exchange) == 1 && r.Mail.Exchange[0].Exchange == wire.Root:
		b.WriteString("  null MX: the domain takes no mail\n")
	default:
		for _, mx := range r.Mail.Exchange {
			fmt.Fprintf(b, "  MX %d %s\n", mx.Preference, mx.Exchange)
		}
	}
}

// printCompanions shows what the domain publishes about its mail, as far as it was asked for.
func (p *page) printCompanions(b *strings.Builder, r *record.Record) {
	c := r.Companions
	if c == nil {
		return
	}
	line := func(protocol string, asked *record.Answer, posture, published string, findings mail.Findings) {
		if asked == nil {
			return
		}
		fmt.Fprintf(b, "  %-8s %s\n", protocol, posture)
		if published != "" {
			fmt.Fprintf(b, "           %s\n", shortened(output.Octets(published)))
		}
		for f := range findings.All {
			fmt.Fprintf(b, "           %s\n", f)
		}
	}
	line("SPF", c.SPF.Answer, c.SPF.Says.Posture.String(), c.SPF.Says.Record, c.SPF.Says.Findings)
	line("DMARC", c.DMARC.Answer, c.DMARC.Says.Posture.String(), c.DMARC.Says.Record, c.DMARC.Says.Findings)
	line("MTA-STS", c.MTASTS.Answer, c.MTASTS.Says.Posture.String(), c.MTASTS.Says.Record, c.MTASTS.Says.Findings)
	line("TLS-RPT", c.TLSReporting.Answer, c.TLSReporting.Says.Posture.String(), c.TLSReporting.Says.Record, c.TLSReporting.Says.Findings)
	line("BIMI", c.BIMI.Answer, c.BIMI.Says.Posture.String(), c.BIMI.Says.Record, c.BIMI.Says.Findings)
	for _, s := range c.DKIM {
		line("DKIM", s.Key.Answer, s.Name+": "+s.Key.Says.Posture.String(), "", s.Key.Says.Findings)
	}
	hosts := c.Hosts
	if c.PolicyHost != nil {
		hosts = append([]record.Host{*c.PolicyHost}, hosts...)
	}
	if len(hosts) > 0 {
		b.WriteString("\nWho may issue web certificates for the mail hosts\n")
	}
	for _, h := range hosts {
		seen := record.Record{Climb: h.Climb, Relevant: h.Relevant, CAA: h.CAA, Posture: h.Posture}
		fmt.Fprintf(b, "  %s: %s\n", h.Name, p.permission(&seen, caa.TLS))
	}
}

// printSurvey shows whether all name servers say the same.
func printSurvey(b *strings.Builder, r *record.Record) {
	s := r.Survey
	if s == nil {
		return
	}
	fmt.Fprintf(b, "\nDo all name servers of %s say the same? %s\n", s.Zone, s.Consistency)
	for i := range s.Answers {
		a := &s.Answers[i]
		fmt.Fprintf(b, "  %-39s %s: %s, %d records\n", a.Server.Addr, a.Server.Name, a.Outcome, len(a.Set))
	}
	if s.Cause != "" {
		fmt.Fprintf(b, "  not all of them were asked: %s\n", s.Cause)
	}
}
