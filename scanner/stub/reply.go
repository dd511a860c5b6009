package stub

import (
	"slices"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// maxDNAMEs bounds how many DNAME records are held against the names of one chain. A real chain has at most one for
// each link; without the bound, a message of 64 KiB full of them takes a tenth of a second to read.
const maxDNAMEs = maxAliases * maxAliases

// reading is what one reply says about one question. It is used again and again.
type reading struct {
	outcome       record.Outcome
	at            wire.Name // end of the chain
	links         []record.Alias
	records       []record.RR // the answer
	ttl           uint32      // of the records of the type asked, or of their absence
	zone          wire.Name   // that holds the end of the chain; "" if nobody said
	authoritative bool        // a denial with its SOA
	dnames        int         // looked at
}

// read says what m, a NOERROR or NXDOMAIN reply of a recursive resolver, means for the question (name, typ). Its answer
// section has the whole chain, whichever zones it leads through. It returns false if the records are no good.
func (rd *reading) read(m *wire.Message, name wire.Name, typ wire.Type) bool {
	*rd = reading{at: name, links: rd.links[:0], records: rd.records[:0]}
	for {
		n, ok := rd.take(m, typ)
		if !ok {
			return false
		}
		if n > 0 {
			rd.outcome = record.Found
			break
		}
		link, ok := rd.alias(m, typ)
		if !ok {
			return false
		}
		if link.Target == "" {
			rd.deny(m)
			break
		}
		rd.links = append(rd.links, link)
		if slices.ContainsFunc(rd.links, func(l record.Alias) bool { return l.Owner == link.Target }) {
			rd.outcome = record.AliasLoop
			return true
		}
		if len(rd.links) > maxAliases {
			rd.outcome = record.AliasLong
			return true
		}
		rd.at = link.Target
	}
	return true
}

// take keeps the records of the type at rd.at, and returns their number; false if one of them cannot be read (spec rule
// R1.9, disputed point C14).
func (rd *reading) take(m *wire.Message, typ wire.Type) (n int, ok bool) {
	for _, rr := range m.RRs {
		if rr.Section != wire.Answer {
			break
		}
		if rr.Type != typ || rr.Class != wire.ClassIN || !m.OwnerIs(rr, rd.at) {
			continue
		}
		if n == 0 && typ == wire.TypeCNAME {
			if _, ok := rd.dname(m); !ok {
				return 0, false
			}
		}
		if !wellFormed(m, rr) || !rd.keep(m, rr, rd.at) {
			return 0, false
		}
		if n == 0 || rr.TTL < rd.ttl {
			rd.ttl = rr.TTL
		}
		n++
	}
	if n > 0 {
		rd.zone = apex(m, rd.at)
	}
	return n, true
}

// wellFormed checks record data that keep copies without looking into it.
func wellFormed(m *wire.Message, rr wire.RR) bool {
	switch rr.Type {
	case wire.TypeA, wire.TypeAAAA:
		_, err := m.Addr(rr)
		return err == nil
	case wire.TypeCAA: // RFC 8659 4.1
		data := m.Raw(rr)
		return len(data) >= 2 && data[1] > 0 && 2+int(data[1]) <= len(data)
	}
	return true
}

// keep copies a record of the answer. It returns false if its data cannot be read.
func (rd *reading) keep(m *wire.Message, rr wire.RR, owner wire.Name) bool {
	data, err := m.AppendRData(nil, rr)
	if err == nil {
		rd.records = append(rd.records, record.RR{Owner: owner, Data: data, TTL: rr.TTL, Type: rr.Type, Class: rr.Class})
	}
	return err == nil
}

// alias returns where rd.at leads by a DNAME above it (RFC 6672 3.2) or a CNAME at it; Target is "" if nowhere. It
// returns false if the records are no good.
func (rd *reading) alias(m *wire.Message, typ wire.Type) (link record.Alias, ok bool) {
	if typ == wire.TypeCNAME {
		return link, true
	}
	if link, ok = rd.dname(m); !ok {
		return link, false
	}
	for _, rr := range m.RRs {
		if rr.Section != wire.Answer {
			break
		}
		if rr.Type != wire.TypeCNAME || rr.Class != wire.ClassIN || !m.OwnerIs(rr, rd.at) {
			continue
		}
		to, err := m.Target(rr)
		if err != nil || link.DNAME && link.Target != to || !rd.keep(m, rr, rd.at) { // RFC 6672 3.1, 5.3.1
			return link, false
		}
		link.Owner, link.Target, link.TTL = rd.at, to, rr.TTL
		break
	}
	return link, true
}

// dname keeps the DNAME above rd.at, if the answer has one, and returns where it leads. It returns false if the target
// is no name, as when the substitution makes one that is too long: that is YXDOMAIN (RFC 6672 2.2), which is no NOERROR.
func (rd *reading) dname(m *wire.Message) (link record.Alias, ok bool) {
	for _, rr := range m.RRs {
		if rr.Section != wire.Answer {
			break
		}
		if rr.Type != wire.TypeDNAME || rr.Class != wire.ClassIN {
			continue
		}
		if rd.dnames++; rd.dnames > maxDNAMEs {
			return link, false
		}
		owner, err := m.Owner(rr)
		if err != nil || !rd.at.Below(owner) {
			continue
		}
		to, err := m.Target(rr)
		if err != nil || !rd.keep(m, rr, owner) {
			return link, false
		}
		target := rd.at.Rebase(owner, to)
		return record.Alias{Owner: rd.at, Target: target, TTL: rr.TTL, DNAME: true}, target != ""
	}
	return link, true
}

// apex returns the zone that the authority section names as the one that holds name; "" if it names none.
func apex(m *wire.Message, name wire.Name) wire.Name {
	for _, rr := range m.RRs {
		if rr.Section != wire.Authority || rr.Type != wire.TypeSOA && rr.Type != wire.TypeNS || rr.Class != wire.ClassIN {
			continue
		}
		if owner, err := m.Owner(rr); err == nil && name.In(owner) {
			return owner
		}
	}
	return ""
}

// deny takes NODATA or NXDOMAIN, of the last name of the chain (RFC 2308 2.1, RFC 6604 3), with the SOA that bounds its
// life (RFC 2308 5) and names the zone. Some forwarders drop the SOA: then it holds for the moment.
func (rd *reading) deny(m *wire.Message) {
	rd.outcome = record.NoData
	if m.RCode() == wire.NXDomain {
		rd.outcome = record.NXDomain
	}
	for _, rr := range m.RRs {
		if rr.Section != wire.Authority || rr.Type != wire.TypeSOA || rr.Class != wire.ClassIN {
			continue
		}
		owner, err := m.Owner(rr)
		if err != nil || !rd.at.In(owner) {
			continue
		}
		if minimum, err := m.SOAMinimum(rr); err == nil {
			rd.zone, rd.ttl, rd.authoritative = owner, min(rr.TTL, minimum), true
			return
		}
	}
}

// copyTo gives what was read to an answer, which owns it then.
func (rd *reading) copyTo(a *record.Answer) {
	a.Chain, a.Records = slices.Clone(rd.links), slices.Clone(rd.records)
}
