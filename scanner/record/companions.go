package record

import (
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/mail"
	"github.com/caascan/caascan/scanner/wire"
)

// Companions is what a scan learned of a name's mail besides its servers. What was not asked for has the posture not-asked.
type Companions struct {
	SPF          Published[mail.SPF]
	DMARC        Published[mail.DMARC] // of the last name asked: see mail.DMARCNames
	MTASTS       Published[mail.MTASTS]
	PolicyHost   *Host // that serves the MTA-STS policy; nil if not asked, as where no policy is announced
	TLSReporting Published[mail.TLSReporting]
	BIMI         Published[mail.BIMI]
	DKIM         []Selector

	// Hosts are the mail exchangers, each once, by preference, then name. Empty if the name has none; nil if they were not
	// asked about, or are not known.
	Hosts []Host
}

// Published is what the TXT records of a name say in one of the protocols of mail.
type Published[Protocol any] struct {
	Answer *Answer // nil if not asked, also where the domain's name leaves no room for the labels before it
	Says   Protocol
}

// Selector is the key that one DKIM selector names.
type Selector struct {
	Name string
	Key  Published[mail.DKIM]
}

// Host is a host beside the target whose certificates CAA governs.
type Host struct {
	Name wire.Name
	Verdict
}

// Verdict is what a climb showed (RFC 8659 3).
type Verdict struct {
	Climb    []Level // every level asked, in judging order, from the name upwards (spec rule R1.10), also those above a failure
	Relevant int     // index in Climb of the level with the relevant RRset, or of the failure that hides it; -1 if neither
	CAA      caa.Set // the relevant RRset, judged; the zero Set if there is none
	Posture  [caa.Kinds]caa.Posture
}

// Conclude reads a climb, which begins at the name itself: the first set that was found is the relevant one, unless a
// look-up below it failed (spec rule R1.10).
func Conclude(climb []Level) Verdict {
	v := Verdict{Climb: climb, Relevant: -1, Posture: caa.Uniform(caa.Absent)}
	for i := range climb {
		switch a := climb[i].Answer; {
		case a.Outcome == Found:
			v.Relevant, v.CAA = i, a.Judge()
			v.Posture = v.CAA.Posture
			if len(a.Chain) > 0 {
				v.CAA.Add(caa.Alias)
			}
			if i > 0 {
				v.CAA.Add(caa.Inherited)
			}
			return v
		case a.Outcome.Failed(): // never absent: the missing answer could have been the relevant set
			v.Relevant, v.Posture = i, caa.Uniform(caa.Error)
			return v
		}
	}
	return v
}

// Failed reports whether the climb met a failure below the first non-empty set.
func (v *Verdict) Failed() bool {
	return v.Relevant >= 0 && v.Climb[v.Relevant].Answer.Outcome.Failed()
}

// Deciding returns the answer at the level that decides: that with the relevant RRset or the failure, and where there is
// neither, the name itself. It is nil if nothing was asked.
func (v *Verdict) Deciding() *Answer {
	switch {
	case len(v.Climb) == 0:
		return nil
	case v.Relevant >= 0:
		return v.Climb[v.Relevant].Answer
	default:
		return v.Climb[0].Answer
	}
}
