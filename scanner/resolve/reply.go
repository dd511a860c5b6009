package resolve

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// maxAliases bounds the chain of one question, as BIND does; real chains through several hosters have four or five
// links. A longer chain is the failure long_chain (spec rule R1.9).
const maxAliases = 16

// maxDNAMEs bounds how many DNAME records are held against the names of one chain. A real chain has at most one for each
// link; without the bound, a message of 64 KiB full of them takes a tenth of a second to read.
const maxDNAMEs = maxAliases * maxAliases

// verdict says where a reply leads.
type verdict uint8

const (
	final     verdict = iota // reading.outcome is what the question showed
	aliased                  // the chain goes on at reading.at, which another zone may hold
	referred                 // other servers know: reading.referral
	notUseful                // reading.outcome is what is wrong with this server's reply
)

// reading is what one reply says about one question. It is used again and again: the data of its records lie in a
// buffer that the next reading overwrites.
type reading struct {
	verdict verdict
	outcome record.Outcome
	at      wire.Name      // end of the chain as far as this reply takes it
	links   []record.Alias // that led there
	home    wire.Name      // of the first link: the zone that holds it
	records []record.RR    // the answer
	proof   []record.RR    // RRSIGs over it, and denials
	data    []byte         // of these records
	dnames  int            // DNAME records looked at
	ttl     uint32         // of the records of the type asked, or of their absence
	zone    wire.Name      // apex of the zone that speaks
	referral
}

func (rd *reading) reset(at wire.Name) {
	rd.verdict, rd.outcome, rd.at, rd.ttl, rd.zone, rd.dnames = notUseful, record.Malformed, at, 0, "", 0
	rd.links, rd.records, rd.proof, rd.data = rd.links[:0], rd.records[:0], rd.proof[:0], rd.data[:0]
	rd.referral = referral{
		names: rd.referral.names[:0], text: rd.referral.text[:0], glue: rd.referral.glue[:0], ds: rd.referral.ds[:0],
	}
}

// copyTo copies what was read to an answer, which owns it then.
func (rd *reading) copyTo(a *stored) {
	a.Chain = slices.Clone(rd.links)
	if len(rd.records)+len(rd.proof) == 0 {
		return
	}
	all := make([]record.RR, 0, len(rd.records)+len(rd.proof))
	all = append(append(all, rd.records...), rd.proof...)
	ownData(all)
	n := len(rd.records)
	if n > 0 {
		a.Records = all[:n:n]
		sortSet(a.Records)
	}
	if len(rd.proof) > 0 {
		a.proof = all[n:]
	}
}

// sortSet puts the last RRset of an answer section into canonical order (RFC 4034 6.3): servers rotate its records, and
// what is made of an answer shall not depend on that. The aliases before it stay as they are.
func sortSet(section []record.RR) {
	last := &section[len(section)-1]
	from := len(section) - 1
	for from > 0 && section[from-1].Type == last.Type && section[from-1].Owner == last.Owner {
		from--
	}
	slices.SortFunc(section[from:], func(x, y record.RR) int { return bytes.Compare(x.Data, y.Data) })
}

// copyRecords returns a copy of records and their data; nil if there are none.
func copyRecords(records []record.RR) []record.RR {
	if len(records) == 0 {
		return nil
	}
	own := slices.Clone(records)
	ownData(own)
	return own
}

// ownData copies the data of the records to one new piece of memory.
func ownData(records []record.RR) {
	size := 0
	for i := range records {
		size += len(records[i].Data)
	}
	data := make([]byte, 0, size)
	for i := range records {
		from := len(data)
		data = append(data, records[i].Data...)
		records[i].Data = data[from:len(data):len(data)]
	}
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
		rd.reject(record.OutcomeOf(rcode))
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
		rd.readDenial(m, zone, typ, record.NXDomain)
	default:
		rd.readEmpty(m, zone, typ)
	}
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
		if n := rd.take(m, zone, typ); n != 0 {
			if n > 0 {
				rd.conclude(record.Found, cmp.Or(apex(m, zone, rd.at), zone))
			}
			return false
		}
		link, ok := rd.alias(m, zone, typ)
		if !ok {
			return false
		}
		if link.Target == "" {
			return true
		}
		if len(rd.links) == 0 {
			rd.home = homeOf(m, zone, rd.at)
		}
		rd.links = append(rd.links, link)
		if rd.loops(link.Target) {
			rd.conclude(record.AliasLoop, zone)
			return false
		}
		if len(rd.links) > maxAliases {
			rd.conclude(record.AliasLong, zone)
			return false
		}
		rd.at = link.Target
	}
	return true
}

