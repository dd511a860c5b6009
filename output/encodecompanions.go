package output

import (
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/mail"
	"github.com/caascan/caascan/scanner/record"
)

// companions fills the columns about what was looked up besides CAA and MX.
func (e *Encoder) companions(d *Domain, r *record.Record) {
	c := r.Companions
	if c == nil {
		return
	}
	e.spf(d, c)
	e.dmarc(d, c, r)
	e.mtaSTS(d, c)
	e.tlsReporting(d, c)
	e.bimi(d, c)
	e.dkim(d, c)
	e.mailFindings(d, c)
	if c.Hosts != nil {
		d.MXHosts = make([]MXHost, len(c.Hosts))
		for i := range c.Hosts {
			d.MXHosts[i] = e.mxHost(&c.Hosts[i])
		}
	}
}

func (e *Encoder) spf(d *Domain, c *record.Companions) {
	s := &c.SPF.Says
	if s.Posture == mail.SPFNotAsked {
		return
	}
	d.SPFAll, d.SPFSecurity = s.Posture.String(), securityWord(c.SPF.Answer)
	if s.Record != "" {
		d.SPFLookups = e.int16(s.Lookups)
		d.SPFIncludes = e.octets(s.Includes)
		d.SPFRedirect = Octets(s.Redirect)
	}
}

func (e *Encoder) dmarc(d *Domain, c *record.Companions, r *record.Record) {
	s := &c.DMARC.Says
	if s.Posture == mail.DMARCNotAsked {
		return
	}
	posture, a := s.Posture, c.DMARC.Answer
	d.DMARCSecurity = securityWord(a)
	if a != nil {
		if own, ok := mail.DMARCName(r.Climb[0].Name); !ok || a.Name != own {
			posture = s.ForSubdomain(true) // nothing is asked about names that do not exist
		}
		if s.Posture != mail.DMARCAbsent {
			d.DMARCName = e.below(a.Name, d.QueryName)
		}
	}
	d.DMARCPolicy = posture.String()
	if s.Policy == mail.DMARCNotAsked {
		return
	}
	d.DMARCSubdomainPolicy, d.DMARCNPPolicy = s.Subdomains.String(), s.NonExistent.String()
	d.DMARCTesting, d.DMARCPct = flag(s.Testing), small8(int(s.Percent))
	d.DMARCRUA, d.DMARCRUF = e.reportURIs(s.Aggregate), e.reportURIs(s.Failure)
}

func (e *Encoder) reportURIs(uris []mail.ReportURI) []string {
	texts := e.texts.take(len(uris))
	for i := range uris {
		texts[i] = Octets(uris[i].URI)
	}
	return texts
}

func (e *Encoder) mtaSTS(d *Domain, c *record.Companions) {
	s := &c.MTASTS.Says
	if s.Posture == mail.MTASTSNotAsked {
		return
	}
	d.MTASTS, d.MTASTSID, d.MTASTSSecurity = s.Posture.String(), s.ID, securityWord(c.MTASTS.Answer)
	host := c.PolicyHost
	if host == nil {
		return
	}
	d.MTASTSCAAPosture = host.Posture[caa.TLS].String()
	if host.Relevant >= 0 && !host.Failed() {
		d.MTASTSCAAName = e.below(host.Climb[host.Relevant].Name, d.QueryName)
		d.MTASTSCAAInherited = flag(host.Relevant > 0)
	}
}

func (e *Encoder) tlsReporting(d *Domain, c *record.Companions) {
	s := &c.TLSReporting.Says
	if s.Posture == mail.TLSReportingNotAsked {
		return
	}
	d.TLSRPT, d.TLSRPTSecurity = s.Posture.String(), securityWord(c.TLSReporting.Answer)
	if s.Posture == mail.TLSReportingPublished {
		d.TLSRPTRUA = e.octets(s.RUA)
	}
}

func (e *Encoder) bimi(d *Domain, c *record.Companions) {
	s := &c.BIMI.Says
	if s.Posture == mail.BIMINotAsked {
		return
	}
	d.BIMI, d.BIMISecurity = s.Posture.String(), securityWord(c.BIMI.Answer)
	d.BIMILocation, d.BIMIEvidence = Octets(s.Location), Octets(s.Evidence)
}

func (e *Encoder) dkim(d *Domain, c *record.Companions) {
	if c.DKIM == nil {
		return
	}
	d.DKIM = make([]DKIMKey, len(c.DKIM))
	for i := range c.DKIM {
		key := &c.DKIM[i].Key.Says
		d.DKIM[i] = DKIMKey{
			Selector: Octets(c.DKIM[i].Name), KeyType: key.KeyType.String(), KeyBits: int32(key.KeyBits), Testing: key.Testing,
		}
		if key.Posture != mail.DKIMNotAsked {
			d.DKIM[i].Posture = key.Posture.String()
		}
	}
}

// mailFindings fills the column of that name, if one of the protocols was asked about.
func (e *Encoder) mailFindings(d *Domain, c *record.Companions) {
	if d.SPFAll == "" && d.DMARCPolicy == "" && d.MTASTS == "" && d.TLSRPT == "" && d.BIMI == "" && d.DKIM == nil {
		return
	}
	all := c.SPF.Says.Findings | c.DMARC.Says.Findings | c.MTASTS.Says.Findings | c.TLSReporting.Says.Findings | c.BIMI.Says.Findings
	for i := range c.DKIM {
		all |= c.DKIM[i].Key.Says.Findings
	}
	d.MailFindings = []string{}
	for f := range all.All {
		d.MailFindings = append(d.MailFindings, f.String())
	}
}

// mxHost is what the row says of one mail exchanger.
func (e *Encoder) mxHost(h *record.Host) MXHost {
	host := MXHost{
		Name:       e.host(h.Name).text,
		CAAStatus:  "none",
		TLSPosture: h.Posture[caa.TLS].String(),
		TLSIssuers: e.issuers(h.CAA.Issuers[caa.TLS]),
		Security:   decidingSecurity(h.Climb, h.Relevant).Security.String(),
	}
	switch {
	case h.Failed():
		host.CAAStatus, host.Error = "error", h.Climb[h.Relevant].Answer.Outcome.String()
	case h.Relevant >= 0:
		host.CAAStatus, host.CAAName = "found", h.Climb[h.Relevant].Name.String()
	}
	return host
}

// survey fills the columns about all servers of the zone.
func (e *Encoder) survey(d *Domain, s *record.Survey) {
	if s == nil {
		return
	}
	d.CAAConsistency = s.Consistency.String()
	d.NSIPCount, d.NSTried = small8(s.Addresses), small8(len(s.Answers))
	d.NSAnswered, d.NSLame, d.NSInconsistent = small8(s.Answered()), small8(s.Lame()), small8(s.Inconsistent())
}

// octets writes each of the texts by Octets; the list is not nil.
func (e *Encoder) octets(texts []string) []string {
	written := e.texts.take(len(texts))
	for i := range texts {
		written[i] = Octets(texts[i])
	}
	return written
}

// securityWord is NULL where there was nothing to ask.
func securityWord(a *record.Answer) string {
	if a == nil {
		return ""
	}
	return a.Security.String()
}
