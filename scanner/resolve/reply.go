package resolve

import (
	"encoding/binary"
	"slices"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// maxAliases bounds the chain of one question, as BIND does; real chains through several hosters have four or five
// links. A longer chain is the failure long_chain (spec rule R1.9).
const maxAliases = 16

// verdict says where a reply leads.
type verdict uint8

const (
	final     verdict = iota // reading.outcome is what the question showed
	aliased                  // the chain goes on at reading.at, which another zone may hold
	referred                 // other servers know: reading.referral
	notUseful                // reading.outcome is what is wrong with this server's reply
)

// reading is what one reply says about one question.
type reading struct {
	verdict verdict
	outcome record.Outcome
	at      wire.Name      // end of the chain as far as this reply takes it
	links   []record.Alias // that this reply adds to the chain
	records []record.RR    // that this reply adds to the answer
	proof   []record.RR    // RRSIGs over them
	ttl     uint32         // of the records of the type asked, or of their absence
	zone    wire.Name      // apex of the zone that speaks
	referral
}

// referral is a delegation to a zone below the one that was asked.
type referral struct {
	zone  wire.Name
	names []wire.Name
	glue  []glue
	ds    []record.RR
	ttl   uint32
}

func (rd *reading) reset(at wire.Name) {
	rd.outcome, rd.at, rd.ttl, rd.zone = record.Found, at, 0, ""
	rd.links, rd.records, rd.proof = rd.links[:0], rd.records[:0], rd.proof[:0]
	rd.referral = referral{names: rd.referral.names[:0], glue: rd.referral.glue[:0]}
}

func (rd *reading) reject(o record.Outcome) { rd.verdict, rd.outcome = notUseful, o }

func (rd *reading) conclude(o record.Outcome, zone wire.Name) {
	rd.verdict, rd.outcome, rd.zone = final, o, zone
}

// read says what m means as the reply of a server of zone to the question (at, typ). Only what lies in the zone counts:
// a server has no say about names outside what was delegated to it.
func (rd *reading) read(m *wire.Message, zone, at wire.Name, typ wire.Type) {
	rd.reset(at)
	rcode := m.RCode()
	if rcode != wire.NoError && rcode != wire.NXDomain {
		rd.reject(rcodeOutcome(rcode))
		return
	}
	if m.Has(wire.FlagRA) && !m.Has(wire.FlagAA) && !isReferral(m) {
		rd.reject(record.Lame) // a recursive server's cache, not the zone's own data
		return
	}
	if !rd.follow(m, zone, typ) {
		return
	}
	switch {
	case !rd.at.In(zone):
		rd.verdict = aliased
	case rcode == wire.NXDomain: // of the last name of the chain (RFC 2308 2.1, RFC 6604 3)
		rd.readDenial(m, zone, record.NXDomain)
	default:
		rd.readEmpty(m, zone, typ)
	}
}

func rcodeOutcome(code wire.RCode) record.Outcome {
	switch code {
	case wire.ServFail:
		return record.ServFail
	case wire.Refused:
		return record.Refused
	case wire.FormErr:
		return record.FormErr
	case wire.NotImp:
		return record.NotImp
	}
	return record.OtherRCode
}

// isReferral reports whether a reply has no answer but name servers and no SOA, as referrals have.
func isReferral(m *wire.Message) bool {
	ns := false
	for i := range m.RRs {
		switch rr := &m.RRs[i]; {
		case rr.Section == wire.Answer || rr.Type == wire.TypeSOA && rr.Section == wire.Authority:
			return false
		case rr.Type == wire.TypeNS && rr.Section == wire.Authority:
			ns = true
		}
	}
	return ns
}

// follow walks the answer section from rd.at along CNAMEs and DNAMEs within the zone. It returns true if the chain
// ends without records of the type, and false if rd already has its verdict.
func (rd *reading) follow(m *wire.Message, zone wire.Name, typ wire.Type) bool {
	for rd.at.In(zone) {
		if n := rd.take(m, typ); n != 0 {
			if n > 0 {
				rd.conclude(record.Found, zone)
			}
			return false
		}
		target, dname, ttl, ok := rd.alias(m, zone, typ)
		if !ok {
			return false
		}
		if target == "" {
			return true
		}
		rd.links = append(rd.links, record.Alias{Owner: rd.at, Target: target, TTL: ttl, DNAME: dname})
		if len(rd.links) > maxAliases {
			rd.conclude(record.AliasLong, zone)
			return false
		}
		rd.at = target
	}
	return true
}

// alias returns where rd.at leads by a DNAME above it (RFC 6672 3.2) or a CNAME at it; target is "" if nowhere. If the
// records are no good, rd has its verdict and ok is false.
func (rd *reading) alias(m *wire.Message, zone wire.Name, typ wire.Type) (target wire.Name, dname bool, ttl uint32, ok bool) {
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != wire.Answer {
			break
		}
		if rr.Type != wire.TypeDNAME || rr.Class != wire.ClassIN {
			continue
		}
		owner, err := m.Owner(rr)
		if err != nil {
			rd.reject(record.Malformed)
			return "", false, 0, false
		}
		if !rd.at.Below(owner) || !owner.In(zone) {
			continue
		}
		to, err := m.Target(rr)
		if err != nil {
			rd.reject(record.Malformed)
			return "", false, 0, false
		}
		if target = rd.at.Rebase(owner, to); target == "" { // YXDOMAIN (RFC 6672 2.2)
			rd.conclude(record.AliasLong, zone)
			return "", false, 0, false
		}
		rd.keep(m, rr, owner)
		rd.takeSynthesised(m, target)
		rd.takeSignatures(m, owner, wire.TypeDNAME)
		return target, true, rr.TTL, rd.verdict != notUseful
	}
	if typ == wire.TypeCNAME {
		return "", false, 0, true
	}
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != wire.Answer {
			break
		}
		if rr.Type != wire.TypeCNAME || rr.Class != wire.ClassIN || !m.OwnerIs(rr, rd.at) {
			continue
		}
		to, err := m.Target(rr)
		if err != nil {
			rd.reject(record.Malformed)
			return "", false, 0, false
		}
		rd.keep(m, rr, rd.at)
		rd.takeSignatures(m, rd.at, wire.TypeCNAME)
		return to, false, rr.TTL, true
	}
	return "", false, 0, true
}

