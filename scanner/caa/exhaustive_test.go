package caa

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// edeClasses has a code of each row of R7.1's table, and none.
var edeClasses = [][]uint16{nil, {6}, {1}, {5}, {22}, {13}, {0}, {999}, {3}, {4}, {18}, {22, 15}, {5, 9}}

// sets are those a level can have, by what they say to ca.example.
var exhaustiveSets = func() []*Set {
	var sets []*Set
	for _, lines := range [][]string{
		{"iodef x"}, {"128 tbs x"}, {"1 tbs x"}, {"128 contactphone x"},
		{"issue ca.example", "issuewild ca.example", "issuemail ca.example", "issuevmc ca.example"},
		{"issue other.example", "issuewild other.example", "issuemail other.example", "issuevmc other.example"},
		{"issue ;", "issuemail ;", "issuevmc x y"},
		{"issue ca.example; accounturi=x:y", "issuemail ca.example; accounturi=x:y", "issuevmc ca.example; a-b=c"},
		{"issue ca.example; validationmethods=", "issuemail ca.example; accounturi=", "issuevmc ca.example"},
	} {
		set := Judge(zone(lines...))
		sets = append(sets, &set)
	}
	return sets
}()

// Every combination of what a level can be, of kind, profile and choice on failure has a verdict with a reason that fits
// it, and keeps what the rules promise for all.
func TestExhaustive(t *testing.T) {
	var levels []Level
	for l := range everyLevel {
		levels = append(levels, l)
	}
	combinations, reasons := 0, [Reasons]int{}
	for _, p := range BuiltIn().Profiles() {
		for kind := range Kind(Kinds) {
			of := levels
			if !p.Covers(kind) {
				of = levels[:1]
			}
			n, broken := checkLevels(of, kind, p, &reasons)
			combinations += n
			if broken != "" {
				t.Fatalf("%s for %v, %s", p.Name, kind, broken)
			}
		}
	}
	for r, n := range reasons {
		switch Reason(r) {
		case OperatorException, NameInvalid, MPICQuorum, MPICRegion, MPICCount, MPICFailureChoice, WrongMethod:
			if n != 0 { // of no level, or of one that the requests here do not reach
				t.Errorf("%d combinations have the reason %v", n, Reason(r))
			}
		default:
			if n == 0 {
				t.Errorf("no combination has the reason %v", Reason(r))
			}
		}
	}
	t.Logf("%d combinations", combinations)
}

// checkLevels decides about each level as that of the name, with every choice on failure. It returns the first decision
// that breaks something, and counts decisions and their reasons.
func checkLevels(levels []Level, kind Kind, p *Profile, reasons *[Reasons]int) (n int, broken string) {
	ev, bare := seen(), seen()
	for i := range levels {
		l := &levels[i]
		ev.Levels[0], bare.Levels[0] = *l, *l
		bare.Levels[0].EDE = nil
		var unchosen Decision
		for onFailure := range DenyOnFailure + 1 {
			req := Request{Kind: kind, Issuers: []string{"ca.example"}, HonoursRFC8657: true, OnFailure: onFailure}
			d := Decide(ev, &req, p)
			n++
			reasons[d.Reason]++
			if onFailure == NotChosen {
				unchosen = d
			}
			if why := checkDecision(d, unchosen, Decide(bare, &req, p), l, &req, p); why != "" {
				return n, fmt.Sprintf("on failure %d, %+v: %s %+v: %s", onFailure, *l, brief(d), d, why)
			}
		}
	}
	return n, ""
}

// everyLevel yields each level that the enumerations allow.
func everyLevel(yield func(Level) bool) {
	for o := range Outcome(Outcomes) {
		sets := []*Set{nil}
		if o == Found || o == BadRData {
			sets = append(sets, exhaustiveSets...)
		}
		for s := range Security(Securities) {
			for _, attempts := range []uint8{0, 1, 2} {
				for _, ede := range edeClasses {
					for mark := range 4 {
						for _, set := range sets {
							l := Level{Outcome: o, Security: s, Attempts: attempts, EDE: ede, Set: set}
							l.Aliased, l.Truncated = mark == 1, mark == 2
							if mark == 3 {
								l.SHA1 = SHA1Only
							}
							if !yield(l) {
								return
							}
						}
					}
				}
			}
		}
	}
}

