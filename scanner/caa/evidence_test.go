package caa

import "testing"

// Section 7: what extended errors do to a verdict, beside every sort of answer, under the rule of today. The columns are
// the verdicts without any, and with each code of the row.
func TestExtendedErrors(t *testing.T) {
	set := found("issue ca.example")
	codes := func(ranges ...uint16) (list []uint16) {
		for i := 0; i < len(ranges); i += 2 {
			for c := uint(ranges[i]); c <= uint(ranges[i+1]); c++ {
				list = append(list, uint16(c))
			}
		}
		return list
	}
	validation := codes(6, 12, 25, 25)
	policy := codes(4, 4, 15, 18)
	silentOnes := codes(0, 3, 13, 14, 19, 24, 26, 30, 31, 31, 49152, 49152, 65535, 65535)
	for _, test := range []struct {
		rule  string
		level Level
		codes []uint16
		want  string
	}{
		{"R7.1: 6 to 12, 25 with SERVFAIL", with(ServFail, Insecure, 2), validation, "false dnssec-bogus"},
		{"R7.1: signed too", with(ServFail, Secure, 2), validation, "false dnssec-bogus"},
		{"R7.1: without SERVFAIL they are a hint at best", set, validation, "true authorized"},
		{"R7.1: beside REFUSED", with(Refused, Insecure, 2), validation, "unknown lookup-failure-insecure"},
		{"R7.1: 1, 2, 27 with NOERROR", set, codes(1, 2, 27, 27), "true authorized"},
		{"R7.1: 1, 2, 27 with SERVFAIL", with(ServFail, Secure, 2), codes(1, 2, 27, 27), "false lookup-failure-signed"},
		{"R7.1: 5", with(ServFail, Insecure, 2), codes(5, 5), "false lookup-failure-indeterminate"},
		{"R7.1: 5, not validated", with(ServFail, NotValidated, 2), codes(5, 5), "false lookup-failure-indeterminate"},
		{"R7.1: 5 does not outdo a proof that the zone is signed", with(ServFail, Secure, 2), codes(5, 5), "false lookup-failure-signed"},
		{"R7.1: 5 beside an answer that was validated", set, codes(5, 5), "true authorized"},
		{"R7.1: servers at fault", with(ServFail, Insecure, 2), codes(20, 24), "unknown lookup-failure-insecure"},
		{"R7.1: servers at fault, silent", with(Timeout, Insecure, 2), codes(22, 23), "unknown lookup-failure-insecure"},
		{"R7.1: unclear or ours", with(ServFail, Insecure, 2), codes(0, 0, 13, 14, 26, 26, 28, 31), "unknown lookup-failure-insecure"},
		{"R7.1: unclear, not retried", with(ServFail, Insecure, 1), codes(0, 0, 13, 14, 26, 26, 28, 31), "false lookup-failure-unretried"},
		{"R7.2: stale", set, codes(3, 3), "true authorized"},
		{"R7.2: stale NXDOMAIN", with(NXDomain, Insecure, 1), codes(19, 19), "true no-caa"},
		{"R7.3: a set", set, policy, "unknown resolver-policy"},
		{"R7.3: an empty answer", with(NXDomain, Secure, 1), policy, "unknown resolver-policy"},
		{"R7.3: a failure", with(Refused, Insecure, 2), policy, "unknown resolver-policy"},
		{"R7.3: a signed failure", with(ServFail, Secure, 2), policy, "unknown resolver-policy"},
		{"R7.3: not even that would let bogus data pass", with(BogusData, Bogus, 2), policy, "false dnssec-bogus"},
		{"the others beside a set", set, silentOnes, "true authorized"},
		{"the others beside nothing", with(NoData, Insecure, 1), silentOnes, "true no-caa"},
	} {
		for _, code := range test.codes {
			for _, ede := range [][]uint16{{code}, {0, code}, {code, 0}, {22, code, 3}} { // there can be several
				level := test.level
				level.EDE = ede
				for onFailure := range DenyOnFailure + 1 {
					req := ours(TLS)
					req.OnFailure = onFailure
					d := Decide(seen(level), req, profile(t, "tls-2026-06", TLS))
					if got := brief(d); got != test.want && !(d.Choice && onFailure != NotChosen) {
						t.Errorf("%s: codes %d: got %s, want %s", test.rule, ede, got, test.want)
					}
				}
			}
		}
	}
}

