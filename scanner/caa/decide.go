package caa

// Request is what a CA is asked for, and what it is like.
type Request struct {
	Kind           Kind
	Issuers        []string  // the CA's identifiers
	AccountURIs    []string  // the asking account, then its parents, if any (C25); none: the CA knows no account
	Methods        []string  // labels of the validation method in use: one, or several that all stand for it (C10)
	HonoursRFC8657 bool      // the CA processes RFC 8657 before it must (R3.7)
	DNSOperator    bool      // the CA runs the domain's DNS
	OnFailure      OnFailure // what the CA does where the rule leaves a failure to it
}

// OnFailure is how a CA takes the choice that R3.4 leaves it.
type OnFailure uint8

const (
	NotChosen OnFailure = iota
	PermitOnFailure
	DenyOnFailure
)

// Decide says if a CA may issue what it is asked for under the rule p, by the evidence of one perspective. It is a
// function of its arguments, none of which it keeps or changes, the same for every order of the records of a set.
//
// A failure is never reported as no CAA, bogus data never permit, and no extended error turns a verdict into permission
// (R7.1). For a kind that p does not cover, the reason is ScopeExcluded.
func Decide(ev *Evidence, req *Request, p *Profile) Decision {
	switch {
	case ev.Scope == InvalidName:
		return undecided(NameInvalid)
	case ev.Scope == OutOfScope || !p.Covers(req.Kind):
		return undecided(ScopeExcluded)
	case ev.Labels == 0 || len(ev.Levels) == 0:
		return Decision{Reason: NotStored, Retry: RetryMayAnswer, Level: -1, Record: -1}
	}
	d := climb(ev, req, p)
	if p.OperatorException && req.DNSOperator && d.Permitted != Yes {
		d.Permitted, d.Reason, d.Choice = Undetermined, OperatorException, false // where CAA permits, it needs none
	}
	return d
}

// undecided is a verdict of no level.
func undecided(why Reason) Decision { return Decision{Reason: why, Level: -1, Record: -1} }

// climb judges the levels from the name upwards, until a set or a failure decides (RFC 8659 3, R1.3 to R1.6, R1.10).
func climb(ev *Evidence, req *Request, p *Profile) Decision {
	passed := undecided(NotStored) // the first failure that counted as an empty level (C3)
	failed := false
	labels := int(ev.Labels)
	for i := range ev.Levels {
		if labels == 0 || i > 0 && p.stopsAt(labels, ev.Suffix) {
			break
		}
		l := &ev.Levels[i]
		switch p.read(l, labels) {
		case anEmpty:
			if p.AliasTargets && l.Aliased { // R1.8: RFC 6844 4 asked the target's ancestors next
				return Decision{Reason: NotStored, Retry: RetryMayAnswer, Level: i, Record: -1}
			}
		case aSet:
			d := judgeSet(l.Set, req, p)
			d.Level = i
			if failed {
				d.Retry = RetryMayAnswer
			}
			return d
		case aBogus:
			return Decision{Permitted: p.bogus(l), Reason: DNSSECBogus, Level: i, Record: -1}
		case aForgery:
			return Decision{Reason: ResolverPolicy, Level: i, Record: -1} // R7.3
		case aGap:
			return Decision{Reason: NotStored, Retry: RetryMayAnswer, Level: i, Record: -1}
		case aFailure:
			d, goOn := judgeFailure(l, req, p)
			d.Level = i
			if !goOn {
				return d
			}
			if !failed {
				passed, failed = d, true
			}
		}
		labels--
	}
	return climbed(ev, passed, failed, labels == 0 || p.stopsAt(labels, ev.Suffix))
}

// climbed is the verdict of a climb that found no set. Whole says that it went as far as the rule does, failed that a
// failure was passed over, which then stays the reason: never is it said that there is no CAA.
func climbed(ev *Evidence, passed Decision, failed, whole bool) Decision {
	switch {
	case !whole && !failed:
		d := undecided(NotStored)
		d.Retry, d.Level = RetryMayAnswer, len(ev.Levels)-1
		return d
	case !whole:
		return passed
	case failed:
		passed.Permitted = Yes
		return passed
	default:
		return Decision{Permitted: Yes, Reason: NoCAA, Level: -1, Record: -1}
	}
}