// checkDecision returns what d breaks; unchosen is the same without a choice on failure, bare without extended errors.
func checkDecision(d, unchosen, bare Decision, l *Level, req *Request, p *Profile) string {
	bogus := l.Outcome == BogusData || l.Security == Bogus
	failed := !l.Outcome.answered() && l.Outcome != NotAsked
	judged := d.Level == 0 // otherwise the levels above decided, or none
	switch {
	case !p.Covers(req.Kind):
		if d.Reason != ScopeExcluded || d.Permitted != Undetermined {
			return "a kind that is not covered"
		}
	case bogus && d.Permitted == Yes:
		return "R6.8: bogus is never permission"
	case bogus && l.Outcome != NotAsked && d.Reason != DNSSECBogus:
		return "R6.8: bogus is said to be so"
	case failed && (d.Reason == NoCAA || d.Reason == NoRelevantProperty && !(l.Outcome == BadRData && p.SkipBadRData)):
		return "R1.10: a failure is never taken for an absent set"
	case failed && d.Permitted == Yes && req.OnFailure != PermitOnFailure && p.Failures[stateInsecure] != [2]Effect{Continue, Continue}:
		return "R3.4: a failure permits by choice only"
	case d.Permitted == Yes && bare.Permitted != Yes:
		return "R7.1: an extended error turned into permission"
	case d.Permitted != unchosen.Permitted && !unchosen.Choice:
		return "a choice on failure changed what is no choice"
	case unchosen.Choice && (d.Reason != unchosen.Reason || d.Permitted != [...]Verdict{Undetermined, Yes, No}[req.OnFailure]):
		return "a choice on failure was not taken"
	case d.Choice && !failed && l.Security != Indeterminate && !p.UDPOnly && !p.TLDMustExist:
		return "a choice where nothing failed"
	case d.Record >= 0 && (!judged || l.Set == nil || d.Record >= len(l.Set.Properties)):
		return "a record that is none"
	case judged && d.Reason == NoCAA:
		return "no level is to be named where there is no set"
	}
	return checkReason(d)
}

// checkReason: the verdicts that each reason can have under the profiles built in.
func checkReason(d Decision) string {
	if slices.Contains(verdictsOf[d.Reason], d.Permitted) {
		return ""
	}
	return "a verdict that its reason cannot have"
}

var verdictsOf = [Reasons][]Verdict{
	NoCAA: {Yes}, NoRelevantProperty: {Yes}, Authorized: {Yes}, NotAuthorized: {No, Undetermined}, ExplicitDeny: {No},
	MalformedDeny: {No}, ForbiddenCritical: {No}, WrongAccount: {No}, Unsatisfiable: {No},
	FailureSigned: {Yes, No, Undetermined}, FailureInsecure: {Yes, No, Undetermined},
	FailureIndeterminate: {Yes, No, Undetermined}, FailureUnretried: {No}, Failure: {Undetermined},
	DNSSECBogus: {No, Undetermined}, ResolverPolicy: {Undetermined}, ScopeExcluded: {Undetermined}, NotStored: {Undetermined},
}

// randomSet draws records that mean something to ca.example, for any kind.
func randomSet(rnd *rand.Rand) []Property {
	tags := []string{"issue", "issuewild", "issuemail", "issuevmc", "iodef", "contactemail", "tbs", "ISSUE", "security"}
	values := []string{"ca.example", "other.example", ";", "x y", "", "CA.example", "ca.example;;", "ca.example; a-b=c",
		"ca.example; accounturi=https://ca.example/1", "ca.example; accounturi=https://ca.example/2", "ca.example; accounturi=x",
		"ca.example; validationmethods=dns-01", "ca.example; validationmethods=http-01", "ca.example; validationmethods=",
		"ca.example; validationmethods=dns-01; accounturi=https://ca.example/2", "other.example; accounturi=x:y"}
	flags := []uint8{0, 0, 0, 0, 128, 1, 2}
	set := make([]Property, 1+rnd.IntN(6))
	for i := range set {
		set[i] = Property{Tag: tags[rnd.IntN(len(tags))], Value: values[rnd.IntN(len(values))], Flags: flags[rnd.IntN(len(flags))]}
	}
	return set
}