// loops reports whether the chain has been at target before.
func (rd *reading) loops(target wire.Name) bool {
	for i := range rd.links {
		if rd.links[i].Owner == target {
			return true
		}
	}
	return false
}

// alias returns where rd.at leads by a DNAME above it (RFC 6672 3.2) or a CNAME at it; Target is "" if nowhere. If the
// records are no good, rd has its verdict and ok is false.
func (rd *reading) alias(m *wire.Message, zone wire.Name, typ wire.Type) (link record.Alias, ok bool) {
	cname := wire.RR{}
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != wire.Answer {
			break
		}
		switch {
		case rr.Class != wire.ClassIN:
		case rr.Type == wire.TypeDNAME:
			if link, ok = rd.dname(m, rr, zone); !ok || link.Target != "" {
				return link, ok
			}
		case rr.Type == wire.TypeCNAME && cname.Type == 0 && typ != wire.TypeCNAME && m.OwnerIs(rr, rd.at):
			cname = rr
		}
	}
	if cname.Type == 0 {
		return record.Alias{}, true
	}
	to, err := m.Target(cname)
	if err != nil || !rd.keep(m, cname, rd.at) {
		rd.reject(record.Malformed)
		return record.Alias{}, false
	}
	rd.takeSignatures(m, rd.at, wire.TypeCNAME)
	return record.Alias{Owner: rd.at, Target: to, TTL: cname.TTL}, true
}

// dname returns where the DNAME rr takes rd.at, as alias does.
func (rd *reading) dname(m *wire.Message, rr wire.RR, zone wire.Name) (link record.Alias, ok bool) {
	rd.dnames++
	owner, err := ownerAbove(m, rr, rd.at)
	if err != nil || rd.dnames > maxDNAMEs {
		rd.reject(record.Malformed)
		return record.Alias{}, false
	}
	if !rd.at.Below(owner) || !owner.In(zone) {
		return record.Alias{}, true
	}
	to, err := m.Target(rr)
	if err != nil || !rd.keep(m, rr, owner) {
		rd.reject(record.Malformed)
		return record.Alias{}, false
	}
	target := rd.at.Rebase(owner, to)
	if target == "" { // YXDOMAIN (RFC 6672 2.2)
		rd.conclude(record.AliasLong, zone)
		return record.Alias{}, false
	}
	rd.takeSignatures(m, owner, wire.TypeDNAME)
	if !rd.takeSynthesised(m, target) {
		rd.reject(record.Malformed)
		return record.Alias{}, false
	}
	return record.Alias{Owner: rd.at, Target: target, TTL: rr.TTL, DNAME: true}, true
}

// takeSynthesised keeps the CNAME that the server made from a DNAME, if it did. It returns false if that CNAME leads
// elsewhere than to target (RFC 6672 3.1, 5.3.1).
func (rd *reading) takeSynthesised(m *wire.Message, target wire.Name) bool {
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section == wire.Answer && rr.Type == wire.TypeCNAME && rr.Class == wire.ClassIN && m.OwnerIs(rr, rd.at) {
			to, err := m.Target(rr)
			return err == nil && to == target && rd.keep(m, rr, rd.at)
		}
	}
	return true
}

// take keeps the records of the type at rd.at and returns their number, or -1 if one of them cannot be read: then rd
// has its verdict (spec rule R1.9, disputed point C14).
func (rd *reading) take(m *wire.Message, zone wire.Name, typ wire.Type) int {
	taken := 0
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != wire.Answer {
			break
		}
		if rr.Type != typ || rr.Class != wire.ClassIN {
			continue
		}
		if !m.OwnerIs(rr, rd.at) {
			if len(rd.links) == 0 && !m.HasOwner(rr) { // it may have been ours
				rd.reject(record.Malformed)
				return -1
			}
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
		if typ == wire.TypeCNAME {
			rd.keepDNAME(m, zone)
		}
	}
	return taken
}

// keepDNAME puts the DNAME that a CNAME at rd.at was made from before it (RFC 6672 3.1).
func (rd *reading) keepDNAME(m *wire.Message, zone wire.Name) {
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != wire.Answer || rr.Type != wire.TypeDNAME || rr.Class != wire.ClassIN {
			continue
		}
		if owner, err := m.Owner(rr); err == nil && rd.at.Below(owner) && owner.In(zone) && rd.keep(m, rr, owner) {
			last := len(rd.records) - 1
			rd.records = slices.Insert(rd.records[:last], 0, rd.records[last])
			rd.takeSignatures(m, owner, wire.TypeDNAME)
			return
		}
	}
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
	from := len(rd.records)
	rd.records = rd.appendRR(rd.records, m, rr, owner)
	return len(rd.records) > from
}

