package scanner

import (
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

//go:embed root.anchors
var builtInAnchors string

// TrustAnchors returns the trust anchors of the root zone (spec rule R6.10).
func TrustAnchors() []record.RR {
	anchors, err := ReadAnchors(strings.NewReader(builtInAnchors), "built-in trust anchors")
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return anchors
}

// ReadAnchors reads trust anchors in master-file form: DS and DNSKEY records of any names. Other types are errors, as is
// a DNSKEY that is revoked or no zone key (RFC 5011 2.1, RFC 4034 2.1.1). There may be none at all. file is for messages.
func ReadAnchors(r io.Reader, file string) ([]record.RR, error) {
	var anchors []record.RR
	parser := dns.NewZoneParser(r, ".", file)
	parser.SetDefaultTTL(0)
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		head := rr.Header()
		owner, err := wire.ParseName(head.Name)
		if err != nil {
			return nil, fmt.Errorf("%s: %q: %w", file, head.Name, err)
		}
		switch rr := rr.(type) {
		case *dns.DS:
		case *dns.DNSKEY:
			if rr.Flags&dns.ZONE == 0 || rr.Flags&dns.REVOKE != 0 {
				return nil, fmt.Errorf("%s: the DNSKEY of %s is revoked or no zone key: no trust anchor", file, head.Name)
			}
		default:
			return nil, fmt.Errorf("%s: %s record of %s: trust anchors are DS or DNSKEY records", file, dns.Type(head.Rrtype), head.Name)
		}
		packed := make([]byte, dns.Len(rr))
		n, err := dns.PackRR(rr, packed, 0, nil, false)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, head.Name, err)
		}
		anchors = append(anchors, record.RR{
			Owner: owner, Type: wire.Type(head.Rrtype), Class: wire.ClassIN,
			Data: packed[n-int(head.Rdlength) : n],
		})
	}
	if err := parser.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return anchors, nil
}
