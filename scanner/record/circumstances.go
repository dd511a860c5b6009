package record

import (
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/wire"
)

// Circumstances are what findings about r.CAA depend on besides the set itself.
func (r *Record) Circumstances() caa.Circumstances {
	c := caa.Circumstances{Name: r.Target.Name, Mail: r.Mail.Use()}
	if r.Relevant < 0 || r.Failed() {
		return c
	}
	level := r.Climb[r.Relevant]
	a := level.Answer
	c.Level, c.Owner = level.Name.String(), a.Owner().String()
	c.TTL, c.TTLKnown = a.TTL, true
	c.Truncated, c.Size = a.Truncated, int(a.Size)
	c.Aliased, c.Inherited = len(a.Chain) > 0, r.Relevant > 0
	c.BySuffix = c.Inherited && level.Name.Labels() <= int(labels(r.Target.Suffix))
	return c
}

// Use says if the name takes mail (RFC 5321 5.1, RFC 7505).
func (m *Mail) Use() caa.MailUse {
	switch {
	case m.MX == nil:
		return caa.MailNotKnown
	case m.MX.Outcome == Found && len(m.Exchange) == 1 && m.Exchange[0].Exchange == wire.Root:
		return caa.TakesNoMail
	case m.MX.Outcome == Found:
		return caa.TakesMail
	case m.MX.Outcome == NXDomain:
		return caa.TakesNoMail
	case m.MX.Outcome.Failed() || m.Address == nil || m.Address.Outcome.Failed():
		return caa.MailNotKnown
	case m.Address.Outcome == Found:
		return caa.TakesMail
	default:
		return caa.TakesNoMail
	}
}
