package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// printRecord writes what one name showed as a page for a person. All that came from the DNS is written by
// output.Octets or in presentation form, so that it cannot steer a terminal.
func printRecord(to io.Writer, r *record.Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.Target.Name)
	b.WriteString("\nWho may issue\n")
	for kind := range caa.Kinds {
		fmt.Fprintf(&b, "  %-13s %s\n", caa.Kind(kind), permission(r, caa.Kind(kind)))
	}
	printSet(&b, r)
	printClimb(&b, r)
	printMail(&b, r)
	fmt.Fprintf(&b, "\n%d queries, %d of them repeated, %d over TCP\n\n", r.Cost.Queries, r.Cost.Retries, r.Cost.TCP)
	_, err := io.WriteString(to, b.String())
	return err
}

// permission is the posture for one kind of certificate in words.
func permission(r *record.Record, kind caa.Kind) string {
	posture := r.Posture[kind]
	switch posture {
	case caa.Absent:
		return "absent: any CA, no CAA record is on the path"
	case caa.Open:
		return "open: any CA, the records say nothing for this kind"
	case caa.Restricted:
		return "restricted to " + strings.Join(r.CAA.Issuers[kind], ", ")
	case caa.Closed:
		return "closed: no CA"
	case caa.Blocked:
		return "blocked: an unknown critical property forbids every CA"
	case caa.Error:
		return "error: not known, the look-up failed"
	}
	return posture.String()
}

// printSet shows the relevant RRset and the findings.
func printSet(b *strings.Builder, r *record.Record) {
	if r.Relevant < 0 || r.Failed() {
		return
	}
	level := r.Climb[r.Relevant]
	fmt.Fprintf(b, "\nPublished at %s", level.Name)
	if owner := level.Answer.Owner(); owner != level.Name {
		fmt.Fprintf(b, " by way of %s", owner)
	}
	fmt.Fprintf(b, " (TTL %d s, asked of %s)\n", level.Answer.TTL, level.Answer.By.Addr)
	const most = 40
	for i, p := range r.CAA.Properties {
		if i == most {
			fmt.Fprintf(b, "  ... and %d more\n", len(r.CAA.Properties)-most)
			break
		}
		fmt.Fprintf(b, "  %s\n", p)
	}
	for i, f := range r.CAA.Findings {
		if i == 0 {
			b.WriteString("\nNote\n")
		}
		fmt.Fprintf(b, "  %s\n", f)
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
