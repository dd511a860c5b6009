package simnet

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/caascan/caascan/scanner/wire"
)

// A shape is the content of a zone apart from its name: nodes with RRsets. Many zones share one shape; what differs
// between them is drawn from the zone's hash (CAA sets, mail) or hangs on its name.
//
// Shapes are written as zone-file lines "owner TYPE data". Owners and targets are relative to the apex ("@" is the
// apex itself), targets with a final dot are absolute. The label "%" in a target stands for the label of the domain
// of the list that the zone belongs to, so that one line gives every zone a target of its own. Besides A, AAAA,
// CNAME, DNAME and MX there are:
//
//	owner CAA pool/n     a CAA set: the draw n (0 or 1) of the zone from the pool
//	owner CAA !servfail  questions for CAA at this node are answered SERVFAIL, all others are not
//	owner MAIL           what the node has of MX, A and AAAA is drawn
//	owner NSADDR n       the address of the zone's server n, for zones whose servers are named within them
//	owner CUT            the sub-zone of the scenario begins here
//	owner ENT            the node has no records
type shape struct {
	nodes  []node      // the apex first; empty non-terminals included
	owners []ownedName // of NSEC records, in order
	deep   bool        // there is a CUT or a DNAME, which bear on the names below them
}

// node is one owner name.
type node struct {
	owner string // wire labels before the apex, "" is the apex
	id    uint8  // place in shape.nodes
	wild  bool   // the first label is the star
	above string // if wild: owner without the star
	sets  []rrset
	mail  bool
	cut   bool
	dname *rrset
}

// rrset is an RRset without owner and zone.
type rrset struct {
	typ      wire.Type
	rrs      []rr
	caa      setRef // typ CAA: drawn by the zone
	nsAddr   int    // typ A, from NSADDR: which server's address, from 1; 0 for none
	servfail bool   // questions for it fail
}

// rr is one record, as far as it is the same in all zones.
type rr struct {
	head   [8]byte // type, class, TTL
	data   []byte  // record data, or its part before the name
	named  bool    // a name closes the data
	name   string  // its labels in wire form; with the root's octet if absolute
	inZone bool    // the apex follows name
	tenant bool    // the zone's label stands before name
}

// Times to live in seconds. A scan of the demo ends within the shortest of them.
const (
	ttlRecord   = 3600
	ttlNS       = 86400
	ttlNegative = 900
)

func rrHead(typ wire.Type, ttl uint32) (head [8]byte) {
	binary.BigEndian.PutUint16(head[0:], uint16(typ))
	binary.BigEndian.PutUint16(head[2:], wire.ClassIN)
	binary.BigEndian.PutUint32(head[4:], ttl)
	return head
}

// parseShape reads zone-file lines. The tables are part of the program: a bad line is an internal error.
func parseShape(text string) *shape {
	s := &shape{nodes: []node{{}}}
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 0 {
			s.addLine(f)
		}
	}
	for i := range s.nodes {
		n := &s.nodes[i]
		s.deep = s.deep || n.cut || n.dname != nil
		if n.owner == "" || n.cut || n.mail || len(n.sets) > 0 {
			s.owners = append(s.owners, ownedName{n.owner, n.id})
		}
	}
	slices.SortFunc(s.owners, func(a, b ownedName) int { return compareLabels(a.rel, b.rel) })
	return s
}

func (s *shape) addLine(f []string) {
	n := s.at(relative(f[0]))
	data := f[2:]
	switch f[1] {
	case "MAIL":
		n.mail = true
	case "CUT":
		n.cut = true
	case "ENT":
	case "NSADDR":
		n.sets = append(n.sets, rrset{typ: wire.TypeA, nsAddr: 1 + mustInt(data[0])})
	case "CAA":
		if data[0] == "!servfail" {
			n.sets = append(n.sets, rrset{typ: wire.TypeCAA, servfail: true})
		} else {
			n.sets = append(n.sets, rrset{typ: wire.TypeCAA, caa: mustSetRef(data[0])})
		}
	default:
		typ, r := parseRR(f[1], data)
		n.add(typ, r)
		if typ == wire.TypeDNAME {
			n.dname = n.rrset(typ)
		}
	}
}

