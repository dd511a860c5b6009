package scanner

import (
	"slices"

	"github.com/caascan/caascan/scanner/mail"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// Companions is a set of what a scan looks up for a name beside CAA.
//
// All but MX are asked for once the climb is over. Below a name that does not exist nothing does (RFC 8020), so that of such
// names only AllServers is asked; who opted out is asked for nothing.
type Companions uint16

const (
	MX           Companions = 1 << iota // the mail exchangers, and where there are none the name's own addresses
	SPF                                 // TXT of the name
	DMARC                               // TXT of _dmarc, and where that has no record, that of the registrable domain
	MTASTS                              // TXT of _mta-sts, and where that has a record, CAA of the host mta-sts
	TLSReporting                        // TXT of _smtp._tls
	BIMI                                // TXT of default._bimi
	DKIM                                // TXT of each selector of Config.DKIM
	MXHosts                             // CAA of the names of the mail exchangers; implies MX
	AllServers                          // CAA of the deciding level at every server of its zone; not with Network.Resolvers
)

// policyHost is what follows from MTASTS.
const policyHost = AllServers << 1

// Has reports whether all companions of the given set are in c.
func (c Companions) Has(of Companions) bool { return c&of == of }

// whole is c with all that it implies.
func (c Companions) whole() Companions {
	if c.Has(MXHosts) {
		c |= MX
	}
	return c
}

// maxHosts bounds the mail exchangers of one name whose CAA is looked up, the most preferred first. Nobody needs more: the
// largest providers name five. A set of hundreds, each in a zone of its own, would make the scan ask a crowd of strangers
// on behalf of one name (as NXNSAttack does), until its bound of queries is hit.
const maxHosts = 16

// audit is the look-up of the companions of one name, one question after the other.
type audit struct {
	found   *record.Companions // nil if none of these are asked
	survey  *record.Survey
	address *record.Answer // that the look-up of the mail servers ended with
	stack   []inquiry      // what is still to be asked: the last one next, about which the next answer is
	climb   []record.Level // of the host whose CAA is being looked up
	task    *task
}

// inquiry is a question of an audit.
type inquiry struct {
	about    Companions // one of them
	selector int        // of DKIM
	name     wire.Name
}

// typ is the type of record asked for.
func (i inquiry) typ() wire.Type {
	switch i.about {
	case MXHosts, policyHost, AllServers:
		return wire.TypeCAA
	}
	return wire.TypeTXT
}

// accompany asks for the companions of t, if there are any for it, and ends it. Address is as for newRecord.
func (m *machine) accompany(now step.Time, t *task, address *record.Answer, out *[]step.Ask) {
	if m.with&^MX == 0 || t.own.Outcome == record.Skipped {
		m.finish(now, t, address)
		return
	}
	t.more().audit = &audit{address: address, task: t}
	t.further.audit.begin(m)
	m.inquire(now, t, out)
}

// accompanied reports whether a name may have companions of mail, by what the look-up of its own CAA showed. A name that is
// an alias exists, and with it the names below it may.
func accompanied(own *record.Answer) bool {
	isCNAME := func(link record.Alias) bool { return !link.DNAME }
	return own.Outcome != record.NXDomain || slices.ContainsFunc(own.Chain, isCNAME)
}

// inquire asks the next question of the audit of t, and ends t after the last.
func (m *machine) inquire(now step.Time, t *task, out *[]step.Ask) {
	a := t.further.audit
	if len(a.stack) == 0 {
		m.finish(now, t, a.address)
		return
	}
	next := a.stack[len(a.stack)-1]
	if next.about == AllServers {
		m.surveys.Survey(now, &t.client, next.name, next.typ(), out) // what comes of it is collected
		return
	}
	m.ask(now, t, next.name, next.typ(), out)
}

// surveys is a resolver that asks every server of a zone.
type surveys interface {
	Survey(now step.Time, c *resolve.Client, name wire.Name, typ wire.Type, out *[]step.Ask)
}

// surveyed takes a survey.
func (m *machine) surveyed(now step.Time, t *task, survey *record.Survey, out *[]step.Ask) {
	a := t.further.audit
	a.survey, a.stack = survey, a.stack[:len(a.stack)-1]
	m.inquire(now, t, out)
}

// begin notes what is to be asked. What costs most comes last, so that it is that which the bound on queries cuts off.
func (a *audit) begin(m *machine) {
	name, with := a.task.target.name, m.with
	if with&^(MX|AllServers) == 0 || !accompanied(a.task.own) {
		with &= AllServers
	} else {
		a.found = &record.Companions{}
	}
	if with.Has(MXHosts) {
		a.exchangers()
	}
	if with.Has(AllServers) {
		a.push(AllServers, a.task.deciding().Name, true)
	}
	if with.Has(DKIM) {
		a.selectors(name, m.selectors)
	}
	if with.Has(BIMI) {
		below, ok := mail.BIMIName(name)
		a.push(BIMI, below, ok)
	}
	if with.Has(TLSReporting) {
		below, ok := mail.TLSReportingName(name)
		a.push(TLSReporting, below, ok)
	}
	if with.Has(MTASTS) {
		below, ok := mail.MTASTSName(name)
		a.push(MTASTS, below, ok)
	}
	if with.Has(DMARC) {
		names := a.task.dmarcNames()
		if len(names) == 0 {
			a.push(DMARC, "", false)
		}
		for _, name := range slices.Backward(names) {
			a.push(DMARC, name, true)
		}
	}
	if with.Has(SPF) {
		a.push(SPF, name, true)
	}
}

// push notes a question. Where the name leaves no room for that of the record, there is nothing to ask, and nothing
// published.
func (a *audit) push(about Companions, name wire.Name, ok bool) {
	if !ok {
		a.published(inquiry{about: about}, nil)
		return
	}
	a.stack = append(a.stack, inquiry{about: about, name: name})
}

// exchangers notes the names of the mail exchangers.
func (a *audit) exchangers() {
	mx := a.task.further.mx
	if mx.Outcome.Failed() {
		return
	}
	a.found.Hosts = []record.Host{}
	var names []wire.Name
	for _, mx := range exchanges(mx) {
		if mx.Exchange != wire.Root && !slices.Contains(names, mx.Exchange) && len(names) < maxHosts {
			names = append(names, mx.Exchange)
		}
	}
	for _, name := range slices.Backward(names) {
		a.push(MXHosts, name, true)
	}
}

// selectors notes the keys of DKIM.
func (a *audit) selectors(domain wire.Name, selectors []string) {
	a.found.DKIM = make([]record.Selector, len(selectors))
	for i, selector := range slices.Backward(selectors) {
		a.found.DKIM[i].Name = selector
		if name, ok := mail.DKIMName(selector, domain); ok {
			a.stack = append(a.stack, inquiry{about: DKIM, selector: i, name: name})
		} else {
			a.published(inquiry{about: DKIM, selector: i}, nil)
		}
	}
}

// dmarcNames are the names of the DMARC record of t (RFC 7489 6.6.3).
func (t *task) dmarcNames() []wire.Name {
	organisational := wire.Name("")
	if at := t.target.registrable; at != noPart {
		organisational = wire.MustName(t.target.name.String()[at:])
	}
	return mail.DMARCNames(t.target.name, organisational)
}

// take takes the answer to the question asked last, and notes what follows from it.
func (a *audit) take(answer *record.Answer) {
	i := a.stack[len(a.stack)-1]
	a.stack = a.stack[:len(a.stack)-1]
	if i.typ() == wire.TypeCAA {
		a.ascend(i, answer)
		return
	}
	a.published(i, answer)
	switch {
	case i.about == DMARC && a.found.DMARC.Says.Posture != mail.DMARCAbsent && len(a.stack) > 0 && a.stack[len(a.stack)-1].about == DMARC:
		a.stack = a.stack[:len(a.stack)-1] // the organisational domain has no say
	case i.about == MTASTS && a.found.MTASTS.Says.Posture != mail.MTASTSAbsent && answer.Outcome != record.Skipped:
		if host, ok := mail.MTASTSHost(a.task.target.name); ok {
			a.push(policyHost, host, true)
		}
	}
}

// published reads what the TXT records at a name say. Without an answer there are none.
func (a *audit) published(i inquiry, answer *record.Answer) {
	switch c := a.found; i.about {
	case SPF:
		c.SPF = read(answer, mail.ParseSPF, mail.SPF{Posture: mail.SPFError})
	case DMARC:
		c.DMARC = read(answer, mail.ParseDMARC, mail.DMARC{Posture: mail.DMARCError})
	case MTASTS:
		c.MTASTS = read(answer, mail.ParseMTASTS, mail.MTASTS{Posture: mail.MTASTSError})
	case TLSReporting:
		c.TLSReporting = read(answer, mail.ParseTLSReporting, mail.TLSReporting{Posture: mail.TLSReportingError})
	case BIMI:
		c.BIMI = read(answer, mail.ParseBIMI, mail.BIMI{Posture: mail.BIMIError})
	case DKIM:
		c.DKIM[i.selector].Key = read(answer, mail.ParseDKIM, mail.DKIM{Posture: mail.DKIMError})
	}
}

// read reads the TXT records of an answer. Failed is what there is to say if the look-up failed, or a record cannot be
// read. Of who opted out, nothing is said.
func read[Protocol any](a *record.Answer, parse func([]string) Protocol, failed Protocol) record.Published[Protocol] {
	p := record.Published[Protocol]{Answer: a}
	if a == nil {
		p.Says = parse(nil)
		return p
	}
	if a.Outcome == record.Skipped {
		return p
	}
	p.Says = failed
	if a.Outcome.Failed() {
		return p
	}
	var texts []string
	if a.Outcome == record.Found {
		for _, rr := range a.Set() {
			txt, err := wire.ParseTXT(rr.Data)
			if err != nil {
				return p
			}
			texts = append(texts, mail.Text(txt))
		}
	}
	p.Says = parse(texts)
	return p
}

// ascend takes the answer of one level of the climb for a host, and asks the next one. From the domain on, the climb for
// the host that serves its MTA-STS policy is the domain's own.
func (a *audit) ascend(i inquiry, answer *record.Answer) {
	a.climb = append(a.climb, record.Level{Name: answer.Name, Answer: answer})
	parent, more := next(answer)
	switch {
	case more && i.about == policyHost:
		a.climb = a.task.levels(a.climb)
	case more:
		a.push(i.about, parent, true)
		return
	}
	host := record.Host{Name: a.climb[0].Name, Verdict: record.Conclude(a.climb)}
	a.climb = nil
	if i.about == policyHost {
		a.found.PolicyHost = &host
	} else {
		a.found.Hosts = append(a.found.Hosts, host)
	}
}
