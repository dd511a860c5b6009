package caa

import (
	"fmt"
	"testing"
)

// profile returns a built-in profile.
func profile(t testing.TB, name string, kind Kind) *Profile {
	t.Helper()
	p, ok := BuiltIn().ByName(name, kind)
	if !ok {
		t.Fatalf("no profile %s for %v", name, kind)
	}
	return p
}

// seen is the evidence of www.shop.example, of which the first levels are given; those above that are left are empty.
func seen(levels ...Level) *Evidence {
	for len(levels) < 3 {
		levels = append(levels, Level{Outcome: NoData, Security: Insecure, Attempts: 1})
	}
	return &Evidence{Labels: 3, Suffix: 1, Levels: levels}
}

func found(lines ...string) Level {
	set := Judge(zone(lines...))
	return Level{Outcome: Found, Security: Insecure, Attempts: 1, Set: &set}
}

func with(o Outcome, s Security, attempts uint8, ede ...uint16) Level {
	return Level{Outcome: o, Security: s, Attempts: attempts, EDE: ede}
}

// ours is a request by ca.example, which does not say what it does on failure.
func ours(kind Kind) *Request { return &Request{Kind: kind, Issuers: []string{"ca.example"}} }

// brief is what most tests want of a decision.
func brief(d Decision) string { return fmt.Sprintf("%v %v", d.Permitted, d.Reason) }

// The rules of section 1, as far as they judge and do not ask, under the rule of today.
func TestClimb(t *testing.T) {
	empty := with(NoData, Insecure, 1)
	gone := with(NXDomain, Secure, 1)
	failed := with(ServFail, Secure, 3)
	us, other := found("issue ca.example"), found("issue other.example")
	aliased := us
	aliased.Aliased = true
	aliasToNothing := empty
	aliasToNothing.Aliased = true
	for _, test := range []struct {
		rule   string
		levels []Level
		want   string
		level  int
	}{
		{"R1.3: the name, then its parents", []Level{empty, empty, us}, "true authorized", 2},
		{"R1.3: to the TLD, which is asked", []Level{empty, empty, other}, "false not-authorized", 2},
		{"R1.3: nothing anywhere", []Level{empty, empty, empty}, "true no-caa", -1},
		{"R1.4: the first set wins", []Level{us, other, other}, "true authorized", 0},
		{"R1.4: whatever it holds: iodef", []Level{found("iodef mailto:a@example"), other}, "true no-relevant-property", 0},
		{"R1.4: whatever it holds: unknown tags", []Level{found("tbs x"), other}, "true no-relevant-property", 0},
		{"R1.4: whatever it holds: another kind", []Level{found("issuemail ;"), other}, "true no-relevant-property", 0},
		{"R1.5: no merging, looser", []Level{us, found("issue ;")}, "true authorized", 0},
		{"R1.5: no merging, stricter", []Level{found("issue ;"), us}, "false explicit-deny", 0},
		{"R1.6: the set at the end of an alias is the name's", []Level{aliased, other}, "true authorized", 0},
		{"R1.6: an empty end: the name's own parent is next", []Level{aliasToNothing, us}, "true authorized", 1},
		{"R1.6: an ancestor may be an alias", []Level{empty, aliased}, "true authorized", 1},
		{"R1.9: NXDOMAIN is empty", []Level{gone, us}, "true authorized", 1},
		{"R1.9: NXDOMAIN all the way", []Level{gone, gone, gone}, "true no-caa", -1},
		{"C1: of the TLD too", []Level{empty, empty, gone}, "true no-caa", -1},
		{"R1.9: empty without a validated denial is bogus", []Level{with(NoData, Bogus, 1), us}, "false dnssec-bogus", 0},
		{"R1.9: NXDOMAIN too", []Level{with(NXDomain, Bogus, 1), us}, "false dnssec-bogus", 0},
		{"R1.10: a failure before the set", []Level{empty, failed, us}, "false lookup-failure-signed", 1},
		{"R1.10: at the name", []Level{failed, us, us}, "false lookup-failure-signed", 0},
		{"R1.10: above the set it is irrelevant", []Level{us, failed, failed}, "true authorized", 0},
		{"R1.10: above the set, bogus too", []Level{empty, us, with(BogusData, Bogus, 1)}, "true authorized", 1},
		{"R1.10: at the TLD", []Level{empty, empty, failed}, "false lookup-failure-signed", 2},
		{"R6.8: bogus is a stop", []Level{empty, with(BogusData, Bogus, 1), us}, "false dnssec-bogus", 1},
		{"R6.2: a Secure set binds", []Level{{Outcome: Found, Security: Secure, Set: other.Set}}, "false not-authorized", 0},
		{"R6.2: so does one that nobody validated", []Level{{Outcome: Found, Set: other.Set}}, "false not-authorized", 0},
		{"R6.1: a set of which nothing could be told is none", []Level{{Outcome: Found, Security: Indeterminate, Attempts: 2, Set: us.Set}},
			"false lookup-failure-indeterminate", 0},
		{"R6.1: nor is such a denial", []Level{with(NoData, Indeterminate, 2), us}, "false lookup-failure-indeterminate", 0},
		{"levels that were not asked", []Level{empty, {}, us}, "unknown not-stored", 1},
		{"R1.12: a set that was not kept", []Level{{Outcome: Found, Security: Secure}}, "unknown not-stored", 0},
	} {
		d := Decide(seen(test.levels...), ours(TLS), profile(t, "tls-2026-06", TLS))
		if brief(d) != test.want || d.Level != test.level {
			t.Errorf("%s: got %v at level %d, want %s at %d", test.rule, brief(d), d.Level, test.want, test.level)
		}
	}
}

