package resolve

import (
	"bytes"
	"net/netip"
	"slices"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// referral is a delegation to a zone below the one that was asked.
type referral struct {
	zone  wire.Name
	ttl   uint32
	names [][]byte // of the servers, in wire form, sorted, each once; they lie in text
	text  []byte
	ds    []record.RR
	glue  []glue
}

// glue is an address that came with a referral.
type glue struct {
	server int // index of the server's name
	addr   netip.Addr
	ttl    uint32
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
	child, err := ownerAbove(m, ns, rd.at)
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
			if len(ref.names) == maxServersPerZone {
				continue
			}
			from := len(ref.text)
			if ref.text, err = m.AppendRData(ref.text, rr); err != nil {
				rd.reject(record.Malformed)
				return
			}
			ref.names = append(ref.names, ref.text[from:])
			ref.ttl = min(ref.ttl, rr.TTL)
		case wire.TypeDS:
			ref.ds = rd.appendRR(ref.ds, m, rr, child)
		}
	}
	slices.SortFunc(ref.names, bytes.Compare)
	ref.names = slices.CompactFunc(ref.names, bytes.Equal)
	if len(ref.ds) > 0 {
		ref.ds = rd.appendSignatures(ref.ds, m, wire.Authority, child, wire.TypeDS)
	}
	rd.verdict = referred
}

// ownerAbove returns the owner of rr, as a slice of name if it is name or an ancestor: then nothing is copied.
func ownerAbove(m *wire.Message, rr wire.RR, name wire.Name) (wire.Name, error) {
	for n := name; ; n = n.Parent() {
		if m.OwnerIs(rr, n) {
			return n, nil
		}
		if n == wire.Root {
			return m.Owner(rr)
		}
	}
}

// readGlue takes the addresses of servers, the names of the referral, from m, if their names lie in the zone that was
// asked (RFC 1034 5.3.3 4b). Others are hearsay.
func (ref *referral) readGlue(m *wire.Message, zone wire.Name, servers []wire.Name) []glue {
	of := 0 // addresses mostly stand together and in the order of the names
	for i := range m.RRs {
		rr := m.RRs[i]
		if rr.Section != wire.Additional || rr.Class != wire.ClassIN || rr.Type != wire.TypeA && rr.Type != wire.TypeAAAA {
			continue
		}
		addr, err := m.Addr(rr)
		if err != nil || !usable(addr) {
			continue
		}
		for range servers {
			if m.OwnerIs(rr, servers[of]) {
				if servers[of].In(zone) {
					ref.glue = append(ref.glue, glue{server: of, addr: addr, ttl: rr.TTL})
				}
				break
			}
			of = (of + 1) % len(servers)
		}
	}
	return ref.glue
}
