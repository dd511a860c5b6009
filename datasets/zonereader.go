package datasets

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// readZone reads the lines of a zone file up to the next target. It reports false at the end of the file.
func (r *Reader) readZone(ctx context.Context, slot *held) (bool, error) {
	z := r.zone
	if !z.started {
		if line, err := z.survey(ctx, &r.zones); err != nil {
			if err == ctx.Err() {
				return false, err
			}
			r.end = r.damagedAt(line, z.input.surveyOctets.Load()-z.surveyedBefore, err)
			return false, r.end
		}
	}
	polled := 0
	line := func() ([]byte, int64, error) {
		if polled++; polled%pollLines == 0 && ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		line, err := r.readLine(ctx)
		return line, r.line, err
	}
	for {
		event, err := z.parser.next(line)
		switch {
		case err == nil:
		case err == io.EOF:
			if r.endRun(slot) {
				return true, nil
			}
			return false, io.EOF
		case err == ctx.Err():
			return false, err
		default: // what the run lacks may be behind the damage
			r.end = r.damaged(err)
			z.run.partial = true
			if r.endRun(slot) {
				return true, nil
			}
			return false, r.end
		}
		switch event {
		case zoneBlank:
			r.skipLines(z.parser.lines)
		case zoneBad:
			r.skipLines(z.parser.lines - 1)
			r.stats[r.at].Lines++
			r.rejectLine(z.parser.first, z.parser.text, z.parser.bad)
		default:
			if r.takeRecord(slot) {
				return true, nil
			}
		}
	}
}

// takeRecord takes a record into the run of its owner. It reports true if another run has ended by that with a target.
func (r *Reader) takeRecord(slot *held) bool {
	z := r.zone
	rec, run := &z.parser.zoneRecord, &z.run
	ended := false
	if !bytes.Equal(rec.owner, run.owner) {
		ended = r.endRun(slot)
		run.owner = append(run.owner[:0], rec.owner...)
	}
	r.skipLines(z.parser.lines - 1)
	switch {
	case rec.typ == wire.TypeSOA:
		z.takeSOA(rec)
		r.noteZone(z.zone)
		if run.line != 0 { // its NS records came first: it is the apex after all
			run.line = 0
			r.skipLines(1)
		}
	case rec.typ == wire.TypeNS && !bytes.Equal(rec.owner, z.apex):
		if first := run.line == 0 && run.reason == Accepted; first {
			r.beginDelegation()
			run.addServer(rec)
			return ended
		}
		run.addServer(rec)
	case rec.typ == wire.TypeDS || rec.typ == wire.TypeRRSIG:
		run.addDS(rec)
	case rec.typ == wire.TypeA || rec.typ == wire.TypeAAAA:
		run.addAddr(rec)
	}
	r.skipLines(1)
	return ended
}

// beginDelegation looks at the first NS record of an owner: its line is the one of the target, once the run has ended,
// or a reject.
func (r *Reader) beginDelegation() {
	z := r.zone
	run := &z.run
	if run.reason = r.ownerReason(run.owner); run.reason == Accepted {
		run.line = z.parser.first
		return
	}
	r.stats[r.at].Lines++
	r.rejectLine(z.parser.first, run.owner, run.reason)
}

// ownerReason says why the owner of NS records is no name to be scanned.
func (r *Reader) ownerReason(owner []byte) Reason {
	if !r.zone.within(owner) {
		return OutOfZone
	}
	shape, reason := checkHost(owner)
	switch {
	case reason != Accepted:
		return reason
	case shape != lowerCaseHost:
		return BadCharacter
	}
	return scope(owner, r.opt.AllowSpecialUse)
}

// endRun ends a run. It reports true if that makes a target, which is in slot then.
func (r *Reader) endRun(slot *held) bool {
	z := r.zone
	run := &z.run
	defer run.clear()
	z.passGlue()
	if run.line == 0 {
		return false
	}
	stats := &r.stats[r.at]
	stats.Lines++
	f := found{outline: outlineOf(run.owner, r.opt.Suffixes), name: run.owner}
	if !r.cfg.Shard.holdsName(&f) {
		stats.Elsewhere++
		return false
	}
	if z.recall != nil && z.recall.met(run.owner) {
		stats.Folded++
		return false
	}
	if !z.delegates(run.owner) {
		r.window.put(slot, &f, run.line, 0)
	} else if servers, late := z.servers(); late {
		r.window.delegate(slot, &f, run.line, delegated{z.delegation(servers), z})
	} else {
		r.window.delegate(slot, &f, run.line, delegated{z.delegation(servers), nil})
	}
	stats.Targets++
	return true
}