// Names that are not looked up, and evidence that does not reach as far as the rule.
func TestScope(t *testing.T) {
	empty := with(NoData, Secure, 1)
	for _, test := range []struct {
		rule, profile, want string
		kind                Kind
		ev                  Evidence
	}{
		{"R1.2: no name", "tls-2026-06", "unknown invalid-name", TLS, Evidence{Scope: InvalidName}},
		{"R1.2: an IP address", "tls-2026-06", "unknown out-of-scope", TLS, Evidence{Scope: OutOfScope}},
		{"nothing asked", "tls-2026-06", "unknown not-stored", TLS, Evidence{Labels: 2}},
		{"opted out", "tls-2026-06", "unknown not-stored", TLS, Evidence{Labels: 2, Levels: []Level{{Outcome: NotAsked}}}},
		{"the climb was not finished", "tls-2026-06", "unknown not-stored", TLS, Evidence{Labels: 2, Levels: []Level{empty}}},
		{"labels missing", "tls-2026-06", "unknown not-stored", TLS, Evidence{Levels: []Level{empty}}},
		{"R1.3: the root is never asked", "tls-2026-06", "true no-caa", TLS, Evidence{Labels: 1, Levels: []Level{empty, found("issue ;")}}},
		{"a TLD", "tls-2026-06", "true no-caa", TLS, Evidence{Labels: 1, Levels: []Level{empty}}},
		{"another kind", "le-boulder", "unknown out-of-scope", SMIME, Evidence{Labels: 1, Levels: []Level{empty}}},
	} {
		p := profile(t, test.profile, TLS)
		if d := Decide(&test.ev, ours(test.kind), p); brief(d) != test.want {
			t.Errorf("%s: got %s, want %s", test.rule, brief(d), test.want)
		}
	}
}

// R1.8: under the rule of 2017-09 the ancestors of alias targets come before the name's own parent, and nobody asked them.
func TestAliasTargets(t *testing.T) {
	empty, us := with(NoData, Insecure, 1), found("issue ca.example")
	alias, aliasToUs := empty, us
	alias.Aliased, aliasToUs.Aliased = true, true
	failed := with(Timeout, Secure, 3)
	failed.Aliased = true
	for _, test := range []struct {
		rule   string
		levels []Level
		old    string
		now    string
	}{
		{"a set at the target", []Level{aliasToUs}, "true authorized", "true authorized"},
		{"a set below the alias", []Level{us, alias}, "true authorized", "true authorized"},
		{"an empty target", []Level{alias, us}, "unknown not-stored", "true authorized"},
		{"an ancestor that is one", []Level{empty, alias, us}, "unknown not-stored", "true authorized"},
		{"no alias", []Level{empty, us}, "true authorized", "true authorized"},
		{"no alias, nothing", []Level{empty, empty, empty}, "true no-caa", "true no-caa"},
		{"a failure on the way", []Level{failed}, "false lookup-failure-signed", "false lookup-failure-signed"},
	} {
		for name, want := range map[string]string{"tls-2017-09": test.old, "tls-2017-10": test.now} {
			if d := Decide(seen(test.levels...), ours(TLS), profile(t, name, TLS)); brief(d) != want {
				t.Errorf("R1.8: %s under %s: got %s, want %s", test.rule, name, brief(d), want)
			}
		}
	}
}

