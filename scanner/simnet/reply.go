package simnet

import (
	"encoding/binary"

	"github.com/caascan/caascan/scanner/wire"
)

// reply is a message being written. The sections must be written in their order. Owners are given as pointers:
// every owner in these replies stands in the question or in the data of a record before.
type reply struct {
	buf    []byte
	base   int // where the message begins in buf
	counts [3]uint16
	sect   wire.Section
	soft   int  // length of the message without its additional section; 0 while there is none
	ede    bool // the OPT record gets the extended error that goes with REFUSED

	hosts  [2 * maxServers]uint16 // where the names of the servers stand, in the NS RRset written last
	nHosts int
}

// begin writes the header and the question, octet by octet as they came.
func (p *reply) begin(buf []byte, q *question) {
	p.buf, p.base, p.counts, p.sect, p.soft = buf, len(buf), [3]uint16{}, wire.Answer, 0
	p.ede = false
	p.buf = append(p.buf, q.msg[:headerSize]...)
	p.setFlags(wire.FlagQR | q.flags&(wire.FlagRD|wire.FlagCD))
	binary.BigEndian.PutUint64(p.buf[p.base+4:], 0)
	if q.end > 0 {
		p.buf[p.base+5] = 1
		p.buf = append(p.buf, q.msg[headerSize:q.end]...)
	}
}

func (p *reply) flags() uint16 { return binary.BigEndian.Uint16(p.buf[p.base+2:]) }

func (p *reply) setFlags(flags uint16) { binary.BigEndian.PutUint16(p.buf[p.base+2:], flags) }

func (p *reply) setRCode(code wire.RCode) { p.setFlags(p.flags()&^15 | uint16(code&15)) }

// section begins a section.
func (p *reply) section(s wire.Section) {
	p.sect = s
	if s == wire.Additional {
		p.soft = len(p.buf)
	}
}

// offset returns where the next octet goes, counted from the start of the message.
func (p *reply) offset() uint16 { return uint16(len(p.buf) - p.base) }

// owner begins a record with a pointer to its owner.
func (p *reply) owner(at uint16) {
	p.buf = append(p.buf, byte(at>>8)|0xc0, byte(at))
	p.counts[p.sect]++
}

// appendRRset writes an RRset of the zone z, with the owner at the given offset.
func (p *reply) appendRRset(z *zone, owner uint16, set *rrset) {
	apex := uint16(headerSize + z.apex)
	switch {
	case set.nsAddr > 0:
		if hosts := z.ns[0].hosts; set.nsAddr <= len(hosts) {
			p.owner(owner)
			p.buf = append(p.buf, hosts[set.nsAddr-1].glue...)
		}
	case set.caa.pool != nil:
		drawn := set.caa.of(z.hash)
		for i := range drawn.rrs {
			p.owner(owner)
			p.buf = drawn.rrs[i].append(p.buf, z.label, apex)
		}
	default:
		for i := range set.rrs {
			p.owner(owner)
			p.buf = set.rrs[i].append(p.buf, z.label, apex)
		}
	}
}

// appendNS writes the NS RRset of a zone.
func (p *reply) appendNS(z *zone, section wire.Section) {
	apex := uint16(headerSize + z.apex)
	p.nHosts = 0
	p.section(section)
	for _, g := range z.ns {
		if g == nil {
			continue
		}
		for i := range g.hosts {
			if z.vanity && i == vanityServers {
				break
			}
			p.owner(apex)
			p.hosts[p.nHosts] = p.offset() + 10
			p.nHosts++
			if z.vanity {
				p.buf = append(p.buf, vanityNS[i]...)
				p.buf = append(p.buf, byte(apex>>8)|0xc0, byte(apex))
			} else {
				p.buf = append(p.buf, g.hosts[i].ns...)
			}
		}
	}
}

// appendGlue writes the addresses of those servers in the NS RRset of a zone whose names lie within parent (a name in
// wire form).
func (p *reply) appendGlue(z *zone, parent string) {
	p.section(wire.Additional)
	n := 0
	for _, g := range z.ns {
		if g == nil {
			continue
		}
		for i := range g.hosts {
			if n == p.nHosts {
				return
			}
			if h := &g.hosts[i]; h.addr.IsValid() && (z.vanity || inWire(h.owner, parent)) {
				p.owner(p.hosts[n])
				p.buf = append(p.buf, h.glue...)
			}
			n++
		}
	}
}