func (run *zoneRun) clear() {
	*run = zoneRun{owner: run.owner, text: run.text[:0], ends: run.ends[:0], ds: run.ds[:0], data: run.data[:0], addrs: run.addrs[:0],
		names: run.names[:0], key: run.key[:0]}
	run.owner = run.owner[:0]
}

func (run *zoneRun) addServer(rec *zoneRecord) {
	if len(run.ends) == 0 || rec.ttl < run.ttl {
		run.ttl = rec.ttl
	}
	if len(run.ends) == maxServers {
		run.partial = true
		return
	}
	before := run.text
	if n := len(run.ends); n == 0 {
		run.ordered = true
	} else if run.ordered {
		from := 0
		if n > 1 {
			from = run.ends[n-2]
		}
		run.ordered = bytes.Compare(before[from:len(before)-1], rec.target) < 0
	}
	run.text = append(append(before, rec.target...), '\n')
	run.ends = append(run.ends, len(run.text))
}

func (run *zoneRun) addDS(rec *zoneRecord) {
	if len(run.ds) == maxDS || len(run.data)+len(rec.data) > maxDSOctets {
		run.partial = true
		return
	}
	run.data = append(run.data, rec.data...)
	run.ds = append(run.ds, zoneDS{rec.typ, rec.ttl, len(run.data)})
}

func (run *zoneRun) addAddr(rec *zoneRecord) {
	if len(run.addrs) == 0 || rec.ttl < run.addrTTL {
		run.addrTTL = rec.ttl
	}
	if len(run.addrs) < 2*maxServerAddrs {
		run.addrs = append(run.addrs, rec.addr)
	}
}

// delegates reports whether the zone is known to delegate the owner of NS records, which no name above it is then. A name
// right below the apex has none such; of others it shows in the table, or in a file in canonical order.
func (z *zoneFile) delegates(owner []byte) bool {
	if z.namesOnly || z.apex == nil {
		return false
	}
	depth := bytes.Count(owner, []byte{'.'})
	if string(z.apex) != "." {
		depth -= 1 + bytes.Count(z.apex, []byte{'.'})
	}
	switch {
	case z.order.canonical:
		if n := len(owner) - len(z.lastCut); len(z.lastCut) > 0 && n > 0 && owner[n-1] == '.' && string(owner[n:]) == string(z.lastCut) {
			return false
		}
		z.lastCut = append(z.lastCut[:0], owner...)
		return true
	case depth == 0:
		return true
	case z.table != nil:
		name, err := wire.ParseName(string(owner))
		if err != nil {
			return false
		}
		d := z.table.find(name)
		return d != nil && d.Name == name
	}
	return false
}

// delegation returns what the run says of its owner.
func (z *zoneFile) delegation(servers []record.DelegatedServer) *record.Delegation {
	run := &z.run
	owner, err := wire.ParseName(string(run.owner))
	if err != nil {
		panic("internal error: a target has no name: " + err.Error())
	}
	return &record.Delegation{
		Name: owner, Zone: z.version(), Servers: servers, DS: run.delegationSigners(owner), TTL: run.ttl, Whole: z.whole && !run.partial,
	}
}

// delegationSigners returns the DS records of the run and behind them those that sign them.
func (run *zoneRun) delegationSigners(owner wire.Name) []record.RR {
	if len(run.ds) == 0 {
		return nil
	}
	data := bytes.Clone(run.data)
	all, from := make([]record.RR, 0, len(run.ds)), 0
	for _, ds := range run.ds {
		all = append(all, record.RR{Owner: owner, Type: ds.typ, Class: wire.ClassIN, TTL: ds.ttl, Data: data[from:ds.end:ds.end]})
		from = ds.end
	}
	sortSigners(all)
	return all
}

