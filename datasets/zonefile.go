package datasets

import (
	"fmt"
	"net/netip"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// zoneFile is a zone file on its way to targets.
//
// The records of one owner mostly stand together: they are collected in a run, which becomes a target when another
// owner follows. Glue mostly stands elsewhere: alphabetical files, as ICANN demands them, have ns1.example.com far from
// example.com, and a server serves the names of others. So what can be read twice, is: a survey of the whole file before
// its first target remembers the glue, in memory that grows with the hosts and not with the delegations, and sees
// whether the owners are in order. A file from a pipe is read once: what glue has passed when a target leaves the window
// is known, and no more.
//
// In a file in order, be it alphabetical or canonical (RFC 4034 6.1), no owner comes twice. In others, and from pipes,
// owners are remembered, see recall, and one that comes again is folded.
type zoneFile struct {
	parser         *zoneParser
	text           stream // for the survey
	input          *input // likewise
	started        bool   // there is no survey to be done, or it is
	surveyed       bool
	surveyedBefore int64 // octets, of members of the archive that came before
	zone           record.ZoneVersion
	shared         *record.Zone // what delegations point to; nil before the first of this zone
	apex           []byte       // text of zone.Apex; nil if it is not known
	table          *zoneTable   // of all delegations; nil if there is none
	order          zoneOrder
	lastCut        []byte      // of a file in canonical order: the last name delegated that is below no other
	namesOnly      bool        // Config.NamesOnly
	before         *zoneSurvey // the survey, if that was made before the reading began
	run            zoneRun
	glue           glue
	whole          bool    // Delegation.Whole
	recall         *recall // nil if no owner comes twice
	folds          bool    // whatever the order, names of other inputs are folded too
	sets           serverSets
}

// zoneRun is what consecutive records say of one owner.
type zoneRun struct {
	owner   []byte
	line    int64 // of the first NS record; 0 before it
	reason  Reason
	ttl     uint32
	text    []byte // names of servers, each with a line end
	ends    []int  // of them, the line end included
	ordered bool   // they are in order, and each there once
	ds      []zoneDS
	data    []byte // of ds
	partial bool   // there is more than is kept
	addrs   []netip.Addr
	addrTTL uint32

	names [][]byte // for serversKey
	key   []byte
}

// zoneDS is a DS record, or an RRSIG record that covers some.
type zoneDS struct {
	typ wire.Type
	ttl uint32
	end int // in zoneRun.data
}

func newZoneFile(cfg *Config, in *input, text stream, recall *recall) (*zoneFile, error) {
	z := &zoneFile{input: in, text: text, recall: recall, glue: glue{hosts: newNameIndex()}, surveyedBefore: in.surveyOctets.Load()}
	z.started, z.namesOnly = cfg.NamesOnly || !in.rereads(), cfg.NamesOnly
	origin := ""
	if cfg.Origin != "" {
		apex, err := wire.ParseName(cfg.Origin)
		if err != nil {
			return nil, fmt.Errorf("origin %q: %w", cfg.Origin, err)
		}
		z.enter(apex, 0)
		if origin = apex.String(); apex != wire.Root {
			origin += "."
		}
	}
	z.parser = newZoneParser(origin)
	return z, nil
}

// enter begins a zone: a file may hold several, one after the other.
func (z *zoneFile) enter(apex wire.Name, serial uint32) {
	z.zone, z.shared = record.ZoneVersion{Apex: apex, Serial: serial}, nil
	z.apex = []byte(apex.String())
	z.sets = serverSets{} // what glue they may have is another matter in another zone
}

// takeSOA begins a zone by its SOA record, unless it has begun.
func (z *zoneFile) takeSOA(r *zoneRecord) {
	name, err := wire.ParseName(string(r.owner))
	if err == nil && z.zone != (record.ZoneVersion{Apex: name, Serial: r.serial}) {
		z.enter(name, r.serial)
	}
}

// within reports whether a name is below the apex; any is while that is not known.
func (z *zoneFile) within(name []byte) bool {
	switch {
	case z.apex == nil:
		return true
	case string(z.apex) == ".":
		return string(name) != "."
	}
	n := len(name) - len(z.apex)
	return n > 0 && name[n-1] == '.' && string(name[n:]) == string(z.apex)
}
