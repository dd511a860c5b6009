package output

import (
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// The words of Domain.EmailRule.
const (
	ruleMX         = "mx"
	ruleImplicitMX = "implicit_mx"
	ruleNullMX     = "null_mx"
	ruleNoAddress  = "no_address"
	ruleNXDomain   = "nxdomain"
)

// mail fills the columns about mail.
func (e *Encoder) mail(d *Domain, r *record.Record) {
	mx := r.Mail.MX
	if mx == nil || mx.Outcome == record.Skipped {
		return
	}
	d.MXStatus = mxStatus(&r.Mail)
	d.MXSecurity = mx.Security.String()
	if d.EmailRule = emailRule(&r.Mail); d.EmailRule != "" {
		d.EmailCapable = flag(d.EmailRule == ruleMX || d.EmailRule == ruleImplicitMX)
		d.ImplicitMX = flag(d.EmailRule == ruleImplicitMX)
	}
	if mx.Outcome.Failed() {
		return
	}
	d.MXAddress = e.texts.take(len(r.Mail.Exchange))
	d.MXPreference = e.int32s.take(len(r.Mail.Exchange))
	for i, exchange := range r.Mail.Exchange {
		server := e.host(exchange.Exchange)
		d.MXAddress[i] = server.text
		d.MXPreference[i] = int32(exchange.Preference)
		if d.MXOperator == "" && exchange.Exchange != wire.Root {
			d.MXOperator = server.operator
		}
	}
}

func mxStatus(m *record.Mail) string {
	switch {
	case m.MX.Outcome.Failed():
		return "error"
	case m.MX.Outcome == record.Found && nullMX(m):
		return "null_mx"
	default:
		return m.MX.Outcome.String() // found, nodata, nxdomain
	}
}

// emailRule says by which rule of RFC 5321 5.1 and RFC 7505 the name has mail or has none; "" if it is not known.
func emailRule(m *record.Mail) string {
	switch {
	case m.MX.Outcome.Failed():
		return ""
	case m.MX.Outcome == record.Found && nullMX(m):
		return ruleNullMX
	case m.MX.Outcome == record.Found:
		return ruleMX
	case m.MX.Outcome == record.NXDomain:
		return ruleNXDomain
	case m.Address == nil || m.Address.Outcome.Failed():
		return ""
	case m.Address.Outcome == record.Found:
		return ruleImplicitMX
	default:
		return ruleNoAddress
	}
}

// nullMX reports whether the records say that the name takes no mail: none names a server. RFC 7505 3 forbids another
// MX beside the null one; who publishes both is reachable by the other.
func nullMX(m *record.Mail) bool {
	for _, mx := range m.Exchange {
		if mx.Exchange != wire.Root {
			return false
		}
	}
	return len(m.Exchange) > 0
}