// What asking again could change.
func TestRetry(t *testing.T) {
	for _, test := range []struct {
		what  string
		level Level
		want  Retry
	}{
		{"a set", found("issue ;"), RetryNothing},
		{"nothing", with(NoData, Secure, 1), RetryNothing},
		{"R3.4: a failure that a second one would excuse", with(Timeout, Insecure, 1), RetryMayPermit},
		{"R3.4: retried already", with(Timeout, Insecure, 2), RetryMayAnswer},
		{"a failure that no second one excuses", with(Timeout, Secure, 1), RetryMayAnswer},
		{"bogus", with(BogusData, Bogus, 1), RetryNothing},
		{"R7.3: policy, which will be the same", with(ServFail, Secure, 1, 15), RetryNothing},
		{"not asked", Level{}, RetryMayAnswer},
	} {
		if d := Decide(seen(test.level), ours(TLS), profile(t, "tls-2026-06", TLS)); d.Retry != test.want {
			t.Errorf("%s: %v, want %v", test.what, d.Retry, test.want)
		}
	}
	continued := seen(with(Timeout, Insecure, 2), found("issue ;"))
	if d := Decide(continued, ours(TLS), profile(t, "w-failure-continue", TLS)); d.Retry != RetryMayAnswer || d.Level != 1 {
		t.Errorf("a set above a failure that was passed over: %+v", d)
	}
}

// R6.9: a bound of our own is no permission for anybody, and no denial by a CA that may fare better.
func TestWorkBound(t *testing.T) {
	for security, want := range map[Security]string{
		Secure: "false lookup-failure-signed", Insecure: "unknown lookup-failure-insecure", NotValidated: "false lookup-failure-indeterminate",
	} {
		for onFailure := range DenyOnFailure + 1 {
			req := ours(TLS)
			req.OnFailure = onFailure
			d := Decide(seen(with(WorkBound, security, 1)), req, profile(t, "tls-2026-06", TLS))
			if brief(d) != want || d.Choice {
				t.Errorf("%d: got %s, want %s", security, brief(d), want)
			}
		}
	}
}

func TestSecurityOf(t *testing.T) {
	for _, test := range []struct {
		word, reason string
		want         Security
		known        bool
	}{
		{"secure", "", Secure, true}, {"insecure", "no-ds", Insecure, true}, {"bogus", "expired", Bogus, true},
		{"indeterminate", "not-validated", NotValidated, true}, {"indeterminate", "signed-zone", Secure, true},
		{"indeterminate", "chain-unreachable", Indeterminate, true}, {"indeterminate", "", Indeterminate, true},
		{"", "", 0, false}, {"Secure", "", 0, false},
	} {
		if got, known := SecurityOf(test.word, test.reason); got != test.want || known != test.known {
			t.Errorf("%q, %q: got %v, %v", test.word, test.reason, got, known)
		}
	}
}

// Every word that reaches disk is there, stands for one value, and is read back.
func TestDecisionWords(t *testing.T) {
	seen := map[string]bool{}
	for r := range Reason(Reasons) {
		if word := r.String(); word == "" || seen[word] {
			t.Errorf("reason %d has the word %q", r, word)
		}
		seen[r.String()] = true
	}
	for o := range Outcome(Outcomes) {
		if got, ok := OutcomeOf(o.String()); !ok || got != o {
			t.Errorf("outcome %d, %q, is read as %d", o, o, got)
		}
	}
	if _, ok := OutcomeOf("no such"); ok {
		t.Error("an outcome of no word")
	}
}

// The reasons of spec section 8, as they stand there, and no others but our own.
func TestReasonsOfTheSpec(t *testing.T) {
	spec := []string{"no-caa", "no-relevant-property", "authorized", "not-authorized", "explicit-deny", "malformed-deny",
		"unknown-critical", "param-accounturi", "param-validationmethods", "param-unsatisfiable", "lookup-failure-signed",
		"lookup-failure-insecure", "lookup-failure-indeterminate", "lookup-failure-unretried", "lookup-failure", "dnssec-bogus",
		"resolver-policy", "exception-dns-operator", "mpic-quorum", "mpic-rir", "mpic-count", "mpic-failure-choice",
		"out-of-scope", "invalid-name", "not-stored"}
	if len(spec) != Reasons {
		t.Fatalf("%d reasons, want %d", Reasons, len(spec))
	}
	for i, want := range spec {
		if got := Reason(i).String(); got != want { // the order is that of files: it stays
			t.Errorf("reason %d is %q, want %q", i, got, want)
		}
	}
}
