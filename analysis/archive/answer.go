package archive

import (
	"slices"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// answer is what the look-up showed, as a scan of caascan's own would put it.
func (l *look) answer() *record.Answer {
	a := &record.Answer{
		Name: l.name, Type: l.typ, RCode: l.rcode, Outcome: l.outcome, Cause: l.cause, Security: l.security, Reason: l.reason,
		RTT: l.rtt, TCP: l.tcp, Truncated: l.truncated,
	}
	if l.server.IsValid() && l.replied {
		a.By = &record.Server{Addr: l.server}
	}
	if a.Outcome.Failed() {
		return a
	}
	if !l.follow(a) {
		return a
	}
	switch {
	case a.Outcome == record.NXDomain: // of the name, or of the end of its aliases
	case l.unreadable:
		a.Outcome = record.Malformed
	default:
		l.collect(a)
	}
	return a
}

// follow puts the aliases that lead away from the name into a, in order. It reports false if they lead nowhere, which a then says.
func (l *look) follow(a *record.Answer) bool {
	at := l.name
	for {
		link, rr := l.alias(at)
		switch {
		case link.Target == "":
			return true
		case link.Target == l.name, slices.ContainsFunc(a.Chain, func(before record.Alias) bool { return before.Target == link.Target }):
			a.Outcome = record.AliasLoop
			return false
		}
		a.Chain = append(a.Chain, link)
		a.Records = append(a.Records, rr)
		at = link.Target
	}
}

// alias is the link that leads on from a name: its CNAME, which may be made of a DNAME that is there too, or else the rewriting by a
// DNAME above it. Its target is "" if there is none.
func (l *look) alias(from wire.Name) (link record.Alias, rr record.RR) {
	var rewritten wire.Name
	for _, r := range l.records {
		switch {
		case r.Type == wire.TypeDNAME && from.Below(r.Owner):
			if target, err := wire.NameOf(r.Data); err == nil {
				rewritten = from.Rebase(r.Owner, target)
				if link.Target == "" {
					link, rr = record.Alias{Owner: from, Target: rewritten, TTL: r.TTL, DNAME: true}, r
				}
			}
		case r.Type == wire.TypeCNAME && r.Owner == from:
			if target, err := wire.NameOf(r.Data); err == nil {
				link, rr = record.Alias{Owner: from, Target: target, TTL: r.TTL}, r
			}
		}
	}
	link.DNAME = link.Target != "" && link.Target == rewritten
	return link, rr
}

// collect puts the records of the type asked into a: those at the end of the aliases, or under the name of one before, as tools have
// it that give all records the name asked.
func (l *look) collect(a *record.Answer) {
	stray := false
	first := true
	for _, rr := range l.records {
		if rr.Type != l.typ {
			continue
		}
		if rr.Owner != l.name && !slices.ContainsFunc(a.Chain, func(link record.Alias) bool { return link.Target == rr.Owner }) {
			stray = true
			continue
		}
		rr.Owner = a.Owner()
		if l.typ == wire.TypeCAA {
			if _, err := caa.ParseRData(rr.Data); err != nil {
				a.Outcome = record.Malformed
			}
		}
		if first || rr.TTL < a.TTL {
			a.TTL, first = rr.TTL, false
		}
		a.Records = append(a.Records, rr)
	}
	switch {
	case a.Outcome == record.Malformed:
	case !first:
		a.Outcome = record.Found
	case stray: // records that nothing leads to: this is no answer that there are none
		a.Outcome = record.Malformed
	default:
		a.Outcome = record.NoData
	}
}

// merge takes another part of the same look-up in.
func (l *look) merge(part *look) {
	if l.outcome.Failed() && !part.outcome.Failed() {
		records := l.records
		source, line, rank := l.source, l.line, l.rank
		*l = *part
		l.source, l.line, l.rank, l.records = source, line, rank, append(records, part.records...)
	} else {
		l.records = append(l.records, part.records...)
	}
	l.unreadable = l.unreadable || part.unreadable
	l.truncated = l.truncated || part.truncated
	if l.security != part.security { // of records of one answer, which should agree
		l.security, l.reason = record.Indeterminate, notValidated
	}
	slices.SortStableFunc(l.records, func(a, b record.RR) int {
		switch {
		case a.Type != b.Type:
			return int(a.Type) - int(b.Type)
		case a.Owner != b.Owner:
			return a.Owner.Compare(b.Owner)
		}
		return slices.Compare(a.Data, b.Data)
	})
	l.records = slices.CompactFunc(l.records, func(a, b record.RR) bool {
		return a.Type == b.Type && a.Owner == b.Owner && slices.Equal(a.Data, b.Data)
	})
	octets := 0
	for _, rr := range l.records {
		octets += len(rr.Data)
	}
	if octets > maxRecordOctets {
		l.records, l.unreadable = nil, true
	}
}

// better reports whether a later look-up of the same name and type says more than l: an answer is more than a failure, and of two
// alike the later one counts.
func (l *look) better(later *look) bool { return l.outcome.Failed() || !later.outcome.Failed() }
