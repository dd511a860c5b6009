package record

import (
	"math"
	"net/netip"

	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// Look is what a first look at a target came to, if it failed in a way that may pass: the target is looked at once more
// then. It is kept with the target in between, on disk if need be: it is to be encoded by encoding/gob as it stands.
type Look struct {
	Admitted step.Time // when the first question was asked
	Finished step.Time // when the failure was there

	Climb  []Try // what each level showed, as of Record.Climb
	Failed int   // index in Climb of the failure that hid the answer

	Zone    wire.Name    // at whose servers it failed, as of Answer
	Servers []netip.Addr // of them, those that were asked in vain

	Cost Cost
}

// Outcome is the failure that hid the answer.
func (l *Look) Outcome() Outcome { return l.Climb[l.Failed].Outcome }

// Try is what a look showed of one level of the climb.
type Try struct {
	Outcome  Outcome
	Attempts uint8 // as of Answer
}

// MayPass reports whether a failure may be gone a while later: one of the servers, or of the way to them. Not so that
// validation fails (spec rule R6.8: a stop), for which every server was asked already; nor a chain of aliases without an end,
// which is what the zone says; nor our own bounds, which would be hit again.
func (o Outcome) MayPass() bool {
	switch o {
	case Timeout, ServFail, Refused, Lame, FormErr, NotImp, OtherRCode, Malformed, Unreachable, Truncated:
		return true
	}
	return false
}

// Again reports whether the name is worth a second look: its climb failed at the first, in a way that may pass. Mail and
// other companions do not count: no verdict depends on them.
func (r *Record) Again() bool {
	return r.Target.First == nil && r.Failed() && r.Climb[r.Relevant].Answer.Outcome.MayPass()
}

// Look is what the look that r is about came to. The climb of r must have failed.
func (r *Record) Look() *Look {
	l := &Look{
		Admitted: r.Admitted, Finished: r.Finished, Climb: make([]Try, len(r.Climb)), Failed: r.Relevant, Cost: r.Cost,
		Zone: r.Climb[r.Relevant].Answer.Zone,
	}
	for i := range r.Climb {
		a := r.Climb[i].Answer
		l.Climb[i] = Try{a.Outcome, a.Attempts}
	}
	for _, s := range r.Climb[r.Relevant].Answer.InVain() {
		l.Servers = append(l.Servers, s.Addr)
	}
	return l
}

// Attempts is how many exchanges were had about level i of the climb with the servers that failed, at both looks if there
// were two and both failed there: a rule may demand that a failure was retried (spec rule R3.4).
func (r *Record) Attempts(i int) uint8 {
	a := r.Climb[i].Answer
	if first := r.Target.First; first != nil && a.Outcome.Failed() && i < len(first.Climb) && first.Climb[i].Outcome.Failed() {
		return uint8(min(int(a.Attempts)+int(first.Climb[i].Attempts), math.MaxUint8))
	}
	return a.Attempts
}

// Add is the cost of two looks.
func (c Cost) Add(d Cost) Cost {
	return Cost{
		Waited: c.Waited + d.Waited, Queries: c.Queries + d.Queries, Retries: c.Retries + d.Retries,
		TCP: c.TCP + d.TCP, Checks: c.Checks + d.Checks, Hashes: c.Hashes + d.Hashes,
	}
}