// add puts r into the node's RRset of its type.
func (n *node) add(typ wire.Type, r rr) {
	if set := n.rrset(typ); set != nil {
		set.rrs = append(set.rrs, r)
		return
	}
	n.sets = append(n.sets, rrset{typ: typ, rrs: []rr{r}})
}

// rrset returns the node's RRset of a type, or nil. Drawn mail is not among them.
func (n *node) rrset(typ wire.Type) *rrset {
	for i := range n.sets {
		if n.sets[i].typ == typ {
			return &n.sets[i]
		}
	}
	return nil
}

// at returns the node with the given owner and makes it, and the nodes between it and the apex, if need be.
func (s *shape) at(owner string) *node {
	for o := owner; s.find(o) == nil; o = o[1+int(o[0]):] {
		if len(s.nodes) == maxNodes {
			panic("internal error: too many names in a shape")
		}
		n := node{owner: o, id: uint8(len(s.nodes)), wild: strings.HasPrefix(o, "\x01*")}
		if n.wild {
			n.above = o[2:]
		}
		s.nodes = append(s.nodes, n)
	}
	return s.find(owner)
}

// find returns the node with the given owner, or nil.
func (s *shape) find(owner string) *node {
	i := slices.IndexFunc(s.nodes, func(n node) bool { return n.owner == owner })
	if i < 0 {
		return nil
	}
	return &s.nodes[i]
}

// parseRR reads one of the types that every zone file has.
func parseRR(typ string, data []string) (wire.Type, rr) {
	switch typ {
	case "A", "AAAA":
		addr := netip.MustParseAddr(data[0])
		t := wire.TypeA
		if addr.Is6() {
			t = wire.TypeAAAA
		}
		return t, rr{head: rrHead(t, ttlRecord), data: addr.AsSlice()}
	case "CNAME":
		return wire.TypeCNAME, namedRR(wire.TypeCNAME, nil, data[0])
	case "DNAME":
		return wire.TypeDNAME, namedRR(wire.TypeDNAME, nil, data[0])
	case "MX":
		preference := binary.BigEndian.AppendUint16(nil, uint16(mustInt(data[0])))
		return wire.TypeMX, namedRR(wire.TypeMX, preference, data[1])
	}
	panic("internal error: type " + typ + " in a shape")
}

func namedRR(typ wire.Type, data []byte, target string) rr {
	r := rr{head: rrHead(typ, ttlRecord), data: data, named: true}
	if rest, ok := strings.CutPrefix(target, tenantLabel+"."); ok {
		r.tenant, target = true, rest
	}
	switch {
	case strings.HasSuffix(target, "."):
		r.name = mustWire(target)
	default:
		r.name, r.inZone = relative(target), true
	}
	return r
}

// relative returns the wire labels of a name relative to the apex.
func relative(text string) string {
	if text == "@" {
		return ""
	}
	return strings.TrimSuffix(mustWire(text), "\x00")
}

func mustInt(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return n
}

// locate returns the node that answers for the name rel (wire labels before the apex): the node of that name, else
// the wildcard below its closest encloser (RFC 4592 3.3.1), else nil.
func (s *shape) locate(rel []byte) *node {
	if n := s.exact(rel); n != nil {
		return n
	}
	encloser := rel[1+int(rel[0]):]
	for s.exact(encloser) == nil {
		encloser = encloser[1+int(encloser[0]):]
	}
	for i := range s.nodes {
		if n := &s.nodes[i]; n.wild && n.above == string(encloser) {
			return n
		}
	}
	return nil
}

func (s *shape) exact(rel []byte) *node {
	for i := range s.nodes {
		if s.nodes[i].owner == string(rel) {
			return &s.nodes[i]
		}
	}
	return nil
}

// below reports whether rel lies strictly below owner, both being labels before the same apex, and how many octets of
// rel stand before it.
func below(rel []byte, owner string) (int, bool) {
	at := len(rel) - len(owner)
	if at <= 0 || string(rel[at:]) != owner {
		return 0, false
	}
	i := 0
	for i < at {
		i += 1 + int(rel[i])
	}
	return at, i == at
}