// takeSynthesised keeps the CNAME that the server made from a DNAME, and rejects one that leads elsewhere than target
// (RFC 6672 3.1, 5.3.1).
func (rd *reading) takeSynthesised(m *wire.Message, target wire.Name) {
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != wire.Answer || rr.Type != wire.TypeCNAME || !m.OwnerIs(rr, rd.at) {
			continue
		}
		if to, err := m.Target(rr); err != nil || to != target {
			rd.reject(record.Malformed)
			return
		}
		rd.keep(m, rr, rd.at)
		return
	}
}

// take keeps the records of the type at rd.at and returns their number, or -1 if one of them cannot be read: then rd
// has its verdict (spec rule R1.9, disputed point C14).
func (rd *reading) take(m *wire.Message, typ wire.Type) int {
	taken := 0
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != wire.Answer {
			break
		}
		if rr.Type != typ || rr.Class != wire.ClassIN || !m.OwnerIs(rr, rd.at) {
			continue
		}
		if !wellFormed(m, rr) || !rd.keep(m, rr, rd.at) {
			rd.reject(record.Malformed)
			return -1
		}
		if taken == 0 || rr.TTL < rd.ttl {
			rd.ttl = rr.TTL
		}
		taken++
	}
	if taken > 0 {
		rd.takeSignatures(m, rd.at, typ)
	}
	return taken
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

// keep copies a record of the answer.
func (rd *reading) keep(m *wire.Message, rr wire.RR, owner wire.Name) bool {
	data, err := m.AppendRData(nil, rr)
	rd.records = append(rd.records, record.RR{Owner: owner, Data: data, TTL: rr.TTL, Type: rr.Type, Class: rr.Class})
	return err == nil
}

// takeSignatures keeps the RRSIGs over (owner, typ) in the answer section, for validation.
func (rd *reading) takeSignatures(m *wire.Message, owner wire.Name, typ wire.Type) {
	rd.proof = appendSignatures(rd.proof, m, wire.Answer, owner, typ)
}

func appendSignatures(proof []record.RR, m *wire.Message, section wire.Section, owner wire.Name, typ wire.Type) []record.RR {
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != section || rr.Type != wire.TypeRRSIG || rr.Len < 2 ||
			wire.Type(binary.BigEndian.Uint16(m.Raw(rr))) != typ || !m.OwnerIs(rr, owner) {
			continue
		}
		if data, err := m.AppendRData(nil, rr); err == nil {
			proof = append(proof, record.RR{Owner: owner, Data: data, TTL: rr.TTL, Type: rr.Type, Class: rr.Class})
		}
	}
	return proof
}