// stopsAt reports whether the name with so many labels is beyond the climb: the root always, a public suffix under some
// rules (C2).
func (p *Profile) stopsAt(labels int, suffix uint8) bool {
	return p.BelowSuffix && labels <= max(int(suffix), 1)
}

// reading is what a level is under a rule.
type reading uint8

const (
	anEmpty reading = iota
	aSet
	aFailure
	aBogus
	aForgery // by the resolver
	aGap     // not asked, or not stored
)

// read says what the level l, of a name with so many labels, is under the rule p (R1.9).
func (p *Profile) read(l *Level, labels int) reading {
	says := hintsOf(l.EDE)
	switch {
	case l.Outcome == NotAsked:
		return aGap
	case l.Outcome == BogusData, l.Security == Bogus, l.Outcome == ServFail && says&hintBogus != 0:
		return aBogus
	case says&hintPolicy != 0:
		return aForgery
	case l.Outcome == BadRData && p.SkipBadRData && l.Set != nil: // C14
		return aSet
	case !l.Outcome.answered():
		return aFailure
	case l.Security == Indeterminate: // what a validator cannot tell to be bogus or not is no answer
		return aFailure
	case l.Truncated && p.UDPOnly: // C21
		return aFailure
	case l.Outcome == NXDomain && labels == 1 && p.TLDMustExist: // C1
		return aFailure
	case l.Outcome != Found:
		return anEmpty
	case l.Set == nil || len(l.Set.Properties) == 0:
		return aGap
	default:
		return aSet
	}
}

// bogus is the verdict on bogus data. Where the chain of trust does not count because it rests on SHA-1, or may do so, the
// data would have been used, and they are not in the evidence (C15).
func (p *Profile) bogus(l *Level) Verdict {
	if p.SHA1Unsupported && l.SHA1 != SHA1Avoided {
		return Undetermined
	}
	return p.Bogus.verdict()
}

// judgeFailure weighs a failure (R3.4). goOn says that the level counts as empty.
func judgeFailure(l *Level, req *Request, p *Profile) (d Decision, goOn bool) {
	at := p.stateOf(l)
	why := replied
	if l.Outcome.silent() {
		why = silent
	}
	d = Decision{Reason: failureReasons[at], Retry: RetryMayAnswer, Record: -1}
	if p.PlainReason {
		d.Reason = Failure
	}
	effect := p.Failures[at][why]
	open := effect == Choice || effect == Continue
	switch {
	case effect == Deny && at == stateSigned && p.SHA1Unsupported && l.SHA1 == SHA1NotKnown:
		effect = agreed(effect, p.Failures[stateInsecure][why]) // C15: it may be insecure
	case effect == Deny:
	case l.Outcome == WorkBound: // within our own infrastructure, so no permission for anybody; a CA may fare better
		effect = Undefined
	case l.Attempts < p.Tries:
		if effect = p.TooFewTries; effect == Deny {
			d.Reason = FailureUnretried
		}
		if open {
			d.Retry = RetryMayPermit
		}
	}
	switch effect {
	case Deny:
		d.Permitted = No
	case Choice:
		d.Choice = true
		d.Permitted = [...]Verdict{NotChosen: Undetermined, PermitOnFailure: Yes, DenyOnFailure: No}[req.OnFailure]
	}
	return d, effect == Continue
}

var failureReasons = [states]Reason{
	stateSigned: FailureSigned, stateInsecure: FailureInsecure, stateIndeterminate: FailureIndeterminate,
}

// agreed is what two rules say that may both hold.
func agreed(a, b Effect) Effect {
	if a == b {
		return a
	}
	return Undefined
}

// stateOf is the state of the zone whose servers fail. The extended error 5 makes what is not proven signed indeterminate
// (R7.1): a hint may only take away.
func (p *Profile) stateOf(l *Level) state {
	insecure := l.Security == Insecure || p.SHA1Unsupported && l.SHA1 == SHA1Only // C15
	switch {
	case insecure && hintsOf(l.EDE)&hintIndeterminate == 0:
		return stateInsecure
	case l.Security == Secure && !insecure:
		return stateSigned
	default: // R6.1: no answer and no proof is not Insecure
		return stateIndeterminate
	}
}