// The rules of section 2, under the rule of today for each kind.
func TestRelevantSet(t *testing.T) {
	for _, test := range []struct {
		rule string
		kind Kind
		set  []string
		want string
	}{
		{"R2.2: tags match without regard to case", TLS, []string{"IsSuE ca.example"}, "true authorized"},
		{"R2.3: an odd tag is unknown", TLS, []string{"issue_ ;"}, "true no-relevant-property"},
		{"R2.5: unknown critical", TLS, []string{"128 tbs x"}, "false unknown-critical"},
		{"R2.5: beats a match", TLS, []string{"issue ca.example", "128 tbs x"}, "false unknown-critical"},
		{"R2.5: critical on a known tag", TLS, []string{"128 issue ca.example", "128 iodef x"}, "true authorized"},
		{"R2.5: not critical", TLS, []string{"tbs x", "issue ca.example"}, "true authorized"},
		{"R2.5: an odd tag (R2.3)", TLS, []string{"128 issue_ ca.example"}, "false unknown-critical"},
		{"R2.6: each known tag", TLS, []string{"128 issue ca.example", "128 issuewild ;", "128 issuemail ;", "128 issuevmc ;",
			"128 iodef x", "128 contactemail x", "128 contactphone x"}, "true authorized"},
		{"R2.7: reserved tags are unknown", TLS, []string{"128 policy x"}, "false unknown-critical"},
		{"C5: flag 1 is not critical", TLS, []string{"1 tbs x", "issue ca.example"}, "true authorized"},
		{"C18: security is unknown", TLS, []string{"128 security methods=dnssec", "issue ca.example"}, "false unknown-critical"},
		{"C24: for mail too", SMIME, []string{"128 tbs x", "issuemail ca.example"}, "false unknown-critical"},
		{"C24: for marks too", VMC, []string{"128 tbs x", "issuevmc ca.example"}, "false unknown-critical"},

		{"R2.8: parameters that nobody knows", TLS, []string{"issue ca.example; a=b"}, "true authorized"},
		{"R2.9: malformed names nobody", TLS, []string{"issue ca.example."}, "false malformed-deny"},
		{"R2.9: but it restricts", TLS, []string{"issue %%%%%"}, "false malformed-deny"},
		{"R2.9: an empty neighbour is no harm", TLS, []string{"issue ;", "issue ca.example"}, "true authorized"},
		{"R2.9: a malformed neighbour is no harm", TLS, []string{"issue %%%%%", "issue ca.example"}, "true authorized"},
		{"R2.9: empty and malformed", TLS, []string{"issue %%%%%", "issue ;"}, "false explicit-deny"},
		{"R2.9: nobody", TLS, []string{"issue ;"}, "false explicit-deny"},
		{"R2.9: nobody, with parameters", TLS, []string{"issue ; a=b"}, "false explicit-deny"},
		{"R2.9: nobody, in no octet", TLS, []string{"issue"}, "false explicit-deny"},
		{"R2.10", TLS, []string{"issue ca.example"}, "true authorized"},
		{"R2.10: one of several", TLS, []string{"issue other.example", "issue ca.example"}, "true authorized"},
		{"R2.10: another", TLS, []string{"issue other.example"}, "false not-authorized"},
		{"R2.10: another, empty and malformed ones", TLS, []string{"issue ;", "issue x y", "issue other.example"}, "false not-authorized"},
		{"R2.10: names are compared whole", TLS, []string{"issue www.ca.example"}, "false not-authorized"},
		{"R2.10: either way", TLS, []string{"issue example"}, "false not-authorized"},
		{"C6: case is folded", TLS, []string{"issue CA.Example"}, "true authorized"},
		{"C13: a stray semicolon", TLS, []string{"issue ca.example;;"}, "false malformed-deny"},

		{"R2.11: issuewild for wildcards", TLSWildcard, []string{"issuewild ca.example"}, "true authorized"},
		{"R2.11: in place of issue", TLSWildcard, []string{"issue ca.example", "issuewild ;"}, "false explicit-deny"},
		{"R2.11: even a malformed one", TLSWildcard, []string{"issue ca.example", "issuewild x y"}, "false malformed-deny"},
		{"R2.11: if none, issue", TLSWildcard, []string{"issue ca.example"}, "true authorized"},
		{"R2.11: if none, issue: another", TLSWildcard, []string{"issue other.example"}, "false not-authorized"},
		{"R2.11: never for plain names", TLS, []string{"issuewild ;"}, "true no-relevant-property"},
		{"R2.11: nor beside issue", TLS, []string{"issue ca.example", "issuewild ;"}, "true authorized"},
		{"R2.12", TLS, []string{"iodef mailto:a@example", "contactemail a@example"}, "true no-relevant-property"},
		{"R2.12", TLSWildcard, []string{"issuemail ;"}, "true no-relevant-property"},
		{"R2.13", SMIME, []string{"issuemail ca.example"}, "true authorized"},
		{"R2.13: another", SMIME, []string{"issuemail other.example"}, "false not-authorized"},
		{"R2.13: no issuemail", SMIME, []string{"issue ;", "issuewild ;"}, "true no-relevant-property"},
		{"R2.13: never on TLS", TLS, []string{"issuemail ;"}, "true no-relevant-property"},
		{"R2.13: malformed parameters spoil the value", SMIME, []string{"issuemail ca.example; x"}, "false malformed-deny"},
		{"C17: their meaning is the CA's", SMIME, []string{"issuemail ca.example; accounturi=x; validationmethods="}, "true authorized"},
		{"R2.14", VMC, []string{"issuevmc ca.example"}, "true authorized"},
		{"R2.14: nobody", VMC, []string{"issuevmc ;"}, "false explicit-deny"},
		{"R2.14: issue and issuewild have no bearing", VMC, []string{"issue ;", "issuewild ;"}, "true no-relevant-property"},
		{"R2.15, R2.16: never restrict", TLS, []string{"iodef x", "contactemail x", "contactphone x"}, "true no-relevant-property"},
		{"R2.17, R3.7, C9: parameters bind whom they are known to bind", TLS, []string{"issue ca.example; accounturi=x"}, "true authorized"},
		{"R2.19: not critical security", TLS, []string{"security methods=dnssec", "issue ca.example"}, "true authorized"},
	} {
		p, _ := BuiltIn().ForTime(test.kind, BuiltIn().now)
		d := Decide(seen(found(test.set...)), ours(test.kind), p)
		if brief(d) != test.want || d.Level != 0 {
			t.Errorf("%s: %v for %q: got %s, want %s", test.rule, test.kind, test.set, brief(d), test.want)
		}
	}
}

