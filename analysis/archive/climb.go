package archive

import (
	"slices"
	"strings"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// node is a name of the data, and what was seen of it.
type node struct {
	name     string
	wireName wire.Name
	own      *look // of CAA; nil if that was not asked for
	answers  map[wire.Type]*record.Answer

	// The zone that holds the name and its servers, as far as look-ups of NS tell. Known says that they tell.
	known bool
	zone  wire.Name
	ns    []wire.Name
	ds    record.Presence // of zone
}

// climber makes records of look-ups that come in the order of names, so that the ancestors of each stand on a stack.
type climber struct {
	sources  []string // names of the inputs
	suffixes *datasets.Suffixes
	assume   bool // that public suffixes of registries publish no CAA
	emit     func(source int, r *record.Record) error

	stack []*node // ancestors of the name under way, the nearest last
	name  string  // under way; "" before the first
	looks []*look // of it, the best of each type
}

// add takes the next look-up.
func (c *climber) add(name string, l *look) error {
	if name != c.name {
		if err := c.finish(); err != nil {
			return err
		}
		c.name = name
	}
	at := slices.IndexFunc(c.looks, func(have *look) bool { return have.typ == l.typ })
	if at < 0 {
		c.looks = append(c.looks, l)
		return nil
	}
	have := c.looks[at]
	switch {
	case have.part && l.part:
		have.merge(l)
		return nil
	case have.better(l):
		c.looks[at] = l
	}
	return nil
}

// finish ends the name under way: it is complete.
func (c *climber) finish() error {
	if c.name == "" {
		return nil
	}
	for len(c.stack) > 0 && !strings.HasSuffix(c.name, "."+c.top().name) {
		c.stack = c.stack[:len(c.stack)-1]
	}
	n, err := c.newNode()
	if err != nil {
		return err
	}
	c.stack = append(c.stack, n)
	c.name, c.looks = "", nil
	if n.own == nil {
		return nil
	}
	r, err := c.record(n)
	if err != nil {
		return err
	}
	return c.emit(n.own.source, r)
}

func (c *climber) top() *node { return c.stack[len(c.stack)-1] }

// newNode makes a node of the name under way. Its ancestors are on the stack.
func (c *climber) newNode() (*node, error) {
	name, err := wire.ParseName(c.name)
	if err != nil {
		return nil, err // staged names have been through askedName
	}
	n := &node{name: c.name, wireName: name, answers: make(map[wire.Type]*record.Answer, len(c.looks))}
	for _, l := range c.looks {
		l.name = name
		n.answers[l.typ] = l.answer()
		if l.typ == wire.TypeCAA {
			n.own = l
		}
	}
	c.place(n)
	if a := n.answers[wire.TypeCAA]; a != nil {
		a.NS, a.DS = n.ns, n.ds
		if !a.Outcome.Failed() { // at whose servers a look-up failed nobody tells
			a.Zone = n.zone
		}
		if len(a.Chain) > 0 {
			a.Chain[0].Zone, a.Chain[0].NS = n.zone, n.ns
		}
	}
	return n, nil
}

// place finds the zone that holds a name: its own if it has name servers, else that of the name above if it was shown to have none.
func (c *climber) place(n *node) {
	ns := n.answers[wire.TypeNS]
	switch {
	case ns == nil || ns.Outcome.Failed() || len(ns.Chain) > 0:
	case ns.Outcome == record.Found:
		n.known, n.zone = true, n.wireName
		for _, rr := range ns.Set() {
			if server, err := wire.NameOf(rr.Data); err == nil {
				n.ns = append(n.ns, server)
			}
		}
		if ds := n.answers[wire.TypeDS]; ds != nil && ds.Outcome == record.Found {
			n.ds = record.Present
		} else if ds != nil && ds.Outcome == record.NoData {
			n.ds = record.Absent
		}
	case len(c.stack) > 0 && c.top().wireName == n.wireName.Parent() && c.top().known:
		above := c.top()
		n.known, n.zone, n.ns, n.ds = true, above.zone, above.ns, above.ds
	}
}

// record makes the record of a name that was asked for CAA.
func (c *climber) record(n *node) (*record.Record, error) {
	target, why := datasets.Canonical(n.name, datasets.Options{Suffixes: c.suffixes, AllowSpecialUse: true})
	if why != datasets.Accepted {
		return nil, unread(why.String()) // staged names have been through askedName
	}
	l := n.own
	target.Source, target.Line, target.Rank, target.RankBucket = c.sources[l.source], l.line, l.rank, datasets.RankBucket(l.rank)
	v := record.Conclude(c.climb(n, target.Name))
	return &record.Record{
		Target: target, Admitted: l.at, Finished: l.at,
		Climb: v.Climb, Relevant: v.Relevant, CAA: v.CAA, Posture: v.Posture, Mail: n.mail(),
	}, nil
}

// climb is the evidence about a name: each level from it upwards (RFC 8659 3) to the first set, as a scan has them. A level that
// nobody asked about is a failure, for it may hold the relevant set.
func (c *climber) climb(n *node, name string) []record.Level {
	assumed := c.assumedFrom(name)
	var levels []record.Level
	place := len(c.stack) - 1
	for at, left := n.wireName, n.wireName.Labels(); at != wire.Root; at, left = at.Parent(), left-1 {
		for place >= 0 && len(c.stack[place].wireName) > len(at) {
			place--
		}
		a := unasked
		if place >= 0 && c.stack[place].wireName == at && c.stack[place].answers[wire.TypeCAA] != nil {
			a = c.stack[place].answers[wire.TypeCAA]
		} else if left <= assumed {
			a = empty
		}
		levels = append(levels, record.Level{Name: at, Answer: a})
		if a.Outcome == record.Found {
			break
		}
	}
	return levels
}

// What stands for look-ups that nobody made.
var (
	unasked = &record.Answer{Type: wire.TypeCAA, Outcome: record.NotAsked, Reason: notValidated}
	empty   = &record.Answer{Type: wire.TypeCAA, Outcome: record.NoData, Cause: causeAssumed, Reason: notValidated}
)

// assumedFrom is how many labels, from the right, make names that are taken to have no CAA if nobody asked: those of the public suffix
// of a registry. Of a private one, such as a hoster's, that is the suffix of the registry above it.
func (c *climber) assumedFrom(name string) int {
	if !c.assume {
		return 0
	}
	_, suffix, icann := c.suffixes.Split(name)
	for !icann && strings.Contains(suffix, ".") {
		_, above, _ := strings.Cut(suffix, ".")
		_, suffix, icann = c.suffixes.Split(above)
	}
	return 1 + strings.Count(suffix, ".")
}

// mail is what was seen of mail to the name.
func (n *node) mail() record.Mail {
	m := record.Mail{MX: n.answers[wire.TypeMX]}
	if m.MX == nil {
		return m
	}
	switch m.MX.Outcome {
	case record.Found:
		for _, rr := range m.MX.Set() {
			if exchange, err := wire.NameOf(rr.Data[2:]); err == nil {
				m.Exchange = append(m.Exchange, record.MX{Preference: uint16(rr.Data[0])<<8 | uint16(rr.Data[1]), Exchange: exchange})
			}
		}
		slices.SortFunc(m.Exchange, func(a, b record.MX) int {
			if a.Preference != b.Preference {
				return int(a.Preference) - int(b.Preference)
			}
			return a.Exchange.Compare(b.Exchange)
		})
	case record.NoData:
		m.Address = n.address()
	}
	return m
}

// address is the look-up that tells if the name has an address: one that found one, or else both or none of A and AAAA.
func (n *node) address() *record.Answer {
	v4, v6 := n.answers[wire.TypeA], n.answers[wire.TypeAAAA]
	switch {
	case v4 == nil || v4.Outcome == record.Found || v4.Outcome == record.NXDomain:
		if v4 == nil && v6 != nil && v6.Outcome == record.Found {
			return v6
		}
		return v4
	case v6 != nil && (v6.Outcome == record.Found || !v4.Outcome.Failed()):
		return v6
	case v6 == nil && !v4.Outcome.Failed():
		return nil // there may be one of the other family
	default:
		return v4
	}
}
