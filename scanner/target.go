package scanner

import (
	"fmt"
	"strings"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// target is a record.Target as it is kept while its name is under way, in 48 octets and those of the name: what many
// targets share is kept once for all, what are parts of the name are places in it, and what few have is elsewhere.
type target struct {
	name        wire.Name
	rare        *rare // nil: it has nothing of that
	line, rank  int64
	origin      uint32 // index in origins.all
	registrable uint8  // where the registrable domain begins in the text of the name; noPart if there is none
	suffix      uint8  // likewise the public suffix
	logged      bool   // its exchanges are written down
}

// rare is what few targets have.
type rare struct {
	input      string // "": as the name
	first      *record.Look
	delegation *record.Delegation
}

// noPart is beyond any name's text, which has 253 octets at most.
const noPart = 255

// origin is what targets have in common with very many others.
type origin struct {
	source, bucket        string
	icann, mail, wildcard bool
}

// origins holds each origin once.
type origins struct {
	all  []origin
	last uint32 // the one asked for last: mostly it is that again
	find map[origin]uint32
}

func (o *origins) index(of origin) uint32 {
	if len(o.all) > 0 && o.all[o.last] == of {
		return o.last
	}
	i, ok := o.find[of]
	if !ok {
		if o.find == nil {
			o.find = map[origin]uint32{}
		}
		i = uint32(len(o.all))
		o.all = append(o.all, of)
		o.find[of] = i
	}
	o.last = i
	return i
}

// pack makes t small. Its name is canonical: datasets has checked it (spec rule R1.2).
func (o *origins) pack(t *record.Target) target {
	p := target{
		name: wire.MustName(t.Name), line: t.Line, rank: t.Rank,
		registrable: partOf(t.Name, t.Registrable), suffix: partOf(t.Name, t.Suffix),
		origin: o.index(origin{t.Source, t.RankBucket, t.ICANN, t.Mail, t.Wildcard}),
	}
	if t.Input != "" || t.First != nil || t.Delegation != nil {
		p.rare = &rare{t.Input, t.First, t.Delegation}
	}
	return p
}

// partOf returns where part, an ancestor of name or name itself, begins in it.
func partOf(name, part string) uint8 {
	if part == "" {
		return noPart
	}
	if !strings.HasSuffix(name, part) {
		panic(fmt.Sprintf("internal error: the target %s is not below %s", name, part))
	}
	return uint8(len(name) - len(part))
}

// unpack gives back what was packed.
func (o *origins) unpack(p *target) record.Target {
	of := &o.all[p.origin]
	t := record.Target{
		Name: p.name.String(), Line: p.line, Rank: p.rank,
		Source: of.source, RankBucket: of.bucket, ICANN: of.icann, Mail: of.mail, Wildcard: of.wildcard,
	}
	if p.rare != nil {
		t.Input, t.First, t.Delegation = p.rare.input, p.rare.first, p.rare.delegation
	}
	if p.registrable != noPart {
		t.Registrable = t.Name[p.registrable:]
	}
	if p.suffix != noPart {
		t.Suffix = t.Name[p.suffix:]
	}
	return t
}
