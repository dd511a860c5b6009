package caa

// Remote is what a remote network perspective decided by the evidence it has itself seen.
type Remote struct {
	Decision
	Region string // RIR whose service region it is in: any word, the same for the same one
}

// lenientUpTo is the number of remote perspectives up to which one may fail to corroborate; of more, two may (BR 3.2.2.9).
const lenientUpTo = 5

// Corroborate says if the decision of the primary perspective holds against those of the remote ones (R3.6). A remote
// corroborates if its own decision permits, by whatever records; a failure that the CA may take as permission may count,
// too, and then the verdict is the CA's choice, unless all of them have been made by Request.OnFailure. A primary decision
// that does not permit stays as it is. So does one under a rule that asks for no remotes.
func Corroborate(primary Decision, remotes []Remote, rule MPIC) Decision {
	if rule.Remotes == 0 || primary.Permitted == No || primary.Permitted == Undetermined && !primary.Choice {
		return primary
	}
	var sure, maybe tally // those that permit; and those that could
	for i := range remotes {
		switch r := &remotes[i]; {
		case r.Permitted == Yes:
			sure.add(remotes, i)
			maybe.add(remotes, i)
		case r.Permitted == Undetermined:
			maybe.add(remotes, i)
		}
	}
	need := len(remotes)
	switch {
	case len(remotes) > lenientUpTo:
		need -= 2
	case len(remotes) >= 2:
		need--
	}
	refused := func(why Reason, verdict Verdict) Decision {
		if !rule.Binding {
			verdict = Undetermined
		}
		return Decision{Permitted: verdict, Reason: why, Retry: RetryMayAnswer, Level: -1, Record: -1}
	}
	switch {
	case len(remotes) < rule.Remotes:
		return refused(MPICCount, No)
	case maybe.remotes < need:
		return refused(MPICQuorum, No)
	case maybe.regions < rule.Regions:
		return refused(MPICRegion, No)
	case sure.remotes >= need && sure.regions >= rule.Regions && primary.Permitted == Yes:
		return primary
	case chosen(primary, remotes, need, rule.Regions):
		d := refused(MPICFailureChoice, Undetermined)
		d.Choice = true
		return d
	case sure.remotes < need:
		return refused(MPICQuorum, Undetermined)
	default:
		return refused(MPICRegion, Undetermined)
	}
}

// chosen reports whether there is corroboration if the CA takes every failure it may take as permission.
func chosen(primary Decision, remotes []Remote, need, regions int) bool {
	var t tally
	for i := range remotes {
		if remotes[i].Permitted == Yes || remotes[i].Permitted == Undetermined && remotes[i].Choice {
			t.add(remotes, i)
		}
	}
	return (primary.Permitted == Yes || primary.Choice) && t.remotes >= need && t.regions >= regions
}

// tally counts perspectives and their regions. Which ones were added is told by bits; a CA has some ten perspectives, and
// beyond 64 no region is new.
type tally struct {
	remotes, regions int
	added            uint64
}

func (t *tally) add(remotes []Remote, i int) {
	t.remotes++
	for j := range min(i, 64) {
		if t.added&(1<<j) != 0 && remotes[j].Region == remotes[i].Region {
			return
		}
	}
	t.regions++
	if i < 64 {
		t.added |= 1 << i
	}
}