// decideSet decides about a name with the given records.
func decideSet(properties []Property, req *Request, p *Profile) Decision {
	set := Judge(properties)
	return Decide(seen(Level{Outcome: Found, Security: Secure, Attempts: 1, Set: &set}), req, p)
}

// What holds for any set, kind and profile.
func TestDecisionProperties(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 8657))
	profiles := BuiltIn().Profiles()
	permitted, changed := 0, 0
	for range 60_000 {
		p := profiles[rnd.IntN(len(profiles))]
		kind := Kind(rnd.IntN(Kinds))
		if !p.Covers(kind) {
			continue
		}
		req := &Request{Kind: kind, Issuers: []string{"ca.example"}, AccountURIs: []string{"https://ca.example/1"},
			Methods: []string{"dns-01"}, HonoursRFC8657: rnd.IntN(2) == 0}
		set := randomSet(rnd)
		d := decideSet(set, req, p)
		if d.Permitted == Yes {
			permitted++
		}

		// The order of the records never matters; the record named says the same.
		shuffled := slices.Clone(set)
		rnd.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again := decideSet(shuffled, req, p)
		if brief(again) != brief(d) || (again.Record < 0) != (d.Record < 0) {
			t.Fatalf("%s for %v: %v gives %s, %v gives %s", p.Name, kind, set, brief(d), shuffled, brief(again))
		}

		// A record for another kind changes nothing.
		if other := otherKind(rnd, p, kind); other.Tag != "" {
			if again := decideSet(append(slices.Clone(set), other), req, p); brief(again) != brief(d) || again.Record != d.Record {
				t.Fatalf("%s for %v: %v gives %s, and %s with %v", p.Name, kind, set, brief(d), brief(again), other)
			}
		}

		// A record that authorises the CA never turns permission into denial, where it is of a tag that governs.
		judged := Judge(set)
		if tag := p.governing(&judged, kind); tag != 0 && p.unknownCritical(&judged) < 0 {
			with := append(slices.Clone(set), Property{Tag: tagWord(tag), Value: "ca.example"})
			if again := decideSet(with, req, p); again.Permitted != Yes || again.Reason != Authorized {
				t.Fatalf("%s for %v: %v and an authorising record give %s", p.Name, kind, set, brief(again))
			}
			if d.Permitted != Yes {
				changed++
			}
		}

		// Nobody is authorised by being one of several identifiers less.
		nobody := *req
		nobody.Issuers = nil
		if again := decideSet(set, &nobody, p); again.Permitted == Yes && d.Permitted != Yes {
			t.Fatalf("%s for %v: %v permits a CA without a name", p.Name, kind, set)
		}
	}
	if permitted < 1000 || changed < 1000 {
		t.Errorf("%d permitted, %d changed by an authorising record: the sets do not exercise the rules", permitted, changed)
	}
}

// otherKind draws a record whose tag the profile knows and by which it never governs the kind, whatever else there is.
func otherKind(rnd *rand.Rand, p *Profile, kind Kind) Property {
	tag := p.KnownTags[rnd.IntN(len(p.KnownTags))]
	if bit, ok := issueTags[tag]; ok && slices.Contains(p.Governing[kind], bit) {
		return Property{}
	}
	return Property{Tag: tag, Value: []string{"ca.example", ";", "x y", "other.example; a=b"}[rnd.IntN(4)], Flags: []uint8{0, 128}[rnd.IntN(2)]}
}