// vanityServers is the number of servers with names within the zone, ns1 and ns2.
const vanityServers = 2

// vanityNS are their NS records up to the pointer to the apex that closes the name.
var vanityNS = func() (out [vanityServers][]byte) {
	head := rrHead(wire.TypeNS, ttlNS)
	for i := range out {
		out[i] = append(append(out[i], head[:]...), 0, 6, 3, 'n', 's', '1'+byte(i))
	}
	return out
}()

// inWire reports whether the name lies in the zone, both in wire form.
func inWire(name, zone string) bool { return wire.Name(name).In(wire.Name(zone)) }

// appendSOA writes the SOA record of a zone.
func (p *reply) appendSOA(z *zone, section wire.Section) {
	apex := uint16(headerSize + z.apex)
	p.section(section)
	p.owner(apex)
	p.buf = append(p.buf, soaHead[:]...)
	at := len(p.buf)
	p.buf = append(p.buf, 0, 0)
	if z.vanity {
		p.buf = append(p.buf, 3, 'n', 's', '1', byte(apex>>8)|0xc0, byte(apex))
	} else {
		p.buf = append(p.buf, z.ns[0].hosts[0].name...)
	}
	p.buf = append(p.buf, "\x0ahostmaster"...)
	p.buf = append(p.buf, byte(apex>>8)|0xc0, byte(apex))
	p.buf = append(p.buf, soaNumbers...)
	binary.BigEndian.PutUint16(p.buf[at:], uint16(len(p.buf)-at-2))
}

// finish writes the OPT record and the counts, and cuts the message to the limit of the transport: glue goes first,
// then everything, with TC set (RFC 2181 9).
func (p *reply) finish(q *question, ns *nameServer, tcp bool) []byte {
	limit := 0xffff
	if !tcp {
		limit = plainSize
		if q.edns {
			limit = min(q.udpSize, ednsSize)
		}
	}
	opt := p.optSize(q, ns)
	if p.soft > 0 && len(p.buf)-p.base+opt > limit {
		p.buf, p.counts[wire.Additional] = p.buf[:p.soft], 0
	}
	if len(p.buf)-p.base+opt > limit {
		p.truncate(q)
	}
	if opt > 0 {
		p.appendOPT(q, ns, 0)
	}
	return p.close()
}

// truncate leaves header and question, and sets TC.
func (p *reply) truncate(q *question) {
	p.buf = p.buf[:p.base+q.end]
	p.counts = [3]uint16{}
	p.setFlags(p.flags() | wire.FlagTC)
}

// close writes the counts.
func (p *reply) close() []byte {
	for i, n := range p.counts {
		binary.BigEndian.PutUint16(p.buf[p.base+6+2*i:], n)
	}
	return p.buf
}

// edeNotAuthoritative is the extended error of a server that was asked for a zone that is not its own (RFC 8914 4.21).
const edeNotAuthoritative = 20

// optSize returns the size of the OPT record that appendOPT will write.
func (p *reply) optSize(q *question, ns *nameServer) int {
	if !q.edns {
		return 0
	}
	size := 11
	if q.nsid {
		size += 4 + len(ns.name)
	}
	if p.ede {
		size += 6
	}
	return size
}

// appendOPT writes the OPT record (RFC 6891 6.1.2); upper holds the upper bits of the response code.
func (p *reply) appendOPT(q *question, ns *nameServer, upper byte) {
	var do byte
	if q.do {
		do = 0x80
	}
	p.counts[wire.Additional]++
	p.buf = append(p.buf, 0, 0, byte(wire.TypeOPT), ednsSize>>8, ednsSize&0xff, upper, 0, do, 0)
	p.buf = append(p.buf, 0, byte(p.optSize(q, ns)-11))
	if q.nsid {
		p.buf = append(p.buf, 0, byte(wire.OptionNSID), 0, byte(len(ns.name)))
		p.buf = append(p.buf, ns.name...)
	}
	if p.ede {
		p.buf = append(p.buf, 0, byte(wire.OptionEDE), 0, 2, 0, edeNotAuthoritative)
	}
}
