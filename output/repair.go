package output

import (
	"errors"
	"fmt"
	"slices"
)

// Repaired is what a repair has done.
type Repaired struct {
	Rows    int64    // that are lost: the scan is to be continued for them
	Dropped []string // files
	Restart bool     // the scan is not complete any more
}

// Repair takes what is damaged out of the scan, so that it is again what its journal says, and less: whoever continues it looks
// up the lines whose rows were lost, and no others. Rows about servers, which cannot be asked for again, are written anew from
// the copy in the journal; and entries of a damaged journal from the parts that the manifest names.
func (v *Verification) Repair() (*Repaired, error) {
	if v.InUse {
		return nil, fmt.Errorf("%v: %w", v.store, ErrInUse)
	}
	done := &Repaired{}
	if err := v.mendJournal(); err != nil {
		return nil, err
	}
	first := v.journal.header()
	if first == nil {
		return nil, fmt.Errorf("%v: neither the beginning of the journal nor the manifest can be read: nobody knows what this scan was", v.store)
	}
	drop := entry{Number: len(v.journal.entries), ScanID: first.ScanID, Run: len(v.Manifest.Runs), At: v.Manifest.UpdatedAt}
	drop.Dropped = slices.Concat(v.lost, v.servers)
	if v.rejects {
		drop.Dropped = append(drop.Dropped, rejectsName)
	}
	before := max(v.Manifest.Totals.Rows, v.written.Totals.Rows)
	if len(drop.Dropped)+len(v.strays) > 0 { // strays may be of a process that lives, where no lock says so: it is refused from now on
		rows, err := v.serverRows()
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			if err := v.restoreServers(&drop, rows); err != nil {
				return nil, err
			}
		}
		content, err := drop.seal()
		if err != nil {
			return nil, err
		}
		if err := v.store.add(entryName(drop.Number), content); err != nil {
			return nil, err
		}
		v.journal.entries = append(v.journal.entries, &drop)
		v.journal.drop()
	}
	named := v.journal.files()
	for _, file := range slices.Concat(drop.Dropped, v.strays) {
		if _, ok := named[file]; ok {
			continue // it has its name again
		}
		if err := v.store.remove(file); err != nil {
			return nil, err
		}
		done.Dropped = append(done.Dropped, file)
	}
	m := v.journal.manifest()
	done.Rows, done.Restart = before-m.Totals.Rows, m.State != Complete
	v.Manifest = m
	return done, m.write(v.store)
}

// serverRows returns the rows of damaged parts of nameservers.
func (v *Verification) serverRows() (rows []NameServer, err error) {
	for _, e := range v.journal.entries {
		if e == nil || !slices.ContainsFunc(e.Parts, func(p Part) bool { return slices.Contains(v.servers, p.File) }) {
			continue
		}
		more, err := unpackServers(e.Servers)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// restoreServers writes rows about servers to a new part.
func (v *Verification) restoreServers(e *entry, rows []NameServer) error {
	of := v.journal.header()
	cfg, err := Config{ScanID: e.ScanID, Format: of.Begin.Format, PSL: of.Begin.PSL, Version: v.Manifest.Tool.Version}.withDefaults()
	if err != nil {
		return err
	}
	t := newTable[NameServer](v.store, nameServersTable, cfg, newPages())
	t.next = nextPart(v.names, nameServersTable)
	if err = t.add(rows); err == nil {
		err = t.seal()
	}
	var part *Part
	if err == nil {
		part, err = t.publish()
	}
	if err == nil {
		e.Servers, err = packServers(rows)
	}
	if err != nil {
		return errors.Join(err, t.abandon())
	}
	totals := newTotals()
	totals.Servers = part.Rows
	e.Parts, e.Totals = []Part{*part}, &totals
	return nil
}

// mendJournal writes damaged entries anew: the first from the manifest, and others from the parts that the manifest names and
// no other entry does, if these are whole.
func (v *Verification) mendJournal() error {
	if len(v.journal.damaged) == 0 && v.journal.header() != nil {
		return nil
	}
	m := &v.written
	if len(v.journal.entries) == 0 {
		v.journal.entries = make([]*entry, 1)
	}
	scanID := m.ScanID
	for _, e := range v.journal.entries {
		if e != nil {
			scanID = e.ScanID
		}
	}
	adopted := &entry{}
	if err := v.adopt(adopted, m.Parts); err != nil {
		return err
	}
	for n, e := range v.journal.entries {
		if e != nil {
			continue
		}
		e = &entry{Number: n, ScanID: scanID, At: m.StartedAt}
		if n == 0 {
			if m.ScanID == "" {
				return nil
			}
			e.Run, e.Taken = 1, &Run{StartedAt: m.StartedAt, Tool: m.Tool, Worker: m.Worker, Vantage: m.Vantage}
			e.Begin = &header{m.SchemaVersion, m.Format, m.Seed, m.PSL, m.Config, m.Identity, m.Inputs}
		} else {
			e.Parts, e.Lines, e.Totals, e.Servers = adopted.Parts, adopted.Lines, adopted.Totals, adopted.Servers
			*adopted = entry{}
		}
		content, err := e.seal()
		if err != nil {
			return err
		}
		if err := v.store.put(entryName(n), content); err != nil {
			return err
		}
		v.journal.entries[n] = e
	}
	v.journal.damaged = map[int]error{}
	v.strays = slices.DeleteFunc(v.strays, func(file string) bool { _, named := v.journal.files()[file]; return named })
	return nil
}

// adopt puts parts into an entry whose own was lost: those that no other entry names, if all of their rows are whole.
func (v *Verification) adopt(e *entry, parts []Part) error {
	parts = slices.DeleteFunc(slices.Clone(parts), func(p Part) bool { return !slices.Contains(v.strays, p.File) })
	lines, totals := lineSets{}, newTotals()
	for _, part := range parts {
		wrong, err := v.checkPart(&part, lines, &totals)
		if err != nil {
			return err
		}
		if wrong != "" {
			return nil
		}
		switch part.Table {
		case caaRecordsTable:
			totals.Records += part.Rows
		case nameServersTable:
			totals.Servers += part.Rows
		case queriesTable:
			totals.Queries += part.Rows
		}
	}
	if len(parts) > 0 {
		totals.Lines = totals.Rows
		e.Parts, e.Lines, e.Totals = parts, lines, &totals
		v.rows.merge(lines)
	}
	return nil
}
