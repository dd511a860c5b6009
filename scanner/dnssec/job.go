package dnssec

import (
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// maxDenial is the most NSEC and NSEC3 RRsets of one Job looked at. A proof takes three, and a wildcard on the way there
// takes one more for each link of a chain.
const maxDenial = 16

// Do validates: first the signatures of Answer, then, where Claim or a wildcard asks for it, those of Denial and what they
// prove. Where something is not right it ends. An Answer of nothing with the claim Records is bogus: nothing is shown. The
// records of Denial are not looked at if nothing depends on them; other types than NSEC and NSEC3 there are passed over,
// as are records that can prove nothing.
func (j *Job) Do() {
	j.Verdict, j.Cut, j.Until, j.Proven = Verdict{}, CutUnknown, 0, nil
	c := checker{zone: j.Zone, keys: j.Keys, at: j.At, policy: j.Policy, budget: &j.Budget}
	j.Verdict, j.Cut = j.validate(&c)
	if j.Verdict.Security == record.Secure || j.Verdict.Security == record.Insecure {
		j.Until = earlierKnown(j.Until, c.until)
	} else {
		j.Until = 0
	}
}

// earlierKnown returns the earlier of two times, either of which may be 0 for none.
func earlierKnown(a, b uint32) uint32 {
	if b == 0 {
		return a
	}
	return earlier(a, b)
}

func (j *Job) validate(c *checker) (Verdict, Cut) {
	var nextClosers []wire.Name // names that must not exist, for the wildcards used to count
	cut := CutUnknown
	for i := range j.Answer {
		set := &j.Answer[i]
		encloser, reason := c.verify(set)
		if reason != None {
			return failure(reason), CutUnknown
		}
		if encloser != "" {
			nextClosers = append(nextClosers, nextCloser(set.Owner, encloser))
		}
		if set.Type == wire.TypeDS {
			cut = Signed
		}
	}
	if j.Claim == Records && len(j.Answer) == 0 {
		return failure(DenialMissing), CutUnknown
	}
	if j.Claim == Records && len(nextClosers) == 0 {
		return secure, cut
	}

	d := denial{zone: j.Zone, now: j.At, policy: j.Policy, hashes: &j.Budget.Hashes}
	failed := j.takeDenial(&d, c)
	verdict := secure
	for _, name := range nextClosers {
		v := d.noCloser(name)
		if v.Security == record.Indeterminate {
			return d.failure(failed), CutUnknown
		}
		verdict = worse(verdict, v)
	}
	if j.Claim != Records {
		v, shown := d.proves(j.Claim, j.Name, j.Type)
		if v.Security == record.Indeterminate {
			v = d.failure(failed)
			if v.Reason == Iterations && j.Claim == NoSecureCut {
				shown = Unsigned // as the whole zone is
			}
		}
		verdict, cut = worse(verdict, v), shown
	}
	return verdict, cut
}

// nextCloser returns the name one label longer than encloser on the way down to name (RFC 5155 1.3).
func nextCloser(name, encloser wire.Name) wire.Name {
	for name.Parent() != encloser {
		name = name.Parent()
	}
	return name
}

// takeDenial puts those of j.Denial whose signatures are good into d. The reason returned is why others were not taken,
// or that there were none.
func (j *Job) takeDenial(d *denial, c *checker) (failed Reason) {
	failed = DenialMissing
	looked := 0
	for i := range j.Denial {
		set := &j.Denial[i]
		if set.Type != wire.TypeNSEC && set.Type != wire.TypeNSEC3 {
			continue
		}
		if looked == maxDenial {
			return WorkLimit
		}
		looked++
		if failed == DenialMissing {
			failed = DenialWrong
		}
		if !j.known(set) {
			if reason := c.verifyDenial(set); reason != None {
				failed = worseDenial(failed, reason)
				continue
			}
		}
		d.add(set, j.At+1, maxDenial)
		j.Proven = append(j.Proven, *set)
	}
	return failed
}

// known reports whether set is one of j.Known.
func (j *Job) known(set *RRset) bool {
	data, ok := single(set.Data)
	if !ok {
		return false
	}
	for i := range j.Known {
		k := &j.Known[i]
		if was, ok := single(k.Data); ok && k.Type == set.Type && k.Owner == set.Owner && string(was) == string(data) {
			j.Until = earlierKnown(j.Until, j.KnownUntil)
			return true
		}
	}
	return false
}

// verifyDenial is verify for NSEC and NSEC3: one made from a wildcard says nothing about the name it was made for
// (CVE-2017-15105).
func (c *checker) verifyDenial(set *RRset) Reason {
	encloser, reason := c.verify(set)
	if reason == None && encloser != "" {
		return BadSignature
	}
	return reason
}

// worseDenial returns why a denial could not be used: a signature out of its time is told as such.
func worseDenial(was, reason Reason) Reason {
	switch {
	case was == WorkLimit || reason == WorkLimit:
		return WorkLimit
	case reason == Expired || reason == NotYetValid:
		return reason
	case was == Expired || was == NotYetValid:
		return was
	}
	return DenialUnsigned
}

// failure says why a proof failed; reason is that of takeDenial.
func (d *denial) failure(reason Reason) Verdict {
	switch {
	case d.exhausted:
		return failure(WorkLimit)
	case d.iterated:
		return insecure(Iterations)
	}
	return failure(reason)
}

// failure is the verdict on data that could not be shown to be right.
func failure(r Reason) Verdict {
	if r == WorkLimit {
		return Verdict{record.Indeterminate, r}
	}
	return Verdict{record.BogusData, r}
}

// worse returns the verdict that stands for both: bogus before indeterminate before insecure before secure.
func worse(a, b Verdict) Verdict {
	rank := [...]int{record.Secure: 0, record.Insecure: 1, record.Indeterminate: 2, record.BogusData: 3}
	if rank[b.Security] > rank[a.Security] {
		return b
	}
	return a
}

// Do validates: the DNSKEY RRset must be signed by one of its keys that Vouched vouches for (RFC 4035 5.2).
func (j *KeyJob) Do() {
	j.Keys, j.Until = nil, 0
	j.Verdict = j.validate()
}

func (j *KeyJob) validate() Verdict {
	if reason := UsableDS(j.Vouched, j.Policy); reason != None {
		return insecure(reason)
	}
	if j.Set.Type != wire.TypeDNSKEY || j.Set.Owner != j.Zone || len(j.Set.Data) == 0 {
		return failure(NoDNSKEY)
	}
	keys, ok := readKeys(j.Set.Data, j.Policy)
	if !ok {
		return failure(WorkLimit)
	}
	entry, ok := j.vouched(keys)
	if len(entry) == 0 {
		if !ok {
			return failure(WorkLimit)
		}
		return failure(NoMatchingDS)
	}
	c := checker{zone: j.Zone, keys: entry, at: j.At, policy: j.Policy, budget: &j.Budget}
	if _, reason := c.verify(&j.Set); reason != None {
		return failure(reason)
	}
	j.Keys, j.Until = keys, c.until
	return secure
}