// sortSigners puts DS records before the RRSIG records.
func sortSigners(all []record.RR) {
	slices.SortStableFunc(all, func(a, b record.RR) int { return int(a.Type) - int(b.Type) })
}

// version returns what the delegations of a zone share.
func (z *zoneFile) version() *record.Zone {
	if z.shared == nil {
		z.shared = &record.Zone{ZoneVersion: z.zone}
	}
	return z.shared
}

// passGlue remembers the addresses of the run, in a file that was not surveyed.
func (z *zoneFile) passGlue() {
	if run := &z.run; !z.surveyed && len(run.addrs) > 0 && z.holds(run.owner) {
		z.glue.add(run.owner, run.addrs, run.addrTTL)
	}
}

// holds reports whether the addresses of a host are for the zone to tell.
func (z *zoneFile) holds(host []byte) bool { return z.within(host) || bytes.Equal(host, z.apex) }

// servers returns the name servers of the run. late says that there may be glue further on for some.
func (z *zoneFile) servers() (set []record.DelegatedServer, late bool) {
	key := z.run.serversKey()
	known, ok := z.sets.find(key)
	switch {
	case !ok:
		known.servers = make([]record.DelegatedServer, 0, bytes.Count(key, []byte{'\n'}))
		for name := range bytes.SplitSeq(key[:len(key)-1], []byte{'\n'}) {
			n, err := wire.ParseName(string(name))
			if err != nil {
				continue // absoluteName and canonicalText let none pass that is no name
			}
			known.servers = append(known.servers, record.DelegatedServer{Name: n})
		}
		sortServers(known.servers)
		z.addGlue(known.servers, z.zone.Apex)
	case known.late:
		known.servers = z.completed(known.servers, z.zone.Apex)
	default:
		return known.servers, false
	}
	known.late = !z.surveyed && slices.ContainsFunc(known.servers, func(s record.DelegatedServer) bool { return lacksGlue(&s, z.zone.Apex) })
	z.sets.put(key, known)
	return known.servers, known.late
}

// serversKey returns the names of the servers of the run, in order and each once, with a line end each.
func (run *zoneRun) serversKey() []byte {
	if run.ordered {
		return run.text
	}
	names, from := run.names[:0], 0
	for _, end := range run.ends {
		names = append(names, run.text[from:end])
		from = end
	}
	slices.SortFunc(names, func(a, b []byte) int { return bytes.Compare(a[:len(a)-1], b[:len(b)-1]) })
	run.names = slices.CompactFunc(names, bytes.Equal)
	run.key = run.key[:0]
	for _, name := range run.names {
		run.key = append(run.key, name...)
	}
	return run.key
}

// sortServers puts servers into the order of their names.
func sortServers(set []record.DelegatedServer) {
	slices.SortFunc(set, func(a, b record.DelegatedServer) int { return strings.Compare(string(a.Name), string(b.Name)) })
}

// lacksGlue reports whether a zone may say the addresses of a server, and has not yet. Without an apex any may.
func lacksGlue(s *record.DelegatedServer, apex wire.Name) bool {
	return s.Addrs == nil && (apex == "" || s.Name.In(apex))
}

// addGlue gives servers of a zone's name the glue that has passed.
func (z *zoneFile) addGlue(servers []record.DelegatedServer, apex wire.Name) {
	for i := range servers {
		if s := &servers[i]; lacksGlue(s, apex) {
			s.Addrs, s.TTL = z.glue.of([]byte(s.Name.String()))
		}
	}
}

// completed returns servers with the glue that has passed since they were made, which are the same if that is none.
func (z *zoneFile) completed(servers []record.DelegatedServer, apex wire.Name) []record.DelegatedServer {
	for i := range servers {
		if s := &servers[i]; lacksGlue(s, apex) && z.glue.holds([]byte(s.Name.String())) {
			more := slices.Clone(servers)
			z.addGlue(more[i:], apex)
			return more
		}
	}
	return servers
}

// complete gives a delegation the glue that has passed since it was made.
func (z *zoneFile) complete(d *record.Delegation) { d.Servers = z.completed(d.Servers, d.Zone.Apex) }