// The record that decided is the one a person would point at.
func TestDecidingRecord(t *testing.T) {
	for _, test := range []struct {
		set  []string
		want int
	}{
		{[]string{"iodef x", "issue other.example", "issue ca.example"}, 2},
		{[]string{"issue ca.example", "tbs x", "128 tbs x"}, 2},
		{[]string{"issue ;", "issue x y", "issue other.example"}, 2},
		{[]string{"iodef x", "issue x y", "issue ;"}, 2},
		{[]string{"iodef x", "issue x y"}, 1},
		{[]string{"issue ca.example; validationmethods=dns-01", "issue ca.example; accounturi=a:b"}, 1},
		{[]string{"iodef x"}, -1},
	} {
		req := ours(TLS)
		req.HonoursRFC8657 = true
		if d := Decide(seen(found(test.set...)), req, profile(t, "tls-2026-06", TLS)); d.Record != test.want {
			t.Errorf("%q: record %d, want %d", test.set, d.Record, test.want)
		}
	}
}

// R3.12: a CA that runs the domain's DNS may leave CAA aside under the older rules, where CAA is in its way.
func TestOperatorException(t *testing.T) {
	permits, forbids, failed := seen(found("issue ca.example", "issuevmc ca.example")), seen(found("issue ;", "issuevmc ;")), seen(with(ServFail, Secure, 2))
	chosen := seen(with(ServFail, Insecure, 2))
	for _, test := range []struct {
		profile string
		kind    Kind
		excepts bool
	}{
		{"rfc8659", TLS, false}, {"tls-2017-09", TLS, true}, {"tls-2017-10", TLSWildcard, true}, {"tls-2018-05", TLS, true},
		{"tls-2021-07", TLS, false}, {"tls-2026-06", TLS, false}, {"vmc", VMC, true}, {"strict", VMC, false},
	} {
		p := profile(t, test.profile, test.kind)
		req := ours(test.kind)
		req.DNSOperator, req.OnFailure = true, DenyOnFailure
		for _, ev := range []*Evidence{forbids, failed, chosen} {
			d := Decide(ev, req, p)
			if excepted := d.Reason == OperatorException; excepted != test.excepts || excepted && (d.Permitted != Undetermined || d.Choice) {
				t.Errorf("%s for %v: got %s", test.profile, test.kind, brief(d))
			}
		}
		if d := Decide(permits, req, p); d.Permitted != Yes || d.Reason != Authorized {
			t.Errorf("%s: what CAA permits needs no exception: got %s", test.profile, brief(d))
		}
		req.DNSOperator = false
		if d := Decide(forbids, req, p); d.Permitted != No || d.Reason != ExplicitDeny {
			t.Errorf("%s: others have no exception: got %s", test.profile, brief(d))
		}
	}
}