// appendRR appends rr to records, its data in rd.data; nothing if its data cannot be read.
func (rd *reading) appendRR(records []record.RR, m *wire.Message, rr wire.RR, owner wire.Name) []record.RR {
	from := len(rd.data)
	data, err := m.AppendRData(rd.data, rr)
	if err != nil {
		return records
	}
	rd.data = data
	return append(records, record.RR{Owner: owner, Data: data[from:], TTL: rr.TTL, Type: rr.Type, Class: rr.Class})
}

// takeSignatures keeps the RRSIGs over (owner, typ) in the answer section, for validation.
func (rd *reading) takeSignatures(m *wire.Message, owner wire.Name, typ wire.Type) {
	rd.proof = rd.appendSignatures(rd.proof, m, wire.Answer, owner, typ)
}

func (rd *reading) appendSignatures(
	proof []record.RR, m *wire.Message, section wire.Section, owner wire.Name, typ wire.Type,
) []record.RR {
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Type == wire.TypeRRSIG && rr.Section == section && rr.Class == wire.ClassIN && rr.Len >= 2 &&
			wire.Type(binary.BigEndian.Uint16(m.Raw(rr))) == typ && m.OwnerIs(rr, owner) && len(proof) < maxProofRecords {
			proof = rd.appendRR(proof, m, rr, owner)
		}
	}
	return proof
}

// takeDenial keeps the NSEC and NSEC3 records of the authority section and their signatures, for validation.
func (rd *reading) takeDenial(m *wire.Message) { rd.proof = rd.appendDenial(rd.proof, m) }

func (rd *reading) appendDenial(proof []record.RR, m *wire.Message) []record.RR {
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != wire.Authority || rr.Class != wire.ClassIN || len(proof) == maxProofRecords {
			continue
		}
		typ := rr.Type
		if typ == wire.TypeRRSIG && rr.Len >= 2 {
			typ = wire.Type(binary.BigEndian.Uint16(m.Raw(rr)))
		}
		if typ != wire.TypeNSEC && typ != wire.TypeNSEC3 {
			continue
		}
		if owner, err := ownerAbove(m, rr, rd.at); err == nil {
			proof = rd.appendRR(proof, m, rr, owner)
		}
	}
	return proof
}

// homeOf returns the zone that holds an alias; "" if that is not clear. Where nothing is told it is zone, unless that is
// a top-level domain and the alias further down: then the server holds one of its children too, and refers nobody.
func homeOf(m *wire.Message, zone, name wire.Name) wire.Name {
	home := apex(m, zone, name)
	if home == zone && zone.Labels() < 2 && childOf(zone, name) != "" && !hasAuthority(m) {
		return ""
	}
	return home
}

func hasAuthority(m *wire.Message) bool {
	return slices.ContainsFunc(m.RRs, func(rr wire.RR) bool { return rr.Section == wire.Authority })
}

// apex returns the apex of the zone that holds name, as far as the authority section tells: a server of zone may hold
// zones below it too. It returns "" if it tells of such a zone, but of none that holds name.
func apex(m *wire.Message, zone, name wire.Name) wire.Name {
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != wire.Authority || rr.Type != wire.TypeNS && rr.Type != wire.TypeSOA {
			continue
		}
		for n := name; ; n = n.Parent() {
			if m.OwnerIs(rr, n) {
				return n
			}
			if n == zone {
				return ""
			}
		}
	}
	return zone
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
		rd.readDenial(m, zone, typ, record.NoData)
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
func (rd *reading) readDenial(m *wire.Message, zone wire.Name, typ wire.Type, o record.Outcome) {
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != wire.Authority || rr.Type != wire.TypeSOA || rr.Class != wire.ClassIN {
			continue
		}
		apex, err := ownerAbove(m, rr, rd.at)
		if err != nil {
			rd.reject(record.Malformed)
			return
		}
		if !apex.In(zone) || !rd.at.In(apex) || typ == wire.TypeDS && rd.at == apex && zone != wire.Root {
			rd.reject(record.Lame) // the zone above, the one below a DS, or another: this server does not serve ours
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
