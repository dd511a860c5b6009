package replay

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// checkAnswer compares the next answer that was not looked at yet with the entry of a CHECK_ANSWER: the first to its
// question, or the first of all if the entry has none.
func (p *player) checkAnswer(e *Entry) {
	var c *client
	for _, of := range p.clients {
		same := e.Question == nil ||
			of.typ == wire.Type(e.Question.Qtype) && of.name == wire.MustName(e.Question.Name)
		if !of.checked && same {
			c = of
			break
		}
	}
	if c == nil {
		p.fault("line %d: there was no such question", e.Line)
		return
	}
	c.checked = true
	if c.answer == nil {
		p.fault("line %d: %v %v has no answer", e.Line, c.name, c.typ)
		return
	}
	p.Answers = append(p.Answers, c.answer)
	p.trace("%v %v: %s", c.name, c.typ, describe(c.answer))
	for _, fault := range slices.Concat(e.compare(c), e.Expect.compare(c)) {
		p.fault("line %d: %v %v: %s (%s)", e.Line, c.name, c.typ, fault, describe(c.answer))
	}
}

func describe(a *record.Answer) string {
	s := a.Outcome.String()
	if a.Cause != "" {
		s += " (" + a.Cause + ")"
	}
	s += ", " + a.Security.String()
	if a.Reason != "" {
		s += ", " + a.Reason
	}
	if a.BrokenAt != "" {
		s += " at " + a.BrokenAt.String()
	}
	return s
}

// compare holds the message that a client of a recursive resolver would get against the entry.
func (e *Entry) compare(c *client) (faults []string) {
	want := func(element Element) bool { return e.Match.Elements&element != 0 }
	a := c.answer
	if got := a.Outcome.ClientRCode(); want(MatchRCode) && int(got) != e.RCode {
		faults = append(faults, fmt.Sprintf("response code %v, not %v", got, wire.RCode(e.RCode)))
	}
	if got := c.flags(); want(MatchFlags) && got != e.Flags&^wire.FlagCD {
		faults = append(faults, fmt.Sprintf("flags %s, not %s", flagText(got), flagText(e.Flags)))
	}
	if want(MatchAnswer) {
		faults = append(faults, e.compareRecords(a)...)
	}
	return faults
}

// flags of the answer: AD if all of it is secure and the client wants to know (RFC 6840 5.7, 5.8).
func (c *client) flags() uint16 {
	f := wire.FlagQR | wire.FlagRA | c.entry.Flags&wire.FlagRD
	asked := c.entry.DO || c.entry.Flags&wire.FlagAD != 0
	if asked && c.answer.Security == record.Secure && !c.answer.Outcome.Failed() {
		f |= wire.FlagAD
	}
	return f
}

func flagText(f uint16) string {
	var words []string
	for _, word := range []string{"QR", "AA", "TC", "RD", "RA", "AD", "CD"} {
		if f&flagWords[word] != 0 {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

// compareRecords holds the answer section against the entry's, RRSIGs apart, in any order. A failure has none.
func (e *Entry) compareRecords(a *record.Answer) (faults []string) {
	var got []record.RR
	if !a.Outcome.Failed() {
		got = slices.Clone(a.Records)
	}
	for _, rr := range e.Sections[0] {
		if rr.Header().Rrtype == dns.TypeRRSIG {
			continue
		}
		want, err := recordOf(rr)
		if err != nil {
			return append(faults, fmt.Sprintf("the record expected, %v, cannot be written: %v", rr, err))
		}
		at := slices.IndexFunc(got, func(rr record.RR) bool {
			return rr.Owner == want.Owner && rr.Type == want.Type && bytes.Equal(rr.Data, want.Data) &&
				(e.Match.Elements&MatchTTL == 0 || rr.TTL == want.TTL)
		})
		if at < 0 {
			faults = append(faults, fmt.Sprintf("the record %v is missing", rr))
			continue
		}
		got = slices.Delete(got, at, at+1)
	}
	for _, rr := range got {
		faults = append(faults, fmt.Sprintf("a record %v %v is not expected", rr.Owner, rr.Type))
	}
	return faults
}

// compare holds an answer against a caascan line.
func (x *Expect) compare(c *client) (faults []string) {
	if x == nil {
		return nil
	}
	a := c.answer
	differ := func(what, got, want string) {
		if want != "" && got != want {
			faults = append(faults, fmt.Sprintf("%s %q, not %q", what, got, want))
		}
	}
	differ("outcome", a.Outcome.String(), x.Outcome)
	differ("security", a.Security.String(), x.Security)
	differ("cause", cmp.Or(a.Cause, "none"), x.Cause)
	differ("reason", cmp.Or(a.Reason, "none"), x.Reason)
	differ("broken at", string(a.BrokenAt), string(x.BrokenAt))
	differ("zone", string(a.Zone), string(x.Zone))
	if x.By.IsValid() && (a.By == nil || a.By.Addr != x.By) {
		faults = append(faults, fmt.Sprintf("not given by %v", x.By))
	}
	if x.Packets != nil && int(c.Cost.Queries) > *x.Packets {
		faults = append(faults, fmt.Sprintf("%d packets, more than %d", c.Cost.Queries, *x.Packets))
	}
	return faults
}
