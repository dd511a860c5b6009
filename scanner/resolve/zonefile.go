package resolve

import (
	"encoding/binary"
	"slices"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// A zone file stands for the servers of its zone: where they would be asked, it is looked at first. What it delegates is
// gone down to as after a referral, and what is asked of its apex, CAA or the keys, it answers. So a scan of the names of a
// file sends the servers of that zone nothing.
//
// It is believed as a referral is. Signatures in it are checked as those of a reply, by keys that the zone above vouches for:
// a DS set that does not hold is bogus. Only that there is no DS is believed without proof, of a file that is whole and
// signed: the proof of one name in a zone with NSEC3 may stand anywhere in the file.
//
// As long as the delegation's TTL has not passed since the zone was as the file has it, that is as final as a referral in a cache. An
// older file, or one that does not say, is the first to be believed and not the last: where its delegation leads to
// nothing, be it that no server of it is of use or that the keys of the zone do not fit its DS, the servers of the
// zone above are asked for theirs.

// Zones are the zone files at hand. They are asked from several goroutines.
type Zones interface {
	// Zone returns what the file of the zone with that apex holds there; nil if there is none that holds all.
	Zone(apex wire.Name) *record.Zone
	// Delegation returns that of name, or of the highest name above it that the zone delegates; nil if there is none, or it
	// is not known.
	Delegation(apex, name wire.Name) *record.Delegation
}

// source is who told a delegation.
type source uint8

const (
	byReferral source = iota
	byFile
	byOldFile
)

// filed is what a question has to do with zone files.
type filed uint8

const (
	mayAskFiles filed = iota
	answeredByFile
	asksServers // the file led to nothing
)

// byFiles goes down from c by delegations of zone files, towards the name of q.
func (r *Resolver) byFiles(now step.Time, q *question, c *cut) *cut {
	for d := r.filedDelegation(q, c.zone); d != nil; d = r.filedDelegation(q, c.zone) {
		c = r.delegateByFile(now, c, d)
		if q.depth == 0 && q.links == 0 {
			for _, w := range q.waiters {
				if w.client != nil {
					w.client.keep(now, c)
				}
			}
		}
	}
	return c
}

// filedDelegation returns the delegation from zone on the way to the name of q; nil if no file tells.
func (r *Resolver) filedDelegation(q *question, zone wire.Name) *record.Delegation {
	name := q.key.name
	if q.key.typ == wire.TypeDS { // RFC 4035 3.1.4.1
		name = name.Parent()
	}
	if q.filed == asksServers || len(name) <= len(zone) {
		return nil
	}
	var d *record.Delegation
	if r.cfg.Delegation != nil {
		d = r.cfg.Delegation(q.client.ID)
	}
	if (d == nil || d.Zone.Apex != zone || !name.In(d.Name)) && r.cfg.Zones != nil {
		d = r.cfg.Zones.Delegation(zone, name)
	}
	if d == nil || d.Zone.Apex != zone || !name.In(d.Name) || !d.Name.Below(zone) || len(d.Servers) == 0 {
		return nil
	}
	return d
}

// delegateByFile makes the cut of a delegation from the zone of above, and remembers it.
func (r *Resolver) delegateByFile(now step.Time, above *cut, d *record.Delegation) *cut {
	servers := d.Servers[:min(len(d.Servers), maxServersPerZone)]
	names, text := r.filedNames[:0], r.filedText[:0]
	for i := range servers {
		from := len(text)
		text = append(text, servers[i].Name...)
		names = append(names, text[from:])
	}
	r.filedNames, r.filedText = names, text
	set := r.serverSet(names)
	for i := range servers {
		for _, addr := range servers[i].Addrs {
			if addr = addr.Unmap(); usable(addr) && servers[i].Name.In(above.zone) { // as readGlue
				r.addGlue(now, set.hosts[i], glue{server: i, addr: addr, ttl: servers[i].TTL})
			}
		}
	}
	c := &cut{zone: d.Name, set: set, since: now, expires: now.Add(boundTTL(d.TTL)), above: above, source: byOldFile}
	if age := int32(r.clock(now) - d.Zone.At); d.Zone.At != 0 && int64(age) < int64(d.TTL) {
		c.source = byFile
	}
	if r.validates() {
		r.takeFiledEvidence(now, c, d)
	}
	r.cuts.put(r.hash(c.zone), c.zone, c)
	return c
}

// takeFiledEvidence keeps what a file says about the DS of the zone of c.
func (r *Resolver) takeFiledEvidence(now step.Time, c *cut, d *record.Delegation) {
	switch {
	case len(d.DS) > 0 && d.DS[0].Type == wire.TypeDS:
		c.told = record.Present
	case d.Whole:
		c.told = record.Absent
	}
	above := r.knownKeys(now, c.above.zone, c.above)
	switch {
	case above != nil && !above.signs():
	case c.told == record.Present && octets(d.DS) <= maxKept:
		c.evidence = d.DS
	case c.told == record.Absent && d.Zone.Signed != 0:
		if c.denied = dnssec.NoDS; d.Zone.OptOut {
			c.denied = dnssec.OptOut
		}
	}
}

// unsigned is the trust in the zone of c, of which a file denies a DS: the zone above is signed.
func (c *cut) unsigned() *trust {
	return &trust{
		zone: c.zone, Verdict: dnssec.Verdict{Security: record.Insecure, Reason: c.denied},
		brokenAt: c.zone, cut: dnssec.Unsigned, expires: c.expires,
	}
}

// answerByFile takes the answer to q from the file of the zone of c, if q is about its apex. It reports whether there is one.
func (r *Resolver) answerByFile(now step.Time, q *question, c *cut) bool {
	k := q.key
	if r.cfg.Zones == nil || q.filed == asksServers || k.name != c.zone || k.typ == wire.TypeDS || k.use == surveying || k.use == probing {
		return false
	}
	zone := r.cfg.Zones.Zone(c.zone)
	if zone == nil {
		return false
	}
	a := &stored{use: k.use, Answer: record.Answer{
		Name: k.name, Type: k.typ, Outcome: record.Found, Zone: c.zone, NS: c.set.names, DS: c.told,
	}}
	if a.Records = ofType(zone.Records, k.typ); len(a.Records) > 0 {
		a.TTL = a.Records[0].TTL
		sortSet(a.Records)
		a.proof = signaturesOver(zone.Records, k.typ)
	} else {
		soa := ofType(zone.Records, wire.TypeSOA)
		if len(soa) != 1 {
			return false
		}
		fields, err := wire.ParseSOA(soa[0].Data)
		if err != nil {
			return false
		}
		a.Outcome, a.TTL = record.NoData, min(soa[0].TTL, fields.Minimum) // RFC 2308 5
		for _, typ := range [...]wire.Type{wire.TypeNSEC, wire.TypeNSEC3} {
			a.proof = slices.Concat(a.proof, ofType(zone.Records, typ), signaturesOver(zone.Records, typ))
		}
	}
	a.Expires = now.Add(lifetime(&a.Answer))
	q.cut, q.answer, q.state, q.filed = c, a, ended, answeredByFile
	switch {
	case r.mustProve(k, a.Outcome):
		r.beginProof(now, q, evidence{})
	case k.use == answering:
		a.Reason, a.proof = dnssec.NotValidated.String(), nil
	}
	return true
}

// ofType returns the records of a type.
func ofType(records []record.RR, typ wire.Type) []record.RR {
	return selected(records, func(rr *record.RR) bool { return rr.Type == typ })
}

// signaturesOver returns the RRSIG records that cover a type.
func signaturesOver(records []record.RR, typ wire.Type) []record.RR {
	return selected(records, func(rr *record.RR) bool {
		return rr.Type == wire.TypeRRSIG && len(rr.Data) >= 2 && wire.Type(binary.BigEndian.Uint16(rr.Data)) == typ
	})
}

// selected returns the records that are wanted, to which nothing can be appended in their place.
func selected(records []record.RR, wanted func(*record.RR) bool) []record.RR {
	var found []record.RR
	for i := range records {
		if wanted(&records[i]) {
			found = append(found, records[i])
		}
	}
	return slices.Clip(found)
}

// disbelieve lets q, whose answer from a file does not hold, ask servers. It returns false if that is not where it is from.
func (q *question) disbelieve() bool {
	if q.filed != answeredByFile {
		return false
	}
	p := q.proof
	*p = proof{vouched: p.vouched, until: p.until, hint: p.hint}
	q.answer, q.filed, q.state = nil, asksServers, findingCut
	return true
}

// askParent lets q, whose delegation by an old file led to nothing, begin again with that of the servers of the zone above.
func (r *Resolver) askParent(q *question) {
	r.forget(q)
	q.filed, q.state = asksServers, findingCut
	if q.key.use == chaining { // its DS may be as old
		*q.proof = proof{}
		q.state = proving
	}
}

// lasts reports whether the servers of the zone above are not to be asked again for the delegation, though it leads nowhere:
// what they say was heard not long ago, or stands in a file that is as good as that.
func (c *cut) lasts(now step.Time) bool {
	return c.source == byFile || now.Sub(c.since) < minTTL
}
