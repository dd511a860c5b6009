package mail

import "github.com/caascan/caascan/scanner/wire"

// The names to ask, for a domain whose mail is looked at. SPF alone stands at the domain's own name. A function's ok is
// false where the domain leaves no room for the labels before it: then there is nothing to ask, and nothing published.

// DMARCName returns the name of the domain's DMARC record (RFC 9989 4.5).
func DMARCName(domain wire.Name) (name wire.Name, ok bool) { return under(domain, "\x06_dmarc") }

// MTASTSName returns the name of the domain's MTA-STS record (RFC 8461 3.1).
func MTASTSName(domain wire.Name) (name wire.Name, ok bool) { return under(domain, "\x08_mta-sts") }

// MTASTSHost returns the host that serves the domain's MTA-STS policy (RFC 8461 3.3), whose certificate CAA governs.
func MTASTSHost(domain wire.Name) (name wire.Name, ok bool) { return under(domain, "\x07mta-sts") }

// TLSReportingName returns the name of the domain's TLS-RPT record (RFC 8460 3).
func TLSReportingName(domain wire.Name) (name wire.Name, ok bool) {
	return under(domain, "\x05_smtp\x04_tls")
}

// BIMIName returns the name of the domain's default BIMI assertion record (BIMI 4.3). A domain without one may have
// that of its organisational domain (BIMI 7.2).
func BIMIName(domain wire.Name) (name wire.Name, ok bool) {
	return under(domain, "\x07default\x05_bimi")
}

// DKIMName returns the name of the key that a selector of the domain names (RFC 6376 3.6.2.1). A selector is one label
// or more, as in a signature's tag s.
func DKIMName(selector string, domain wire.Name) (name wire.Name, ok bool) {
	labels, err := wire.ParseName(selector)
	if err != nil || labels == wire.Root {
		return "", false
	}
	return under(domain, string(labels[:len(labels)-1])+"\x0a_domainkey")
}

// DMARCNames returns the names at which a receiver that goes by RFC 7489 6.6.3 looks for the domain's policy, in order:
// the second is asked only if the first has no DMARC record at all (not one, if it has several). Organisational is the
// domain's organisational domain, its registrable domain by the public suffix list (RFC 7489 3.2). It may be "" for a
// domain that has none, such as a public suffix, and must otherwise be domain or an ancestor of it.
func DMARCNames(domain, organisational wire.Name) []wire.Name {
	names := make([]wire.Name, 0, 2)
	if name, ok := DMARCName(domain); ok {
		names = append(names, name)
	}
	if organisational != "" && domain.Below(organisational) {
		if name, ok := DMARCName(organisational); ok {
			names = append(names, name)
		}
	}
	return names
}

// under puts labels, in wire form without the root's octet, before domain.
func under(domain wire.Name, labels string) (name wire.Name, ok bool) {
	if domain == "" || len(labels)+len(domain) > wire.MaxName {
		return "", false
	}
	return wire.Name(labels) + domain, true
}
