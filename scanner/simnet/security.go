package simnet

import (
	"slices"
	"strings"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// Validation is what a scan does about DNSSEC, as far as its findings depend on it.
type Validation uint8

const (
	NoValidation   Validation = iota // nothing: all security is indeterminate, and nothing is bogus
	LazyValidation                   // what was found, and what failed; an empty answer is believed and says nothing
	FullValidation                   // everything
)

// fullWant is what a scan finds that validates, where this is not as without. It holds if the zone above, and all
// further up, is secure: below a zone that is not signed nobody looks at signatures.
type fullWant struct {
	outcome  record.Outcome // of the look-up at the level; Found: the climb goes as without validation
	level    int
	security record.Security
	reason   dnssec.Reason
	broken   string // the zone where: ownZone, registryZone, cutZone, or its apex
	empty    bool   // it is an empty answer that fails: lazy validation does not notice
	mail     bool   // the look-up of MX fails as well, with full validation
}

// Words for zones in the tables.
const (
	ownZone      = "own"      // of the registrable domain
	registryZone = "registry" // that delegates it
	cutZone      = "cut"      // below the CUT
)

// all says that mail fails too.
func (f *fullWant) all() *fullWant { f.mail = true; return f }

// at says in which zone the chain breaks, if it is not the zone of the domain.
func (f *fullWant) at(zone string) *fullWant { f.broken = zone; return f }

// bogus: the set at the level that decides is bogus.
func bogus(level int, reason dnssec.Reason) *fullWant {
	return &fullWant{outcome: record.Bogus, level: level, security: record.BogusData, reason: reason, broken: ownZone}
}

// bogusEmpty: an empty answer is bogus, at a level below the one that would decide.
func bogusEmpty(level int, reason dnssec.Reason) *fullWant {
	f := bogus(level, reason)
	f.empty = true
	return f
}

// unreachable: keys that the chain needs cannot be had, by the given outcome.
func unreachable(level int, outcome record.Outcome) *fullWant {
	return &fullWant{outcome: outcome, level: level, security: record.Indeterminate, reason: dnssec.ChainUnreachable, broken: ownZone, mail: true}
}

// insecureFor: nothing fails, but nothing is proven.
func insecureFor(reason dnssec.Reason) *fullWant {
	return &fullWant{security: record.Insecure, reason: reason, broken: ownZone}
}

// validate turns what is found without validation into what is found with it.
func (t *Truth) validate(w *World, sc *scenario, d *domain, z *zone) {
	mode := w.cfg.Validation
	switch {
	case mode == NoValidation:
		return
	case !w.signed:
		t.Reason = dnssec.NoAnchor.String()
		return
	}
	registry := d.tld.registry()
	sound := !sc.undelegate && registry.secure
	if f := sc.full; f != nil && w.special[mustWire(f.broken)] != nil {
		sound = true // the zone that breaks the chain hangs on no TLD of the list
	}
	found := t.Relevant != "" || t.Failure.Failed()
	inDomain := sc.want.set != "" || t.Failure.Failed() // and not only at the suffix or the TLD
	switch f := sc.full; {
	case mode == LazyValidation && !found:
		t.Reason = dnssec.NotValidated.String()
	case f != nil && sound && f.bears(mode, found, inDomain):
		t.Security, t.Reason, t.BrokenAt = f.security, f.reason.String(), f.zone(sc, d, t.Name)
		if f.outcome.Failed() {
			level := f.level
			if mode == LazyValidation {
				level = sc.want.level
			}
			t.fail(dropLabels(t.Name, level), f.outcome)
		}
	case t.Failure == record.AliasLoop && sc.via != nil: // of a loop through several zones nothing is claimed
	default:
		t.Security, t.Reason = w.security(t, sc, d, z)
	}
	if mode == FullValidation && sound && (sc.mailBogus || sc.full != nil && sc.full.mail) {
		t.MX, t.Capable = MailError, CapableUnknown
	}
}

// bears reports whether f is what a scan meets: with full validation any failure comes before what is found further up,
// with lazy validation only one of what decides; and what lacks a proof counts unless something is found further up.
func (f *fullWant) bears(mode Validation, found, inDomain bool) bool {
	if mode == FullValidation && f.outcome.Failed() {
		return true
	}
	return !f.empty && (inDomain || !found)
}

// zone returns the zone where the chain of a name breaks.
func (f *fullWant) zone(sc *scenario, d *domain, name string) string {
	switch f.broken {
	case ownZone:
		return dropLabels(name, len(sc.labels))
	case cutZone:
		return wire.Name(sc.cut().owner+"\x00").String() + "." + dropLabels(name, len(sc.labels))
	case registryZone:
		return d.tld.suffix
	default:
		return f.broken
	}
}

// fail makes t the truth of a climb that fails at a level.
func (t *Truth) fail(level string, outcome record.Outcome) {
	t.Failure, t.FailedAt = outcome, level
	t.Posture, t.Relevant, t.Count, t.set = caa.Uniform(caa.Error), "", 0, nil
}

// security returns the security of what is found without validation, for a name in zones that have no faults.
func (w *World) security(t *Truth, sc *scenario, d *domain, z *zone) (record.Security, string) {
	registry, tld := d.tld.registry(), d.tld.zone
	if sc.unknownTLD {
		return record.Secure, "" // the root denies it
	}
	switch t.Relevant {
	case d.tld.label:
		return security(tld.secure), ""
	case d.tld.suffix:
		return security(registry.secure), ""
	}
	if sc.undelegate {
		// In an opt-out span an unsigned delegation may well lie (RFC 5155 9.2).
		return security(registry.secure && registry.sign.scheme.denial != nsec3OptOut), ""
	}
	own := registry.secure && z.sign.secure()
	below := own
	if sc.sub != nil {
		below = own && w.subSecure(sc.sub, z)
	}
	last := own // the zone that the look-up of the level ends in
	if sc.inSub(sc.want.level) {
		last = below
	}
	all := last && own
	for _, apex := range sc.via {
		last = below
		if apex != cutZone {
			last = w.special[mustWire(apex)].secure
		}
		all = all && last
	}
	if t.Failure.Failed() && last {
		return record.Indeterminate, dnssec.SignedZone.String()
	}
	// A climb that finds nothing goes on to the TLD. What is secure here is so below a TLD that is secure too.
	return security(all), ""
}

// security is Secure or Insecure.
func security(secure bool) record.Security {
	if secure {
		return record.Secure
	}
	return record.Insecure
}

func (w *World) subSecure(sub *subZone, parent *zone) bool {
	s := w.subSigning(sub, parent)
	return s.secure()
}

// inSub reports whether the level of the scenario's name lies in the zone below the CUT.
func (sc *scenario) inSub(level int) bool {
	if sc.sub == nil || level == len(sc.labels) {
		return false
	}
	return strings.HasSuffix(relative(strings.Join(sc.labels[level:], ".")), sc.cut().owner)
}

// cut returns the node where the scenario's sub-zone begins.
func (sc *scenario) cut() *node {
	i := slices.IndexFunc(sc.shape.nodes, func(n node) bool { return n.cut })
	return &sc.shape.nodes[i]
}
