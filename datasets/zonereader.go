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
		if line, err := z.survey(ctx); err != nil {
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
	servers, late := z.servers()
	d := &Delegation{Zone: z.version(), Servers: servers, DS: run.delegationSigners(), TTL: run.ttl, Whole: z.whole && !run.partial}
	if late {
		r.window.delegate(slot, &f, run.line, delegated{d, z})
	} else {
		r.window.delegate(slot, &f, run.line, delegated{d, nil})
	}
	stats.Targets++
	return true
}

func (run *zoneRun) clear() {
	*run = zoneRun{owner: run.owner, text: run.text[:0], ends: run.ends[:0], ds: run.ds[:0], data: run.data[:0], addrs: run.addrs[:0]}
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

// delegationSigners returns the DS records of the run and behind them those that sign them.
func (run *zoneRun) delegationSigners() []record.RR {
	if len(run.ds) == 0 {
		return nil
	}
	owner, err := wire.ParseName(string(run.owner))
	if err != nil {
		return nil // it was checked: a target has a name
	}
	data := bytes.Clone(run.data)
	all, from := make([]record.RR, 0, len(run.ds)), 0
	for _, ds := range run.ds {
		all = append(all, record.RR{Owner: owner, Type: ds.typ, Class: wire.ClassIN, TTL: ds.ttl, Data: data[from:ds.end:ds.end]})
		from = ds.end
	}
	slices.SortStableFunc(all, func(a, b record.RR) int { return int(a.Type) - int(b.Type) })
	return all
}

// version returns what the delegations of a zone share.
func (z *zoneFile) version() *ZoneVersion {
	if z.shared == nil {
		v := z.zone
		z.shared = &v
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
func (z *zoneFile) servers() (set []NameServer, late bool) {
	key := z.serversKey()
	known, ok := z.sets.find(key)
	switch {
	case !ok:
		known.servers = make([]NameServer, 0, bytes.Count(key, []byte{'\n'}))
		for name := range bytes.SplitSeq(key[:len(key)-1], []byte{'\n'}) {
			n, err := wire.ParseName(string(name))
			if err != nil {
				continue // absoluteName and canonicalText let none pass that is no name
			}
			known.servers = append(known.servers, NameServer{Name: n})
		}
		slices.SortFunc(known.servers, func(a, b NameServer) int { return strings.Compare(string(a.Name), string(b.Name)) })
		z.addGlue(known.servers, z.zone.Apex)
	case known.late:
		known.servers = z.completed(known.servers, z.zone.Apex)
	default:
		return known.servers, false
	}
	known.late = !z.surveyed && slices.ContainsFunc(known.servers, func(s NameServer) bool { return s.lacksGlue(z.zone.Apex) })
	z.sets.put(key, known)
	return known.servers, known.late
}

// serversKey returns the names of the servers of the run, in order and each once, with a line end each.
func (z *zoneFile) serversKey() []byte {
	run := &z.run
	if run.ordered {
		return run.text
	}
	names, from := z.names[:0], 0
	for _, end := range run.ends {
		names = append(names, run.text[from:end])
		from = end
	}
	slices.SortFunc(names, func(a, b []byte) int { return bytes.Compare(a[:len(a)-1], b[:len(b)-1]) })
	z.names = slices.CompactFunc(names, bytes.Equal)
	z.key = z.key[:0]
	for _, name := range z.names {
		z.key = append(z.key, name...)
	}
	return z.key
}

// lacksGlue reports whether a zone may say the addresses of a server, and has not yet. Without an apex any may.
func (s *NameServer) lacksGlue(apex wire.Name) bool {
	return s.Addrs == nil && (apex == "" || s.Name.In(apex))
}

// addGlue gives servers of a zone's name the glue that has passed.
func (z *zoneFile) addGlue(servers []NameServer, apex wire.Name) {
	for i := range servers {
		if s := &servers[i]; s.lacksGlue(apex) {
			s.Addrs, s.TTL = z.glue.of([]byte(s.Name.String()))
		}
	}
}

// completed returns servers with the glue that has passed since they were made, which are the same if that is none.
func (z *zoneFile) completed(servers []NameServer, apex wire.Name) []NameServer {
	for i := range servers {
		if s := &servers[i]; s.lacksGlue(apex) && z.glue.holds([]byte(s.Name.String())) {
			more := slices.Clone(servers)
			z.addGlue(more[i:], apex)
			return more
		}
	}
	return servers
}

// complete gives a delegation the glue that has passed since it was made.
func (z *zoneFile) complete(d *Delegation) { d.Servers = z.completed(d.Servers, d.Zone.Apex) }