// readEmpty reads a NOERROR reply without records of the type at rd.at: a denial, a referral or a lame server.
func (rd *reading) readEmpty(m *wire.Message, zone wire.Name, typ wire.Type) {
	soa, ns := wire.RR{}, wire.RR{}
	for i := range m.RRs {
		switch rr := &m.RRs[i]; {
		case rr.Section != wire.Authority || rr.Class != wire.ClassIN:
		case rr.Type == wire.TypeSOA && soa.Type == 0:
			soa = *rr
		case rr.Type == wire.TypeNS && ns.Type == 0:
			ns = *rr
		}
	}
	switch {
	case soa.Type != 0:
		rd.readDenial(m, zone, record.NoData)
	case len(rd.links) > 0:
		rd.verdict = aliased // the target is asked for by itself
	case ns.Type != 0:
		rd.readReferral(m, ns, zone, typ)
	case m.Has(wire.FlagAA):
		rd.conclude(record.NoData, zone) // no SOA, so it holds for this moment only
	default:
		rd.reject(record.Lame) // nobody's word that there is nothing
	}
}

// readDenial takes NODATA or NXDOMAIN, with the SOA that bounds its life (RFC 2308 5) and names the zone.
func (rd *reading) readDenial(m *wire.Message, zone wire.Name, o record.Outcome) {
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != wire.Authority || rr.Type != wire.TypeSOA || rr.Class != wire.ClassIN {
			continue
		}
		apex := zone
		if !m.OwnerIs(rr, zone) {
			var err error
			if apex, err = m.Owner(rr); err != nil {
				rd.reject(record.Malformed)
				return
			}
		}
		if !apex.In(zone) || !rd.at.In(apex) {
			rd.reject(record.Lame) // the zone above, or another one: this server does not serve ours
			return
		}
		minimum, err := m.SOAMinimum(rr)
		if err != nil {
			rd.reject(record.Malformed)
			return
		}
		rd.ttl = min(rr.TTL, minimum)
		rd.conclude(o, apex)
		return
	}
	if !m.Has(wire.FlagAA) {
		rd.reject(record.Lame)
		return
	}
	rd.conclude(o, zone)
}

// readReferral takes a delegation to a zone below, with the glue that lies within the zone asked (RFC 1034 5.3.3 4b),
// or finds that the server is lame: it refers to its own zone, upwards, or elsewhere.
func (rd *reading) readReferral(m *wire.Message, ns wire.RR, zone wire.Name, typ wire.Type) {
	if m.OwnerIs(ns, zone) {
		if m.Has(wire.FlagAA) {
			rd.conclude(record.NoData, zone)
			return
		}
		rd.reject(record.Lame)
		return
	}
	child, err := rd.ownerWithin(m, ns)
	if err != nil {
		rd.reject(record.Malformed)
		return
	}
	if !child.Below(zone) || !rd.at.In(child) || typ == wire.TypeDS && rd.at == child {
		rd.reject(record.Lame)
		return
	}
	ref := &rd.referral
	ref.zone, ref.ttl = child, ns.TTL
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != wire.Authority || rr.Class != wire.ClassIN || !m.OwnerIs(rr, child) {
			continue
		}
		switch rr.Type {
		case wire.TypeNS:
			name, err := m.Target(rr)
			if err != nil {
				rd.reject(record.Malformed)
				return
			}
			if len(ref.names) < maxServersPerZone {
				ref.names = append(ref.names, name)
			}
			ref.ttl = min(ref.ttl, rr.TTL)
		case wire.TypeDS:
			if data, err := m.AppendRData(nil, rr); err == nil {
				ref.ds = append(ref.ds, record.RR{Owner: child, Data: data, TTL: rr.TTL, Type: rr.Type, Class: rr.Class})
			}
		}
	}
	if ref.ds != nil {
		ref.ds = appendSignatures(ref.ds, m, wire.Authority, child, wire.TypeDS)
	}
	rd.readGlue(m, zone)
	rd.verdict = referred
}

// ownerWithin returns the owner of rr, as a slice of rd.at if that is an ancestor: then nothing is copied.
func (rd *reading) ownerWithin(m *wire.Message, rr wire.RR) (wire.Name, error) {
	for n := rd.at; n != wire.Root; n = n.Parent() {
		if m.OwnerIs(rr, n) {
			return n, nil
		}
	}
	return m.Owner(rr)
}

// readGlue takes the addresses of the referral's servers whose names lie in the zone that was asked. Others are hearsay.
func (rd *reading) readGlue(m *wire.Message, zone wire.Name) {
	ref := &rd.referral
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != wire.Additional || rr.Class != wire.ClassIN || rr.Type != wire.TypeA && rr.Type != wire.TypeAAAA {
			continue
		}
		addr, err := m.Addr(rr)
		if err != nil {
			continue
		}
		of := slices.IndexFunc(ref.names, func(n wire.Name) bool { return m.OwnerIs(rr, n) })
		if of >= 0 && ref.names[of].In(zone) {
			ref.glue = append(ref.glue, glue{name: ref.names[of], addr: addr.Unmap(), ttl: rr.TTL})
		}
	}
}
