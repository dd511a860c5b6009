package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/simnet"
)

// score compares the rows of a scan of the small Internet with the truth, one by one, on their way into the sink.
type score struct {
	world *simnet.World
	rows  *output.Encoder
	next  *lockedSink

	seen     map[string]bool
	right    int
	wrong    []string // the first few, in words
	mistaken int
	posture  [caa.Kinds]map[string]int
	failures map[string]int
	mail     map[string]int
	security map[string]int // of dnssec_status
	reasons  map[string]int // of dnssec_reason, but for secure names
}

// maxWrong bounds how many mistakes are told.
const maxWrong = 20

func newScore(world *simnet.World, rows *output.Encoder, next *lockedSink) *score {
	s := &score{world: world, rows: rows, next: next, seen: map[string]bool{}, failures: map[string]int{}, mail: map[string]int{},
		security: map[string]int{}, reasons: map[string]int{}}
	for kind := range s.posture {
		s.posture[kind] = map[string]int{}
	}
	return s
}

// Write implements scanner.Sink.
func (s *score) Write(batch []*record.Record) error {
	for _, r := range batch {
		row, _ := s.rows.Rows(r)
		s.check(&row)
	}
	return s.next.Write(batch)
}

// Exchanges implements scanner.ExchangeSink.
func (s *score) Exchanges(batch []record.Exchange) error { return s.next.Exchanges(batch) }

// check compares one row with the truth.
func (s *score) check(row *output.Domain) {
	for kind, posture := range postures(row) {
		s.posture[kind][posture]++
	}
	s.mail[row.MXStatus]++
	s.security[row.DNSSECStatus]++
	if row.DNSSECReason != "" {
		s.reasons[row.DNSSECStatus+": "+row.DNSSECReason]++
	}
	if row.CAAStatus == "error" {
		s.failures[row.Status]++
	}
	truth, ok := s.world.TruthOf(row.QueryName)
	differences := differences(row, &truth)
	switch {
	case !ok:
		differences = []string{"is not a name of the world"}
	case s.seen[row.QueryName]:
		differences = []string{"has a second row"}
	}
	s.seen[row.QueryName] = true
	if len(differences) == 0 {
		s.right++
		return
	}
	s.mistaken++
	if len(s.wrong) < maxWrong {
		s.wrong = append(s.wrong, fmt.Sprintf("%s (%s): %s", row.QueryName, truth.Class, strings.Join(differences, "; ")))
	}
}

func postures(row *output.Domain) [caa.Kinds]string {
	return [caa.Kinds]string{
		caa.TLS: row.TLSPosture, caa.TLSWildcard: row.TLSWildPosture, caa.SMIME: row.SMIMEPosture, caa.VMC: row.VMCPosture,
	}
}

// differences lists where a row is not what the truth says.
func differences(row *output.Domain, truth *simnet.Truth) []string {
	var list []string
	want := func(what, got, wanted string) {
		if got != wanted {
			list = append(list, fmt.Sprintf("%s is %q, should be %q", what, got, wanted))
		}
	}
	for kind, posture := range postures(row) {
		want("posture "+caa.Kind(kind).String(), posture, truth.Posture[kind].String())
	}
	failure, failedAt, count := "", "", ""
	if row.CAAStatus == "error" {
		hides := row.Climb[slices.IndexFunc(row.Climb, hidesSet)]
		failure, failedAt = hides.Outcome, hides.Name
	}
	if row.CAACount != nil {
		count = strconv.Itoa(int(*row.CAACount))
	}
	wantFailure, wantCount := "", strconv.Itoa(truth.Count)
	if truth.Failure.Failed() {
		wantFailure, wantCount = truth.Failure.String(), ""
	}
	want("failure", failure, wantFailure)
	want("failed level", failedAt, truth.FailedAt)
	want("relevant name", row.CAAName, truth.Relevant)
	want("number of records", count, wantCount)
	want("mx_status", row.MXStatus, truth.MX.String())
	capable := ""
	if row.EmailCapable != nil {
		capable = strconv.FormatBool(*row.EmailCapable)
	}
	want("email_capable", capable, truth.Capable.String())
	want("dnssec_status", row.DNSSECStatus, truth.Security.String())
	if truth.Reason != "" {
		want("dnssec_reason", row.DNSSECReason, truth.Reason)
	}
	if truth.BrokenAt != "" && truth.Security != record.Insecure {
		want("dnssec_failed_at", row.DNSSECFailedAt, truth.BrokenAt)
	}
	return list
}

// hidesSet reports whether a level does not show if it holds a set.
func hidesSet(l output.Level) bool {
	return l.Outcome != record.Found.String() && l.Outcome != record.NoData.String() && l.Outcome != record.NXDomain.String()
}

// print writes the tables and the score.
func (s *score) print(to io.Writer) error {
	var b strings.Builder
	total := s.right + s.mistaken
	fmt.Fprintf(&b, "\nPosture of %d names\n\n  %-16s", total, "")
	for kind := range caa.Kinds {
		fmt.Fprintf(&b, "%22s", caa.Kind(kind))
	}
	b.WriteByte('\n')
	for p := caa.Absent; p <= caa.Error; p++ {
		fmt.Fprintf(&b, "  %-16s", p)
		for kind := range caa.Kinds {
			n := s.posture[kind][p.String()]
			fmt.Fprintf(&b, "%12d  %6.2f %%", n, 100*float64(n)/float64(max(total, 1)))
		}
		b.WriteByte('\n')
	}
	table(&b, "Failed look-ups by class", s.failures)
	table(&b, "Mail exchangers", s.mail)
	table(&b, "DNSSEC", s.security)
	table(&b, "DNSSEC, why", s.reasons)
	fmt.Fprintf(&b, "\nScore: %d of %d names right (%.2f %%): posture, relevant name, records, failure class, mail, security\n",
		s.right, s.world.Len(), 100*float64(s.right)/float64(s.world.Len()))
	for _, line := range s.wrong {
		fmt.Fprintf(&b, "  wrong: %s\n", line)
	}
	if more := s.mistaken - len(s.wrong); more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// table writes counts, the largest first.
func table(b *strings.Builder, title string, counts map[string]int) {
	if len(counts) == 0 {
		return
	}
	words := make([]string, 0, len(counts))
	for word := range counts {
		words = append(words, word)
	}
	slices.SortFunc(words, func(x, y string) int {
		return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x, y))
	})
	fmt.Fprintf(b, "\n%s\n", title)
	for _, word := range words {
		fmt.Fprintf(b, "  %-36s%12d\n", word, counts[word])
	}
}
